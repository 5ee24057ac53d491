//! Connections whose callers show a certificate. They can be cut like any other.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::{CuttableListener, CuttableStream};

/// How long a caller may take to show who it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// Accepts connections of callers whose certificate is right.
pub(super) struct TlsListener {
    address: io::Result<SocketAddr>,
    greeted: mpsc::Receiver<(TlsStream<CuttableStream>, SocketAddr)>,
}

impl TlsListener {
    /// Greets callers beside each other: a slow one holds up no other. Needs a runtime.
    pub(super) fn start(listener: TcpListener, config: Arc<ServerConfig>) -> Self {
        let address = listener.local_addr();
        let (give, greeted) = mpsc::channel(16);
        let acceptor = TlsAcceptor::from(config);
        tokio::spawn(async move {
            let mut listener = CuttableListener(listener);
            while !give.is_closed() {
                let (stream, from) = listener.accept().await;
                let (acceptor, give) = (acceptor.clone(), give.clone());
                tokio::spawn(async move {
                    let greeted = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await;
                    if let Ok(Ok(stream)) = greeted {
                        let _ = give.send((stream, from)).await;
                    }
                });
            }
        });
        Self { address, greeted }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<CuttableStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.greeted.recv().await {
            Some(greeted) => greeted,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        let address = self.address.as_ref();
        address.copied().map_err(|error| error.kind().into())
    }
}
