//! Invariant 2: the stored balance is what the domain computes from refunds, files and disputes. Looked at
//! again before money moves, so that a changed figure on disk stops a payout and never widens one.

use rusqlite::{Connection, Row, params};

use super::error::LedgerError;
use super::row::refund_figures;
use super::{disputes, external};
use crate::domain::balance::{Figures, RefundFigures, compute};
use crate::domain::dispute::DisputeFigures;
use crate::domain::external::ExternalFigures;
use crate::domain::money::{Currency, Money};
use crate::domain::payment::Payment;

/// Computes every capture of a payment anew, in the caller's transaction.
///
/// # Errors
/// [`LedgerError::Damaged`] when a capture, or the payment as the sum of them, says otherwise.
pub(super) fn check(connection: &Connection, payment: &Payment) -> Result<(), LedgerError> {
    let stored = captures(connection, payment)?;
    let evidence = Evidence::read(connection, payment)?;
    let none = Money::zero(payment.currency);
    let mut sum = Figures::captured(none);
    for capture in &stored {
        let refunds = refunds(connection, capture.seq, payment.currency)?;
        let stored = &capture.figures;
        let of_ours = compute(stored.captured, refunds, none, none)?;
        let computed = evidence.added_to(of_ours, Some(capture.seq))?;
        if computed != *stored {
            return Err(differs(
                payment,
                &format!("a capture has {stored:?}, its refunds make {computed:?}"),
            ));
        }
        sum = sum.saturating_plus(&computed);
    }
    let sum = evidence.added_to(sum, None)?;
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

/// What was refunded elsewhere and what is in dispute, with the capture each names.
struct Evidence {
    external: Vec<(Option<i64>, ExternalFigures)>,
    disputes: Vec<(Option<i64>, DisputeFigures)>,
}

impl Evidence {
    fn read(connection: &Connection, payment: &Payment) -> Result<Self, LedgerError> {
        Ok(Self {
            external: external::figures(connection, payment.id, payment.currency)?,
            disputes: disputes::figures(connection, payment.id, payment.currency)?,
        })
    }

    fn added_to(&self, figures: Figures, capture: Option<i64>) -> Result<Figures, LedgerError> {
        let external: Vec<ExternalFigures> = self
            .external
            .iter()
            .filter(|(of, _)| *of == capture)
            .map(|(_, figures)| *figures)
            .collect();
        let disputes: Vec<DisputeFigures> = self
            .disputes
            .iter()
            .filter(|(of, _)| *of == capture)
            .map(|(_, figures)| figures.clone())
            .collect();
        Ok(figures.with_evidence(&external, &disputes)?)
    }
}

struct Stored {
    seq: i64,
    figures: Figures,
}

fn captures(connection: &Connection, payment: &Payment) -> Result<Vec<Stored>, LedgerError> {
    let stored = connection
        .prepare_cached(
            "SELECT captured_minor, executed_minor, held_minor, disputed_minor, seq
             FROM captures WHERE payment_id = ?1",
        )?
        .query_map([payment.id.as_i64()], |row| {
            Ok(Stored {
                seq: row.get(4)?,
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
    let mut statement = connection.prepare_cached(
        "SELECT state, amount_minor, reported_minor, proven_minor FROM refunds WHERE capture_seq = ?1",
    )?;
    let mut rows = statement.query(params![capture])?;
    let mut refunds = Vec::new();
    while let Some(row) = rows.next()? {
        refunds.push(refund_figures(row, 0, currency)?);
    }
    Ok(refunds)
}
