//! What happens to the files of a restore, and to whoever has the one before open.

use super::*;

#[tokio::test]
async fn nothing_is_restored_while_the_database_is_open() {
    let bench = Bench::new().await;
    bench.back_up().await;
    let refused = restore(&bench.restoring("b.db"));
    assert!(matches!(refused, Err(LedgerError::InUse(_))), "{refused:?}");
}

/// The lock was removed by hand, so that a desk and a restore did meet.
#[tokio::test]
async fn a_desk_of_the_epoch_before_writes_and_sends_nothing() {
    let mut bench = Bench::new().await;
    let id = reserve(bench.ledger(), "a", 4_000).await;
    bench.back_up().await;
    let claim = bench.ledger().claim(id, holder(), now()).await.unwrap();
    let old = bench.ledger.take().unwrap();
    fs::remove_file(bench.path("desk.in-use")).unwrap();
    restore(&bench.restoring("b.db")).unwrap();
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: attempt(id, 1),
        guard: SendGuard::HOLDS,
        now: now(),
    };
    let sent = old.begin_send(new).await;
    assert!(matches!(sent, Err(LedgerError::Replaced(_))), "{sent:?}");
    let wrote = old.reserve(reservation("b", 100)).await;
    assert!(matches!(wrote, Err(LedgerError::Replaced(_))), "{wrote:?}");
    let journal = fs::read_to_string(bench.path("journal/sends.jsonl")).unwrap();
    assert_eq!(journal.lines().count(), 1, "{journal}");
}

#[tokio::test]
async fn a_restore_cut_off_while_names_are_exchanged_is_finished_by_the_next() {
    let mut bench = Bench::new().await;
    bench.back_up().await;
    let id = bench.send("a", 4_000).await;
    bench.close().await;
    // As a restore leaves it that was killed after its note was written: the copy is whole.
    let whole = tempfile::tempdir().unwrap();
    copy_folder(bench.folder.path(), whole.path());
    let restoring = bench.restoring("b.db");
    restore(&restoring).unwrap();
    let fresh = fs::read(bench.path("desk.db")).unwrap();
    let kept = whole.path().join("desk.db.kept");
    fs::write(whole.path().join("desk.db.restoring"), fresh).unwrap();
    let note = format!("{{\"kept\":{:?}}}", kept.display().to_string());
    fs::write(whole.path().join("desk.db.restore"), note).unwrap();

    let read_only = OpenOptions {
        read_only: true,
        ..options(&whole)
    };
    let refused = Ledger::open(&read_only).err();
    assert!(
        matches!(refused, Some(LedgerError::HalfRestored(_))),
        "{refused:?}"
    );
    let ledger = Ledger::open(&options(&whole)).unwrap();
    assert_eq!(state(&ledger, id).await, State::Unknown);
    assert!(kept.exists());
    assert!(!whole.path().join("desk.db.restore").exists());
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[rstest]
#[case::empty(b"".as_slice())]
#[case::text(b"no database at all, but long enough to be looked at")]
#[tokio::test]
async fn what_is_no_backup_changes_nothing(#[case] content: &[u8]) {
    let mut bench = Bench::new().await;
    let id = bench.send("a", 4_000).await;
    fs::write(bench.path("x.db"), content).unwrap();
    assert!(bench.restore("x.db").await.is_err());
    assert!(bench.restore("none.db").await.is_err());
    assert_eq!(bench.state(id).await, State::Submitting);
    assert_eq!(bench.ledger().closed_accounts().await.unwrap(), []);
}

#[tokio::test]
async fn a_backup_of_another_environment_or_damaged_is_refused() {
    let mut bench = Bench::new().await;
    bench.back_up().await;
    let mut other = bench.restoring("b.db");
    other.environment = "live".into();
    bench.close().await;
    let refused = restore(&other);
    assert!(
        matches!(refused, Err(LedgerError::OtherEnvironment { .. })),
        "{refused:?}"
    );
    let mut bytes = fs::read(bench.path("b.db")).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0x55);
    fs::write(bench.path("b.db"), bytes).unwrap();
    let refused = restore(&bench.restoring("b.db"));
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn what_was_taken_over_has_no_bytes_and_is_never_sent_again() {
    let mut bench = Bench::new().await;
    let id = reserve(bench.ledger(), "a", 4_000).await;
    let claim = bench.ledger().claim(id, holder(), now()).await.unwrap();
    let without = Attempt {
        method: String::new(),
        url: String::new(),
        body: Vec::new(),
        ..attempt(id, 1)
    };
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: without,
        guard: SendGuard::HOLDS,
        now: now(),
    };
    let refused = bench.ledger().begin_send(new).await;
    assert!(
        matches!(refused, Err(LedgerError::Refused(_))),
        "{refused:?}"
    );
    bench.close().await;
}

/// A backup from before an erasure brings the payer back, and the restore erases them again.
#[tokio::test]
async fn what_was_erased_stays_erased_whatever_is_put_back() {
    let mut bench = Bench::new().await;
    let named = ImportRow {
        details: vec![("email".into(), "jane@roe.example".into())],
        ..row("c", 1000)
    };
    import(bench.ledger(), vec![named]).await;
    bench.back_up().await;
    for actor in ["mia", "ben"] {
        let erasing = Erasing {
            payment: payment_id("c"),
            case_ref: "T-1".into(),
            actor: actor.into(),
            now: now(),
        };
        bench.ledger().erase_payer(erasing).await.unwrap();
    }
    bench.restore("b.db").await.unwrap();
    let payment = bench.ledger().payment(payment_id("c")).await.unwrap();
    let payment = payment.unwrap();
    assert_eq!((payment.payer, payment.details), (None, vec![]));
    let entries = bench.audit().await;
    let again = entries
        .iter()
        .find(|it| it.action == "personal.erased_again");
    assert_eq!(again.unwrap().detail, "values=2");
    // Nobody else is touched.
    let other = bench.ledger().payment(payment_id("a")).await.unwrap();
    assert_eq!(other.unwrap().payer.as_deref(), Some("Jane Doe"));
}
