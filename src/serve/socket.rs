//! The operators' socket: desks and commands of many people, one desk behind it.
//!
//! Who is at the other end is the kernel's word. What they ask becomes a request to the desk, on a
//! task of its own: nobody waits for another's slow request, and what was begun is finished whether
//! or not its desk is still there. Everything that a peer can make grow has an end: connections by
//! user and in all, requests under way by desk and by user, frames, files, and how long the service
//! waits for somebody who does not read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::desk::Desk;
use crate::desk::face::Notice;
use crate::desk::wire::{self, ANSWER_MAX, Arriving, Budget, ToDesk};

mod bound;
mod crowd;
mod line;
mod peer;
#[cfg(test)]
mod tests;

use bound::Bound;
pub use bound::SocketError;
use crowd::Crowd;
use line::Line;

/// Files that all desks together may have arriving, in bytes.
const FILES: usize = 2 * wire::CONTENT_MAX;
/// Notices a slow desk may fall behind before it is told that it missed some.
const NOTICES: usize = 1024;
/// How long answers under way may take once the service stops.
const LAST_ANSWERS: Duration = Duration::from_secs(30);
/// How long to wait where the system has no more descriptors.
const BREATH: Duration = Duration::from_millis(100);

/// What the socket takes.
pub struct Means {
    /// The desk behind it.
    pub desk: Arc<dyn Desk>,
    /// The clock.
    pub clock: Clock,
    /// Where it is.
    pub path: PathBuf,
    /// The system's group whose members may connect; none: only this user.
    pub group: Option<String>,
    /// A sandbox believes whom a desk says it acts as.
    pub sandbox: bool,
    /// How long a peer may take to read or to finish what it began.
    pub patience: Duration,
}

/// How long a peer may take, where nothing else is said.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What every connection shares.
struct Shared {
    desk: Arc<dyn Desk>,
    clock: Clock,
    sandbox: bool,
    patience: Duration,
    crowd: Arc<Crowd>,
    files: Budget,
    told: broadcast::Sender<Told>,
    stopping: watch::Receiver<bool>,
    /// Held by whatever must be finished before the service ends.
    at_work: mpsc::Sender<()>,
}

/// A frame for every desk, written once.
type Told = Arc<[u8]>;

/// The open socket. Dropping it hangs up on everybody at once; what was begun is finished.
pub struct Socket {
    bound: Bound,
    accepting: JoinHandle<()>,
    crying: JoinHandle<()>,
    stop: watch::Sender<bool>,
    under_way: mpsc::Receiver<()>,
}

/// Opens the socket; desks can connect when this returns. Needs a runtime. Looking up the group may
/// block.
///
/// # Errors
/// [`SocketError`] says what to mend; then nothing listens.
pub fn open(means: Means) -> Result<Socket, SocketError> {
    let (bound, listener) = Bound::bind(&means.path, means.group.as_deref())?;
    let listener = UnixListener::from_std(listener).map_err(|error| bound.failed(error))?;
    let (stop, stopping) = watch::channel(false);
    let (at_work, under_way) = mpsc::channel(1);
    let told = broadcast::Sender::new(NOTICES);
    let crying = tokio::spawn(cry(means.desk.notices(), told.clone()));
    let shared = Arc::new(Shared {
        desk: means.desk,
        clock: means.clock,
        sandbox: means.sandbox,
        patience: means.patience,
        crowd: Arc::default(),
        files: Arriving::budget(FILES),
        told,
        stopping,
        at_work,
    });
    Ok(Socket {
        bound,
        accepting: tokio::spawn(accept(listener, shared)),
        crying,
        stop,
        under_way,
    })
}

impl Socket {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.bound.path()
    }

    /// Lets nobody else in, refuses what is asked from now on, and returns when what is under way
    /// is answered, after half a minute at the latest. Dropping the future gives up waiting.
    pub async fn stop(mut self) {
        self.accepting.abort();
        self.bound.remove();
        self.stop.send_replace(true);
        let _ = tokio::time::timeout(LAST_ANSWERS, self.under_way.recv()).await;
        self.crying.abort();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.accepting.abort();
        self.crying.abort();
        self.bound.remove();
    }
}

async fn accept(listener: UnixListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(Line::serve(stream, Arc::clone(&shared)));
            }
            Err(error) => {
                tracing::warn!(%error, "a desk could not be let in");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// Writes each notice once for all desks.
async fn cry(mut notices: broadcast::Receiver<Notice>, told: broadcast::Sender<Told>) {
    use broadcast::error::RecvError::{Closed, Lagged};
    loop {
        let message = match notices.recv().await {
            Ok(notice) => ToDesk::Notice(notice),
            Err(Lagged(_)) => ToDesk::Missed,
            Err(Closed) => return,
        };
        // Nobody listening is no error.
        let _ = told.send(frame_of(&message).into());
    }
}

/// A message to a desk. One that is too long is told so instead.
fn frame_of(message: &ToDesk) -> Vec<u8> {
    wire::framed(message, ANSWER_MAX).unwrap_or_else(|_| {
        let other = match message {
            ToDesk::Answer { number, .. } => ToDesk::Answer {
                number: *number,
                answer: Err(too_much()),
            },
            _ => ToDesk::Missed,
        };
        // What is left is short.
        wire::framed(&other, ANSWER_MAX).unwrap_or_default()
    })
}

fn too_much() -> crate::desk::face::Refusal {
    crate::desk::face::Refusal {
        money: "What was asked for is done; only the answer is too long to show.".to_owned(),
        ..wire::refusal(
            "answer_too_long",
            "the answer is too long for one desk",
            "Ask for less: narrow the filter, or name one payment or refund.",
        )
    }
}
