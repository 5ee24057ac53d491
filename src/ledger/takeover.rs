//! One send of the journal becomes rows of the database.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::audit::{self, Deed};
use super::error::LedgerError;
use super::journal::{SendName, Sent};
use super::row::millis;
use super::seal::{self, Sealed};
use super::{payments, refunds};
use crate::domain::id::RefundId;
use crate::domain::money::Money;
use crate::domain::refund::{Content, Kind};

/// Who stands for the people that only the lost database knew.
const UNKNOWN_PERSON: &str = "restored";

/// What became of a send of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The database knows it.
    Known,
    /// Its refund was there.
    Placed,
    /// Its refund was made anew.
    NewRefund,
    /// The database cannot hold it.
    Unplaced(&'static str),
}

/// Runs `job` while refunds of the journal may take more than is available: they were sent, which
/// is evidence, and evidence is stored even where it takes what is available below zero.
pub(super) fn allow<T>(
    connection: &Connection,
    job: impl FnOnce() -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    connection.execute("INSERT INTO taking_over (one) VALUES (1)", [])?;
    let done = job()?;
    connection.execute("DELETE FROM taking_over", [])?;
    Ok(done)
}

/// Writes one send down, in the caller's transaction.
pub(super) fn place(
    connection: &Connection,
    sent: &Sent,
    disproved: bool,
    now: DateTime<Utc>,
) -> Result<Fate, LedgerError> {
    if is_known(connection, &sent.name)? {
        return Ok(Fate::Known);
    }
    let refund = refunds::one(connection, sent.name.refund)?;
    let fate = match &refund {
        Some(summary) if !disproved && !summary.refund.state.is_open() => {
            return Ok(Fate::Unplaced("the database has the refund as ended"));
        }
        Some(_) => Fate::Placed,
        None => match insert_refund(connection, sent, now)? {
            Some(why) => return Ok(Fate::Unplaced(why)),
            None => Fate::NewRefund,
        },
    };
    disprove_earlier(connection, &sent.name)?;
    insert_attempt(connection, sent)?;
    insert_send(connection, sent, disproved)?;
    let detail = format!(
        "attempt={} send={} at={} key={} sha256={}",
        sent.name.number,
        sent.name.send,
        sent.at.to_rfc3339(),
        sent.idempotency_key,
        sent.sha256
    );
    tell(connection, sent, audit::SEND_TAKEN_OVER, &detail, now)?;
    Ok(fate)
}

fn tell(
    connection: &Connection,
    sent: &Sent,
    action: &str,
    detail: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    audit::append(
        connection,
        &Deed {
            at: now,
            actor: "desk",
            action,
            subject: &sent.name.refund.to_string(),
            detail,
        },
    )
}

/// Makes the refund anew, from what the journal tells of it. Reason, note and maker were only in
/// the lost database.
fn insert_refund(
    connection: &Connection,
    sent: &Sent,
    now: DateTime<Utc>,
) -> Result<Option<&'static str>, LedgerError> {
    let Some(payment) = payments::one(connection, sent.payment)? else {
        return Ok(Some("the database lacks its payment"));
    };
    if payment.capture(sent.capture_id.as_deref()).is_none() || payment.currency != sent.currency {
        return Ok(Some("the database lacks its capture"));
    }
    let Some(kind) = Kind::from_name(&sent.kind) else {
        return Ok(Some("its kind is not known"));
    };
    let content = Content {
        payment: sent.payment,
        capture_id: sent.capture_id.clone(),
        kind,
        amount: Money::new(sent.amount, sent.currency),
        compensation: Money::new(sent.compensation, sent.currency),
        reason: "other".to_owned(),
        note: Some("taken over from the send journal; who made it and why was lost".to_owned()),
        case_ref: None,
        maker: UNKNOWN_PERSON.to_owned(),
    };
    connection
        .prepare_cached(
            "INSERT INTO refunds (id, payment_id, capture_seq, account, kind, amount_minor, compensation_minor, currency,
                 reason, note, maker, hash, policy_version, caller_key, state, expires_at, created_at, updated_at)
             SELECT ?1, ?2, seq, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0,
                 CASE WHEN EXISTS (SELECT 1 FROM refunds WHERE caller_key = ?13) THEN NULL ELSE ?13 END,
                 'reserved', ?14, ?14, ?15
             FROM captures WHERE payment_id = ?2
                 AND capture_id = coalesce(?3, (SELECT capture_id FROM captures WHERE payment_id = ?2))",
        )?
        .execute(params![
            sent.name.refund.to_string(),
            sent.payment.as_i64(),
            sent.capture_id,
            payment.account,
            content.kind.name(),
            sent.amount,
            sent.compensation,
            sent.currency.code(),
            content.reason,
            content.note,
            content.maker,
            content.hash(),
            sent.caller_key,
            millis(sent.at),
            millis(now),
        ])?;
    let id = sent.name.refund.to_string();
    seal::put(connection, Sealed::Refunds, ("id", &id))?;
    let detail = format!(
        "payment={} amount={} hash={}",
        content.payment,
        content.amount,
        content.hash()
    );
    tell(connection, sent, "refund.taken_over", &detail, now)?;
    Ok(None)
}

/// Its bytes are not in the journal: without them an attempt is asked about and never sent again.
fn insert_attempt(connection: &Connection, sent: &Sent) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO attempts (refund_id, step, number, idempotency_key, correlation, method, url, body, sha256, created_at)
             SELECT ?1, ?2, ?3, ?4, ?5, '', '', x'', ?6, ?7
             WHERE NOT EXISTS (SELECT 1 FROM attempts WHERE refund_id = ?1 AND step = ?2 AND number = ?3)",
        )?
        .execute(params![
            sent.name.refund.to_string(),
            sent.name.step,
            sent.name.number,
            sent.idempotency_key,
            sent.correlation,
            sent.sha256,
            millis(sent.at),
        ])?;
    Ok(())
}

