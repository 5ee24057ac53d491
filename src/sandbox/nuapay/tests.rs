//! The simulator over real loopback HTTP, with a client of the tests' own.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use rstest::rstest;
use serde_json::{Value, json};

use crate::sandbox::bench::{Bench, Reply, answer};

const PAYMENTS: &str = "\
account,payment_id,reference,amount,currency,captured_at,settled_at,last4,payer
nuapay-uk,pay-1,INV-1,100.00,GBP,2026-11-01T10:00:00Z,2026-11-01T10:05:00Z,4242,Ann
nuapay-uk,pay-new,INV-2,40.00,GBP,2026-11-20T10:00:00Z,,4242,Ann
nuapay-uk,pay-old,INV-3,40.00,GBP,2025-05-30T10:00:00Z,2025-05-30T11:00:00Z,4242,Ann
nuapay-uk,pay-odd,INV-5,40.00,GBP,2026-10-01T10:00:00Z,soon,4242,Ann
nuapay-eu,pay-1,INV-4,40.00,EUR,2026-11-01T10:00:00Z,2026-11-02T10:00:00Z,4242,Bea
";
const REFUNDS: &str = "/tpp/payments/pay-1/refunds";

/// A sandbox, and the key of one of its merchants.
struct Shop {
    bench: Bench,
    key: String,
}

impl Shop {
    fn open() -> Self {
        Self::at(Bench::new(PAYMENTS))
    }

    fn at(bench: Bench) -> Self {
        let key = bench.file("nuapay-uk.key");
        Self { bench, key }
    }

    fn restarted(self) -> Self {
        Self::at(self.bench.restarted())
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.bench.call(method, &format!("/nuapay{path}"))
    }

    async fn get(&self, path: &str) -> Reply {
        let call = self.call(Method::GET, path);
        let call = call.basic_auth(&self.key, Some(""));
        answer(call).await.unwrap()
    }

    /// Asks for a refund of the first payment.
    async fn refund(&self, name: &str, body: &str) -> Option<Reply> {
        let call = self
            .call(Method::POST, REFUNDS)
            .basic_auth(&self.key, Some(""))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", format!("key of {name}"))
            .body(body.to_owned());
        answer(call).await
    }

    async fn states(&self, looks: usize) -> Vec<String> {
        let mut states = Vec::new();
        for _ in 0..looks {
            let reply = self.get(&format!("{REFUNDS}/rfd0000001")).await;
            states.push(text(&reply.body["data"]["status"]));
        }
        states
    }

    async fn token(&self, scopes: Value, seconds: Value) -> Reply {
        self.token_at("/tokens", scopes, seconds).await
    }

    async fn token_at(&self, path: &str, scopes: Value, seconds: Value) -> Reply {
        let body = json!({ "scopes": scopes, "expiresIn": seconds });
        let call = self.call(Method::POST, path);
        let call = call.basic_auth(&self.key, Some("")).body(body.to_string());
        answer(call).await.unwrap()
    }

