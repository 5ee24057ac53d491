//! Discrepancies: opening them, and what they hold back.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::error::LedgerError;
use super::external::note;
use super::row::millis;
use crate::domain::discrepancy::{Block, DiscrepancyKind};
use crate::domain::id::PaymentId;

/// What is found to contradict what is known.
pub(super) struct Contradiction<'a> {
    pub kind: DiscrepancyKind,
    pub detail: &'a str,
    /// What it would be if the contradiction were believed.
    pub proposed: Option<&'a str>,
}

/// Opens a discrepancy; the same one seen again stays one.
pub(super) fn open(
    connection: &Connection,
    payment: PaymentId,
    refund: Option<&str>,
    kind: DiscrepancyKind,
    detail: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let contradiction = Contradiction {
        kind,
        detail,
        proposed: None,
    };
    open_one(connection, payment, refund, &contradiction, now)
}

/// Opens a discrepancy that may be settled by believing it.
pub(super) fn open_one(
    connection: &Connection,
    payment: PaymentId,
    refund: Option<&str>,
    contradiction: &Contradiction<'_>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let opened = connection
        .prepare_cached(
            "INSERT INTO discrepancies (payment_id, refund_id, kind, detail, opened_at, proposed, seal)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, seal_of('discrepancies', ?1, ?2, ?3, ?4, ?5)
             WHERE NOT EXISTS (SELECT 1 FROM discrepancies
                 WHERE resolved_at IS NULL AND payment_id = ?1 AND coalesce(refund_id, '') = coalesce(?2, '')
                   AND kind = ?3 AND detail = ?4)",
        )?
        .execute(params![
            payment.as_i64(),
            refund,
            contradiction.kind.name(),
            contradiction.detail,
            millis(now),
            contradiction.proposed,
        ])?;
    if opened == 0 {
        return Ok(());
    }
    // Not what it says: that may name people, and the chain keeps what it is told for ever.
    let detail = format!(
        "discrepancy={} kind={} refund={}",
        connection.last_insert_rowid(),
        contradiction.kind.name(),
        refund.unwrap_or("-")
    );
    let action = "discrepancy.opened";
    note(connection, payment, "desk", action, &detail, now)
}

/// Evidence is stored even where it takes more than there is; here that is noticed. One per
/// payment while it is open, whatever the figures become meanwhile.
pub(super) fn open_if_overdrawn(
    connection: &Connection,
    payment: PaymentId,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let kind = DiscrepancyKind::Overdrawn;
    if !is_overdrawn(connection, payment)? || open_kinds(connection, payment)?.contains(&Some(kind))
    {
        return Ok(());
    }
    let detail = "more was paid back or is held than was captured";
    open(connection, payment, None, kind, detail, now)
}

/// Why nothing may be sent on a payment now, in the caller's transaction.
pub(super) fn block(
    connection: &Connection,
    payment: PaymentId,
) -> Result<Option<Block>, LedgerError> {
    if is_overdrawn(connection, payment)? {
        return Ok(Some(Block::Overdrawn));
    }
    // What is not understood is doubt, and doubt sends nothing.
    let blocked = open_kinds(connection, payment)?
        .into_iter()
        .any(|kind| kind.is_none_or(DiscrepancyKind::blocks));
    Ok(blocked.then_some(Block::Open))
}

fn is_overdrawn(connection: &Connection, payment: PaymentId) -> Result<bool, LedgerError> {
    let overdrawn = connection
        .prepare_cached(
            "SELECT available_minor < 0 OR EXISTS (
                 SELECT 1 FROM captures WHERE payment_id = ?1
                     AND captured_minor - executed_minor - held_minor - disputed_minor < 0)
             FROM payments WHERE id = ?1",
        )?
        .query_row([payment.as_i64()], |row| row.get(0))
        .optional()?;
    Ok(overdrawn.unwrap_or(false))
}

/// The kinds of the open ones; none for a kind this program does not know.
fn open_kinds(
    connection: &Connection,
    payment: PaymentId,
) -> Result<Vec<Option<DiscrepancyKind>>, LedgerError> {
    let kinds = connection
        .prepare_cached(
            "SELECT kind FROM discrepancies WHERE payment_id = ?1 AND resolved_at IS NULL",
        )?
        .query_map([payment.as_i64()], |row| {
            let name: String = row.get(0)?;
            Ok(DiscrepancyKind::from_name(&name))
        })?
        .collect::<Result<_, _>>()?;
    Ok(kinds)
}
