//! The loop: waits, takes in what happened, carries out what follows, draws when something changed.
//!
//! Backend, input and signals are parameters, so that tests run this very loop.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{AbortHandle, BoxFuture, abortable};
use futures_util::stream::{FuturesUnordered, Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::{Sleep, sleep, timeout};

use crate::clock::Clock;
use crate::desk::Desk;
use crate::desk::face::{Actor, Notice, Refusal, Reply, Request};
use crate::failpoint;

use super::effect::Effect;
use super::event::Input;
use super::state::App;
use super::state::slots::Slot;
use super::update::{Msg, parting, update};
use super::view;

/// Background news are drawn at most this often; what an operator does, and asked for, is drawn at
/// once.
const FRAME: Duration = Duration::from_millis(33);
/// What an operator would not notice.
const AT_ONCE: Duration = Duration::from_millis(3);
/// So many events are taken in before a frame is drawn all the same.
const DRAIN: usize = 256;
/// How long whoever leaves waits for what was typed to be kept.
const PARTING: Duration = Duration::from_secs(2);

/// What a terminal can do beside showing cells.
pub trait Rim: Backend {
    /// Hands a text to the clipboard.
    ///
    /// # Errors
    /// The terminal is gone.
    fn copy(&mut self, text: &str) -> io::Result<()>;

    /// Has the terminal tell of the mouse, or not.
    ///
    /// # Errors
    /// The terminal is gone.
    fn mouse(&mut self, on: bool) -> io::Result<()>;

    /// Gives the terminal back and stops the process until it is told to go on.
    ///
    /// # Errors
    /// The terminal is gone.
    fn suspend(&mut self) -> io::Result<()>;

    /// Takes the terminal again.
    ///
    /// # Errors
    /// The terminal is gone.
    fn resume(&mut self) -> io::Result<()>;

    /// The desk waits: nothing is outstanding and nothing to draw. Tests listen here.
    fn idle(&mut self) {}
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Leave at once.
    Leave,
    /// Stop for a while.
    Suspend,
    /// Go on.
    Resume,
    /// The terminal has another size.
    Resized,
}

/// Why the screens ended other than by the operator's will.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// The terminal cannot show them.
    #[error(
        "this terminal cannot show the desk (TERM is unset or dumb); use the commands instead: refund-desk payments, refund-desk refund …"
    )]
    NoTerminal,
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
    Io(#[from] io::Error),
}

struct Answer {
    slot: Slot,
    seq: u64,
    reply: Result<Reply, Refusal>,
}

/// Requests under way: of each slot one, and the newest that waits for it.
struct Asking {
    desk: Arc<dyn Desk>,
    /// Who asks: `own` sits there, and in a drill stands in for another.
    actor: Actor,
    own: Actor,
    under_way: FuturesUnordered<BoxFuture<'static, Option<Answer>>>,
    waiting: BTreeMap<Slot, VecDeque<(u64, Request)>>,
    searches: BTreeMap<Slot, AbortHandle>,
}

impl Asking {
    fn new(desk: Arc<dyn Desk>, actor: Actor) -> Self {
        Self {
            desk,
            own: actor.clone(),
            actor,
            under_way: FuturesUnordered::new(),
            waiting: BTreeMap::new(),
            searches: BTreeMap::new(),
        }
    }

    /// Asks, after what was asked before for the same slot. What waits is replaced by what is newer,
    /// so that a held key asks for the last row and not for every row; decisions are never dropped.
    fn ask(&mut self, slot: Slot, seq: u64, request: Request) {
        // Nobody waits for the old search any more: the desk stops it when its question is dropped.
        for old in slot.ends() {
            if let Some(search) = self.searches.remove(old) {
                search.abort();
                self.waiting.remove(old);
            }
        }
        match self.waiting.get_mut(&slot) {
            Some(waiting) => {
                if !slot.is_decision() {
                    waiting.clear();
                }
                waiting.push_back((seq, request));
            }
            None => {
                self.waiting.insert(slot, VecDeque::new());
                self.start(slot, seq, request);
            }
        }
    }

