//! The simulator over real loopback HTTP, with a client of the tests' own.

use std::fs;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::clock::Clock;
use crate::sandbox::{Options, Running, start};

const PAYMENTS: &str = "\
account,payment_id,reference,amount,currency,captured_at,settled_at,last4,payer
nuapay-uk,pay-1,INV-1,100.00,GBP,2026-11-01T10:00:00Z,2026-11-01T10:05:00Z,4242,Ann
nuapay-uk,pay-new,INV-2,40.00,GBP,2026-11-20T10:00:00Z,,4242,Ann
nuapay-uk,pay-old,INV-3,40.00,GBP,2025-05-30T10:00:00Z,2025-05-30T11:00:00Z,4242,Ann
nuapay-eu,pay-1,INV-4,40.00,EUR,2026-11-01T10:00:00Z,2026-11-02T10:00:00Z,4242,Bea
";
const REFUNDS: &str = "/tpp/payments/pay-1/refunds";

/// A sandbox in a folder of its own, and what a desk needs to call it.
struct Bench {
    folder: TempDir,
    clock: Clock,
    running: Running,
    http: reqwest::Client,
    key: String,
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
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse().unwrap());
        Self::in_folder(folder, clock)
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
            key: fs::read_to_string(at("nuapay-uk.key")).unwrap(),
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

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}/nuapay{path}", self.running.address());
        let call = self.http.request(method, url);
        call.timeout(Duration::from_secs(10))
    }

    async fn answer(call: RequestBuilder) -> Option<Reply> {
        let reply = call.send().await.ok()?;
        let status = reply.status().as_u16();
        let text = reply.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Some(Reply { status, body })
    }

    async fn get(&self, path: &str) -> Reply {
        let call = self.call(Method::GET, path);
        let call = call.basic_auth(&self.key, Some(""));
        Self::answer(call).await.unwrap()
    }

    /// Asks for a refund of the first payment.
    async fn refund(&self, name: &str, body: &str) -> Option<Reply> {
        let call = self
            .call(Method::POST, REFUNDS)
            .basic_auth(&self.key, Some(""))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", format!("key of {name}"))
            .body(body.to_owned());
        Self::answer(call).await
    }

    async fn states(&self, looks: usize) -> Vec<String> {
        let mut states = Vec::new();
        for _ in 0..looks {
            let reply = self.get(&format!("{REFUNDS}/rfd0000001")).await;
            states.push(text(&reply.body["data"]["status"]));
        }
        states
    }

    fn book(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("book.jsonl")).unwrap();
        text.lines()
            .map(|it| serde_json::from_str(it).unwrap())
            .collect()
    }

    async fn token(&self, scopes: Value, seconds: Value) -> Reply {
        let body = json!({ "scopes": scopes, "expiresIn": seconds });
        let call = self.call(Method::POST, "/tokens");
        let call = call.basic_auth(&self.key, Some("")).body(body.to_string());
        Self::answer(call).await.unwrap()
    }

    async fn with_token(&self, token: &str, path: &str) -> u16 {
        let call = self.call(Method::GET, path).bearer_auth(token);
        Self::answer(call).await.unwrap().status
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("none").to_owned()
}

fn of(amount: &str, reference: &str) -> String {
    format!(
        r#"{{"refundAmount":{amount},"currency":"GBP","endToEndIdentification":"{reference}"}}"#
    )
}

#[tokio::test]
async fn an_ordinary_refund_is_pending_and_ends_at_its_second_look() {
    let bench = Bench::new();
    let reply = bench.refund("a", &of("12.34", "RD1")).await.unwrap();
    assert_eq!(reply.status, 201);
    let data = &reply.body["data"];
    assert_eq!(reply.body["uri"], "/payments/pay-1/refunds/rfd0000001");
    assert_eq!(
        (&data["status"], &data["refundAmount"]),
        (&"REFUND_PENDING".into(), &json!(12.34))
    );
    assert_eq!(bench.states(1).await, ["REFUND_PENDING"]);
    let bench = bench.restarted();
    assert_eq!(bench.states(2).await, ["REFUND_COMPLETE"; 2]);
    let book = bench.book();
    assert_eq!(book.len(), 1);
    assert_eq!(
        (&book[0]["account"], &book[0]["correlation"]),
        (&"nuapay-uk".into(), &"RD1".into())
    );
    assert_eq!(
        (&book[0]["amount"], &book[0]["currency"]),
        (&"12.34".into(), &"GBP".into())
    );
}

