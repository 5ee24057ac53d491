use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::domain::cause::Cause;

const REFUND: &str = include_str!("../samples/refund.resp.json");
const CONFIRMATION: &str = include_str!("../samples/confirmation.resp.json");
const RETRIEVAL: &str = include_str!("../samples/retrieval.resp.json");
const ERROR: &str = include_str!("../samples/error.resp.json");
/// The request's `messageId` in the samples.
const OURS: &str = "0f7c1c5e9f2a4c0e8f6b2f1d9a7e3c11";
const OURS_LATER: &str = "5c0f6f4a6a0d4c3b9d0c9b7a1e2f3a4b";
const STATUSES: [u16; 14] = [
    200, 201, 204, 302, 400, 401, 403, 404, 408, 409, 422, 429, 500, 503,
];

fn response(status: u16, body: impl AsRef<[u8]>) -> Response {
    Response {
        status,
        retry_after: None,
        provider_time: None,
        body: body.as_ref().to_vec(),
    }
}

fn refund(status: u16, body: impl AsRef<[u8]>) -> Finding {
    of_refund(&response(status, body), OURS)
}

fn confirmation(status: u16, body: impl AsRef<[u8]>) -> Finding {
    of_confirmation(&response(status, body), OURS_LATER)
}

fn report(status: Reported) -> Evidence {
    Evidence::Report {
        status,
        amount: None,
    }
}

#[rstest]
#[case(REFUND, report(Reported::Pending))]
#[case(&REFUND.replace("INPR", "WFPC"), report(Reported::Pending))]
#[case(&REFUND.replace("INPR", "RJCT"), report(Reported::Failed))]
#[case(&REFUND.replace("INPR", "INPROGRESS"), Evidence::Doubt)]
#[case(&REFUND.replace("\"INPR\"", "null"), Evidence::Doubt)]
#[case(&REFUND.replace("\"INPR\"", "{}"), Evidence::Doubt)]
#[case(&REFUND.replace("\"245566173931134008\"", "null"), Evidence::Doubt)]
#[case(&REFUND.replace("\"245566173931134008\"", "245566173931134008"), report(Reported::Pending))]
#[case(&REFUND.replace("245566173931134008", &"1".repeat(36)), Evidence::Doubt)]
#[case(&REFUND.replace(OURS, OURS_LATER), Evidence::Doubt)]
#[case(&REFUND.replace(&format!("\"{OURS}\""), "null"), Evidence::Doubt)]
#[case(&REFUND.replace("\"refund\"", "\"Errors\":{\"Error\":[{}]},\"refund\""), Evidence::Doubt)]
#[case(&REFUND.replace("\"refund\"", "\"unknown\":[1],\"refund\""), report(Reported::Pending))]
#[case(CONFIRMATION, Evidence::Doubt)]
#[case(ERROR, Evidence::Doubt)]
#[case("[]", Evidence::Doubt)]
#[case("{}", Evidence::Doubt)]
#[case("", Evidence::Doubt)]
#[case("<html>", Evidence::Doubt)]
fn what_a_refund_request_is_answered(#[case] body: &str, #[case] evidence: Evidence) {
    let found = refund(200, body);
    assert_eq!(found.evidence, evidence, "{body}");
    let named = matches!(evidence, Evidence::Report { .. });
    let id = found.provider_refund_id.as_deref();
    assert_eq!(id, named.then_some("245566173931134008"));
    assert_eq!(refund(500, body).evidence, Evidence::Doubt);
}

#[rstest]
#[case(CONFIRMATION, report(Reported::Succeeded))]
#[case(&CONFIRMATION.replace(OURS_LATER, OURS), Evidence::Doubt)]
#[case(REFUND, Evidence::Doubt)]
#[case("{}", Evidence::Doubt)]
#[case("", Evidence::Doubt)]
fn what_a_confirmation_is_answered(#[case] body: &str, #[case] evidence: Evidence) {
    let found = confirmation(200, body);
    assert_eq!(found.evidence, evidence, "{body}");
    assert_eq!(found.provider_refund_id, None);
}

/// Only 400 refuses for good (fact sheet 8).
#[rstest]
#[case(400, Evidence::Refused)]
#[case(401, Evidence::TurnedAway)]
#[case(403, Evidence::TurnedAway)]
#[case(429, Evidence::TurnedAway)]
#[case(404, Evidence::Doubt)]
#[case(408, Evidence::Doubt)]
#[case(409, Evidence::Doubt)]
#[case(422, Evidence::Doubt)]
#[case(500, Evidence::Doubt)]
#[case(503, Evidence::Doubt)]
#[case(302, Evidence::Doubt)]
fn statuses_fall_into_classes(#[case] status: u16, #[case] evidence: Evidence) {
    for found in [refund(status, ERROR), confirmation(status, ERROR)] {
        assert_eq!(found.evidence, evidence, "{status}");
        assert_eq!(found.http_status, Some(status));
    }
    for body in [
        "",
        "{}",
        "null",
        "[]",
        "<html>no</html>",
        REFUND,
        CONFIRMATION,
    ] {
        assert_eq!(refund(status, body).evidence, Evidence::Doubt, "{body}");
        let confirmed = confirmation(status, body).evidence;
        assert_eq!(confirmed, Evidence::Doubt, "{body}");
    }
}

