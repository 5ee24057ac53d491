//! Outcomes that people state (T14, T15): one person proposes with evidence, a second agrees.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Ledger;
use super::allowance;
use super::audit::{self, Deed};
use super::error::LedgerError;
use super::evidence::{Change, Record, apply, standing};
use super::refunds::{self, RefundSummary};
use super::resolution::{self, Closing};
use super::row::{millis, time};
use super::{takeover, transfers};

use crate::domain::id::RefundId;
use crate::domain::money::{Currency, Money};
use crate::domain::refund::{LaterStep, Refund};
use crate::domain::resolution::{
    Absence, End, Ended, NotSecond, Outcome, Proof, Proposal, delivered_by, hash,
};
use crate::domain::role::Right;
use crate::domain::state::{AbsenceGuard, Event, ResolveGuard, State, Verdict, transition};
use crate::failpoint;

/// One person's statement, to be stored.
#[derive(Clone, Debug)]
pub struct NewProposal {
    /// About this refund.
    pub id: RefundId,
    /// What became of it.
    pub outcome: Outcome,
    /// Why they say so.
    pub proof: Proof,
    /// Who.
    pub by: String,
    /// By what right they approve, where they are a checker by roles.
    pub right: Option<Right>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// A second person's word on a statement.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// By the second person; carries the facts only the desk knows in its event. The rest is
    /// established in the transaction.
    pub record: Record,
    /// The hash of the statement they saw.
    pub seen: String,
    /// By what right they approve, where they are a checker by roles.
    pub right: Option<Right>,
    /// What they add to the evidence.
    pub evidence: Option<String>,
    /// When they decided: for absence, the last inquiry is made after it.
    pub decided_at: DateTime<Utc>,
    /// How long after it was sent a request may still arrive.
    pub delivery_bound: TimeDelta,
}

impl Ledger {
    /// Stores a statement that waits for a second person.
    ///
    /// # Errors
    /// Another statement waits already, or the refund's outcome is not open.
    pub async fn propose(&self, new: NewProposal) -> Result<RefundSummary, LedgerError> {
        self.write(move |connection| propose(connection, &new))
            .await
    }

    /// Carries out a statement on a second person's word (T14, T15).
    ///
    /// # Errors
    /// No such statement, the same person, or the state machine refuses; nothing was written.
    pub async fn agree(&self, agreement: Agreement) -> Result<Change, LedgerError> {
        self.write(move |connection| agree(connection, &agreement))
            .await
    }

    /// Ends a statement without carrying it out; the refund stays as it is.
    ///
    /// # Errors
    /// No statement waits.
    pub async fn turn_down(
        &self,
        id: RefundId,
        by: String,
        note: String,
        now: DateTime<Utc>,
    ) -> Result<RefundSummary, LedgerError> {
        self.write(move |connection| {
            if end(connection, id, End::Declined, &by, Some(&note), now)? == 0 {
                return Err(LedgerError::NotFound(
                    "statement that waits for a second person",
                ));
            }
            told(
                connection,
                id,
                &by,
                "refund.proposal_declined",
                &format!("proposal=declined note={note}"),
                now,
            )
        })
        .await
    }
}

fn propose(connection: &Connection, new: &NewProposal) -> Result<RefundSummary, LedgerError> {
    let refund = refunds::one(connection, new.id)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    may_be(connection, new.id, new.outcome)?;
    let hash = hash(&refund.hash, new.outcome, &new.proof, &new.by);
    let (role, via_group) = allowance::columns(new.right.as_ref());
    connection
        .prepare_cached(
            "INSERT INTO proposals (refund_id, outcome, paid_minor, evidence_kind, evidence_reference,
                 evidence_date, evidence_sha256, hash, by_whom, at, role, via_group)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            new.id.to_string(),
            new.outcome.name(),
            new.outcome.paid().map(|paid| paid.minor),
            new.proof.kind,
            new.proof.reference,
            new.proof.dated.map(|day| day.to_string()),
            new.proof.file_sha256,
            hash,
            new.by,
            millis(new.now),
            role,
            via_group
        ])?;
    failpoint::reach("propose.inserted");
    // What people write stands behind the note: the facts of a record are the program's.
    let detail = format!(
        "outcome={} note={}; {}",
        new.outcome.name(),
        new.outcome,
        new.proof
    );
    told(
        connection,
        new.id,
        &new.by,
        "refund.proposed",
        &detail,
        new.now,
    )
}

