//! The simulator over real loopback HTTP, with a client of the tests' own.

mod calls;
mod captures;
mod outcomes;
mod rules;

use std::fs;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use chrono::{DateTime, Utc};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::clock::Clock;
use crate::sandbox::{Options, Running, start};

const REFUNDS: &str = "/ch/payments/v1/refunds";
const INQUIRY: &str = "/ch/payments/v1/transaction-inquiry";

const PAYMENTS: &str = "\
account,payment_id,reference,amount,currency,captured_at,settled_at,order,last4,scheme
hub-us,charge-1,INV-1,100.00,USD,2026-11-01T10:00:00Z,2026-11-02T10:00:00Z,SO-1,4242,visa
hub-us,charge-2,INV-2,40.00,USD,2026-11-20T10:00:00Z,,SO-1,4242,visa
hub-us,charge-old,INV-3,40.00,USD,2025-11-21T10:00:00Z,2025-11-22T10:00:00Z,SO-3,4242,visa
prism-us,pi_1,INV-4,40.00,USD,2026-11-01T10:00:00Z,2026-11-02T10:00:00Z,SO-4,4242,visa
";

/// A sandbox in a folder of its own, and what a desk needs to call it.
struct Bench {
    folder: TempDir,
    clock: Clock,
    running: Running,
    http: reqwest::Client,
    api_key: String,
    api_secret: String,
}

/// What came back: the status, and the body where it is JSON.
#[derive(Debug, PartialEq)]
struct Reply {
    status: u16,
    body: Value,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("payments.csv"), PAYMENTS).unwrap();
        let now: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().unwrap();
        Self::in_folder(folder, Clock::manual(now))
    }

    fn in_folder(folder: TempDir, clock: Clock) -> Self {
        let at = |name: &str| folder.path().join(name);
        let options = Options {
            port: 0,
            payments: vec![at("payments.csv")],
            seeded_payments: 0,
            settlement_to: None,
            config_to: Some(at("config.toml")),
            book: at("book.jsonl"),
            state: at("state"),
        };
        let running = start(&options, &clock).unwrap();
        Self {
            api_key: fs::read_to_string(at("hub-us.key")).unwrap(),
            api_secret: fs::read_to_string(at("hub-us.secret")).unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            folder,
            clock,
            running,
        }
    }

    fn restarted(self) -> Self {
        self.running.stop();
        Self::in_folder(self.folder, self.clock)
    }

    /// A signed call. `id` is the `Client-Request-Id`.
    fn call(&self, path: &str, id: &str, body: &str) -> RequestBuilder {
        let timestamp = self.clock.now().timestamp_millis().to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.api_secret.as_bytes());
        let text = format!("{}{id}{timestamp}{body}", self.api_key);
        let url = format!("http://{}{path}", self.running.address());
        self.http
            .post(url)
            .timeout(Duration::from_secs(10))
            .header("Content-Type", "application/json")
            .header("Api-Key", &self.api_key)
            .header("Client-Request-Id", id)
            .header("Timestamp", timestamp)
            .header("Auth-Token-Type", "HMAC")
            .header(
                "Authorization",
                BASE64_STANDARD.encode(hmac::sign(&key, text.as_bytes())),
            )
            .body(body.to_owned())
    }

    /// `None` if the connection ended without a reply.
    async fn post(&self, path: &str, id: &str, body: &str) -> Option<Reply> {
        let reply = self.call(path, id, body).send().await.ok()?;
        let status = reply.status().as_u16();
        let text = reply.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Some(Reply { status, body })
    }

    /// Asks for a refund of the first charge, by a new request.
    async fn refund(&self, name: &str, total: &str) -> Option<Reply> {
        self.post(
            REFUNDS,
            &format!("request of {name}"),
            &refund_of("charge-1", name, total),
        )
        .await
    }

    async fn inquire(&self, reference: Value) -> Reply {
        let body = json!({
            "referenceTransactionDetails": reference,
            "merchantDetails": { "merchantId": "100000000000001" },
        });
        self.post(INQUIRY, "inquiry", &body.to_string())
            .await
            .unwrap()
    }

    /// The states that one inquiry after another shows of a refund.
    async fn states(&self, name: &str, looks: usize) -> Vec<String> {
        let mut states = Vec::new();
        for _ in 0..looks {
            let reply = self
                .inquire(json!({ "referenceMerchantTransactionId": name }))
                .await;
            let state = &reply.body[0]["gatewayResponse"]["transactionState"];
            states.push(state.as_str().unwrap_or("none").to_owned());
        }
        states
    }

    /// The amounts in the book for a refund.
    fn paid(&self, name: &str) -> Vec<String> {
        let lines: Vec<Value> = self
            .book()
            .lines()
            .map(|it| serde_json::from_str(it).unwrap())
            .collect();
        let ours = lines.iter().filter(|line| line["correlation"] == name);
        ours.map(|line| line["amount"].as_str().unwrap().to_owned())
            .collect()
    }

    fn book(&self) -> String {
        fs::read_to_string(self.folder.path().join("book.jsonl")).unwrap()
    }
}

fn refund_of(charge: &str, name: &str, total: &str) -> String {
    format!(
        r#"{{"referenceTransactionDetails":{{"referenceTransactionId":"{charge}"}},"amount":{{"total":{total},"currency":"USD"}},"transactionDetails":{{"captureFlag":true,"merchantTransactionId":"{name}"}},"merchantDetails":{{"merchantId":"100000000000001","terminalId":"10000001"}}}}"#
    )
}

fn state(reply: &Reply) -> &str {
    reply.body["gatewayResponse"]["transactionState"]
        .as_str()
        .unwrap_or("none")
}

/// The code of a refusal, in whichever of the three places it is.
fn code(reply: &Reply) -> &str {
    let lists = [
        &reply.body["error"],
        &reply.body["errorResponse"]["error"],
        &reply.body["gatewayResponse"]["error"],
    ];
    let code = lists.into_iter().find_map(|list| list[0]["code"].as_str());
    code.unwrap_or("none")
}
