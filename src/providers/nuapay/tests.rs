//! The account against the sheet's own examples, and against a server on loopback that plays the
//! provider word for word.

mod calls;
mod server;

use rstest::rstest;
use url::Url;

use super::*;
use crate::config::nuapay::{Auth, Cap, ZeroMeans};
use crate::config::secret::SecretSource;
use crate::domain::eligibility::Window;
use crate::domain::limits::Limit;
use crate::domain::money::{Currency, Money};
use crate::providers::{RefundFormat, RefundOrder};

const GBP_REQUEST: &str = include_str!("samples/refund_gbp.req.json");
const EUR_REQUEST: &str = include_str!("samples/refund_eur_compensated.req.json");
pub(super) const REFERENCE: &str = "RD01K9F3Q6E4ABCDEF";

pub(super) fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, Currency::from_code(code).unwrap())
}

pub(super) fn settings(base: &str, auth: Auth) -> Settings {
    Settings {
        base_url: Url::parse(base).unwrap(),
        token_url: None,
        currencies: ["GBP", "EUR"]
            .map(|it| Currency::from_code(it).unwrap())
            .to_vec(),
        api_key: SecretSource::Env("KEY".to_owned()),
        auth,
        organisation: None,
        token_seconds: 900,
        webhook_sign_key: None,
        cap_per_payment: Cap::Main("500.00".to_owned()),
        max_percent: 50,
        period_days: 540,
        zero_means: ZeroMeans::Blocked,
        replay_seconds: 82_800,
        replay_wait_seconds: 30,
        absence_is_proof: true,
        absence_after_minutes: 30,
        page_size: 2,
        polls_per_minute: 60,
    }
}

pub(super) fn order() -> RefundOrder {
    RefundOrder {
        provider_payment_id: "pay0000001".to_owned(),
        capture_id: None,
        amount: money(4_010, "GBP"),
        compensation: money(0, "GBP"),
        captured: money(10_000, "GBP"),
        reason: "goods_returned".to_owned(),
        reference: Some("INV 4411".to_owned()),
        order: Some("SO-7".to_owned()),
        details: Vec::new(),
        correlation: "rfd-0199f0a0000070008000000000000001-refund-1".to_owned(),
        end_to_end: REFERENCE.to_owned(),
        idempotency_key: "01K9F3Q6E4ABCDEF".to_owned(),
        at: chrono::DateTime::UNIX_EPOCH,
        transfer: None,
        case_ref: None,
    }
}

fn requests() -> Requests {
    Requests::new(&settings("https://sandbox.nuapay.com/tpp/", Auth::ApiKey))
}

fn body(order: &RefundOrder) -> String {
    String::from_utf8(requests().build_refund(order).unwrap().body).unwrap()
}

#[test]
fn the_request_is_the_documented_one_byte_for_byte() {
    let request = requests().build_refund(&order()).unwrap();
    assert_eq!(request.method, "POST");
    let url = "https://sandbox.nuapay.com/tpp/payments/pay0000001/refunds";
    assert_eq!(request.url, url);
    assert_eq!(String::from_utf8(request.body).unwrap(), GBP_REQUEST);
    assert_eq!(request.idempotency_key, "01K9F3Q6E4ABCDEF");
    assert_eq!(request.correlation, REFERENCE);
}

#[test]
fn compensation_has_its_right_name_and_is_left_out_when_there_is_none() {
    let order = RefundOrder {
        amount: money(4_010, "EUR"),
        compensation: money(250, "EUR"),
        ..order()
    };
    assert_eq!(body(&order), EUR_REQUEST);
    assert!(!GBP_REQUEST.contains("compensat"));
}

#[rstest]
#[case("GBP", "INV_44/11 · Ünïon", r#"{"reference":"INV 44 11 n on"}"#)]
#[case("GBP", "1234567890 234567 90", r#"{"reference":"1234567890 234567"}"#)]
#[case("EUR", "INV_44/11 (a+b)?", r#"{"unstructured":"INV 44/11 (a+b)?"}"#)]
fn the_payers_text_fits_its_rail(#[case] code: &str, #[case] text: &str, #[case] sent: &str) {
    let order = RefundOrder {
        amount: money(4_010, code),
        compensation: money(0, code),
        reference: Some(text.to_owned()),
        ..order()
    };
    let expected = format!("\"remittanceInformation\":{sent}}}");
    assert!(body(&order).ends_with(&expected), "{}", body(&order));
}

#[test]
fn the_payers_text_is_the_reference_else_the_order_else_nothing() {
    let mut order = order();
    order.reference = Some("田中".to_owned());
    assert!(body(&order).contains(r#"{"reference":"SO-7"}"#));
    order.order = None;
    assert!(!body(&order).contains("remittance"));
    order.reference = Some("x".repeat(200));
    order.amount = money(4_010, "EUR");
    order.compensation = money(0, "EUR");
    let text = format!("\"{}\"", "x".repeat(120));
    assert!(body(&order).contains(&text));
}

fn with(change: impl FnOnce(&mut RefundOrder)) -> RefundOrder {
    let mut order = order();
    change(&mut order);
    order
}

#[rstest]
#[case(with(|it| it.amount.minor = 0), "0.01 to")]
#[case(with(|it| it.amount.minor = 100_000_000_000_000), "0.01 to")]
#[case(with(|it| it.amount = money(1, "PLN")), "not set up for PLN")]
#[case(with(|it| it.compensation.minor = -1), "compensation")]
#[case(with(|it| it.compensation = money(0, "EUR")), "compensation")]
#[case(with(|it| it.provider_payment_id.clear()), "payment id")]
#[case(with(|it| it.provider_payment_id = "..".to_owned()), "payment id")]
#[case(with(|it| it.provider_payment_id = "x".repeat(256)), "payment id")]
#[case(with(|it| it.end_to_end = "A".repeat(32)), "our reference")]
#[case(with(|it| it.end_to_end = "rd-1".to_owned()), "our reference")]
#[case(with(|it| it.end_to_end.clear()), "our reference")]
#[case(with(|it| it.idempotency_key = "k".repeat(51)), "idempotency key")]
#[case(with(|it| it.idempotency_key = "a b".to_owned()), "idempotency key")]
fn what_does_not_fit_is_not_built(#[case] order: RefundOrder, #[case] why: &str) {
    let said = requests().build_refund(&order).unwrap_err().to_string();
    assert!(said.contains(why), "{said}");
}

#[test]
fn the_profile_is_the_sheets() {
    let settings = settings("https://sandbox.nuapay.com/tpp", Auth::ApiKey);
    let profile = profile(&settings);
    assert_eq!(profile.terms.window, Some(Window::Days(540)));
    assert_eq!(profile.terms.limits.max_percent, Limit::Of(50));
    assert!(profile.terms.compensation && profile.terms.needs_settlement);
    assert_eq!(profile.replay_window, Some(Duration::from_hours(23)));
    assert_eq!(profile.delivery_bound, Duration::from_mins(30));
    assert!(profile.absence_is_proof);
    assert_eq!(profile.watch, Duration::from_hours(240));
}
