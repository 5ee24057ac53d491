//! Restores: what was sent since the backup is known from the journal, and nothing is sent until
//! it was asked about (R15).

use std::fs;
use std::path::PathBuf;

use rstest::rstest;

use crate::domain::sending::Resumption;

use super::*;

mod again;
mod files;

/// A ledger in a folder, which can be closed, replaced and opened again.
struct Bench {
    folder: TempDir,
    ledger: Option<Ledger>,
}

impl Bench {
    async fn new() -> Self {
        let (folder, ledger) = open();
        import(&ledger, vec![row("a", 10_000), row("b", 10_000)]).await;
        Self {
            folder,
            ledger: Some(ledger),
        }
    }

    fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn back_up(&self) {
        let taken = self.ledger().backup(self.path("b.db"), "ina".into(), now());
        taken.await.unwrap();
    }

    async fn close(&mut self) {
        self.ledger = None;
        // The threads let go of the file a moment after the last handle is dropped.
        while in_use::own(&options(&self.folder).path).is_err() {
            tokio::task::yield_now().await;
        }
    }

    async fn restore(&mut self, file: &str) -> Result<Restored, LedgerError> {
        self.close().await;
        let restored = restore(&self.restoring(file));
        self.ledger = Some(Ledger::open(&options(&self.folder)).unwrap());
        let verdict = self.ledger().verify().await.unwrap();
        assert_eq!(verdict.findings, []);
        restored
    }

    fn restoring(&self, file: &str) -> RestoreOptions {
        let open = options(&self.folder);
        RestoreOptions {
            file: self.path(file),
            database: open.path,
            environment: open.environment,
            actor: "ina".into(),
            cadence: cadence(),
            now: now(),
        }
    }

    /// Reserves and begins to send.
    async fn send(&self, payment: &str, minor: i64) -> RefundId {
        let id = reserve(self.ledger(), payment, minor).await;
        claim_and_begin(self.ledger(), id, attempt(id, 1))
            .await
            .unwrap();
        id
    }

    async fn record(&self, id: RefundId, event: Event) {
        self.ledger().record(record(id, event)).await.unwrap();
    }

    /// What the sender under the first lease learned.
    async fn answer(&self, id: RefundId, evidence: Evidence) {
        let answer = Record {
            fence: Some(1),
            ..record(id, Event::Evidence(evidence))
        };
        self.ledger().record(answer).await.unwrap();
    }

    async fn state(&self, id: RefundId) -> State {
        state(self.ledger(), id).await
    }

    async fn audit(&self) -> Vec<crate::domain::audit::AuditEntry> {
        let entries = self.ledger().audit(None, 1000).await.unwrap();
        assert!(entries.iter().all(|it| it.hash == it.expected_hash()));
        assert!(entries.windows(2).all(|it| it[1].previous == it[0].hash));
        entries
    }
}

fn cadence() -> Cadence {
    Cadence {
        pace: Pace::REAL,
        spread: 0,
        watch: std::time::Duration::ZERO,
        retry_after: None,
    }
}

fn looked(id: RefundId, evidence: Evidence) -> Record {
    let mut record = record(id, Event::Evidence(evidence));
    record.observation.as_mut().unwrap().source = ObservationSource::Inquiry;
    record
}

const SUCCEEDED: Evidence = Evidence::Report {
    status: Reported::Succeeded,
    amount: None,
};

