//! The listener over real connections, with certificates of the tests' own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Certificate, Client, Identity};
use rstest::rstest;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc as channel};

use super::place::{Calls, Place};
use super::*;

type Root = CertifiedIssuer<'static, KeyPair>;

/// A call as the stub heard it.
#[derive(Clone, Debug, PartialEq)]
struct HeardCall {
    account: String,
    method: String,
    target: String,
    path: String,
    body: Vec<u8>,
    headers: HashMap<String, String>,
}

/// Answers 200 with what it heard, when it may.
struct Stub {
    heard: Mutex<channel::UnboundedSender<HeardCall>>,
    may_answer: Semaphore,
}

impl Answers for Stub {
    fn answer<'a>(&'a self, account: &'a str, call: Call<'a>) -> BoxFuture<'a, Response> {
        let heard = HeardCall {
            account: account.to_owned(),
            method: call.method.to_owned(),
            target: call.target.to_owned(),
            path: call.path.to_owned(),
            body: call.body.to_vec(),
            headers: call.headers.iter().cloned().collect(),
        };
        self.heard.lock().unwrap().send(heard).unwrap();
        Box::pin(async move {
            self.may_answer.acquire().await.unwrap().forget();
            Response {
                status: 200,
                headers: vec![("X-JWS-Signature".to_owned(), "a..b".to_owned())],
                body: call.body.to_vec(),
            }
        })
    }
}

/// A listener, and what reached the desk.
struct Stage {
    serving: Serving,
    heard: channel::UnboundedReceiver<HeardCall>,
    stub: Arc<Stub>,
    metrics: Arc<Metrics>,
    ours: Root,
}

fn root() -> Root {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Certificate and key, signed by a root.
fn issued(root: &Root) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, root).unwrap();
    (certificate.pem(), key.serialize_pem())
}

const PATH: &str = "/a2a-uk/base/payment-requests/1/refunds";

impl Stage {
    fn open(is_tls: bool) -> Self {
        Self::with(is_tls, Duration::from_secs(10))
    }

    fn with(is_tls: bool, patience: Duration) -> Self {
        let (ours, folder) = (root(), tempfile::tempdir().unwrap());
        let listener = Listener {
            address: Some(([127, 0, 0, 1], 0).into()),
            tls: is_tls.then(|| tls_files(&ours, &folder)),
            operations: None,
            max_body: 1024,
            read_timeout: patience,
        };
        let (give, heard) = channel::unbounded_channel();
        let stub = Arc::new(Stub {
            heard: Mutex::new(give),
            may_answer: Semaphore::new(100),
        });
        let (serving, metrics) = open(&listener, &folder, Arc::clone(&stub));
        Self {
            serving,
            heard,
            stub,
            metrics,
            ours,
        }
    }

    fn url(&self, path: &str) -> String {
        let scheme = if self.serving.is_tls() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}{path}", self.serving.address().unwrap())
    }

    /// A client that shows a certificate of this root.
    fn client(&self, shown: Option<&Root>) -> Client {
        let ca = Certificate::from_pem(self.ours.pem().as_bytes()).unwrap();
        let client = Client::builder().no_proxy().tls_certs_only([ca]);
        let client = match shown.map(issued) {
            Some((certificate, key)) => {
                client.identity(Identity::from_pem((certificate + &key).as_bytes()).unwrap())
            }
            None => client,
        };
        client.timeout(Duration::from_secs(20)).build().unwrap()
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.serving.address().unwrap())
            .await
            .unwrap()
    }
}

fn tls_files(root: &Root, folder: &TempDir) -> crate::config::MutualTls {
    let (certificate, key) = issued(root);
    let keep = |name: &str, text: &str| {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        crate::config::secret::SecretSource::File(path)
    };
    crate::config::MutualTls {
        certificate: keep("listener.pem", &certificate),
        key: keep("listener.key", &key),
        client_ca: keep("ca.pem", &root.pem()),
    }
}

