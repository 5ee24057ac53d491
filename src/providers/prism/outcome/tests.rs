use proptest::prelude::*;
use rstest::rstest;
use std::collections::BTreeMap;
use tonic::Code;

use super::*;
use crate::providers::prism::tests::{PAYMENT, REFUND, sample, usd};
use crate::providers::prism::wire::{Amount, ErrorInfo, UnifiedDetails};

fn amounts() -> Amounts {
    Amounts::new(&BTreeMap::new())
}

fn answer(said: Result<Vec<u8>, Refusal>) -> Answer {
    Answer {
        said,
        support_id: Some("req-1".to_owned()),
        provider_time: None,
    }
}

fn reply(bytes: &[u8]) -> Finding {
    of_refund(&answer(Ok(bytes.to_vec())), &amounts(), usd(1250))
}

fn look(bytes: &[u8]) -> Finding {
    of_look(&answer(Ok(bytes.to_vec())), REFUND, &amounts(), usd(1250))
}

fn refusal(code: Code, message: &str) -> Refusal {
    Refusal {
        code,
        message: message.to_owned(),
    }
}

fn report(status: Reported) -> Evidence {
    Evidence::Report {
        status,
        amount: None,
    }
}

#[rstest]
#[case(sample!("refund_success.resp"), report(Reported::Succeeded), report(Reported::Succeeded))]
#[case(sample!("refund_later.resp"), report(Reported::Succeeded), report(Reported::Succeeded))]
#[case(sample!("refund_pending.resp"), report(Reported::Pending), report(Reported::Pending))]
#[case(sample!("refund_review.resp"), report(Reported::ActionRequired), report(Reported::ActionRequired))]
#[case(sample!("refund_failed.resp"), Evidence::Refused, report(Reported::Reversed))]
#[case(sample!("refund_failed_21.resp"), Evidence::Refused, report(Reported::Reversed))]
#[case(sample!("refund_failure_bare.resp"), Evidence::Refused, Evidence::Doubt)]
#[case(sample!("get_success.resp"), report(Reported::Succeeded), report(Reported::Succeeded))]
#[case(Vec::new(), Evidence::Doubt, Evidence::Doubt)]
fn samples(#[case] bytes: Vec<u8>, #[case] sent: Evidence, #[case] looked: Evidence) {
    assert_eq!(reply(&bytes).evidence, sent);
    assert_eq!(look(&bytes).evidence, looked);
}

fn message() -> RefundResponse {
    RefundResponse {
        connector_refund_id: REFUND.to_owned(),
        status: SUCCESS,
        status_code: 200,
        connector_transaction_id: Some(PAYMENT.to_owned()),
        ..RefundResponse::default()
    }
}

fn details(code: &str) -> Option<ErrorInfo> {
    let text = |text: &str| Some(text.to_owned());
    Some(ErrorInfo {
        connector_details: Some(ConnectorDetails {
            code: text(code),
            ..ConnectorDetails::default()
        }),
        ..ErrorInfo::default()
    })
}

fn unified(code: &str) -> Option<ErrorInfo> {
    Some(ErrorInfo {
        unified_details: Some(UnifiedDetails {
            code: Some(code.to_owned()),
            ..UnifiedDetails::default()
        }),
        ..ErrorInfo::default()
    })
}

/// A reply that names an error and no refund, beneath which the connector had this HTTP status.
fn failed(status_code: u32) -> RefundResponse {
    with(|it| {
        it.error = details("x");
        it.connector_refund_id.clear();
        it.status = 0;
        it.status_code = status_code;
    })
}

fn with(change: impl FnOnce(&mut RefundResponse)) -> RefundResponse {
    let mut message = message();
    change(&mut message);
    message
}

