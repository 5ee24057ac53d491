//! The thread on which the simulators answer.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::SandboxError;
use super::connection::{Connection, CuttableListener};

/// How long calls under way may take to end when the sandbox stops.
const LAST_CALLS: Duration = Duration::from_secs(1);

/// A sandbox at work. It stops when it is told to or dropped.
pub struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(super) fn start(
        router: Router,
        listener: TcpListener,
        address: SocketAddr,
    ) -> Result<Self, SandboxError> {
        let (runtime, listener) = prepare(listener).map_err(SandboxError::Thread)?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("sandbox".to_owned())
            .spawn(move || runtime.block_on(serve(router, listener, stopped)))
            .map_err(SandboxError::Thread)?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where the HTTP simulators listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets the calls under way end, then closes the port.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Dropping the sender is the signal.
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn prepare(listener: TcpListener) -> io::Result<(Runtime, tokio::net::TcpListener)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    drop(entered);
    Ok((runtime, listener))
}

async fn serve(router: Router, listener: tokio::net::TcpListener, stopped: oneshot::Receiver<()>) {
    let (last_calls, ending) = oneshot::channel();
    let stop = async move {
        let _ = stopped.await;
        let _ = last_calls.send(());
    };
    let service = router.into_make_service_with_connect_info::<Connection>();
    let served = axum::serve(CuttableListener(listener), service).with_graceful_shutdown(stop);
    let out_of_patience = async {
        let _ = ending.await;
        tokio::time::sleep(LAST_CALLS).await;
    };
    tokio::select! {
        _ = served => {}
        () = out_of_patience => {}
    }
}
