//! The thread on which the simulators answer.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::SandboxError;
use super::connection::{Connection, CuttableListener};
use super::ports::Port;
use super::tls::TlsListener;

/// How long calls under way may take to end when the sandbox stops.
const LAST_CALLS: Duration = Duration::from_secs(1);

/// A sandbox at work. It stops when it is told to or dropped.
pub struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Serves all sites on one thread, and does beside it what they do unasked; `address` is that of
    /// the HTTP simulators.
    pub(super) fn start(
        sites: Vec<Site>,
        unasked: Vec<BoxFuture<'static, ()>>,
        address: SocketAddr,
    ) -> Result<Self, SandboxError> {
        let (runtime, sites) = prepare(sites).map_err(SandboxError::Thread)?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("sandbox".to_owned())
            .spawn(move || {
                let stopped = stopped.map(|_| ()).shared();
                let serving = sites.into_iter().map(|site| serve(site, stopped.clone()));
                runtime.block_on(async {
                    for deed in unasked {
                        tokio::spawn(deed);
                    }
                    join_all(serving).await
                });
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
    tls: Option<Arc<ServerConfig>>,
}

impl Site {
    pub(super) fn new(router: Router, port: Port) -> Self {
        let tls = None;
        Self { router, port, tls }
    }

    /// One whose callers must show a certificate.
    pub(super) fn secured(router: Router, port: Port, tls: Arc<ServerConfig>) -> Self {
        let tls = Some(tls);
        Self { router, port, tls }
    }
}

/// The same, with the listener of a runtime.
struct Open {
    router: Router,
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
}

fn prepare(sites: Vec<Site>) -> io::Result<(Runtime, Vec<Open>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let listening = sites.into_iter().map(|site| {
        let listener = TcpListener::from_std(site.port.listener)?;
        let Site { router, tls, .. } = site;
        Ok(Open {
            router,
            listener,
            tls,
        })
    });
    let listening = listening.collect::<io::Result<_>>()?;
    drop(entered);
    Ok((runtime, listening))
}

async fn serve(site: Open, stopped: impl Future<Output = ()> + Send + 'static) {
    let (last_calls, ending) = oneshot::channel();
    let stop = async move {
        stopped.await;
        let _ = last_calls.send(());
    };
    let service = site
        .router
        .into_make_service_with_connect_info::<Connection>();
    let served = async {
        match site.tls {
            Some(tls) => {
                let listener = TlsListener::start(site.listener, tls);
                let served = axum::serve(listener, service);
                served.with_graceful_shutdown(stop).await
            }
            None => {
                let served = axum::serve(CuttableListener(site.listener), service);
                served.with_graceful_shutdown(stop).await
            }
        }
    };
    let out_of_patience = async {
        let _ = ending.await;
        tokio::time::sleep(LAST_CALLS).await;
    };
    tokio::select! {
        _ = served => {}
        () = out_of_patience => {}
    }
}
