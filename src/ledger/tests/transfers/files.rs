//! Payment files: who must agree, and what holds one up.

use super::*;

#[tokio::test]
async fn a_file_takes_two_people_and_is_given_up_only_unwritten() {
    let (_folder, ledger) = open();
    let id = due(&ledger, "a").await;
    let file = propose(&ledger, "mia").await.unwrap();
    let approve = |by: &str, seen: String| ledger.approve_file(file.id, seen, by.into(), now());
    assert!(matches!(
        approve("mia", file.sha256.clone()).await,
        Err(LedgerError::SamePerson)
    ));
    assert!(approve("ben", "b".repeat(64)).await.is_err());
    assert!(
        ledger
            .begin_file(file.id, "ben".into(), now())
            .await
            .is_err()
    );
    ledger
        .give_up_file(file.id, "ben".into(), "wrong day".into(), now())
        .await
        .unwrap();
    assert_eq!(transfer(&ledger, id).await.state, TransferState::Due);
    let file = written(&ledger).await;
    let given_up = ledger.give_up_file(file.id, "ben".into(), "late".into(), now());
    assert!(given_up.await.is_err(), "the bank may have it");
    // Written again: the same, and no second send.
    let again = ledger
        .begin_file(file.id, "ben".into(), now())
        .await
        .unwrap();
    assert_eq!(again.file, file);
    let attempts = ledger.evidence(id).await.unwrap().attempts;
    let transfers: Vec<_> = attempts.iter().filter(|it| it.step == "transfer").collect();
    assert_eq!((transfers.len(), transfers[0].sends.len()), (1, 1));
    sound(&ledger).await;
}

/// What became known since a file was proposed keeps it from being agreed on and written.
#[tokio::test]
async fn a_discrepancy_holds_up_a_file_that_was_proposed_before() {
    let (_folder, ledger) = open();
    let id = due(&ledger, "a").await;
    let file = propose(&ledger, "mia").await.unwrap();
    advise(&ledger, id, "60161300000001").await;
    assert_eq!(open_kinds(&ledger).await, [DiscrepancyKind::BankLeg]);
    let seen = file.sha256.clone();
    let agreed = ledger.approve_file(file.id, seen, "ben".into(), now());
    assert!(agreed.await.is_err());
    let written = ledger.begin_file(file.id, "ben".into(), now());
    assert!(written.await.is_err());
}

#[tokio::test]
async fn an_account_that_changed_on_disk_is_not_paid() {
    let (folder, ledger) = open();
    due(&ledger, "a").await;
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    connection
        .execute_batch(
            "DROP TRIGGER personal_fixed;
             UPDATE personal SET value = replace(value, '6016', '6017');",
        )
        .unwrap();
    let asked = ledger.to_be_paid("hub-us".into(), usd(0).currency).await;
    assert!(matches!(asked, Err(LedgerError::Damaged(_))), "{asked:?}");
}