#[rstest]
#[case::as_it_is(message(), report(Reported::Succeeded))]
#[case::transaction_failure(with(|it| it.status = TRANSACTION_FAILURE), Evidence::Refused)]
#[case::none(with(|it| it.status = 0), Evidence::Doubt)]
#[case::unknown(with(|it| it.status = 6), Evidence::Doubt)]
#[case::another_list(with(|it| it.status = 21), Evidence::Doubt)]
#[case::negative(with(|it| it.status = -1), Evidence::Doubt)]
#[case::no_id(with(|it| it.connector_refund_id.clear()), Evidence::Doubt)]
#[case::connector_said_no(with(|it| it.status_code = 500), Evidence::Doubt)]
#[case::error_of_500(failed(500), Evidence::Doubt)]
#[case::error_of_503(failed(503), Evidence::Doubt)]
#[case::error_of_504(failed(504), Evidence::Doubt)]
#[case::error_of_409(failed(409), Evidence::Doubt)]
#[case::error_of_a_redirect(failed(302), Evidence::Doubt)]
#[case::error_of_200(failed(200), Evidence::Refused)]
#[case::error_of_204(failed(204), Evidence::Refused)]
#[case::error_of_nobody(failed(0), Evidence::Refused)]
#[case::failure_of_500(
    with(|it| { it.status = FAILURE; it.status_code = 500; }),
    Evidence::Doubt
)]
#[case::connector_silent(with(|it| it.status_code = 0), report(Reported::Succeeded))]
#[case::empty_error(with(|it| it.error = details("")), report(Reported::Succeeded))]
#[case::bare_error(with(|it| it.error = Some(ErrorInfo::default())), report(Reported::Succeeded))]
#[case::contradiction(with(|it| it.error = details("x")), Evidence::Doubt)]
#[case::other_contradiction(with(|it| it.error = unified("x")), Evidence::Doubt)]
#[case::error_before_status(
    with(|it| { it.error = details("No error code"); it.connector_refund_id.clear(); }),
    Evidence::Refused
)]
#[case::error_and_failure(with(|it| { it.error = details("x"); it.status = FAILURE; }), Evidence::Refused)]
#[case::amount(
    with(|it| it.refund_amount = Some(Amount { minor_amount: 1204, currency: 146 })),
    Evidence::Report { status: Reported::Succeeded, amount: Some(usd(1204)) }
)]
#[case::no_amount(with(|it| it.refund_amount = Some(Amount::default())), report(Reported::Succeeded))]
#[case::other_currency(
    with(|it| it.refund_amount = Some(Amount { minor_amount: 1250, currency: 45 })),
    Evidence::Doubt
)]
fn error_before_status_and_doubt_before_guessing(
    #[case] message: RefundResponse,
    #[case] evidence: Evidence,
) {
    assert_eq!(reply(&message.encode_to_vec()).evidence, evidence);
}

/// A refund that was accepted is not taken for taken back because its connector is down.
#[rstest]
#[case(200, report(Reported::Reversed))]
#[case(409, Evidence::Doubt)]
#[case(500, Evidence::Doubt)]
#[case(503, Evidence::Doubt)]
#[case(504, Evidence::Doubt)]
fn a_look_that_failed_proves_nothing_beneath_a_connectors_own_failure(
    #[case] status_code: u32,
    #[case] evidence: Evidence,
) {
    let found = look(&failed(status_code).encode_to_vec());
    assert_eq!(found.evidence, evidence);
}

#[test]
fn a_look_is_about_the_refund_it_asked_for() {
    let other = RefundResponse {
        connector_refund_id: "re_other".to_owned(),
        ..message()
    };
    let found = look(&other.encode_to_vec());
    assert_eq!(
        (found.evidence, found.provider_refund_id),
        (Evidence::Doubt, None)
    );
}

const SAID: &str = "Connector returned an error response with status";

