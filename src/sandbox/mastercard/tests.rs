//! The network over real mutual TLS and with real signatures, between two participants of the tests'
//! own: the desk's listener with stubs behind it, and a client.

mod refusals;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::Utc;
use reqwest::{Certificate, Client, Identity};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::keys::{self, Keys, Participant, Signer};
use super::{BANK, CREDITOR, jws};
use crate::sandbox::bench::Bench;

const PAYMENTS: &str = "\
account,payment_id,reference,amount,currency,captured_at,settled_at,payer
a2a-uk,100000000000000001,INV-1,100.00,GBP,2026-11-01T10:00:00Z,2026-11-01T10:05:00Z,Ann
a2a-uk,100000000000000002,INV-2,40.00,GBP,2026-11-01T10:00:00Z,2026-11-01T10:05:00Z,Bea
a2a-bank,100000000000000002,INV-3,40.00,GBP,2026-11-01T10:00:00Z,2026-11-01T10:05:00Z,Bea
";
const PAYMENT: &str = "100000000000000001";
const BANKED: &str = "100000000000000002";
const KEY: &str = "0f7c1c5e-9f2a-4c0e-8f6b-2f1d9a7e3c11";

/// A call that the network made.
#[derive(Clone, Debug)]
struct Heard {
    account: String,
    path: String,
    key: String,
    body: Value,
}

/// Both participants' servers, one behind each path of one listener.
struct Participants {
    signers: HashMap<&'static str, Signer>,
    network: Participant,
    heard: Mutex<mpsc::UnboundedSender<Heard>>,
    /// Calls that are answered 503 before any is answered well.
    fails: Mutex<u32>,
}

impl Participants {
    fn answer(
        &self,
        account: &str,
        path: &str,
        key: &str,
        signature: &str,
        body: &[u8],
    ) -> (u16, String, String) {
        // The real clock runs ahead of the stage's.
        jws::verify(signature, body, &self.network, Utc::now().max(noon())).unwrap();
        let asked: Value = serde_json::from_slice(body).unwrap();
        let mut fails = self.fails.lock().unwrap();
        if *fails > 0 {
            *fails -= 1;
            return (503, String::new(), String::new());
        }
        let mut answer = json!({
            "initiatingPartyId": super::calls::participant_id(account),
            "messageId": "m",
            "creationDateTime": "2026-11-21T12:00:00Z",
            "originalMessageId": asked["messageId"],
        });
        if account == BANK && path.ends_with("/refunds") {
            answer["debtorAccount"] = json!({ "accountNumber": "GB29NWBK60161331926819" });
        }
        let answer = answer.to_string();
        let signature = jws::sign(&self.signers[account], answer.as_bytes(), noon()).unwrap();
        let heard = Heard {
            account: account.to_owned(),
            path: path.to_owned(),
            key: key.to_owned(),
            body: asked,
        };
        let _ = self.heard.lock().unwrap().send(heard);
        (200, signature, answer)
    }
}

fn noon() -> chrono::DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// A sandbox with a network, and its participants.
struct Stage {
    bench: Bench,
    heard: mpsc::UnboundedReceiver<Heard>,
    participants: Arc<Participants>,
    server: tokio::task::JoinHandle<()>,
}

impl Stage {
    async fn open() -> Self {
        Self::at(Bench::new(PAYMENTS)).await
    }

    async fn at(bench: Bench) -> Self {
        let (give, heard) = mpsc::unbounded_channel();
        let signer = |name: &str| keys::signer(&bench.file(name)).unwrap();
        let network = keys::signer(&bench.file("state/mastercard/network.signing.key")).unwrap();
        let participants = Arc::new(Participants {
            signers: [CREDITOR, BANK]
                .map(|account| (account, signer(&format!("{account}.signing.key"))))
                .into(),
            network: public(&network),
            heard: Mutex::new(give),
            fails: Mutex::new(0),
        });
        let server = listen(&bench, &participants).await;
        Self {
            bench,
            heard,
            participants,
            server,
        }
    }

    async fn restarted(self) -> Self {
        self.server.abort();
        assert!(self.server.await.unwrap_err().is_cancelled());
        Self::at(self.bench.restarted()).await
    }

    fn config(&self) -> toml::Table {
        config(&self.bench)
    }

    fn client(&self, account: &str) -> Client {
        let file = |name: &str| self.bench.file(name);
        let shown =
            file(&format!("{account}.client.pem")) + &file(&format!("{account}.client.key"));
        Client::builder()
            .no_proxy()
            .identity(Identity::from_pem(shown.as_bytes()).unwrap())
            .tls_certs_only([Certificate::from_pem(file("network.ca.pem").as_bytes()).unwrap()])
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap()
    }