#[rstest]
#[case(ERROR, Evidence::Refused)]
#[case(&ERROR.replace("\"Recoverable\":false,", ""), Evidence::Refused)]
#[case(&ERROR.replace("STVL-9999", "RFND-0007"), Evidence::Refused)]
#[case(&ERROR.replace("false", "true"), Evidence::Doubt)]
#[case(&ERROR.replace("STVL-9999", "RFND-0007").replace("\"Recoverable\":false,", ""), Evidence::Doubt)]
#[case(&ERROR.replace("refundReason is missing", "duplicate request"), Evidence::Doubt)]
#[case(&ERROR.replace("}]}", "},{\"ReasonCode\":\"RFND-0007\"}]}"), Evidence::Doubt)]
#[case(&ERROR.replace("}]}", "},{\"ReasonCode\":\"AGRM-0006\"}]}"), Evidence::Refused)]
fn only_what_surely_was_not_carried_out_is_refused(#[case] body: &str, #[case] evidence: Evidence) {
    assert_eq!(refund(400, body).evidence, evidence, "{body}");
    // A copy of a confirmation may have been heard before, too.
    assert_eq!(confirmation(400, body).evidence, evidence);
}

#[test]
fn people_are_told_what_was_said() {
    let found = refund(400, ERROR);
    assert_eq!(
        found.said,
        "refused, HTTP 400: STVL-9999 the message's form is wrong Schema validation failed refundReason is missing"
    );
    assert_eq!(found.unpaid.unwrap().cause, Cause::BadRequest);
    let unknown = ERROR.replace("STVL-9999", "RFND-0007");
    assert!(refund(400, unknown).said.contains("RFND-0007"));
    assert_eq!(
        refund(200, REFUND).said,
        "INPR: asked for the payer's account"
    );
    let support = refund(200, REFUND).support_id;
    assert_eq!(support.as_deref(), Some("a1b2c3d4e5f60718293a4b5c6d7e8f90"));
}

#[test]
fn an_errand_is_taken_in_or_not() {
    let found = of_errand(&response(200, RETRIEVAL), OURS_LATER);
    assert_eq!(found.evidence, report(Reported::Succeeded));
    assert_eq!(found.said, "taken in, WFPC");
    assert_eq!(found.support_id.as_deref(), Some("345566173931134009"));
    assert_eq!(
        of_errand(&response(200, RETRIEVAL), OURS).evidence,
        Evidence::Doubt
    );
    assert_eq!(
        of_errand(&response(400, ERROR), OURS).evidence,
        Evidence::Refused
    );
    assert_eq!(
        of_errand(&response(401, ERROR), OURS).evidence,
        Evidence::TurnedAway
    );
    // An advice is answered by the block alone.
    let found = of_errand(&response(200, CONFIRMATION), OURS_LATER);
    assert_eq!(
        (found.evidence, found.said.as_str()),
        (report(Reported::Succeeded), "taken in")
    );
}

#[test]
fn a_failed_exchange() {
    let unsent = Failure::NotSent {
        said: "refused".to_owned(),
    };
    assert_eq!(of_failed_send(&unsent).evidence, Evidence::NotSent);
    let cut = Failure::Doubtful {
        status: Some(200),
        said: "cut".to_owned(),
    };
    assert_eq!(of_failed_send(&cut).evidence, Evidence::Doubt);
}

#[test]
fn what_is_private_is_not_kept() {
    let body = REFUND.replace(
        "\"refund\"",
        r#""debtorAccount":{"accountNumber":"GB00CANARY","accountName":"Canary Payer"},"iban":"GBCANARY","sortCode":"canary","refund""#,
    );
    let raw = refund(200, body).raw.unwrap();
    assert!(!raw.to_ascii_lowercase().contains("canary"), "{raw}");
    assert!(raw.contains("245566173931134008") && raw.contains("INPR"));
}

fn is_terminal(evidence: Evidence) -> bool {
    match evidence {
        Evidence::Doubt | Evidence::TurnedAway | Evidence::NotFound => false,
        Evidence::Report { status, .. } => status != Reported::Pending,
        Evidence::NotSent | Evidence::Refused => true,
    }
}

/// R14: a body cut anywhere is doubt, whatever its status.
#[test]
fn a_body_cut_at_any_byte_is_doubt() {
    for sample in [REFUND, CONFIRMATION, RETRIEVAL, ERROR] {
        for cut in 0..sample.len() {
            for status in STATUSES {
                let cut = &sample[..cut];
                let errand = of_errand(&response(status, cut), OURS_LATER);
                for found in [refund(status, cut), confirmation(status, cut), errand] {
                    assert_eq!(found.evidence, Evidence::Doubt, "{status} {cut}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Damage may take certainty away, and never adds any.
    #[test]
    fn damage_never_ends_a_refund(
        sample in prop::sample::select(&[REFUND, CONFIRMATION, RETRIEVAL, ERROR][..]),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        status in prop::sample::select(&STATUSES[..]),
    ) {
        let mut damaged = sample.as_bytes().to_vec();
        for (at, byte) in damages {
            let at = at.index(damaged.len());
            damaged[at] = byte;
        }
        for (whole, broken) in [
            (refund(status, sample), refund(status, &damaged)),
            (confirmation(status, sample), confirmation(status, &damaged)),
        ] {
            let (whole, broken) = (whole.evidence, broken.evidence);
            let same = std::mem::discriminant(&whole) == std::mem::discriminant(&broken);
            prop_assert!(!is_terminal(broken) || same && is_terminal(whole), "{:?} from {:?}", broken, whole);
        }
    }

    #[test]
    fn noise_is_doubt(body in prop::collection::vec(any::<u8>(), 0..200), status in 200_u16..600) {
        prop_assert_eq!(refund(status, &body).evidence, Evidence::Doubt);
        prop_assert_eq!(confirmation(status, &body).evidence, Evidence::Doubt);
    }
}