/// The class table of section 6, row by row.
#[rstest]
#[case(
    Code::InvalidArgument,
    "Missing required field: x-connector",
    Evidence::Refused
)]
#[case(
    Code::InvalidArgument,
    "Missing connector transaction ID",
    Evidence::Refused
)]
#[case(
    Code::InvalidArgument,
    "Invalid data format: payment_method_type",
    Evidence::Refused
)]
#[case(
    Code::FailedPrecondition,
    "Invalid connector configuration: X-Connector-Config",
    Evidence::Refused
)]
#[case(
    Code::Unauthenticated,
    "Failed to obtain authentication type",
    Evidence::Refused
)]
#[case(
    Code::FailedPrecondition,
    "This feature is not implemented: x",
    Evidence::Refused
)]
#[case(
    Code::FailedPrecondition,
    "capture method not supported by x",
    Evidence::Refused
)]
#[case(Code::Unimplemented, "", Evidence::Refused)]
#[case(Code::InvalidArgument, &format!("{SAID} 400"), Evidence::Refused)]
#[case(Code::Unauthenticated, &format!("{SAID} 401"), Evidence::TurnedAway)]
#[case(Code::Unknown, &format!("{SAID} 402"), Evidence::Refused)]
#[case(Code::PermissionDenied, &format!("{SAID} 403"), Evidence::TurnedAway)]
#[case(Code::NotFound, &format!("{SAID} 404"), Evidence::Refused)]
#[case(Code::Unknown, &format!("{SAID} 422"), Evidence::Refused)]
#[case(Code::ResourceExhausted, &format!("{SAID} 429"), Evidence::TurnedAway)]
#[case(Code::Unknown, &format!("{SAID} 409"), Evidence::Doubt)]
#[case(Code::Internal, &format!("{SAID} 500"), Evidence::Doubt)]
#[case(Code::Unimplemented, &format!("{SAID} 501"), Evidence::Doubt)]
#[case(Code::Unknown, &format!("{SAID} 502"), Evidence::Doubt)]
#[case(Code::Unavailable, &format!("{SAID} 503"), Evidence::Doubt)]
#[case(Code::DeadlineExceeded, &format!("{SAID} 504"), Evidence::Doubt)]
#[case(Code::Internal, &format!("{SAID} 404"), Evidence::Doubt)]
#[case(Code::Unknown, &format!("{SAID} 400"), Evidence::Doubt)]
#[case(Code::InvalidArgument, &format!("{SAID} 4000"), Evidence::Doubt)]
#[case(Code::InvalidArgument, &format!("{SAID} +40"), Evidence::Doubt)]
#[case(Code::InvalidArgument, &format!("{SAID} "), Evidence::Doubt)]
#[case(
    Code::Internal,
    "Failed to deserialize connector response",
    Evidence::Doubt
)]
#[case(Code::Internal, "Failed to handle connector response", Evidence::Doubt)]
#[case(Code::Internal, "Missing response message.", Evidence::Doubt)]
#[case(
    Code::Internal,
    "Failed to merge config with override config: x",
    Evidence::Doubt
)]
#[case(
    Code::Internal,
    "Integrity check failed for fields: refund_amount expected 1000 but found 999",
    Evidence::Doubt
)]
#[case(
    Code::Unknown,
    "Integrity check failed for fields: refund_amount expected 1250 but found 1350",
    Evidence::Doubt
)]
#[case(
    Code::Internal,
    "Integrity check failed for fields: refund_amount expected 1250 but found 13.50",
    Evidence::Doubt
)]
#[case(
    Code::Internal,
    "Integrity check failed for fields: currency expected 1250 but found 1350",
    Evidence::Doubt
)]
#[case(Code::Cancelled, "", Evidence::Doubt)]
#[case(Code::Unavailable, "", Evidence::Doubt)]
#[case(Code::Unknown, "", Evidence::Doubt)]
#[case(Code::InvalidArgument, "", Evidence::Doubt)]
#[case(Code::InvalidArgument, "something else", Evidence::Doubt)]
#[case(Code::OutOfRange, "decoded message length too large", Evidence::Doubt)]
fn the_class_table(#[case] code: Code, #[case] message: &str, #[case] evidence: Evidence) {
    let said = answer(Err(refusal(code, message)));
    let found = of_refund(&said, &amounts(), usd(1250));
    assert_eq!(found.evidence, evidence, "{code:?} {message}");
    assert_eq!(found.support_id.as_deref(), Some("req-1"));
    let looked = of_look(&said, REFUND, &amounts(), usd(1250)).evidence;
    let nothing = code == Code::NotFound && message.ends_with("404");
    assert_eq!(
        looked,
        if nothing {
            Evidence::NotFound
        } else {
            Evidence::Doubt
        }
    );
}

