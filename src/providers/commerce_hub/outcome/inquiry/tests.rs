use rstest::rstest;

use super::super::tests::{
    CAPTURED, CORRELATION, ERROR_FLAT, ERROR_NESTED, FOUND, KEY, REFUND_ID, inquiry, ours, record,
    report, response, usd,
};
use super::*;

fn copies(parts: &[(&str, &str)]) -> String {
    let copies: Vec<String> = parts
        .iter()
        .map(|(state, id)| {
            CAPTURED
                .replace("CAPTURED", state)
                .replace(REFUND_ID, id)
                .replace("APPROVED", "")
                .replace("\"000\"", "\"\"")
        })
        .collect();
    format!("[{}]", copies.join(","))
}

#[rstest]
#[case(&[("CAPTURED", "1")], report(Reported::Succeeded, Some(1250)))]
#[case(&[("FAILED", "1"), ("CAPTURED", "2")], report(Reported::Succeeded, Some(1250)))]
#[case(&[("CAPTURED", "2"), ("FAILED", "1")], report(Reported::Succeeded, Some(1250)))]
#[case(&[("FAILED", "1"), ("PENDING", "2")], report(Reported::Pending, Some(1250)))]
#[case(&[("PENDING", "1"), ("CAPTURED", "1")], report(Reported::Succeeded, Some(1250)))]
#[case(&[("FAILED", "1"), ("DECLINED", "2")], report(Reported::Failed, None))]
#[case(&[("VOIDED", "1"), ("DECLINED", "2")], report(Reported::Reversed, Some(1250)))]
#[case(&[("CAPTURED", "1"), ("CAPTURED", "1")], report(Reported::Succeeded, Some(1250)))]
#[case(&[("CAPTURED", "1"), ("CAPTURED", "2")], report(Reported::Succeeded, Some(2500)))]
#[case(&[("CAPTURED", "1"), ("VOIDED", "2")], Evidence::Doubt)]
#[case(&[("FAILED", "1"), ("TIMEOUT", "2")], Evidence::Doubt)]
#[case(&[("VOIDED", "1"), ("SOMETHING", "2")], Evidence::Doubt)]
#[case(&[], Evidence::NotFound)]
fn copies_of_a_refund(#[case] parts: &[(&str, &str)], #[case] evidence: Evidence) {
    assert_eq!(inquiry(copies(parts)).evidence, evidence);
}

#[test]
fn the_refund_is_found_behind_its_charge() {
    let found = inquiry(FOUND);
    assert_eq!(found.evidence, report(Reported::Succeeded, Some(1250)));
    assert_eq!(found.provider_refund_id.as_deref(), Some(REFUND_ID));
}

#[rstest]
#[case(FOUND.replace(CORRELATION, "another").replace(KEY, "k").replace(REFUND_ID, "r"), Evidence::NotFound)]
#[case(FOUND.replace(CORRELATION, "another"), Evidence::Doubt)]
#[case(format!("[{}]", record("CAPTURED", "APPROVED", "000")), Evidence::Doubt)]
#[case("[{}]".to_owned(), Evidence::Doubt)]
#[case(CAPTURED.to_owned(), Evidence::Doubt)]
#[case("[]".to_owned(), Evidence::NotFound)]
#[case(r#"[[["REFUND","CAPTURED"]]]"#.to_owned(), Evidence::Doubt)]
#[case("[] x".to_owned(), Evidence::Doubt)]
#[case(String::new(), Evidence::Doubt)]
#[case(format!("[{}]", CAPTURED.replace("\"REFUND\"", "\"CHARGE\"")), Evidence::Doubt)]
fn a_record_must_say_whose_it_is(#[case] body: String, #[case] evidence: Evidence) {
    assert_eq!(inquiry(&body).evidence, evidence, "{body}");
}

/// Request elements are not always echoed; the provider's id or our key then tells.
#[test]
fn a_record_without_our_reference_is_told_by_id_or_key() {
    let silent = format!("[{}]", CAPTURED.replace("merchantTransactionId", "x"));
    assert_eq!(
        inquiry(&silent).evidence,
        report(Reported::Succeeded, Some(1250))
    );
    let unkeyed = silent.replace(KEY, "another");
    assert_eq!(inquiry(&unkeyed).evidence, Evidence::Doubt);
    let by_id = of_inquiry(
        Subject::Refund,
        &response(200, unkeyed),
        &ours(Some(REFUND_ID)),
        usd(1250),
    );
    assert_eq!(by_id.evidence, report(Reported::Succeeded, Some(1250)));
}

#[rstest]
#[case(400)]
#[case(401)]
#[case(404)]
#[case(429)]
#[case(500)]
fn a_failed_inquiry_proves_nothing(#[case] status: u16) {
    for body in [ERROR_FLAT, ERROR_NESTED, "[]", "", FOUND, "not json"] {
        let found = of_inquiry(
            Subject::Refund,
            &response(status, body),
            &ours(None),
            usd(1250),
        );
        assert_eq!(found.evidence, Evidence::Doubt);
    }
}

/// A list that mixes our failed copy with a record of unknown owner is not *every copy failed*.
#[test]
fn a_failed_copy_beside_an_unnamed_record_is_doubt() {
    let ours = CAPTURED
        .replace("CAPTURED", "FAILED")
        .replace("APPROVED", "")
        .replace("\"000\"", "\"\"");
    let unnamed = record("CAPTURED", "APPROVED", "000");
    for body in [format!("[{ours},{unnamed}]"), format!("[{unnamed},{ours}]")] {
        assert_eq!(inquiry(body).evidence, Evidence::Doubt);
    }
}
