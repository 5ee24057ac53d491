//! What SQL typed by hand cannot do to the bank leg.

use super::*;

/// A ledger with one refund whose transfer is due, one in a written file, one paid; and a hand on it.
async fn by_hand() -> (TempDir, Connection, [String; 3]) {
    let (folder, ledger) = open();
    let paid = due(&ledger, "c").await;
    let filed = due(&ledger, "b").await;
    written(&ledger).await;
    let one = transfer(&ledger, paid).await;
    hear(&ledger, word(&one, Said::Paid, "1")).await;
    let due = due(&ledger, "a").await;
    drop(ledger);
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    crate::ledger::seal::register(&connection).unwrap();
    connection
        .pragma_update(None, "foreign_keys", true)
        .unwrap();
    connection
        .pragma_update(None, "recursive_triggers", true)
        .unwrap();
    (
        folder,
        connection,
        [due, filed, paid].map(|id| id.to_string()),
    )
}

#[rstest::rstest]
#[case::second_live_file(
    "INSERT INTO payment_files SELECT 9, 'M9', account, currency, count, sum_minor, own_ref, own_bic, version, rail, requested_on, sha256, 'proposed', 'eve', 1, NULL, NULL, NULL, NULL, NULL, NULL FROM payment_files; INSERT INTO payment_file_lines VALUES (9, 'FILED', 1, 1, 'x')"
)]
#[case::line_taken_out("UPDATE payment_file_lines SET live = 0 WHERE refund_id = 'FILED'")]
#[case::line_deleted("DELETE FROM payment_file_lines")]
#[case::line_replaced("INSERT OR REPLACE INTO payment_file_lines VALUES (1, 'FILED', 1, 0, 'x')")]
#[case::line_of_what_is_paid(
    "INSERT INTO payment_files SELECT 9, 'M9', account, currency, count, sum_minor, own_ref, own_bic, version, rail, requested_on, sha256, 'proposed', 'eve', 1, NULL, NULL, NULL, NULL, NULL, NULL FROM payment_files; INSERT INTO payment_file_lines VALUES (9, 'PAID', 1, 1, 'x')"
)]
#[case::line_in_a_written_file("INSERT INTO payment_file_lines VALUES (1, 'DUE', 1, 1, 'x')")]
#[case::second_transfer(
    "INSERT INTO transfers (refund_id, number, end_to_end, amount_minor, currency, account_ref, state, since) SELECT refund_id, 2, 'E2', amount_minor, currency, account_ref, 'due', 1 FROM transfers WHERE refund_id = 'FILED'"
)]
#[case::transfer_replaced(
    "INSERT OR REPLACE INTO transfers (refund_id, number, end_to_end, amount_minor, currency, account_ref, state, since) SELECT refund_id, 1, 'E2', amount_minor, currency, account_ref, 'due', 1 FROM transfers WHERE refund_id = 'FILED'"
)]
#[case::due_again("UPDATE transfers SET state = 'due' WHERE refund_id = 'FILED'")]
#[case::rejected_without_proof("UPDATE transfers SET state = 'rejected' WHERE refund_id = 'FILED'")]
#[case::paid_without_proof("UPDATE transfers SET state = 'paid' WHERE refund_id = 'DUE'")]
#[case::returned_without_proof("UPDATE transfers SET state = 'returned' WHERE refund_id = 'PAID'")]
#[case::other_amount("UPDATE transfers SET amount_minor = 1 WHERE refund_id = 'DUE'")]
#[case::other_account("UPDATE transfers SET account_ref = 1 WHERE refund_id = 'DUE'")]
#[case::transfer_deleted("DELETE FROM transfers")]
#[case::one_person_proves(
    "INSERT INTO transfer_proofs (refund_id, number, said, kind, reference, amount_minor, currency, by_whom, second, at) VALUES ('DUE', 1, 'paid', 'person', 'x', 100, 'USD', 'eve', 'eve', 1)"
)]
#[case::nobody_stated(
    "INSERT INTO transfer_proofs (refund_id, number, said, kind, reference, amount_minor, currency, by_whom, second, at) VALUES ('DUE', 1, 'paid', 'person', 'x', 100, 'USD', 'eve', 'mia', 1)"
)]
#[case::no_such_entry(
    "INSERT INTO transfer_proofs (refund_id, number, said, kind, reference, amount_minor, currency, entry, by_whom, at) SELECT 'DUE', 1, 'paid', 'statement', 'x', 100, 'USD', entry, 'eve', 1 FROM bank_entries"
)]
#[case::entry_twice(
    "INSERT OR REPLACE INTO bank_entries SELECT entry, file_sha256, 'x', reference, amount_minor, currency, booked_on, said, fate, refund_id, at FROM bank_entries"
)]
#[case::entry_changed("UPDATE bank_entries SET refund_id = 'DUE'")]
#[case::entry_deleted("DELETE FROM bank_entries")]
#[case::proof_deleted("DELETE FROM transfer_proofs")]
#[case::confirmed_unpaid(
    "INSERT INTO later_steps (refund_id, step, number, by_whom, at) VALUES ('FILED', 'confirm', 1, 'eve', 1)"
)]
#[case::confirmation_sent_unpaid(
    "INSERT INTO attempts (refund_id, step, number, idempotency_key, correlation, method, url, body, sha256, created_at) VALUES ('FILED', 'confirm', 1, 'k9', 'c9', 'POST', 'u', x'', 'x', 1); INSERT INTO sends (refund_id, step, number, send, at, epoch, seal) VALUES ('FILED', 'confirm', 1, 1, 1, 'e', 0)"
)]
#[case::transfer_sent_unfiled(
    "INSERT INTO attempts (refund_id, step, number, idempotency_key, correlation, method, url, body, sha256, created_at) VALUES ('DUE', 'transfer', 1, 'k9', 'c9', 'FILE', 'u', x'', 'x', 1); INSERT INTO sends (refund_id, step, number, send, at, epoch, seal) VALUES ('DUE', 'transfer', 1, 1, 1, 'e', 0)"
)]
#[case::failed_while_filed("UPDATE refunds SET state = 'failed' WHERE id = 'FILED'")]
#[case::failed_while_paid("UPDATE refunds SET state = 'failed' WHERE id = 'PAID'")]
#[case::file_changed("UPDATE payment_files SET sha256 = replace(sha256, 'a', 'b')")]
#[case::file_given_up(
    "UPDATE payment_files SET state = 'given_up', written_at = NULL, ended_by = 'eve', ended_at = 1"
)]
#[case::file_deleted("DELETE FROM payment_files")]
#[case::own_word(
    "INSERT INTO payment_files SELECT 9, 'M9', account, currency, count, sum_minor, own_ref, own_bic, version, rail, requested_on, sha256, 'approved', 'eve', 1, 'eve', 1, NULL, NULL, NULL, NULL FROM payment_files"
)]
#[case::personal_changed("UPDATE personal SET value = '{}'")]
#[case::personal_deleted("DELETE FROM personal")]
#[case::personal_last4("UPDATE personal SET last4 = '0000', value = NULL, erased_at = 1")]
#[case::personal_replaced(
    "INSERT OR REPLACE INTO personal SELECT id, kind, salt, sha256, '0000', value, kept_at, erased_at FROM personal"
)]
#[case::loose_end_deleted(
    "INSERT INTO loose_ends (kind, detail, at) VALUES ('entry', 'x', 1); DELETE FROM loose_ends"
)]
#[case::loose_end_closed_without_word(
    "INSERT INTO loose_ends (kind, detail, at) VALUES ('entry', 'x', 1); UPDATE loose_ends SET closed_by = 'eve', closed_at = 1, note = ' '"
)]
#[tokio::test]
async fn refused(#[case] sql: &str) {
    let (_folder, connection, [due, filed, paid]) = by_hand().await;
    let sql = sql
        .replace("'DUE'", &format!("'{due}'"))
        .replace("'FILED'", &format!("'{filed}'"))
        .replace("'PAID'", &format!("'{paid}'"));
    let done = connection.execute_batch(&sql);
    let said = done.unwrap_err().to_string();
    for slip in [
        "syntax",
        "no such",
        "has no column",
        "values for",
        "columns but",
    ] {
        assert!(!said.contains(slip), "{said}");
    }
}
