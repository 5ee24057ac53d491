//! One connection: it is greeted, asks, is answered and told.

use std::sync::Arc;
use std::time::Duration;

use serde_json::error::Category;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc};

use super::crowd::Place;
use super::peer::Peer;
use super::{Shared, Told, frame_of};
use crate::desk::face::{Class, Refusal, Reply, Request};
use crate::desk::wire::{
    self, ASK_MAX, Arriving, Ask, FrameError, Hello, PROTOCOL, ToDesk, ToService, UNDER_WAY,
    Welcome,
};

/// The most that a greeting may hold, in bytes.
const HELLO_MAX: usize = 16 * 1024;

/// Something for the desk, in the order it is written.
struct Out {
    frame: Vec<u8>,
    /// Nothing comes after it.
    is_last: bool,
    /// What is free again once it is written.
    _held: Option<OwnedSemaphorePermit>,
}

impl Out {
    fn new(message: &ToDesk) -> Self {
        Self {
            frame: frame_of(message),
            is_last: false,
            _held: None,
        }
    }

    fn last(frame: Vec<u8>) -> Self {
        Self {
            frame,
            is_last: true,
            _held: None,
        }
    }
}

/// One connection.
pub(super) struct Line {
    shared: Arc<Shared>,
    peer: Peer,
    arriving: Arriving,
    /// Requests that this desk may still begin.
    free: Arc<Semaphore>,
    out: mpsc::Sender<Out>,
}

impl Line {
    /// Serves a desk until it leaves, is cut off, or the service stops.
    pub(super) async fn serve(stream: UnixStream, shared: Arc<Shared>) {
        let Ok(credentials) = stream.peer_cred() else {
            return;
        };
        let who = (credentials.uid(), credentials.pid());
        let Some(_place) = shared.crowd.connection(who.0) else {
            turn_away(&stream, crowded());
            return;
        };
        let _at_work = shared.at_work.clone();
        let (mut read, mut write) = stream.into_split();
        let mut stopping = shared.stopping.clone();
        let greeted = tokio::select! {
            greeted = greet(&mut read, who, &shared) => greeted,
            _ = stopping.wait_for(|it| *it) => return,
        };
        match greeted {
            Ok(Some(peer)) => Self::let_in(peer, shared, read, write).await,
            Ok(None) => {}
            Err(refusal) => {
                tracing::info!(uid = who.0, code = refusal.code, "a desk was turned away");
                let frame = frame_of(&ToDesk::Refused(refusal));
                // Whoever does not read it has left.
                let _ = wire::write(&mut write, &frame, shared.patience).await;
            }
        }
    }

    async fn let_in(
        peer: Peer,
        shared: Arc<Shared>,
        mut read: OwnedReadHalf,
        write: OwnedWriteHalf,
    ) {
        // A frame for each request under way, and one to end with.
        let (out, answers) = mpsc::channel(UNDER_WAY as usize + 1);
        let notices = shared.told.subscribe();
        let patience = shared.patience;
        let mut stopping = shared.stopping.clone();
        let free = Arc::new(Semaphore::new(UNDER_WAY as usize));
        let mut line = Self {
            shared,
            peer,
            arriving: Arriving::default(),
            free: Arc::clone(&free),
            out: out.clone(),
        };
        let uid = line.peer.uid;
        let (desk, known) = (Arc::clone(&line.shared.desk), line.peer.known().clone());
        let shut_out = move || (!desk.knows(&known)).then(|| no_role(&known.name));
        // There is room: nothing is in it yet.
        let _ = out.send(Out::new(&line.welcome())).await;
        let drained = async {
            if stopping.wait_for(|it| *it).await.is_err() {
                return;
            }
            // Every permit comes back when its answer is written.
            let _ = free.acquire_many(UNDER_WAY).await;
            last_word(&out, Vec::new()).await
        };
        let listening = async {
            if let Err(refusal) = line.listen(&mut read).await {
                tracing::warn!(uid, code = refusal.code, said = refusal.message, "cut off");
                last_word(&out, frame_of(&ToDesk::Refused(refusal))).await
            }
        };
        tokio::select! {
            () = listening => {}
            told = tell(write, answers, notices, shut_out, patience) => if let Err(error) = told {
                tracing::info!(uid, %error, "a desk was cut off");
            },
            () = drained => {}
        }
    }

