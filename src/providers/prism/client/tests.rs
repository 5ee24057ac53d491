//! Against servers on loopback that record what arrives and answer, or do not.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::extract::{Request as HttpRequest, State as Shared};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use futures_util::future::BoxFuture;
use rstest::rstest;
use tonic::Response;
use tonic::server::UnaryService;

use super::super::tests::{CORRELATION, asked, inquiry, order, paypal, sample, settings, stripe};
use super::super::{Credentials, Prism, Requests, Settings};
use super::*;
use crate::clock::Clock;
use crate::config::Environ;
use crate::domain::evidence::{Evidence, Reported};
use crate::providers::account::Secrets;
use crate::providers::prism::wire::{CREATE_TOKEN, HEALTH, PAYMENT_GET, REFUND_GET};
use crate::providers::{Finding, Provider, RefundFormat, RefundOrder};

mod tokens;

const KEY: &str = "sk_live_canary";
/// What a client sends first on a connection.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn account(settings: &Settings) -> Prism {
    account_on(settings, clock())
}

fn clock() -> Clock {
    Clock::manual("2026-11-21T10:00:00Z".parse().unwrap())
}

fn account_on(settings: &Settings, clock: Clock) -> Prism {
    let environ = Environ::new([("KEY".into(), KEY.into())]);
    let secrets = Secrets {
        account: "prism-us",
        folder: std::path::Path::new("/"),
        environ: &environ,
    };
    let credentials = Credentials::read(&settings.connector, &secrets).unwrap();
    Prism::new(settings, &credentials, clock).unwrap()
}

async fn send(settings: &Settings) -> Finding {
    let request = Requests::new(settings).build_refund(&order()).unwrap();
    account(settings).send(&request, asked()).await
}

/// A frame of HTTP/2: its kind and payload.
fn read_frame(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).ok()?;
    Some((head[3], payload))
}

/// Reads frames by hand until a whole call has arrived, then goes away without a word; counts what
/// came, on any connection.
struct Deaf {
    listener: TcpListener,
    thread: JoinHandle<Vec<Vec<u8>>>,
}

impl Deaf {
    /// `hang_ups` connections end before anything is read from them.
    fn start(hang_ups: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let accepting = listener.try_clone().unwrap();
        let thread = thread::spawn(move || {
            let mut calls = Vec::new();
            for number in 0.. {
                let (mut stream, _) = accepting.accept().unwrap();
                let mut first = [0; PREFACE.len()];
                if number < hang_ups {
                    continue;
                }
                if stream.read_exact(&mut first).is_err() {
                    break;
                }
                assert_eq!(first, PREFACE);
                calls.push(one_call(&mut stream));
            }
            calls
        });
        Self { listener, thread }
    }

    fn settings(&self) -> Settings {
        let address = self.listener.local_addr().unwrap();
        settings(&format!("http://{address}"), stripe())
    }

    /// Every message that arrived.
    async fn calls(self) -> Vec<Vec<u8>> {
        // A connection without a word ends the count.
        drop(TcpStream::connect(self.listener.local_addr().unwrap()).unwrap());
        let joined = tokio::task::spawn_blocking(move || self.thread.join().unwrap());
        joined.await.unwrap()
    }
}

fn one_call(stream: &mut TcpStream) -> Vec<u8> {
    // SETTINGS, so that the client takes this for a server.
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).unwrap();
    let (mut calls, mut data) = (0, Vec::new());
    while let Some((kind, payload)) = read_frame(stream) {
        calls += usize::from(kind == 1);
        if kind == 0 {
            data.extend(payload);
        }
        let length = data
            .get(1..5)
            .map(|it| u32::from_be_bytes(it.try_into().unwrap()));
        if length.is_some_and(|length| data.len() == 5 + length as usize) {
            break;
        }
    }
    assert_eq!(calls, 1);
    data.split_off(5)
}

/// The bytes on the wire are those that were committed; a call is made once and never repeated.
#[tokio::test]
async fn a_connection_lost_after_sending_is_doubt_and_nothing_is_repeated() {
    let server = Deaf::start(0);
    let settings = server.settings();
    let found = send(&settings).await;
    assert_eq!(found.evidence, Evidence::Doubt, "{found:?}");
    assert_eq!(server.calls().await, [sample!("refund_stripe.req")]);
}

/// A connection that ends before it got the request may be made anew; the request is still one.
#[tokio::test]
async fn a_connection_lost_before_the_request_makes_no_second_one() {
    let server = Deaf::start(1);
    let settings = server.settings();
    let found = send(&settings).await;
    let unproven = [Evidence::Doubt, Evidence::NotSent].contains(&found.evidence);
    assert!(unproven, "{found:?}");
    let calls = server.calls().await;
    assert!(calls.len() <= 1, "{calls:?}");
    // Nothing is called unsent that was sent.
    assert!(calls.is_empty() || found.evidence == Evidence::Doubt);
}

