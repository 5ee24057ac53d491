//! Later steps of a refund that is on its way (T25): written ahead like every send, and ended by
//! evidence. Until then the refund keeps its state and its amount.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::Ledger;
use super::audit::{self, tell};
use super::error::LedgerError;
use super::evidence::{self, Change, Record, standing};
use super::journal::Sent;
use super::lease::LEASE;
use super::outbox::{Claim, claim};
use super::row::{millis, time};
use super::write_ahead::{NewAttempt, holds_lease, insert_attempt, insert_send};
use super::{closed, journalled, refunds, stops, takeover, transfers, verify};
use crate::domain::evidence::Evidence;
use crate::domain::id::RefundId;
use crate::domain::refund::{Later, LaterStep, Refund};
use crate::domain::resolution::Absence;
use crate::domain::state::{AbsenceGuard, Event, Move, Rule, SendGuard, State, transition};
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

    /// When a later step last went out, and when inquiries about it found nothing.
    ///
    /// # Errors
    /// The database failed.
    pub async fn step_looks(
        &self,
        id: RefundId,
        later: Later,
    ) -> Result<(DateTime<Utc>, Vec<DateTime<Utc>>), LedgerError> {
        self.read(move |connection| {
            let sent = last_sent(connection, id, &later)?;
            Ok((sent, found_nothing(connection, id, &later)?))
        })
        .await
    }

    /// Writes down what became of the later step that is under way, and the move that follows.
    /// Inquiries that find nothing prove that it never arrived once enough of them were made later
    /// than `absence_after` after its last send; none: they prove nothing.
    ///
    /// # Errors
    /// The refund has no later step under way; the lease was lost; the database failed. Nothing was
    /// written.
    pub async fn record_step(
        &self,
        record: Record,
        end: StepEnd,
        absence_after: Option<TimeDelta>,
    ) -> Result<Change, LedgerError> {
        let now = record.now;
        let (change, owes) = self
            .write(move |connection| {
                let change = record_step(connection, record, end, absence_after)?;
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
    // It may have been seen to change since whoever asks looked at it.
    let captures_nothing = step == LaterStep::Capture && !refund.waits_for_capture();
    let again = is_again(&refund, step, new.attempt.number);
    if (refund.later.is_some() && !again) || captures_nothing {
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
    if !again {
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
    }
    // Whoever sends it may die before the answer: then it is asked about when the lease ends. About
    // a confirmation nobody can be asked: it goes again then.
    let asked_at = (step != LaterStep::Confirm).then_some(new.now + LEASE);
    connection
        .prepare_cached("UPDATE refunds SET lease_until = ?2, due_at = ?3 WHERE id = ?1")?
        .execute(params![
            subject,
            millis(new.now + LEASE),
            asked_at.map(millis)
        ])?;
    if step == LaterStep::Confirm {
        transfers::sending(connection, new.id, new.now)?;
    }
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

/// A confirmation whose answer was lost, or that never left, goes again: same key, same bytes.
fn is_again(refund: &Refund, step: LaterStep, number: u32) -> bool {
    refund.later.as_ref().is_some_and(|later| {
        step == LaterStep::Confirm && later.step == step && later.number == number
    })
}

fn record_step(
    connection: &Connection,
    mut record: Record,
    mut end: StepEnd,
    absence_after: Option<TimeDelta>,
) -> Result<Change, LedgerError> {
    let refund = refunds::one(connection, record.id)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    let later = refund
        .later
        .clone()
        .ok_or(LedgerError::NotFound("step that is under way"))?;
    if end == StepEnd::NotFound && is_absent(connection, &record, &later, absence_after)? {
        // Should it arrive after all, the refund's own state tells; until then its amount stays held.
        end = StepEnd::Unsent;
        record.note = Some("the provider keeps finding nothing of it".to_owned());
    }
    // T9 under T25: a refusal of this send says nothing of one before it that is still in doubt.
    if end == StepEnd::Refused && sends_in_doubt(connection, record.id, &later)? > 1 {
        end = StepEnd::Unknown;
    }
    let record = &record;
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
        StepEnd::Done if later.step != LaterStep::Confirm => return Ok(change),
        StepEnd::Done => {}
        // It is not known to the network: the same bytes go again.
        StepEnd::Unsent if later.step == LaterStep::Confirm => {
            transfers::never_left(connection, record.id, later.number)?;
            count_look(connection, &subject)?;
            let action = "refund.step_unsent";
            tell(
                connection,
                &subject,
                &record.actor,
                action,
                &detail,
                record.now,
            )?;
        }
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
        // A look that brought no more than the answer did.
        StepEnd::Unknown if later.unknown => count_look(connection, &subject)?,
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
    transfers::after_step(connection, record, &later, end)?;
    // The card shows the step as it stands now.
    let summary = refunds::one(connection, record.id)?.ok_or(LedgerError::NotFound("refund"))?;
    Ok(Change { summary, ..change })
}

/// A stop that is proven is a move of its own (T18); a proven capture is the refund's success, as
/// its provider told it. What was not done, or is not known, says nothing about the refund itself.
fn event(refund: &Refund, later: &Later, record: &Record, end: StepEnd) -> Event {
    match (end, later.step) {
        (StepEnd::Done, LaterStep::Stop) => Event::StopConfirmed,
        (StepEnd::Done, LaterStep::Capture | LaterStep::Confirm) => record.event,
        (StepEnd::Unknown | StepEnd::NotFound, _) if UNDER_WAY.contains(&refund.state) => {
            Event::StepDoubt
        }
        _ => Event::Evidence(Evidence::Doubt),
    }
}

/// Whether enough inquiries about a step found nothing, with the one that `record` is about.
fn is_absent(
    connection: &Connection,
    record: &Record,
    later: &Later,
    absence_after: Option<TimeDelta>,
) -> Result<bool, LedgerError> {
    let mut empty = found_nothing(connection, record.id, later)?;
    empty.extend(record.observation.as_ref().map(|it| it.at));
    let last = last_sent(connection, record.id, later)?;
    let Absence { counted, .. } = Absence::of(Some(last), absence_after, &empty);
    Ok(counted >= AbsenceGuard::INQUIRIES)
}

fn last_sent(
    connection: &Connection,
    id: RefundId,
    later: &Later,
) -> Result<DateTime<Utc>, LedgerError> {
    let at: Option<i64> = connection
        .prepare_cached(
            "SELECT max(at) FROM sends WHERE refund_id = ?1 AND step = ?2 AND number = ?3",
        )?
        .query_row(
            params![id.to_string(), later.step.name(), later.number],
            |row| row.get(0),
        )?;
    Ok(at.map_or(later.at, time))
}

/// When inquiries about a step found nothing. Those about an earlier attempt of it are older than
/// the last send of this one.
fn found_nothing(
    connection: &Connection,
    id: RefundId,
    later: &Later,
) -> Result<Vec<DateTime<Utc>>, LedgerError> {
    let times = connection
        .prepare_cached(
            "SELECT at FROM observations WHERE refund_id = ?1 AND source = 'inquiry' AND meaning = ?2
             ORDER BY at",
        )?
        .query_map(params![id.to_string(), later.step.found_nothing()], |row| {
            row.get(0).map(time)
        })?
        .collect::<Result<_, _>>()?;
    Ok(times)
}

/// How many sends of a step are not proven unexecuted.
fn sends_in_doubt(
    connection: &Connection,
    id: RefundId,
    later: &Later,
) -> Result<i64, LedgerError> {
    let sends = connection
        .prepare_cached(
            "SELECT count(*) FROM sends WHERE refund_id = ?1 AND step = ?2 AND number = ?3 AND not_executed = 0",
        )?
        .query_row(
            params![id.to_string(), later.step.name(), later.number],
            |row| row.get(0),
        )?;
    Ok(sends)
}

/// The provider never carried the step out.
fn disprove(connection: &Connection, id: RefundId, later: &Later) -> Result<(), LedgerError> {
    connection
        .prepare_cached(&takeover::disprove_sql(
            "refund_id = ?1 AND step = ?2 AND number = ?3",
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
        LaterStep::Capture | LaterStep::Confirm if to == State::Succeeded => {
            finish(connection, record, "done")
        }
        LaterStep::Stop if UNDER_WAY.contains(&to) => Ok(()),
        LaterStep::Capture | LaterStep::Confirm
            if matches!(to, State::Pending | State::ActionRequired) =>
        {
            Ok(())
        }
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
