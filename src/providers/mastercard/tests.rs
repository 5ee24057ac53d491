//! The accounts against the fact sheet's own samples, and against a server on loopback with mutual TLS
//! that plays the network word for word.

mod calls;
mod server;

use rstest::rstest;
use url::Url;

use super::*;
use crate::config::mastercard::NetworkCertificate;
use crate::config::secret::SecretSource;
use crate::domain::bank::PainVersion;
use crate::domain::money::{Currency, Money};
use crate::providers::network::About;
use crate::providers::{BuildError, PaidTransfer, RefundFormat, RefundOrder};

const REFUND: &str = include_str!("samples/refund.req.json");
const CONFIRMATION: &str = include_str!("samples/confirmation.req.json");
const CORRELATION: &str = "rfd-0199f0a0000070008000000000000001-refund-1";
const MTF: &str = "https://mtf.services.mastercard.com/zapp/pbarfp/csp";

pub(super) fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, Currency::from_code(code).unwrap())
}

fn source(name: &str) -> SecretSource {
    SecretSource::File(name.into())
}

pub(super) fn creditor(base: &str) -> Creditor {
    Creditor {
        base_url: Url::parse(base).unwrap(),
        currencies: ["GBP", "EUR", "JPY"]
            .map(|it| Currency::from_code(it).unwrap())
            .to_vec(),
        participant_id: "000645".to_owned(),
        product_id: "PBARFP".to_owned(),
        initiating_party_id: None,
        business_type: 3,
        client_certificate: source("client.pem"),
        client_key: source("client.key"),
        server_ca: source("ca.pem"),
        signing_key: source("signing.key"),
        signing_kid: "desk-1".to_owned(),
        network_certificates: vec![NetworkCertificate {
            kid: "net-1".to_owned(),
            certificate: source("net.pem"),
        }],
        accept_rs256: false,
        clock_tolerance_seconds: 5,
        network_participant_ids: Vec::new(),
        check_initiating_party: true,
        replay_hours: 24,
        base_path: String::new(),
        polls_per_minute: 60,
        creditor_id: "CAFE0001".to_owned(),
        creditor_service_provider_id: "000645".to_owned(),
        refund_method: "FPS".to_owned(),
        clearing_system: "FPS".to_owned(),
        reasons: [
            ("duplicate".to_owned(), "DUPLICATEORDER".to_owned()),
            ("fraud".to_owned(), "DISPUTES".to_owned()),
        ]
        .into(),
        refund_days: 0,
        debtor_account: None,
        pain_version: PainVersion::V09,
    }
}

pub(super) fn debtor(base: &str) -> Debtor {
    let other = creditor(base);
    Debtor {
        base_url: other.base_url,
        currencies: other.currencies,
        participant_id: "000545".to_owned(),
        product_id: other.product_id,
        initiating_party_id: None,
        business_type: 3,
        client_certificate: other.client_certificate,
        client_key: other.client_key,
        server_ca: other.server_ca,
        signing_key: other.signing_key,
        signing_kid: other.signing_kid,
        network_certificates: other.network_certificates,
        accept_rs256: false,
        clock_tolerance_seconds: 5,
        network_participant_ids: Vec::new(),
        check_initiating_party: true,
        replay_hours: 24,
        base_path: String::new(),
        polls_per_minute: 60,
        debtor_service_provider_id: "000545".to_owned(),
        debtor_id: None,
        refusal_code: None,
        hold_seconds: 20,
        automatic: true,
    }
}

pub(super) fn order() -> RefundOrder {
    RefundOrder {
        provider_payment_id: "128361739311340082".to_owned(),
        capture_id: None,
        amount: money(1_250, "GBP"),
        compensation: money(0, "GBP"),
        captured: money(10_000, "GBP"),
        reason: "duplicate".to_owned(),
        reference: Some("INV 4411".to_owned()),
        order: None,
        details: Vec::new(),
        correlation: CORRELATION.to_owned(),
        end_to_end: "RF-1001".to_owned(),
        idempotency_key: "3a1d8c08-4ef3-8dab-8d5a-e9964840ed8f".to_owned(),
        at: "2026-11-21T02:00:00Z".parse().unwrap(),
        transfer: None,
        case_ref: None,
    }
}