    async fn with_token(&self, token: &str, path: &str) -> u16 {
        let call = self.call(Method::GET, path).bearer_auth(token);
        answer(call).await.unwrap().status
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
    let shop = Shop::open();
    let reply = shop.refund("a", &of("12.34", "RD1")).await.unwrap();
    assert_eq!(reply.status, 201);
    let data = &reply.body["data"];
    assert_eq!(reply.body["uri"], "/payments/pay-1/refunds/rfd0000001");
    assert_eq!(
        (&data["status"], &data["refundAmount"]),
        (&"REFUND_PENDING".into(), &json!(12.34))
    );
    assert_eq!(shop.states(1).await, ["REFUND_PENDING"]);
    let shop = shop.restarted();
    assert_eq!(shop.states(2).await, ["REFUND_COMPLETE"; 2]);
    let book = shop.bench.payouts();
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
    let shop = Shop::open();
    let reply = shop.refund("a", &of(amount, "RD1")).await;
    assert_eq!(reply.map(|it| it.status), status);
    assert_eq!(shop.states(2).await, states);
    let book = shop.bench.payouts();
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
    let shop = Shop::open();
    let (first, second) = (
        "RD03EV3RV5TRK3JSF7I07JS13I9R001",
        "RD03EV3RV5TRK3JSF7I07JS13I9R002",
    );
    let struck = shop.refund("a", &of(amount, first)).await;
    assert_eq!(struck.map(|it| it.status), status);
    assert_eq!(shop.get(REFUNDS).await.body["data"], json!([]));
    let shop = shop.restarted();
    // Another attempt of the same refund.
    let reply = shop.refund("b", &of(amount, second)).await.unwrap();
    assert_eq!((reply.status, shop.bench.payouts().len()), (201, 1));
}

#[tokio::test]
async fn the_same_key_pays_once_and_another_request_under_it_is_refused() {
    let shop = Shop::open();
    let first = shop.refund("a", &of("12.34", "RD1")).await.unwrap();
    let again = shop.refund("a", &of("12.34", "RD1")).await.unwrap();
    assert_eq!(again, first);
    let other = shop.refund("a", &of("12.35", "RD1")).await.unwrap();
    assert_eq!(other.status, 422);
    assert!(other.body["details"].is_array());
    assert_eq!(shop.bench.payouts().len(), 1);
    shop.bench.clock.advance(Duration::from_hours(25));
    let later = shop.refund("a", &of("12.34", "RD1")).await.unwrap();
    assert_eq!((later.status, shop.bench.payouts().len()), (201, 2));
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
    let shop = Shop::open();
    let call = shop
        .call(Method::POST, path)
        .basic_auth(&shop.key, Some(""));
    let body = of(amount, "RD1");
    let json = call
        .try_clone()
        .unwrap()
        .header("Content-Type", "application/json");
    let reply = answer(json.body(body.clone())).await.unwrap();
    assert_eq!(reply.status, status);
    assert!(reply.body.get("returnCode").is_some());
    let no_json = answer(call.body(body)).await.unwrap();
    assert_eq!(no_json.status, 415);
    assert!(shop.bench.payouts().is_empty());
}

#[tokio::test]
async fn tokens_say_what_they_may_do_and_end() {
    let shop = Shop::open();
    let refused = shop.token(json!([]), json!(900)).await;
    assert_eq!(refused.status, 400);
    assert_eq!(shop.token(json!(["x"]), json!(9)).await.status, 400);
    let made = shop.token(json!(["openbanking_pisp"]), json!(900)).await;
    assert_eq!(
        (made.status, &made.body["data"]["tokenType"]),
        (201, &"BEARER".into())
    );
    let token = text(&made.body["data"]["accessToken"]);
    assert_eq!(shop.with_token(&token, "/tpp/payments/pay-1").await, 200);
    assert_eq!(shop.with_token(&token, REFUNDS).await, 403);
    assert_eq!(shop.with_token(&format!("{token}x"), REFUNDS).await, 401);
    let shop = shop.restarted();
    assert_eq!(shop.with_token(&token, "/tpp/payments/pay-1").await, 200);
    shop.bench.clock.advance(Duration::from_secs(900));
    assert_eq!(shop.with_token(&token, "/tpp/payments/pay-1").await, 401);
    let none = answer(shop.call(Method::GET, REFUNDS)).await.unwrap();
    assert_eq!(none.status, 401);
}

/// Its own key may do nothing else.
#[tokio::test]
async fn a_partner_gets_the_token_of_the_merchant_it_names() {
    let mut shop = Shop::open();
    let organisation = "/organisations/org0000001/tokens";
    let scopes = || json!(["openbanking_pisp"]);
    let merchant = shop.token_at(organisation, scopes(), json!(900)).await;
    assert_eq!(merchant.status, 403);
    shop.key = shop.bench.file("nuapay-partner.key");
    assert_eq!(shop.token(scopes(), json!(900)).await.status, 403);
    assert_eq!(shop.get("/tpp/payments/pay-1").await.status, 403);
    let elsewhere = "/organisations/org0000009/tokens";
    let unknown = shop.token_at(elsewhere, scopes(), json!(900)).await;
    assert_eq!(unknown.status, 404);
    let made = shop.token_at(organisation, scopes(), json!(900)).await;
    let token = text(&made.body["data"]["accessToken"]);
    assert_eq!(shop.with_token(&token, "/tpp/payments/pay-new").await, 200);
    shop.key = "nobody".to_owned();
    let nobody = shop.token_at(organisation, scopes(), json!(900)).await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn one_merchant_does_not_see_the_others_payments() {
    let shop = Shop::open();
    let payment = shop.get("/tpp/payments/pay-1").await;
    assert_eq!(payment.body["data"]["currency"], "GBP");
    let listed = shop.get("/tpp/payments").await;
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
    let shop = Shop::open();
    let reply = shop.get(&format!("/tpp/payments{query}")).await;
    assert_eq!(reply.status, status, "{reply:?}");
    let data = reply.body["data"].as_array();
    assert_eq!(data.map_or(0, Vec::len), count);
}

/// What cannot be read as a time is long past, and can be told.
#[rstest]
#[case("pay-1", "2026-11-01T10:05:00.00Z")]
#[case("pay-odd", "1970-01-01T00:00:00.00Z")]
#[tokio::test]
async fn the_history_tells_when_the_money_came_in(#[case] payment: &str, #[case] at: &str) {
    let shop = Shop::open();
    let history = shop.get(&format!("/tpp/payments/{payment}/history")).await;
    let last = history.body["data"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(last["status"], "PAYMENT_RECEIVED");
    assert_eq!(last["createDateTime"], at);
}
