use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::domain::money::Currency;
use crate::providers::Inquiry;
use crate::providers::nuapay::auth::Denied;
use crate::providers::nuapay::wire::Fields;

const REFERENCE: &str = "RD01K9F3Q6E4ABCDEF";
const CREATED: &str = include_str!("../samples/refund_created.resp.json");
const COMPLETE: &str = include_str!("../samples/refund_complete.resp.json");
const REJECTED: &str = include_str!("../samples/refund_rejected.resp.json");
const REFUND_NULLS: &str = include_str!("../samples/refund_nulls.resp.json");
const ERROR_ARRAY: &str = include_str!("../samples/error_array.resp.json");
const ERROR_OBJECT: &str = include_str!("../samples/error_object.resp.json");
const ERROR_NULLS: &str = include_str!("../samples/error_nulls.resp.json");
const SAMPLES: [&str; 7] = [
    CREATED,
    COMPLETE,
    REJECTED,
    REFUND_NULLS,
    ERROR_ARRAY,
    ERROR_OBJECT,
    ERROR_NULLS,
];
const STATUSES: [u16; 14] = [
    200, 201, 204, 302, 400, 401, 403, 404, 408, 409, 422, 429, 500, 503,
];

fn gbp(minor: i64) -> Money {
    Money::new(minor, Currency::from_code("GBP").unwrap())
}

fn asked() -> Asked {
    compensated(0)
}

fn compensated(minor: i64) -> Asked {
    Asked {
        amount: gbp(4_010),
        compensation: gbp(minor),
    }
}

fn response(status: u16, body: impl AsRef<[u8]>) -> Response {
    Response {
        status,
        retry_after: None,
        provider_time: None,
        body: body.as_ref().to_vec(),
    }
}

fn reply(status: u16, body: impl AsRef<[u8]>) -> Finding {
    of_reply(&response(status, body), REFERENCE, asked())
}

fn inquiry() -> Inquiry {
    Inquiry {
        provider_payment_id: "pay0000001".to_owned(),
        details: Vec::new(),
        body: Vec::new(),
        correlation: REFERENCE.to_owned(),
        idempotency_key: "k".to_owned(),
        provider_refund_id: Some("rfd0000001".to_owned()),
        first_sent_at: None,
    }
}

fn poll(status: u16, body: impl AsRef<[u8]>) -> Finding {
    of_poll(&response(status, body), &inquiry(), asked())
}

fn report(status: Reported, minor: Option<i64>) -> Evidence {
    let amount = minor.map(gbp);
    Evidence::Report { status, amount }
}

#[rstest]
#[case(CREATED, report(Reported::Pending, Some(4_010)))]
#[case(COMPLETE, report(Reported::Succeeded, Some(4_010)))]
#[case(REJECTED, report(Reported::Failed, None))]
#[case(&REJECTED.replace("REJECTED", "REFJECTED"), report(Reported::Failed, None))]
#[case(REFUND_NULLS, Evidence::Doubt)]
#[case(&CREATED.replace("REFUND_PENDING", "UNKNOWN"), Evidence::Doubt)]
#[case(&CREATED.replace("REFUND_PENDING", "REFUND_PAUSED"), Evidence::Doubt)]
#[case(&CREATED.replace("\"REFUND_PENDING\"", "null"), Evidence::Doubt)]
#[case(&CREATED.replace("40.10", "41.10"), report(Reported::Pending, Some(4_110)))]
#[case(&CREATED.replace("40.10", "null"), report(Reported::Pending, None))]
#[case(&CREATED.replace("40.10", "40.101"), Evidence::Doubt)]
#[case(&CREATED.replace("\"GBP\"", "\"EUR\""), Evidence::Doubt)]
#[case(&CREATED.replace(REFERENCE, "RD01K9F3Q6E4ABCDEG"), Evidence::Doubt)]
#[case(&CREATED.replace("\"compensationAmount\":null", "\"compensationAmount\":1"), report(Reported::ActionRequired, Some(4_010)))]
#[case(&CREATED.replace("\"data\"", "\"returnCode\":\"T0000\",\"data\""), Evidence::Doubt)]
#[case(ERROR_ARRAY, Evidence::Doubt)]
#[case("[]", Evidence::Doubt)]
#[case("{}", Evidence::Doubt)]
#[case("", Evidence::Doubt)]
#[case("<html>", Evidence::Doubt)]
fn what_the_provider_says_of_a_refund(#[case] body: &str, #[case] evidence: Evidence) {
    for status in [200, 201, 202] {
        assert_eq!(reply(status, body).evidence, evidence, "{body}");
        assert_eq!(poll(status, body).evidence, evidence, "{body}");
    }
}

