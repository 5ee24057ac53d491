//! Every request of the sheet, byte for byte against samples that were encoded by other means.

use std::collections::BTreeMap;

use prost::Message;
use rstest::rstest;
use url::Url;

use super::*;
use crate::config::prism::{Adyen, Braintree, Connector, Other, Paypal, Stripe};
use crate::config::secret::SecretSource;
use crate::domain::money::{Currency, Money};
use crate::providers::{RefundFormat, RefundOrder};

pub(super) const PAYMENT: &str = "pi_3Nx2Lk9aBcD";
pub(super) const REFUND: &str = "re_3Nx2Lk9aXyZ";
pub(super) const CORRELATION: &str = "rfd-20261121-000042";

/// The bytes of a sample: hex, with comments.
pub(super) fn bytes(sample: &str) -> Vec<u8> {
    let lines = sample.lines().map(|line| line.split('#').next().unwrap());
    let pairs = lines.flat_map(str::split_whitespace);
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

macro_rules! sample {
    ($name:literal) => {
        crate::providers::prism::tests::bytes(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/providers/prism/samples/",
            $name,
            ".hex"
        )))
    };
}
pub(super) use sample;

pub(super) fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, Currency::from_code(code).unwrap())
}

pub(super) fn usd(minor: i64) -> Money {
    money(minor, "USD")
}

pub(super) fn asked() -> Asked {
    Asked {
        amount: usd(1250),
        compensation: usd(0),
    }
}

fn env() -> SecretSource {
    SecretSource::Env("KEY".to_owned())
}

pub(super) fn stripe() -> Connector {
    Connector::Stripe(Stripe {
        api_key: env(),
        legacy_headers: false,
    })
}

pub(super) fn adyen() -> Connector {
    Connector::Adyen(Adyen {
        api_key: env(),
        merchant_account: "ShopCOM".to_owned(),
        review_key: None,
        endpoint_prefix: Some("abc".to_owned()),
        legacy_headers: false,
    })
}

pub(super) fn paypal() -> Connector {
    Connector::Paypal(Paypal {
        client_id: "client".to_owned(),
        client_secret: env(),
        payer_id: None,
        legacy_headers: false,
    })
}

pub(super) fn braintree() -> Connector {
    Connector::Braintree(Braintree {
        public_key: env(),
        private_key: env(),
        merchant_account_id: Some("shop-eur".to_owned()),
        merchant_config_currency: None,
        legacy_headers: false,
    })
}

pub(super) fn settings(base: &str, connector: Connector) -> Settings {
    Settings {
        base_url: Url::parse(base).unwrap(),
        currencies: ["USD", "JPY", "KWD", "ISK"]
            .map(|code| money(0, code).currency)
            .to_vec(),
        exponents: BTreeMap::new(),
        connector,
        merchant_id: Some("shop".to_owned()),
        tenant_id: None,
        test_mode: None,
        check_payment: false,
        refund_days: 0,
        deadline_seconds: 60,
        polls_per_minute: 60,
    }
}

pub(super) fn requests(connector: Connector) -> Requests {
    Requests::new(&settings("https://prism.example", connector))
}

pub(super) fn order() -> RefundOrder {
    RefundOrder {
        provider_payment_id: PAYMENT.to_owned(),
        capture_id: None,
        amount: usd(1250),
        compensation: usd(0),
        captured: usd(5000),
        reason: "goods_returned".to_owned(),
        reference: Some("REF-1".to_owned()),
        order: Some("SO-1".to_owned()),
        details: Vec::new(),
        correlation: CORRELATION.to_owned(),
        end_to_end: "RD20261121000042".to_owned(),
        idempotency_key: "5c0f5b1e-6a3d-4d2e-9f51-0c8e7f1a2b3c".to_owned(),
        at: chrono::DateTime::UNIX_EPOCH,
        transfer: None,
        case_ref: None,
    }
}

pub(super) fn inquiry() -> Inquiry {
    Inquiry {
        provider_payment_id: PAYMENT.to_owned(),
        details: Vec::new(),
        body: Vec::new(),
        correlation: CORRELATION.to_owned(),
        idempotency_key: order().idempotency_key,
        provider_refund_id: Some(REFUND.to_owned()),
        first_sent_at: None,
    }
}

