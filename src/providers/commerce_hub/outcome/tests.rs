use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::domain::money::Currency;
use crate::providers::Inquiry;

pub(super) const CORRELATION: &str = "rfd-20261121-000042";
pub(super) const KEY: &str = "5c0f5b1e-6a3d-4d2e-9f51-0c8e7f1a2b3c";
pub(super) const REFUND_ID: &str = "00aa11bb22cc33dd44ee55ff66007788";
pub(super) const CAPTURED: &str = include_str!("../samples/refund_captured.resp.json");
const AUTHORIZED: &str = include_str!("../samples/refund_authorized.resp.json");
const DECLINED: &str = include_str!("../samples/refund_declined_201.resp.json");
pub(super) const ERROR_FLAT: &str = include_str!("../samples/error_flat_400.resp.json");
const ERROR_WRAPPED: &str = include_str!("../samples/error_wrapped_400.resp.json");
pub(super) const ERROR_NESTED: &str = include_str!("../samples/error_nested_504.resp.json");
pub(super) const FOUND: &str = include_str!("../samples/inquiry_by_order.resp.json");

pub(super) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::from_code("USD").unwrap())
}

pub(super) fn response(status: u16, body: impl AsRef<[u8]>) -> Response {
    Response {
        status,
        retry_after: None,
        provider_time: None,
        body: body.as_ref().to_vec(),
    }
}

fn reply(status: u16, body: impl AsRef<[u8]>) -> Finding {
    of_reply(
        Subject::Refund,
        &response(status, body),
        CORRELATION,
        usd(1250),
    )
}

pub(super) fn inquiry(body: impl AsRef<[u8]>) -> Finding {
    of_inquiry(
        Subject::Refund,
        &response(201, body),
        &ours(None),
        usd(1250),
    )
}

pub(super) fn ours(provider_refund_id: Option<&str>) -> Inquiry {
    Inquiry {
        provider_payment_id: "pay-1".to_owned(),
        details: Vec::new(),
        first_sent_at: None,
        body: Vec::new(),
        correlation: CORRELATION.to_owned(),
        idempotency_key: KEY.to_owned(),
        provider_refund_id: provider_refund_id.map(str::to_owned),
    }
}

pub(super) fn report(status: Reported, minor: Option<i64>) -> Evidence {
    let amount = minor.map(usd);
    Evidence::Report { status, amount }
}

/// A 2xx reply with these members, in the shape of the samples.
pub(super) fn record(state: &str, approval: &str, code: &str) -> String {
    format!(
        r#"{{"gatewayResponse":{{"transactionState":"{state}"}},"paymentReceipt":{{"processorResponseDetails":{{"approvalStatus":"{approval}","responseCode":"{code}"}}}}}}"#
    )
}

