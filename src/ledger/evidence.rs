//! Events and evidence: the one place where a refund that exists changes its state.
//!
//! The state that follows is `domain::state`'s word; this file only writes it down, together with
//! the observation, the discrepancy and the audit entry, in one transaction.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::decisions;
use super::discrepancy;
use super::error::LedgerError;
use super::external;
use super::proposals;
use super::refunds::{self, RefundSummary};
use super::row::millis;
use super::seal::{self, Sealed};
use super::{closed, inbound, journalled, later, takeover, transfers};
use crate::domain::cause::Unpaid;
use crate::domain::discrepancy::DiscrepancyKind;
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::id::RefundId;
use crate::domain::refund::{Kind, Observation, Refund};
use crate::domain::resolution::End;
use crate::domain::schedule::{Pace, wait_before_look};
use crate::domain::state::{self, Event, Move, Order, Rule, Standing, State, transition};
use crate::failpoint;

/// Something that happened to a refund, to be written down.
#[derive(Clone, Debug)]
pub struct Record {
    /// The refund.
    pub id: RefundId,
    /// What happened.
    pub event: Event,
    /// Who did it; `desk` for what the desk does by itself.
    pub actor: String,
    /// Why, where a person said so.
    pub note: Option<String>,
    /// What was seen, when it was evidence.
    pub observation: Option<Observation>,
    /// The provider's id of the refund, when it became known.
    pub provider_refund_id: Option<String>,
    /// What a bank asks for when tracing the refund, when it became known.
    pub trace: Option<String>,
    /// Why it was not paid, when the provider said so.
    pub unpaid: Option<Unpaid>,
    /// The lease this was done under; a lost lease writes nothing.
    pub fence: Option<i64>,
    /// The exchange with the provider that it was learned in: what is older than what is known
    /// overrides nothing (T22).
    pub exchange: Option<i64>,
    /// When to look next.
    pub cadence: Cadence,
    /// Now.
    pub now: DateTime<Utc>,
}

/// What the time of the next look depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// How fast the desk polls.
    pub pace: Pace,
    /// Jitter in 0..=999.
    pub spread: u16,
    /// How long a success is watched.
    pub watch: Duration,
    /// How long the provider asked us to wait.
    pub retry_after: Option<Duration>,
}

/// What followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The move that was made.
    pub step: Move,
    /// The refund afterwards.
    pub summary: RefundSummary,
}

impl Ledger {
    /// Writes an event down and makes the move that follows from it.
    ///
    /// # Errors
    /// The state machine refuses the event, the lease was lost, no such refund; nothing was
    /// written.
    pub async fn record(&self, record: Record) -> Result<Change, LedgerError> {
        let now = record.now;
        let (change, owes) = self
            .write(move |connection| {
                let change = apply(connection, &record)?;
                Ok((change, journalled::owes(connection)?))
            })
            .await?;
        if owes {
            self.journal_disproved(now).await;
        }
        Ok(change)
    }

    /// Lets a refund go that was composed offline.
    ///
    /// # Errors
    /// It does not wait for a release; the database failed.
    pub async fn release(
        &self,
        id: RefundId,
        actor: String,
        now: DateTime<Utc>,
    ) -> Result<RefundSummary, LedgerError> {
        self.write(move |connection| {
            let subject = id.to_string();
            let changed = seal::keep(connection, Sealed::Refunds, ("id", &subject), || {
                Ok(connection.execute(
                    "UPDATE refunds SET needs_release = 0, updated_at = ?2,
                         due_at = CASE state WHEN 'approved' THEN ?2 ELSE due_at END
                     WHERE id = ?1 AND needs_release = 1
                       AND state IN ('reserved', 'awaiting_approval', 'approved')",
                    params![subject, millis(now)],
                )?)
            })?;
            if changed == 0 {
                return Err(LedgerError::NotFound("refund that waits for a release"));
            }
            audit::append(
                connection,
                &Deed {
                    at: now,
                    actor: &actor,
                    action: "refund.released",
                    subject: &subject,
                    detail: "",
                },
            )?;
            failpoint::reach("release.written");
            refunds::one(connection, id)?.ok_or(LedgerError::NotFound("refund"))
        })
        .await
    }
}