/// The doors without a desk behind them.
fn open(listener: &Listener, folder: &TempDir, stub: Arc<Stub>) -> (Serving, Arc<Metrics>) {
    let tls = listener.tls.as_ref().map(|it| {
        let file = folder.path().join("config.toml");
        tls::config(it, &file, &Environ::default()).unwrap()
    });
    let (socket, address) = bind(listener.address.unwrap()).unwrap();
    let (at_work, under_way) = mpsc::channel(1);
    let metrics = Arc::new(Metrics::default());
    let place = |account: &str, calls| Place {
        account: account.to_owned(),
        calls,
    };
    let base = "/base".to_owned();
    let door = Door {
        places: vec![
            place("a2a-uk", Calls::Network { base }),
            place("nuapay-uk", Calls::Webhooks),
        ],
        answers: stub,
        metrics: Arc::clone(&metrics),
        clock: Clock::system(),
        max_body: listener.max_body,
        patience: listener.read_timeout,
        at_work,
    };
    let mut serving = Serving {
        address: Some(address),
        operations: None,
        is_tls: tls.is_some(),
        handles: Vec::new(),
        tasks: Vec::new(),
        under_way,
    };
    serving
        .open(socket, address, inbound::router(door), tls, listener)
        .unwrap();
    (serving, metrics)
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test]
async fn a_call_reaches_the_desk_as_it_was_made(#[case] is_tls: bool) {
    let mut stage = Stage::open(is_tls);
    let client = stage.client(is_tls.then_some(&stage.ours));
    let call = client
        .post(stage.url(&format!("{PATH}?a=%20b")))
        .header("Idempotency-Key", "k1")
        .body("{\"x\": 1}");
    let reply = call.send().await.unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()["x-jws-signature"], "a..b");
    assert_eq!(reply.text().await.unwrap(), "{\"x\": 1}");
    let heard = stage.heard.recv().await.unwrap();
    assert_eq!(
        (heard.account.as_str(), heard.method.as_str()),
        ("a2a-uk", "POST")
    );
    assert_eq!(heard.target, format!("{PATH}?a=%20b"));
    assert_eq!(heard.path, "/payment-requests/1/refunds");
    assert_eq!(heard.headers["idempotency-key"], "k1");
}

#[tokio::test]
async fn without_a_certificate_of_our_roots_nothing_is_heard() {
    let mut stage = Stage::open(true);
    let (none, wrong) = (stage.client(None), stage.client(Some(&root())));
    for client in [none, wrong] {
        let reply = client.post(stage.url(PATH)).body("x").send().await;
        assert!(reply.is_err(), "{reply:?}");
    }
    assert!(stage.heard.try_recv().is_err());
}