#[rstest]
#[case("12.01", Some(201), &["REFUND_PENDING", "REFUND_REJECTED"], &[])]
#[case("12.02", None, &["REFUND_PENDING", "REFUND_COMPLETE"], &["12.02"])]
#[case("12.04", Some(201), &["REFUND_PENDING", "REFUND_PENDING"], &["12.04"])]
#[case("12.05", Some(201), &["REFUND_PENDING", "REFUND_COMPLETE"], &["12.05"])]
#[case("12.06", Some(201), &["REFUND_PENDING", "REFUND_COMPLETE"], &["13.06"])]
#[case("12.09", Some(200), &["REFUND_PENDING", "REFUND_COMPLETE"], &["12.09"])]
#[tokio::test]
async fn cents_choose_what_becomes_of_a_refund(
    #[case] amount: &str,
    #[case] status: Option<u16>,
    #[case] states: &[&str],
    #[case] paid: &[&str],
) {
    let bench = Bench::new();
    let reply = bench.refund("a", &of(amount, "RD1")).await;
    assert_eq!(reply.map(|it| it.status), status);
    assert_eq!(bench.states(2).await, states);
    let book = bench.book();
    let booked: Vec<String> = book.iter().map(|it| text(&it["amount"])).collect();
    assert_eq!(booked, paid);
}

#[rstest]
#[case("12.03", None)]
#[case("12.07", Some(429))]
#[case("12.08", Some(503))]
#[tokio::test]
async fn a_fault_before_acceptance_strikes_once_per_refund(
    #[case] amount: &str,
    #[case] status: Option<u16>,
) {
    let bench = Bench::new();
    let (first, second) = (
        "RD03EV3RV5TRK3JSF7I07JS13I9R001",
        "RD03EV3RV5TRK3JSF7I07JS13I9R002",
    );
    let struck = bench.refund("a", &of(amount, first)).await;
    assert_eq!(struck.map(|it| it.status), status);
    assert_eq!(bench.get(REFUNDS).await.body["data"], json!([]));
    let bench = bench.restarted();
    // Another attempt of the same refund.
    let reply = bench.refund("b", &of(amount, second)).await.unwrap();
    assert_eq!((reply.status, bench.book().len()), (201, 1));
}

#[tokio::test]
async fn the_same_key_pays_once_and_another_request_under_it_is_refused() {
    let bench = Bench::new();
    let first = bench.refund("a", &of("12.34", "RD1")).await.unwrap();
    let again = bench.refund("a", &of("12.34", "RD1")).await.unwrap();
    assert_eq!(again, first);
    let other = bench.refund("a", &of("12.35", "RD1")).await.unwrap();
    assert_eq!(other.status, 422);
    assert!(other.body["details"].is_array());
    assert_eq!(bench.book().len(), 1);
    bench.clock.advance(Duration::from_hours(25));
    let later = bench.refund("a", &of("12.34", "RD1")).await.unwrap();
    assert_eq!((later.status, bench.book().len()), (201, 2));
}

#[rstest]
#[case("/tpp/payments/pay-1/refunds", "100.01", 422)]
#[case("/tpp/payments/pay-new/refunds", "1.00", 422)]
#[case("/tpp/payments/pay-old/refunds", "1.00", 422)]
#[case("/tpp/payments/elsewhere/refunds", "1.00", 404)]
#[case("/tpp/payments/pay-1/refunds", "\"1.00\"", 400)]
#[tokio::test]
async fn what_breaks_a_rule_is_refused(
    #[case] path: &str,
    #[case] amount: &str,
    #[case] status: u16,
) {
    let bench = Bench::new();
    let call = bench
        .call(Method::POST, path)
        .basic_auth(&bench.key, Some(""));
    let body = of(amount, "RD1");
    let json = call
        .try_clone()
        .unwrap()
        .header("Content-Type", "application/json");
    let reply = Bench::answer(json.body(body.clone())).await.unwrap();
    assert_eq!(reply.status, status);
    assert!(reply.body.get("returnCode").is_some());
    let no_json = Bench::answer(call.body(body)).await.unwrap();
    assert_eq!(no_json.status, 415);
    assert!(bench.book().is_empty());
}

