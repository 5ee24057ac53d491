//! The invariants hold even against SQL typed by hand.

use std::collections::BTreeSet;

use rstest::rstest;
use rusqlite::Connection;

use super::*;
use crate::domain::state::{Standing, transition};

/// A ledger with one refund in SUBMITTING and its attempt, opened by hand.
async fn by_hand() -> (TempDir, Connection) {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 10_000), row("b", 5_000)]).await;
    let id = reserve(&ledger, "a", 4_000).await;
    claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    // One refund in each stage: what follows must not rest on a table being empty.
    let other = reserve(&ledger, "b", 1_000).await;
    claim_and_begin(&ledger, other, attempt(other, 1))
        .await
        .unwrap();
    let event = report(Reported::Pending, Some(usd(1_001)));
    ledger.record(record(other, event)).await.unwrap();
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    connection
        .execute_batch(
            "INSERT INTO closed_for_sending (account, reason, detail, closed_at, closed_by)
             VALUES ('*', 'journal_incomplete', 'b.db', 0, 'ina')",
        )
        .unwrap();
    (folder, connection)
}

#[rstest]
#[case::hold_more_than_there_is(
    "INSERT INTO refunds (id, payment_id, capture_seq, account, kind, amount_minor, currency, reason, maker, hash,
         policy_version, state, expires_at, created_at, updated_at)
     SELECT '0199f0a0-0000-7000-8000-00000000000f', payment_id, capture_seq, account, kind, 6001, currency, reason, maker,
         hash, 1, 'reserved', 0, 0, 0 FROM refunds"
)]
#[case::begin_sent(
    "INSERT INTO refunds (id, payment_id, capture_seq, account, kind, amount_minor, currency, reason, maker, hash,
         policy_version, state, expires_at, created_at, updated_at)
     SELECT '0199f0a0-0000-7000-8000-00000000000f', payment_id, capture_seq, account, kind, 1, currency, reason, maker,
         hash, 1, 'pending', 0, 0, 0 FROM refunds"
)]
#[case::other_currency(
    "INSERT INTO refunds (id, payment_id, capture_seq, account, kind, amount_minor, currency, reason, maker, hash,
         policy_version, state, expires_at, created_at, updated_at)
     SELECT '0199f0a0-0000-7000-8000-00000000000f', payment_id, capture_seq, account, kind, 1, 'EUR', reason, maker,
         hash, 1, 'reserved', 0, 0, 0 FROM refunds"
)]
#[case::release_a_hold("UPDATE captures SET held_minor = 0")]
#[case::pay_back_on_paper("UPDATE captures SET executed_minor = 1")]
#[case::capture_more("UPDATE captures SET captured_minor = 99999")]
#[case::free_a_payment("UPDATE payments SET held_minor = 0")]
#[case::enrich_a_payment("UPDATE payments SET captured_minor = 99999")]
#[case::change_the_amount("UPDATE refunds SET amount_minor = 1")]
#[case::change_the_maker("UPDATE refunds SET maker = 'eve'")]
#[case::fail_without_evidence("UPDATE refunds SET state = 'failed'")]
#[case::succeed_without_proof("UPDATE refunds SET state = 'succeeded'")]
#[case::delete_a_refund("DELETE FROM refunds")]
#[case::delete_a_capture("DELETE FROM captures")]
#[case::delete_a_payment("DELETE FROM payments")]
#[case::rewrite_an_attempt("UPDATE attempts SET body = x'00'")]
#[case::drop_an_attempt("DELETE FROM attempts")]
#[case::new_key_while_unresolved(
    "INSERT INTO attempts SELECT refund_id, step, 2, 'k2', 'c2', method, url, body, sha256, created_at FROM attempts"
)]
#[case::drop_a_send("DELETE FROM sends")]
#[case::rewrite_the_audit("UPDATE audit SET actor = 'eve'")]
#[case::shorten_the_audit("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")]
#[case::fork_the_audit(
    "INSERT INTO audit SELECT seq + 5, at, actor, action, subject, detail, previous, hash FROM audit"
)]
#[case::replace_an_observation(
    "INSERT OR REPLACE INTO observations SELECT seq, refund_id, attempt, at, source, 'nothing', http_status, said,
         support_id, raw FROM observations"
)]
#[case::replace_a_send(
    "INSERT OR REPLACE INTO sends SELECT refund_id, step, number, send, at, 1 FROM sends"
)]
#[case::replace_an_attempt(
    "UPDATE sends SET not_executed = 1;
     INSERT OR REPLACE INTO attempts SELECT refund_id, step, number, idempotency_key, correlation, method, url, x'00',
         sha256, created_at FROM attempts"
)]
#[case::take_the_key_of_an_attempt(
    "UPDATE sends SET not_executed = 1;
     INSERT OR REPLACE INTO attempts SELECT refund_id, step, 2, idempotency_key, 'c2', method, url, body, sha256,
         created_at FROM attempts"
)]
#[case::replace_the_audit(
    "INSERT OR REPLACE INTO audit SELECT seq, at, 'eve', action, subject, detail, previous, hash FROM audit"
)]
#[case::replace_a_refund(
    "INSERT OR REPLACE INTO refunds (id, payment_id, capture_seq, account, kind, amount_minor, currency, reason, maker,
         hash, policy_version, state, expires_at, created_at, updated_at)
     SELECT id, payment_id, capture_seq, account, kind, 1, currency, reason, maker, hash, 1, 'reserved', 0, 0, 0
     FROM refunds"
)]
#[case::replace_a_capture(
    "INSERT OR REPLACE INTO captures (payment_id, capture_id, captured_at, captured_minor)
     SELECT payment_id, capture_id, captured_at, 99999 FROM captures"
)]
#[case::replace_a_discrepancy(
    "INSERT OR REPLACE INTO discrepancies SELECT seq, payment_id, refund_id, kind, 'x', opened_at, 1 FROM discrepancies"
)]
#[case::reword_a_discrepancy("UPDATE discrepancies SET detail = 'nothing'")]
#[case::replace_a_file(
    "INSERT OR REPLACE INTO import_files SELECT seq, name, sha256, 'eve', at FROM import_files"
)]
#[case::rename_a_file("UPDATE import_files SET importer = 'eve'")]
#[case::renumber_a_capture("UPDATE OR REPLACE captures SET rowid = 3 - rowid")]
#[case::renumber_a_payment("UPDATE OR REPLACE payments SET rowid = rowid + 1")]
#[case::renumber_a_refund("UPDATE OR REPLACE refunds SET rowid = rowid + 1")]
#[case::capture_more_than_can_be_counted(
    "INSERT INTO captures (payment_id, capture_id, captured_at, captured_minor) SELECT id, 'x', 0, 100000000000001 FROM payments"
)]
#[case::pay_back_more_than_can_be_counted(
    "UPDATE captures SET external_minor = 100000000000001, executed_minor = 100000000000001"
)]
#[case::open_what_a_restore_closed(
    "UPDATE closed_for_sending SET opened_at = 1, opened_by = 'ina and max', evidence = 'a list'"
)]
#[case::replace_a_closing(
    "INSERT OR REPLACE INTO closed_for_sending
     SELECT seq, account, reason, detail, closed_at, closed_by, 1, 'ina and max', 'a list' FROM closed_for_sending"
)]
#[case::open_it_alone(
    "INSERT INTO sending_deeds VALUES (1, '*', 'stop', 'ina', 1, NULL), (2, '*', 'propose', 'ina', 1, 'a list'),
         (3, '*', 'resume', 'ina', 1, 'a list')"
)]
#[case::open_on_an_old_word(
    "INSERT INTO closed_for_sending (account, reason, detail, closed_at, closed_by)
     VALUES ('hub', 'restore', 'b.db', 100, 'ina');
     INSERT INTO sending_deeds VALUES (1, 'hub', 'stop', 'ina', 1, NULL), (2, 'hub', 'propose', 'ina', 1, 'a list'),
         (3, 'hub', 'resume', 'max', 1, 'a list');
     UPDATE closed_for_sending SET opened_at = 200, opened_by = 'ina and max', evidence = 'a list'
     WHERE account = 'hub'"
)]
#[case::open_unread(
    "INSERT INTO closed_for_sending (account, reason, detail, closed_at, closed_by)
     VALUES ('hub', 'restore', 'b.db', 100, 'ina');
     INSERT INTO unplaced_sends VALUES ('r', 'refund', 1, 1, 'hub', 'line', 'no payment', 100, NULL);
     UPDATE closed_for_sending SET opened_at = 200, opened_by = 'desk', evidence = 'read' WHERE account = 'hub'"
)]
#[case::send_what_is_not_covered(
    "INSERT INTO taking_over VALUES (1);
     INSERT INTO refunds (id, payment_id, capture_seq, account, kind, amount_minor, currency, reason, maker, hash,
         policy_version, state, expires_at, created_at, updated_at)
     SELECT '0199f0a0-0000-7000-8000-00000000000f', payment_id, capture_seq, account, kind, 99999, currency, reason, maker,
         hash, 1, 'reserved', 0, 0, 0 FROM refunds WHERE amount_minor = 4000;
     DELETE FROM taking_over;
     UPDATE refunds SET state = 'approved' WHERE amount_minor = 99999;
     UPDATE refunds SET state = 'submitting' WHERE amount_minor = 99999"
)]
#[tokio::test]
async fn refused(#[case] sql: &str) {
    let (_folder, connection) = by_hand().await;
    let outcome = connection.execute_batch(sql);
    assert!(outcome.is_err(), "went through: {sql}");
}