#[tokio::test]
async fn what_never_left_is_said() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let refused = send(&settings(&format!("http://{address}"), stripe())).await;
    assert_eq!(refused.evidence, Evidence::NotSent, "{refused:?}");
    assert!(
        refused.said.starts_with("no connection to Prism"),
        "{}",
        refused.said
    );
    assert_eq!(refused.http_status, None);
}

#[tokio::test]
async fn a_failed_tls_handshake_proves_that_nothing_left() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = [0; 512];
        let read = stream.read(&mut hello).unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
        hello[..read].to_vec()
    });
    let found = send(&settings(
        &format!("https://localhost:{}", address.port()),
        stripe(),
    ))
    .await;
    assert_eq!(found.evidence, Evidence::NotSent, "{found:?}");
    let hello = tokio::task::spawn_blocking(move || server.join().unwrap());
    let hello = hello.await.unwrap();
    assert_eq!(hello[0], 22, "a TLS handshake record");
    assert!(!hello.windows(6).any(|part| part == b"canary"));
}

#[tokio::test]
async fn a_request_for_another_address_is_not_sent() {
    let server = Deaf::start(0);
    let ours = server.settings();
    let elsewhere = settings("https://prism.example", stripe());
    let request = Requests::new(&elsewhere).build_refund(&order()).unwrap();
    let found = account(&ours).send(&request, asked()).await;
    assert_eq!(found.evidence, Evidence::NotSent);
    assert!(found.said.contains("nothing sent"), "{}", found.said);
    assert!(server.calls().await.is_empty());
}

/// A call that arrived: its path, metadata and message.
#[derive(Clone)]
struct Received {
    path: String,
    headers: HeaderMap,
    message: Vec<u8>,
}

type Told = Option<Result<Vec<u8>, Status>>;
type Answers = fn(&Received) -> Told;

#[derive(Clone)]
struct Desk {
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<dyn Fn(&Received) -> Told + Send + Sync>,
}

struct Server {
    base: String,
    desk: Desk,
}

impl Server {
    async fn start(answers: impl Fn(&Received) -> Told + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let desk = Desk {
            received: Arc::default(),
            answers: Arc::new(answers),
        };
        let router = Router::new().fallback(take).with_state(desk.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { base, desk }
    }

    fn received(&self) -> Vec<Received> {
        self.desk.received.lock().unwrap().clone()
    }

    fn paths(&self) -> Vec<String> {
        self.received().into_iter().map(|call| call.path).collect()
    }
}

/// Records one call and answers it as told.
struct Take {
    desk: Desk,
    path: String,
    headers: HeaderMap,
}

impl UnaryService<Vec<u8>> for Take {
    type Response = Vec<u8>;
    type Future = BoxFuture<'static, Result<Response<Vec<u8>>, Status>>;

