//! Disputes: learned of, followed to their end, answered by refunds.

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Ledger;
use super::discrepancy;
use super::error::LedgerError;
use super::external::{capture_of, note};
use super::row::{millis, refund_figures, time};
use crate::domain::balance::RefundFigures;
use crate::domain::discrepancy::DiscrepancyKind;
use crate::domain::dispute::{Dispute, DisputeFigures, DisputeWeight, Stage};
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::money::{Currency, Money};

/// A dispute as a provider or a person tells it.
#[derive(Clone, Debug)]
pub struct DisputeNews {
    /// The payment.
    pub payment: PaymentId,
    /// The provider's id of the capture, where it names one.
    pub capture_id: Option<String>,
    /// The provider's id of the dispute: the same id is the same dispute.
    pub provider_dispute_id: String,
    /// How much is disputed, in whatever currency.
    pub amount: Money,
    /// How far it has come.
    pub stage: Stage,
    /// Until when it can be answered.
    pub deadline: Option<DateTime<Utc>>,
    /// Who brought it in.
    pub actor: String,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Ledger {
    /// Writes down a dispute, or how far a known one has come.
    ///
    /// # Errors
    /// No such payment or capture, or it is known as one of another payment or currency.
    pub async fn record_dispute(&self, news: DisputeNews) -> Result<Dispute, LedgerError> {
        self.write(move |connection| record(connection, &news))
            .await
    }

    /// The disputes about a payment, in the order they were learned of.
    ///
    /// # Errors
    /// The database failed.
    pub async fn disputes_of(&self, payment: PaymentId) -> Result<Vec<Dispute>, LedgerError> {
        self.read(move |connection| of_payment(connection, payment))
            .await
    }
}

/// Those about a payment, in the caller's transaction.
pub(super) fn of_payment(
    connection: &Connection,
    payment: PaymentId,
) -> Result<Vec<Dispute>, LedgerError> {
    list(connection, "d.payment_id", payment.as_i64())
}

fn list(connection: &Connection, key: &str, value: i64) -> Result<Vec<Dispute>, LedgerError> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT d.seq, d.payment_id, c.capture_id, d.provider_dispute_id, d.amount_minor, d.currency, d.stage,
                    d.deadline, d.opened_at, d.updated_at, p.currency,
                    CASE WHEN w.takes_all THEN coalesce(c.disputed_minor, p.disputed_minor) ELSE w.disputed_minor END
             FROM disputes d JOIN payments p ON p.id = d.payment_id JOIN dispute_weights w ON w.seq = d.seq
                  LEFT JOIN captures c ON c.seq = d.capture_seq
             WHERE {key} = ?1 ORDER BY d.seq"
        ))?
        .query_map([value], |row| Ok(dispute(row)))?
        .collect::<Result<Vec<_>, _>>()?;
    let mut disputes = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    for dispute in &mut disputes {
        dispute.refunds = answers(connection, dispute.id)?;
    }
    Ok(disputes)
}

/// One dispute, in the caller's transaction.
pub(super) fn one(connection: &Connection, id: i64) -> Result<Dispute, LedgerError> {
    list(connection, "d.seq", id)?
        .pop()
        .ok_or(LedgerError::NotFound("dispute"))
}

fn dispute(row: &Row<'_>) -> Result<Dispute, LedgerError> {
    let currency = |column| -> Result<Currency, LedgerError> {
        Ok(Currency::from_code(&row.get::<_, String>(column)?)?)
    };
    let stage: String = row.get(6)?;
    Ok(Dispute {
        id: row.get(0)?,
        payment: PaymentId::from_i64(row.get(1)?),
        capture_id: row.get::<_, Option<String>>(2)?.filter(|id| !id.is_empty()),
        provider_dispute_id: row.get(3)?,
        amount: Money::new(row.get(4)?, currency(5)?),
        stage: Stage::from_name(&stage).ok_or(LedgerError::Damaged(stage))?,
        deadline: row.get::<_, Option<i64>>(7)?.map(time),
        opened_at: time(row.get(8)?),
        updated_at: time(row.get(9)?),
        holds: Money::new(row.get(11)?, currency(10)?),
        refunds: Vec::new(),
    })
}

fn answers(connection: &Connection, dispute: i64) -> Result<Vec<RefundId>, LedgerError> {
    let ids: Vec<String> = connection
        .prepare_cached(
            "SELECT refund_id FROM dispute_refunds WHERE dispute_seq = ?1 ORDER BY refund_id",
        )?
        .query_map([dispute], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    ids.into_iter()
        .map(|id| id.parse().map_err(|_| LedgerError::Damaged(id)))
        .collect()
}

/// What the balance needs to know of the disputes about a payment, with the capture each names.
pub(super) fn figures(
    connection: &Connection,
    payment: PaymentId,
    currency: Currency,
) -> Result<Vec<(Option<i64>, DisputeFigures)>, LedgerError> {
    let mut found = Vec::new();
    for dispute in list(connection, "d.payment_id", payment.as_i64())? {
        let capture: Option<i64> = connection
            .prepare_cached("SELECT capture_seq FROM disputes WHERE seq = ?1")?
            .query_row([dispute.id], |row| row.get(0))?;
        let figures = DisputeFigures {
            amount: dispute.amount,
            stage: dispute.stage,
            refunds: answer_figures(connection, dispute.id, currency)?,
        };
        found.push((capture, figures));
    }
    Ok(found)
}

fn answer_figures(
    connection: &Connection,
    dispute: i64,
    currency: Currency,
) -> Result<Vec<RefundFigures>, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT r.state, r.amount_minor, r.reported_minor, r.proven_minor
         FROM dispute_refunds l JOIN refunds r ON r.id = l.refund_id WHERE l.dispute_seq = ?1",
    )?;
    let mut rows = statement.query([dispute])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(refund_figures(row, 0, currency)?);
    }
    Ok(found)
}

