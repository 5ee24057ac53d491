//! Imports and refunds through their lives.

use rstest::rstest;

use super::*;

#[tokio::test]
async fn importing_again_changes_nothing() {
    let (_folder, ledger) = open();
    let rows = vec![row("a", 1000), row("b", 2000)];
    assert_eq!(import(&ledger, rows.clone()).await.new, 2);
    let again = import(&ledger, rows).await;
    assert_eq!((again.new, again.updated, again.unchanged), (0, 0, 2));
    sound(&ledger).await;
}

#[tokio::test]
async fn a_file_raises_what_was_paid_back_and_never_lowers_it() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    for (refunded, left) in [(300, 700), (100, 700), (450, 550)] {
        let news = ImportRow {
            refunded: Some(usd(refunded)),
            ..row("a", 1000)
        };
        import(&ledger, vec![news]).await;
        assert_eq!(available(&ledger, "a").await, left);
    }
    sound(&ledger).await;
}

#[tokio::test]
async fn a_file_never_changes_the_money_of_a_known_payment() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let counts = import(&ledger, vec![row("a", 2000)]).await;
    assert_eq!(counts.rejected.len(), 1);
    assert_eq!(available(&ledger, "a").await, 1000);
    sound(&ledger).await;
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let (_folder, ledger) = open();
    let batch = ImportBatch {
        source: source(),
        rows: vec![row("a", 1000), row("a", 1000)],
        dry_run: true,
        audit: ImportAudit::default(),
    };
    let counts = ledger.import(batch).await.unwrap();
    assert_eq!((counts.new, counts.unchanged), (1, 1));
    assert_eq!(ledger.payment(payment_id("a")).await.unwrap(), None);
    sound(&ledger).await;
}

#[tokio::test]
async fn a_hold_takes_from_what_is_available_and_no_more() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    reserve(&ledger, "a", 600).await;
    assert_eq!(available(&ledger, "a").await, 400);
    let over = ledger.reserve(reservation("a", 401)).await;
    assert!(matches!(over, Err(LedgerError::OverAvailable)), "{over:?}");
    reserve(&ledger, "a", 400).await;
    assert_eq!(available(&ledger, "a").await, 0);
    sound(&ledger).await;
}

#[tokio::test]
async fn a_changed_balance_is_noticed() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    reserve(&ledger, "a", 600).await;
    let mut stale = reservation("a", 100);
    stale.expected_available = Some(usd(1000));
    let refused = ledger.reserve(stale).await;
    assert!(
        matches!(refused, Err(LedgerError::BalanceChanged)),
        "{refused:?}"
    );
    sound(&ledger).await;
}

#[tokio::test]
async fn a_key_names_one_decision() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let mut first = reservation("a", 100);
    first.caller_key = Some("case 7".into());
    let Reserved::New(made) = ledger.reserve(first.clone()).await.unwrap() else {
        panic!("made twice");
    };
    let same = Reservation {
        id: RefundId::new(now()),
        ..first.clone()
    };
    let Reserved::Existing(found) = ledger.reserve(same).await.unwrap() else {
        panic!("a second refund under one key");
    };
    assert_eq!(found.refund.id, made.refund.id);
    let mut other = first;
    other.id = RefundId::new(now());
    other.content.amount = usd(200);
    let refused = ledger.reserve(other).await;
    assert!(
        matches!(refused, Err(LedgerError::KeyReused { .. })),
        "{refused:?}"
    );
    assert_eq!(available(&ledger, "a").await, 900);
    sound(&ledger).await;
}

#[rstest]
#[case(Evidence::NotSent, State::Approved, 600)]
#[case(Evidence::TurnedAway, State::Approved, 600)]
#[case(Evidence::Refused, State::Rejected, 1000)]
#[case(Evidence::Doubt, State::Unknown, 600)]
#[tokio::test]
async fn an_answer_moves_refund_and_balance_together(
    #[case] evidence: Evidence,
    #[case] to: State,
    #[case] left: i64,
) {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    let fence = claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    let answer = Record {
        fence: Some(fence),
        ..record(id, Event::Evidence(evidence))
    };
    ledger.record(answer).await.unwrap();
    assert_eq!(state(&ledger, id).await, to);
    assert_eq!(available(&ledger, "a").await, left);
    sound(&ledger).await;
}