#[rstest]
#[case("/")]
#[case("/a2a-uk")]
#[case("/a2a-uk/payment-requests/1/refunds")]
#[case("/a2a-us/base/payment-requests/1/refunds")]
#[case("/a2a-uk/base/health")]
#[case("/metrics")]
#[tokio::test]
async fn what_leads_nowhere_is_404_and_says_nothing(#[case] path: &str) {
    let mut stage = Stage::open(false);
    let reply = stage
        .client(None)
        .post(stage.url(path))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 404);
    assert_eq!(reply.text().await.unwrap(), "");
    assert!(stage.heard.try_recv().is_err());
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_in_the_callers_own_form() {
    let mut stage = Stage::open(false);
    let client = stage.client(None);
    let announced = vec![b'x'; 1025];
    let call = client.post(stage.url(PATH)).body(announced);
    let reply = call.send().await.unwrap();
    assert_eq!(reply.status(), 413);
    let text = reply.text().await.unwrap();
    assert!(text.contains(r#""ReasonCode":"STVL-9999""#), "{text}");
    let webhook = client.post(stage.url("/nuapay-uk/webhooks"));
    let reply = webhook.body(vec![b'x'; 1025]).send().await.unwrap();
    assert_eq!(
        (
            reply.status().as_u16(),
            reply.text().await.unwrap().as_str()
        ),
        (413, "")
    );
    assert!(stage.heard.try_recv().is_err());
    let fits = client.post(stage.url(PATH)).body(vec![b'x'; 1024]);
    assert_eq!(fits.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_body_in_pieces_is_counted_too() {
    let stage = Stage::open(false);
    let mut stream = stage.connect().await;
    let head = format!("POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    let piece = format!("258\r\n{}\r\n", "x".repeat(600));
    let call = format!("{head}{piece}{piece}0\r\n\r\n");
    stream.write_all(call.as_bytes()).await.unwrap();
    let mut said = [0; 12];
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"HTTP/1.1 413");
}

#[rstest]
#[case("POST /a2a-uk/base/pay", None)]
#[case(
    "POST /a2a-uk/base/payment-requests/1/refunds HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
    Some("HTTP/1.1 408")
)]
#[tokio::test]
async fn a_slow_caller_is_not_waited_for(#[case] sent: &str, #[case] answer: Option<&str>) {
    let mut stage = Stage::with(false, Duration::from_millis(200));
    let mut stream = stage.connect().await;
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    // It ends by itself, whatever it says before.
    stream.read_to_end(&mut said).await.unwrap();
    let said = String::from_utf8(said).unwrap();
    match answer {
        Some(answer) => assert!(said.starts_with(answer), "{said}"),
        None => assert!(!said.contains("200"), "{said}"),
    }
    assert!(stage.heard.try_recv().is_err());
}

#[tokio::test]
async fn a_call_without_a_greeting_is_not_waited_for_either() {
    let stage = Stage::with(true, Duration::from_millis(200));
    let mut stream = stage.connect().await;
    let mut said = Vec::new();
    let read = stream.read_to_end(&mut said).await;
    assert!(read.is_err() || said.is_empty());
}

#[tokio::test]
async fn a_replay_passes_through() {
    let mut stage = Stage::open(false);
    let client = stage.client(None);
    for _ in 0..2 {
        let call = client.post(stage.url(PATH)).header("Idempotency-Key", "k1");
        assert_eq!(call.body("same").send().await.unwrap().status(), 200);
    }
    let (first, second) = (stage.heard.recv().await, stage.heard.recv().await);
    assert_eq!(first.unwrap().body, second.unwrap().body);
}

#[tokio::test]
async fn stopping_waits_for_answers_under_way_also_of_callers_that_left() {
    let mut stage = Stage::open(false);
    stage.stub.may_answer.forget_permits(100);
    let client = stage.client(None);
    let url = stage.url(PATH);
    let waiting = tokio::spawn(client.post(&url).body("stays").send());
    stage.heard.recv().await.unwrap();
    let mut leaving = stage.connect().await;
    let call = format!("POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nleaves");
    leaving.write_all(call.as_bytes()).await.unwrap();
    stage.heard.recv().await.unwrap();
    drop(leaving);
    let mut stopping = tokio::spawn(stage.serving.stop());
    let early = tokio::time::timeout(Duration::from_millis(50), &mut stopping);
    assert!(early.await.is_err(), "two answers are under way");
    assert!(client.post(&url).send().await.is_err(), "no new calls");
    stage.stub.may_answer.add_permits(2);
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    stopping.await.unwrap();
    assert_eq!(
        stage.stub.may_answer.available_permits(),
        0,
        "both were answered"
    );
}

#[tokio::test]
async fn calls_are_counted_by_few_labels() {
    let stage = Stage::open(false);
    let client = stage.client(None);
    for path in [
        PATH,
        "/secret-name/1",
        "/a2a-uk/base/payment-requests/1/x/y/z",
    ] {
        client.post(stage.url(path)).send().await.unwrap();
    }
    let service = crate::desk::face::ServiceState {
        writes: true,
        works: true,
        next_due: None,
        counts: Default::default(),
    };
    let text = stage.metrics.text(&service, &[]);
    for line in [
        r#"refund_desk_inbound_calls_total{account="a2a-uk",kind="refund-request",status="200"} 1"#,
        r#"refund_desk_inbound_calls_total{account="none",kind="other",status="404"} 1"#,
        r#"refund_desk_inbound_calls_total{account="a2a-uk",kind="other",status="200"} 1"#,
        r#"refund_desk_inbound_answer_seconds_count{kind="refund-request"} 1"#,
        r#"refund_desk_refunds{state="unknown"} 0"#,
        "refund_desk_database_writable 1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("secret-name"), "{text}");
}

#[test]
fn a_key_that_is_none_is_named() {
    let (ours, folder) = (root(), tempfile::tempdir().unwrap());
    let files = tls_files(&ours, &folder);
    let config = |files| {
        let found = tls::config(&files, Path::new("config.toml"), &Environ::default());
        found.err().unwrap().to_string()
    };
    let mut wrong = files.clone();
    wrong.key = files.certificate.clone();
    assert!(config(wrong).starts_with("key of [listener]"));
    let mut wrong = files.clone();
    wrong.client_ca = files.key.clone();
    assert!(config(wrong).starts_with("client_ca of [listener]"));
}
