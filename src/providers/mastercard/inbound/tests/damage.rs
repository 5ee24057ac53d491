//! Bodies that were cut or damaged, on their way or by whoever signed them.

use proptest::prelude::*;

use super::*;

/// Nothing that is cut or damaged is believed, whatever it would say.
#[test]
fn a_body_cut_at_any_byte_is_not_believed() {
    for (side, path, body) in [
        (Side::Creditor, ADVICES, ADVICE),
        (Side::Debtor, REFUNDS, REQUESTED),
    ] {
        let (desk, headers) = (inbound(side), headers(body.as_bytes()));
        for cut in (0..body.len()).step_by(7) {
            let refused = read_with(&desk, path, &headers, &body.as_bytes()[..cut]);
            assert_eq!(refused.unwrap_err().status, 401, "{cut}");
        }
    }
}

/// As if the network itself had signed it so: it is read or refused, and no account is seen.
fn understood(side: Side, path: &str, body: &[u8]) -> Option<Received> {
    let headers = [
        ("X-Request-ID", "req-1"),
        ("X-Product-ID", "PBARFP"),
        ("X-Participant-ID", "ZAPP"),
        ("Idempotency-Key", IDEMPOTENCY),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let call = Call {
        method: "POST",
        target: path,
        path,
        headers: &headers,
        body,
    };
    inbound(side).understand(&call).ok()
}

#[test]
fn a_signed_body_cut_at_any_byte_says_nothing() {
    for cut in 0..REQUESTED.len() {
        assert!(understood(Side::Debtor, REFUNDS, &REQUESTED.as_bytes()[..cut]).is_none());
    }
    let advice = ADVICE.as_bytes();
    for cut in 0..advice.len() {
        let received = understood(Side::Creditor, ADVICES, &advice[..cut]).unwrap();
        assert!(matches!(
            received.message,
            Message::AccountAdvice { account: None, .. }
        ));
        assert!(!received.raw.contains("60161331926819"), "{}", received.raw);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn damage_gives_no_other_ids(
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        which in 0_usize..3,
    ) {
        let confirmation = confirmation();
        let (side, path, body) = [
            (Side::Creditor, ADVICES, ADVICE),
            (Side::Debtor, REFUNDS, REQUESTED),
            (Side::Debtor, CONFIRMATIONS, confirmation.as_str()),
        ][which];
        let mut damaged = body.as_bytes().to_vec();
        for (at, byte) in damages {
            let at = at.index(damaged.len());
            damaged[at] = byte;
        }
        let Some(received) = understood(side, path, &damaged) else { return Ok(()) };
        prop_assert!((1..=35).contains(&received.message_id.chars().count()));
        let payment = match &received.message {
            Message::AccountAdvice { payment, .. } | Message::RefundConfirmed { payment, .. } => payment,
            Message::RefundRequested(requested) => &requested.payment,
            _ => return Err(TestCaseError::fail("another message")),
        };
        prop_assert_eq!(payment, PAYMENT);
    }

    #[test]
    fn noise_is_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(understood(Side::Debtor, REFUNDS, &body).is_none());
        prop_assert!(understood(Side::Debtor, CONFIRMATIONS, &body).is_none());
    }
}
