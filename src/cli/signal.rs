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

/// What a service is told.
pub(super) enum Told {
    /// SIGINT or SIGTERM.
    Stop,
    /// SIGHUP: read the configuration again.
    Reload,
}

/// As [`Stops`], for a service: nobody sits at it, so a hang-up is no end.
pub(super) struct ServiceSignals([Signal; 3]);

impl ServiceSignals {
    /// Listens from now on.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self(Stops::listen()?.0))
    }

    /// The next of them.
    pub(super) async fn next(&mut self) -> Told {
        let [interrupt, terminate, hang_up] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => Told::Stop,
            _ = terminate.recv() => Told::Stop,
            _ = hang_up.recv() => Told::Reload,
        }
    }
}

/// Returns when SIGINT, SIGTERM or SIGHUP arrives.
pub(super) async fn stop() -> io::Result<()> {
    Stops::listen()?.next().await;
    Ok(())
}
