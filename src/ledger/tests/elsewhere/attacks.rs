//! SQL typed by hand cannot make what happened elsewhere go away.

use rstest::rstest;

use super::*;

#[rstest]
#[case::forget_one("DELETE FROM external_refunds")]
#[case::shrink_one("UPDATE external_refunds SET amount_minor = 1")]
#[case::undo_one("UPDATE external_refunds SET state = 'pending'")]
#[case::fail_one("UPDATE external_refunds SET state = 'failed'")]
#[case::take_off_compensation("UPDATE external_refunds SET compensation_minor = 0")]
#[case::add_compensation("UPDATE external_refunds SET compensation_minor = 41")]
#[case::negative_compensation(
    "UPDATE external_refunds SET compensation_minor = -1, last_seen = last_seen + 1"
)]
#[case::endless_compensation(
    "UPDATE external_refunds SET compensation_minor = 9e14, last_seen = last_seen + 1"
)]
#[case::begin_negative(
    "INSERT INTO external_refunds (payment_id, account, amount_minor, compensation_minor, currency, state, source, origin, first_seen, last_seen)
     SELECT payment_id, account, 1, -40, currency, 'done', 'sync', '', 0, 0 FROM refunds LIMIT 1"
)]
#[case::link_across_payments(
    "UPDATE external_refunds SET linked_refund = (SELECT id FROM refunds WHERE amount_minor = 70)"
)]
#[case::begin_linked(
    "INSERT INTO external_refunds (payment_id, account, amount_minor, currency, state, source, origin, first_seen, last_seen, linked_refund)
     SELECT payment_id, account, 1, currency, 'done', 'sync', '', 0, 0, id FROM refunds"
)]
#[case::replace_one(
    "INSERT OR REPLACE INTO external_refunds (payment_id, account, provider_refund_id, amount_minor, currency, state, source, origin, first_seen, last_seen)
     SELECT payment_id, account, provider_refund_id, 1, currency, 'failed', 'sync', '', 0, 0 FROM external_refunds"
)]
#[case::lower_the_files_figure(
    "UPDATE captures SET external_minor = external_minor - 1 WHERE external_minor > 0"
)]
#[case::free_the_disputed("UPDATE captures SET disputed_minor = 0")]
#[case::free_the_payment("UPDATE payments SET disputed_minor = 0 WHERE disputed_minor > 0")]
#[case::forget_a_dispute("DELETE FROM disputes")]
#[case::undo_a_chargeback("UPDATE disputes SET stage = 'alert'")]
#[case::move_a_dispute(
    "UPDATE disputes SET payment_id = (SELECT id FROM payments WHERE provider_payment_id = 'b')"
)]
#[case::answer_afterwards("INSERT INTO dispute_refunds SELECT id, 1 FROM refunds LIMIT 1")]
#[case::close_without_a_word("UPDATE discrepancies SET resolved_at = 1")]
#[case::close_ones_own(
    "UPDATE discrepancies SET resolved_at = 1, resolved_by = 'max', note = 'fine'"
)]
#[case::rewrite_a_discrepancy("UPDATE discrepancies SET kind = 'evidence'")]
#[case::forget_a_discrepancy("DELETE FROM discrepancies")]
#[case::send_while_blocked("UPDATE refunds SET state = 'submitting' WHERE state = 'approved'")]
#[case::hold_while_blocked(
    "INSERT INTO refunds (id, payment_id, capture_seq, account, kind, amount_minor, currency, reason, maker, hash,
         policy_version, state, expires_at, created_at, updated_at)
     SELECT '0199f0a0-0000-7000-8000-00000000000f', payment_id, capture_seq, account, kind, 1, currency, reason, maker,
         hash, 1, 'reserved', 0, 0, 0 FROM refunds WHERE amount_minor = 600"
)]
#[tokio::test]
async fn refused_by_hand(#[case] sql: &str) {
    let (folder, ledger) = open();
    let refunded = ImportRow {
        refunded: Some(usd(50)),
        ..row("b", 5_000)
    };
    import(&ledger, vec![row("a", 10_000), refunded]).await;
    let closed = submitted(&ledger, 600).await;
    ledger.record(refusal(closed)).await.unwrap();
    ledger
        .record(record(closed, report(Reported::Succeeded, None)))
        .await
        .unwrap();
    disputed(&ledger, "cb-1", 100, Stage::Open).await;
    let compensated = Sighting {
        compensation: Some(usd(40)),
        ..sighting("x1", 300, ExternalState::Done)
    };
    ledger.record_external(compensated).await.unwrap();
    reserve(&ledger, "b", 70).await;
    let connection = by_hand(&folder);
    connection
        .pragma_update(None, "recursive_triggers", true)
        .unwrap();
    // What waits on the blocked payment was reserved before it was blocked.
    assert_eq!(kinds(&ledger).await, [DiscrepancyKind::LatePayout]);
    if sql.contains("'submitting'") {
        connection
            .execute_batch("UPDATE discrepancies SET owner = 'cora'; DROP TRIGGER discrepancies_fixed;
                UPDATE discrepancies SET payment_id = (SELECT id FROM payments WHERE provider_payment_id = 'b'), refund_id = NULL")
            .unwrap();
    }
    let outcome = connection.execute_batch(sql);
    assert!(outcome.is_err(), "went through: {sql}");
}
