//! Calls of a network: the guards hold even against SQL typed by hand, and what is committed together
//! stands or falls by itself.

use rstest::rstest;
use rusqlite::Connection;

use super::*;
use crate::domain::bank::BankAccount;
use crate::domain::inbound_request::{Standing, Verdict};

const NUMBER: &str = "GB29NWBK60161331926819";

fn called(name: &str, refund: &str) -> Called {
    let hash = |what: &str| crate::domain::digest::sha256(format!("{what} {refund}").as_bytes());
    Called {
        account: "hub-us".into(),
        name: name.into(),
        message: format!("m-{name}"),
        kind: "refund_requested",
        payment: "a".into(),
        refund: Some(refund.into()),
        call: hash("call"),
        says: hash("says"),
        at: now(),
    }
}

fn new_request(refund: &str, minor: i64) -> NewRequest {
    NewRequest {
        payment: "a".into(),
        refund: Some(refund.into()),
        amount: usd(minor),
        reason: Some("DUPLICATEORDER".into()),
        method: None,
        reference: None,
        case: None,
        creditor: None,
        debtor: None,
        raw: "{}".into(),
        deadline: now() + TimeDelta::seconds(20),
        automatic: true,
        damaged: false,
    }
}

fn sent() -> NewAnswer {
    NewAnswer {
        status: 200,
        body: b"the answer".to_vec(),
    }
}

fn account() -> BankAccount {
    BankAccount::new(NUMBER)
}

async fn on_file(ledger: &Ledger) {
    let row = FileAccountRow {
        line: 2,
        account: "hub-us".into(),
        payment: "a".into(),
        number: account(),
    };
    let file = FileAccounts {
        name: "accounts.csv".into(),
        sha256: "0".repeat(64),
        importer: "ina".into(),
        at: now(),
        rows: vec![row],
        rejected: 0,
        dry_run: false,
    };
    ledger.import_accounts(file).await.unwrap();
}

/// Files a request as the rule says now.
async fn file(ledger: &Ledger, name: &str, refund: &str, minor: i64) -> Verdict {
    let (called, request) = (called(name, refund), new_request(refund, minor));
    let situation = ledger.situation(called.clone(), request.clone()).await;
    let Situation::New(verdict, account) = situation.unwrap() else {
        panic!("known");
    };
    let answer = (!matches!(verdict, Verdict::Hold(_))).then(sent);
    let filing = Filing {
        called,
        request,
        verdict: verdict.clone(),
        account,
        answer,
    };
    assert!(matches!(
        ledger.file_request(filing).await.unwrap(),
        Filed::Done(_)
    ));
    verdict
}

/// A payment of 10.00 with one request answered, one that waits, a confirmation and an errand.
async fn full() -> (TempDir, Ledger) {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1_000)]).await;
    on_file(&ledger).await;
    assert_eq!(file(&ledger, "k1", "r1", 600).await, Verdict::Answer);
    assert!(matches!(
        file(&ledger, "k2", "r2", 500).await,
        Verdict::Hold(_)
    ));
    let said = NewConfirmation {
        payment: "a".into(),
        refund: "r1".into(),
        status: "APPR".into(),
        reason: None,
        reference: None,
        amount: Some(usd(600)),
        retrieval: None,
        raw: "{}".into(),
    };
    let confirmed = Called {
        kind: "refund_confirmed",
        ..called("k3", "r1")
    };
    let recorded = Recorded::Confirmation(said);
    let kept = ledger.record_call(confirmed, recorded, sent()).await;
    assert_eq!(kept.unwrap(), Kept::Nothing);
    let errand = NewErrand {
        account: "hub-us".into(),
        about: ErrandAbout::RefundStatus {
            payment: "a".into(),
            refund: "r1".into(),
        },
        key: "e1".into(),
        by: "mia".into(),
        at: now(),
    };
    ledger.queue_errand(errand).await.unwrap();
    (folder, ledger)
}