fn insert_send(connection: &Connection, sent: &Sent, disproved: bool) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO sends (refund_id, step, number, send, at, not_executed, epoch, seal)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, seal_of('sends', ?1, ?2, ?3, ?4, ?5, ?6))",
        )?
        .execute(params![
            sent.name.refund.to_string(),
            sent.name.step,
            sent.name.number,
            sent.name.send,
            millis(sent.at),
            disproved,
            sent.epoch,
        ])?;
    Ok(())
}

/// Marks sends as proven unexecuted. A seal that was broken before stays so, to be found.
pub(super) fn disprove_sql(which: &str) -> String {
    format!(
        "UPDATE sends SET not_executed = 1, seal = CASE WHEN seal = {}
             THEN seal_of('sends', refund_id, step, number, send, at, 1) ELSE seal END
         WHERE {which}",
        Sealed::Sends.sql()
    )
}

/// A later attempt was made: every send before it had been proven unexecuted.
fn disprove_earlier(connection: &Connection, name: &SendName) -> Result<(), LedgerError> {
    connection
        .prepare_cached(&disprove_sql(
            "refund_id = ?1 AND step = ?2 AND number < ?3 AND not_executed = 0",
        ))?
        .execute(params![name.refund.to_string(), name.step, name.number])?;
    Ok(())
}

/// Marks a send that is proven unexecuted; one that is known as such stays so.
pub(super) fn mark_unexecuted(connection: &Connection, name: &SendName) -> Result<(), LedgerError> {
    connection
        .prepare_cached(&disprove_sql(
            "refund_id = ?1 AND step = ?2 AND number = ?3 AND send = ?4 AND not_executed = 0",
        ))?
        .execute(params![
            name.refund.to_string(),
            name.step,
            name.number,
            name.send
        ])?;
    Ok(())
}

/// Whether the database knows a send: as one of its own, or as one it could not place.
pub(super) fn is_known(connection: &Connection, name: &SendName) -> Result<bool, LedgerError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM sends WHERE refund_id = ?1 AND step = ?2 AND number = ?3 AND send = ?4)",
        )?
        .query_row(
            params![name.refund.to_string(), name.step, name.number, name.send],
            |row| row.get(0),
        )?)
}

/// Whether the database has a send that may have been executed as far as it knows.
pub(super) fn is_unresolved(connection: &Connection, name: &SendName) -> Result<bool, LedgerError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM sends WHERE refund_id = ?1 AND step = ?2 AND number = ?3 AND send = ?4
                            AND not_executed = 0)",
        )?
        .query_row(
            params![name.refund.to_string(), name.step, name.number, name.send],
            |row| row.get(0),
        )?)
}

/// Whether a send is the last one of its refund.
pub(super) fn is_newest(connection: &Connection, name: &SendName) -> Result<bool, LedgerError> {
    let newest: (u32, i64) = connection
        .prepare_cached(
            "SELECT number, send FROM sends WHERE refund_id = ?1 ORDER BY number DESC, send DESC LIMIT 1",
        )?
        .query_row([name.refund.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(newest == (name.number, name.send))
}

/// Whether any send of a refund may have been executed.
pub(super) fn has_unresolved(connection: &Connection, id: RefundId) -> Result<bool, LedgerError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM sends WHERE refund_id = ?1 AND not_executed = 0)",
        )?
        .query_row([id.to_string()], |row| row.get(0))?)
}

/// The token of the refund's last lease: who speaks under it speaks of the send under way.
pub(super) fn fence(connection: &Connection, id: RefundId) -> Result<i64, LedgerError> {
    Ok(connection
        .prepare_cached("SELECT fence FROM refunds WHERE id = ?1")?
        .query_row([id.to_string()], |row| row.get(0))?)
}

/// Keeps the line of a send that the database cannot hold.
pub(super) fn set_aside(
    connection: &Connection,
    sent: &Sent,
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let line =
        serde_json::to_string(sent).map_err(|error| LedgerError::Damaged(error.to_string()))?;
    connection
        .prepare_cached(
            "INSERT INTO unplaced_sends (refund_id, step, number, send, account, line, why, found_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            sent.name.refund.to_string(),
            sent.name.step,
            sent.name.number,
            sent.name.send,
            sent.account,
            line,
            why,
            millis(now),
        ])?;
    Ok(())
}

/// The sends that wait for their payment.
pub(super) fn waiting(connection: &Connection) -> Result<Vec<Sent>, LedgerError> {
    let lines: Vec<String> = connection
        .prepare_cached(
            "SELECT line FROM unplaced_sends WHERE placed_at IS NULL
             ORDER BY refund_id, step, number, send",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    lines
        .iter()
        .map(|line| {
            serde_json::from_str(line).map_err(|error| LedgerError::Damaged(error.to_string()))
        })
        .collect()
}

/// A send that waited has its place now.
pub(super) fn note_placed(
    connection: &Connection,
    name: &SendName,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE unplaced_sends SET placed_at = ?5
             WHERE refund_id = ?1 AND step = ?2 AND number = ?3 AND send = ?4",
        )?
        .execute(params![
            name.refund.to_string(),
            name.step,
            name.number,
            name.send,
            millis(now)
        ])?;
    Ok(())
}
