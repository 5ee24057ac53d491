//! Against a server on loopback that records what arrives and answers, or does not.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use rstest::rstest;

use super::super::tests::{account, credentials, inquiry, order, requests};
use super::*;
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::money::{Currency, Money};
use crate::providers::commerce_hub::CommerceHub;
use crate::providers::{Asked, Finding, Provider, RefundFormat};

const CAPTURED: &str = include_str!("../samples/refund_captured.resp.json");
const PATIENT: Duration = Duration::from_secs(20);

/// A request as it came off the wire.
struct Received {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// What the server does once it has read a request.
#[derive(Clone)]
enum Then {
    Answer(String),
    Drop,
    /// Says nothing until the client gives up.
    Wait,
}

struct Server {
    base: String,
    listener: TcpListener,
    thread: JoinHandle<Received>,
}

impl Server {
    /// Serves one request.
    fn start(then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/ch", listener.local_addr().unwrap());
        let accepting = listener.try_clone().unwrap();
        let thread = thread::spawn(move || {
            let (mut stream, _) = accepting.accept().unwrap();
            let received = read_request(&mut stream);
            match then {
                Then::Answer(answer) => stream.write_all(answer.as_bytes()).unwrap(),
                Then::Drop => {}
                Then::Wait => {
                    let _ = stream.read(&mut [0]);
                }
            }
            received
        });
        Self {
            base,
            listener,
            thread,
        }
    }

    fn account(&self, deadline: Duration) -> CommerceHub {
        account(&self.base, deadline)
    }

    /// The request, and the proof that there was only one: no connection waits to be accepted.
    async fn only_request(self) -> Received {
        // Not on this thread: the client closes its connections on it.
        let join = tokio::task::spawn_blocking(move || self.thread.join().unwrap());
        let received = join.await.unwrap();
        self.listener.set_nonblocking(true).unwrap();
        let second = self.listener.accept();
        assert!(second.is_err(), "a second connection was made");
        received
    }
}

fn read_request(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break at;
        }
        let read = stream.read(&mut chunk).unwrap();
        assert!(read > 0, "the client hung up early");
        bytes.extend_from_slice(&chunk[..read]);
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.lines();
    let line = lines.next().unwrap().to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut body = bytes.split_off(head_end + 4);
    let length: usize = headers["content-length"].parse().unwrap();
    while body.len() < length {
        let read = stream.read(&mut chunk).unwrap();
        body.extend_from_slice(&chunk[..read]);
    }
    Received {
        line,
        headers,
        body,
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Then {
    let length = body.len();
    Then::Answer(format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    ))
}

fn asked() -> Asked {
    let usd = Currency::from_code("USD").unwrap();
    Asked {
        amount: Money::new(1250, usd),
        compensation: Money::zero(usd),
    }
}

async fn send(hub: &CommerceHub, base: &str) -> Finding {
    let request = requests(base).build_refund(&order()).unwrap();
    hub.send(&request, asked()).await
}

#[tokio::test]
async fn a_refund_goes_out_once_and_signed() {
    let headers = "Date: Sat, 21 Nov 2026 10:00:05 GMT\r\nRetry-After: 7\r\n";
    let server = Server::start(answer("201 Created", headers, CAPTURED));
    let hub = server.account(PATIENT);
    let base = server.base.clone();
    let found = send(&hub, &base).await;
    let received = server.only_request().await;
    assert_eq!(received.line, "POST /ch/payments/v1/refunds HTTP/1.1");
    assert_eq!(
        received.body,
        requests(&base).build_refund(&order()).unwrap().body
    );
    let signer = Signer::new(credentials(), HmacEncoding::Raw).unwrap();
    let key = order().idempotency_key;
    for (name, value) in [
        ("content-type", "application/json"),
        ("api-key", "key-of-the-account"),
        ("client-request-id", &key),
        ("timestamp", "1795255200000"),
        ("auth-token-type", "HMAC"),
        (
            "authorization",
            &signer.sign(&key, 1_795_255_200_000, &received.body),
        ),
    ] {
        assert_eq!(received.headers[name], value, "{name}");
    }
    assert_eq!(found.http_status, Some(201));
    assert_eq!(found.retry_after, Some(Duration::from_secs(7)));
    let amount = Some(asked().amount);
    let status = Reported::Succeeded;
    assert_eq!(found.evidence, Evidence::Report { status, amount });
}

#[rstest]
#[case(Then::Drop)]
#[case(Then::Answer("HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{".to_owned()))]
#[case(Then::Answer("HTTP/1.1 201 Cre".to_owned()))]
#[case(Then::Answer("not HTTP at all\r\n\r\n".to_owned()))]
#[case(answer("307 Temporary Redirect", "Location: /ch/elsewhere\r\n", ""))]
#[case(answer("503 Service Unavailable", "Retry-After: 1\r\n", ""))]
#[case(answer("408 Request Timeout", "", ""))]
#[case(answer("201 Created", "", "<html>"))]
#[tokio::test]
async fn what_may_have_arrived_is_doubt_and_not_sent_again(#[case] then: Then) {
    let server = Server::start(then);
    let found = send(&server.account(PATIENT), &server.base).await;
    assert_eq!(found.evidence, Evidence::Doubt, "{}", found.said);
    assert!(!found.said.contains("canary-secret"));
    server.only_request().await;
}

#[tokio::test]
async fn an_answer_beyond_the_deadline_is_doubt() {
    let server = Server::start(Then::Wait);
    let found = send(&server.account(Duration::from_millis(300)), &server.base).await;
    assert_eq!(found.evidence, Evidence::Doubt);
    assert!(found.said.starts_with("no answer within"), "{}", found.said);
    server.only_request().await;
}

#[tokio::test]
async fn a_body_without_end_is_doubt() {
    let huge = "x".repeat((1 << 20) + 1);
    let server = Server::start(answer("201 Created", "", &huge));
    let found = send(&server.account(PATIENT), &server.base).await;
    assert_eq!(
        (found.evidence, found.http_status),
        (Evidence::Doubt, Some(201))
    );
}

#[tokio::test]
async fn a_refused_connection_is_provably_unsent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/ch", listener.local_addr().unwrap());
    drop(listener);
    let hub = account(&base, PATIENT);
    let found = send(&hub, &base).await;
    assert_eq!(found.evidence, Evidence::NotSent, "{}", found.said);
    assert_eq!(found.http_status, None);
    assert_eq!(inquire(&hub).await.evidence, Evidence::Doubt);
}