    fn call(&self, account: &str, path: &str, body: &Value, key: &str) -> Called {
        let base = self.config()["accounts"][account]["base_url"]
            .as_str()
            .unwrap()
            .to_owned();
        let body = body.to_string();
        let signer = &self.participants.signers[account];
        Called {
            client: self.client(account),
            url: base + path,
            headers: HashMap::from([
                ("X-Request-ID", "r1".to_owned()),
                ("X-Product-ID", "PBARFP".to_owned()),
                (
                    "X-Participant-ID",
                    super::calls::participant_id(account).to_owned(),
                ),
                ("Idempotency-Key", key.to_owned()),
                ("Content-Type", "application/json".to_owned()),
                (
                    "X-JWS-Signature",
                    jws::sign(signer, body.as_bytes(), noon()).unwrap(),
                ),
            ]),
            body,
        }
    }

    fn refund(&self, payment: &str, amount: &str, key: &str) -> Called {
        let path = format!("/payment-requests/{payment}/refunds");
        self.call(CREDITOR, &path, &refund_body(payment, amount), key)
    }

    fn confirm(&self, payment: &str, id: &str, amount: &str, key: &str) -> Called {
        let path = format!("/payment-requests/{payment}/refunds/{id}/payment-confirmations");
        self.call(
            CREDITOR,
            &path,
            &confirmation_body(payment, id, amount),
            key,
        )
    }

    async fn heard(&mut self, end: &str) -> Heard {
        loop {
            let heard = tokio::time::timeout(Duration::from_secs(20), self.heard.recv());
            let heard = heard.await.unwrap().unwrap();
            if heard.path.ends_with(end) {
                return heard;
            }
        }
    }
}

fn config(bench: &Bench) -> toml::Table {
    toml::from_str(&bench.file("config.toml")).unwrap()
}

/// Serves both participants where the configuration says that the desk listens.
async fn listen(bench: &Bench, participants: &Arc<Participants>) -> tokio::task::JoinHandle<()> {
    use axum_server::tls_rustls::RustlsConfig;
    let address = config(bench)["listener"]["address"].clone();
    let address = address.as_str().unwrap().parse().unwrap();
    let [ca, chain, key] =
        ["network.ca.pem", "listener.pem", "listener.key"].map(|name| bench.file(name));
    let config = RustlsConfig::from_config(keys::server(&ca, &chain, &key).unwrap());
    let participants = Arc::clone(participants);
    let router = axum::Router::new().fallback(async move |request: axum::extract::Request| {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 16).await.unwrap();
        let text = |name: &str| parts.headers[name].to_str().unwrap().to_owned();
        let (_, path) = parts.uri.path().split_once('/').unwrap();
        let (account, path) = path.split_once('/').unwrap();
        let (key, signature) = (text("idempotency-key"), text("x-jws-signature"));
        let path = format!("/{path}");
        let (status, signature, answer) =
            participants.answer(account, &path, &key, &signature, &body);
        let status = axum::http::StatusCode::from_u16(status).unwrap();
        (status, [("x-jws-signature", signature)], answer)
    });
    let server = axum_server::bind_rustls::<std::net::SocketAddr>(address, config);
    let handle = axum_server::Handle::new();
    let serving = server
        .handle(handle.clone())
        .serve(router.into_make_service());
    let serving = tokio::spawn(async move { serving.await.unwrap() });
    handle.listening().await.unwrap();
    serving
}

fn public(signer: &Signer) -> Participant {
    use aws_lc_rs::signature::KeyPair as _;
    Participant {
        account: "",
        kid: signer.kid.clone(),
        public: signer.key.public_key().as_ref().to_vec(),
        certificate: Vec::new(),
    }
}

/// A call about to be made, which a test may spoil.
struct Called {
    client: Client,
    url: String,
    headers: HashMap<&'static str, String>,
    body: String,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    signed: bool,
    body: Value,
}

impl Called {
    /// None: no answer that can be read.
    async fn send(self) -> Option<Reply> {
        let mut call = self.client.post(&self.url).body(self.body);
        for (name, value) in &self.headers {
            call = call.header(*name, value);
        }
        let reply = call.send().await.ok()?;
        let status = reply.status().as_u16();
        let signed = reply.headers().contains_key("x-jws-signature");
        let body = reply.bytes().await.ok()?;
        let body = match status {
            200 => serde_json::from_slice(&body).ok()?,
            _ => serde_json::from_slice(&body).unwrap_or_default(),
        };
        Some(Reply {
            status,
            signed,
            body,
        })
    }
}

fn block() -> Value {
    json!({
        "initiatingPartyId": "000645",
        "messageId": "0f7c1c5e9f2a4c0e8f6b2f1d9a7e3c11",
        "creationDateTime": "2026-11-21T11:59:00.000Z",
        "businessType": 3,
        "creditor": { "creditorId": "CAFE0001", "creditorServiceProviderId": "000645" },
    })
}