/// Fact sheet 6: the reply may be the only place where the reference stands, or not stand there.
#[test]
fn a_reply_without_our_reference_is_ours_but_a_listed_refund_is_not() {
    let unnamed = CREATED.replace(&format!("\"{REFERENCE}\""), "null");
    assert_eq!(
        reply(201, &unnamed).evidence,
        report(Reported::Pending, Some(4_010))
    );
    let refund = refund(&unnamed);
    let found = of_list(&[refund], &response(200, ""), &inquiry(), asked());
    assert_eq!(found.evidence, Evidence::Doubt);
}

#[rstest]
#[case("2.50", 250, report(Reported::Pending, Some(4_010)))]
#[case("2.5", 250, report(Reported::Pending, Some(4_010)))]
#[case("2.50", 0, report(Reported::ActionRequired, Some(4_010)))]
#[case("null", 250, report(Reported::ActionRequired, Some(4_010)))]
#[case("2.49", 250, report(Reported::ActionRequired, Some(4_010)))]
#[case("\"much\"", 250, Evidence::Doubt)]
fn compensation_is_compared(#[case] named: &str, #[case] asked: i64, #[case] evidence: Evidence) {
    for name in ["compensationAmount", "compensatioinAmount"] {
        let body = CREATED.replace(
            "\"compensationAmount\":null",
            &format!("\"{name}\":{named}"),
        );
        let found = of_reply(&response(201, &body), REFERENCE, compensated(asked));
        assert_eq!(found.evidence, evidence, "{}", found.said);
    }
}

/// The class table of fact sheet 11.
#[rstest]
#[case(400, Evidence::Refused)]
#[case(404, Evidence::Refused)]
#[case(405, Evidence::Refused)]
#[case(415, Evidence::Refused)]
#[case(422, Evidence::Refused)]
#[case(401, Evidence::TurnedAway)]
#[case(403, Evidence::TurnedAway)]
#[case(429, Evidence::TurnedAway)]
#[case(408, Evidence::Doubt)]
#[case(409, Evidence::Doubt)]
#[case(410, Evidence::Doubt)]
#[case(412, Evidence::Doubt)]
#[case(500, Evidence::Doubt)]
#[case(501, Evidence::Doubt)]
#[case(503, Evidence::Doubt)]
#[case(302, Evidence::Doubt)]
fn statuses_fall_into_classes(#[case] status: u16, #[case] evidence: Evidence) {
    for body in [
        ERROR_ARRAY,
        ERROR_OBJECT,
        ERROR_NULLS,
        r#"{"returnCode":"T0016"}"#,
        r#"{"details":[]}"#,
    ] {
        assert_eq!(reply(status, body).evidence, evidence, "{status} {body}");
    }
    for body in [
        "",
        "{}",
        "null",
        "[]",
        "<html>no</html>",
        CREATED,
        REFUND_NULLS,
    ] {
        assert_eq!(
            reply(status, body).evidence,
            Evidence::Doubt,
            "{status} {body}"
        );
    }
    // A look proves nothing by its status.
    assert_eq!(poll(status, ERROR_ARRAY).evidence, Evidence::Doubt);
}

#[rstest]
#[case(r#"{"returnCode":"9999","details":null}"#)]
#[case(r#"{"returnCode":"T0000","details":{"code":"5014"}}"#)]
#[case(r#"{"returnCode":"T0000","details":[{"code":"T0004"},{"code":"x","description":"Duplicate key"}]}"#)]
#[case(r#"{"returnCode":"T0000","details":[],"data":{"id":"rfd1"}}"#)]
fn an_error_about_what_may_exist_is_doubt(#[case] body: &str) {
    for status in [400, 422] {
        assert_eq!(reply(status, body).evidence, Evidence::Doubt, "{body}");
    }
}