/// Made with another amount than asked, as far as that is certain: the larger is held.
#[rstest]
#[case("1250", "1350", Some(1_350))]
#[case("1250", "1249", Some(1_249))]
#[case("1000", "1350", None)]
#[case("1250", "-1", None)]
fn what_was_made_with_another_amount_is_known_by_it(
    #[case] expected: &str,
    #[case] found: &str,
    #[case] held: Option<i64>,
) {
    let text = format!(
        "Integrity check failed for fields: refund_amount expected {expected} but found {found}"
    );
    let said = answer(Err(refusal(Code::Internal, &text)));
    let evidence = held.map_or(Evidence::Doubt, |minor| Evidence::Report {
        status: Reported::Unclear,
        amount: Some(usd(minor)),
    });
    assert_eq!(
        of_refund(&said, &amounts(), usd(1250)).evidence,
        evidence,
        "{text}"
    );
    // A look names the refund it asks about, and is asked again.
    assert_eq!(
        of_look(&said, REFUND, &amounts(), usd(1250)).evidence,
        Evidence::Doubt
    );
}

#[rstest]
#[case(Code::NotFound, &format!("{SAID} 404"), 404, "the connector answered HTTP 404")]
#[case(Code::Unknown, &format!("{SAID} 402"), 402, "the connector answered HTTP 402")]
#[case(
    Code::Internal,
    "Integrity check failed for fields: refund_amount expected 1000 but found 999",
    500,
    "the refund was made, but not as asked; look at the connector: Integrity check failed for \
     fields: refund_amount expected 1000 but found 999"
)]
#[case(Code::Unimplemented, "", 501, "the server does not know this call")]
#[case(Code::Unavailable, "down\u{1b}[2J", 503, "Unavailable: down\\u{1b}[2J")]
fn people_are_told_what_was_said(
    #[case] code: Code,
    #[case] message: &str,
    #[case] http: u16,
    #[case] said: &str,
) {
    let found = of_refund(&answer(Err(refusal(code, message))), &amounts(), usd(1250));
    assert_eq!((found.http_status, found.said.as_str()), (Some(http), said));
}

/// R11 and the sheet's first trap: the live key comes back in field 22.
#[test]
fn neither_key_nor_body_of_the_connector_is_kept() {
    for bytes in every_reply() {
        for found in [reply(&bytes), look(&bytes)] {
            assert!(!format!("{found:?}").contains("canary"), "{found:?}");
        }
    }
    let kept = reply(&sample!("refund_success.resp"));
    assert_eq!(kept.provider_refund_id.as_deref(), Some(REFUND));
    assert_eq!(
        (kept.http_status, kept.said.as_str()),
        (Some(200), "REFUND_SUCCESS")
    );
    assert!(kept.raw.unwrap().contains(REFUND));
    let failed = reply(&sample!("refund_failed.resp"));
    assert_eq!(failed.provider_refund_id, None);
    assert_eq!(
        failed.said,
        "failed: charge_already_refunded, Charge has already been refunded."
    );
}