    fn welcome(&self) -> ToDesk {
        ToDesk::Welcome(Welcome {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
            actor: self.peer.known().clone(),
        })
    }

    /// Takes in what the desk sends until it leaves.
    async fn listen(&mut self, read: &mut OwnedReadHalf) -> Result<(), Refusal> {
        loop {
            let frame = match wire::read(read, ASK_MAX, self.shared.patience).await {
                Ok(Some(frame)) => frame,
                Ok(None) | Err(FrameError::Broken(_)) => return Ok(()),
                Err(error) => return Err(malformed(&error.to_string())),
            };
            match parse(&frame)? {
                ToService::Hello(_) => return Err(malformed("a second greeting")),
                ToService::Content(content) => {
                    self.arriving.take(&content, &self.shared.files)?;
                }
                ToService::Ask(ask) => self.take_up(ask).await?,
            }
        }
    }

    /// Begins a request, or refuses it at once.
    async fn take_up(&mut self, ask: Ask) -> Result<(), Refusal> {
        let number = ask.number;
        let mut request: Request = match serde_json::from_str(ask.request.get()) {
            Ok(request) => request,
            Err(error) => return self.refuse(number, not_understood(&error)).await,
        };
        let room = self.arriving.put_in(number, &mut request);
        if *self.shared.stopping.borrow() {
            return self.refuse(number, stopping()).await;
        }
        let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() else {
            return self.refuse(number, busy()).await;
        };
        let Some(place) = self.shared.crowd.request(self.peer.uid) else {
            return self.refuse(number, busy()).await;
        };
        let actor = self.peer.actor(&self.shared.clock).await?;
        let (shared, out) = (Arc::clone(&self.shared), self.out.clone());
        // On its own: what was begun is finished, whether or not the desk stays.
        tokio::spawn(async move {
            let _held: (Place, mpsc::Sender<()>) = (place, shared.at_work.clone());
            let answer = shared.desk.ask(&actor, request).await;
            drop(room);
            send(&out, number, answer, Some(permit)).await;
        });
        Ok(())
    }

    async fn refuse(&self, number: u64, refusal: Refusal) -> Result<(), Refusal> {
        send(&self.out, number, Err(refusal), None).await;
        Ok(())
    }
}

/// What the writer ends after.
async fn last_word(out: &mpsc::Sender<Out>, frame: Vec<u8>) {
    let _ = out.send(Out::last(frame)).await;
    std::future::pending().await
}

/// Hands an answer to the writer. A desk that has left needs none.
async fn send(
    out: &mpsc::Sender<Out>,
    number: u64,
    answer: Result<Reply, Refusal>,
    held: Option<OwnedSemaphorePermit>,
) {
    let out_of = Out::new(&ToDesk::Answer { number, answer });
    let _ = out
        .send(Out {
            _held: held,
            ..out_of
        })
        .await;
}

/// Writes answers before notices. Ends when somebody does not read, or after the last word.
async fn tell(
    mut write: OwnedWriteHalf,
    mut answers: mpsc::Receiver<Out>,
    mut notices: broadcast::Receiver<Told>,
    shut_out: impl Fn() -> Option<Refusal>,
    patience: Duration,
) -> Result<(), FrameError> {
    let missed = frame_of(&ToDesk::Missed);
    loop {
        tokio::select! {
            biased;
            Some(out) = answers.recv() => {
                wire::write(&mut write, &out.frame, patience).await?;
                if out.is_last {
                    return Ok(());
                }
            }
            told = notices.recv() => match (shut_out(), told) {
                // Who lost every role meanwhile hears no more of what happens here.
                (Some(refusal), _) => {
                    let frame = frame_of(&ToDesk::Refused(refusal));
                    return wire::write(&mut write, &frame, patience).await;
                }
                (None, Ok(frame)) => wire::write(&mut write, &frame, patience).await?,
                (None, Err(RecvError::Lagged(_))) => {
                    wire::write(&mut write, &missed, patience).await?;
                }
                (None, Err(RecvError::Closed)) => return Ok(()),
            },
        }
    }
}

