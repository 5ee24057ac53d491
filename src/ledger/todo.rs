//! What may wait for a person, with what the judgement of it needs.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::Ledger;
use super::error::LedgerError;
use super::proposals;
use super::refunds::{self, RefundSummary};
use super::row::{REFUND_COLUMNS, REFUND_TABLES, millis};
use super::transfers;
use crate::domain::id::RefundId;
use crate::domain::resolution::Proposal;
use crate::domain::transfer::Transfer;

/// A refund that may wait for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The refund.
    pub summary: RefundSummary,
    /// A statement about it that waits for a second person.
    pub proposal: Option<Proposal>,
    /// Its bank transfer, where it has one.
    pub transfer: Option<Transfer>,
    /// When its last attempt first and last went out.
    pub sent: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When inquiries about that attempt found nothing.
    pub found_nothing: Vec<DateTime<Utc>>,
    /// A later refund stands in its place.
    pub replaced: bool,
}

impl Ledger {
    /// Refunds that may wait for a person, oldest first. Pending ones only when made before
    /// `slow_since`, or when their account is none of `accounts` and cannot be asked.
    ///
    /// # Errors
    /// The database failed.
    pub async fn waiting(
        &self,
        slow_since: DateTime<Utc>,
        accounts: Vec<String>,
    ) -> Result<Vec<Waiting>, LedgerError> {
        self.read(move |connection| {
            candidates(connection, slow_since, &accounts)?
                .into_iter()
                .map(|summary| waiting_of(connection, summary))
                .collect()
        })
        .await
    }

    /// One refund, as [`Ledger::waiting`] gives it.
    ///
    /// # Errors
    /// The database failed; no such refund.
    pub async fn waiting_for(&self, id: RefundId) -> Result<Waiting, LedgerError> {
        self.read(move |connection| {
            let summary = refunds::one(connection, id)?.ok_or(LedgerError::NotFound("refund"))?;
            waiting_of(connection, summary)
        })
        .await
    }
}

fn candidates(
    connection: &Connection,
    slow_since: DateTime<Utc>,
    accounts: &[String],
) -> Result<Vec<RefundSummary>, LedgerError> {
    let accounts = serde_json::to_string(accounts).unwrap_or_else(|_| "[]".to_owned());
    let rows = connection
        .prepare_cached(&format!(
            "SELECT {REFUND_COLUMNS} FROM {REFUND_TABLES}
             WHERE r.state IN ('awaiting_approval', 'unknown', 'action_required')
                OR r.seq IN (SELECT u.seq FROM later_steps s JOIN refunds u ON u.id = s.refund_id
                             WHERE s.ended_at IS NULL)
                OR r.id IN (SELECT refund_id FROM transfer_statements WHERE ended_at IS NULL)
                OR r.state = 'approved' AND r.needs_release = 1
                OR r.state = 'pending' AND (r.created_at < ?1
                     OR r.account NOT IN (SELECT value FROM json_each(?2))
                     OR EXISTS (SELECT 1 FROM proposals s WHERE s.refund_id = r.id AND s.ended_at IS NULL))
                OR r.state IN ('failed', 'rejected', 'reversed')
                     AND NOT EXISTS (SELECT 1 FROM refunds n WHERE n.supersedes = r.id
                                       AND n.state NOT IN ('canceled', 'expired'))
             ORDER BY r.seq"
        ))?
        .query_map(params![millis(slow_since), accounts], refunds::summary)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

pub(super) fn waiting_of(
    connection: &Connection,
    summary: RefundSummary,
) -> Result<Waiting, LedgerError> {
    let id = summary.refund.id;
    let sent = proposals::sent(connection, id)?;
    let replaced: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM refunds WHERE supersedes = ?1
             AND state NOT IN ('canceled', 'expired'))",
        )?
        .query_row([id.to_string()], |row| row.get(0))?;
    Ok(Waiting {
        proposal: proposals::waiting(connection, id)?,
        transfer: transfers::newest(connection, id)?,
        found_nothing: match sent {
            Some(attempt) => proposals::found_nothing(connection, id, attempt.number)?,
            None => Vec::new(),
        },
        sent: sent.map(|attempt| (attempt.first, attempt.last)),
        replaced,
        summary,
    })
}
