//! Compensation that was paid elsewhere: no part of the balance, and counted toward the cap.

use rstest::rstest;

use super::*;
use crate::domain::compensation::{CompensationError, Compensations};
use crate::domain::limits::{Limit, Limits};

fn with(id: &str, minor: i64, on_top: Option<i64>, state: ExternalState) -> Sighting {
    Sighting {
        compensation: on_top.map(usd),
        ..sighting(id, minor, state)
    }
}

/// All of a payment of 1000 with `on_top` of compensation, of which the policy allows 100.
fn compensated(on_top: i64) -> Reservation {
    let mut reservation = reservation("a", 1000);
    reservation.content.compensation = usd(on_top);
    reservation.terms.compensation = true;
    reservation.policy.compensation_cap_main = 1;
    reservation
}

fn capped(reservation: Reservation, cap: i64) -> Reservation {
    let limits = Limits {
        cap_per_payment: Limit::Of([(usd(0).currency, cap)].into()),
        ..Limits::default()
    };
    let terms = Terms {
        limits,
        ..reservation.terms
    };
    Reservation {
        terms,
        ..reservation
    }
}

/// Held and executed, and what is available.
async fn sums(ledger: &Ledger) -> (i64, i64, i64) {
    let id = payment_id("a");
    let payment = ledger.payment(id).await.unwrap().unwrap();
    let ours = ledger.refunds_of(id).await.unwrap();
    let theirs = ledger.externals_of(id).await.unwrap();
    let computed = Compensations::of(&ours, &theirs, payment.currency);
    assert_eq!(payment.on_top, computed, "SQL and the domain say the same");
    let available = payment.figures().available().minor;
    let Compensations { held, executed } = payment.on_top;
    (held.minor, executed.minor, available)
}

async fn told(ledger: &Ledger, sighting: Sighting) -> ExternalRefund {
    ledger.record_external(sighting).await.unwrap()
}

/// Invariant 3: held and executed of its own, and nothing of what is available.
#[rstest]
#[case(ExternalState::Pending, (50, 0, 700))]
#[case(ExternalState::Done, (0, 50, 700))]
#[case(ExternalState::Failed, (0, 0, 1000))]
#[case(ExternalState::Reversed, (0, 0, 1000))]
#[tokio::test]
async fn it_weighs_apart(#[case] state: ExternalState, #[case] expected: (i64, i64, i64)) {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    for _ in 0..2 {
        told(&ledger, with("x1", 300, Some(50), state)).await;
        assert_eq!(sums(&ledger).await, expected);
    }
    assert_recomputes(&ledger, "a").await;
    assert_eq!(ledger.verify().await.unwrap().findings, []);
}

/// "Provider cap left = cap − Σ(principal + compensation) held or executed − this compensation."
#[rstest]
#[case::just_fits(1_050, 700, None)]
#[case::one_too_much(1_049, 700, Some(699))]
#[case::it_fits_below(1_049, 699, None)]
#[case::nothing_is_left(350, 1, Some(0))]
#[tokio::test]
async fn a_reservation_is_judged_with_it(
    #[case] cap: i64,
    #[case] minor: i64,
    #[case] most: Option<i64>,
) {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    told(&ledger, with("x1", 300, Some(50), ExternalState::Done)).await;
    let reserved = ledger
        .reserve(capped(reservation("a", minor), cap))
        .await
        .map(|_| ());
    match (reserved, most) {
        (Ok(()), None) => {}
        (Err(LedgerError::OverLimit(left)), Some(most)) => assert_eq!(left, usd(most)),
        (Err(LedgerError::Refused(_)), Some(0)) => {}
        (reserved, _) => panic!("{reserved:?}"),
    }
}