/// Applies an event, in the caller's transaction.
pub(super) fn apply(connection: &Connection, record: &Record) -> Result<Change, LedgerError> {
    apply_told(connection, record, "")
}

/// As [`apply`], with one more fact for the audit; a person's words belong in the note.
pub(super) fn apply_told(
    connection: &Connection,
    record: &Record,
    also: &str,
) -> Result<Change, LedgerError> {
    let before = refunds::one(connection, record.id)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    failpoint::reach("record.begun");
    check_fence(connection, record)?;
    let stands = transfers::stands(connection, record.id)?;
    let event = told(record, &before, stands);
    let overtaken = overtaken(connection, record, &before)?;
    let step = match overtaken {
        Some(kept) => kept,
        None => transition(&standing(connection, &before)?, &event)?,
    };
    if let Some(observation) = &record.observation {
        observe(connection, record.id, observation, record.exchange)?;
    }
    failpoint::reach("record.observed");
    let counts = overtaken.is_none();
    if counts && proves_unexecuted(&event) && before.state == State::Submitting {
        mark_last_send_unexecuted(connection, record.id)?;
    }
    let id = record.id.to_string();
    seal::keep(connection, Sealed::Refunds, ("id", &id), || match counts {
        true => write(connection, record, &before, &step, stands.is_some()),
        false => learn_id(connection, record),
    })?;
    failpoint::reach("record.moved");
    if counts && stands.is_some() {
        transfers::follow(connection, record.id, step.to.unwrap_or(before.state))?;
    }
    if counts {
        later::follow(connection, record, &before, &step)?;
        inbound::look_again(connection, record.id, record.now)?;
    }
    closed::note_read(connection, record)?;
    if record.provider_refund_id.is_some() {
        external::link_known(connection, record)?;
    }
    if step.approval_void {
        let why = record
            .note
            .as_deref()
            .unwrap_or("it has to be looked at again");
        decisions::void(connection, record.id, why, record.now)?;
    }
    if step.to != Some(before.state) {
        proposals::end(
            connection,
            record.id,
            End::Overtaken,
            "desk",
            None,
            record.now,
        )?;
    }
    if step.discrepancy || step.alert {
        disagree(connection, record, &before, &step)?;
    }
    discrepancy::open_if_overdrawn(connection, before.content.payment, record.now)?;
    // What only confirms is in the observations; what changes the money is told, state or no state.
    let moves_money = step.reported.is_some_and(|it| before.reported != Some(it))
        || step.proven.is_some_and(|it| before.proven != Some(it));
    if step.to != Some(before.state) || record.observation.is_none() || moves_money {
        note(connection, record, before.state, &step, also)?;
    }
    failpoint::reach("record.written");
    let summary = refunds::one(connection, record.id)?.ok_or(LedgerError::NotFound("refund"))?;
    Ok(Change { step, summary })
}

/// Only who holds the fence speaks of the send under way; whatever else arrives is an older
/// send's answer or a slow look, and must not be taken for this send's fate.
/// Where a transfer `stands`, that it is accepted is old news; and while that may be paid, nobody
/// else's word makes the refund unpaid.
fn told(record: &Record, before: &Refund, stands: Option<bool>) -> Event {
    match record.event {
        Event::Evidence(Evidence::Report {
            status: Reported::Pending,
            amount,
        }) if stands.is_some() => Event::Evidence(Evidence::Report {
            status: Reported::ActionRequired,
            amount,
        }),
        Event::Evidence(Evidence::Report {
            status: Reported::Failed,
            amount,
        }) if stands == Some(true) => Event::Evidence(Evidence::Report {
            status: Reported::Unclear,
            amount,
        }),
        Event::Evidence(Evidence::Report {
            status: Reported::Reversed,
            ..
        }) if later::confirms_stop(before) => Event::StopConfirmed,
        Event::Evidence(evidence)
            if before.state == State::Submitting && record.fence.is_none() =>
        {
            Event::Evidence(evidence.beside_the_send())
        }
        event => event,
    }
}

