//! Disputes in the balance, and refunds that answer them.

use rstest::rstest;

use super::*;

/// "Disputes: alert or inquiry: no hold … Open, under review: hold. Won, withdrawn: 0. Lost,
/// accepted: counted as paid."
#[rstest]
#[case(Stage::Alert, 1000, 0)]
#[case(Stage::Inquiry, 1000, 0)]
#[case(Stage::Open, 400, 0)]
#[case(Stage::UnderReview, 400, 0)]
#[case(Stage::Won, 1000, 0)]
#[case(Stage::Withdrawn, 1000, 0)]
#[case(Stage::Lost, 400, 600)]
#[case(Stage::Accepted, 400, 600)]
#[tokio::test]
async fn a_dispute_weighs_by_its_stage(#[case] stage: Stage, #[case] left: i64, #[case] paid: i64) {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let dispute = disputed(&ledger, "cb-1", 600, stage).await;
    assert_eq!(dispute.banner().is_some(), stage.is_warning());
    let payment = ledger.payment(payment_id("a")).await.unwrap().unwrap();
    assert_eq!(payment.figures().available(), usd(left));
    assert_eq!(payment.figures().executed, usd(paid));
    assert_recomputes(&ledger, "a").await;
}

/// "A refund against an open dispute is linked to it, needs a checker and may use its disputed
/// amount."
#[tokio::test]
async fn a_refund_answers_a_dispute() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let dispute = disputed(&ledger, "cb-1", 1000, Stage::Open).await;
    assert_eq!(available(&ledger, "a").await, 0);
    let refused = ledger.reserve(reservation("a", 100)).await;
    assert!(
        matches!(refused, Err(LedgerError::OverAvailable)),
        "{refused:?}"
    );
    let answer = Reservation {
        dispute: Some(dispute.id),
        ..reservation("a", 600)
    };
    ledger.reserve(answer.clone()).await.unwrap();
    assert_eq!(state(&ledger, answer.id).await, State::AwaitingApproval);
    let payment = ledger.payment(payment_id("a")).await.unwrap().unwrap();
    let figures = payment.figures();
    assert_eq!((figures.held, figures.disputed), (usd(600), usd(400)));
    assert_recomputes(&ledger, "a").await;
    ledger
        .record(record(answer.id, Event::Withdraw))
        .await
        .unwrap();
    let payment = ledger.payment(payment_id("a")).await.unwrap().unwrap();
    assert_eq!(payment.figures().disputed, usd(1000));
    let known = ledger.disputes_of(payment_id("a")).await.unwrap();
    assert_eq!(known[0].refunds, [answer.id]);
}

#[tokio::test]
async fn a_dispute_lost_after_its_refund_was_paid_twice() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let dispute = disputed(&ledger, "cb-1", 600, Stage::Open).await;
    let answer = Reservation {
        dispute: Some(dispute.id),
        ..reservation("a", 600)
    };
    ledger.reserve(answer).await.unwrap();
    disputed(&ledger, "cb-1", 600, Stage::Lost).await;
    assert_eq!(available(&ledger, "a").await, -200);
    let open = kinds(&ledger).await;
    assert!(open.contains(&DiscrepancyKind::PaidTwice), "{open:?}");
    assert_recomputes(&ledger, "a").await;
}

/// "A dispute in another currency holds all that is left."
#[tokio::test]
async fn a_dispute_in_another_currency_holds_all_that_is_left() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let earlier = submitted(&ledger, 300).await;
    let euros = Money::new(1, Currency::from_code("EUR").unwrap());
    let dispute = ledger
        .record_dispute(news("cb-1", euros, Stage::Open))
        .await
        .unwrap();
    assert_eq!(dispute.holds, usd(700));
    assert_eq!(available(&ledger, "a").await, 0);
    let evidence = refusal(earlier);
    ledger.record(evidence).await.unwrap();
    assert_eq!(
        available(&ledger, "a").await,
        0,
        "what is released is held by it as well"
    );
    assert_recomputes(&ledger, "a").await;
    let refused = ledger.reserve(reservation("a", 100)).await;
    assert!(
        matches!(refused, Err(LedgerError::OverAvailable)),
        "{refused:?}"
    );
    let answer = Reservation {
        dispute: Some(dispute.id),
        ..reservation("a", 1000)
    };
    ledger.reserve(answer).await.unwrap();
    assert_recomputes(&ledger, "a").await;
    ledger
        .record_dispute(news("cb-1", euros, Stage::Won))
        .await
        .unwrap();
    assert_eq!(available(&ledger, "a").await, 0);
}