fn record(connection: &Connection, news: &DisputeNews) -> Result<Dispute, LedgerError> {
    if !news.amount.is_positive() || !news.amount.is_countable() {
        return Err(LedgerError::NotAllowed(
            "a dispute is about an amount above zero".to_owned(),
        ));
    }
    let account: String = connection
        .prepare_cached("SELECT account FROM payments WHERE id = ?1")?
        .query_row([news.payment.as_i64()], |row| row.get(0))
        .optional()?
        .ok_or(LedgerError::NotFound("payment"))?;
    let known: Option<i64> = connection
        .prepare_cached("SELECT seq FROM disputes WHERE account = ?1 AND provider_dispute_id = ?2")?
        .query_row(params![account, news.provider_dispute_id], |row| row.get(0))
        .optional()?;
    let id = match known {
        Some(id) => follow(connection, id, news)?,
        None => insert(connection, &account, news)?,
    };
    let dispute = one(connection, id)?;
    warn_paid_twice(connection, &dispute, news.now)?;
    discrepancy::open_if_overdrawn(connection, news.payment, news.now)?;
    // What others wrote stands behind the facts (`domain::history`).
    let detail = format!(
        "dispute={} amount={} stage={} deadline={} provider_dispute={}",
        dispute.id,
        dispute.amount,
        dispute.stage.name(),
        dispute.deadline.map_or_else(
            || "-".to_owned(),
            |at| at.to_rfc3339_opts(SecondsFormat::Millis, true)
        ),
        dispute.provider_dispute_id,
    );
    note(
        connection,
        news.payment,
        &news.actor,
        "dispute.recorded",
        &detail,
        news.now,
    )?;
    Ok(dispute)
}

fn insert(connection: &Connection, account: &str, news: &DisputeNews) -> Result<i64, LedgerError> {
    let capture = capture_of(connection, news.payment, news.capture_id.as_deref())?;
    connection
        .prepare_cached(
            "INSERT INTO disputes (payment_id, capture_seq, account, provider_dispute_id, amount_minor, currency, stage,
                 deadline, opened_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
        )?
        .execute(params![
            news.payment.as_i64(),
            capture,
            account,
            news.provider_dispute_id,
            news.amount.minor,
            news.amount.currency.code(),
            news.stage.name(),
            news.deadline.map(millis),
            millis(news.now),
        ])?;
    Ok(connection.last_insert_rowid())
}

/// A warning that arrives after the chargeback is old news: the stage stays.
fn follow(connection: &Connection, id: i64, news: &DisputeNews) -> Result<i64, LedgerError> {
    let known = one(connection, id)?;
    if known.payment != news.payment || known.amount.currency != news.amount.currency {
        return Err(LedgerError::NotAllowed(format!(
            "dispute {} is known as one of another payment or currency",
            news.provider_dispute_id
        )));
    }
    let overtaken = news.stage.is_warning() && !known.stage.is_warning();
    let stage = if overtaken { known.stage } else { news.stage };
    connection
        .prepare_cached(
            "UPDATE disputes SET stage = ?2, amount_minor = ?3, deadline = coalesce(?4, deadline),
                 updated_at = max(updated_at, ?5) WHERE seq = ?1",
        )?
        .execute(params![
            id,
            stage.name(),
            news.amount.minor,
            news.deadline.map(millis),
            millis(news.now),
        ])?;
    Ok(id)
}

/// Refunded in answer, and the dispute took the money as well.
fn warn_paid_twice(
    connection: &Connection,
    dispute: &Dispute,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    if dispute.stage.weight() != DisputeWeight::Paid {
        return Ok(());
    }
    let weighs: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM dispute_refunds l JOIN refunds r ON r.id = l.refund_id
                 WHERE l.dispute_seq = ?1 AND r.held_minor + r.executed_minor > 0)",
        )?
        .query_row([dispute.id], |row| row.get(0))?;
    if !weighs {
        return Ok(());
    }
    let detail = format!(
        "dispute {} over {} is {} and a refund in answer to it is made or on its way",
        dispute.provider_dispute_id,
        dispute.amount,
        dispute.stage.name()
    );
    let kind = DiscrepancyKind::PaidTwice;
    discrepancy::open(connection, dispute.payment, None, kind, &detail, now)
}

/// Makes a refund that is about to be reserved the answer to a dispute.
pub(super) fn answer(
    connection: &Connection,
    dispute: i64,
    refund: RefundId,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached("INSERT INTO dispute_refunds (refund_id, dispute_seq) VALUES (?1, ?2)")?
        .execute(params![refund.to_string(), dispute])?;
    Ok(())
}
