//! Notes: written once, told to the audit without what they say, erased with the payer.

use super::*;
use crate::domain::id::PaymentId;
use crate::ledger::{Erasing, NewNote, PersonalClass};

fn payment() -> PaymentId {
    PaymentId::derive("hub-us", "a")
}

fn new(text: &str, refund: Option<RefundId>) -> NewNote {
    NewNote {
        payment: payment(),
        refund,
        text: text.into(),
        author: "ann".into(),
        now: now(),
    }
}

fn erasing(actor: &str) -> Erasing {
    Erasing {
        payment: payment(),
        case_ref: "T-1".into(),
        actor: actor.into(),
        now: now(),
    }
}

#[tokio::test]
async fn a_note_stands_and_the_audit_knows_its_hash_alone() {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000), row("b", 1000)]).await;
    let refund = reserve(&ledger, "a", 100).await;
    ledger
        .write_note(new("Jane called twice", None))
        .await
        .unwrap();
    let second = ledger.write_note(new("for her sister", Some(refund))).await;
    assert_eq!(second.unwrap().refund, Some(refund));
    let notes = ledger.notes_of(payment()).await.unwrap();
    let said: Vec<&str> = notes.iter().map(|it| it.said()).collect();
    assert_eq!(said, ["Jane called twice", "for her sister"]);
    assert_eq!(ledger.notes_since(now()).await.unwrap(), notes);
    sound(&ledger).await;
    let told = ledger.audit(None, 2).await.unwrap();
    let subjects: Vec<&str> = told.iter().map(|it| it.subject.as_str()).collect();
    assert_eq!(subjects, [&payment().to_string(), &refund.to_string()]);
    for entry in &told {
        assert_eq!(
            (entry.actor.as_str(), entry.action.as_str()),
            ("ann", "note.written")
        );
        assert!(
            !entry.detail.contains("Jane") && !entry.detail.contains("sister"),
            "{entry:?}"
        );
    }
    let by_hand = Connection::open(folder.path().join("desk.db")).unwrap();
    for sql in [
        "UPDATE notes SET text = 'another'",
        "UPDATE notes SET author = 'max'",
        "DELETE FROM notes",
        "INSERT OR REPLACE INTO notes SELECT seq, payment_id, refund_id, 'max', at, salt, sha256, text, NULL FROM notes",
        "INSERT INTO notes (payment_id, refund_id, author, at, salt, sha256, text)
         SELECT p.id, n.refund_id, 'max', 1, n.salt, n.sha256, 'x' FROM notes n, payments p
         WHERE n.refund_id IS NOT NULL AND p.provider_payment_id = 'b'",
    ] {
        assert!(by_hand.execute(sql, []).is_err(), "{sql}");
    }
}

#[tokio::test]
async fn what_notes_say_is_erased_with_the_payer_and_the_hash_stays() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    ledger
        .write_note(new("Jane called twice", None))
        .await
        .unwrap();
    ledger.erase_payer(erasing("mia")).await.unwrap();
    let gone = ledger.erase_payer(erasing("ben")).await.unwrap();
    assert_eq!(gone.values, 2, "the name, too");
    let notes = ledger.notes_of(payment()).await.unwrap();
    assert_eq!(
        (notes[0].text.as_deref(), notes[0].said()),
        (None, "(erased)")
    );
    let told = ledger.audit(None, 100).await.unwrap();
    let detail = |action: &str| {
        let entry = told.iter().find(|it| it.action == action).unwrap();
        entry.detail.clone()
    };
    let (written, erased) = (detail("note.written"), detail("personal.erased"));
    let (_, hash) = written.split_once("sha256=").unwrap();
    assert!(erased.contains(&format!("note_sha256={hash}")), "{erased}");
    sound(&ledger).await;
}

#[tokio::test]
async fn notes_are_kept_as_long_as_names_are() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    ledger
        .write_note(new("Jane called twice", None))
        .await
        .unwrap();
    let before = now() + chrono::TimeDelta::days(1);
    let contacts = ledger.sweep_personal(PersonalClass::Contacts, before, 10, now());
    assert_eq!(contacts.await.unwrap(), 0);
    let names = || ledger.sweep_personal(PersonalClass::Names, before, 10, now());
    assert_eq!(names().await.unwrap(), 1);
    assert_eq!(names().await.unwrap(), 0);
    assert_eq!(ledger.notes_of(payment()).await.unwrap()[0].text, None);
}
