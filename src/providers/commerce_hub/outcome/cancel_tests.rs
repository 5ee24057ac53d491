//! What the answer to a cancel proves (fact sheet 5, 7.3): of a void, and of a stop.

use proptest::prelude::*;
use rstest::rstest;

use super::tests::{CORRELATION, ERROR_FLAT, ours, response, usd};
use super::*;
use crate::domain::cause::Cause;

const APPROVED: &str = include_str!("../samples/cancel_approved.resp.json");

fn reply(status: u16, body: impl AsRef<[u8]>) -> Finding {
    let what = Subject::of(Deed::Void, b"");
    of_reply(what, &response(status, body), CORRELATION, usd(1250))
}

fn inquiry(body: &str) -> Finding {
    let answer = response(201, format!("[{body}]"));
    of_inquiry(
        Subject::of(Deed::Stop, b""),
        &answer,
        &ours(None),
        usd(1250),
    )
}

const DONE: Evidence = Evidence::Report {
    status: Reported::Succeeded,
    amount: None,
};

fn named(evidence: Evidence) -> Evidence {
    match evidence {
        Evidence::Report { status, .. } => Evidence::Report {
            status,
            amount: None,
        },
        other => other,
    }
}

/// Both states and both statuses are published for a cancel that went through.
#[rstest]
#[case(200, "AUTHORIZED")]
#[case(201, "VOIDED")]
#[case(201, "voided")]
fn an_approved_cancel_counts(#[case] status: u16, #[case] state: &str) {
    let body = APPROVED.replace("AUTHORIZED", state);
    assert_eq!(named(reply(status, &body).evidence), DONE);
    assert_eq!(named(inquiry(&body).evidence), DONE);
}

/// Without the word that it is a cancel, and that it was approved, nothing is proven.
#[rstest]
#[case("\"CANCEL\"", "\"CHARGE\"")]
#[case("\"CANCEL\"", "\"REFUND\"")]
#[case("\"CANCEL\"", "null")]
#[case("\"approvalStatus\":\"APPROVED\"", "\"approvalStatus\":null")]
#[case("\"approvalStatus\":\"APPROVED\"", "\"approvalStatus\":\"DECLINED\"")]
#[case("\"AUTHORIZED\"", "\"CAPTURED\"")]
#[case("\"AUTHORIZED\"", "\"SOMETHING\"")]
#[case("\"AUTHORIZED\"", "null")]
#[case("rfd-20261121-000042", "rfd-of-another")]
fn anything_less_is_doubt(#[case] from: &str, #[case] to: &str) {
    let body = APPROVED.replace(from, to);
    assert_eq!(reply(201, &body).evidence, Evidence::Doubt, "{body}");
}

#[rstest]
#[case("828", Evidence::Refused, Some(Cause::SettledMeanwhile))]
#[case("829", Evidence::Refused, Some(Cause::SettledMeanwhile))]
#[case("801", Evidence::Refused, Some(Cause::NotFound))]
#[case("202", Evidence::Refused, Some(Cause::Setup))]
#[case("827", Evidence::Doubt, None)]
#[case("830", Evidence::Doubt, None)]
#[case("833", Evidence::Doubt, None)]
#[case("757", Evidence::Doubt, None)]
#[case("704", Evidence::Doubt, None)]
#[case("9999", Evidence::Doubt, None)]
fn only_listed_codes_prove_that_nothing_was_canceled(
    #[case] code: &str,
    #[case] evidence: Evidence,
    #[case] cause: Option<Cause>,
) {
    for kind in ["CANCEL", "REFUND"] {
        let body = ERROR_FLAT
            .replace("809", code)
            .replace("\"REFUND\"", &format!("\"{kind}\""));
        let finding = reply(400, &body);
        let expected = match kind {
            "CANCEL" => evidence,
            // The refusal of another kind of transaction says nothing of this one.
            _ => Evidence::Doubt,
        };
        assert_eq!(finding.evidence, expected, "{code} {kind}");
        let unpaid = finding.unpaid.map(|unpaid| unpaid.cause);
        assert_eq!(unpaid, cause.filter(|_| kind == "CANCEL"), "{code}");
    }
}

/// 828 and 829 speak of cancels: a refund that is answered so is not understood.
#[test]
fn a_cancels_codes_prove_nothing_about_a_refund() {
    let body = ERROR_FLAT.replace("809", "829");
    let answer = response(400, body);
    let finding = of_reply(Subject::Refund, &answer, CORRELATION, usd(1250));
    assert_eq!(finding.evidence, Evidence::Doubt);
}

#[test]
fn a_truncated_answer_never_says_that_it_ended() {
    for end in 0..APPROVED.len() {
        let finding = reply(201, &APPROVED.as_bytes()[..end]);
        assert_eq!(finding.evidence, Evidence::Doubt, "cut at {end}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// A mutated answer never panics, and never proves what the whole one did not.
    #[test]
    fn a_mutated_answer_proves_no_more(at in 0..APPROVED.len(), byte in any::<u8>(), drop in any::<bool>()) {
        let mut body = APPROVED.as_bytes().to_vec();
        match drop {
            true => _ = body.remove(at),
            false => body[at] = byte,
        }
        let evidence = named(reply(201, &body).evidence);
        prop_assert!(matches!(evidence, Evidence::Doubt) || evidence == DONE, "{evidence:?}");
    }
}
