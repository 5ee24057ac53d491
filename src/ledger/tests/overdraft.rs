//! Evidence may take more than there is; then nothing more is sent on that payment.

use super::*;
use crate::domain::discrepancy::{Block, DiscrepancyKind};

fn refunded(payment_id: &str, minor: i64, refunded: i64) -> ImportRow {
    ImportRow {
        refunded: Some(usd(refunded)),
        ..row(payment_id, minor)
    }
}

/// The open discrepancies of a payment, by kind.
async fn open_kinds(ledger: &Ledger, payment: &str) -> Vec<String> {
    let id = payment_id(payment).as_i64();
    ledger
        .read(move |connection| {
            let kinds = connection
                .prepare("SELECT kind FROM discrepancies WHERE payment_id = ?1 AND resolved_at IS NULL ORDER BY seq")?
                .query_map([id], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(kinds)
        })
        .await
        .unwrap()
}

async fn begin(ledger: &Ledger, claim: &Claim) -> Result<Begun, LedgerError> {
    let id = claim.summary.refund.id;
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: attempt(id, 1),
        guard: SendGuard::HOLDS,
        now: now(),
    };
    ledger.begin_send(new).await
}

#[tokio::test]
async fn a_file_that_overdraws_opens_one_discrepancy() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000), refunded("b", 1000, 1001)]).await;
    assert_eq!(open_kinds(&ledger, "b").await, ["overdrawn"]);
    reserve(&ledger, "a", 600).await;
    for paid in [400, 401, 402] {
        import(&ledger, vec![refunded("a", 1000, paid)]).await;
    }
    assert_eq!(available(&ledger, "a").await, -2);
    assert_eq!(open_kinds(&ledger, "a").await, ["overdrawn"]);
}

/// The payment has enough; one of its captures has not.
#[tokio::test]
async fn a_single_capture_is_overdrawn_too() {
    let (_folder, ledger) = open();
    let capture = |id: &str, row: ImportRow| ImportRow {
        capture_id: Some(id.into()),
        ..row
    };
    let rows = vec![
        capture("one", row("a", 1000)),
        capture("two", refunded("a", 1000, 1500)),
    ];
    import(&ledger, rows).await;
    assert_eq!(available(&ledger, "a").await, 500);
    assert_eq!(open_kinds(&ledger, "a").await, ["overdrawn"]);
}

/// The file arrives between the sender's look and the write-ahead.
#[tokio::test]
async fn nothing_is_sent_on_a_payment_that_was_overdrawn_meanwhile() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 600).await;
    let claim = ledger.claim(id, holder(), now()).await.unwrap();
    import(&ledger, vec![refunded("a", 1000, 500)]).await;
    let begun = begin(&ledger, &claim).await.unwrap();
    assert_eq!(begun, Begun::Blocked(Block::Overdrawn));
    assert_eq!(state(&ledger, id).await, State::Approved);
    assert_eq!(ledger.evidence(id).await.unwrap().attempts, vec![]);
}

/// The block ends when the discrepancy is closed *and* enough is there.
#[tokio::test]
async fn what_was_overdrawn_waits_until_it_is_cleared_up() {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let first = reserve(&ledger, "a", 300).await;
    let second = reserve(&ledger, "a", 600).await;
    import(&ledger, vec![refunded("a", 1000, 200)]).await;
    ledger.record(record(first, Event::Withdraw)).await.unwrap();
    assert_eq!(available(&ledger, "a").await, 200);

    let claim = ledger.claim(second, holder(), now()).await.unwrap();
    let begun = begin(&ledger, &claim).await.unwrap();
    assert_eq!(begun, Begun::Blocked(Block::Open));
    let refused = ledger.reserve(reservation("a", 100)).await;
    assert!(matches!(refused, Err(LedgerError::Blocked)), "{refused:?}");

    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    connection
        .execute(
            "UPDATE discrepancies SET resolved_at = 1, resolved_by = 'cora', note = 'cleared up'",
            [],
        )
        .unwrap();
    assert_eq!(begin(&ledger, &claim).await.unwrap(), Begun::Written);
}

/// T23: proof of payout after closing counts at once and stops what is not sent yet, even where
/// enough is left.
#[tokio::test]
async fn a_late_payout_blocks_what_is_not_sent() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let lost = reserve(&ledger, "a", 300).await;
    claim_and_begin(&ledger, lost, attempt(lost, 1))
        .await
        .unwrap();
    ledger.record(refusal(lost)).await.unwrap();
    let waiting = reserve(&ledger, "a", 100).await;
    let claim = ledger.claim(waiting, holder(), now()).await.unwrap();
    let late = report(Reported::Succeeded, None);
    ledger.record(record(lost, late)).await.unwrap();
    assert_eq!(available(&ledger, "a").await, 600);
    let kind = DiscrepancyKind::LatePayout.name();
    assert_eq!(open_kinds(&ledger, "a").await, [kind]);
    let begun = begin(&ledger, &claim).await.unwrap();
    assert_eq!(begun, Begun::Blocked(Block::Open));
}

/// R4, invariant 2: a figure changed on disk stops the payout.
#[tokio::test]
async fn a_balance_that_does_not_follow_from_its_refunds_sends_nothing() {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 600).await;
    let claim = ledger.claim(id, holder(), now()).await.unwrap();
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    connection
        .execute_batch(
            "DROP TRIGGER captures_follow; DROP TRIGGER payments_follow;
             UPDATE captures SET held_minor = 500; UPDATE payments SET held_minor = 500",
        )
        .unwrap();
    let refused = begin(&ledger, &claim).await;
    assert!(
        matches!(refused, Err(LedgerError::Untrusted(_))),
        "{refused:?}"
    );
    let refund = ledger.refund(id).await.unwrap().unwrap().refund;
    assert_eq!(refund.state, State::Approved);
}

/// T7a, then nobody looks: the time limit still holds.
#[tokio::test]
async fn what_was_sent_back_to_a_person_expires() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 600).await;
    let mut back = record(id, Event::ChangeFound);
    back.observation = None;
    ledger.record(back).await.unwrap();
    assert_eq!(state(&ledger, id).await, State::AwaitingApproval);
    let limit = now() + TimeDelta::days(7);
    assert_eq!(ledger.next_due(Some(id)).await.unwrap(), Some(limit));
    let due = ledger.due(Queue::Closings, limit, None, 10).await.unwrap();
    assert_eq!(
        due.iter().map(|due| due.task).collect::<Vec<_>>(),
        [Task::Expire]
    );
}
