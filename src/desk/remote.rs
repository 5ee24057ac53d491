//! The desk behind a socket: the twin of [`local`](super::local), for those who share a service.
//!
//! The connection comes back by itself. What was asked and not answered is asked again where that
//! changes nothing twice: questions, and a refund under a key. Of anything else that was on its way
//! when the connection broke it is said that nobody knows whether it was done.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::Desk;
use super::face::{Actor, BankAsk, Notice, Refusal, Reply, Request};
use super::wire;

mod again;
mod files;
mod greeting;
mod keeper;
mod refused;

use again::Again;
pub use greeting::NotConnected;
use keeper::{Asked, Keeper, Outcome};

/// Notices a slow listener may fall behind before it misses some.
const NOTICES: usize = 1024;

/// Where the service is, and who asks it for what.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The socket.
    pub socket: PathBuf,
    /// Whom to act as; a service of a sandbox alone accepts it.
    pub acts: Option<Actor>,
    /// Where the person says they come from.
    pub origin: Option<String>,
    /// Nothing is to be written.
    pub read_only: bool,
    /// How long a request waits for a service that is away.
    pub patience: Duration,
}

/// How the connection stands.
#[derive(Clone, Debug)]
enum Standing {
    Up(Actor),
    Away,
    /// The service is there and does not let this desk in.
    Refused(Refusal),
}

/// A desk whose work is done by a service.
pub struct Remote {
    reach: Reach,
    asks: mpsc::Sender<Asked>,
    standing: watch::Receiver<Standing>,
    notices: broadcast::Sender<Notice>,
    free: Semaphore,
    keeper: JoinHandle<()>,
}

impl Remote {
    /// Connects to the service. Needs a runtime for as long as the desk lives.
    ///
    /// # Errors
    /// [`NotConnected`]: nobody answers, or the service does not let this desk in.
    pub async fn connect(reach: Reach) -> Result<Arc<Self>, NotConnected> {
        let line = greeting::connect(&reach).await?;
        let notices = broadcast::Sender::new(NOTICES);
        let (asks, asked) = mpsc::channel(wire::UNDER_WAY as usize);
        let (stands, standing) = watch::channel(Standing::Up(line.actor.clone()));
        let keeper = Keeper {
            reach: reach.clone(),
            asked,
            stands,
            notices: notices.clone(),
        };
        Ok(Arc::new(Self {
            reach,
            asks,
            standing,
            notices,
            free: Semaphore::new(wire::UNDER_WAY as usize),
            keeper: tokio::spawn(keeper.keep(line)),
        }))
    }

    /// Whom the service takes the person for. `None` while it is away.
    pub fn actor(&self) -> Option<Actor> {
        match &*self.standing.borrow() {
            Standing::Up(actor) => Some(actor.clone()),
            Standing::Away | Standing::Refused(_) => None,
        }
    }

    async fn answer(&self, request: Request) -> Result<Reply, Refusal> {
        if self.reach.read_only && !again::only_looks(&request) {
            return Err(Refusal::read_only());
        }
        if let Request::Bank(BankAsk::WriteFile { file, to }) = request {
            return self.write_file(file, &to).await;
        }
        let mut reply = self.asked(request).await?;
        if let Reply::Overview(overview) = &mut reply {
            overview.read_only |= self.reach.read_only;
        }
        Ok(reply)
    }

    /// Asks until it is answered, or may not be asked again.
    async fn asked(&self, request: Request) -> Result<Reply, Refusal> {
        let (mut request, again) = again::prepared(request);
        if wire::total(&mut request) > wire::CONTENT_MAX {
            return Err(wire::too_large());
        }
        // A request that is away too long gives its place to others.
        let _place = self.free.acquire().await;
        let mut in_doubt = false;
        loop {
            if let Err(refusal) = self.up().await {
                return Err(match in_doubt && again != Again::Looks {
                    true => refused::in_doubt(&request),
                    false => refusal,
                });
            }
            match self.exchange(request.clone()).await {
                Outcome::Answered(answer) => return again::told(*answer, in_doubt),
                Outcome::NotSent => {}
                Outcome::Lost if again == Again::Never => return Err(refused::in_doubt(&request)),
                Outcome::Lost => in_doubt = true,
            }
        }
    }

    async fn exchange(&self, request: Request) -> Outcome {
        let (done, outcome) = oneshot::channel();
        let asked = Asked { request, done };
        match self.asks.send(asked).await {
            Ok(()) => outcome.await.unwrap_or(Outcome::Lost),
            Err(_) => Outcome::NotSent,
        }
    }

    /// Waits until the service can be asked, for as long as this desk has patience.
    async fn up(&self) -> Result<(), Refusal> {
        let mut standing = self.standing.clone();
        let there = standing.wait_for(|it| !matches!(it, Standing::Away));
        match tokio::time::timeout(self.reach.patience, there).await {
            Ok(Ok(standing)) => match &*standing {
                Standing::Refused(refusal) => Err(refusal.clone()),
                Standing::Up(_) | Standing::Away => Ok(()),
            },
            Ok(Err(_)) | Err(_) => Err(refused::away(&self.reach.socket)),
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Desk for Remote {
    /// The actor is the service's to tell: it asks the kernel who is at the other end.
    fn ask<'a>(&'a self, _: &'a Actor, request: Request) -> BoxFuture<'a, Result<Reply, Refusal>> {
        self.answer(request).boxed()
    }

    fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }
}
