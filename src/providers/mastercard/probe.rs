//! Whether the network is there and takes our certificate. It has no harmless question about refunds
//! (fact sheet 5.5), so a TLS connection is made and nothing is asked.

use std::io::{ErrorKind, Read};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use url::Url;

use crate::providers::http::{Mutual, SetupError};

/// A certificate that is not liked is said so right after the handshake (TLS 1.3), or not at all.
const LISTENS: Duration = Duration::from_millis(1_500);

/// What a probe needs.
#[derive(Clone)]
pub struct Probe {
    base: Url,
    deadline: Duration,
    tls: Option<Arc<ClientConfig>>,
}

impl Probe {
    /// A probe of the service at `base`.
    ///
    /// # Errors
    /// [`SetupError::Mutual`]: certificates or key cannot be used.
    pub fn new(base: &Url, mutual: &Mutual<'_>, deadline: Duration) -> Result<Self, SetupError> {
        let tls = match base.scheme() {
            "https" => Some(Arc::new(config(mutual)?)),
            _ => None,
        };
        Ok(Self {
            base: base.clone(),
            deadline,
            tls,
        })
    }

    /// Connects. Blocks.
    ///
    /// # Errors
    /// What went wrong, for people.
    pub fn run(&self) -> Result<&'static str, String> {
        let host = self.base.host_str().unwrap_or_default();
        let host = host.trim_matches(['[', ']']);
        let port = self.base.port_or_known_default().unwrap_or(443);
        let mut addresses = (host, port)
            .to_socket_addrs()
            .map_err(|error| format!("the network's name could not be resolved ({error})"))?;
        let address = addresses
            .next()
            .ok_or("the network's name has no address")?;
        let stream = TcpStream::connect_timeout(&address, self.deadline)
            .map_err(|error| format!("no connection to the network ({error})"))?;
        let Some(tls) = &self.tls else {
            return Ok("connected, without TLS; nothing was asked");
        };
        self.handshake(tls, host, stream)
            .map_err(|error| format!("no TLS connection to the network ({error})"))?;
        Ok(
            "connected, both certificates accepted; nothing was asked, so the signing key is not proven",
        )
    }

    fn handshake(
        &self,
        tls: &Arc<ClientConfig>,
        host: &str,
        stream: TcpStream,
    ) -> std::io::Result<()> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| std::io::Error::new(ErrorKind::InvalidInput, error))?;
        stream.set_read_timeout(Some(self.deadline))?;
        stream.set_write_timeout(Some(self.deadline))?;
        let connection = ClientConnection::new(Arc::clone(tls), name)
            .map_err(|error| std::io::Error::new(ErrorKind::InvalidInput, error))?;
        let mut stream = StreamOwned::new(connection, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        stream
            .sock
            .set_read_timeout(Some(LISTENS.min(self.deadline)))?;
        match stream.read(&mut [0]) {
            // Silence, and a server that hangs up politely because nothing comes, are both no refusal.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }
}

fn config(mutual: &Mutual<'_>) -> Result<ClientConfig, SetupError> {
    let unusable = |what: &str| SetupError::Mutual(format!("{what} cannot be used"));
    let of = |pem: &str| -> Option<Vec<CertificateDer<'static>>> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        read.ok().filter(|it| !it.is_empty())
    };
    let mut roots = RootCertStore::empty();
    for authority in of(mutual.authorities).ok_or_else(|| unusable("server_ca"))? {
        roots.add(authority).map_err(|_| unusable("server_ca"))?;
    }
    let chain = of(mutual.certificate).ok_or_else(|| unusable("client_certificate"))?;
    let key =
        PrivateKeyDer::from_pem_slice(mutual.key.as_bytes()).map_err(|_| unusable("client_key"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| unusable("TLS"))?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(|_| unusable("client_certificate or client_key"))
}