/// A slow look, or the late answer to a send that another has followed, speaks of other bytes
/// than those that are out: the refund stays held and the send in doubt.
#[rstest]
#[tokio::test]
async fn what_is_not_the_answer_to_the_send_under_way_releases_nothing(
    #[values(Evidence::NotSent, Evidence::TurnedAway, Evidence::Refused)] evidence: Evidence,
) {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    let answer = record(id, Event::Evidence(evidence));
    ledger.record(answer).await.unwrap();
    assert_eq!(state(&ledger, id).await, State::Unknown);
    assert_eq!(available(&ledger, "a").await, 600);
    let sends = ledger.evidence(id).await.unwrap().attempts[0].sends.clone();
    assert!(sends.iter().all(|send| !send.not_executed));
}

#[tokio::test]
async fn another_amount_in_the_reply_holds_the_larger_and_opens_a_discrepancy() {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    for _ in 0..2 {
        let event = report(Reported::Pending, Some(usd(500)));
        ledger.record(record(id, event)).await.unwrap();
    }
    assert_eq!(state(&ledger, id).await, State::ActionRequired);
    assert_eq!(available(&ledger, "a").await, 500);
    let connection = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    let open: i64 = connection
        .query_row("SELECT count(*) FROM discrepancies", [], |row| row.get(0))
        .unwrap();
    assert!(open >= 1);
    sound(&ledger).await;
}

/// A resend of an attempt whose first send is unresolved cannot be believed to have failed.
#[tokio::test]
async fn nothing_is_released_while_a_send_is_unresolved() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    ledger.record(record(id, Event::LeaseLost)).await.unwrap();
    for event in [
        Event::Evidence(Evidence::NotFound),
        Event::Evidence(Evidence::Refused),
        Event::Evidence(Evidence::NotSent),
    ] {
        ledger.record(record(id, event)).await.unwrap();
        assert_eq!(state(&ledger, id).await, State::Unknown);
    }
    assert!(ledger.record(record(id, Event::Withdraw)).await.is_err());
    assert_eq!(available(&ledger, "a").await, 600);
    sound(&ledger).await;
}

#[tokio::test]
async fn two_desks_do_not_hold_one_lease() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    ledger.claim(id, holder(), now()).await.unwrap();
    let second = ledger.claim(id, holder(), now()).await;
    assert!(matches!(second, Err(LedgerError::Leased)), "{second:?}");
    let late = ledger.claim(id, holder(), now() + LEASE).await.unwrap();
    assert_eq!(late.fence, 2);
    sound(&ledger).await;
}

#[tokio::test]
async fn a_lost_fence_sends_and_writes_nothing() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    let claim = ledger.claim(id, holder(), now()).await.unwrap();
    ledger.claim(id, holder(), now() + LEASE).await.unwrap();
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: attempt(id, 1),
        guard: SendGuard::HOLDS,
        now: now(),
    };
    assert!(ledger.begin_send(new).await.is_err());
    assert_eq!(state(&ledger, id).await, State::Approved);
    assert_eq!(ledger.evidence(id).await.unwrap().attempts, vec![]);
    sound(&ledger).await;
}

async fn closings(ledger: &Ledger, now: DateTime<Utc>) -> Vec<Due> {
    ledger.due(Queue::Closings, now, None, 10).await.unwrap()
}

#[tokio::test]
async fn what_was_sending_when_its_process_died_is_found() {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    assert_eq!(closings(&ledger, now()).await, vec![]);
    let me = holder();
    let (head, _) = me.rsplit_once(':').unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    connection
        .execute(
            "UPDATE refunds SET lease_holder = ?1",
            [format!("{head}:1")],
        )
        .unwrap();
    let due = closings(&ledger, now()).await;
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].task, Task::LeaseLost);
    sound(&ledger).await;
}