/// Linked to one of ours that failed, the money left on top elsewhere all the same; beside one that
/// came back nothing did. What is left of the policy's cap is all that more may be.
#[tokio::test]
async fn what_was_paid_on_top_elsewhere_is_not_paid_twice() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    told(&ledger, with("x1", 300, Some(50), ExternalState::Done)).await;
    let refused = ledger.reserve(compensated(51)).await.unwrap_err();
    assert!(
        matches!(refused, LedgerError::OverAvailable),
        "a part is back: {refused:?}"
    );
    // Back from a reversal the principal is all there again: the compensation came back with it.
    told(&ledger, with("x1", 300, Some(50), ExternalState::Reversed)).await;
    assert_eq!(sums(&ledger).await, (0, 0, 1000));
    ledger.reserve(compensated(100)).await.unwrap();
    assert_eq!(sums(&ledger).await, (100, 0, 0));
    let again = ledger.reserve(compensated(1)).await.unwrap_err();
    assert!(matches!(again, LedgerError::OverAvailable), "{again:?}");
    let refused = CompensationError::Again {
        asked: usd(1),
        earlier: usd(100),
        cap: usd(100),
    };
    assert!(refused.to_string().contains("1.00 USD of earlier refunds"));
}

/// Ours and what a list says of it are the same money: both count once, as the larger.
#[rstest]
#[case(Some(100), 100)]
#[case(Some(40), 100)]
#[case(Some(130), 130)]
#[case(None, 100)]
#[tokio::test]
async fn linked_it_counts_once(#[case] theirs: Option<i64>, #[case] held: i64) {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let ours = compensated(100);
    let id = ours.id;
    ledger.reserve(ours).await.unwrap();
    let found = told(&ledger, with("x1", 1000, theirs, ExternalState::Pending)).await;
    assert_eq!(sums(&ledger).await.0, 100 + theirs.unwrap_or(0));
    ledger
        .link_external(linking(found.id, Some(id)))
        .await
        .unwrap();
    assert_eq!(sums(&ledger).await, (held, 0, 0));
    ledger.link_external(linking(found.id, None)).await.unwrap();
    assert_eq!(sums(&ledger).await.0, 100 + theirs.unwrap_or(0));
}

/// First told of it later (as after V019), it is news; more or less than was known contradicts, and
/// the larger counts.
#[tokio::test]
async fn what_is_known_never_becomes_less() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let done = ExternalState::Done;
    let sightings = [
        (None, 0, false),
        (Some(0), 0, false),
        (Some(50), 50, false),
        (None, 50, false),
        (Some(50), 50, false),
        (Some(20), 50, true),
        (Some(60), 60, true),
    ];
    // The first three in one millisecond.
    for (second, (on_top, executed, contradicts)) in (-2_i64..).zip(sightings) {
        let sighting = Sighting {
            seen_at: now() + TimeDelta::seconds(second.max(0)),
            ..with("x1", 300, on_top, done)
        };
        told(&ledger, sighting).await;
        assert_eq!(sums(&ledger).await, (0, executed, 700), "{on_top:?}");
        let expected = vec![DiscrepancyKind::External; usize::from(contradicts)];
        let open = kinds(&ledger).await;
        assert_eq!(open.first(), expected.first(), "{on_top:?}");
    }
    assert_eq!(ledger.verify().await.unwrap().findings, []);
    let elsewhere = Money::new(5, Currency::from_code("EUR").unwrap());
    for wrong in [usd(-1), elsewhere] {
        let sighting = Sighting {
            compensation: Some(wrong),
            ..sighting("x2", 1, done)
        };
        assert!(ledger.record_external(sighting).await.is_err(), "{wrong}");
    }
}

/// Past every trigger: the whole check knows from the audit what there was.
#[tokio::test]
async fn the_check_misses_what_was_taken_off() {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    told(&ledger, with("x1", 300, Some(50), ExternalState::Done)).await;
    by_hand(&folder)
        .execute_batch(
            "DROP TRIGGER external_compensation_fixed;
             UPDATE external_refunds SET compensation_minor = 49;",
        )
        .unwrap();
    let findings = ledger.verify().await.unwrap().findings;
    let said = "written as 0.49 USD, the audit says 0.50 USD";
    assert!(
        findings.iter().any(|it| it.detail.contains(said)),
        "{findings:?}"
    );
}