/// Reads the greeting and answers it. None: nothing came.
async fn greet(
    read: &mut OwnedReadHalf,
    who: (u32, Option<i32>),
    shared: &Shared,
) -> Result<Option<Peer>, Refusal> {
    let reading = wire::read(read, HELLO_MAX, shared.patience);
    let frame = match tokio::time::timeout(shared.patience, reading).await {
        Ok(Ok(Some(frame))) => frame,
        Ok(Ok(None) | Err(FrameError::Broken(_))) => return Ok(None),
        Ok(Err(error)) => return Err(malformed(&error.to_string())),
        Err(_) => return Err(malformed("no greeting came")),
    };
    let hello = hello_of(&frame)?;
    if hello.protocol != PROTOCOL {
        return Err(wire::unlike((&hello.program, hello.protocol), PROTOCOL));
    }
    if hello.acts.is_some() && !shared.sandbox {
        return Err(not_a_sandbox());
    }
    let origin = hello.origin.as_deref();
    let peer = Peer::met(who, hello.acts, origin, &shared.clock).await?;
    match shared.desk.knows(peer.known()) {
        true => Ok(Some(peer)),
        false => Err(no_role(&peer.known().name)),
    }
}

fn hello_of(frame: &[u8]) -> Result<Hello, Refusal> {
    match serde_json::from_slice(frame) {
        Ok(ToService::Hello(hello)) => Ok(hello),
        _ => Err(malformed("what came first is no greeting")),
    }
}

fn parse(frame: &[u8]) -> Result<ToService, Refusal> {
    serde_json::from_slice(frame).map_err(|error| malformed(&why(&error)))
}

/// What is wrong, without repeating what was sent.
fn why(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        Category::Syntax | Category::Eof => "not JSON",
        Category::Data => "not what a desk says",
        Category::Io => "not readable",
    };
    format!("{what}, at byte {}", error.column())
}

fn malformed(why: &str) -> Refusal {
    wire::refusal(
        "malformed",
        format!("the service does not understand what was sent to it: {why}"),
        "Use the same version of refund-desk for the service and for every desk.",
    )
}

fn not_understood(error: &serde_json::Error) -> Refusal {
    wire::refusal(
        "not_understood",
        format!(
            "the service does not understand this request: {}",
            why(error)
        ),
        "Use the same version of refund-desk for the service and for every desk.",
    )
}

fn unavailable(code: &str, message: &str, next: &str) -> Refusal {
    Refusal {
        class: Class::Unavailable,
        ..wire::refusal(code, message, next)
    }
}

fn stopping() -> Refusal {
    unavailable(
        "service_stops",
        "the service is stopping and takes up nothing more",
        "Ask again once it is back.",
    )
}

fn busy() -> Refusal {
    unavailable(
        "busy",
        "you have as many requests under way as the service takes",
        "Wait until some are answered, then ask again.",
    )
}

fn crowded() -> Refusal {
    unavailable(
        "crowded",
        "as many desks are connected as the service lets in",
        "Leave a desk that nobody uses, then try again.",
    )
}

/// Whoever may not even look is not told what happens, either.
fn no_role(name: &str) -> Refusal {
    Refusal {
        class: Class::Rule,
        ..wire::refusal(
            "role",
            format!("you are {name}, with no role at this desk"),
            "Ask whoever runs the desk for a role: [roles] of its configuration.",
        )
    }
}

fn not_a_sandbox() -> Refusal {
    Refusal {
        class: Class::Rule,
        ..wire::refusal(
            "as_outside_sandbox",
            "--as works only in environment \"sandbox\"",
            "Log in as the person who acts.",
        )
    }
}

/// Tells somebody who is not even served; a new socket has room for this much.
fn turn_away(stream: &UnixStream, refusal: Refusal) {
    let _ = stream.try_write(&frame_of(&ToDesk::Refused(refusal)));
}