    fn start(&mut self, slot: Slot, seq: u64, request: Request) {
        let (desk, actor) = (Arc::clone(&self.desk), self.actor.clone());
        let future = async move {
            let reply = desk.ask(&actor, request).await;
            Answer { slot, seq, reply }
        };
        let (future, handle) = abortable(future);
        if slot.is_search() {
            self.searches.insert(slot, handle);
        }
        self.under_way.push(future.map(Result::ok).boxed());
    }

    /// From now on another person asks; none: whoever sits there.
    fn stand_in(&mut self, name: Option<String>) {
        self.actor = name.map_or_else(|| self.own.clone(), Actor::named);
    }

    /// An answer came: the next request of its slot may go.
    fn done(&mut self, slot: Slot) {
        self.searches.remove(&slot);
        match self.waiting.get_mut(&slot).and_then(VecDeque::pop_front) {
            Some((seq, request)) => self.start(slot, seq, request),
            None => {
                self.waiting.remove(&slot);
            }
        }
    }
}

/// A terminal with a frame on it.
pub struct Stage<B: Rim> {
    terminal: Terminal<B>,
}

impl<B: Rim> Stage<B>
where
    io::Error: From<B::Error>,
{
    /// Empties the terminal and draws the first frame, which waits for nothing.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn new(app: &mut App, backend: B) -> Result<Self, TuiError> {
        let terminal = Terminal::new(backend).map_err(io::Error::from)?;
        let mut stage = Self { terminal };
        let size = stage.terminal.size().map_err(io::Error::from)?;
        app.fit((size.width, size.height));
        // Not every terminal has a second screen that begins empty.
        stage.empty()?;
        stage.draw(app)?;
        Ok(stage)
    }

    fn empty(&mut self) -> Result<(), TuiError> {
        Ok(self.terminal.clear().map_err(io::Error::from)?)
    }

    fn draw(&mut self, app: &mut App) -> Result<(), TuiError> {
        app.dirty = false;
        failpoint::panic_at("screen.draw");
        let app = &*app;
        self.terminal
            .draw(|frame| {
                let area = frame.area();
                if let Some(position) = view::draw(app, area, frame.buffer_mut()) {
                    frame.set_cursor_position(position);
                }
            })
            .map_err(io::Error::from)?;
        Ok(())
    }

    fn rim(&mut self) -> &mut B {
        self.terminal.backend_mut()
    }
}

/// The loop and everything it holds.
pub struct Desktop<B: Rim, I, S> {
    app: App,
    stage: Stage<B>,
    inputs: I,
    signals: S,
    notices: Option<broadcast::Receiver<Notice>>,
    asking: Asking,
    clock: Clock,
    cooling: Option<Pin<Box<Sleep>>>,
    /// What an operator's key asked for, and looks for on the screen.
    looked_for: BTreeSet<Slot>,
    /// The next frame waits for nothing.
    urgent: bool,
    forget_keys: bool,
}

/// What the loop waited for.
enum Event {
    Signal(Option<Signal>),
    Input(Option<io::Result<Input>>),
    /// None: the question was dropped for a newer one.
    Answer(Option<Answer>),
    Notice(Result<Notice, RecvError>),
    Woke,
    Cooled,
}