    fn call(&mut self, request: Request<Vec<u8>>) -> Self::Future {
        let call = Received {
            path: self.path.clone(),
            headers: self.headers.clone(),
            message: request.into_inner(),
        };
        let answer = (self.desk.answers)(&call);
        self.desk.received.lock().unwrap().push(call);
        Box::pin(async move {
            let Some(answer) = answer else {
                return std::future::pending().await;
            };
            let mut response = Response::new(answer?);
            let id = "req-of-the-server".parse().unwrap();
            response.metadata_mut().insert("x-request-id", id);
            let date = "Sat, 21 Nov 2026 10:00:05 GMT".parse().unwrap();
            response.metadata_mut().insert("date", date);
            Ok(response)
        })
    }
}

async fn take(Shared(desk): Shared<Desk>, request: HttpRequest) -> axum::response::Response {
    let service = Take {
        desk,
        path: request.uri().path().to_owned(),
        headers: request.headers().clone(),
    };
    let answer = tonic::server::Grpc::new(Bytes)
        .unary(service, request)
        .await;
    answer.into_response()
}

#[tokio::test]
async fn a_refund_goes_out_once_with_all_it_needs() {
    let server = Server::start(|_| Some(Ok(sample!("refund_pending.resp")))).await;
    let found = send(&settings(&server.base, stripe())).await;
    let pending = Evidence::Report {
        status: Reported::Pending,
        amount: None,
    };
    assert_eq!(found.evidence, pending, "{found:?}");
    assert_eq!(found.support_id.as_deref(), Some("req-of-the-server"));
    let time = found.provider_time.unwrap().to_rfc3339();
    assert_eq!(time, "2026-11-21T10:00:05+00:00");
    assert!(!format!("{found:?}").contains("canary"));
    let received = server.received();
    assert_eq!(received.len(), 1);
    let Received {
        path,
        headers,
        message,
    } = &received[0];
    assert_eq!(path, "/types.PaymentService/Refund");
    assert_eq!(*message, sample!("refund_stripe.req"));
    assert_eq!(headers["x-connector"], "stripe");
    let config = format!(r#"{{"config":{{"Stripe":{{"api_key":"{KEY}"}}}}}}"#);
    assert_eq!(headers["x-connector-config"], config);
    assert_eq!(headers["x-reference-id"], CORRELATION);
    assert_eq!(headers["te"], "trailers");
    for never in [
        "x-config-override",
        "x-environment",
        "x-shadow-mode",
        "grpc-timeout",
    ] {
        assert!(!headers.contains_key(never), "{never}");
    }
}

#[tokio::test]
async fn each_send_has_a_tracing_id_of_its_own_and_the_same_bytes() {
    let server = Server::start(|_| Some(Ok(sample!("refund_pending.resp")))).await;
    for _ in 0..2 {
        send(&settings(&server.base, stripe())).await;
    }
    let received = server.received();
    assert_eq!(received[0].message, received[1].message);
    let ids: Vec<_> = received
        .iter()
        .map(|it| &it.headers["x-request-id"])
        .collect();
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_status_is_judged_and_not_tried_again() {
    let server = Server::start(|_| Some(Err(Status::unavailable("")))).await;
    let found = send(&settings(&server.base, stripe())).await;
    assert_eq!(found.evidence, Evidence::Doubt);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn no_answer_in_time_is_doubt() {
    let server = Server::start(|_| None).await;
    let settings = Settings {
        deadline_seconds: 1,
        ..settings(&server.base, stripe())
    };
    let found = send(&settings).await;
    assert_eq!(found.evidence, Evidence::Doubt);
    assert_eq!(found.said, "no answer within the time limit");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn an_answer_too_large_is_doubt() {
    let server = Server::start(|_| Some(Ok(vec![0x0a; ANSWER_LIMIT_BYTES + 1]))).await;
    let found = send(&settings(&server.base, stripe())).await;
    assert_eq!(found.evidence, Evidence::Doubt, "{found:?}");
}

#[tokio::test]
async fn a_look_asks_by_all_ids_and_without_one_not_at_all() {
    let server = Server::start(|_| Some(Ok(sample!("get_success.resp")))).await;
    let prism = account(&settings(&server.base, stripe()));
    let found = prism.inquire(&inquiry(), asked()).await;
    let done = Evidence::Report {
        status: Reported::Succeeded,
        amount: None,
    };
    assert_eq!(found.evidence, done);
    assert_eq!(server.received()[0].message, sample!("get_stripe.req"));
    let unknown = crate::providers::Inquiry {
        provider_refund_id: None,
        ..inquiry()
    };
    assert!(prism.can_ask(&inquiry()) && !prism.can_ask(&unknown));
    let found = prism.inquire(&unknown, asked()).await;
    assert_eq!(found.evidence, Evidence::Doubt);
    assert!(found.said.starts_with("not asked: "), "{}", found.said);
    assert_eq!(server.received().len(), 1, "no call was made");
}

#[tokio::test]
async fn a_connector_that_cannot_tell_is_not_asked() {
    let server = Server::start(|_| Some(Ok(Vec::new()))).await;
    let prism = account(&settings(&server.base, super::super::tests::adyen()));
    assert!(!prism.can_ask(&inquiry()));
    let found = prism.inquire(&inquiry(), asked()).await;
    assert!(
        found.said.contains("cannot tell how a refund stands"),
        "{}",
        found.said
    );
    assert!(server.received().is_empty());
}

fn answer_with_token(call: &Received) -> Option<Result<Vec<u8>, Status>> {
    Some(Ok(match call.path.as_str() {
        CREATE_TOKEN => sample!("token_paypal.resp"),
        _ => sample!("refund_pending.resp"),
    }))
}

fn paypal_order() -> RefundOrder {
    RefundOrder {
        capture_id: Some("8MC585209K746392H".to_owned()),
        ..order()
    }
}

/// The token is fetched once for all, is no part of the bytes on disk, and follows them on the wire.
#[tokio::test]
async fn a_token_is_fetched_once_and_added_to_the_bytes() {
    let server = Server::start(answer_with_token).await;
    let settings = settings(&server.base, paypal());
    let request = Requests::new(&settings)
        .build_refund(&paypal_order())
        .unwrap();
    assert_eq!(request.body, sample!("refund_paypal.req"));
    let prism = account(&settings);
    let both = [prism.send(&request, asked()), prism.send(&request, asked())];
    for found in futures_util::future::join_all(both).await {
        assert!(
            matches!(found.evidence, Evidence::Report { .. }),
            "{found:?}"
        );
        assert!(!format!("{found:?}").contains("canary"));
    }
    let paths = server.paths();
    assert_eq!(paths.iter().filter(|path| *path == CREATE_TOKEN).count(), 1);
    assert_eq!(paths.iter().filter(|path| *path == REFUND).count(), 2);
    for call in server.received() {
        let expected = match call.path.as_str() {
            CREATE_TOKEN => sample!("token_paypal.req"),
            _ => [sample!("refund_paypal.req"), sample!("state")].concat(),
        };
        assert_eq!(call.message, expected, "{}", call.path);
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let server = Server::start(|_| {
        let said = "Connector returned an error response with status 401";
        Some(Err(Status::unauthenticated(said)))
    })
    .await;
    let settings = settings(&server.base, paypal());
    let request = Requests::new(&settings)
        .build_refund(&paypal_order())
        .unwrap();
    let found = account(&settings).send(&request, asked()).await;
    assert_eq!(
        (found.evidence, found.http_status),
        (Evidence::NotSent, Some(401))
    );
    assert!(
        found.said.starts_with("nothing sent: no token"),
        "{}",
        found.said
    );
    assert_eq!(server.paths(), [CREATE_TOKEN]);
}

/// Bytes may leave only under the lease: what is prepared for too long, or while the machine sleeps
/// (only the time of day goes on then), is not sent.
#[rstest]
#[case::slow(CREATE_TOKEN, |clock: &Clock| clock.advance(TOO_LONG))]
#[case::asleep(CREATE_TOKEN, |clock: &Clock| clock.set(clock.now() + TOO_LONG))]
#[case::slow_look(PAYMENT_GET, |clock: &Clock| clock.advance(TOO_LONG))]
#[tokio::test]
async fn what_took_too_long_to_prepare_is_not_sent(
    #[case] path: &'static str,
    #[case] passes: fn(&Clock),
) {
    let clock = clock();
    let servers = clock.clone();
    let server = Server::start(move |call| {
        if call.path == path {
            passes(&servers);
        }
        match call.path.as_str() {
            PAYMENT_GET => charged(call),
            _ => answer_with_token(call),
        }
    })
    .await;
    let settings = Settings {
        check_payment: true,
        ..settings(&server.base, paypal())
    };
    let request = Requests::new(&settings)
        .build_refund(&paypal_order())
        .unwrap();
    let prism = account_on(&settings, clock);
    let found = prism.send(&request, asked()).await;
    let said = "not sent: preparing it took too long";
    assert_eq!(
        (found.evidence, found.said.as_str()),
        (Evidence::NotSent, said)
    );
    assert_eq!(server.paths(), [CREATE_TOKEN, PAYMENT_GET]);
}

const TOO_LONG: Duration = Duration::from_millis(10_001);

fn charged(call: &Received) -> Option<Result<Vec<u8>, Status>> {
    Some(Ok(match call.path.as_str() {
        PAYMENT_GET => sample!("payment_charged.resp"),
        _ => sample!("refund_pending.resp"),
    }))
}

fn voided(call: &Received) -> Option<Result<Vec<u8>, Status>> {
    Some(Ok(match call.path.as_str() {
        // 2 status VOIDED
        PAYMENT_GET => vec![0x10, 11],
        _ => sample!("refund_pending.resp"),
    }))
}

#[tokio::test]
async fn a_payment_that_was_not_captured_is_not_refunded() {
    for (answers, paths) in [
        (charged as Answers, &[PAYMENT_GET, REFUND][..]),
        (voided, &[PAYMENT_GET]),
    ] {
        let server = Server::start(answers).await;
        let settings = Settings {
            check_payment: true,
            ..settings(&server.base, stripe())
        };
        send(&settings).await;
        assert_eq!(server.paths(), paths);
        assert_eq!(server.received()[0].message, sample!("payment_get.req"));
    }
}

#[tokio::test]
async fn a_probe_greets_and_tries_the_keys() {
    fn healthy(call: &Received) -> Option<Result<Vec<u8>, Status>> {
        let unknown = "Connector returned an error response with status 404";
        Some(match call.path.as_str() {
            HEALTH => Ok(vec![0x08, 1]),
            _ => Err(Status::not_found(unknown)),
        })
    }
    let server = Server::start(healthy).await;
    let found = account(&settings(&server.base, stripe())).probe().await;
    assert_eq!(found.http_status, Some(200), "{found:?}");
    assert_eq!(server.paths(), [HEALTH, REFUND_GET]);
    let down = Server::start(|_| Some(Err(Status::unavailable("")))).await;
    let found = account(&settings(&down.base, stripe())).probe().await;
    assert_eq!(found.http_status, None, "{found:?}");
}