fn amount(text: &str) -> Value {
    json!({ "currency": "GBP", "value": serde_json::from_str::<Value>(text).unwrap() })
}

fn refund_body(payment: &str, text: &str) -> Value {
    let mut body = block();
    body["refund"] = json!({
        "paymentRequestLifecycleId": payment,
        "creditorRefundReference": "RF-1",
        "refundAmount": amount(text),
        "refundReason": "DUPLICATEORDER",
        "refundMethod": "FPS",
    });
    body
}

fn confirmation_body(payment: &str, id: &str, text: &str) -> Value {
    let mut body = block();
    body["paymentRequestLifecycleId"] = json!(payment);
    body["refundRequestLifecycleId"] = json!(id);
    body["status"] = json!({ "refundStatus": "APPR" });
    body["refundPaymentConfirmation"] = json!({
        "refundpaymentReference": "FPS0000001",
        "clearingSystem": "FPS",
        "refundAmount": amount(text),
    });
    body
}

fn id_of(reply: &Reply) -> String {
    let refund = &reply.body["refund"];
    assert_eq!(refund["refundRequestStatus"], "INPR");
    refund["refundRequestLifecycleId"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_refund_is_taken_in_advised_and_money_once_it_is_confirmed() {
    let mut stage = Stage::open().await;
    let reply = stage.refund(PAYMENT, "12.34", KEY).send().await.unwrap();
    assert!(reply.signed && reply.status == 200, "{reply:?}");
    assert_eq!(reply.body["originalMessageId"], block()["messageId"]);
    let id = id_of(&reply);
    let advice = stage.heard("/advices").await;
    assert_eq!(advice.account, CREDITOR);
    assert_eq!(
        advice.path,
        format!("/payment-requests/{PAYMENT}/refunds/{id}/advices")
    );
    let account = &advice.body["debtorAccount"];
    assert_eq!(account["accountName"], "Ann");
    assert!(account["accountNumber"].as_str().unwrap().len() >= 14);
    assert_eq!(stage.bench.payouts().len(), 0);
    let other = uuid::Uuid::now_v7().to_string();
    let wrong = stage
        .confirm(PAYMENT, &id, "12.35", &other)
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status, 400);
    let first = stage
        .confirm(PAYMENT, &id, "12.34", &other)
        .send()
        .await
        .unwrap();
    let second = stage
        .confirm(PAYMENT, &id, "12.34", &other)
        .send()
        .await
        .unwrap();
    assert!(first.signed && first.status == 200);
    assert_eq!(first.body, second.body);
    let book = stage.bench.payouts();
    assert_eq!(book.len(), 1);
    assert_eq!(
        (&book[0]["payment_id"], &book[0]["amount"]),
        (&PAYMENT.into(), &"12.34".into())
    );
    assert_eq!(book[0]["correlation"], "RF-1");
    assert_eq!(book[0]["provider_refund_id"], id.as_str());
}

#[rstest]
#[case("10.02", false)]
#[case("10.03", false)]
#[case("10.08", true)]
#[case("10.09", false)]
#[tokio::test]
async fn after_a_fault_the_same_key_goes_on(#[case] amount: &str, #[case] is_heard: bool) {
    let mut stage = Stage::open().await;
    let lost = stage.refund(PAYMENT, amount, KEY).send().await;
    assert_eq!(lost.map(|it| it.status), is_heard.then_some(503));
    let reply = stage.refund(PAYMENT, amount, KEY).send().await.unwrap();
    assert_eq!(id_of(&reply), "200000000000000001");
    let again = stage.refund(PAYMENT, amount, KEY).send().await.unwrap();
    assert_eq!(reply.body, again.body);
    assert!(
        stage
            .heard("/advices")
            .await
            .path
            .contains("200000000000000001")
    );
}

#[tokio::test]
async fn a_key_belongs_to_one_body_also_after_a_restart() {
    let stage = Stage::open().await;
    let first = stage.refund(PAYMENT, "10.04", KEY).send().await.unwrap();
    let stage = stage.restarted().await;
    let same = stage.refund(PAYMENT, "10.04", KEY).send().await.unwrap();
    assert_eq!(first.body, same.body);
    let other = stage.refund(PAYMENT, "11.04", KEY).send().await.unwrap();
    assert_eq!(other.status, 400);
    let spent = stage
        .refund(PAYMENT, "90.00", &KEY.replace('0', "1"))
        .send()
        .await
        .unwrap();
    assert_eq!(spent.status, 400, "10.04 of 100.00 is taken");
}

#[tokio::test]
async fn an_advice_is_delivered_until_it_is_answered() {
    let mut stage = Stage::open().await;
    *stage.participants.fails.lock().unwrap() = 2;
    let reply = stage.refund(PAYMENT, "10.00", KEY).send().await.unwrap();
    let id = id_of(&reply);
    let first = stage.heard("/advices").await;
    assert!(first.path.contains(&id));
    assert_eq!(*stage.participants.fails.lock().unwrap(), 0);
}

#[tokio::test]
async fn the_payers_own_bank_gives_the_account_and_hears_the_end() {
    let mut stage = Stage::open().await;
    let reply = stage.refund(BANKED, "10.00", KEY).send().await.unwrap();
    let id = id_of(&reply);
    let asked = stage.heard("/refunds").await;
    assert_eq!(asked.account, BANK);
    assert_eq!(asked.body["refund"]["refundAmount"]["value"], json!(10.00));
    assert_eq!(asked.body["refundRequestLifecycleId"], id.as_str());
    let advice = stage.heard("/advices").await;
    let number = &advice.body["debtorAccount"]["accountNumber"];
    assert_eq!(number, "GB29NWBK60161331926819");
    let key = uuid::Uuid::now_v7().to_string();
    stage
        .confirm(BANKED, &id, "10.00", &key)
        .send()
        .await
        .unwrap();
    let confirmed = stage.heard("/payment-confirmations").await;
    assert_eq!(
        (
            confirmed.account.as_str(),
            &confirmed.body["status"]["refundStatus"]
        ),
        (BANK, &"APPR".into())
    );
    // The bank asks how it stands, and the creditor's side is asked in turn.
    let mut body = block();
    body["initiatingPartyId"] = json!("000545");
    body["paymentRequestLifecycleId"] = json!(BANKED);
    body["refundRequestLifecycleId"] = json!(id);
    body["debtor"] = json!({ "debtorId": "D1", "debtorServiceProviderId": "000545" });
    let path = format!("/payment-requests/{BANKED}/refunds/{id}/status-retrievals");
    let reply = stage.call(BANK, &path, &body, KEY).send().await.unwrap();
    assert_eq!(reply.body["retrievalRequestStatus"], "WFPC");
    assert!(!reply.signed);
    let asked = stage.heard("/status-retrievals").await;
    let retrieval = &reply.body["refundRequestStatusRetrievalLifecycleId"];
    assert_eq!(
        &asked.body["refundRequestStatusRetrievalLifecycleId"],
        retrieval
    );
    let mut again = confirmation_body(BANKED, &id, "10.00");
    again["refundRequestStatusRetrievalLifecycleId"] = retrieval.clone();
    let path = format!("/payment-requests/{BANKED}/refunds/{id}/payment-confirmations");
    let key = uuid::Uuid::now_v7().to_string();
    let reply = stage
        .call(CREDITOR, &path, &again, &key)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status, 200);
    loop {
        let told = stage.heard("/payment-confirmations").await;
        if &told.body["refundRequestStatusRetrievalLifecycleId"] == retrieval {
            break;
        }
        assert_eq!(told.key, confirmed.key, "the first one, twice");
    }
    assert_eq!(stage.bench.payouts().len(), 1);
}