/// Neither the path nor the key is signed: whoever repeats a message under others is told so.
#[tokio::test]
async fn a_signed_message_is_one_call() {
    let (_folder, ledger) = full().await;
    let first = called("k4", "r4");
    let kept = ledger.record_call(first.clone(), Recorded::Nothing, sent());
    assert_eq!(kept.await.unwrap(), Kept::Nothing);
    let elsewhere = Called {
        name: "k5".into(),
        kind: "refund_confirmed",
        call: [7; 32],
        ..first.clone()
    };
    assert_eq!(
        ledger.kept(elsewhere.clone()).await.unwrap(),
        Kept::OtherCall
    );
    let other_account = Called {
        account: "elsewhere".into(),
        ..elsewhere.clone()
    };
    assert_eq!(ledger.kept(other_account).await.unwrap(), Kept::Nothing);
    let unnamed = Called {
        message: String::new(),
        ..elsewhere
    };
    assert_eq!(ledger.kept(unnamed).await.unwrap(), Kept::Nothing);
    // The same call under another key is the same call.
    let again = Called {
        name: "k6".into(),
        ..first
    };
    assert!(matches!(ledger.kept(again).await.unwrap(), Kept::Answer(_)));
}

const SECOND_ANSWER: &str = "INSERT INTO inbound_requests (account, name, provider_payment_id, refund, amount_minor, currency, raw, found,
         received_at, deadline, state, decided_at, personal_id)
     SELECT account, 'k9', provider_payment_id, 'r9', 401, currency, raw, found, received_at, deadline, 'answered', 1,
         personal_id FROM inbound_requests WHERE refund = 'r1'";

#[rstest]
#[case::answer_beyond_what_was_paid(SECOND_ANSWER)]
#[case::delete_a_request("DELETE FROM inbound_requests WHERE refund = 'r2'")]
#[case::change_a_decision(
    "UPDATE inbound_requests SET state = 'refused', personal_id = NULL, said = 'no', decided_by = 'eve' WHERE refund = 'r1'"
)]
#[case::reopen(
    "UPDATE inbound_requests SET state = 'waiting', decided_at = NULL, personal_id = NULL WHERE refund = 'r1'"
)]
#[case::change_the_amount("UPDATE inbound_requests SET amount_minor = 1 WHERE refund = 'r2'")]
#[case::give_more_time(
    "UPDATE inbound_requests SET deadline = deadline + 1000 WHERE refund = 'r2'"
)]
#[case::decide_as_nobody(
    "UPDATE inbound_requests SET state = 'refused', said = 'no', decided_at = received_at WHERE refund = 'r2'"
)]
#[case::decide_too_late(
    "UPDATE inbound_requests SET state = 'refused', said = 'no', decided_by = 'eve', decided_at = deadline WHERE refund = 'r2'"
)]
#[case::expire_too_soon(
    "UPDATE inbound_requests SET state = 'expired', said = 'late', decided_at = deadline - 1 WHERE refund = 'r2'"
)]
#[case::answer_without_an_account(
    "UPDATE inbound_requests SET state = 'answered', decided_by = 'eve', decided_at = received_at WHERE refund = 'r2'"
)]
#[case::replace_a_request(
    "INSERT OR REPLACE INTO inbound_requests SELECT * FROM inbound_requests WHERE refund = 'r2'"
)]
#[case::same_refund_again(
    "INSERT INTO inbound_requests (account, name, provider_payment_id, refund, amount_minor, currency, raw, found,
         received_at, deadline, state)
     SELECT account, 'other', provider_payment_id, refund, 1, currency, raw, found, received_at, deadline, 'waiting'
     FROM inbound_requests WHERE refund = 'r2'"
)]
#[case::begin_decided_by_a_person(
    "INSERT INTO inbound_requests (account, name, provider_payment_id, amount_minor, currency, raw, found,
         received_at, deadline, state, decided_at, decided_by, said)
     VALUES ('hub-us', 'k8', 'a', 1, 'USD', '', '', 0, 0, 'refused', 0, 'eve', 'no')"
)]
#[case::change_a_confirmation("UPDATE confirmations SET status = 'RJCT'")]
#[case::drop_a_confirmation("DELETE FROM confirmations")]
#[case::replace_a_confirmation("INSERT OR REPLACE INTO confirmations SELECT * FROM confirmations")]
#[case::change_an_answer("UPDATE network_answers SET body = x'00'")]
#[case::erase_an_answer_too_soon("UPDATE network_answers SET body = NULL, erased_at = at + 1000")]
#[case::answer_under_another_name("UPDATE network_answers SET name = 'k7'")]
#[case::drop_an_answer("DELETE FROM network_answers")]
#[case::replace_an_answer("INSERT OR REPLACE INTO network_answers SELECT * FROM network_answers")]
#[case::answer_a_call_twice(
    "INSERT INTO network_answers (account, name, kind, salt, call_sha256, says_sha256, status, body, at)
     SELECT account, name, kind, salt, call_sha256, says_sha256, 500, body, at FROM network_answers"
)]
#[case::other_account_on_file("UPDATE accounts_on_file SET personal_id = 2")]
#[case::drop_an_account("DELETE FROM accounts_on_file")]
#[case::replace_an_account(
    "INSERT OR REPLACE INTO accounts_on_file SELECT * FROM accounts_on_file"
)]
#[case::another_errand("UPDATE errands SET kind = 'refund_paid'")]
#[case::drop_an_errand("DELETE FROM errands")]
#[case::do_an_errand_twice("UPDATE errands SET done_at = 1; UPDATE errands SET done_at = NULL")]
#[case::replace_an_errand("INSERT OR REPLACE INTO errands SELECT * FROM errands")]
#[tokio::test]
async fn by_hand_nothing_of_it_is_changed(#[case] sql: &str) {
    let (folder, ledger) = full().await;
    drop(ledger);
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    connection
        .pragma_update(None, "foreign_keys", true)
        .unwrap();
    let refused = connection.execute_batch(sql);
    assert!(refused.is_err(), "{sql}");
}

