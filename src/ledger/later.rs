//! Later steps of a refund that is on its way (T25): written ahead like every send, and ended by
//! evidence. Until then the refund keeps its state and its amount.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::error::LedgerError;
use super::evidence::{self, Change, Record, standing};
use super::journal::Sent;
use super::lease::LEASE;
use super::outbox::{Claim, claim};
use super::row::millis;
use super::seal::Sealed;
use super::write_ahead::{NewAttempt, holds_lease, insert_attempt, insert_send};
use super::{closed, journalled, refunds, stops, verify};
use crate::domain::evidence::Evidence;
use crate::domain::id::RefundId;
use crate::domain::refund::{Later, LaterStep, Refund};
use crate::domain::state::{Event, Move, Rule, SendGuard, State, transition};
use crate::failpoint;

/// The states in which a later step is taken.
const UNDER_WAY: [State; 3] = [State::Pending, State::ActionRequired, State::Succeeded];

/// What became of a later step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepEnd {
    /// The provider did it.
    Done,
    /// The provider refused it, provably without doing it.
    Refused,
    /// It never left, was turned away unprocessed, or is shown to have never arrived.
    Unsent,
    /// Not known.
    Unknown,
    /// An inquiry about it found nothing; not yet proof.
    NotFound,
}

impl Ledger {
    /// Takes the lease of a refund that is on its way, to send a later step of it.
    ///
    /// # Errors
    /// [`LedgerError::Leased`] when another desk has it, or it is not on its way;
    /// [`LedgerError::Untrusted`] when its payment's rows are damaged.
    pub async fn claim_step(
        &self,
        id: RefundId,
        holder: String,
        now: DateTime<Utc>,
    ) -> Result<Claim, LedgerError> {
        self.head.trust()?;
        self.write(move |connection| claim(connection, id, &UNDER_WAY, &holder, now))
            .await
    }

    /// Puts a later step and its attempt on disk and journals the send. Only when this returns may
    /// its bytes go out.
    ///
    /// # Errors
    /// The lease was lost, T25 refuses, an earlier step has not ended, its account is closed,
    /// sending is stopped, the payment's rows are damaged, the journal cannot be written: nothing
    /// was written. [`LedgerError::NotJournalled`]: it was written. In every case nothing may be
    /// sent.
    pub async fn begin_step(
        &self,
        attempt: NewAttempt,
        step: LaterStep,
        by: String,
    ) -> Result<(), LedgerError> {
        self.head.trust()?;
        self.journal_ready().await?;
        let sent = self
            .write(move |connection| begin_step(connection, &attempt, step, &by))
            .await?;
        self.journal_sent(sent).await
    }

    /// Gives the lease back without having sent a step.
    ///
    /// # Errors
    /// The database failed.
    pub async fn let_go_step(&self, id: RefundId, fence: i64) -> Result<(), LedgerError> {
        self.write(move |connection| {
            connection.execute(
                "UPDATE refunds SET lease_holder = NULL, lease_until = NULL WHERE id = ?1 AND fence = ?2",
                params![id.to_string(), fence],
            )?;
            Ok(())
        })
        .await
    }

    /// Writes down what became of the later step that is under way, and the move that follows.
    ///
    /// # Errors
    /// The refund has no later step under way; the lease was lost; the database failed. Nothing was
    /// written.
    pub async fn record_step(&self, record: Record, end: StepEnd) -> Result<Change, LedgerError> {
        let now = record.now;
        let (change, owes) = self
            .write(move |connection| {
                let change = record_step(connection, &record, end)?;
                Ok((change, journalled::owes(connection)?))
            })
            .await?;
        if owes {
            self.journal_disproved(now).await;
        }
        Ok(change)
    }
}

fn begin_step(
    connection: &Connection,
    new: &NewAttempt,
    step: LaterStep,
    by: &str,
) -> Result<Sent, LedgerError> {
    let refund = refunds::one(connection, new.id)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    closed::check(connection, &refund.account)?;
    verify::trust(connection, refund.content.payment)?;
    stops::check(connection, &refund.account)?;
    if refund.later.is_some() {
        return Err(LedgerError::Leased);
    }
    let guard = SendGuard {
        lease_held: holds_lease(connection, new)?,
        attempt_durable: new.attempt.has_bytes(),
        ..new.guard
    };
    transition(&standing(connection, &refund)?, &Event::SendStep(guard))?;
    insert_attempt(connection, new)?;
    let send = insert_send(connection, new)?;
    let subject = new.id.to_string();
    connection
        .prepare_cached(
            "INSERT INTO later_steps (refund_id, step, number, by_whom, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            subject,
            step.name(),
            new.attempt.number,
            by,
            millis(new.now)
        ])?;
    connection
        .prepare_cached("UPDATE refunds SET lease_until = ?2 WHERE id = ?1")?
        .execute(params![subject, millis(new.now + LEASE)])?;
    let detail = format!(
        "rule={:?} step={} attempt={} send={send} key={} sha256={}",
        Rule::T25,
        step.name(),
        new.attempt.number,
        new.attempt.idempotency_key,
        new.attempt.sha256
    );
    tell(connection, &subject, by, audit::STEP_SENT, &detail, new.now)?;
    failpoint::reach("begin_step.written");
    journalled::line(connection, new, send)
}