#[tokio::test]
async fn tokens_say_what_they_may_do_and_end() {
    let bench = Bench::new();
    let refused = bench.token(json!([]), json!(900)).await;
    assert_eq!(refused.status, 400);
    assert_eq!(bench.token(json!(["x"]), json!(9)).await.status, 400);
    let made = bench.token(json!(["openbanking_pisp"]), json!(900)).await;
    assert_eq!(
        (made.status, &made.body["data"]["tokenType"]),
        (201, &"BEARER".into())
    );
    let token = text(&made.body["data"]["accessToken"]);
    assert_eq!(bench.with_token(&token, "/tpp/payments/pay-1").await, 200);
    assert_eq!(bench.with_token(&token, REFUNDS).await, 403);
    assert_eq!(bench.with_token(&format!("{token}x"), REFUNDS).await, 401);
    let bench = bench.restarted();
    assert_eq!(bench.with_token(&token, "/tpp/payments/pay-1").await, 200);
    bench.clock.advance(Duration::from_secs(900));
    assert_eq!(bench.with_token(&token, "/tpp/payments/pay-1").await, 401);
    let none = Bench::answer(bench.call(Method::GET, REFUNDS))
        .await
        .unwrap();
    assert_eq!(none.status, 401);
}

#[tokio::test]
async fn one_merchant_does_not_see_the_others_payments() {
    let bench = Bench::new();
    let payment = bench.get("/tpp/payments/pay-1").await;
    assert_eq!(payment.body["data"]["currency"], "GBP");
    let listed = bench.get("/tpp/payments").await;
    let ids: Vec<String> = listed.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| text(&it["id"]))
        .collect();
    // The old one is outside of the last 30 days, which is all that is shown unasked.
    assert_eq!(ids, ["pay-1", "pay-new"]);
}

#[rstest]
#[case("", 200, 2)]
#[case("?paymentstatus=PAYMENT_RECEIVED", 200, 1)]
#[case(
    "?paymentstatus=PAYMENT_RECEIVED&paymentstatus=SETTLEMENT_COMPLETE",
    200,
    2
)]
#[case("?paymentStatus=PAYMENT_RECEIVED", 200, 2)]
#[case("?paymentstatus=PAYMENT_RECEIVED,PENDING", 400, 0)]
#[case(
    "?fromdatetime=2025-05-20T00:00:00&todatetime=2025-06-19T00:00:00",
    200,
    1
)]
#[case(
    "?fromdatetime=2025-05-20T00:00:00&todatetime=2025-06-19T00:00:01",
    400,
    0
)]
#[case(
    "?fromdatetime=2025-05-20T00:00:00Z&todatetime=2025-06-19T00:00:00Z",
    400,
    0
)]
#[case("?fromdatetime=2026-11-20T00:00:00", 400, 0)]
#[case("?pagesize=1&pagenumber=2", 200, 1)]
#[case("?pagesize=1&pagenumber=3", 200, 0)]
#[case("?pagesize=101", 400, 0)]
#[case("?pagenumber=0", 400, 0)]
#[tokio::test]
async fn lists_have_windows_and_pages(
    #[case] query: &str,
    #[case] status: u16,
    #[case] count: usize,
) {
    let bench = Bench::new();
    let reply = bench.get(&format!("/tpp/payments{query}")).await;
    assert_eq!(reply.status, status, "{reply:?}");
    let data = reply.body["data"].as_array();
    assert_eq!(data.map_or(0, Vec::len), count);
}

#[tokio::test]
async fn the_history_tells_when_the_money_came_in() {
    let bench = Bench::new();
    let history = bench.get("/tpp/payments/pay-1/history").await;
    let last = history.body["data"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(last["status"], "PAYMENT_RECEIVED");
    assert_eq!(last["createDateTime"], "2026-11-01T10:05:00.00Z");
}
