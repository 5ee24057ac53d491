use rstest::rstest;
use secrecy::SecretString;
use url::Url;

use super::*;
use crate::config::commerce_hub::{HmacEncoding, RefundCall, RefundCapture};
use crate::config::secret::SecretSource;
use crate::domain::money::{Currency, Money};
use crate::providers::{Inquiry, RefundFormat, RefundOrder};

const PARTIAL: &str = include_str!("samples/refund_partial.req.json");
const URI_PARTIAL: &str = include_str!("samples/refund_uri_partial.req.json");
const INQUIRY_BY_MTI: &str = include_str!("samples/inquiry_by_mti.req.json");

fn currency(code: &str) -> Currency {
    Currency::from_code(code).unwrap()
}

pub(super) fn credentials() -> Credentials {
    Credentials {
        api_key: SecretString::from("key-of-the-account"),
        api_secret: SecretString::from("canary-secret"),
    }
}

fn settings(base: &str, refund_call: RefundCall) -> Settings {
    Settings {
        base_url: Url::parse(base).unwrap(),
        currencies: ["USD", "JPY", "BHD", "XAF"].map(currency).to_vec(),
        merchant_id: "100000000000001".to_owned(),
        terminal_id: "10000001".to_owned(),
        api_key: SecretSource::Env("KEY".to_owned()),
        api_secret: SecretSource::Env("SECRET".to_owned()),
        hmac_encoding: HmacEncoding::Raw,
        refund_call,
        refund_capture: RefundCapture::AtOnce,
        batch_closes: None,
        refund_months: 12,
        replay_seconds: 240,
        replay_wait_seconds: 30,
        absence_is_proof: true,
        absence_after_minutes: 30,
        polls_per_minute: 60,
    }
}

pub(super) fn account(base: &str, deadline: Duration) -> CommerceHub {
    let clock = Clock::manual("2026-11-21T10:00:00Z".parse().unwrap());
    let settings = settings(base, RefundCall::Refunds);
    CommerceHub::new(&settings, credentials(), clock, deadline).unwrap()
}

/// What writes the requests to the service at `base`.
pub(super) fn requests(base: &str) -> Requests {
    Requests::new(&settings(base, RefundCall::Refunds))
}

fn hub(refund_call: RefundCall) -> Requests {
    let base = "https://connect-cert.fiservapis.com/ch";
    Requests::new(&settings(base, refund_call))
}

fn invoice(number: &str) -> Vec<(String, String)> {
    vec![("invoice".to_owned(), number.to_owned())]
}

pub(super) fn inquiry() -> Inquiry {
    let order = order();
    Inquiry {
        provider_payment_id: order.provider_payment_id,
        details: order.details,
        body: Vec::new(),
        correlation: order.correlation,
        idempotency_key: order.idempotency_key,
        provider_refund_id: None,
        first_sent_at: None,
    }
}

pub(super) fn order() -> RefundOrder {
    RefundOrder {
        provider_payment_id: "9f1c2d3e4b5a69788796a5b4c3d2e1f0".to_owned(),
        capture_id: None,
        amount: Money::new(1250, currency("USD")),
        compensation: Money::zero(currency("USD")),
        captured: Money::new(5000, currency("USD")),
        reason: "goods_returned".to_owned(),
        reference: Some("REF-1".to_owned()),
        order: Some("SO-55812".to_owned()),
        details: invoice("INV-55812"),
        correlation: "rfd-20261121-000042".to_owned(),
        end_to_end: "RD20261121000042".to_owned(),
        idempotency_key: "5c0f5b1e-6a3d-4d2e-9f51-0c8e7f1a2b3c".to_owned(),
        at: chrono::DateTime::UNIX_EPOCH,
        transfer: None,
        case_ref: None,
    }
}

fn body(hub: &Requests, order: &RefundOrder) -> String {
    String::from_utf8(hub.build_refund(order).unwrap().body).unwrap()
}