#[tokio::test]
async fn what_was_sent_since_is_held_and_asked_about_before_anything_is_sent() {
    let mut bench = Bench::new().await;
    bench.back_up().await;
    let id = bench.send("a", 4_000).await;
    bench.answer(id, SUCCEEDED).await;
    let lost = bench.audit().await.pop().unwrap();

    let restored = bench.restore("b.db").await.unwrap();
    assert_eq!(restored.taken_at, Some(now()));
    let kept = restored.kept.unwrap();
    let old = rusqlite::Connection::open(kept).unwrap();
    let state_of = "SELECT state FROM refunds";
    let before: String = old.query_row(state_of, [], |row| row.get(0)).unwrap();
    assert_eq!(before, "succeeded");

    let rewound = restored.rewound;
    assert_eq!(
        (rewound.from_journal, rewound.unknown, rewound.waiting),
        (1, 1, 0)
    );
    assert!(rewound.journal_complete);
    assert_eq!(rewound.closed, ["hub-us"]);
    assert_eq!(bench.state(id).await, State::Unknown);
    assert_eq!(available(bench.ledger(), "a").await, 6_000);
    let evidence = bench.ledger().evidence(id).await.unwrap();
    let taken_over = &evidence.attempts[0];
    assert_eq!(taken_over.correlation, id.correlation("refund", 1));
    assert_eq!(taken_over.idempotency_key, id.idempotency_key("refund", 1));
    assert_eq!((taken_over.body.len(), taken_over.sends.len()), (0, 1));

    // The chain goes on, and names what it lost.
    let told = bench.audit().await;
    let told = told
        .iter()
        .find(|it| it.action == "database.restored")
        .unwrap();
    let gap = format!("replaced_head={}:{}", lost.seq, lost.hash);
    assert!(told.detail.contains(&gap), "{}", told.detail);

    let refused = bench.ledger().reserve(reservation("b", 100)).await;
    assert!(
        matches!(refused, Err(LedgerError::SendingClosed { .. })),
        "{refused:?}"
    );
    // Not asked yet, then asked in vain: closed. Asked with an answer: open.
    for (evidence, opens) in [
        (None, false),
        (Some(Evidence::Doubt), false),
        (Some(SUCCEEDED), true),
    ] {
        if let Some(evidence) = evidence {
            bench.ledger().record(looked(id, evidence)).await.unwrap();
        }
        let opened = bench.ledger().settle_restore(cadence(), now()).await;
        assert_eq!(opened.unwrap().len(), usize::from(opens), "{evidence:?}");
    }
    assert_eq!(bench.ledger().closed_accounts().await.unwrap(), []);
    reserve(bench.ledger(), "b", 100).await;
}

#[rstest]
#[case::reserved_never_sent(None, State::Approved, false)]
#[case::sent_since(Some(None), State::Unknown, true)]
#[case::proven_unsent_since(Some(Some(Evidence::NotSent)), State::Approved, false)]
#[tokio::test]
async fn what_was_approved_waits_for_a_person_unless_it_was_sent(
    #[case] since: Option<Option<Evidence>>,
    #[case] expected: State,
    #[case] sent: bool,
) {
    let mut bench = Bench::new().await;
    let id = reserve(bench.ledger(), "a", 4_000).await;
    bench.back_up().await;
    if let Some(answer) = since {
        claim_and_begin(bench.ledger(), id, attempt(id, 1))
            .await
            .unwrap();
        if let Some(answer) = answer {
            bench.answer(id, answer).await;
        }
    }
    let rewound = bench.restore("b.db").await.unwrap().rewound;
    assert_eq!(
        (rewound.unknown, rewound.waiting),
        (u32::from(sent), u32::from(!sent))
    );
    let refund = bench.ledger().refund(id).await.unwrap().unwrap().refund;
    assert_eq!((refund.state, refund.needs_release), (expected, !sent));
    assert_eq!(available(bench.ledger(), "a").await, 6_000);
    // Open or not, nobody sends it by himself.
    bench
        .ledger()
        .settle_restore(cadence(), now())
        .await
        .unwrap();
    let due = bench
        .ledger()
        .due(Queue::Sends, now(), None, 10)
        .await
        .unwrap();
    assert_eq!(due, []);
}

#[tokio::test]
async fn one_that_needed_a_checker_needs_one_again() {
    let mut bench = Bench::new().await;
    let mut waiting = reservation("a", 4_000);
    waiting.policy.approval_above_main = 1;
    bench.ledger().reserve(waiting.clone()).await.unwrap();
    let guard = crate::domain::state::ApproveGuard {
        checker_is_not_maker: true,
        has_role: true,
        hash_matches: true,
        in_time: true,
    };
    let ledger = bench.ledger();
    let seen = ledger.refund(waiting.id).await.unwrap().unwrap().refund;
    let approved = Record {
        actor: "ben".into(),
        observation: None,
        ..record(waiting.id, Event::Approve(guard))
    };
    let anybody = Checked::by_anybody(now().date_naive());
    let approval = ledger.approve(approved, seen.approval_hash, anybody);
    approval.await.unwrap();
    assert_eq!(bench.state(waiting.id).await, State::Approved);
    bench.back_up().await;
    bench.restore("b.db").await.unwrap();
    assert_eq!(bench.state(waiting.id).await, State::AwaitingApproval);
}