impl<B, I, S> Desktop<B, I, S>
where
    B: Rim,
    io::Error: From<B::Error>,
    I: Stream<Item = io::Result<Input>> + Unpin,
    S: Stream<Item = Signal> + Unpin,
{
    /// Puts the parts together.
    pub fn new(
        app: App,
        stage: Stage<B>,
        (inputs, signals): (I, S),
        (desk, actor): (Arc<dyn Desk>, Actor),
        clock: Clock,
    ) -> Self {
        let notices = Some(desk.notices());
        let asking = Asking::new(desk, actor);
        Self {
            app,
            stage,
            inputs,
            signals,
            notices,
            asking,
            clock,
            cooling: None,
            looked_for: BTreeSet::new(),
            urgent: false,
            forget_keys: false,
        }
    }

    /// Runs until the operator leaves, a signal says so or the terminal is gone. Returns the last
    /// state.
    ///
    /// # Errors
    /// The terminal failed while being written to.
    pub async fn run(mut self) -> Result<App, TuiError> {
        let worked = self.serve().await;
        self.keep_draft().await;
        worked.map(|()| self.app)
    }

    /// Takes in what comes, until nobody sits there any more.
    async fn serve(&mut self) -> Result<(), TuiError> {
        self.fit()?;
        self.tell(Msg::Opened)?;
        while !self.app.quit {
            let event = self.wait().await;
            self.handle(event)?;
            self.drain().await?;
            if self.urgent {
                self.wait_for_card().await?;
            }
            let urgent = std::mem::take(&mut self.urgent);
            if self
                .cooling
                .as_ref()
                .is_some_and(|cooling| cooling.is_elapsed())
            {
                self.cooling = None;
            }
            let now = urgent || self.forget_keys || self.cooling.is_none();
            if self.app.dirty && !self.app.quit && now {
                self.draw()?;
            }
            if self.forget_keys && !self.app.quit {
                self.drop_type_ahead().await?;
            }
        }
        Ok(())
    }

    /// What is being composed is kept, whether the operator left or the line was cut. It is waited for
    /// only so long: nothing holds a terminal back.
    async fn keep_draft(&self) {
        if let Some(draft) = parting(&self.app) {
            let (desk, actor) = (&self.asking.desk, &self.asking.actor);
            let kept = desk.ask(actor, Request::Drafts(draft));
            // Nobody is there to be told that it could not be kept.
            let _ = timeout(PARTING, kept).await;
        }
    }

    async fn wait(&mut self) -> Event {
        if self.app.busy() == 0 && !self.app.dirty && self.cooling.is_none() {
            self.stage.rim().idle();
        }
        self.app.now = self.clock.now();
        let wake = self.app.next_wake();
        let notices = &mut self.notices;
        tokio::select! {
            biased;
            signal = self.signals.next() => Event::Signal(signal),
            input = self.inputs.next() => Event::Input(input),
            Some(answer) = self.asking.under_way.next() => Event::Answer(answer),
            notice = next_notice(notices) => Event::Notice(notice),
            () = cooled(&mut self.cooling) => Event::Cooled,
            () = sleep(wake.unwrap_or(FRAME)), if wake.is_some() => Event::Woke,
        }
    }

    /// Takes in what is there already, so that a burst costs one frame.
    async fn drain(&mut self) -> Result<(), TuiError> {
        for _ in 0..DRAIN {
            // What is typed after a dialog opens is not for the dialog: it is forgotten later.
            if self.app.quit || self.forget_keys {
                return Ok(());
            }
            if let Some(input) = at_once(self.inputs.next()).await {
                self.handle(Event::Input(input))?;
            } else if let Some(Some(answer)) = at_once(self.asking.under_way.next()).await {
                self.handle(Event::Answer(answer))?;
            } else if let Some(notice) = at_once(next_notice(&mut self.notices)).await {
                self.handle(Event::Notice(notice))?;
            } else {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What stands beside the selected row is drawn with it where it comes at once: in two frames it
    /// would be written twice.
    async fn wait_for_card(&mut self) -> Result<(), TuiError> {
        let mut patience = pin!(sleep(AT_ONCE));
        while self.app.slots.is_waiting(Slot::Card) {
            tokio::select! {
                biased;
                Some(answer) = self.asking.under_way.next() => self.handle(Event::Answer(answer))?,
                () = &mut patience => break,
            }
        }
        Ok(())
    }

    fn handle(&mut self, event: Event) -> Result<(), TuiError> {
        self.urgent |= match &event {
            Event::Input(_) | Event::Cooled | Event::Woke => true,
            Event::Answer(Some(answer)) => self.looked_for.remove(&answer.slot),
            _ => false,
        };
        match event {
            // Without signals to come the others still do.
            Event::Signal(None | Some(Signal::Leave)) => self.app.quit = true,
            Event::Signal(Some(Signal::Suspend)) => self.suspend()?,
            Event::Signal(Some(Signal::Resume)) => self.anew()?,
            Event::Signal(Some(Signal::Resized)) => self.fit()?,
            // No input any more, or none that can be read: nobody sits there.
            Event::Input(None | Some(Err(_))) => self.app.quit = true,
            Event::Input(Some(Ok(input))) => self.tell(match input {
                Input::Key(key) => Msg::Key(key),
                Input::Mouse(mouse) => Msg::Mouse(mouse),
                Input::Line(line) => Msg::Line(line),
                Input::Pasted(text) => Msg::Pasted(text),
                Input::Resized(width, height) => Msg::Resized(width, height),
            })?,
            Event::Answer(None) => {}
            Event::Answer(Some(Answer { slot, seq, reply })) => {
                self.asking.done(slot);
                self.tell(Msg::Answer {
                    slot,
                    seq,
                    reply: Box::new(reply),
                })?;
            }
            Event::Notice(Ok(notice)) => self.tell(Msg::Notice(notice))?,
            Event::Notice(Err(RecvError::Lagged(_))) => self.tell(Msg::Lagged)?,
            Event::Notice(Err(RecvError::Closed)) => self.notices = None,
            Event::Woke => self.tell(Msg::Woke)?,
            Event::Cooled => self.cooling = None,
        }
        Ok(())
    }

    /// Changes the state and carries out what follows.
    fn tell(&mut self, msg: Msg) -> Result<(), TuiError> {
        let was_dirty = self.app.dirty;
        let by_hand = matches!(
            msg,
            Msg::Key(_) | Msg::Mouse(_) | Msg::Line(_) | Msg::Pasted(_)
        );
        self.app.now = self.clock.now();
        let effects = update(&mut self.app, msg);
        self.app.dirty |= was_dirty;
        for effect in effects {
            match effect {
                Effect::Ask { slot, seq, request } => {
                    if by_hand && !slot.is_beside() {
                        self.looked_for.insert(slot);
                    }
                    self.asking.ask(slot, seq, *request);
                }
                Effect::Copy(text) => self.stage.rim().copy(&text)?,
                Effect::Redraw => self.empty()?,
                Effect::Mouse(on) => self.stage.rim().mouse(on)?,
                Effect::Suspend => self.suspend()?,
                Effect::DropTypeAhead => self.forget_keys = true,
                Effect::StandIn(name) => self.asking.stand_in(name),
            }
        }
        Ok(())
    }

    /// Looks how large the terminal is.
    fn fit(&mut self) -> Result<(), TuiError> {
        let size = self.stage.terminal.size().map_err(io::Error::from)?;
        self.tell(Msg::Resized(size.width, size.height))
    }

    /// Stops until the shell says go on, then draws everything again in the size the terminal has by
    /// then.
    fn suspend(&mut self) -> Result<(), TuiError> {
        self.stage.rim().suspend()?;
        self.anew()
    }

    /// Takes the terminal again and draws everything.
    fn anew(&mut self) -> Result<(), TuiError> {
        self.stage.rim().resume()?;
        self.empty()
    }

    fn empty(&mut self) -> Result<(), TuiError> {
        self.stage.empty()?;
        self.app.dirty = true;
        Ok(())
    }

    fn draw(&mut self) -> Result<(), TuiError> {
        self.stage.draw(&mut self.app)?;
        self.cooling = Some(Box::pin(sleep(FRAME)));
        Ok(())
    }

    /// The dialog is on the screen: what was typed before that was not meant for it.
    async fn drop_type_ahead(&mut self) -> Result<(), TuiError> {
        self.forget_keys = false;
        while let Some(input) = at_once(self.inputs.next()).await {
            match input {
                Some(Ok(Input::Resized(width, height))) => {
                    self.tell(Msg::Resized(width, height))?
                }
                Some(Ok(_)) => {}
                ended => self.handle(Event::Input(ended))?,
            }
            if self.app.quit {
                return Ok(());
            }
        }
        self.tell(Msg::Armed)?;
        self.draw()
    }
}

/// What is there already. Polled with the waker of the loop itself: the terminal's stream keeps the
/// first waker it sees, and one that wakes nobody would leave the next key unread.
async fn at_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

async fn next_notice(
    notices: &mut Option<broadcast::Receiver<Notice>>,
) -> Result<Notice, RecvError> {
    match notices {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    }
}

async fn cooled(cooling: &mut Option<Pin<Box<Sleep>>>) {
    match cooling {
        Some(cooling) => cooling.as_mut().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