fn paid() -> RefundOrder {
    RefundOrder {
        at: "2026-11-21T02:05:00Z".parse().unwrap(),
        correlation: "rfd-0199f0a0000070008000000000000001-confirm-1".to_owned(),
        transfer: Some(PaidTransfer {
            reference: "FPS0000001".to_owned(),
            clearing_system: None,
        }),
        ..order()
    }
}

fn with(change: impl FnOnce(&mut RefundOrder)) -> RefundOrder {
    let mut order = order();
    change(&mut order);
    order
}

fn requests() -> Requests {
    Requests::new(&creditor(MTF))
}

fn confirm(order: &RefundOrder) -> Result<WireRequest, BuildError> {
    requests().build_step(Deed::Confirm, "245566173931134008", order)
}

/// The body with the sample's own `messageId`, which is the network's example and not ours.
fn as_sample(request: &WireRequest, sample: &str) -> String {
    let ours = wire::message_id_of(&request.body).unwrap();
    let theirs = wire::message_id_of(sample.as_bytes()).unwrap();
    assert_eq!(ours.len(), 32);
    assert!(ours.bytes().all(|it| it.is_ascii_hexdigit()));
    String::from_utf8(request.body.clone())
        .unwrap()
        .replace(&ours, &theirs)
}

#[test]
fn the_refund_account_request_is_the_documented_one_byte_for_byte() {
    let request = requests().build_refund(&order()).unwrap();
    assert_eq!(request.method, "POST");
    let url = format!("{MTF}/payment-requests/128361739311340082/refunds");
    assert_eq!(request.url, url);
    assert_eq!(as_sample(&request, REFUND), REFUND);
    assert_eq!(
        request.idempotency_key,
        "3a1d8c08-4ef3-8dab-8d5a-e9964840ed8f"
    );
    assert_eq!(request.correlation, "RF-1001");
    assert_eq!(requests().build_refund(&order()).unwrap(), request);
}

#[test]
fn the_confirmation_is_the_documented_one_byte_for_byte() {
    let request = confirm(&paid()).unwrap();
    let url = format!(
        "{MTF}/payment-requests/128361739311340082/refunds/245566173931134008/payment-confirmations"
    );
    assert_eq!(request.url, url);
    assert_eq!(as_sample(&request, CONFIRMATION), CONFIRMATION);
    let refund = requests().build_refund(&order()).unwrap();
    let ids = [&refund, &request].map(|it| wire::message_id_of(&it.body));
    assert_ne!(ids[0], ids[1], "a step has a message of its own");
}