#[rstest]
#[case::submitting(None)]
#[case::pending(Some(Reported::Pending))]
#[case::action_required(Some(Reported::ActionRequired))]
#[tokio::test]
async fn what_was_on_its_way_is_unknown(#[case] reported: Option<Reported>) {
    let mut bench = Bench::new().await;
    let id = bench.send("a", 4_000).await;
    if let Some(status) = reported {
        bench.record(id, report(status, None)).await;
    }
    bench.back_up().await;
    bench.restore("b.db").await.unwrap();
    assert_eq!(bench.state(id).await, State::Unknown);
    let attempts = bench.ledger().evidence(id).await.unwrap().attempts;
    assert!(!attempts[0].body.is_empty(), "its bytes are still there");
}

#[tokio::test]
async fn what_was_sent_takes_the_balance_below_zero_rather_than_being_lost() {
    let mut bench = Bench::new().await;
    let withdrawn = reserve(bench.ledger(), "a", 7_000).await;
    bench.back_up().await;
    bench.record(withdrawn, Event::Withdraw).await;
    let sent = bench.send("a", 6_000).await;
    bench.restore("b.db").await.unwrap();
    assert_eq!(bench.state(sent).await, State::Unknown);
    assert_eq!(available(bench.ledger(), "a").await, -3_000);
    // Only a restore may: a new hold is refused as ever.
    let over = rusqlite::Connection::open(bench.path("desk.db")).unwrap();
    let left: i64 = over
        .query_row("SELECT count(*) FROM taking_over", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
    let kind = "SELECT kind FROM discrepancies";
    let told: String = over.query_row(kind, [], |row| row.get(0)).unwrap();
    assert_eq!(told, "overdrawn");
}

#[tokio::test]
async fn a_payment_the_backup_lacks_keeps_its_account_closed_until_it_is_imported() {
    let mut bench = Bench::new().await;
    bench.back_up().await;
    import(bench.ledger(), vec![row("late", 5_000)]).await;
    let id = bench.send("late", 2_000).await;
    let rewound = bench.restore("b.db").await.unwrap().rewound;
    assert_eq!((rewound.from_journal, rewound.unplaced), (0, 1));
    for _ in 0..2 {
        let opened = bench.ledger().settle_restore(cadence(), now()).await;
        assert_eq!(opened.unwrap(), [""; 0]);
    }
    import(bench.ledger(), vec![row("late", 5_000)]).await;
    let opened = bench.ledger().settle_restore(cadence(), now()).await;
    assert_eq!(opened.unwrap(), [""; 0], "it must be asked about first");
    assert_eq!(bench.state(id).await, State::Unknown);
    assert_eq!(available(bench.ledger(), "late").await, 3_000);
    let answer = looked(id, Evidence::NotFound);
    bench.ledger().record(answer).await.unwrap();
    let opened = bench.ledger().settle_restore(cadence(), now()).await;
    assert_eq!(opened.unwrap(), ["hub-us"]);
    assert_eq!(bench.state(id).await, State::Unknown);
}

#[tokio::test]
async fn the_callers_key_still_names_the_refund() {
    let mut bench = Bench::new().await;
    bench.back_up().await;
    let keyed = Reservation {
        caller_key: Some("k-1".into()),
        ..reservation("a", 4_000)
    };
    bench.ledger().reserve(keyed.clone()).await.unwrap();
    let first = attempt(keyed.id, 1);
    claim_and_begin(bench.ledger(), keyed.id, first)
        .await
        .unwrap();
    bench.restore("b.db").await.unwrap();
    let again = Reservation {
        id: RefundId::new(now()),
        ..keyed.clone()
    };
    let refused = bench.ledger().reserve(again).await;
    assert!(
        matches!(&refused, Err(LedgerError::KeyReused { refund, .. }) if *refund == keyed.id.to_string()),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_second_attempt_proves_the_first_unexecuted() {
    let mut bench = Bench::new().await;
    bench.back_up().await;
    let id = bench.send("a", 4_000).await;
    bench.answer(id, Evidence::NotSent).await;
    // The line that says so is lost, as after a crash just there.
    forget_disproofs(&bench);
    let late = now() + TimeDelta::hours(1);
    let claim = bench.ledger().claim(id, holder(), late).await.unwrap();
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: attempt(id, 2),
        guard: SendGuard::HOLDS,
        now: late,
    };
    let begun = bench.ledger().begin_send(new).await.unwrap();
    assert_eq!(begun, Begun::Written);
    bench.restore("b.db").await.unwrap();
    let attempts = bench.ledger().evidence(id).await.unwrap().attempts;
    let proven: Vec<bool> = attempts
        .iter()
        .map(|attempt| attempt.sends[0].not_executed)
        .collect();
    assert_eq!(proven, [true, false]);
}

fn forget_disproofs(bench: &Bench) {
    let path = bench.path("journal/sends.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let kept: Vec<&str> = text
        .split_inclusive('\n')
        .filter(|line| !line.contains("not_executed"))
        .collect();
    assert!(kept.len() < text.lines().count());
    fs::write(path, kept.concat()).unwrap();
}

#[rstest]
#[case::whole(|_: &mut Vec<u8>| {}, true)]
#[case::torn_end(|bytes: &mut Vec<u8>| bytes.extend(b"{\"sha256\":\"12"), true)]
#[case::damaged_middle(|bytes: &mut Vec<u8>| { let at = bytes.len() - 700; bytes[at] ^= 4; }, false)]
#[case::gone(|bytes: &mut Vec<u8>| bytes.clear(), false)]
#[tokio::test]
async fn a_journal_that_does_not_tell_everything_takes_two_people(
    #[case] harm: fn(&mut Vec<u8>),
    #[case] complete: bool,
) {
    let mut bench = Bench::new().await;
    bench.back_up().await;
    let id = bench.send("a", 4_000).await;
    let path = bench.path("journal/sends.jsonl");
    let mut bytes = fs::read(&path).unwrap();
    harm(&mut bytes);
    if bytes.is_empty() {
        fs::remove_file(&path).unwrap();
    } else {
        fs::write(&path, bytes).unwrap();
    }
    let rewound = bench.restore("b.db").await.unwrap().rewound;
    assert_eq!(rewound.journal_complete, complete, "{rewound:?}");
    if bench.ledger().refund(id).await.unwrap().is_some() {
        let answer = looked(id, SUCCEEDED);
        bench.ledger().record(answer).await.unwrap();
    }
    bench
        .ledger()
        .settle_restore(cadence(), now())
        .await
        .unwrap();
    let refused = bench.ledger().reserve(reservation("b", 100)).await;
    assert_eq!(refused.is_ok(), complete, "{refused:?}");
    if complete {
        return;
    }
    let resume = |by: &str, note: Option<&str>| {
        bench.ledger().resume_sending(SendingWord {
            account: None,
            by: by.into(),
            note: note.map(str::to_owned),
            now: now(),
        })
    };
    let bare = resume("max", None).await;
    assert!(matches!(bare, Err(LedgerError::NeedsEvidence)), "{bare:?}");
    let list = Some("the provider's list of today");
    let first = resume("max", list).await;
    assert!(matches!(first, Ok(Resumption::Proposed(_))), "{first:?}");
    let alone = resume("max", list).await;
    assert!(
        matches!(alone, Err(LedgerError::ResumesAlone(_))),
        "{alone:?}"
    );
    let closed = bench.ledger().closed_accounts().await.unwrap();
    assert!(!closed.is_empty(), "one person opens nothing");
    let second = resume("ina", list).await;
    assert!(matches!(second, Ok(Resumption::Resumed(_))), "{second:?}");
    assert_eq!(bench.ledger().closed_accounts().await.unwrap(), []);
    reserve(bench.ledger(), "b", 100).await;
}

#[tokio::test]
async fn an_old_copy_put_back_by_hand_is_noticed_and_mended_in_its_place() {
    let mut bench = Bench::new().await;
    bench.back_up().await;
    let id = bench.send("a", 4_000).await;
    bench.close().await;
    fs::copy(bench.path("b.db"), bench.path("desk.db")).unwrap();
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(bench.path(&format!("desk.db{end}")));
    }
    for _ in 0..2 {
        bench.ledger = None;
        bench.ledger = Some(Ledger::open(&options(&bench.folder)).unwrap());
        let closed = bench.ledger().closed_accounts().await.unwrap();
        assert_eq!(closed.len(), 1);
        assert_eq!(closed[0].why, Some(ClosedWhy::OlderThanJournal));
        assert!(bench.ledger().reserve(reservation("b", 100)).await.is_err());
        let refused = bench.ledger().check_open("hub-us".into()).await;
        assert!(
            matches!(refused, Err(LedgerError::SendingClosed { .. })),
            "{refused:?}"
        );
    }
    let restored = bench.restore("desk.db").await.unwrap();
    assert_eq!((restored.kept, restored.rewound.from_journal), (None, 1));
    assert_eq!(bench.state(id).await, State::Unknown);
    let answer = looked(id, SUCCEEDED);
    bench.ledger().record(answer).await.unwrap();
    let opened = bench.ledger().settle_restore(cadence(), now()).await;
    assert_eq!(opened.unwrap(), ["hub-us"]);
    assert_eq!(bench.ledger().closed_accounts().await.unwrap(), []);
}

async fn audit_findings(bench: &Bench) -> Vec<String> {
    let verdict = bench.ledger().verify_audit(Vec::new()).await.unwrap();
    verdict.findings.into_iter().map(|it| it.detail).collect()
}

/// Every send names the newest entry of the audit in the journal: what is cut off or rewritten is
/// told though the head file went with it.
#[rstest]
#[case::cut_off("", true)]
#[case::rewritten(
    "INSERT INTO audit SELECT seq + 1, at, actor, action, subject, detail, hash, hash FROM audit ORDER BY seq DESC LIMIT 1;",
    true
)]
#[case::left_alone("ROLLBACK; BEGIN;", false)]
#[tokio::test]
async fn the_journal_remembers_the_audit(#[case] then: &str, #[case] told: bool) {
    let mut bench = Bench::new().await;
    bench.send("a", 50).await;
    let before: i64 = bench.audit().await.last().unwrap().seq;
    bench.send("a", 100).await;
    bench.send("b", 100).await;
    assert_eq!(audit_findings(&bench).await, [] as [String; 0]);
    bench.close().await;
    let connection = rusqlite::Connection::open(bench.path("desk.db")).unwrap();
    connection
        .execute_batch(&format!(
            "DROP TRIGGER audit_fixed; DROP TRIGGER audit_kept; BEGIN;
             DELETE FROM audit WHERE seq > {before}; {then} COMMIT"
        ))
        .unwrap();
    drop(connection);
    fs::remove_file(bench.path("desk.head")).unwrap();
    bench.ledger = Some(Ledger::open(&options(&bench.folder)).unwrap());
    let found = audit_findings(&bench).await;
    let names = |it: &String| it.contains("send journal names record");
    assert_eq!(found.iter().any(names), told, "{found:?}");
    assert!(
        !told || found.iter().any(|it| it.contains("1 more")),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_restore_explains_what_the_audit_lacks_and_only_that() {
    let mut bench = Bench::new().await;
    bench.send("a", 100).await;
    bench.back_up().await;
    bench.send("a", 200).await;
    bench.restore("b.db").await.unwrap();
    assert_eq!(audit_findings(&bench).await, [] as [String; 0]);
    // What is remembered of the journal explains nothing without the restore in the chain.
    bench.close().await;
    let connection = rusqlite::Connection::open(bench.path("desk.db")).unwrap();
    connection
        .execute_batch(
            "DROP TRIGGER audit_fixed; DROP TRIGGER audit_kept;
             UPDATE audit SET action = 'database.opened' WHERE action = 'database.restored'",
        )
        .unwrap();
    drop(connection);
    bench.ledger = Some(Ledger::open(&options(&bench.folder)).unwrap());
    let found = audit_findings(&bench).await;
    let names = |it: &String| it.contains("send journal names record");
    assert!(found.iter().any(names), "{found:?}");
}

#[tokio::test]
async fn a_database_that_knows_its_journal_is_left_alone() {
    let mut bench = Bench::new().await;
    let id = bench.send("a", 4_000).await;
    bench.answer(id, Evidence::NotSent).await;
    bench.close().await;
    bench.ledger = Some(Ledger::open(&options(&bench.folder)).unwrap());
    assert_eq!(bench.ledger().closed_accounts().await.unwrap(), []);
    // Nor is it after a restore that could not place all of the journal.
    bench.back_up().await;
    import(bench.ledger(), vec![row("late", 5_000)]).await;
    bench.send("late", 2_000).await;
    bench.restore("b.db").await.unwrap();
    let closed = bench.ledger().closed_accounts().await.unwrap();
    let whys: Vec<_> = closed.iter().map(|closed| closed.why.unwrap()).collect();
    assert_eq!(whys, [ClosedWhy::Restored]);
}
