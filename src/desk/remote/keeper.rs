//! Keeps the connection: asks, hands answers to whoever waits for them, and connects anew.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::sleep;

use super::greeting::{self, Line, NotConnected, PATIENCE};
use super::{Reach, Standing};
use crate::desk::face::{Notice, Refusal, Reply, Request};
use crate::desk::wire::{self, ANSWER_MAX, FrameError, ToDesk};

/// The first wait before connecting anew; each is twice as long.
const SOON: Duration = Duration::from_millis(25);
/// The longest.
const LATE: Duration = Duration::from_secs(2);

/// Something to ask, and who waits for the answer.
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) done: oneshot::Sender<Outcome>,
}

/// What became of asking.
pub(super) enum Outcome {
    /// The service answered.
    Answered(Box<Result<Reply, Refusal>>),
    /// The service has not got it.
    NotSent,
    /// The service may have got it.
    Lost,
}

/// Whoever keeps the connection.
pub(super) struct Keeper {
    pub(super) reach: Reach,
    pub(super) asked: mpsc::Receiver<Asked>,
    pub(super) stands: watch::Sender<Standing>,
    pub(super) notices: broadcast::Sender<Notice>,
}

/// Those who wait, by number. Dropping one tells it that its answer is lost.
#[derive(Default)]
struct Waiting(Mutex<HashMap<u64, oneshot::Sender<Outcome>>>);

impl Waiting {
    fn all(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Outcome>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper {
    /// Until the desk is dropped.
    pub(super) async fn keep(mut self, mut line: Line) {
        loop {
            let waiting = Waiting::default();
            let Line { read, write, .. } = line;
            let refused = tokio::select! {
                refused = listen(read, &waiting, &self.notices) => refused,
                () = speak(write, &waiting, &mut self.asked) => None,
            };
            // Before anybody asks again: the standing is read then.
            self.stands.send_replace(Standing::Away);
            drop(waiting);
            tracing::info!(
                refused = refused.map(|it| it.message),
                "the service is away"
            );
            let _ = self.notices.send(Notice::ServiceAway(true));
            line = self.again().await;
            self.stands.send_replace(Standing::Up(line.actor.clone()));
            // What changed meanwhile is not told: everything is asked anew.
            let _ = self.notices.send(Notice::ServiceAway(false));
        }
    }

    /// Connects anew, however long it takes. Whoever asks meanwhile is told that nothing went out.
    async fn again(&mut self) -> Line {
        let mut wait = SOON;
        loop {
            let waited = sleep(wait);
            tokio::pin!(waited);
            loop {
                tokio::select! {
                    () = &mut waited => break,
                    Some(asked) = self.asked.recv() => {
                        let _ = asked.done.send(Outcome::NotSent);
                    }
                }
            }
            match greeting::connect(&self.reach).await {
                Ok(line) => return line,
                Err(NotConnected::Refused(refusal)) => {
                    self.stands.send_replace(Standing::Refused(*refusal));
                }
                Err(_) => {
                    self.stands.send_replace(Standing::Away);
                }
            }
            wait = (wait * 2).min(LATE);
        }
    }
}

/// Takes in what the service says, until it is gone or has said its last word.
async fn listen(
    mut read: OwnedReadHalf,
    waiting: &Waiting,
    notices: &broadcast::Sender<Notice>,
) -> Option<Refusal> {
    loop {
        let Ok(Some(frame)) = wire::read(&mut read, ANSWER_MAX, PATIENCE).await else {
            return None;
        };
        match serde_json::from_slice(&frame) {
            Ok(ToDesk::Answer { number, answer }) => {
                let done = waiting.all().remove(&number);
                if let Some(done) = done {
                    let _ = done.send(Outcome::Answered(Box::new(answer)));
                }
            }
            Ok(ToDesk::Notice(notice)) => {
                let _ = notices.send(notice);
            }
            Ok(ToDesk::Missed) => {
                let _ = notices.send(Notice::Changed);
            }
            Ok(ToDesk::Refused(refusal)) => return Some(refusal),
            Ok(ToDesk::Welcome(_)) => {}
            Err(error) => {
                tracing::warn!(%error, "the service says what this desk does not understand");
                return None;
            }
        }
    }
}

/// Gives out what is asked, until the service takes nothing more.
async fn speak(mut write: OwnedWriteHalf, waiting: &Waiting, asked: &mut mpsc::Receiver<Asked>) {
    let mut number = 0;
    while let Some(Asked { request, done }) = asked.recv().await {
        number += 1;
        // Whoever asked may have lost interest.
        if done.is_closed() {
            continue;
        }
        waiting.all().insert(number, done);
        if say(&mut write, number, request).await.is_err() {
            // The last of it did not go out whole: the service cannot have begun.
            if let Some(done) = waiting.all().remove(&number) {
                let _ = done.send(Outcome::NotSent);
            }
            return;
        }
    }
    std::future::pending().await
}

async fn say(
    write: &mut OwnedWriteHalf,
    number: u64,
    mut request: Request,
) -> Result<(), FrameError> {
    let files = wire::take_out(&mut request);
    for piece in wire::pieces(number, &files) {
        wire::write(write, &piece?, PATIENCE).await?;
    }
    wire::write(write, &wire::asked(number, &request)?, PATIENCE).await
}
