//! The thread on which the simulators answer.

use std::io;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::SandboxError;
use super::connection::{Connection, CuttableListener};
use super::ports::Port;

/// How long calls under way may take to end when the sandbox stops.
const LAST_CALLS: Duration = Duration::from_secs(1);

/// A sandbox at work. It stops when it is told to or dropped.
pub struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Serves all sites on one thread; `address` is that of the HTTP simulators.
    pub(super) fn start(sites: Vec<Site>, address: SocketAddr) -> Result<Self, SandboxError> {
        let (runtime, sites) = prepare(sites).map_err(SandboxError::Thread)?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("sandbox".to_owned())
            .spawn(move || {
                let stopped = stopped.map(|_| ()).shared();
                let serving = sites
                    .into_iter()
                    .map(|(router, listener)| serve(router, listener, stopped.clone()));
                runtime.block_on(join_all(serving));
            })
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

/// A simulator and where it listens.
pub(super) struct Site {
    router: Router,
    port: Port,
}

impl Site {
    pub(super) fn new(router: Router, port: Port) -> Self {
        Self { router, port }
    }
}

fn prepare(sites: Vec<Site>) -> io::Result<(Runtime, Vec<(Router, TcpListener)>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let listening = sites.into_iter().map(|site| {
        let listener = TcpListener::from_std(site.port.listener)?;
        Ok((site.router, listener))
    });
    let listening = listening.collect::<io::Result<_>>()?;
    drop(entered);
    Ok((runtime, listening))
}

async fn serve(
    router: Router,
    listener: TcpListener,
    stopped: impl Future<Output = ()> + Send + 'static,
) {
    let (last_calls, ending) = oneshot::channel();
    let stop = async move {
        stopped.await;
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
