//! Telling the network that a transfer was paid (T25). There is nothing to ask it: an answer that was
//! lost is had by sending the same bytes again, under the same key.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::super::Ledger;
use super::super::error::LedgerError;
use super::super::evidence::{Record, after};
use super::super::later::StepEnd;
use super::super::lease::LEASE;
use super::super::row::millis;
use super::super::{closed, personal, takeover};
use super::following;
use super::tell;
use crate::domain::id::RefundId;
use crate::domain::refund::{Later, LaterStep};
use crate::domain::schedule::wait_before_look;
use crate::domain::state::State;

/// A refund whose network is to be told now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmationDue {
    /// The refund.
    pub id: RefundId,
    /// Its account.
    pub account: String,
    /// Since when it is paid.
    pub since: DateTime<Utc>,
}

impl Ledger {
    /// What is to be confirmed by now, longest due first; of one refund only if given.
    ///
    /// # Errors
    /// The database failed.
    pub async fn confirmations_due(
        &self,
        now: DateTime<Utc>,
        only: Option<RefundId>,
        limit: u32,
    ) -> Result<Vec<ConfirmationDue>, LedgerError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT t.refund_id, r.account, t.since FROM transfers t JOIN refunds r ON r.id = t.refund_id
                 WHERE t.confirm_at <= ?1 AND (?2 IS NULL OR t.refund_id = ?2)
                   AND r.account NOT IN (SELECT account FROM stopped_sending)
                   AND NOT EXISTS (SELECT 1 FROM stopped_sending WHERE account = '*')
                 ORDER BY t.confirm_at LIMIT ?3",
            )?;
            let only = only.map(|id| id.to_string());
            let mut rows = statement.query(params![millis(now), only, limit])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let id: String = row.get(0)?;
                let account: String = row.get(1)?;
                if closed::is_closed(connection, &account)? {
                    continue;
                }
                found.push(ConfirmationDue {
                    id: id.parse().map_err(|_| LedgerError::Damaged(id))?,
                    account,
                    since: super::time(row.get(2)?),
                });
            }
            Ok(found)
        })
        .await
    }

    /// Has a confirmation made at `at`, unless it is stuck; sooner or later than planned.
    ///
    /// # Errors
    /// The database failed.
    pub async fn plan_confirmation(
        &self,
        id: RefundId,
        at: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| {
            connection.execute(
                "UPDATE transfers SET confirm_at = ?2 WHERE refund_id = ?1 AND confirm_at IS NOT NULL",
                params![id.to_string(), millis(at)],
            )?;
            Ok(())
        })
        .await
    }

    /// The bank's reference of a refund's paid transfer, and the rail that its account names.
    ///
    /// # Errors
    /// The database failed.
    pub async fn paid_transfer(
        &self,
        id: RefundId,
    ) -> Result<Option<(String, Option<String>)>, LedgerError> {
        self.read(move |connection| {
            let found: Option<(Option<String>, i64)> = super::optional(
                connection
                    .prepare_cached(
                        "SELECT CASE WHEN length(reference) BETWEEN 1 AND 42 THEN reference ELSE end_to_end END, account_ref
                         FROM transfers WHERE refund_id = ?1 AND state = 'paid'",
                    )?
                    .query_row([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?))),
            )?;
            let Some((Some(reference), account)) = found else {
                return Ok(None);
            };
            let kept = personal::kept(connection, account)?.and_then(|it| it.account);
            Ok(Some((reference, kept.and_then(|it| it.clearing_system))))
        })
        .await
    }

    /// A confirmation does not go again by itself: a person must look.
    ///
    /// # Errors
    /// The database failed.
    pub async fn stop_confirming(
        &self,
        id: RefundId,
        why: String,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| stuck(connection, id, &why, now))
            .await
    }

    /// A person has it confirmed after all, under a new key.
    ///
    /// # Errors
    /// It is not stuck, or it is not known whether the network heard it.
    pub async fn confirm_anew(
        &self,
        id: RefundId,
        by: String,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| {
            let planned = connection.execute(
                "UPDATE transfers SET confirm_at = ?2, confirm_stuck = NULL
                 WHERE refund_id = ?1 AND confirm_stuck IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM later_steps WHERE refund_id = ?1 AND ended_at IS NULL)",
                params![id.to_string(), millis(now)],
            )?;
            if planned == 0 {
                return Err(LedgerError::NotFound("refused confirmation"));
            }
            tell(connection, &id.to_string(), &by, "transfer.confirm_anew", "", now)
        })
        .await
    }
}

