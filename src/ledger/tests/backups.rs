//! Backups, and the journal beside the sends.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

#[tokio::test]
async fn a_backup_is_private_complete_and_never_overwrites() {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000), row("b", 2000)]).await;
    reserve(&ledger, "a", 400).await;
    let head = ledger.audit(None, 1).await.unwrap().pop().unwrap();
    let file = folder.path().join("copy.db");
    assert_eq!(ledger.last_backup().await.unwrap(), None);
    let taken = ledger.backup(file.clone(), "ina".into(), now()).await;
    let taken = taken.unwrap();
    assert_eq!((taken.payments, taken.refunds), (2, 1));
    assert_eq!(taken.audit_head, Some((head.seq, head.hash)));
    let metadata = file.metadata().unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(metadata.len(), taken.bytes);
    assert_eq!(ledger.last_backup().await.unwrap(), Some(now()));
    let told = ledger.audit(None, 1).await.unwrap().pop().unwrap();
    assert_eq!(told.action, "database.backed_up");

    let before = fs::read(&file).unwrap();
    let again = ledger.backup(file.clone(), "ina".into(), now()).await;
    assert!(matches!(again, Err(LedgerError::Exists(_))), "{again:?}");
    assert_eq!(fs::read(&file).unwrap(), before);
    let beside: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("copy"))
        .collect();
    assert_eq!(beside, ["copy.db"]);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_said() {
    let (folder, ledger) = open();
    let file = folder.path().join("none/copy.db");
    let refused = ledger.backup(file, "ina".into(), now()).await;
    assert!(
        matches!(refused, Err(LedgerError::BackupFile { .. })),
        "{refused:?}"
    );
}

/// Where the journal cannot be written nothing is begun: no attempt, no move.
#[tokio::test]
async fn nothing_is_sent_that_cannot_be_journalled() {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    let path = folder.path().join("journal/sends.jsonl");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let refused = claim_and_begin(&ledger, id, attempt(id, 1)).await;
    assert!(
        matches!(refused, Err(LedgerError::Journal { .. })),
        "{refused:?}"
    );
    assert_eq!(state(&ledger, id).await, State::Approved);
    assert_eq!(ledger.evidence(id).await.unwrap().attempts, []);
    fs::remove_dir(&path).unwrap();
    let late = now() + LEASE;
    let claim = ledger.claim(id, holder(), late).await.unwrap();
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: attempt(id, 1),
        guard: SendGuard::HOLDS,
        now: late,
    };
    assert_eq!(ledger.begin_send(new).await.unwrap(), Begun::Written);
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 2);
}

#[tokio::test]
async fn the_journal_names_the_send_and_nobody() {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    let answer = Record {
        fence: Some(1),
        ..record(id, Event::Evidence(Evidence::TurnedAway))
    };
    ledger.record(answer).await.unwrap();
    let journal = fs::read_to_string(folder.path().join("journal/sends.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = journal
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sent = &lines[1]["entry"];
    let head = ledger.audit(Some(id.to_string()), 10).await.unwrap();
    let submitting = head
        .iter()
        .find(|it| it.action == "refund.submitting")
        .unwrap();
    for (name, value) in [
        ("line", "sent".to_owned()),
        ("refund", id.to_string()),
        ("correlation", id.correlation("refund", 1)),
        ("provider_payment_id", "a".to_owned()),
        ("audit_hash", submitting.hash.clone()),
    ] {
        assert_eq!(sent[name], value.as_str(), "{name}");
    }
    assert_eq!((&sent["amount"], &sent["send"]), (&400.into(), &1.into()));
    assert_eq!(lines[2]["entry"]["line"], "not_executed");
    for person in ["Jane", "max", "why", "4242"] {
        assert!(!journal.contains(person), "{person} is in {journal}");
    }
}