fn tell(
    connection: &Connection,
    subject: &str,
    actor: &str,
    action: &str,
    detail: &str,
    at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    audit::append(
        connection,
        &Deed {
            at,
            actor,
            action,
            subject,
            detail,
        },
    )
}

fn record_step(
    connection: &Connection,
    record: &Record,
    end: StepEnd,
) -> Result<Change, LedgerError> {
    let refund = refunds::one(connection, record.id)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    let later = refund
        .later
        .clone()
        .ok_or(LedgerError::NotFound("step that is under way"))?;
    let told = Record {
        event: event(&refund, &later, record, end),
        ..record.clone()
    };
    let change = evidence::apply(connection, &told)?;
    failpoint::reach("step.written");
    let subject = record.id.to_string();
    let name = later.step.name();
    let detail = format!("step={name} attempt={}", later.number);
    match end {
        // The move that followed ended it.
        StepEnd::Done => return Ok(change),
        StepEnd::Refused | StepEnd::Unsent => {
            disprove(connection, record.id, &later)?;
            let how = if end == StepEnd::Refused {
                "refused"
            } else {
                "unsent"
            };
            finish(connection, record, how)?;
            let action = format!("refund.step_{how}");
            tell(
                connection,
                &subject,
                &record.actor,
                &action,
                &detail,
                record.now,
            )?;
        }
        StepEnd::NotFound => count_look(connection, &subject)?,
        StepEnd::Unknown if later.unknown => {}
        StepEnd::Unknown => {
            let action = "refund.step_unknown";
            tell(
                connection,
                &subject,
                &record.actor,
                action,
                &detail,
                record.now,
            )?;
        }
    }
    // The card shows the step as it stands now.
    let summary = refunds::one(connection, record.id)?.ok_or(LedgerError::NotFound("refund"))?;
    Ok(Change { summary, ..change })
}

/// A stop that is proven is a move of its own (T18); a proven capture is the refund's success, as
/// its provider told it. What was not done, or is not known, says nothing about the refund itself.
fn event(refund: &Refund, later: &Later, record: &Record, end: StepEnd) -> Event {
    match (end, later.step) {
        (StepEnd::Done, LaterStep::Stop) => Event::StopConfirmed,
        (StepEnd::Done, LaterStep::Capture) => record.event,
        (StepEnd::Unknown | StepEnd::NotFound, _) if UNDER_WAY.contains(&refund.state) => {
            Event::StepDoubt
        }
        _ => Event::Evidence(Evidence::Doubt),
    }
}

/// The provider never carried the step out.
fn disprove(connection: &Connection, id: RefundId, later: &Later) -> Result<(), LedgerError> {
    connection
        .prepare_cached(&format!(
            "UPDATE sends SET not_executed = 1, seal = CASE WHEN seal = {}
                 THEN seal_of('sends', refund_id, step, number, send, at, 1) ELSE seal END
             WHERE refund_id = ?1 AND step = ?2 AND number = ?3",
            Sealed::Sends.sql()
        ))?
        .execute(params![id.to_string(), later.step.name(), later.number])?;
    Ok(())
}

fn count_look(connection: &Connection, subject: &str) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE later_steps SET looks = looks + 1 WHERE refund_id = ?1 AND ended_at IS NULL",
        )?
        .execute([subject])?;
    Ok(())
}

fn finish(connection: &Connection, record: &Record, how: &str) -> Result<(), LedgerError> {
    let said = record.observation.as_ref().map(|it| it.said.as_str());
    connection
        .prepare_cached(
            "UPDATE later_steps SET ended_as = ?2, ended_at = ?3, said = coalesce(?4, said), unknown = 0
             WHERE refund_id = ?1 AND ended_at IS NULL",
        )?
        .execute(params![record.id.to_string(), how, millis(record.now), said])?;
    Ok(())
}

/// What a move of the refund means for its later step, in the move's transaction.
pub(super) fn follow(
    connection: &Connection,
    record: &Record,
    before: &Refund,
    step: &Move,
) -> Result<(), LedgerError> {
    let Some(later) = &before.later else {
        return Ok(());
    };
    if step.step_unknown {
        connection
            .prepare_cached(
                "UPDATE later_steps SET unknown = 1 WHERE refund_id = ?1 AND ended_at IS NULL",
            )?
            .execute([record.id.to_string()])?;
        return Ok(());
    }
    let to = step.to.unwrap_or(before.state);
    match later.step {
        _ if step.rule == Rule::T18 => finish(connection, record, "done"),
        LaterStep::Capture if to == State::Succeeded => finish(connection, record, "done"),
        LaterStep::Stop if UNDER_WAY.contains(&to) => Ok(()),
        LaterStep::Capture if matches!(to, State::Pending | State::ActionRequired) => Ok(()),
        _ => finish(connection, record, "overtaken"),
    }
}

/// The provider's word that a refund was taken back, while it was asked to stop it, is the proof
/// that it did (T18).
pub(super) fn confirms_stop(before: &Refund) -> bool {
    let stopping = before
        .later
        .as_ref()
        .is_some_and(|later| later.step == LaterStep::Stop);
    stopping && UNDER_WAY.contains(&before.state)
}