/// An id that does not fit in a URL is not kept: it is never to be asked by.
#[test]
fn an_odd_id_is_not_believed() {
    let odd = RefundResponse {
        connector_refund_id: "../x\u{1b}[2J".to_owned(),
        ..message()
    };
    let found = reply(&odd.encode_to_vec());
    assert_eq!(found.evidence, report(Reported::Succeeded));
    assert_eq!(found.provider_refund_id, None);
}

#[test]
fn a_failed_call() {
    let said = "x".to_owned();
    let unsent = Failure::NotSent { said: said.clone() };
    let cut = Failure::Doubtful { status: None, said };
    assert_eq!(of_failure(&unsent).evidence, Evidence::NotSent);
    assert_eq!(of_failed_look(&unsent).evidence, Evidence::Doubt);
    assert_eq!(of_failure(&cut).evidence, Evidence::Doubt);
}

#[rstest]
#[case(Ok(Vec::new()), 200)]
#[case(Err(refusal(Code::NotFound, &format!("{SAID} 404"))), 200)]
#[case(
    Err(refusal(Code::Internal, "Failed to handle connector response")),
    200
)]
#[case(Err(refusal(Code::Unauthenticated, &format!("{SAID} 401"))), 401)]
#[case(
    Err(refusal(Code::InvalidArgument, "Invalid data format: X-Connector-Config")),
    403
)]
#[case(
    Err(refusal(Code::FailedPrecondition, "Invalid connector configuration: x")),
    403
)]
fn a_probe_tells_whether_our_keys_are_taken(
    #[case] said: Result<Vec<u8>, Refusal>,
    #[case] status: u16,
) {
    assert_eq!(of_probe(&answer(said)).http_status, Some(status));
}

#[rstest]
#[case(8, 5000, 146, None)]
#[case(17, 1250, 146, None)]
#[case(18, 0, 146, None)]
#[case(8, 1249, 146, Some("less was captured"))]
#[case(8, 5000, 45, Some("another currency"))]
#[case(11, 5000, 146, Some("VOIDED"))]
#[case(16, 5000, 146, Some("AUTO_REFUNDED"))]
#[case(6, 0, 146, Some("AUTHORIZED"))]
#[case(57, 5000, 146, Some("VOIDED_POST_CAPTURE"))]
#[case(0, 5000, 146, None)]
#[case(99, 5000, 146, None)]
fn only_a_clear_word_about_the_payment_stops_a_refund(
    #[case] status: i32,
    #[case] captured: i64,
    #[case] currency: i32,
    #[case] why: Option<&str>,
) {
    use crate::providers::prism::wire::{PaymentGetResponse, RefundRequest};
    let refund = RefundRequest::decode(&sample!("refund_stripe.req")[..]).unwrap();
    let payment = PaymentGetResponse {
        status,
        captured_amount: Some(captured),
        amount: Some(Amount {
            minor_amount: 5000,
            currency,
        }),
        ..PaymentGetResponse::default()
    };
    let stopped = not_refundable(&answer(Ok(payment.encode_to_vec())), &refund);
    match (stopped, why) {
        (None, None) => {}
        (Some(found), Some(why)) => {
            assert_eq!(found.evidence, Evidence::Refused);
            assert!(found.said.contains(why), "{}", found.said);
            // A payment that was given back or taken back was captured once.
            assert!(!found.said.contains("not captured"), "{}", found.said);
        }
        (stopped, why) => panic!("{stopped:?} for {why:?}"),
    }
    for (error, status_code) in [(details("x"), 200), (unified("x"), 200), (None, 503)] {
        let failed = PaymentGetResponse {
            error,
            status_code,
            ..payment.clone()
        };
        let failed = answer(Ok(failed.encode_to_vec()));
        assert_eq!(not_refundable(&failed, &refund), None);
    }
    let silent = answer(Err(refusal(Code::NotFound, &format!("{SAID} 404"))));
    assert_eq!(not_refundable(&silent, &refund), None);
    let captured = answer(Ok(sample!("payment_charged.resp")));
    assert_eq!(not_refundable(&captured, &refund), None);
}

