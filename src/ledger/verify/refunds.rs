//! Refunds: as they were decided, as they were sent, and where their record says they stand.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::Verdict;
use super::chain::Told;
use crate::domain::finding::{Finding, Flaw};
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::refund::Refund;
use crate::ledger::error::LedgerError;
use crate::ledger::refunds;
use crate::ledger::row::{REFUND_COLUMNS, REFUND_TABLES, refund};
use crate::ledger::seal::Sealed;

/// Checks the rows of refunds and of what was sent and learned, of one payment if given.
pub(super) fn check(
    connection: &Connection,
    only: Option<PaymentId>,
    verdict: &mut Verdict,
) -> Result<(), LedgerError> {
    for sealed in [
        Sealed::Refunds,
        Sealed::Sends,
        Sealed::Observations,
        Sealed::Discrepancies,
    ] {
        seals(connection, sealed, only, verdict)?;
    }
    contents(connection, only, verdict)
}

/// Rows that are not as they were written.
fn seals(
    connection: &Connection,
    sealed: Sealed,
    only: Option<PaymentId>,
    verdict: &mut Verdict,
) -> Result<(), LedgerError> {
    let (table, seal) = (sealed.table(), sealed.sql());
    let what = match sealed {
        Sealed::Captures => "a capture",
        Sealed::Refunds => "its record",
        Sealed::Sends => "the record of a send",
        Sealed::Observations => "the record of an answer",
        Sealed::Discrepancies => "a disagreement",
    };
    let (refund, payment) = match sealed {
        Sealed::Refunds => ("refunds.id", "refunds.payment_id"),
        Sealed::Captures | Sealed::Discrepancies => ("NULL", "payment_id"),
        Sealed::Sends | Sealed::Observations => (
            "refund_id",
            "(SELECT payment_id FROM refunds WHERE id = refund_id)",
        ),
    };
    // A resolved disagreement holds nothing back any more.
    let clause = match (only, sealed) {
        (None, Sealed::Discrepancies) => "?1 = 0 AND resolved_at IS NULL",
        (Some(_), Sealed::Discrepancies) => "payment_id = ?1 AND resolved_at IS NULL",
        (None, _) => "?1 = 0",
        (Some(_), Sealed::Sends | Sealed::Observations) => {
            "refund_id IN (SELECT id FROM refunds WHERE payment_id = ?1)"
        }
        (Some(_), _) => "payment_id = ?1",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {refund}, {payment} FROM {table} WHERE {clause} AND seal IS NOT {seal}"
    ))?;
    let mut rows = statement.query(params![only.map_or(0, PaymentId::as_i64)])?;
    while let Some(row) = rows.next()? {
        let refund: Option<String> = row.get(0)?;
        let payment = row.get::<_, Option<i64>>(1)?.map(PaymentId::from_i64);
        let about = match (&refund, payment) {
            (Some(refund), _) => format!("refund {refund}"),
            (None, Some(payment)) => format!("payment {payment}"),
            (None, None) => "a refund that is gone".to_owned(),
        };
        verdict.add(Finding {
            flaw: Flaw::Seal,
            payment,
            refund: refund.as_deref().and_then(|id| id.parse().ok()),
            detail: format!("{about}: {what} is not as it was written"),
        });
    }
    Ok(())
}

/// What was decided, and the bytes that were sent for it.
fn contents(
    connection: &Connection,
    only: Option<PaymentId>,
    verdict: &mut Verdict,
) -> Result<(), LedgerError> {
    for refund in stored(connection, only)? {
        verdict.refunds += 1;
        if refund.content.hash() != refund.hash {
            verdict.add(finding(
                &refund,
                Flaw::Content,
                "is not what was decided".to_owned(),
            ));
        }
        for attempt in refunds::attempts(connection, refund.id)? {
            if attempt.has_bytes() && attempt.fingerprint() != attempt.sha256 {
                let detail = format!(
                    "attempt {} is not what was written before it was sent",
                    attempt.number
                );
                verdict.add(finding(&refund, Flaw::Attempt, detail));
            }
        }
    }
    Ok(())
}

/// Compares refunds with what the audit says of them.
pub(super) fn compare(
    connection: &Connection,
    told: &HashMap<String, Told>,
    verdict: &mut Verdict,
) -> Result<(), LedgerError> {
    let mut missing = told.clone();
    for refund in stored(connection, None)? {
        let told = missing.remove(&refund.id.to_string()).unwrap_or_default();
        if told.state != Some(refund.state) {
            let says = told.state.map_or("nothing", |state| state.name());
            let detail = format!("is {}, its record says {says}", refund.state.name());
            verdict.add(finding(&refund, Flaw::State, detail));
        }
        if told.hash.as_ref() != Some(&refund.hash) {
            let detail = "is not what its record says was decided".to_owned();
            verdict.add(finding(&refund, Flaw::Content, detail));
        }
        let proven = refund.proven.map(|proven| proven.to_string());
        if told.paid != proven {
            let words = |paid: Option<String>| paid.unwrap_or_else(|| "nothing".to_owned());
            let detail = format!(
                "has {} as paid, its record says {}",
                words(proven),
                words(told.paid)
            );
            verdict.add(finding(&refund, Flaw::State, detail));
        }
        if sends(connection, refund.id)? != told.sends {
            let detail = format!(
                "was sent {} times by its record, not as often by its attempts",
                told.sends
            );
            verdict.add(finding(&refund, Flaw::Attempt, detail));
        }
    }
    for id in missing.into_keys() {
        let detail = format!("refund {id} is in the audit, but not in the database");
        verdict.add(Finding::of_all(Flaw::Lost, detail));
    }
    Ok(())
}

fn stored(connection: &Connection, only: Option<PaymentId>) -> Result<Vec<Refund>, LedgerError> {
    let clause = only.map_or("?1 = 0", |_| "r.payment_id = ?1");
    let sql = format!("SELECT {REFUND_COLUMNS} FROM {REFUND_TABLES} WHERE {clause}");
    let refunds = connection
        .prepare_cached(&sql)?
        .query_map(params![only.map_or(0, PaymentId::as_i64)], refund)?
        .collect::<Result<_, _>>()?;
    Ok(refunds)
}

fn sends(connection: &Connection, id: RefundId) -> Result<i64, LedgerError> {
    let count = connection
        .prepare_cached("SELECT count(*) FROM sends WHERE refund_id = ?1")?
        .query_row([id.to_string()], |row| row.get(0))?;
    Ok(count)
}

fn finding(refund: &Refund, flaw: Flaw, detail: String) -> Finding {
    Finding {
        flaw,
        payment: Some(refund.content.payment),
        refund: Some(refund.id),
        detail: format!("refund {} {detail}", refund.id),
    }
}