/// While the bank may pay its transfer, nobody says that nothing was paid: that is said of the transfer.
fn may_be(connection: &Connection, id: RefundId, outcome: Outcome) -> Result<(), LedgerError> {
    let paid = matches!(outcome, Outcome::Succeeded { .. });
    match transfers::stands(connection, id)? {
        Some(true) if !paid => Err(LedgerError::NotAllowed(
            "the bank may have paid its transfer; first the bank, or two people, say what became of that".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn told(
    connection: &Connection,
    id: RefundId,
    actor: &str,
    action: &str,
    detail: &str,
    now: DateTime<Utc>,
) -> Result<RefundSummary, LedgerError> {
    let subject = id.to_string();
    let deed = Deed {
        at: now,
        actor,
        action,
        subject: &subject,
        detail,
    };
    audit::append(connection, &deed)?;
    refunds::one(connection, id)?.ok_or(LedgerError::NotFound("refund"))
}

fn agree(connection: &Connection, agreement: &Agreement) -> Result<Change, LedgerError> {
    let record = &agreement.record;
    let refund = refunds::one(connection, record.id)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    let proposal = waiting(connection, record.id)?
        .filter(|proposal| proposal.hash == agreement.seen)
        .ok_or(LedgerError::NotFound(
            "statement that waits for a second person",
        ))?;
    if proposal.hash
        != hash(
            &refund.hash,
            proposal.outcome,
            &proposal.proof,
            &proposal.by,
        )
    {
        return Err(LedgerError::Damaged(format!(
            "a statement about refund {}",
            refund.id
        )));
    }
    match proposal.judge_second(&record.actor, proposal.outcome) {
        Err(NotSecond::SamePerson) => return Err(LedgerError::SamePerson),
        Err(NotSecond::Differs) | Ok(()) => {}
    }
    let checks = agreement.right.is_some() || checker_stated(connection, refund.id)?;
    if !checks {
        return Err(LedgerError::NoChecker);
    }
    may_be(connection, refund.id, proposal.outcome)?;
    let event = event(connection, agreement, &refund, &proposal)?;
    // Judged before anything is marked; the move itself follows below.
    transition(&standing(connection, &refund)?, &event)?;
    finish(connection, agreement)?;
    failpoint::reach("agree.ended");
    if proposal.outcome == Outcome::Absent {
        // T14: what never arrived was not executed, so that a new attempt may be made.
        connection
            .prepare_cached(&takeover::disprove_sql("refund_id = ?1"))?
            .execute([record.id.to_string()])?;
    }
    let stated = format!(
        "{}, stated by {} and {}: {}",
        proposal.outcome, proposal.by, record.actor, proposal.proof
    );
    let record = Record {
        event,
        note: Some(stated.clone()),
        ..record.clone()
    };
    let change = apply(connection, &record)?;
    if proposal.outcome != Outcome::Absent {
        let answer = Closing {
            id: 0,
            note: stated,
            accept: false,
            actor: not_its_maker(&refund, &proposal, &record),
            now: record.now,
        };
        resolution::close_answered(connection, refund.id, &answer)?;
    }
    Ok(change)
}

/// Of the two, the second person, or the first where the second made the refund: in whose name a
/// doubt about it is closed.
fn not_its_maker(refund: &Refund, proposal: &Proposal, second: &Record) -> String {
    match second.actor == refund.content.maker {
        true => proposal.by.clone(),
        false => second.actor.clone(),
    }
}

/// The guards, with the facts as the transaction sees them.
fn event(
    connection: &Connection,
    agreement: &Agreement,
    refund: &Refund,
    proposal: &Proposal,
) -> Result<Event, LedgerError> {
    let second = &agreement.record.actor;
    match agreement.record.event {
        Event::ProvenAbsent(given) => Ok(Event::ProvenAbsent(AbsenceGuard {
            two_people: *second != proposal.by,
            ..absence(connection, agreement, given)?
        })),
        Event::Resolve(given) => Ok(Event::Resolve(ResolveGuard {
            verdict: match proposal.outcome.paid() {
                Some(paid) => Verdict::Succeeded { paid },
                None => Verdict::Failed,
            },
            agreed: proposal.outcome != Outcome::Absent,
            one_not_maker: [second, &proposal.by]
                .into_iter()
                .any(|person| *person != refund.content.maker),
            nothing_in_flight: nothing_in_flight(connection, agreement, refund)?,
            ..given
        })),
        other => Ok(other),
    }
}

/// Whether whoever stated the outcome that waits is a checker by the roles in force; without any,
/// everybody is.
fn checker_stated(connection: &Connection, id: RefundId) -> Result<bool, LedgerError> {
    let stated = connection
        .prepare_cached(
            "SELECT NOT EXISTS (SELECT 1 FROM grants_in_force) OR EXISTS (
                 SELECT 1 FROM proposals p JOIN grants_in_force g ON g.subject = p.role AND g.role = 'checker'
                 WHERE p.refund_id = ?1 AND p.ended_at IS NULL
                   AND (g.kind = 'group' AND g.who = p.via_group
                        OR g.kind = 'user' AND p.via_group IS NULL AND g.who = p.by_whom))",
        )?
        .query_row([id.to_string()], |row| row.get(0))?;
    Ok(stated)
}

/// T15: its provider answered its only send, or what was sent has arrived by now, or never will.
fn nothing_in_flight(
    connection: &Connection,
    agreement: &Agreement,
    refund: &Refund,
) -> Result<bool, LedgerError> {
    if refund.state != State::Unknown && standing(connection, refund)?.other_sends_resolved {
        return Ok(true);
    }
    let last: Option<i64> = connection
        .prepare_cached(
            "SELECT max(at) FROM sends WHERE refund_id = ?1 AND step <> ?2 AND not_executed = 0",
        )?
        .query_row(
            params![refund.id.to_string(), LaterStep::Stop.name()],
            |row| row.get(0),
        )?;
    Ok(last.is_none_or(|last| {
        agreement.record.now > delivered_by(time(last), agreement.delivery_bound)
    }))
}

fn absence(
    connection: &Connection,
    agreement: &Agreement,
    given: AbsenceGuard,
) -> Result<AbsenceGuard, LedgerError> {
    let id = agreement.record.id;
    let Some(LastAttempt { number, last, .. }) = sent(connection, id)? else {
        return Ok(AbsenceGuard {
            nothing_newer: false,
            ..given
        });
    };
    let looks = found_nothing(connection, id, number)?;
    let Absence { from, counted } = Absence::of(Some(last), Some(agreement.delivery_bound), &looks);
    let newest = newest_found_nothing(connection, id, number)?;
    let counts = |at| at >= agreement.decided_at && Some(at) > from;
    Ok(AbsenceGuard {
        negative_inquiries: counted,
        last_after_decision: newest.is_some_and(counts),
        nothing_newer: newest.is_some(),
        ..given
    })
}

/// The sends of a refund's last attempt.
#[derive(Clone, Copy)]
pub(super) struct LastAttempt {
    pub number: u32,
    pub first: DateTime<Utc>,
    pub last: DateTime<Utc>,
}

/// When the last attempt of a refund first and last went out.
pub(super) fn sent(
    connection: &Connection,
    id: RefundId,
) -> Result<Option<LastAttempt>, LedgerError> {
    let sent = connection
        .prepare_cached(
            "SELECT min(at), max(at), number FROM sends WHERE refund_id = ?1 AND step = 'refund'
             GROUP BY number ORDER BY number DESC LIMIT 1",
        )?
        .query_row([id.to_string()], |row| {
            Ok(LastAttempt {
                first: time(row.get(0)?),
                last: time(row.get(1)?),
                number: row.get(2)?,
            })
        })
        .optional()?;
    Ok(sent)
}

/// When inquiries about an attempt, begun after its last send, found nothing.
pub(super) fn found_nothing(
    connection: &Connection,
    id: RefundId,
    number: u32,
) -> Result<Vec<DateTime<Utc>>, LedgerError> {
    let times = connection
        .prepare_cached(
            "SELECT at FROM observations WHERE refund_id = ?1 AND attempt = ?2
               AND source = 'inquiry' AND meaning = 'not found'
               AND (exchange IS NULL OR exchange > (SELECT send_exchange FROM refunds WHERE id = ?1))
             ORDER BY seq",
        )?
        .query_map(params![id.to_string(), number], |row| Ok(time(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(times)
}

/// When the newest observation of a refund was made, if it is an inquiry about this attempt, begun
/// after its last send, that found nothing.
pub(super) fn newest_found_nothing(
    connection: &Connection,
    id: RefundId,
    number: u32,
) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let newest = connection
        .prepare_cached(
            "SELECT at, source = 'inquiry' AND meaning = 'not found' AND attempt = ?2
                 AND (exchange IS NULL OR exchange > (SELECT send_exchange FROM refunds WHERE id = ?1))
             FROM observations WHERE refund_id = ?1 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row(params![id.to_string(), number], |row| {
            Ok((time(row.get(0)?), row.get::<_, Option<bool>>(1)?))
        })
        .optional()?;
    Ok(newest.and_then(|(at, empty)| (empty == Some(true)).then_some(at)))
}

/// True when two people found the refund absent after its last send: the next takes a new key.
pub(super) fn proven_absent(connection: &Connection, id: RefundId) -> Result<bool, LedgerError> {
    let absent = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM proposals WHERE refund_id = ?1 AND outcome = 'absent'
                 AND ended_as = 'agreed'
                 AND ended_at > (SELECT coalesce(max(at), 0) FROM sends WHERE refund_id = ?1))",
        )?
        .query_row([id.to_string()], |row| row.get(0))?;
    Ok(absent)
}

fn finish(connection: &Connection, agreement: &Agreement) -> Result<(), LedgerError> {
    let record = &agreement.record;
    let (role, via_group) = allowance::columns(agreement.right.as_ref());
    connection
        .prepare_cached(
            "UPDATE proposals SET second = ?2, second_evidence = ?3, second_role = ?5, second_via_group = ?6,
                 ended_as = 'agreed', ended_by = ?2, ended_at = ?4
             WHERE refund_id = ?1 AND ended_at IS NULL",
        )?
        .execute(params![
            record.id.to_string(),
            record.actor,
            agreement.evidence,
            millis(record.now),
            role,
            via_group
        ])?;
    Ok(())
}

/// Ends the statement that waits, if one does; in the caller's transaction.
pub(super) fn end(
    connection: &Connection,
    id: RefundId,
    how: End,
    by: &str,
    note: Option<&str>,
    now: DateTime<Utc>,
) -> Result<usize, LedgerError> {
    let ended = connection
        .prepare_cached(
            "UPDATE proposals SET ended_as = ?2, ended_by = ?3, ended_at = ?4, ended_note = ?5
             WHERE refund_id = ?1 AND ended_at IS NULL",
        )?
        .execute(params![id.to_string(), how.name(), by, millis(now), note])?;
    Ok(ended)
}

const COLUMNS: &str = "s.outcome, s.paid_minor, r.currency, s.evidence_kind, s.evidence_reference,
    s.evidence_date, s.evidence_sha256, s.by_whom, s.at, s.hash, s.ended_as, s.ended_by, s.ended_at,
    coalesce(s.ended_note, s.second_evidence)";

/// The statements about a refund, oldest first.
pub(super) fn all(connection: &Connection, id: RefundId) -> Result<Vec<Proposal>, LedgerError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM proposals s JOIN refunds r ON r.id = s.refund_id
         WHERE s.refund_id = ?1 ORDER BY s.seq"
    ))?;
    let mut rows = statement.query([id.to_string()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(proposal(row)?);
    }
    Ok(found)
}

/// The statement about a refund that waits for a second person.
pub(super) fn waiting(
    connection: &Connection,
    id: RefundId,
) -> Result<Option<Proposal>, LedgerError> {
    let all = all(connection, id)?;
    Ok(all.into_iter().find(|proposal| proposal.ended.is_none()))
}

fn proposal(row: &Row<'_>) -> Result<Proposal, LedgerError> {
    let damaged = |what: &str| LedgerError::Damaged(format!("a statement's {what}"));
    let code: String = row.get(2)?;
    let currency = Currency::from_code(&code).map_err(|_| damaged("currency"))?;
    let paid: Option<i64> = row.get(1)?;
    let outcome: String = row.get(0)?;
    let outcome = match (outcome.as_str(), paid) {
        ("succeeded", Some(minor)) => Outcome::Succeeded {
            paid: Money::new(minor, currency),
        },
        ("failed", None) => Outcome::Failed,
        ("absent", None) => Outcome::Absent,
        _ => return Err(damaged("outcome")),
    };
    let dated: Option<String> = row.get(5)?;
    let dated = dated.map(|day| day.parse()).transpose();
    Ok(Proposal {
        outcome,
        proof: Proof {
            kind: row.get(3)?,
            reference: row.get(4)?,
            dated: dated.map_err(|_| damaged("date"))?,
            file_sha256: row.get(6)?,
        },
        by: row.get(7)?,
        at: time(row.get(8)?),
        hash: row.get(9)?,
        ended: ended(row)?,
    })
}

fn ended(row: &Row<'_>) -> Result<Option<Ended>, LedgerError> {
    let Some(how) = row.get::<_, Option<String>>(10)? else {
        return Ok(None);
    };
    Ok(Some(Ended {
        how: End::from_name(&how).ok_or(LedgerError::Damaged(how))?,
        by: row.get(11)?,
        at: time(row.get(12)?),
        note: row.get(13)?,
    }))
}
