//! Rows become domain types. A value that makes no sense is damage, never guessed at.

use chrono::{DateTime, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, Row};

use super::error::LedgerError;
use super::payers::EMAIL;
use crate::domain::approval::{self, Basis};
use crate::domain::balance::{Figures, RefundFigures};
use crate::domain::cause::{Cause, Unpaid};
use crate::domain::compensation::Compensations;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::{Capture, Payment, Source};
use crate::domain::refund::{Content, Kind, Later, LaterStep, Refund};
use crate::domain::state::State;

/// A time as the ledger stores it.
pub(super) fn millis(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis()
}

/// A time the ledger stored.
pub(super) fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

fn damaged(column: usize, what: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
}

fn currency(row: &Row<'_>, column: usize) -> rusqlite::Result<Currency> {
    let code: String = row.get(column)?;
    Currency::from_code(&code).map_err(|error| damaged(column, error.to_string()))
}

/// The kinds of discrepancy that keep nothing from being sent, as SQL.
macro_rules! not_blocking {
    () => {
        "('file_amount', 'file_currency', 'file_payer', 'evidence', 'external', 'came_back')"
    };
}
pub(super) use not_blocking;

pub(super) const PAYMENT_COLUMNS: &str = concat!(
    "p.id, p.account, p.provider_payment_id, p.reference, p.order_ref, y.name, p.method, p.scheme,
     p.last4, p.description, p.details, p.currency, p.source_line, f.name, f.sha256, f.importer, f.at,
     p.executed_minor, p.held_minor, p.disputed_minor,
     EXISTS (SELECT 1 FROM discrepancies d WHERE d.payment_id = p.id AND d.resolved_at IS NULL
             AND d.kind NOT IN ",
    not_blocking!(),
    "), p.verified_at,
     coalesce((SELECT sum(w.held_minor) FROM compensation_weights w WHERE w.payment_id = p.id), 0),
     coalesce((SELECT sum(w.executed_minor) FROM compensation_weights w WHERE w.payment_id = p.id), 0),
     y.email"
);

pub(super) const PAYMENT_TABLES: &str = "payments p JOIN import_files f ON f.seq = p.source_file
     LEFT JOIN payers y ON y.payment_id = p.id";

/// A payment without its captures, from [`PAYMENT_COLUMNS`]; all it has counts as unallocated until
/// [`with_captures`] has taken their share.
pub(super) fn payment(row: &Row<'_>) -> rusqlite::Result<Payment> {
    let currency = currency(row, 11)?;
    let money = |column| row.get(column).map(|minor| Money::new(minor, currency));
    let details: Option<String> = row.get(10)?;
    let mut details: Vec<(String, String)> = match details {
        Some(json) => {
            serde_json::from_str(&json).map_err(|error| damaged(10, error.to_string()))?
        }
        None => Vec::new(),
    };
    if let Some(email) = row.get(24)? {
        details.insert(0, (EMAIL.to_owned(), email));
    }
    Ok(Payment {
        id: PaymentId::from_i64(row.get(0)?),
        account: row.get(1)?,
        provider_payment_id: row.get(2)?,
        reference: row.get(3)?,
        order: row.get(4)?,
        payer: row.get(5)?,
        method: row.get(6)?,
        scheme: row.get(7)?,
        last4: row.get(8)?,
        description: row.get(9)?,
        details,
        currency,
        captures: Vec::new(),
        unallocated: Some(Figures {
            captured: Money::zero(currency),
            executed: money(17)?,
            held: money(18)?,
            disputed: money(19)?,
        }),
        on_top: Compensations {
            held: money(22)?,
            executed: money(23)?,
        },
        blocked: row.get(20)?,
        verified_at: row.get::<_, Option<i64>>(21)?.map(time),
        source: Source {
            line: row.get::<_, i64>(12)?.unsigned_abs(),
            file: row.get(13)?,
            sha256: row.get(14)?,
            importer: row.get(15)?,
            at: time(row.get(16)?),
        },
    })
}

/// Fills in the captures of a payment.
pub(super) fn with_captures(
    connection: &Connection,
    mut payment: Payment,
) -> Result<Payment, LedgerError> {
    let currency = payment.currency;
    payment.captures = connection
        .prepare_cached(
            "SELECT capture_id, captured_at, settled_at, captured_minor, executed_minor, held_minor, disputed_minor
             FROM captures WHERE payment_id = ?1 ORDER BY captured_at, seq",
        )?
        .query_map([payment.id.as_i64()], |row| capture(row, currency))?
        .collect::<Result<_, _>>()?;
    payment.unallocated = payment.unallocated.and_then(|mut rest| {
        for capture in &payment.captures {
            let figures = &capture.figures;
            rest.executed.minor = rest.executed.minor.saturating_sub(figures.executed.minor);
            rest.held.minor = rest.held.minor.saturating_sub(figures.held.minor);
            rest.disputed.minor = rest.disputed.minor.saturating_sub(figures.disputed.minor);
        }
        Some(rest).filter(|rest| rest.available().minor != 0)
    });
    Ok(payment)
}

fn capture(row: &Row<'_>, currency: Currency) -> rusqlite::Result<Capture> {
    let money = |column| row.get(column).map(|minor| Money::new(minor, currency));
    let capture_id: String = row.get(0)?;
    Ok(Capture {
        capture_id: Some(capture_id).filter(|id| !id.is_empty()),
        captured_at: time(row.get(1)?),
        settled_at: row.get::<_, Option<i64>>(2)?.map(time),
        figures: Figures {
            captured: money(3)?,
            executed: money(4)?,
            held: money(5)?,
            disputed: money(6)?,
        },
    })
}

/// What the balance needs to know of a refund: state, asked, reported and proven, from `column` on.
pub(super) fn refund_figures(
    row: &Row<'_>,
    column: usize,
    currency: Currency,
) -> Result<RefundFigures, LedgerError> {
    let money = |minor| Money::new(minor, currency);
    let state: String = row.get(column)?;
    Ok(RefundFigures {
        state: State::from_name(&state).ok_or(LedgerError::Damaged(state))?,
        requested: money(row.get(column + 1)?),
        reported: row.get::<_, Option<i64>>(column + 2)?.map(money),
        proven: row.get::<_, Option<i64>>(column + 3)?.map(money),
    })
}

pub(super) const REFUND_COLUMNS: &str =
    "r.id, r.account, r.payment_id, c.capture_id, r.kind, r.amount_minor, r.compensation_minor, r.currency,
     r.reason, r.note, r.case_ref, r.maker, r.hash, r.policy_version, r.caller_key, r.state, r.reported_minor,
     r.proven_minor, r.provider_refund_id, r.trace, r.said, r.send_after, r.needs_release, r.due_at, r.looks,
     (SELECT count(*) FROM attempts a WHERE a.refund_id = r.id AND a.step = 'refund'), r.created_at, r.updated_at,
     p.reference, y.name, p.last4, r.exchange, r.expires_at, r.supersedes,
     (SELECT checker FROM approvals a WHERE a.refund_id = r.id AND a.voided_at IS NULL),
     (SELECT checker FROM declines d WHERE d.refund_id = r.id),
     (SELECT hash FROM proposals s WHERE s.refund_id = r.id AND s.ended_at IS NULL),
     min(c.captured_minor - c.executed_minor - c.held_minor - c.disputed_minor, p.available_minor) + r.held_minor,
     p.disputed_minor, (SELECT coalesce(max(version), 0) FROM rules WHERE subject = 'policy'),
     r.cause, r.advice, r.settlement_told, l.step, l.number, l.by_whom, l.at, l.unknown, l.looks,
     r.authorised";

pub(super) const REFUND_TABLES: &str =
    "refunds r JOIN captures c ON c.seq = r.capture_seq JOIN payments p ON p.id = r.payment_id
     LEFT JOIN payers y ON y.payment_id = p.id
     LEFT JOIN later_steps l ON l.refund_id = r.id AND l.ended_at IS NULL";

/// A refund from [`REFUND_COLUMNS`].
pub(super) fn refund(row: &Row<'_>) -> rusqlite::Result<Refund> {
    let currency = currency(row, 7)?;
    let money = |minor| Money::new(minor, currency);
    let state: String = row.get(15)?;
    let hash: String = row.get(12)?;
    let basis = Basis {
        available: money(row.get(37)?),
        disputed: money(row.get(38)?),
        policy_version: row.get(39)?,
    };
    Ok(Refund {
        id: parsed(row, 0)?,
        account: row.get(1)?,
        content: content(row, currency)?,
        basis,
        approval_hash: match row.get(36)? {
            Some(stated) => stated,
            None => approval::hash(&hash, &basis),
        },
        hash,
        policy_version: row.get(13)?,
        caller_key: row.get(14)?,
        supersedes: supersedes(row)?,
        state: State::from_name(&state).ok_or_else(|| damaged(15, state))?,
        reported: row.get::<_, Option<i64>>(16)?.map(money),
        proven: row.get::<_, Option<i64>>(17)?.map(money),
        provider_refund_id: row.get(18)?,
        trace: row.get(19)?,
        said: row.get(20)?,
        unpaid: unpaid(row)?,
        settlement_told: row.get(42)?,
        authorised: row.get(49)?,
        later: later(row)?,
        send_after: row.get::<_, Option<i64>>(21)?.map(time),
        expires_at: time(row.get(32)?),
        needs_release: row.get(22)?,
        next_look_at: row.get::<_, Option<i64>>(23)?.map(time),
        looks: row.get(24)?,
        attempts: row.get(25)?,
        checker: row.get(34)?,
        declined_by: row.get(35)?,
        created_at: time(row.get(26)?),
        updated_at: time(row.get(27)?),
    })
}

fn unpaid(row: &Row<'_>) -> rusqlite::Result<Option<Unpaid>> {
    let Some(cause) = row.get::<_, Option<String>>(40)? else {
        return Ok(None);
    };
    let cause = Cause::from_name(&cause).ok_or_else(|| damaged(40, cause))?;
    let advice: Option<String> = row.get(41)?;
    Ok(Some(match advice {
        Some(advice) => Unpaid { cause, advice },
        None => Unpaid::of(cause),
    }))
}

fn later(row: &Row<'_>) -> rusqlite::Result<Option<Later>> {
    let Some(step) = row.get::<_, Option<String>>(43)? else {
        return Ok(None);
    };
    Ok(Some(Later {
        step: LaterStep::from_name(&step).ok_or_else(|| damaged(43, step))?,
        number: row.get(44)?,
        by: row.get(45)?,
        at: time(row.get(46)?),
        unknown: row.get(47)?,
        looks: row.get(48)?,
    }))
}

fn supersedes(row: &Row<'_>) -> rusqlite::Result<Option<RefundId>> {
    match row.get::<_, Option<String>>(33)? {
        Some(_) => parsed(row, 33).map(Some),
        None => Ok(None),
    }
}

fn content(row: &Row<'_>, currency: Currency) -> rusqlite::Result<Content> {
    let capture_id: String = row.get(3)?;
    let kind: String = row.get(4)?;
    Ok(Content {
        payment: PaymentId::from_i64(row.get(2)?),
        capture_id: Some(capture_id).filter(|id| !id.is_empty()),
        kind: Kind::from_name(&kind).ok_or_else(|| damaged(4, kind))?,
        amount: Money::new(row.get(5)?, currency),
        compensation: Money::new(row.get(6)?, currency),
        reason: row.get(8)?,
        note: row.get(9)?,
        case_ref: row.get(10)?,
        maker: row.get(11)?,
    })
}

fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T::Err: std::fmt::Display,
{
    let text: String = row.get(column)?;
    text.parse()
        .map_err(|error: T::Err| damaged(column, error.to_string()))
}