#[tokio::test]
async fn what_ends_in_05_comes_back_after_its_confirmation() {
    let mut stage = Stage::open().await;
    let reply = stage.refund(PAYMENT, "20.05", KEY).send().await.unwrap();
    let id = id_of(&reply);
    stage.heard("/advices").await;
    let key = uuid::Uuid::now_v7().to_string();
    stage
        .confirm(PAYMENT, &id, "20.05", &key)
        .send()
        .await
        .unwrap();
    let statement = stage
        .bench
        .file(&format!("state/statements/camt054-return-{id}.xml"));
    for part in ["<EndToEndId>FPS0000001<", "\"GBP\">20.05<", "CRDT", "AC04"] {
        assert!(statement.contains(part), "{statement}");
    }
}

#[tokio::test]
async fn nobody_calls_with_another_participants_certificate_or_none() {
    let stage = Stage::open().await;
    let mut call = stage.refund(PAYMENT, "10.00", KEY);
    call.client = stage.client(BANK);
    assert_eq!(call.send().await.unwrap().status, 401);
    let mut call = stage.refund(PAYMENT, "10.00", KEY);
    call.client = Client::builder()
        .no_proxy()
        .tls_danger_accept_invalid_certs(true)
        .build()
        .unwrap();
    assert!(call.send().await.is_none());
}

#[test]
fn keys_are_kept_and_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let folders = keys::Folders {
        given: &folder.path().join("given"),
        kept: &folder.path().join("kept"),
    };
    let first = Keys::open(&folders).unwrap().network.kid;
    assert_eq!(Keys::open(&folders).unwrap().network.kid, first);
    for part in ["given", "kept"] {
        let entries = folder.path().join(part).read_dir().unwrap();
        let files: Vec<PathBuf> = entries.map(|it| it.unwrap().path()).collect();
        assert!(files.len() > 4);
        for file in files {
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", file.display());
        }
    }
}
