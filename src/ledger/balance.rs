//! Invariant 2: the stored balance is what the domain computes from refunds and files. Looked at
//! again before money moves, so that a changed figure on disk stops a payout and never widens one.

use rusqlite::{Connection, Row, params};

use super::error::LedgerError;
use crate::domain::balance::{Figures, RefundFigures, compute};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::Payment;
use crate::domain::state::State;

/// Computes every capture of a payment anew, in the caller's transaction.
///
/// # Errors
/// [`LedgerError::Damaged`] when a capture, or the payment as the sum of them, says otherwise.
pub(super) fn check(connection: &Connection, payment: &Payment) -> Result<(), LedgerError> {
    let stored = captures(connection, payment)?;
    let mut sum = Figures::captured(Money::zero(payment.currency));
    for capture in &stored {
        let refunds = refunds(connection, capture.seq, payment.currency)?;
        let stored = &capture.figures;
        let computed = compute(stored.captured, refunds, capture.external, stored.disputed)?;
        if computed != *stored {
            return Err(differs(
                payment,
                &format!("a capture has {stored:?}, its refunds make {computed:?}"),
            ));
        }
        sum = sum.saturating_plus(&computed);
    }
    let whole = whole(connection, payment)?;
    if whole == sum {
        Ok(())
    } else {
        Err(differs(
            payment,
            &format!("it has {whole:?}, its captures make {sum:?}"),
        ))
    }
}

fn differs(payment: &Payment, how: &str) -> LedgerError {
    LedgerError::Damaged(format!("balance of payment {}: {how}", payment.id))
}

struct Stored {
    seq: i64,
    external: Money,
    figures: Figures,
}

fn captures(connection: &Connection, payment: &Payment) -> Result<Vec<Stored>, LedgerError> {
    let stored = connection
        .prepare_cached(
            "SELECT captured_minor, executed_minor, held_minor, disputed_minor, seq, external_minor
             FROM captures WHERE payment_id = ?1",
        )?
        .query_map([payment.id.as_i64()], |row| {
            Ok(Stored {
                seq: row.get(4)?,
                external: Money::new(row.get(5)?, payment.currency),
                figures: figures(row, payment.currency)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(stored)
}

fn whole(connection: &Connection, payment: &Payment) -> Result<Figures, LedgerError> {
    let figures = connection
        .prepare_cached(
            "SELECT captured_minor, executed_minor, held_minor, disputed_minor FROM payments WHERE id = ?1",
        )?
        .query_row([payment.id.as_i64()], |row| figures(row, payment.currency))?;
    Ok(figures)
}

fn figures(row: &Row<'_>, currency: Currency) -> rusqlite::Result<Figures> {
    let money = |column| row.get(column).map(|minor| Money::new(minor, currency));
    Ok(Figures {
        captured: money(0)?,
        executed: money(1)?,
        held: money(2)?,
        disputed: money(3)?,
    })
}

fn refunds(
    connection: &Connection,
    capture: i64,
    currency: Currency,
) -> Result<Vec<RefundFigures>, LedgerError> {
    let money = |minor| Money::new(minor, currency);
    let mut statement = connection.prepare_cached(
        "SELECT state, amount_minor, reported_minor, proven_minor FROM refunds WHERE capture_seq = ?1",
    )?;
    let mut rows = statement.query(params![capture])?;
    let mut refunds = Vec::new();
    while let Some(row) = rows.next()? {
        let state: String = row.get(0)?;
        refunds.push(RefundFigures {
            state: State::from_name(&state).ok_or(LedgerError::Damaged(state))?,
            requested: money(row.get(1)?),
            reported: row.get::<_, Option<i64>>(2)?.map(money),
            proven: row.get::<_, Option<i64>>(3)?.map(money),
        });
    }
    Ok(refunds)
}