/// T22: what a newer exchange has overtaken is kept, and moves nothing.
fn overtaken(
    connection: &Connection,
    record: &Record,
    before: &Refund,
) -> Result<Option<Move>, LedgerError> {
    let (Some(exchange), Event::Evidence(evidence)) = (record.exchange, &record.event) else {
        return Ok(None);
    };
    let order = connection
        .prepare_cached("SELECT report_exchange, send_exchange FROM refunds WHERE id = ?1")?
        .query_row([record.id.to_string()], |row| {
            Ok(Order {
                exchange,
                last_report: row.get(0)?,
                last_send: row.get(1)?,
            })
        })?;
    Ok(state::overtaken(before.state, *evidence, &order))
}

/// Old news moves nothing, but the provider's id of the refund does not age.
fn learn_id(connection: &Connection, record: &Record) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE refunds SET provider_refund_id = coalesce(provider_refund_id, ?2), trace = coalesce(trace, ?3)
             WHERE id = ?1",
        )?
        .execute(params![
            record.id.to_string(),
            record.provider_refund_id,
            record.trace
        ])?;
    Ok(())
}

fn check_fence(connection: &Connection, record: &Record) -> Result<(), LedgerError> {
    let Some(fence) = record.fence else {
        return Ok(());
    };
    let current: i64 = connection
        .prepare_cached("SELECT fence FROM refunds WHERE id = ?1")?
        .query_row([record.id.to_string()], |row| row.get(0))?;
    if current == fence {
        Ok(())
    } else {
        Err(LedgerError::Leased)
    }
}

/// What the state machine needs to know.
pub(super) fn standing(connection: &Connection, refund: &Refund) -> Result<Standing, LedgerError> {
    let unresolved: u32 = connection
        .prepare_cached(
            "SELECT count(*) FROM sends WHERE refund_id = ?1 AND step = 'refund' AND not_executed = 0",
        )?
        .query_row([refund.id.to_string()], |row| row.get(0))?;
    Ok(Standing::of(
        refund.state,
        refund.content.amount,
        unresolved,
    ))
}

const fn proves_unexecuted(event: &Event) -> bool {
    matches!(
        event,
        Event::Evidence(Evidence::NotSent | Evidence::TurnedAway | Evidence::Refused)
    )
}

fn mark_last_send_unexecuted(connection: &Connection, id: RefundId) -> Result<(), LedgerError> {
    connection
        .prepare_cached(&takeover::disprove_sql(
            "(refund_id, step, number, send) = (
                 SELECT refund_id, step, number, send FROM sends WHERE refund_id = ?1 AND step = 'refund'
                 ORDER BY number DESC, send DESC LIMIT 1)",
        ))?
        .execute([id.to_string()])?;
    Ok(())
}

/// Adds a piece of evidence, in the caller's transaction.
pub(super) fn observe(
    connection: &Connection,
    id: RefundId,
    observation: &Observation,
    exchange: Option<i64>,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO observations (refund_id, attempt, at, source, meaning, http_status, said, support_id, raw, exchange, seal)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, seal_of('observations', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9))",
        )?
        .execute(params![
            id.to_string(),
            observation.attempt,
            millis(observation.at),
            observation.source.name(),
            observation.meaning,
            observation.http_status,
            observation.said,
            observation.support_id,
            observation.raw,
            exchange,
        ])?;
    Ok(())
}

