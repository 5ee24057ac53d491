//! The desk's front: it is on the terminal at once, while what is behind it is still being opened.

use std::future::Future;
use std::io::{self, Stdout};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::clock::Clock;
use crate::desk::Desk;
use crate::desk::face::Actor;

use super::backend::TtyBackend;
use super::event::{self, Input};
use super::keymap::{Code, Key};
use super::run::{Desktop, Signal, Stage};
use super::state::App;
use super::terminal::{self, Guard};
use super::theme::Theme;
use super::{Options, TuiError, plain};

/// What an operator sees first.
pub struct Front {
    app: App,
    screen: Option<Screen>,
}

/// A terminal with the desk's first frame on it.
struct Screen {
    stage: Stage<TtyBackend<Stdout>>,
    inputs: BoxStream<'static, io::Result<Input>>,
    signals: BoxStream<'static, Signal>,
    /// What was typed so far.
    early: Vec<io::Result<Input>>,
}

impl Front {
    /// Takes the terminal and draws the first frame. Called on a current-thread runtime.
    ///
    /// The terminal is as it was once this is gone, whatever happens: an error, a signal, a panic.
    ///
    /// # Errors
    /// [`TuiError::NoTerminal`] before anything was written when the terminal cannot show screens;
    /// [`TuiError::Io`] when it failed.
    pub fn raise(options: Options) -> Result<Self, TuiError> {
        let (caps, mouse, is_plain) = (options.caps, options.mouse, options.plain);
        let mut app = app(options);
        if is_plain {
            return Ok(Self { app, screen: None });
        }
        if !caps.addressable {
            return Err(TuiError::NoTerminal);
        }
        let signals = terminal::signals()?;
        let guard = Guard::take(mouse)?;
        let backend =
            TtyBackend::new(io::stdout(), terminal::size, caps.multiplexer).guarded(guard);
        let stage = Stage::new(&mut app, backend)?;
        let screen = Screen {
            stage,
            inputs: event::inputs(),
            signals,
            early: Vec::new(),
        };
        Ok(Self {
            app,
            screen: Some(screen),
        })
    }

    /// Waits for what is being opened behind it, and keeps what is typed meanwhile. None: the
    /// operator, or a signal, does not want to wait for it.
    pub async fn until<F: Future>(&mut self, opening: F) -> Option<F::Output> {
        let Some(screen) = &mut self.screen else {
            return Some(opening.await);
        };
        let mut opening = pin!(opening.fuse());
        loop {
            tokio::select! {
                biased;
                signal = screen.signals.next() => match signal {
                    None | Some(Signal::Leave) => return None,
                    // In what size it is drawn is looked at when the desk is there.
                    Some(Signal::Suspend | Signal::Resume | Signal::Resized) => {}
                },
                opened = &mut opening => return Some(opened),
                input = screen.inputs.next() => match input {
                    None | Some(Err(_)) => return None,
                    Some(Ok(Input::Key(key))) if key == LEAVE => return None,
                    Some(input) => screen.early.push(input),
                },
            }
        }
    }

    /// Shows the desk until the operator leaves.
    ///
    /// # Errors
    /// [`TuiError::Io`] when the terminal failed.
    pub async fn run(
        self,
        desk: Arc<dyn Desk>,
        actor: Actor,
        clock: Clock,
    ) -> Result<(), TuiError> {
        let mut app = self.app;
        app.actor.clone_from(&actor.name);
        let Some(screen) = self.screen else {
            return read_out(app, (desk, actor), clock).await;
        };
        let inputs = stream::iter(screen.early).chain(screen.inputs);
        let streams = (inputs, screen.signals);
        Desktop::new(app, screen.stage, streams, (desk, actor), clock)
            .run()
            .await?;
        Ok(())
    }
}

/// Ctrl-c, which is no signal while the terminal is ours.
const LEAVE: Key = Key {
    code: Code::Char('c'),
    ctrl: true,
    alt: false,
};

fn app(options: Options) -> App {
    // Who sits there is known once the desk is open.
    let mut app = App::new(Clock::system().now(), (0, 0), options.caps, "");
    app.theme = Theme::new(options.looks, options.caps.depth);
    app.keymap = options.keymap;
    app.mouse = options.mouse && !options.plain;
    app.plain = options.plain;
    app.typed_total_from = options.typed_total_from;
    app.may_drill = options.drill;
    app
}

/// The desk without a screen: what is new is printed, what is typed is read line by line.
async fn read_out(
    mut app: App,
    (desk, actor): (Arc<dyn Desk>, Actor),
    clock: Clock,
) -> Result<(), TuiError> {
    let asked = Rc::default();
    let speaker = plain::Speaker::new(io::stdout(), Rc::clone(&asked));
    let streams = (plain::lines(asked), terminal::signals()?);
    let stage = Stage::new(&mut app, speaker)?;
    Desktop::new(app, stage, streams, (desk, actor), clock)
        .run()
        .await?;
    Ok(())
}
