//! Getting in: the socket, the greeting, and why it may fail.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::Reach;
use crate::desk::face::{Actor, Refusal};
use crate::desk::wire::{
    self, ANSWER_MAX, ASK_MAX, FrameError, Hello, PROTOCOL, ToDesk, ToService,
};

/// How long the service may take for each step of what it began.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Why the desk is not connected.
#[derive(Debug, thiserror::Error)]
pub enum NotConnected {
    /// No service listens there.
    #[error("no service answers at {0}")]
    Nobody(PathBuf),
    /// This user may not use the socket.
    #[error("you may not use the service's socket {0}")]
    Forbidden(PathBuf),
    /// The service does not let this desk in.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// What answered is no service, or broke off.
    #[error("the service at {path} broke off: {why}")]
    Broken {
        /// The socket.
        path: PathBuf,
        /// How.
        why: String,
    },
}

/// A connection that was let in.
pub(super) struct Line {
    pub(super) actor: Actor,
    pub(super) read: OwnedReadHalf,
    pub(super) write: OwnedWriteHalf,
}

pub(super) async fn connect(reach: &Reach) -> Result<Line, NotConnected> {
    let path = &reach.socket;
    let stream = UnixStream::connect(path).await;
    let stream = stream.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            NotConnected::Nobody(path.clone())
        }
        io::ErrorKind::PermissionDenied => NotConnected::Forbidden(path.clone()),
        _ => broken(reach, &error.to_string()),
    })?;
    let (mut read, mut write) = stream.into_split();
    let hello = ToService::Hello(Hello {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL,
        acts: reach.acts.clone(),
        origin: reach.origin.clone(),
    });
    let hello = wire::framed(&hello, ASK_MAX).map_err(|it| broken(reach, &it.to_string()))?;
    // A service that turns somebody away may do so before it has read anything.
    let sent = wire::write(&mut write, &hello, PATIENCE).await;
    let reading = wire::read(&mut read, ANSWER_MAX, PATIENCE);
    let answer = tokio::time::timeout(PATIENCE, reading).await;
    let answer = answer.unwrap_or(Err(FrameError::Half));
    match answer.map_err(|error| broken(reach, &error.to_string()))? {
        Some(frame) => {
            let actor = welcomed(reach, &frame)?;
            sent.map_err(|error| broken(reach, &error.to_string()))?;
            Ok(Line { actor, read, write })
        }
        None => Err(broken(reach, "it closed the connection")),
    }
}

fn welcomed(reach: &Reach, frame: &[u8]) -> Result<Actor, NotConnected> {
    match serde_json::from_slice(frame) {
        Ok(ToDesk::Welcome(welcome)) if welcome.protocol == PROTOCOL => Ok(welcome.actor),
        Ok(ToDesk::Welcome(welcome)) => {
            let theirs = (welcome.program.as_str(), welcome.protocol);
            Err(NotConnected::Refused(Box::new(wire::unlike(
                theirs, PROTOCOL,
            ))))
        }
        Ok(ToDesk::Refused(refusal)) => Err(NotConnected::Refused(Box::new(refusal))),
        _ => Err(broken(reach, "what it says is no greeting")),
    }
}

fn broken(reach: &Reach, why: &str) -> NotConnected {
    NotConnected::Broken {
        path: reach.socket.clone(),
        why: why.to_owned(),
    }
}