fn write(
    connection: &Connection,
    record: &Record,
    before: &Refund,
    step: &Move,
    has_transfer: bool,
) -> Result<(), LedgerError> {
    let to = step.to.unwrap_or(before.state);
    let again = to == before.state || step.rule == Rule::T8;
    let looks = if again {
        before.looks.saturating_add(1)
    } else {
        0
    };
    // What becomes of a transfer the bank says: there is nobody to ask.
    let due = next_due(record, before, step, looks).filter(|_| !has_transfer);
    // Two people just decided that it goes: it may wait as long as a new one.
    let renewed =
        (step.rule == Rule::T14).then(|| record.now + (before.expires_at - before.created_at));
    // Once released it may go at once.
    let send_after = due.filter(|_| !before.needs_release).unwrap_or(record.now);
    let said = said(record, before, step);
    let closed_unpaid = matches!(to, State::Failed | State::Rejected);
    let unpaid = record.unpaid.as_ref().filter(|_| closed_unpaid);
    let watch_until = (to == State::Succeeded && before.state != to)
        .then(|| after(record.now, record.cadence.pace.scale(record.cadence.watch)));
    connection
        .prepare_cached(
            "UPDATE refunds SET state = ?2, reported_minor = coalesce(?3, reported_minor),
                 proven_minor = coalesce(?4, proven_minor), provider_refund_id = coalesce(?5, provider_refund_id),
                 trace = coalesce(?6, trace), said = coalesce(?7, said), looks = ?8,
                 watch_until = coalesce(?9, watch_until),
                 due_at = CASE WHEN ?2 IN ('reserved', 'awaiting_approval') THEN expires_at
                               WHEN ?2 = 'succeeded' AND NOT ?17 AND ?10 > coalesce(?9, watch_until) THEN NULL ELSE ?10 END,
                 send_after = CASE WHEN ?2 = 'approved' THEN ?12 ELSE send_after END,
                 expires_at = max(expires_at, coalesce(?13, 0)),
                 lease_holder = NULL, lease_until = NULL, updated_at = ?11,
                 report_exchange = max(report_exchange, coalesce(?14, 0)),
                 cause = coalesce(?15, cause), advice = coalesce(?16, advice),
                 authorised = coalesce(?18, authorised)
             WHERE id = ?1",
        )?
        .execute(params![
            record.id.to_string(),
            to.name(),
            step.reported.map(|money| money.minor),
            step.proven.map(|money| money.minor),
            record.provider_refund_id,
            record.trace,
            said,
            looks,
            watch_until.map(millis),
            due.map(millis),
            millis(record.now),
            millis(send_after),
            renewed.map(millis),
            record.exchange.filter(|_| is_report(&record.event)),
            unpaid.map(|unpaid| unpaid.cause.name()),
            unpaid.map(|unpaid| unpaid.advice.as_str()),
            // The watch ends, what became of a step is still wanted.
            before.later.is_some() && to == before.state,
            authorised(record, step, to),
        ])?;
    Ok(())
}

/// Whether the refund now waits for its capture; none: that is as it was. Another amount than asked
/// is for people to find out about.
fn authorised(record: &Record, step: &Move, to: State) -> Option<bool> {
    match &record.event {
        _ if to != State::ActionRequired => Some(false),
        Event::Evidence(Evidence::Report { status, .. }) => {
            Some(*status == Reported::Authorised && !step.discrepancy)
        }
        _ => None,
    }
}

const fn is_report(event: &Event) -> bool {
    matches!(event, Event::Evidence(Evidence::Report { .. }))
}

/// The one line that tells why the refund stands where it stands.
fn said(record: &Record, before: &Refund, step: &Move) -> Option<String> {
    if let Some(reported) = step.reported {
        let asked = before.content.amount;
        return Some(format!(
            "the provider says {reported}, not {asked}; find out which was paid"
        ));
    }
    let observed = record
        .observation
        .as_ref()
        .map(|observation| observation.said.clone());
    let by_whom = |word: &str| Some(format!("{word} by {}", record.actor));
    match record.event {
        Event::Approve(_) => by_whom("approved"),
        Event::Decline => by_whom("declined")
            .zip(record.note.as_ref())
            .map(|(declined, note)| format!("{declined}: {note}")),
        Event::Withdraw => by_whom("withdrawn").map(|withdrawn| match &record.note {
            Some(note) => format!("{withdrawn}: {note}"),
            None => withdrawn,
        }),
        _ => observed.or_else(|| record.note.clone()),
    }
}

