//! What the database itself holds of erasing: two people, nothing open, nothing comes back.

use super::*;
use crate::domain::id::PaymentId;
use crate::ledger::{Erasing, PersonalClass, Reveal};

fn erasing(actor: &str) -> Erasing {
    Erasing {
        payment: PaymentId::derive("hub-us", "a"),
        case_ref: "T-1".into(),
        actor: actor.into(),
        now: now(),
    }
}

fn named() -> ImportRow {
    ImportRow {
        payer: Some("Jane Roe".into()),
        details: vec![
            ("email".into(), "jane@roe.example".into()),
            ("invoice".into(), "I-1".into()),
        ],
        ..row("a", 1000)
    }
}

fn by_hand(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join("desk.db")).unwrap()
}

#[tokio::test]
async fn erased_is_erased_whoever_writes_the_row() {
    let (folder, ledger) = open();
    import(&ledger, vec![named()]).await;
    let typed = crate::domain::parked::Typed {
        note: "Jane Roe called".into(),
        ..Default::default()
    };
    let payment = erasing("mia").payment;
    ledger
        .park("mia".into(), payment, typed, now())
        .await
        .unwrap();
    // Every run of three letters of it leads to the payment, until it is erased.
    let runs = |run: &str| -> (i64, i64) {
        let connection = by_hand(&folder);
        let sql = "SELECT (SELECT count(*) FROM payer_fragments WHERE payer_fragments MATCH ?1),
                          (SELECT count(*) FROM payer_fragments_data WHERE instr(block, CAST(?1 AS BLOB)))";
        let found = connection.query_row(sql, [run], |row| Ok((row.get(0)?, row.get(1)?)));
        found.unwrap()
    };
    assert_eq!(runs("roe"), (1, 1));
    ledger.erase_payer(erasing("mia")).await.unwrap();
    let gone = ledger.erase_payer(erasing("ben")).await.unwrap();
    assert_eq!((gone.agreed_by.as_deref(), gone.values), (Some("ben"), 2));
    for run in ["jan", "ane", "ne ", "e r", " ro", "roe"] {
        assert_eq!(runs(run), (0, 0), "{run}");
    }
    assert!(ledger.drafts("mia".into()).await.unwrap().is_empty());
    let again = ledger.erase_payer(erasing("mia")).await;
    assert!(
        matches!(again, Err(LedgerError::NotAllowed(_))),
        "{again:?}"
    );
    let reveal = Reveal {
        payment: erasing("x").payment,
        refund: None,
        actor: "mia".into(),
        now: now(),
    };
    let shown = ledger.reveal_payer(reveal).await.unwrap();
    assert_eq!(
        (shown.name, shown.contacts, shown.erased),
        (None, vec![], true)
    );
    sound(&ledger).await;
    let by_hand = by_hand(&folder);
    let kept: (i64, i64) = by_hand
        .query_row(
            "SELECT count(*), sum(length(sha256) = 64) FROM erased_values",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!(kept, (2, 2));
    for sql in [
        "UPDATE payers SET name = 'Jane Roe', name_salt = randomblob(16)",
        "UPDATE payers SET name_erased_at = NULL",
        "UPDATE payers SET contacts_erased_at = NULL",
        "DELETE FROM payers",
        "UPDATE erased_values SET sha256 = sha256",
        "DELETE FROM erased_values",
        "UPDATE erasures SET agreed_by = 'x'",
        "DELETE FROM erasures",
    ] {
        assert!(by_hand.execute(sql, []).is_err(), "{sql}");
    }
    let details: String = by_hand
        .query_row("SELECT details FROM payments", [], |row| row.get(0))
        .unwrap();
    assert_eq!(details, r#"[["invoice","I-1"]]"#);
}

#[tokio::test]
async fn one_person_never_erases_alone_and_never_while_a_refund_is_open() {
    let (folder, ledger) = open();
    import(&ledger, vec![named()]).await;
    ledger.erase_payer(erasing("mia")).await.unwrap();
    assert!(matches!(
        ledger.erase_payer(erasing("mia")).await,
        Err(LedgerError::SamePerson)
    ));
    let by_hand = by_hand(&folder);
    let agree =
        |who: &str| by_hand.execute("UPDATE erasures SET agreed_by = ?1, agreed_at = 1", [who]);
    assert!(agree("mia").is_err());
    reserve(&ledger, "a", 100).await;
    assert!(agree("ben").is_err());
    let refused = ledger.erase_payer(erasing("ben")).await;
    assert!(
        matches!(refused, Err(LedgerError::NotAllowed(_))),
        "{refused:?}"
    );
    let before = now() + chrono::TimeDelta::days(1);
    for class in [PersonalClass::Names, PersonalClass::Contacts] {
        let swept = ledger.sweep_personal(class, before, 10, now()).await;
        assert_eq!(swept.unwrap(), 0);
    }
}