fn with(change: impl FnOnce(&mut RefundOrder)) -> RefundOrder {
    let mut order = order();
    change(&mut order);
    order
}

fn supplied(text: &str) -> Vec<(String, String)> {
    vec![("provider_data".to_owned(), text.to_owned())]
}

#[test]
fn a_refund_is_the_documented_message_byte_for_byte() {
    let request = requests(stripe()).build_refund(&order()).unwrap();
    assert_eq!(request.method, "gRPC");
    assert_eq!(
        request.url,
        "https://prism.example/types.PaymentService/Refund"
    );
    assert_eq!(request.body, sample!("refund_stripe.req"));
    assert_eq!(request.correlation, CORRELATION);
    let again = requests(stripe()).build_refund(&order()).unwrap();
    assert_eq!(again, request, "the same order gives the same bytes");
}

#[test]
fn what_each_connector_needs_goes_along() {
    let body = |connector: Connector, order: &RefundOrder| {
        let settings = Settings {
            test_mode: matches!(connector, Connector::Adyen(_)).then_some(false),
            ..settings("https://prism.example", connector)
        };
        Requests::new(&settings).build_refund(order).unwrap().body
    };
    assert_eq!(body(adyen(), &order()), sample!("refund_adyen.req"));
    assert_eq!(body(braintree(), &order()), sample!("refund_braintree.req"));
    let paypal_sample = sample!("refund_paypal.req");
    let capture = "8MC585209K746392H".to_owned();
    let by_capture = with(|order| order.capture_id = Some(capture.clone()));
    assert_eq!(body(paypal(), &by_capture), paypal_sample);
    let by_data =
        with(|order| order.details = supplied(&format!(r#"{{"capture_id":"{capture}"}}"#)));
    assert_eq!(body(paypal(), &by_data), paypal_sample);
    let as_given = format!(
        r#"{{"connector_feature_data":{{"capture_id":"{capture}","psync_flow":"CAPTURE"}}}}"#
    );
    let as_given = with(|order| order.details = supplied(&as_given));
    assert_eq!(body(paypal(), &as_given), paypal_sample);
}

#[rstest]
#[case("customer_request", "CUSTOMER REQUEST")]
#[case("canceled_order", "CUSTOMER REQUEST")]
#[case("goods_returned", "RETURN")]
#[case("duplicate", "DUPLICATE")]
#[case("fraud", "FRAUD")]
#[case("goodwill", "OTHER")]
fn reasons_are_in_adyens_words(#[case] ours: &str, #[case] theirs: &str) {
    let order = with(|order| order.reason = ours.to_owned());
    let body = requests(adyen()).build_refund(&order).unwrap().body;
    let message = RefundRequest::decode(&body[..]).unwrap();
    assert_eq!(message.reason.as_deref(), Some(theirs));
}

#[rstest]
#[case(with(|order| order.amount.minor = 0), "not above zero")]
#[case(with(|order| order.amount.minor = -1), "not above zero")]
#[case(with(|order| order.amount.minor = 5001), "not part of the")]
#[case(with(|order| order.captured = money(5000, "JPY")), "not part of the")]
#[case(with(|order| order.amount.currency = money(0, "EUR").currency), "not set up for EUR")]
#[case(with(|order| order.compensation = usd(1)), "no compensation")]
#[case(
    with(|order| (order.amount, order.captured) = (money(5, "ISK"), money(5, "ISK"))),
    "set exponents"
)]
#[case(with(|order| order.provider_payment_id = "../payment_intents/x".to_owned()), "1 to 128")]
#[case(with(|order| order.provider_payment_id = "..".to_owned()), "1 to 128")]
#[case(with(|order| order.provider_payment_id.clear()), "1 to 128")]
#[case(with(|order| order.provider_payment_id = "x".repeat(129)), "1 to 128")]
#[case(with(|order| order.provider_payment_id = "a b".to_owned()), "1 to 128")]
#[case(with(|order| order.provider_payment_id = "ch_1".to_owned()), "it is a charge")]
#[case(with(|order| order.correlation.clear()), "our reference")]
#[case(
    with(|order| order.details = supplied(r#"{"refund_metadata":"not json"}"#)),
    "refund_metadata cannot be sent"
)]
fn what_the_server_would_let_pass_is_refused_here(#[case] order: RefundOrder, #[case] why: &str) {
    let format = requests(stripe());
    let said = format.build_refund(&order).unwrap_err().to_string();
    assert!(said.contains(why), "{said}");
    assert!(format.check(&order).is_err());
}

#[test]
fn paypal_needs_the_captures_id() {
    let said = requests(paypal()).build_refund(&order()).unwrap_err();
    assert!(said.to_string().contains("names none"));
}

#[test]
fn a_named_exponent_counts_on_the_wire() {
    let mut settings = settings("https://prism.example", stripe());
    let isk = |minor| money(minor, "ISK");
    settings.exponents.insert(isk(0).currency, 2);
    let order = with(|order| {
        (order.amount, order.captured, order.compensation) = (isk(500), isk(900), isk(0));
    });
    let body = Requests::new(&settings).build_refund(&order).unwrap().body;
    let message = RefundRequest::decode(&body[..]).unwrap();
    assert_eq!(message.refund_amount.unwrap().minor_amount, 50_000);
    assert_eq!(message.payment_amount, 90_000);
}

#[test]
fn a_look_names_all_ids() {
    let look = requests(stripe()).look(&inquiry()).unwrap();
    assert_eq!(look.encode_to_vec(), sample!("get_stripe.req"));
    for id in [None, Some(""), Some("../x"), Some("re 1")] {
        let unasked = Inquiry {
            provider_refund_id: id.map(str::to_owned),
            ..inquiry()
        };
        assert_eq!(requests(stripe()).look(&unasked), None, "{id:?}");
    }
}

#[test]
fn the_other_calls_are_the_documented_ones() {
    let body = requests(stripe()).build_refund(&order()).unwrap().body;
    let refund = RefundRequest::decode(&body[..]).unwrap();
    let look = requests(stripe()).payment_look(&refund);
    assert_eq!(look.encode_to_vec(), sample!("payment_get.req"));
    assert_eq!(requests(stripe()).token(), None);
    let token = requests(paypal()).token().unwrap();
    assert_eq!(token.encode_to_vec(), sample!("token_paypal.req"));
}

#[test]
fn the_profile_promises_nothing_prism_cannot_keep() {
    let promised = profile(&settings("https://prism.example", stripe()));
    assert_eq!(
        (promised.replay_window, promised.absence_is_proof),
        (None, false)
    );
    assert_eq!(promised.replay(), None);
    assert!(promised.pollable);
    assert!(!profile(&settings("https://prism.example", adyen())).pollable);
    let later = Connector::Other(Other {
        key: "Tomorrow".to_owned(),
        members: BTreeMap::new(),
        secrets: BTreeMap::new(),
    });
    assert!(profile(&settings("https://prism.example", later)).pollable);
    let windowed = Settings {
        refund_days: 180,
        ..settings("https://prism.example", stripe())
    };
    assert_eq!(profile(&windowed).terms.window, Some(Window::Days(180)));
}

/// The body is no text: people read it in the schema's words, and nothing in it that is hidden.
#[test]
fn a_request_is_read_in_words_without_what_must_not_be_shown() {
    let mut order = order();
    let data = r#"{"refund_metadata":{"token":"tok-1"}}"#;
    order.details = vec![("provider_data".to_owned(), data.to_owned())];
    let requests = requests(stripe());
    let wire = requests.build_refund(&order).unwrap();
    let text = requests.readable(&wire);
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["merchant_refund_id"], order.correlation.as_str());
    assert_eq!(read["refund_amount"]["minor_amount"], order.amount.minor);
    assert_eq!(
        read["refund_amount"]["currency"],
        order.amount.currency.code()
    );
    assert_eq!(read["refund_metadata"], "[hidden]");
    assert!(!text.contains("tok-1"), "{text}");
    let garbled = crate::providers::WireRequest {
        body: vec![0xff; 3],
        ..wire
    };
    assert_eq!(requests.readable(&garbled), "a message of 3 bytes");
}