#[tokio::test]
async fn a_refund_that_waits_too_long_expires() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let mut waiting = reservation("a", 400);
    waiting.policy.approval_above_main = 1;
    ledger.reserve(waiting.clone()).await.unwrap();
    assert_eq!(closings(&ledger, now()).await, vec![]);
    let late = now() + TimeDelta::days(7);
    let due = closings(&ledger, late).await;
    assert_eq!(due[0].task, Task::Expire);
    ledger
        .record(record(waiting.id, Event::TimeLimit))
        .await
        .unwrap();
    assert_eq!(available(&ledger, "a").await, 1000);
    sound(&ledger).await;
}

#[tokio::test]
async fn the_audit_is_a_chain_of_what_was_done() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    ledger
        .record(record(id, report(Reported::Succeeded, None)))
        .await
        .unwrap();
    let entries = ledger.audit(Some(id.to_string()), 100).await.unwrap();
    let actions: Vec<&str> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "refund.reserved",
            "refund.approved",
            "refund.submitting",
            "refund.succeeded"
        ]
    );
    let all = ledger.audit(None, 100).await.unwrap();
    assert!(all.iter().all(|entry| entry.hash == entry.expected_hash()));
    assert!(all.windows(2).all(|pair| pair[1].previous == pair[0].hash));
    sound(&ledger).await;
}

#[tokio::test]
async fn other_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder);
    std::fs::write(
        &options.path,
        "not a database at all, but long enough to look at",
    )
    .unwrap();
    assert!(Ledger::open(&options).is_err());
    std::fs::remove_file(&options.path).unwrap();
    let other = rusqlite::Connection::open(&options.path).unwrap();
    other
        .execute_batch("CREATE TABLE theirs (id INTEGER)")
        .unwrap();
    drop(other);
    let refused = Ledger::open(&options);
    assert!(
        matches!(refused, Err(LedgerError::NotOurs(_))),
        "{:?}",
        refused.err()
    );
}

#[tokio::test]
async fn environments_and_versions_are_kept_apart() {
    let (folder, ledger) = open();
    drop(ledger);
    let live = OpenOptions {
        environment: "live".into(),
        ..options(&folder)
    };
    let refused = Ledger::open(&live);
    assert!(
        matches!(refused, Err(LedgerError::OtherEnvironment { .. })),
        "{:?}",
        refused.err()
    );
    let connection = rusqlite::Connection::open(&live.path).unwrap();
    connection
        .execute(
            "UPDATE refinery_schema_history SET version = 99 WHERE version = 1",
            [],
        )
        .unwrap();
    drop(connection);
    let refused = Ledger::open(&options(&folder));
    assert!(
        matches!(refused, Err(LedgerError::TooNew { found: 99, .. })),
        "{:?}",
        refused.err()
    );
}

/// T22 where it moves: word of a payout while nothing is under way stops the refund, and the
/// record tells where it went, or it would not be the record of what stands.
#[tokio::test]
async fn word_of_a_payout_before_the_send_is_told_as_the_move_it_is() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    let paid = report(Reported::Succeeded, None);
    ledger.record(record(id, paid)).await.unwrap();
    assert_eq!(state(&ledger, id).await, State::Unknown);
    let told = ledger.audit(Some(id.to_string()), 1).await.unwrap();
    assert_eq!(told[0].action, "refund.unknown");
}

/// Told from two moments, a refund could be called queued when its bytes are on their way.
#[tokio::test]
async fn what_is_told_of_a_refund_is_true_at_one_moment() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 100_000)]).await;
    let ledger = std::sync::Arc::new(ledger);
    for _ in 0..60 {
        let id = reserve(&ledger, "a", 100).await;
        let sender = std::sync::Arc::clone(&ledger);
        let sending =
            tokio::spawn(async move { claim_and_begin(&sender, id, attempt(id, 1)).await });
        let told = loop {
            let told = ledger.dossier(id).await.unwrap();
            let queued = told.waiting.summary.refund.state == State::Approved;
            assert_eq!(queued, told.evidence.attempts.is_empty());
            if !queued {
                break told;
            }
        };
        assert_eq!(told.evidence.attempts.len(), 1);
        sending.await.unwrap().unwrap();
    }
}