#[rstest]
#[case(429, None, Some(5))]
#[case(429, Some(0), Some(1))]
#[case(429, Some(30), Some(30))]
#[case(429, Some(900), Some(300))]
#[case(503, Some(900), Some(300))]
#[case(503, None, None)]
#[case(201, None, None)]
fn waits_are_within_bounds(
    #[case] status: u16,
    #[case] asked: Option<u64>,
    #[case] wait: Option<u64>,
) {
    let mut response = response(status, ERROR_NULLS);
    response.retry_after = asked.map(Duration::from_secs);
    let found = of_probe(&response);
    assert_eq!(found.retry_after, wait.map(Duration::from_secs));
}

#[rstest]
#[case(
    201,
    REJECTED,
    "REFUND_REJECTED, 5008 payment reference not valid, 5016 not enough money in the merchant's Nuapay account"
)]
#[case(
    422,
    ERROR_OBJECT,
    "refused, HTTP 422: T0000 see the details text; TBD (refundAmount) limit exceeded"
)]
#[case(404, ERROR_NULLS, "refused, HTTP 404")]
#[case(503, "", "HTTP 503, outcome open: the answer is empty")]
fn people_are_told_what_was_said(#[case] status: u16, #[case] body: &str, #[case] said: &str) {
    assert_eq!(reply(status, body).said, said);
}

fn refund(body: &str) -> Refund {
    Refund::new(Fields::read(body).unwrap().object("data").unwrap())
}

fn copy(id: &str, status: &str) -> Refund {
    let body = COMPLETE
        .replace("rfd0000001", id)
        .replace("REFUND_COMPLETE", status);
    refund(&body)
}

/// T12: failed only when every copy has failed; two that were made are two payouts.
#[rstest]
#[case(&[], Evidence::NotFound)]
#[case(&[("a", "REFUND_COMPLETE")], report(Reported::Succeeded, Some(4_010)))]
#[case(&[("a", "REFUND_REJECTED")], report(Reported::Failed, None))]
#[case(&[("a", "REFUND_REJECTED"), ("b", "REFUND_REJECTED")], report(Reported::Failed, None))]
#[case(&[("a", "REFUND_REJECTED"), ("b", "REFUND_PENDING")], report(Reported::Pending, Some(4_010)))]
#[case(&[("a", "REFUND_REJECTED"), ("b", "UNKNOWN")], Evidence::Doubt)]
#[case(&[("a", "UNKNOWN"), ("b", "REFUND_COMPLETE")], report(Reported::Succeeded, Some(8_020)))]
#[case(&[("a", "REFUND_PENDING"), ("b", "UNKNOWN")], report(Reported::Pending, Some(8_020)))]
#[case(&[("a", "UNKNOWN"), ("b", "REFUND_REJECTED"), ("c", "REFUND_COMPLETE")], report(Reported::Succeeded, Some(8_020)))]
#[case(&[("a", "REFUND_PENDING"), ("b", "REFUND_COMPLETE")], report(Reported::Succeeded, Some(8_020)))]
fn copies_are_taken_together(#[case] copies: &[(&str, &str)], #[case] evidence: Evidence) {
    let refunds: Vec<Refund> = copies.iter().map(|(id, status)| copy(id, status)).collect();
    let found = of_list(&refunds, &response(200, ""), &inquiry(), asked());
    assert_eq!(found.evidence, evidence);
    // The id of one of several would hide the others from the next look.
    let is_alone = evidence != report(Reported::Succeeded, Some(8_020))
        && evidence != report(Reported::Pending, Some(8_020));
    let is_report = matches!(evidence, Evidence::Report { .. });
    assert_eq!(found.provider_refund_id.is_some(), is_report && is_alone);
}