fn error(kind: &str, code: &str) -> String {
    format!(r#"{{"error":[{{"type":"{kind}","code":"{code}","message":"words"}}]}}"#)
}

#[rstest]
#[case(CAPTURED, report(Reported::Succeeded, Some(1250)))]
#[case(AUTHORIZED, report(Reported::Pending, Some(1250)))]
#[case(DECLINED, Evidence::Refused)]
#[case(ERROR_FLAT, Evidence::Refused)]
#[case(ERROR_NESTED, Evidence::Doubt)]
fn samples_under_201(#[case] body: &str, #[case] evidence: Evidence) {
    assert_eq!(reply(201, body).evidence, evidence);
}

#[rstest]
#[case("CAPTURED", "APPROVED", "000", report(Reported::Succeeded, None))]
#[case("captured", "approved", "000000", report(Reported::Succeeded, None))]
#[case("SETTLED", "", "", report(Reported::Succeeded, None))]
#[case("SUCCEEDED", "", "043", report(Reported::Succeeded, None))]
#[case("AUTHORIZED", "APPROVED", "000", report(Reported::Pending, None))]
#[case("INITIALIZED", "", "", report(Reported::Pending, None))]
#[case("CAPTURED", "APPROVED", "002", report(Reported::Pending, None))]
#[case("CAPTURED", "WAITING", "", report(Reported::Pending, None))]
#[case("VOIDED", "APPROVED", "000", report(Reported::Reversed, None))]
#[case("DECLINED", "DECLINED", "030", Evidence::Refused)]
#[case("DECLINED", "DECLINED", "", Evidence::Refused)]
#[case("DECLINED", "PROCESSING_FAILED", "039", Evidence::Refused)]
#[case("FAILED", "VALIDATION_FAILED", "", Evidence::Refused)]
#[case("DECLINED", "", "", Evidence::Doubt)]
#[case("DECLINED", "PROCESSING_FAILED", "", Evidence::Doubt)]
#[case("DECLINED", "DECLINED", "009", Evidence::Doubt)]
#[case("DECLINED", "DECLINED", "777", Evidence::Doubt)]
#[case("DECLINED", "APPROVED", "000", Evidence::Doubt)]
#[case("DECLINED", "DECLINED", "000", Evidence::Doubt)]
#[case("DECLINED", "DECLINED", "002", Evidence::Doubt)]
#[case("CAPTURED", "DECLINED", "000", Evidence::Doubt)]
#[case("CAPTURED", "APPROVED", "030", Evidence::Doubt)]
#[case("CAPTURED", "APPROVED", "777", Evidence::Doubt)]
#[case("CAPTURED", "PROCESSING_FAILED", "", Evidence::Doubt)]
#[case("CAPTURED", "SOMETHING", "", Evidence::Doubt)]
#[case("CAPTURED", "APPROVED", "001", Evidence::Doubt)]
#[case("VOIDED", "DECLINED", "", Evidence::Doubt)]
#[case("GATEWAY_ERROR", "", "", Evidence::Doubt)]
#[case("TIMEOUT", "DECLINED", "030", Evidence::Doubt)]
#[case("AUTHORIZE", "APPROVED", "000", Evidence::Doubt)]
#[case("", "APPROVED", "000", Evidence::Doubt)]
fn signals_are_taken_together(
    #[case] state: &str,
    #[case] approval: &str,
    #[case] code: &str,
    #[case] evidence: Evidence,
) {
    let body = record(state, approval, code);
    assert_eq!(reply(200, &body).evidence, evidence, "{body}");
}

#[rstest]
#[case("12.5", report(Reported::Succeeded, Some(1250)))]
#[case("\"12.50\"", report(Reported::Succeeded, Some(1250)))]
#[case("12.04", report(Reported::Succeeded, Some(1204)))]
#[case("12.505", Evidence::Doubt)]
#[case("\"twelve\"", Evidence::Doubt)]
#[case("null", report(Reported::Succeeded, None))]
fn the_amount_named_is_the_amount_reported(#[case] total: &str, #[case] evidence: Evidence) {
    let body = CAPTURED.replace("12.5,", &format!("{total},"));
    assert_eq!(reply(201, &body).evidence, evidence);
}

#[rstest]
#[case(&CAPTURED.replace("\"USD\"", "\"EUR\""))]
#[case(&CAPTURED.replace(CORRELATION, "rfd-20261121-000043"))]
#[case(&CAPTURED.replace("\"REFUND\"", "\"CHARGE\""))]
#[case(&CAPTURED.replace("\"paymentReceipt\"", "\"error\":[{\"code\":\"809\"}],\"paymentReceipt\""))]
#[case(&DECLINED.replace("\"hostResponseCode\":\"14\"", "\"hostResponseCode\":\"94\""))]
#[case(&ERROR_FLAT.replace(CORRELATION, "x").replace("809", "816"))]
#[case(&format!("[{CAPTURED}]"))]
#[case("")]
#[case("{}")]
#[case("null")]
#[case("<html>503 Service Unavailable</html>")]
fn a_success_status_alone_proves_nothing(#[case] body: &str) {
    for status in [200, 201, 204] {
        assert_eq!(reply(status, body).evidence, Evidence::Doubt, "{body}");
    }
}

#[rstest]
#[case(400, ERROR_FLAT, Evidence::Refused)]
#[case(400, ERROR_WRAPPED, Evidence::Refused)]
#[case(422, &error("GATEWAY", "812"), Evidence::Refused)]
#[case(404, &error("GATEWAY", "764"), Evidence::Refused)]
#[case(405, &error("GATEWAY", "246"), Evidence::Refused)]
#[case(415, &error("GATEWAY", "121"), Evidence::Refused)]
#[case(400, DECLINED, Evidence::Refused)]
#[case(
    404,
    r#"{"error":[{"type":"APIM","message":"no such path"}]}"#,
    Evidence::Refused
)]
#[case(400, r#"{"error":[{"type":"APIM","message":"no"}]}"#, Evidence::Doubt)]
#[case(404, r#"{"error":[{"type":"HOST","message":"no"}]}"#, Evidence::Doubt)]
#[case(400, &error("GATEWAY", "816"), Evidence::Doubt)]
#[case(400, &error("GATEWAY", "613"), Evidence::Doubt)]
#[case(400, &error("GATEWAY", "757"), Evidence::Doubt)]
#[case(400, &error("GATEWAY", "136"), Evidence::Doubt)]
#[case(400, &error("GATEWAY", "759"), Evidence::Doubt)]
#[case(400, &error("GATEWAY", "847"), Evidence::Doubt)]
#[case(400, &error("HOST", "704"), Evidence::Doubt)]
#[case(400, &error("GATEWAY", "999"), Evidence::Doubt)]
#[case(400, &error("GATEWAY", "not a code"), Evidence::Doubt)]
#[case(
    400,
    r#"{"error":[{"code":"809"},{"message":"and more"}]}"#,
    Evidence::Doubt
)]
#[case(400, r#"{"error":[{"code":"809"},{"code":"816"}]}"#, Evidence::Doubt)]
#[case(400, &ERROR_FLAT.replace("DECLINED", "CAPTURED"), Evidence::Doubt)]
#[case(400, CAPTURED, Evidence::Doubt)]
#[case(400, "Bad Request", Evidence::Doubt)]
#[case(400, "", Evidence::Doubt)]
#[case(401, &error("APIM", ""), Evidence::TurnedAway)]
#[case(403, &error("APIM", "237"), Evidence::TurnedAway)]
#[case(429, r#"{"error":{"type":"APIM"}}"#, Evidence::TurnedAway)]
#[case(429, &error("GATEWAY", "816"), Evidence::Doubt)]
#[case(401, CAPTURED, Evidence::Doubt)]
#[case(401, "Unauthorized", Evidence::Doubt)]
#[case(429, "{}", Evidence::Doubt)]
#[case(429, "", Evidence::Doubt)]
#[case(503, &error("APIM", ""), Evidence::Doubt)]
#[case(503, &error("HOST", ""), Evidence::Doubt)]
#[case(503, "{}", Evidence::Doubt)]
#[case(504, ERROR_NESTED, Evidence::Doubt)]
#[case(408, ERROR_FLAT, Evidence::Doubt)]
#[case(409, ERROR_FLAT, Evidence::Doubt)]
#[case(425, ERROR_FLAT, Evidence::Doubt)]
#[case(500, ERROR_FLAT, Evidence::Doubt)]
#[case(500, DECLINED, Evidence::Doubt)]
#[case(502, "<html>", Evidence::Doubt)]
#[case(307, CAPTURED, Evidence::Doubt)]
fn status_and_code_together(#[case] status: u16, #[case] body: &str, #[case] evidence: Evidence) {
    assert_eq!(reply(status, body).evidence, evidence, "{status} {body}");
}