fn every_reply() -> Vec<Vec<u8>> {
    vec![
        sample!("refund_success.resp"),
        sample!("refund_pending.resp"),
        sample!("refund_review.resp"),
        sample!("refund_later.resp"),
        sample!("refund_failed.resp"),
        sample!("refund_failed_21.resp"),
        sample!("refund_failure_bare.resp"),
        sample!("get_success.resp"),
    ]
}

/// Whether an evidence ends a refund, and how.
fn end(evidence: Evidence) -> Option<bool> {
    match evidence {
        Evidence::Refused => Some(false),
        Evidence::Report { status, .. } => match status {
            Reported::Succeeded => Some(true),
            Reported::Failed | Reported::Reversed => Some(false),
            Reported::Pending
            | Reported::ActionRequired
            | Reported::Authorised
            | Reported::Unclear => None,
        },
        _ => None,
    }
}

/// R14: a message cut anywhere ends a refund no otherwise than the whole one.
#[test]
fn a_message_cut_at_any_byte_never_ends_a_refund_otherwise() {
    for sample in every_reply() {
        for cut in 0..sample.len() {
            for read in [reply, look] {
                let ended = end(read(&sample[..cut]).evidence);
                assert!(
                    ended.is_none() || ended == end(read(&sample).evidence),
                    "{cut}"
                );
            }
        }
    }
}

/// The bytes that carry the verdict itself, which nothing else in a message repeats: status, its
/// field's tag, and the tags around. A message in which those differ *is* another message.
fn is_verdict(sample: &[u8], at: usize) -> bool {
    let before = RefundResponse::decode(sample).unwrap();
    [0x00, 0x01, 0x7f, 0xff].iter().any(|byte| {
        let mut damaged = sample.to_vec();
        damaged[at] ^= byte;
        let after = RefundResponse::decode(&damaged[..]);
        after.is_ok_and(|after| {
            after.status != before.status || after.error.is_some() != before.error.is_some()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(4), ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn damages_outside_the_verdict_never_end_a_refund_otherwise(
        sample in prop::sample::select(every_reply()),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut damaged = sample.clone();
        for (at, byte) in damages {
            let at = at.index(damaged.len());
            if !is_verdict(&sample, at) {
                damaged[at] = byte;
            }
        }
        // Two damages together can make up a field that neither makes alone.
        let told = RefundResponse::decode(&damaged[..]).ok();
        let whole = RefundResponse::decode(&sample[..]).unwrap();
        let same = told.as_ref().is_none_or(|it| it.status == whole.status && it.error.is_some() == whole.error.is_some());
        for read in [reply, look] {
            let ended = end(read(&damaged).evidence);
            prop_assert!(!same || ended.is_none() || ended == end(read(&sample).evidence));
        }
    }

    #[test]
    fn no_bytes_and_no_status_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), code in 1_i32..17, message in ".{0,80}") {
        let _ = (reply(&bytes), look(&bytes));
        let said = answer(Err(refusal(Code::from_i32(code), &message)));
        let _ = (of_refund(&said, &amounts(), usd(1)), of_probe(&said));
    }

    /// A damaged status text never turns *perhaps made* into *certainly not made*.
    #[test]
    fn a_damaged_status_text_never_proves_more(
        number in prop::sample::select(vec![409_u16, 500, 501, 502, 503, 504]),
        at in any::<prop::sample::Index>(),
        letter in "[a-zA-Z:. -]",
    ) {
        let mut text = format!("{SAID} {number}");
        let at = at.index(text.len());
        text.replace_range(at..=at, &letter);
        for code in [Code::Unknown, Code::Internal, Code::Unavailable, Code::DeadlineExceeded] {
            let found = of_refund(&answer(Err(refusal(code, &text))), &amounts(), usd(1));
            prop_assert_eq!(found.evidence, Evidence::Doubt);
        }
    }
}