/// One that bears no reference is not counted with ours: it says nothing of it.
#[test]
fn what_does_not_say_whose_it_is_adds_nothing() {
    let unnamed = refund(&COMPLETE.replace(&format!("\"{REFERENCE}\""), "null"));
    let refunds = [unnamed, copy("b", "REFUND_COMPLETE")];
    let found = of_list(&refunds, &response(200, ""), &inquiry(), asked());
    assert_eq!(found.evidence, report(Reported::Succeeded, Some(4_010)));
}

#[test]
fn anothers_refund_is_not_ours() {
    let other = refund(&COMPLETE.replace(REFERENCE, "OTHER"));
    let found = of_list(&[other], &response(200, ""), &inquiry(), asked());
    assert_eq!(found.evidence, Evidence::NotFound);
    let other = COMPLETE.replace("rfd0000001", "rfd0000002");
    assert_eq!(poll(200, &other).evidence, Evidence::Doubt);
}

#[test]
fn a_failed_exchange() {
    let unsent = NoAnswer::Exchange(Failure::NotSent {
        said: "refused".to_owned(),
    });
    assert_eq!(of_failed_send(&unsent).evidence, Evidence::NotSent);
    assert_eq!(of_failed_look(&unsent).evidence, Evidence::Doubt);
    let cut = NoAnswer::Exchange(Failure::Doubtful {
        status: Some(201),
        said: "cut".to_owned(),
    });
    assert_eq!(of_failed_send(&cut).evidence, Evidence::Doubt);
    let denied = NoAnswer::Token(Denied {
        status: Some(403),
        retry_after: None,
        said: "no token".to_owned(),
    });
    assert_eq!(of_failed_send(&denied).evidence, Evidence::NotSent);
    assert_eq!(of_failed_look(&denied).evidence, Evidence::Doubt);
}

#[test]
fn what_is_private_is_not_kept() {
    let body = CREATED.replace(
        "\"errorDetails\":null",
        r#""debtorAccount":{"identification":"GB00CANARY","name":"Canary Payer"},"psuId":"canary","accessToken":"canary""#,
    );
    let raw = reply(201, body).raw.unwrap();
    assert!(!raw.to_ascii_lowercase().contains("canary"), "{raw}");
    assert!(raw.contains(REFERENCE) && raw.contains("40.10"));
}

fn is_terminal(evidence: Evidence) -> bool {
    !matches!(
        evidence,
        Evidence::Doubt
            | Evidence::TurnedAway
            | Evidence::NotFound
            | Evidence::Report {
                status: Reported::Pending | Reported::ActionRequired,
                ..
            }
    )
}

/// R14: a body cut anywhere is doubt, whatever its status.
#[test]
fn a_body_cut_at_any_byte_is_doubt() {
    for sample in SAMPLES {
        for cut in 0..sample.trim_end().len() {
            for status in STATUSES {
                let cut = &sample[..cut];
                assert_eq!(
                    reply(status, cut).evidence,
                    Evidence::Doubt,
                    "{status} {cut}"
                );
                assert_eq!(
                    poll(status, cut).evidence,
                    Evidence::Doubt,
                    "{status} {cut}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Damage may take certainty away, and never adds any.
    #[test]
    fn damage_never_ends_a_refund(
        sample in prop::sample::select(&SAMPLES[..]),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        status in prop::sample::select(&STATUSES[..]),
    ) {
        let mut damaged = sample.as_bytes().to_vec();
        for (at, byte) in damages {
            let at = at.index(damaged.len());
            damaged[at] = byte;
        }
        for (whole, broken) in [
            (reply(status, sample), reply(status, &damaged)),
            (poll(status, sample), poll(status, &damaged)),
        ] {
            let (whole, broken) = (whole.evidence, broken.evidence);
            let same = std::mem::discriminant(&whole) == std::mem::discriminant(&broken);
            prop_assert!(!is_terminal(broken) || same && is_terminal(whole), "{:?} from {:?}", broken, whole);
        }
    }

    #[test]
    fn noise_is_doubt(body in prop::collection::vec(any::<u8>(), 0..200), status in 200_u16..600) {
        prop_assert_eq!(reply(status, &body).evidence, Evidence::Doubt);
    }
}
