//! A checker's yes or no (T3, T4), and when a yes loses its force (T7a, T24).

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::error::LedgerError;
use super::evidence::{Change, Record, apply, apply_told, standing};
use super::proposals;
use super::refunds;
use super::row::{millis, time};
use crate::domain::approval::{Approval, Decline};
use crate::domain::id::RefundId;
use crate::domain::resolution::Proposal;
use crate::domain::state::{ApproveGuard, Event, transition};
use crate::failpoint;

/// What people decided about one refund, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// A checker's yes, also those that lost their force.
    pub approvals: Vec<Approval>,
    /// A checker's no.
    pub decline: Option<Decline>,
    /// Outcomes that people stated.
    pub proposals: Vec<Proposal>,
}

impl Ledger {
    /// Approves a refund (T3): `record` is by the checker, `seen` the hash they saw. The facts but
    /// for the role are established here, in the transaction.
    ///
    /// # Errors
    /// The state machine refuses; nothing was written.
    pub async fn approve(&self, record: Record, seen: String) -> Result<Change, LedgerError> {
        self.write(move |connection| approve(connection, &record, &seen))
            .await
    }

    /// Declines a refund that waits for a checker (T4): `record` is by the checker, with a note.
    ///
    /// # Errors
    /// The state machine refuses, or the database: the maker withdraws instead.
    pub async fn decline(&self, record: Record) -> Result<Change, LedgerError> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO declines (refund_id, checker, note, at) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    record.id.to_string(),
                    record.actor,
                    record.note.as_deref().unwrap_or_default(),
                    millis(record.now)
                ])?;
            let subject = record.id.to_string();
            let note = record.note.as_deref().unwrap_or_default();
            failpoint::reach("decline.inserted");
            audit::append(
                connection,
                &Deed {
                    at: record.now,
                    actor: &record.actor,
                    action: "refund.declined",
                    subject: &subject,
                    detail: &format!("rule=T4 note={note}"),
                },
            )?;
            apply(connection, &record)
        })
        .await
    }

    /// What people decided about a refund.
    ///
    /// # Errors
    /// The database failed.
    pub async fn decisions(&self, id: RefundId) -> Result<Decisions, LedgerError> {
        self.read(move |connection| {
            Ok(Decisions {
                approvals: approvals(connection, id)?,
                decline: decline_of(connection, id)?,
                proposals: proposals::all(connection, id)?,
            })
        })
        .await
    }
}

fn approve(connection: &Connection, record: &Record, seen: &str) -> Result<Change, LedgerError> {
    let refund = refunds::one(connection, record.id)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    let has_role = matches!(record.event, Event::Approve(guard) if guard.has_role);
    let event = Event::Approve(ApproveGuard {
        checker_is_not_maker: record.actor != refund.content.maker,
        has_role,
        hash_matches: seen == refund.approval_hash,
        in_time: record.now < refund.expires_at,
    });
    // Refused in words here; the database would refuse it too.
    transition(&standing(connection, &refund)?, &event)?;
    connection
        .prepare_cached(
            "INSERT INTO approvals (refund_id, checker, hash, at) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            record.id.to_string(),
            record.actor,
            seen,
            millis(record.now)
        ])?;
    failpoint::reach("approve.inserted");
    let record = Record {
        event,
        ..record.clone()
    };
    apply_told(connection, &record, &format!(" seen={seen}"))
}

/// Takes the force from the approval in force, if there is one; in the caller's transaction.
pub(super) fn void(
    connection: &Connection,
    id: RefundId,
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE approvals SET voided_at = ?2, void_reason = ?3
             WHERE refund_id = ?1 AND voided_at IS NULL",
        )?
        .execute(params![id.to_string(), millis(now), why])?;
    Ok(())
}

/// The hash of the approval in force, in the caller's transaction.
pub(super) fn in_force(
    connection: &Connection,
    id: RefundId,
) -> Result<Option<String>, LedgerError> {
    let hash = connection
        .prepare_cached("SELECT hash FROM approvals WHERE refund_id = ?1 AND voided_at IS NULL")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    Ok(hash)
}

/// A checker's yes, oldest first, in the caller's transaction.
pub(super) fn approvals(
    connection: &Connection,
    id: RefundId,
) -> Result<Vec<Approval>, LedgerError> {
    let approvals = connection
        .prepare_cached(
            "SELECT checker, hash, at, voided_at, void_reason FROM approvals
             WHERE refund_id = ?1 ORDER BY seq",
        )?
        .query_map([id.to_string()], |row| {
            let voided_at: Option<i64> = row.get(3)?;
            let why: Option<String> = row.get(4)?;
            Ok(Approval {
                checker: row.get(0)?,
                hash: row.get(1)?,
                at: time(row.get(2)?),
                voided: voided_at.map(time).zip(why),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(approvals)
}

/// A checker's no, in the caller's transaction.
pub(super) fn decline_of(
    connection: &Connection,
    id: RefundId,
) -> Result<Option<Decline>, LedgerError> {
    let decline = connection
        .prepare_cached("SELECT checker, note, at FROM declines WHERE refund_id = ?1")?
        .query_row([id.to_string()], |row| {
            Ok(Decline {
                checker: row.get(0)?,
                note: row.get(1)?,
                at: time(row.get(2)?),
            })
        })
        .optional()?;
    Ok(decline)
}