#[test]
fn the_request_is_the_documented_one_byte_for_byte() {
    let request = hub(RefundCall::Refunds).build_refund(&order()).unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(
        request.url,
        "https://connect-cert.fiservapis.com/ch/payments/v1/refunds"
    );
    assert_eq!(String::from_utf8(request.body).unwrap(), PARTIAL.trim_end());
    assert_eq!(request.idempotency_key, order().idempotency_key);
}

#[test]
fn the_older_call_names_the_payment_in_its_path() {
    let hub = hub(RefundCall::ChargeUri);
    let order = RefundOrder {
        provider_payment_id: "a/b c?%é".to_owned(),
        amount: Money::new(425, currency("USD")),
        order: None,
        details: Vec::new(),
        reason: String::new(),
        correlation: "rfd-20261121-000044".to_owned(),
        ..order()
    };
    let request = hub.build_refund(&order).unwrap();
    assert_eq!(
        request.url,
        "https://connect-cert.fiservapis.com/ch/payments/v1/charges/a%2Fb%20c%3F%25%C3%A9/refund"
    );
    assert_eq!(body(&hub, &order), URI_PARTIAL.trim_end());
}

#[test]
fn a_capture_is_refunded_by_its_own_id() {
    let order = RefundOrder {
        capture_id: Some("capture-7".to_owned()),
        ..order()
    };
    let sent = body(&hub(RefundCall::Refunds), &order);
    assert!(sent.contains(r#""referenceTransactionId":"capture-7""#));
    assert!(!sent.contains(&order.provider_payment_id));
}

#[rstest]
#[case(1, "USD", "0.01")]
#[case(1000, "USD", "10.00")]
#[case(1000, "JPY", "1000")]
#[case(10_000, "BHD", "10.000")]
#[case(i64::MAX, "USD", "92233720368547758.07")]
fn amounts_are_numbers_with_their_currencys_decimals(
    #[case] minor: i64,
    #[case] code: &str,
    #[case] text: &str,
) {
    let order = RefundOrder {
        amount: Money::new(minor, currency(code)),
        ..order()
    };
    let expected = format!(r#""amount":{{"total":{text},"currency":"{code}"}}"#);
    assert!(body(&hub(RefundCall::Refunds), &order).contains(&expected));
}

#[test]
fn a_long_invoice_is_cut_to_twelve_characters() {
    let order = RefundOrder {
        details: invoice("INVOICÉ-123456789"),
        order: Some(String::new()),
        ..order()
    };
    let sent = body(&hub(RefundCall::Refunds), &order);
    assert!(
        sent.contains(r#""merchantInvoiceNumber":"INVOICÉ-1234""#),
        "{sent}"
    );
    assert!(!sent.contains("merchantOrderId"));
}

fn with(change: impl FnOnce(&mut RefundOrder)) -> RefundOrder {
    let mut order = order();
    change(&mut order);
    order
}

#[rstest]
#[case(with(|order| order.amount.minor = 0), "not above zero")]
#[case(with(|order| order.amount.minor = -1), "not above zero")]
#[case(with(|order| order.amount.currency = currency("EUR")), "not set up for EUR")]
#[case(with(|order| order.amount.currency = currency("XAF")), "other decimals")]
#[case(with(|order| order.capture_id = Some("x".repeat(50))), "50 characters; 1 to 40")]
#[case(with(|order| order.provider_payment_id = "x".repeat(41)), "41 characters; 1 to 40")]
#[case(with(|order| order.provider_payment_id.clear()), "0 characters; 1 to 40")]
#[case(with(|order| order.provider_payment_id = "..".to_owned()), "plain text")]
#[case(with(|order| order.provider_payment_id = "a\nb".to_owned()), "plain text")]
#[case(with(|order| order.correlation.clear()), "our reference")]
#[case(with(|order| order.idempotency_key = "a b".to_owned()), "header")]
fn what_does_not_fit_is_not_built(#[case] order: RefundOrder, #[case] why: &str) {
    for call in [RefundCall::Refunds, RefundCall::ChargeUri] {
        let said = hub(call).build_refund(&order).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn an_inquiry_names_exactly_one_reference() {
    let hub = hub(RefundCall::Refunds);
    let mut inquiry = inquiry();
    let sent = |inquiry: &Inquiry| String::from_utf8(hub.inquiry_body(inquiry).unwrap()).unwrap();
    assert_eq!(sent(&inquiry), INQUIRY_BY_MTI.trim_end());
    inquiry.provider_refund_id = Some("77".to_owned());
    let by_id = sent(&inquiry);
    assert!(
        by_id.contains(r#"{"referenceTransactionId":"77"}"#),
        "{by_id}"
    );
}

#[test]
fn the_profile_is_the_sheets() {
    let base = "https://connect-cert.fiservapis.com/ch";
    let profile = profile(&settings(base, RefundCall::Refunds));
    assert_eq!(profile.replay_window, Some(Duration::from_secs(240)));
    assert_eq!(profile.watch, Duration::from_secs(40 * 86_400));
    assert_eq!(profile.terms.window, Some(Window::Months(12)));
}

/// Fact sheet 3.4: the flag is all that differs, and what was sent is told by it.
#[test]
fn a_refund_that_waits_for_its_capture_says_so() {
    let mut settings = settings(
        "https://connect-cert.fiservapis.com/ch",
        RefundCall::Refunds,
    );
    settings.refund_capture = RefundCapture::ByHand;
    let sent = body(&Requests::new(&settings), &order());
    let at_once = PARTIAL.trim_end();
    assert_eq!(
        sent,
        at_once.replace("\"captureFlag\":true", "\"captureFlag\":false")
    );
    let subject = |body: &str| Subject::of(Deed::Refund, body.as_bytes());
    assert_eq!(subject(&sent), Subject::Authorisation);
    assert_eq!(subject(at_once), Subject::Refund);
    assert_eq!(subject(""), Subject::Lost);
    assert_eq!(settings.contradiction(), None);
    settings.refund_call = RefundCall::ChargeUri;
    assert!(settings.contradiction().is_some());
}

const CANCEL_VOID: &str = include_str!("samples/cancel_void.req.json");
const REFUND_CAPTURE: &str = include_str!("samples/refund_capture.req.json");
const CHARGE_ID: &str = "9f1c2d3e4b5a69788796a5b4c3d2e1f0";
const REFUND_ID: &str = "00aa11bb22cc33dd44ee55ff66007788";

/// Fact sheet 5: a void names the charge and the reason, and no amount.
#[test]
fn a_void_is_the_documented_cancel_byte_for_byte() {
    let request = hub(RefundCall::Refunds).build_void(&order()).unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(
        request.url,
        "https://connect-cert.fiservapis.com/ch/payments/v1/cancels"
    );
    assert_eq!(
        String::from_utf8(request.body).unwrap(),
        CANCEL_VOID.trim_end()
    );
    assert_eq!(request.idempotency_key, order().idempotency_key);
}

/// A stop is the same call with the refund's own id (fact sheet 5); a capture references the refund,
/// too (3.4).
#[test]
fn later_steps_name_the_refund_itself() {
    let hub = hub(RefundCall::Refunds);
    let stop = hub.build_step(Deed::Stop, REFUND_ID, &order()).unwrap();
    assert!(stop.url.ends_with("/payments/v1/cancels"));
    assert_eq!(
        String::from_utf8(stop.body).unwrap(),
        CANCEL_VOID.trim_end().replace(CHARGE_ID, REFUND_ID)
    );
    let capture = hub.build_step(Deed::Capture, REFUND_ID, &order()).unwrap();
    assert!(capture.url.ends_with("/payments/v1/refunds"));
    assert_eq!(
        String::from_utf8(capture.body).unwrap(),
        REFUND_CAPTURE.trim_end()
    );
    assert!(hub.build_step(Deed::Void, REFUND_ID, &order()).is_err());
    let foreign = with(|order| order.amount.currency = currency("EUR"));
    assert!(hub.build_step(Deed::Capture, REFUND_ID, &foreign).is_err());
    assert!(hub.build_step(Deed::Stop, "", &order()).is_err());
}