/// The same statements, where they are right.
#[rstest]
#[case(
    "UPDATE inbound_requests SET state = 'expired', said = 'late', decided_at = deadline WHERE refund = 'r2'"
)]
#[case(
    "UPDATE inbound_requests SET state = 'refused', said = 'no', decided_by = 'mia', decided_at = received_at WHERE refund = 'r2'"
)]
#[case("UPDATE network_answers SET body = NULL, erased_at = at + 2592000000")]
#[tokio::test]
async fn what_may_be_done_can_be_done(#[case] sql: &str) {
    let (folder, ledger) = full().await;
    drop(ledger);
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0);
}

#[tokio::test]
async fn all_of_it_is_told_and_no_number_is() {
    let (_folder, ledger) = full().await;
    let entries = ledger.audit(None, 100).await.unwrap();
    let told: Vec<&str> = entries.iter().map(|it| it.action.as_str()).collect();
    let expected = [
        "accounts.imported",
        "request.answered",
        "request.held",
        "request.confirmed",
        "errand.queued",
    ];
    assert_eq!(told, expected);
    assert!(entries.iter().all(|it| !it.detail.contains(NUMBER)));
    let deciding = Deciding {
        id: 2,
        with: Ok(Some(BankAccount::new("DE89370400440532013000"))),
        on_file: None,
        by: "mia".into(),
        now: now(),
    };
    let decided = ledger.decide_request(deciding.clone()).await.unwrap();
    assert_eq!(decided.standing, Standing::Answered);
    let twice = ledger.decide_request(deciding).await;
    assert!(
        matches!(twice, Err(LedgerError::NotAllowed(_))),
        "{twice:?}"
    );
    let last = ledger.audit(None, 1).await.unwrap().pop().unwrap();
    assert_eq!(
        (last.actor.as_str(), last.action.as_str()),
        ("mia", "request.answered")
    );
    assert!(last.detail.contains("account=3000 sha256="), "{last:?}");
    ledger.queue_due().await;
    sound(&ledger).await;
}

