//! A checker's yes or no (T3, T4), and when a yes loses its force (T7a, T24).

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::allowance;
use super::audit::{self, Deed};
use super::error::LedgerError;
use super::evidence::{Change, Record, apply, apply_told, standing};
use super::proposals;
use super::refunds;
use super::row::{millis, time};
use crate::domain::approval::{Approval, Decline};
use crate::domain::id::RefundId;
use crate::domain::resolution::Proposal;
use crate::domain::role::{Right, Through};
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

/// By what right a checker approves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The checker's own, or that of whoever handed it on; none: no roles are configured.
    pub right: Option<Right>,
    /// The delegation, where it was handed on.
    pub delegation: Option<i64>,
    /// The business day.
    pub day: NaiveDate,
}

impl Checked {
    /// Where everybody is a checker.
    pub const fn by_anybody(day: NaiveDate) -> Self {
        Self {
            right: None,
            delegation: None,
            day,
        }
    }
}

impl Ledger {
    /// Approves a refund (T3): `record` is by the checker, `seen` the hash they saw, `by` their
    /// right. The facts but for the role are established here, in the transaction; that the role is
    /// in force is for the database to refuse.
    ///
    /// # Errors
    /// The state machine refuses, or [`LedgerError::RulesChanged`]; nothing was written.
    pub async fn approve(
        &self,
        record: Record,
        seen: String,
        by: Checked,
    ) -> Result<Change, LedgerError> {
        self.write(move |connection| approve(connection, &record, &seen, &by))
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
        self.read(move |connection| all(connection, id)).await
    }
}

pub(super) fn all(connection: &Connection, id: RefundId) -> Result<Decisions, LedgerError> {
    Ok(Decisions {
        approvals: approvals(connection, id)?,
        decline: decline_of(connection, id)?,
        proposals: proposals::all(connection, id)?,
    })
}

fn approve(
    connection: &Connection,
    record: &Record,
    seen: &str,
    by: &Checked,
) -> Result<Change, LedgerError> {
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
    let (role, via_group) = allowance::columns(by.right.as_ref());
    // Refused in words here; the database would refuse it too.
    transition(&standing(connection, &refund)?, &event)?;
    connection
        .prepare_cached(
            "INSERT INTO approvals (refund_id, checker, hash, at, policy_version, role, role_version, via_group,
                 delegation, day)
             VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(version), 0) FROM rules WHERE subject = 'policy'), ?5,
                 (SELECT max(version) FROM rules WHERE subject = ?5), ?6, ?7, ?8)",
        )?
        .execute(params![
            record.id.to_string(),
            record.actor,
            seen,
            millis(record.now),
            role,
            via_group,
            by.delegation,
            by.day.to_string(),
        ])?;
    failpoint::reach("approve.inserted");
    let record = Record {
        event,
        ..record.clone()
    };
    apply_told(connection, &record, &format!(" seen={seen}{}", told(by)))
}

/// By what right, for the audit.
fn told(by: &Checked) -> String {
    let mut told = String::new();
    if let Some(right) = &by.right {
        told.push_str(&format!(" role={}", right.grant));
        if let Through::Group(group) = &right.through {
            told.push_str(&format!(" group={group}"));
        }
    }
    if let Some(delegation) = by.delegation {
        told.push_str(&format!(" delegation={delegation}"));
    }
    told
}

/// Why the approval in force no longer stands though nothing of the refund changed: the role it rests
/// on is gone. In the caller's transaction.
pub(super) fn lapsed(connection: &Connection, id: RefundId) -> Result<Option<String>, LedgerError> {
    let checker: Option<String> = connection
        .prepare_cached(
            "SELECT coalesce(d.checker, a.checker)
             FROM approvals a LEFT JOIN delegations d ON d.seq = a.delegation
             WHERE a.refund_id = ?1 AND a.voided_at IS NULL AND EXISTS (SELECT 1 FROM grants_in_force)
               AND NOT EXISTS (
                   SELECT 1 FROM grants_in_force g WHERE g.subject = a.role AND g.role = 'checker'
                     AND (g.kind = 'group' AND g.who = a.via_group
                          OR g.kind = 'user' AND a.via_group IS NULL AND g.who = coalesce(d.checker, a.checker)))",
        )?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    Ok(checker.map(|checker| {
        format!("{checker} is no longer a checker: whoever approved it had no right to, as things are now")
    }))
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
