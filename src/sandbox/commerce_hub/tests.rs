//! The simulator over real loopback HTTP, with a client of the tests' own.

mod calls;
mod captures;
mod outcomes;
mod rules;

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::sandbox::bench::{Bench, Reply, answer};

const REFUNDS: &str = "/ch/payments/v1/refunds";
const INQUIRY: &str = "/ch/payments/v1/transaction-inquiry";

const PAYMENTS: &str = "\
account,payment_id,reference,amount,currency,captured_at,settled_at,order,last4,scheme
hub-us,charge-1,INV-1,100.00,USD,2026-11-01T10:00:00Z,2026-11-02T10:00:00Z,SO-1,4242,visa
hub-us,charge-2,INV-2,40.00,USD,2026-11-20T10:00:00Z,,SO-1,4242,visa
hub-us,charge-old,INV-3,40.00,USD,2025-11-21T10:00:00Z,2025-11-22T10:00:00Z,SO-3,4242,visa
prism-us,pi_1,INV-4,40.00,USD,2026-11-01T10:00:00Z,2026-11-02T10:00:00Z,SO-4,4242,visa
";

/// A sandbox, and what a merchant signs with.
struct Shop {
    bench: Bench,
    api_key: String,
    api_secret: String,
}

impl Shop {
    fn open() -> Self {
        Self::at(Bench::new(PAYMENTS))
    }

    fn at(bench: Bench) -> Self {
        Self {
            api_key: bench.file("hub-us.key"),
            api_secret: bench.file("hub-us.secret"),
            bench,
        }
    }

    fn restarted(self) -> Self {
        Self::at(self.bench.restarted())
    }

    /// A signed call. `id` is the `Client-Request-Id`.
    fn call(&self, path: &str, id: &str, body: &str) -> RequestBuilder {
        let timestamp = self.bench.clock.now().timestamp_millis().to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.api_secret.as_bytes());
        let text = format!("{}{id}{timestamp}{body}", self.api_key);
        self.bench
            .call(Method::POST, path)
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

    async fn post(&self, path: &str, id: &str, body: &str) -> Option<Reply> {
        answer(self.call(path, id, body)).await
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
        let lines = self.bench.payouts();
        let ours = lines.iter().filter(|line| line["correlation"] == name);
        ours.map(|line| line["amount"].as_str().unwrap().to_owned())
            .collect()
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