/// TLS fails before the request's first byte: the peer answers the hello with plain text.
#[tokio::test]
async fn a_failed_tls_handshake_is_provably_unsent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}/ch", listener.local_addr().unwrap());
    let peer = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = [0; 1];
        stream.read_exact(&mut hello).unwrap();
        stream.write_all(b"HTTP/1.1 201 Created\r\n\r\n").unwrap();
        hello[0]
    });
    let hub = account(&base, PATIENT);
    let found = send(&hub, &base).await;
    assert_eq!(found.evidence, Evidence::NotSent, "{}", found.said);
    assert_eq!(peer.join().unwrap(), 0x16, "a TLS record, not a request");
}

#[tokio::test]
async fn a_request_made_for_another_address_stays_here() {
    let server = Server::start(Then::Drop);
    let hub = account("http://127.0.0.1:9/ch", PATIENT);
    let request = requests(&server.base).build_refund(&order()).unwrap();
    let found = hub.send(&request, asked()).await;
    assert_eq!(found.evidence, Evidence::NotSent);
    assert!(found.said.contains("nothing sent"), "{}", found.said);
    server.listener.set_nonblocking(true).unwrap();
    assert!(server.listener.accept().is_err());
}

async fn inquire(hub: &CommerceHub) -> Finding {
    hub.inquire(&inquiry(), asked()).await
}

#[tokio::test]
async fn each_inquiry_has_an_id_of_its_own() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let server = Server::start(answer("201 Created", "", &format!("[{CAPTURED}]")));
        let found = inquire(&server.account(PATIENT)).await;
        assert!(matches!(found.evidence, Evidence::Report { .. }));
        let received = server.only_request().await;
        assert_eq!(
            received.line,
            "POST /ch/payments/v1/transaction-inquiry HTTP/1.1"
        );
        ids.push(received.headers["client-request-id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
    assert!(!ids.contains(&order().idempotency_key));
    assert!(uuid::Uuid::parse_str(&ids[0]).is_ok());
}
