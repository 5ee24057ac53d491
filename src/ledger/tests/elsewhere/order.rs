//! What is learned late, or in another order than it happened.

use super::*;

/// T22: "an older observation never overrides a newer one".
#[tokio::test]
async fn a_look_that_was_overtaken_moves_nothing() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = submitted(&ledger, 400).await;
    let in_exchange = |exchange, event| Record {
        exchange: Some(exchange),
        ..record(id, event)
    };
    let pending = in_exchange(1, report(Reported::Pending, None));
    ledger.record(pending).await.unwrap();
    let (slow, quick) = (2, 3);
    let success = in_exchange(quick, report(Reported::Succeeded, None));
    ledger.record(success).await.unwrap();
    for event in [
        report(Reported::Pending, None),
        Event::Evidence(Evidence::NotFound),
        Event::Evidence(Evidence::Doubt),
    ] {
        ledger.record(in_exchange(slow, event)).await.unwrap();
        assert_eq!(state(&ledger, id).await, State::Succeeded);
    }
    assert!(open_discrepancies(&ledger).await.is_empty());
    let failed = in_exchange(slow, report(Reported::Failed, None));
    ledger.record(failed).await.unwrap();
    assert_eq!(state(&ledger, id).await, State::Succeeded);
    assert_eq!(kinds(&ledger).await, [DiscrepancyKind::Evidence]);
    assert_eq!(ledger.evidence(id).await.unwrap().observations.len(), 6);
    assert_eq!(available(&ledger, "a").await, 600);
}

#[tokio::test]
async fn exchanges_are_counted_by_when_they_begin() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    let claim = ledger.claim(id, holder(), now()).await.unwrap();
    assert_eq!(claim.summary.exchange, 1);
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: attempt(id, 1),
        guard: SendGuard::HOLDS,
        now: now(),
    };
    assert_eq!(ledger.begin_send(new).await.unwrap(), Begun::Written);
    ledger.record(record(id, Event::LeaseLost)).await.unwrap();
    let later = now() + TimeDelta::hours(1);
    assert!(ledger.take_look(look(id, later)).await.unwrap());
    assert_eq!(ledger.refund(id).await.unwrap().unwrap().exchange, 2);
}

/// T12: "to FAILED only if every copy found has failed and none can still arrive".
#[tokio::test]
async fn failure_is_believed_only_when_no_other_copy_can_arrive() {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = submitted(&ledger, 400).await;
    ledger.record(record(id, Event::LeaseLost)).await.unwrap();
    by_hand(&folder)
        .execute_batch("INSERT INTO sends (refund_id, step, number, send, at) SELECT refund_id, step, number, 2, at FROM sends")
        .unwrap();
    ledger
        .record(record(id, report(Reported::Failed, None)))
        .await
        .unwrap();
    // A row written by hand bears no seal, so this ledger is not sound.
    let refund = ledger.refund(id).await.unwrap().unwrap().refund;
    assert_eq!(refund.state, State::Unknown);
    let payment = ledger.payment(payment_id("a")).await.unwrap().unwrap();
    assert_eq!(payment.figures().available().minor, 600);
}

/// T17: "another amount → ACTION_REQUIRED, hold = the larger".
#[tokio::test]
async fn another_amount_holds_the_larger() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = submitted(&ledger, 400).await;
    ledger
        .record(record(id, report(Reported::Pending, None)))
        .await
        .unwrap();
    ledger
        .record(record(id, report(Reported::Succeeded, Some(usd(450)))))
        .await
        .unwrap();
    assert_eq!(state(&ledger, id).await, State::ActionRequired);
    assert_eq!(available(&ledger, "a").await, 550);
    assert_eq!(kinds(&ledger).await, [DiscrepancyKind::Evidence]);
}