#[test]
fn a_question_is_answered_by_a_confirmation_that_names_it() {
    let request = requests().errand(&errand(refund_paid("345566173931134009")));
    let request = request.unwrap();
    let confirmed = confirm(&paid()).unwrap();
    assert_eq!(request.url, confirmed.url);
    assert_eq!(request.idempotency_key, parts::key("errand-7"));
    // The documented confirmation, a message of its own, and the question's id.
    let named = r#","refundRequestStatusRetrievalLifecycleId":"345566173931134009"}"#;
    let body = String::from_utf8(request.body.clone()).unwrap();
    let without = body.strip_suffix(named).unwrap();
    let confirmed = String::from_utf8(confirmed.body).unwrap();
    let tail = |body: &str| body.split_once(r#""businessType""#).unwrap().1.to_owned();
    assert_eq!(format!("{}}}", tail(without)), tail(&confirmed));
    let id = parts::derived_id("message-id", &["errand-7"]);
    assert_eq!(wire::message_id_of(&request.body), Some(id));
    assert!(
        requests()
            .errand(&errand(refund_paid("")))
            .unwrap_err()
            .to_string()
            .contains("status")
    );
}

#[test]
fn a_confirmation_may_name_another_rail() {
    let mut order = paid();
    order.transfer.as_mut().unwrap().clearing_system = Some("SEPA".to_owned());
    let body = String::from_utf8(confirm(&order).unwrap().body).unwrap();
    assert!(body.contains(r#""clearingSystem":"SEPA""#), "{body}");
}

#[test]
fn only_a_dispute_names_its_case() {
    let body = |reason: &str| {
        let order = with(|it| {
            it.reason = reason.to_owned();
            it.case_ref = Some("CASE-9".to_owned());
        });
        String::from_utf8(requests().build_refund(&order).unwrap().body).unwrap()
    };
    assert!(
        body("fraud").contains(
            r#""refundReason":"DISPUTES","refundMethod":"FPS","caseReferenceId":"CASE-9""#
        )
    );
    assert!(!body("duplicate").contains("CASE-9"));
}

#[rstest]
#[case(1, "GBP", "0.01")]
#[case(1_200, "GBP", "12.00")]
#[case(9_007_199_254_740_993, "GBP", "90071992547409.93")]
#[case(1_200, "JPY", "1200")]
fn an_amount_is_a_number_with_all_its_digits(
    #[case] minor: i64,
    #[case] code: &str,
    #[case] number: &str,
) {
    let order = with(|it| {
        it.amount = money(minor, code);
        it.compensation = money(0, code);
    });
    let body = String::from_utf8(requests().build_refund(&order).unwrap().body).unwrap();
    let amount = format!(r#""refundAmount":{{"currency":"{code}","value":{number}}}"#);
    assert!(body.contains(&amount), "{body}");
}

#[rstest]
#[case(with(|it| it.amount.minor = 0), "amount")]
#[case(with(|it| it.amount = money(1, "USD")), "not set up for USD")]
#[case(with(|it| it.compensation.minor = 1), "compensation")]
#[case(with(|it| it.provider_payment_id.clear()), "payment id")]
#[case(with(|it| it.provider_payment_id = "..".to_owned()), "payment id")]
#[case(with(|it| it.provider_payment_id = "1".repeat(36)), "payment id")]
#[case(with(|it| it.end_to_end = "A".repeat(36)), "our reference")]
#[case(with(|it| it.reason = "goods_returned".to_owned()), "reasons")]
fn what_does_not_fit_is_not_built(#[case] order: RefundOrder, #[case] why: &str) {
    let said = requests().build_refund(&order).unwrap_err().to_string();
    assert!(said.contains(why), "{said}");
    assert!(requests().check(&order).is_err());
}

#[test]
fn a_confirmation_needs_the_transfer_that_paid() {
    let refused = |change: fn(&mut RefundOrder)| {
        let mut order = paid();
        change(&mut order);
        confirm(&order).unwrap_err().to_string()
    };
    assert!(refused(|it| it.transfer = None).contains("no transfer is known"));
    let long = refused(|it| it.transfer.as_mut().unwrap().reference = "1".repeat(43));
    assert!(long.contains("1 to 42"), "{long}");
    assert!(refused(|it| it.transfer.as_mut().unwrap().reference.clear()).contains("1 to 42"));
    for deed in [Deed::Void, Deed::Stop, Deed::Capture] {
        assert!(!requests().can(deed));
        assert!(requests().build_step(deed, "1", &paid()).is_err());
    }
    assert!(requests().can(Deed::Refund) && requests().can(Deed::Confirm));
}

#[test]
fn keys_are_uuids_that_follow_from_ours() {
    assert_eq!(
        parts::key("3A1D8C08-4EF3-8DAB-8D5A-E9964840ED8F"),
        order().idempotency_key
    );
    let derived = parts::key("errand-7");
    assert_eq!(derived, parts::key("errand-7"));
    assert_ne!(derived, parts::key("errand-8"));
    assert!(derived.len() == 36 && uuid::Uuid::try_parse(&derived).is_ok());
}

fn errand(about: About) -> Errand {
    Errand {
        about,
        key: "errand-7".to_owned(),
        at: "2026-11-21T02:05:00Z".parse().unwrap(),
    }
}

/// That the refund of [`paid`] was paid, as asked.
fn refund_paid(retrieval: &str) -> About {
    let order = paid();
    About::RefundPaid {
        payment: order.provider_payment_id,
        refund: "245566173931134008".to_owned(),
        retrieval: retrieval.to_owned(),
        amount: order.amount,
        transfer: order.transfer.unwrap(),
    }
}

fn refund_status(debtor: Option<&str>) -> Errand {
    errand(About::RefundStatus {
        payment: "P-1".to_owned(),
        refund: "R-1".to_owned(),
        debtor: debtor.map(str::to_owned),
    })
}

#[test]
fn the_debtors_question_and_advice_are_the_documented_ones() {
    let base = "https://mtf.services.mastercard.com/zapp/pbarfp/dsp";
    let errands = Errands::new(&debtor(base));
    let id = parts::derived_id("message-id", &["errand-7"]);
    let block = format!(
        r#"{{"initiatingPartyId":"000545","messageId":"{id}","creationDateTime":"2026-11-21T02:05:00.000Z","businessType":3,"paymentRequestLifecycleId":"P-1","#
    );
    let who = r#""debtor":{"debtorId":"D-77","debtorServiceProviderId":"000545"}"#;
    let request = errands.build(&refund_status(Some("D-77"))).unwrap();
    assert_eq!(
        request.url,
        format!("{base}/payment-requests/P-1/refunds/R-1/status-retrievals")
    );
    let body = String::from_utf8(request.body).unwrap();
    assert_eq!(
        body,
        format!(r#"{block}"refundRequestLifecycleId":"R-1",{who}}}"#)
    );
    let advice = |paid| {
        let about = About::PaymentAdvice {
            payment: "P-1".to_owned(),
            debtor: Some("D-77".to_owned()),
            retrieval: Some("Q-1".to_owned()),
            paid,
        };
        let request = errands.build(&errand(about)).unwrap();
        let url = format!("{base}/payment-requests/P-1/payment-confirmation-advices");
        assert_eq!(request.url, url);
        String::from_utf8(request.body).unwrap()
    };
    let asked = r#""paymentRequestStatusRetrievalLifecycleId":"Q-1"}"#;
    assert_eq!(
        advice(Some(money(1_250, "GBP"))),
        format!(
            r#"{block}{who},"status":{{"transactionStatus":"APPR"}},"paymentAmount":{{"currency":"GBP","value":12.50}},{asked}"#
        )
    );
}

#[test]
fn a_debtor_that_nobody_named_is_not_made_up() {
    let mut settings = debtor(MTF);
    let refused = Errands::new(&settings)
        .build(&refund_status(None))
        .unwrap_err();
    assert!(refused.to_string().contains("debtor_id"), "{refused}");
    settings.debtor_id = Some("D-1".to_owned());
    let request = Errands::new(&settings).build(&refund_status(None)).unwrap();
    assert!(
        String::from_utf8(request.body)
            .unwrap()
            .contains(r#""debtorId":"D-1""#)
    );
}

#[test]
fn each_side_has_its_own_errands_and_a_debtor_makes_no_refund() {
    assert!(requests().errand(&refund_status(Some("D"))).is_err());
    let told = errand(refund_paid("Q-1"));
    assert!(Errands::new(&debtor(MTF)).build(&told).is_err());
    assert!(NoRefunds.build_refund(&order()).is_err() && NoRefunds.check(&order()).is_err());
    for deed in [Deed::Refund, Deed::Confirm, Deed::Void] {
        assert!(!NoRefunds.can(deed));
    }
}

#[test]
fn the_profiles_are_the_sheets() {
    let profile = creditor_profile(&creditor(MTF));
    assert!(profile.terms.can_send && !profile.pollable && !profile.absence_is_proof);
    assert_eq!(profile.replay_window, Some(Duration::from_hours(23)));
    assert!(profile.replay().unwrap().unasked);
    assert_eq!(profile.watch, Duration::from_hours(240));
    assert_eq!(profile.terms.window, None);
    let mut settings = creditor(MTF);
    (settings.replay_hours, settings.refund_days) = (1, 90);
    let profile = creditor_profile(&settings);
    assert_eq!(profile.replay(), None, "the margin takes all of it");
    assert_eq!(profile.terms.window, Some(Window::Days(90)));
    let profile = debtor_profile(&debtor(MTF));
    assert!(!profile.terms.can_send && profile.replay().is_none());
}