/// The same statements' harmless kin go through: the refusals above are about what they change.
#[tokio::test]
async fn what_is_legal_goes_through() {
    let (_folder, connection) = by_hand().await;
    for sql in [
        "UPDATE refunds SET state = 'unknown'",
        "UPDATE refunds SET state = 'pending'",
        "UPDATE refunds SET state = 'succeeded', proven_minor = 4000",
        "UPDATE sends SET not_executed = 1",
    ] {
        connection.execute_batch(sql).unwrap();
    }
    let figures: (i64, i64) = connection
        .query_row(
            "SELECT executed_minor, held_minor FROM payments WHERE provider_payment_id = 'a'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!(figures, (4_000, 0));
    assert!(
        connection
            .execute_batch("UPDATE sends SET not_executed = 0")
            .is_err()
    );
}

#[tokio::test]
async fn legal_moves_are_those_of_the_state_machine() {
    let (folder, _ledger) = open();
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    let stored: BTreeSet<(String, String)> = connection
        .prepare("SELECT from_state, to_state FROM legal_moves")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(stored, moves_of_the_domain());
}

fn moves_of_the_domain() -> BTreeSet<(String, String)> {
    let mut moves = BTreeSet::new();
    for (event, _) in crate::domain::state::tests::table() {
        for from in State::ALL
            .into_iter()
            .filter(|state| *state != State::Draft)
        {
            let standing = Standing {
                state: from,
                requested: usd(1000),
                other_sends_resolved: true,
            };
            let to = transition(&standing, &event).ok().and_then(|step| step.to);
            if let Some(to) = to.filter(|to| *to != from) {
                moves.insert((from.name().to_owned(), to.name().to_owned()));
            }
        }
    }
    moves
}

#[tokio::test]
async fn power_loss_is_guarded_against() {
    let (_folder, ledger) = open();
    let pragmas = ledger
        .writer
        .as_ref()
        .unwrap()
        .run(|connection| {
            let journal: String =
                connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
            let synchronous: i64 =
                connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
            let keys: i64 =
                connection.pragma_query_value(None, "foreign_keys", |row| row.get(0))?;
            Ok((journal, synchronous, keys))
        })
        .await
        .unwrap();
    assert_eq!(pragmas, ("wal".to_owned(), 2, 1));
}

/// Our own connections delete what they replace through the triggers that forbid it.
#[tokio::test]
async fn replacing_is_deleting() {
    let (_folder, ledger) = open();
    let recursive = ledger
        .write(|connection| {
            Ok(connection
                .pragma_query_value(None, "recursive_triggers", |row| row.get::<_, bool>(0))?)
        })
        .await;
    assert!(recursive.unwrap(), "recursive_triggers is off");
}