/// Whether a refund has a transfer that stands: then there is nobody to ask about it, and what is
/// accepted is known to be more than that.
pub(in super::super) fn stands(
    connection: &Connection,
    id: RefundId,
) -> Result<Option<bool>, LedgerError> {
    super::optional(
        connection
            .prepare_cached(
                "SELECT state IN ('in_file', 'paid') FROM transfers WHERE refund_id = ?1 AND state <> 'rejected'",
            )?
            .query_row([id.to_string()], |row| row.get(0)),
    )
}

/// What a move of the refund means for its confirmation: one that has ended is not confirmed any more.
pub(in super::super) fn follow(
    connection: &Connection,
    id: RefundId,
    to: State,
) -> Result<(), LedgerError> {
    if to.is_open() {
        return Ok(());
    }
    connection
        .prepare_cached(
            "UPDATE transfers SET confirm_at = NULL, confirm_stuck = NULL
             WHERE refund_id = ?1 AND (confirm_at IS NOT NULL OR confirm_stuck IS NOT NULL)",
        )?
        .execute([id.to_string()])?;
    Ok(())
}

/// What the end of a step means for the confirmation, in the step's transaction. Said of any other
/// step it does nothing.
pub(in super::super) fn after_step(
    connection: &Connection,
    record: &Record,
    later: &Later,
    end: StepEnd,
) -> Result<(), LedgerError> {
    if later.step != LaterStep::Confirm {
        return Ok(());
    }
    match end {
        StepEnd::Done => {
            plan(connection, record.id, None)?;
            if following::is_on_statement(connection, record.id)? {
                following::settle(connection, record)?;
            }
            Ok(())
        }
        StepEnd::Refused => {
            let said = record.observation.as_ref().map(|it| it.said.as_str());
            let why = format!(
                "the network refused it: {}",
                said.unwrap_or("no reason given")
            );
            stuck(connection, record.id, &why, record.now)
        }
        StepEnd::Unsent | StepEnd::Unknown | StepEnd::NotFound => {
            let cadence = &record.cadence;
            let wait = wait_before_look(State::Unknown, later.looks, cadence.spread, cadence.pace);
            let at = after(
                record.now,
                wait.max(cadence.retry_after.unwrap_or_default()),
            );
            plan(connection, record.id, Some(at))
        }
    }
}

/// Whoever sends it may die before the answer: then it goes again when the lease ends.
pub(in super::super) fn sending(
    connection: &Connection,
    id: RefundId,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    plan(connection, id, Some(now + LEASE))
}

fn plan(
    connection: &Connection,
    id: RefundId,
    at: Option<DateTime<Utc>>,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE transfers SET confirm_at = ?2, confirm_stuck = NULL WHERE refund_id = ?1 AND state = 'paid'",
        )?
        .execute(params![id.to_string(), at.map(millis)])?;
    Ok(())
}

fn stuck(
    connection: &Connection,
    id: RefundId,
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let changed = connection
        .prepare_cached(
            "UPDATE transfers SET confirm_at = NULL, confirm_stuck = ?2
             WHERE refund_id = ?1 AND state = 'paid' AND confirm_stuck IS NOT ?2",
        )?
        .execute(params![id.to_string(), why])?;
    match changed {
        0 => Ok(()),
        _ => tell(
            connection,
            &id.to_string(),
            "desk",
            "transfer.not_confirmed",
            &format!("note={why}"),
            now,
        ),
    }
}

/// It never left: the same bytes may go again as if for the first time.
pub(in super::super) fn never_left(
    connection: &Connection,
    id: RefundId,
    number: u32,
) -> Result<(), LedgerError> {
    // Only the last of them is spoken of.
    connection
        .prepare_cached(&takeover::disprove_sql(
            "refund_id = ?1 AND step = 'confirm' AND number = ?2 AND not_executed = 0
               AND send = (SELECT max(send) FROM sends WHERE refund_id = ?1 AND step = 'confirm' AND number = ?2)",
        ))?
        .execute(params![id.to_string(), number])?;
    Ok(())
}
