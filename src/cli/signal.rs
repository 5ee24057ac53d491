//! Being asked to stop.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGINT, SIGTERM and SIGHUP, as long as this lives: none that arrives meanwhile is missed.
pub(super) struct Stops([Signal; 3]);

impl Stops {
    /// Listens from now on; the process does not end by itself any more.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    /// Returns at the next of them.
    pub(super) async fn next(&mut self) {
        let [interrupt, terminate, hang_up] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}

/// Returns when SIGINT, SIGTERM or SIGHUP arrives.
pub(super) async fn stop() -> io::Result<()> {
    Stops::listen()?.next().await;
    Ok(())
}
