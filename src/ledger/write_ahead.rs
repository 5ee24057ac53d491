//! The write-ahead of every send: the last look at the balance, the attempt with its bytes, and the
//! move to SUBMITTING are one transaction.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::error::LedgerError;
use super::evidence::standing;
use super::journal::Sent;
use super::lease::LEASE;
use super::row::millis;
use super::seal::{self, Sealed};
use super::{closed, discrepancy, journalled, proposals, refunds, stops, verify};
use crate::domain::discrepancy::Block;
use crate::domain::id::RefundId;
use crate::domain::refund::{Attempt, Refund};
use crate::domain::replay::Replay;
use crate::domain::resolution::End;
use crate::domain::state::{Event, ResendGuard, SendGuard, State, transition};
use crate::failpoint;

/// An attempt about to be sent, with the facts its guard asks for.
#[derive(Clone, Debug)]
pub struct NewAttempt {
    /// The refund.
    pub id: RefundId,
    /// The token of the lease.
    pub fence: i64,
    /// Who holds the lease.
    pub holder: String,
    /// The attempt; written if it is not there yet.
    pub attempt: Attempt,
    /// T7's facts but for the lease and the disk, which this call establishes.
    pub guard: SendGuard,
    /// Now.
    pub now: DateTime<Utc>,
}

/// What became of a write-ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "bytes may only go out when the attempt was written"]
pub enum Begun {
    /// The attempt is on disk: bytes may go out.
    Written,
    /// Nothing was written and nothing may be sent: a person must look again (T7a).
    Blocked(Block),
}

impl Ledger {
    /// Puts the attempt on disk, moves the refund to SUBMITTING if the balance still allows it
    /// (R6), and journals the send. Only when this says [`Begun::Written`] may bytes go out.
    ///
    /// # Errors
    /// The lease was lost, T7 refuses, its account is closed, sending is stopped, the payment's rows are damaged, the
    /// journal cannot be written: nothing was written. [`LedgerError::NotJournalled`]: the attempt
    /// was written. In every case nothing may be sent.
    pub async fn begin_send(&self, attempt: NewAttempt) -> Result<Begun, LedgerError> {
        self.begin(attempt, None).await
    }

    /// As [`Ledger::begin_send`], for an attempt whose outcome is not known (T13): same key, same
    /// bytes. That the newest inquiry found nothing (where the provider can be asked), within the
    /// window, is checked in the transaction.
    ///
    /// # Errors
    /// As [`Ledger::begin_send`], with T13 for T7.
    pub async fn begin_resend(
        &self,
        attempt: NewAttempt,
        replay: Replay,
    ) -> Result<Begun, LedgerError> {
        self.begin(attempt, Some(replay)).await
    }

    async fn begin(
        &self,
        attempt: NewAttempt,
        replay: Option<Replay>,
    ) -> Result<Begun, LedgerError> {
        self.head.trust()?;
        self.journal_ready().await?;
        let ahead = self
            .write(move |connection| begin_send(connection, &attempt, replay))
            .await?;
        match ahead {
            Ok(sent) => self.journal_sent(sent).await.map(|()| Begun::Written),
            Err(block) => Ok(Begun::Blocked(block)),
        }
    }
}

