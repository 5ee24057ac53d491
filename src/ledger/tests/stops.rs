//! Stopped sending: at once by anyone, resumed by two, and no way round it.

use super::*;
use crate::domain::sending::Resumption;

fn word(account: Option<&str>, by: &str) -> SendingWord {
    SendingWord {
        account: account.map(Into::into),
        by: by.into(),
        note: Some("odd payouts".into()),
        now: now(),
    }
}

async fn one_approved() -> (TempDir, Ledger, RefundId) {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 9000)]).await;
    let id = reserve(&ledger, "a", 1000).await;
    (folder, ledger, id)
}

async fn sends_due(ledger: &Ledger) -> usize {
    let due = ledger.due(Queue::Sends, now(), None, 10).await;
    due.unwrap().len()
}

#[tokio::test]
async fn a_stop_between_lease_and_send_still_holds() {
    let (_folder, ledger, id) = one_approved().await;
    let claim = ledger.claim(id, holder(), now()).await.unwrap();
    ledger
        .stop_sending(word(Some("hub-us"), "ann"))
        .await
        .unwrap();
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: attempt(id, 1),
        guard: SendGuard::HOLDS,
        now: now(),
    };
    let refused = ledger.begin_send(new).await.unwrap_err();
    assert!(
        matches!(refused, LedgerError::SendingStopped(_)),
        "{refused}"
    );
    assert!(refused.to_string().contains("stopped by ann (odd payouts)"));
    assert_eq!(state(&ledger, id).await, State::Approved);
    assert!(ledger.evidence(id).await.unwrap().attempts.is_empty());
}

#[tokio::test]
async fn two_people_resume_and_a_new_stop_withdraws_the_proposal() {
    let (_folder, ledger, id) = one_approved().await;
    assert_eq!(sends_due(&ledger).await, 1);
    ledger.stop_sending(word(None, "ann")).await.unwrap();
    assert_eq!(sends_due(&ledger).await, 0);
    let resume = |by| ledger.resume_sending(word(None, by));
    assert!(matches!(resume("ann").await, Ok(Resumption::Proposed(_))));
    assert!(matches!(
        resume("ann").await,
        Err(LedgerError::ResumesAlone(_))
    ));
    ledger.stop_sending(word(None, "cyd")).await.unwrap();
    assert!(matches!(resume("bob").await, Ok(Resumption::Proposed(_))));
    assert!(
        ledger.claim(id, holder(), now()).await.is_err(),
        "still stopped"
    );
    assert!(matches!(resume("ann").await, Ok(Resumption::Resumed(_))));
    assert!(matches!(resume("ann").await, Err(LedgerError::NotStopped)));
    assert_eq!(ledger.stops().await.unwrap(), []);
    assert_eq!(sends_due(&ledger).await, 1);
    let deeds = ledger.audit(Some("*".into()), 10).await.unwrap();
    let told: Vec<String> = deeds
        .iter()
        .map(|it| format!("{} {}", it.actor, it.action))
        .collect();
    assert_eq!(
        told,
        [
            "ann sending.stopped",
            "ann sending.resume_proposed",
            "cyd sending.stopped",
            "bob sending.resume_proposed",
            "ann sending.resumed"
        ]
    );
}

#[tokio::test]
async fn another_account_goes_on_and_what_stops_all_comes_first() {
    let (_folder, ledger, _) = one_approved().await;
    ledger
        .stop_sending(word(Some("other"), "ann"))
        .await
        .unwrap();
    assert_eq!(sends_due(&ledger).await, 1);
    ledger
        .stop_sending(word(Some("hub-us"), "ann"))
        .await
        .unwrap();
    ledger.stop_sending(word(None, "bob")).await.unwrap();
    let stops = ledger.stops().await.unwrap();
    let by: Vec<&str> = stops.iter().map(|stop| stop.by.as_str()).collect();
    assert_eq!(by, ["bob", "ann", "ann"]);
    // Resuming all leaves what was stopped by name.
    for by in ["ann", "bob"] {
        ledger.resume_sending(word(None, by)).await.unwrap();
    }
    assert_eq!(sends_due(&ledger).await, 0);
}

#[tokio::test]
async fn sql_by_hand_neither_resumes_alone_nor_sends() {
    let (folder, ledger, id) = one_approved().await;
    ledger
        .stop_sending(word(Some("hub-us"), "ann"))
        .await
        .unwrap();
    let by_hand = Connection::open(folder.path().join("desk.db")).unwrap();
    let refused = |sql: &str| by_hand.execute(sql, []).unwrap_err().to_string();
    let deed = |seq: i64, deed: &str, by: &str| {
        format!(
            "INSERT INTO sending_deeds (seq, account, deed, person, at) VALUES ({seq}, 'hub-us', '{deed}', '{by}', 1)"
        )
    };
    assert!(refused(&deed(2, "resume", "bob")).contains("two people"));
    by_hand.execute(&deed(2, "propose", "bob"), []).unwrap();
    assert!(refused(&deed(3, "resume", "bob")).contains("two people"));
    assert!(refused(&deed(3, "propose", "ann")).contains("only stopped"));
    let replaced = deed(2, "stop", "bob").replace("INSERT", "INSERT OR REPLACE");
    assert!(refused(&replaced).contains("never replaced"));
    assert!(refused("UPDATE sending_deeds SET deed = 'resume'").contains("never changed"));
    assert!(refused("DELETE FROM sending_deeds").contains("never deleted"));
    let sent = format!("UPDATE refunds SET state = 'submitting' WHERE id = '{id}'");
    assert!(refused(&sent).contains("sending is stopped"));
}