#[test]
fn what_is_kept_of_a_reply() {
    let found = reply(201, CAPTURED);
    assert_eq!(found.http_status, Some(201));
    assert_eq!(found.provider_refund_id.as_deref(), Some(REFUND_ID));
    assert_eq!(found.trace.as_deref(), Some("demo-arn-1"));
    assert_eq!(found.support_id.as_deref(), Some(REFUND_ID));
    assert_eq!(found.said, "CAPTURED, 000 Approved");
    assert!(!found.raw.unwrap().contains("40000000"));
}

#[rstest]
#[case(201, DECLINED, "DECLINED, 030 Closed Account")]
#[case(
    400,
    ERROR_FLAT,
    "DECLINED, 809 Amount No Longer Available (amount.total)"
)]
#[case(504, ERROR_NESTED, "HTTP 504, outcome open: upstream did not answer")]
#[case(502, "", "HTTP 502, outcome open: the answer is empty")]
#[case(
    200,
    "{\"gatewayResponse\":{\"transactionState\":\"\\u001b[2J\\u202eX\"}}",
    "a state the desk does not know: \\u{1b}[2J\\u{202e}X"
)]
fn people_are_told_what_was_said(#[case] status: u16, #[case] body: &str, #[case] said: &str) {
    assert_eq!(reply(status, body).said, said);
}

/// In doubt the id may be another transaction's; asking by it could miss the refund.
#[rstest]
#[case(409, CAPTURED)]
#[case(201, &CAPTURED.replace(CORRELATION, "other"))]
#[case(201, &CAPTURED.replace(REFUND_ID, "evil\\u001b[2J"))]
fn an_id_in_doubt_is_not_believed(#[case] status: u16, #[case] body: &str) {
    assert_eq!(reply(status, body).provider_refund_id, None);
}

#[test]
fn a_failed_exchange() {
    let unsent = Failure::NotSent {
        said: "refused".to_owned(),
    };
    assert_eq!(of_failed_send(&unsent).evidence, Evidence::NotSent);
    assert_eq!(of_failed_inquiry(&unsent).evidence, Evidence::Doubt);
    let cut = Failure::Doubtful {
        status: Some(201),
        said: "cut".to_owned(),
    };
    assert_eq!(of_failed_send(&cut).evidence, Evidence::Doubt);
    assert_eq!(of_failed_send(&cut).http_status, Some(201));
}