/// When the refund next needs the desk; what waits for a person needs it when it expires.
fn next_due(record: &Record, before: &Refund, step: &Move, looks: u32) -> Option<DateTime<Utc>> {
    let cadence = &record.cadence;
    let to = step.to.unwrap_or(before.state);
    // Paid by other means: there is nobody to ask.
    if before.content.kind == Kind::Outside && to != State::Approved {
        return None;
    }
    // A success is looked at once a day; what became of a step is wanted sooner, also when it is
    // the refund itself that was looked at.
    if step.step_unknown || (to == before.state && before.later.is_some()) {
        let looks = before.later.as_ref().map_or(0, |later| later.looks);
        let wait = wait_before_look(State::Unknown, looks, cadence.spread, cadence.pace);
        return Some(after(
            record.now,
            wait.max(cadence.retry_after.unwrap_or_default()),
        ));
    }
    let wait = match to {
        // Composed offline: goes nowhere before a person releases it.
        State::Approved if before.needs_release => return Some(before.expires_at),
        // People decided just now: nothing to wait for.
        State::Approved if matches!(step.rule, Rule::T3 | Rule::T14) => return Some(record.now),
        State::Approved
        | State::Pending
        | State::ActionRequired
        | State::Unknown
        | State::Succeeded => wait_before_look(to, looks, cadence.spread, cadence.pace),
        _ => return None,
    };
    let asked = cadence.retry_after.unwrap_or_default();
    Some(after(record.now, wait.max(asked)))
}

/// `wait` after `now`, or the end of time.
pub(super) fn after(now: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(wait)
        .ok()
        .and_then(|wait| now.checked_add_signed(wait))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn disagree(
    connection: &Connection,
    record: &Record,
    before: &Refund,
    step: &Move,
) -> Result<(), LedgerError> {
    let kind = match step.rule {
        Rule::T20 => DiscrepancyKind::CameBack,
        Rule::T23 => DiscrepancyKind::LatePayout,
        _ => DiscrepancyKind::Evidence,
    };
    let observed = record.observation.as_ref();
    let amount = before.content.amount;
    let detail = match kind {
        DiscrepancyKind::CameBack => {
            let said = observed.map_or("", |observation| observation.said.as_str());
            format!("{amount}; {said}")
        }
        _ => {
            let says = observed.map_or(String::new(), |observation| {
                format!("; it says {}", observation.meaning)
            });
            format!("{amount}, {}{says}", before.state.words())
        }
    };
    discrepancy::open(
        connection,
        before.content.payment,
        Some(&record.id.to_string()),
        kind,
        &detail,
        record.now,
    )
}

fn note(
    connection: &Connection,
    record: &Record,
    before: State,
    step: &Move,
    also: &str,
) -> Result<(), LedgerError> {
    // Where T22 moves (word of a payout while nothing is under way), the record tells where to.
    let action = match (step.rule, step.to) {
        (_, None) => "refund.observed".to_owned(),
        (Rule::T22, Some(to)) if to == before => "refund.observed".to_owned(),
        (_, Some(to)) => format!("refund.{}", to.name()),
    };
    let mut detail = format!("rule={:?}{also}", step.rule);
    if let Some(proven) = step.proven {
        detail.push_str(&format!(" paid={proven}"));
    }
    if let Some(reported) = step.reported {
        detail.push_str(&format!(" reported={reported}"));
    }
    if let Some(note) = &record.note {
        detail.push_str(&format!(" note={note}"));
    }
    let subject = record.id.to_string();
    audit::append(
        connection,
        &Deed {
            at: record.now,
            actor: &record.actor,
            action: &action,
            subject: &subject,
            detail: &detail,
        },
    )
}
