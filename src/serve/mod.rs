//! The service's doors: where networks and providers call, and where whoever runs it looks.
//!
//! This room knows HTTP and TLS, and nothing of what is said: a request becomes a [`Call`], the desk
//! answers it, and the answer goes back as it is. It listens beside the sender and poller, in the
//! same process, and ends with them.

mod gate;
mod inbound;
mod metrics;
mod operations;
mod place;
mod refused;
#[cfg(test)]
mod tests;
mod tls;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::accept::DefaultAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use futures_util::future::BoxFuture;
use hyper_util::rt::TokioTimer;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::secret::SecretError;
use crate::config::{Environ, Listener, Settings};
use crate::desk::Desk;
use crate::desk::face::Actor;
use crate::desk::local::Local;
use crate::desk::receive::{Call, Response};
use gate::Gate;
use inbound::Door;
use metrics::Metrics;
use operations::Watch;

/// Connections open at the same time; more are closed unheard. A network has a handful.
const CONNECTIONS: usize = 512;
/// The most that the headers of a call may come to, in bytes.
const HEADERS: usize = 32 * 1024;
/// How long answers under way may take once the service stops. Requests that are held are answered as
/// soon as it does.
const LAST_ANSWERS: Duration = Duration::from_secs(30);

/// Whoever answers what an account is called with.
pub trait Answers: Send + Sync {
    /// The answer to a call, which nobody has believed yet.
    fn answer<'a>(&'a self, account: &'a str, call: Call<'a>) -> BoxFuture<'a, Response>;
}

impl Answers for Local {
    fn answer<'a>(&'a self, account: &'a str, call: Call<'a>) -> BoxFuture<'a, Response> {
        Box::pin(async move { self.answer_call(account, &call).await })
    }
}

/// Why the service does not listen. Nothing was taken in.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A certificate or key cannot be had.
    #[error("cannot read {key} of [listener]: {why}")]
    Unread {
        /// The setting.
        key: &'static str,
        /// What is wrong with where it comes from.
        why: SecretError,
    },
    /// A certificate or key is not one, or they do not fit.
    #[error("{key} of [listener] cannot be used: {why}")]
    Unfit {
        /// The setting.
        key: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The address is taken, or not of this machine.
    #[error("cannot listen on {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// What listening takes.
pub struct Means<'a> {
    /// The settings: `[listener]`, and the accounts that can be called.
    pub settings: &'a Settings,
    /// The environment, for secrets.
    pub environ: &'a Environ,
    /// The clock.
    pub clock: &'a Clock,
    /// Answers calls.
    pub answers: Arc<dyn Answers>,
    /// Tells how things stand.
    pub desk: Arc<dyn Desk>,
    /// Who asks the desk how things stand.
    pub actor: Actor,
}

/// The open doors.
pub struct Serving {
    address: Option<SocketAddr>,
    operations: Option<SocketAddr>,
    is_tls: bool,
    handles: Vec<Handle<SocketAddr>>,
    tasks: Vec<JoinHandle<io::Result<()>>>,
    /// Ends when the last answer under way is given.
    under_way: mpsc::Receiver<()>,
}

/// Opens the doors that `[listener]` names; both addresses are bound when this returns. Needs a
/// runtime. Reading a secret may block, a command for at most ten seconds.
///
/// # Errors
/// [`ServeError`] says what to mend; then no door is open.
pub fn start(means: Means<'_>, listener: &Listener) -> Result<Serving, ServeError> {
    let tls = listener.tls.as_ref();
    let tls = tls
        .map(|it| tls::config(it, &means.settings.file, means.environ))
        .transpose()?;
    let inbound = listener.address.map(bind).transpose()?;
    let operations = listener.operations.map(bind).transpose()?;
    let metrics = Arc::new(Metrics::default());
    let (at_work, under_way) = mpsc::channel(1);
    let mut serving = Serving {
        address: inbound.as_ref().map(|it| it.1),
        operations: operations.as_ref().map(|it| it.1),
        is_tls: tls.is_some(),
        handles: Vec::new(),
        tasks: Vec::new(),
        under_way,
    };
    if let Some((socket, address)) = inbound {
        let door = Door {
            places: place::of(means.settings),
            answers: means.answers,
            metrics: Arc::clone(&metrics),
            clock: means.clock.clone(),
            max_body: listener.max_body,
            patience: listener.read_timeout,
            at_work,
        };
        serving.open(socket, address, inbound::router(door), tls, listener)?;
    }
    if let Some((socket, address)) = operations {
        let watch = Watch {
            desk: means.desk,
            actor: means.actor,
            metrics,
        };
        serving.open(socket, address, operations::router(watch), None, listener)?;
    }
    Ok(serving)
}

fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let bound = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound().map_err(|source| ServeError::Address { address, source })
}

impl Serving {
    /// Where networks and providers call.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Where `/health` and `/metrics` are.
    pub fn operations(&self) -> Option<SocketAddr> {
        self.operations
    }

    /// Callers must show a certificate.
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Accepts no more calls, and returns when those under way are answered, after half a minute at
    /// the latest. Dropping the future gives up waiting.
    pub async fn stop(mut self) {
        for handle in &self.handles {
            handle.graceful_shutdown(Some(LAST_ANSWERS));
        }
        for task in &mut self.tasks {
            if let Ok(Err(error)) = task.await {
                tracing::error!(%error, "a listener failed");
            }
        }
        // The caller may be gone before its answer; what it asked for is finished all the same.
        let _ = tokio::time::timeout(LAST_ANSWERS, self.under_way.recv()).await;
    }

    fn open(
        &mut self,
        socket: TcpListener,
        address: SocketAddr,
        router: Router,
        tls: Option<RustlsConfig>,
        listener: &Listener,
    ) -> Result<(), ServeError> {
        let handle = Handle::new();
        let gate = Gate::new(CONNECTIONS);
        let server = axum_server::from_tcp(socket)
            .map_err(|source| ServeError::Address { address, source })?
            .handle(handle.clone());
        let service = router.into_make_service();
        let task = match tls {
            Some(tls) => {
                let acceptor = RustlsAcceptor::new(tls).handshake_timeout(listener.read_timeout);
                let server = patient(server.acceptor(acceptor.acceptor(gate)), listener);
                tokio::spawn(server.serve(service))
            }
            None => {
                let server = patient(server.map(|_: DefaultAcceptor| gate), listener);
                tokio::spawn(server.serve(service))
            }
        };
        self.handles.push(handle);
        self.tasks.push(task);
        Ok(())
    }
}

/// HTTP/1.1 alone, whose headers must arrive in time: what is signed here is small and asked for one
/// by one.
fn patient<A>(server: Server<SocketAddr, A>, listener: &Listener) -> Server<SocketAddr, A> {
    let mut server = server.http1_only();
    server
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(listener.read_timeout)
        .max_buf_size(HEADERS);
    server
}
