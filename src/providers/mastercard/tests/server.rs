//! A server with mutual TLS that answers what it is told to, in order, and keeps what it was asked.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// A request as it came off the wire.
pub struct Received {
    /// `POST /x HTTP/1.1`.
    pub line: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What the server does once it has read a request.
pub enum Then {
    /// Status and body.
    Answer(u16, String),
    /// Hangs up.
    Drop,
    /// Says nothing until the client gives up.
    Wait,
}

/// Certificates of an authority, a server and a client, in PEM.
pub struct Certificates {
    pub authority: String,
    server: (String, String),
    pub client: (String, String),
}

impl Certificates {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = CertifiedIssuer::self_signed(params, key).unwrap();
        let signed = |name: &str| {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new([name.to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &authority).unwrap();
            (certificate.pem(), key.serialize_pem())
        };
        Self {
            server: signed("127.0.0.1"),
            client: signed("desk"),
            authority: authority.pem(),
        }
    }

    fn config(&self) -> Arc<ServerConfig> {
        let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(der(&self.authority)).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .unwrap();
        let key = PrivateKeyDer::from_pem_slice(self.server.1.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![der(&self.server.0)], key)
            .unwrap();
        Arc::new(config)
    }
}

/// One answer per connection.
pub struct Server {
    /// `https://127.0.0.1:PORT/zapp/pbarfp/csp`.
    pub base: String,
    listener: TcpListener,
    thread: JoinHandle<Vec<Received>>,
}

impl Server {
    pub fn start(certificates: &Certificates, script: Vec<Then>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("https://{}/zapp/pbarfp/csp", listener.local_addr().unwrap());
        let accepting = listener.try_clone().unwrap();
        let config = certificates.config();
        let thread = thread::spawn(move || {
            let each = script.into_iter().filter_map(|then| {
                let (stream, _) = accepting.accept().unwrap();
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, stream);
                let received = read(&mut stream)?;
                play(&mut stream, then);
                Some(received)
            });
            each.collect()
        });
        Self {
            base,
            listener,
            thread,
        }
    }

    /// All requests, and the proof that there were no more: no connection waits to be accepted.
    pub async fn requests(self) -> Vec<Received> {
        let join = tokio::task::spawn_blocking(move || self.thread.join().unwrap());
        let received = join.await.unwrap();
        self.listener.set_nonblocking(true).unwrap();
        assert!(self.listener.accept().is_err(), "one connection too many");
        received
    }
}

type Stream = StreamOwned<ServerConnection, TcpStream>;

fn play(stream: &mut Stream, then: Then) {
    match then {
        Then::Answer(status, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} Words\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
            stream.conn.send_close_notify();
            stream.flush().unwrap();
        }
        Then::Drop => {}
        Then::Wait => {
            let _ = stream.read(&mut [0]);
        }
    }
}

/// None when the connection ends, or is refused, before a request.
fn read(stream: &mut Stream) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break at;
        }
        let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.lines().map(str::to_owned);
    let line = lines.next().unwrap();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_ascii_lowercase(), value.to_owned()))
        })
        .collect();
    let mut body = bytes.split_off(head_end + 4);
    let length = headers["content-length"].parse().unwrap();
    while body.len() < length {
        let read = stream.read(&mut chunk).unwrap();
        body.extend_from_slice(&chunk[..read]);
    }
    Some(Received {
        line,
        headers,
        body,
    })
}