/// The line for the journal, or why nothing was written.
fn begin_send(
    connection: &Connection,
    new: &NewAttempt,
    replay: Option<Replay>,
) -> Result<Result<Sent, Block>, LedgerError> {
    let refund = refunds::one(connection, new.id)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    closed::check(connection, &refund.account)?;
    verify::trust(connection, refund.content.payment)?;
    stops::check(connection, &refund.account)?;
    let guard = SendGuard {
        lease_held: holds_lease(connection, new)?,
        // What was taken over from the send journal has no bytes and is never sent again.
        attempt_durable: new.attempt.has_bytes(),
        ..new.guard
    };
    let event = match replay {
        None => Event::Send(guard),
        Some(replay) => Event::Resend(resend(connection, new, replay, guard)?),
    };
    let step = transition(&standing(connection, &refund)?, &event)?;
    if let Some(block) = block(connection, &refund)? {
        return Ok(Err(block));
    }
    failpoint::reach("begin_send.checked");
    insert_attempt(connection, new)?;
    failpoint::reach("begin_send.attempt_written");
    let sends = insert_send(connection, new)?;
    let to = step.to.unwrap_or(State::Submitting);
    let subject = new.id.to_string();
    seal::keep(connection, Sealed::Refunds, ("id", &subject), || {
        let sql = "UPDATE refunds SET state = ?2, due_at = ?3, lease_until = ?3, updated_at = ?4,
                       send_exchange = exchange WHERE id = ?1";
        let lease = millis(new.now + LEASE);
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.execute(params![subject, to.name(), lease, millis(new.now)])?)
    })?;
    let detail = format!(
        "rule={:?} attempt={} send={sends} key={} sha256={}",
        step.rule, new.attempt.number, new.attempt.idempotency_key, new.attempt.sha256
    );
    audit::append(
        connection,
        &Deed {
            at: new.now,
            actor: "desk",
            action: "refund.submitting",
            subject: &subject,
            detail: &detail,
        },
    )?;
    // Two people agree on what is, not on what is being sent again.
    proposals::end(connection, new.id, End::Overtaken, "desk", None, new.now)?;
    failpoint::reach("begin_send.written");
    journalled::line(connection, new, sends).map(Ok)
}

/// Whether whoever is about to send still holds the refund's lease.
pub(super) fn holds_lease(connection: &Connection, new: &NewAttempt) -> Result<bool, LedgerError> {
    let held: Option<i64> = connection
        .prepare_cached(
            "SELECT fence FROM refunds WHERE id = ?1 AND fence = ?2 AND lease_holder = ?3 AND lease_until > ?4",
        )?
        .query_row(
            params![new.id.to_string(), new.fence, new.holder, millis(new.now)],
            |row| row.get(0),
        )
        .optional()?;
    Ok(held.is_some())
}

/// T13's facts, as the transaction sees them.
fn resend(
    connection: &Connection,
    new: &NewAttempt,
    replay: Replay,
    send: SendGuard,
) -> Result<ResendGuard, LedgerError> {
    let sent = proposals::sent(connection, new.id)?;
    let empty = proposals::newest_found_nothing(connection, new.id, new.attempt.number)?;
    let inside_window = sent.is_some_and(|sent| {
        sent.number == new.attempt.number && replay.is_open(sent.first, sent.last, empty, new.now)
    });
    Ok(ResendGuard {
        replay_safe: true,
        inside_window,
        send,
    })
}

/// The balance as this transaction sees it: a file or another desk may have changed it since the
/// sender looked.
fn block(connection: &Connection, refund: &Refund) -> Result<Option<Block>, LedgerError> {
    discrepancy::block(connection, refund.content.payment)
}

pub(super) fn insert_attempt(connection: &Connection, new: &NewAttempt) -> Result<(), LedgerError> {
    let attempt = &new.attempt;
    if !attempt.sends.is_empty() {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO attempts (refund_id, step, number, idempotency_key, correlation, method, url, body, sha256, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            new.id.to_string(),
            attempt.step,
            attempt.number,
            attempt.idempotency_key,
            attempt.correlation,
            attempt.method,
            attempt.url,
            attempt.body,
            attempt.sha256,
            millis(attempt.created_at),
        ])?;
    Ok(())
}

pub(super) fn insert_send(connection: &Connection, new: &NewAttempt) -> Result<i64, LedgerError> {
    let send = connection
        .prepare_cached(
            "INSERT INTO sends (refund_id, step, number, send, at, epoch, seal)
             SELECT ?1, ?2, ?3, next, ?4, (SELECT value FROM desk WHERE name = 'epoch'),
                 seal_of('sends', ?1, ?2, ?3, next, ?4, 0)
             FROM (SELECT 1 + count(*) AS next FROM sends WHERE refund_id = ?1 AND step = ?2 AND number = ?3)
             RETURNING send",
        )?
        .query_row(
            params![
                new.id.to_string(),
                new.attempt.step,
                new.attempt.number,
                millis(new.now)
            ],
            |row| row.get(0),
        )?;
    Ok(send)
}