impl Ledger {
    /// The errand is taken by one, done, and told.
    async fn queue_due(&self) {
        let due = self.errands_due(now(), 10).await.unwrap();
        assert_eq!(due.len(), 1);
        let later = now() + TimeDelta::minutes(2);
        assert!(self.take_errand(due[0].id, now(), later).await.unwrap());
        assert!(!self.take_errand(due[0].id, now(), later).await.unwrap());
        let errand = due[0].clone();
        let done = self.note_errand(errand, "taken".into(), None, now());
        done.await.unwrap();
        assert_eq!(self.errands_due(later, 10).await.unwrap(), []);
        let last = self.audit(None, 1).await.unwrap().pop().unwrap();
        assert_eq!(last.action, "errand.ended");
    }
}

#[tokio::test]
async fn the_end_of_a_request_is_told_once() {
    let (_folder, ledger) = full().await;
    let late = now() + TimeDelta::seconds(20);
    let tell = |told: Standing, at| ledger.tell_request(2, called("k2", "r2"), told, sent(), at);
    let early = tell(Standing::Expired, late - TimeDelta::milliseconds(1));
    assert_eq!(early.await.unwrap(), Told::Changed);
    assert_eq!(tell(Standing::Answered, late).await.unwrap(), Told::Changed);
    assert_eq!(tell(Standing::Expired, late).await.unwrap(), Told::Done);
    let again = tell(Standing::Expired, late).await.unwrap();
    assert_eq!(again, Told::Before(Kept::Answer(sent())));
    assert_eq!(ledger.expire_requests(late).await.unwrap(), 0);
    sound(&ledger).await;
}

/// One of a group fails, and one brings the whole transaction down: the others stand.
#[tokio::test]
async fn what_is_committed_together_stands_or_falls_by_itself() {
    let (_folder, ledger) = open();
    let jobs = (0..40).map(|number| {
        let ledger = ledger.clone();
        async move {
            ledger
                .write_grouped(move |connection| {
                    let name = format!("n{number}");
                    connection
                        .execute("INSERT INTO desk (name, value) VALUES (?1, '')", [&name])?;
                    match number % 10 {
                        3 => Err(LedgerError::NotFound("reason to go on")),
                        // As a full disk does: nothing is left of the transaction.
                        7 => {
                            connection.execute_batch("ROLLBACK")?;
                            Err(LedgerError::NotFound("disk"))
                        }
                        _ => Ok(number),
                    }
                })
                .await
        }
    });
    let done = futures_util::future::join_all(jobs).await;
    for (number, done) in done.iter().enumerate() {
        match number % 10 {
            3 | 7 => assert!(done.is_err(), "{number}"),
            _ => assert_eq!(*done.as_ref().unwrap(), number),
        }
    }
    let kept = ledger
        .read(|connection| {
            let count: i64 = connection.query_row(
                "SELECT count(*) FROM desk WHERE name LIKE 'n%'",
                [],
                |row| row.get(0),
            )?;
            Ok(count)
        })
        .await;
    assert_eq!(kept.unwrap(), 32);
}

/// Few waits for the disk, and each in its place: what comes alone between them is not grouped.
#[tokio::test]
async fn groups_keep_the_order_of_what_came() {
    let (_folder, ledger) = open();
    let mut waits = Vec::new();
    for number in 0..100_i64 {
        let ledger = ledger.clone();
        let job = move |connection: &Connection| {
            connection.execute(
                "INSERT INTO desk (name, value) SELECT ?1, count(*) FROM desk WHERE name LIKE 'o%'",
                [format!("o{number}")],
            )?;
            let seen: String = connection.query_row(
                "SELECT value FROM desk WHERE name = ?1",
                [format!("o{number}")],
                |row| row.get(0),
            )?;
            Ok(seen)
        };
        waits.push(async move {
            match number % 7 {
                0 => ledger.write(job).await,
                _ => ledger.write_grouped(job).await,
            }
        });
    }
    let seen = futures_util::future::join_all(waits).await;
    for (number, seen) in seen.into_iter().enumerate() {
        assert_eq!(seen.unwrap(), number.to_string());
    }
}