const SAMPLES: [&str; 7] = [
    CAPTURED,
    AUTHORIZED,
    DECLINED,
    ERROR_FLAT,
    ERROR_WRAPPED,
    ERROR_NESTED,
    FOUND,
];

/// R14: a body cut anywhere is doubt, whatever its status.
#[test]
fn a_body_cut_at_any_byte_is_doubt() {
    for sample in SAMPLES {
        let whole = sample.trim_end().len();
        for cut in 0..whole {
            for status in [201, 400, 401, 404, 429, 503] {
                let found = reply(status, &sample[..cut]);
                assert_eq!(
                    found.evidence,
                    Evidence::Doubt,
                    "{status} {}",
                    &sample[..cut]
                );
            }
            assert_eq!(inquiry(&sample[..cut]).evidence, Evidence::Doubt);
        }
    }
}

/// What a damaged body may still say: one that tells of a payment never becomes a refusal, and
/// one that tells of a refusal never becomes a payment.
fn check_damaged(sample: &str, status: u16, damaged: &[u8]) {
    let paid = sample.contains("CAPTURED") || sample.contains("AUTHORIZED");
    for evidence in [reply(status, damaged).evidence, inquiry(damaged).evidence] {
        let harmless = match evidence {
            Evidence::Doubt | Evidence::TurnedAway | Evidence::NotFound => true,
            Evidence::Refused => !paid,
            Evidence::Report { status, .. } => {
                paid && matches!(status, Reported::Pending | Reported::Succeeded)
            }
            _ => false,
        };
        let body = String::from_utf8_lossy(damaged);
        assert!(harmless, "{evidence:?} from {status} {body}");
    }
}

#[test]
fn a_body_damaged_at_any_byte_never_tells_the_opposite() {
    for sample in SAMPLES {
        for at in 0..sample.len() {
            for byte in [b'9', b'X', b'"'] {
                let mut damaged = sample.as_bytes().to_vec();
                damaged[at] = byte;
                check_damaged(sample, 201, &damaged);
            }
        }
    }
}

proptest! {
    #[test]
    fn several_damages_never_tell_the_opposite(
        sample in prop::sample::select(&SAMPLES[..]),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        status in prop::sample::select(vec![200_u16, 201, 400, 401, 404, 409, 429, 500, 503]),
    ) {
        let mut damaged = sample.as_bytes().to_vec();
        for (at, byte) in damages {
            let at = at.index(damaged.len());
            damaged[at] = byte;
        }
        check_damaged(sample, status, &damaged);
    }

    #[test]
    fn noise_is_doubt(body in prop::collection::vec(any::<u8>(), 0..200), status in 200_u16..600) {
        prop_assert_eq!(reply(status, &body).evidence, Evidence::Doubt);
    }
}

/// AUTHORIZED means what was asked for: on its way, or waiting for its capture (fact sheet 3.4).
#[rstest]
#[case(Subject::Refund, AUTHORIZED, Reported::Pending)]
#[case(Subject::Authorisation, AUTHORIZED, Reported::Authorised)]
#[case(Subject::Authorisation, CAPTURED, Reported::Succeeded)]
#[case(Subject::Lost, AUTHORIZED, Reported::Authorised)]
#[case(Subject::Lost, &AUTHORIZED.replace("false", "\"False\""), Reported::Authorised)]
#[case(Subject::Lost, &AUTHORIZED.replace("false", "true"), Reported::Pending)]
#[case(Subject::Lost, &AUTHORIZED.replace("captureFlag", "x"), Reported::Pending)]
#[case(Subject::Authorisation, &AUTHORIZED.replace("\"000\"", "\"002\""), Reported::Pending)]
#[case(Subject::Capture, AUTHORIZED, Reported::Pending)]
#[case(Subject::Capture, CAPTURED, Reported::Succeeded)]
#[case(Subject::Capture, &CAPTURED.replace("\"REFUND\"", "\"CAPTURE\""), Reported::Succeeded)]
fn authorised_is_not_on_its_way(
    #[case] what: Subject,
    #[case] body: &str,
    #[case] status: Reported,
) {
    let told = of_reply(what, &response(201, body), CORRELATION, usd(1250));
    assert_eq!(told.evidence, report(status, Some(1250)), "{}", told.said);
    let listed = response(200, format!("[{body}]"));
    let found = of_inquiry(what, &listed, &ours(None), usd(1250));
    assert_eq!(found.evidence, report(status, Some(1250)), "{}", found.said);
}
