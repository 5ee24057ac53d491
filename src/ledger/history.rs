//! Any payment as of a time: recomputed from the audit up to then, and from what never changes
//! once it is written. No balance and no state is read.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::Ledger;
use super::error::LedgerError;
use super::resolution::{self, DiscrepancyFilter};
use super::row::time;
use super::{audit, decisions, disputes, external, payments, refunds};
use crate::domain::audit::AuditEntry;
use crate::domain::balance::{self, Figures, RefundFigures};
use crate::domain::compensation::Compensations;
use crate::domain::discrepancy::Discrepancy;
use crate::domain::dispute::{Dispute, DisputeFigures, DisputeWeight};
use crate::domain::external::{ExternalFigures, ExternalRefund, ExternalState};
use crate::domain::finding::{Finding, Flaw};
use crate::domain::history::{ExternalThen, History};
use crate::domain::id::PaymentId;
use crate::domain::listing::RefundFilter;
use crate::domain::money::{Money, MoneyError};
use crate::domain::payment::{Capture, Payment};
use crate::domain::refund::Refund;

/// A payment and all that weighed on it, as they stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentThen {
    /// The payment. What describes it (payer, reference, settlement dates) is as it is known now.
    pub payment: Payment,
    /// Its refunds, oldest first. Ids at the provider and for tracing are as they are known now.
    pub refunds: Vec<Refund>,
    /// Refunds made elsewhere.
    pub external: Vec<ExternalRefund>,
    /// Disputes.
    pub disputes: Vec<Dispute>,
    /// Discrepancies that were open.
    pub discrepancies: Vec<Discrepancy>,
}

impl Ledger {
    /// A payment as this desk had it at a time. `None`: it was not known then.
    ///
    /// # Errors
    /// [`LedgerError::Untrusted`] when an entry that would be believed is not as it was written;
    /// the database failed.
    pub async fn payment_as_of(
        &self,
        id: PaymentId,
        at: DateTime<Utc>,
    ) -> Result<Option<PaymentThen>, LedgerError> {
        self.read(move |connection| as_of(connection, id, at)).await
    }
}

fn as_of(
    connection: &Connection,
    id: PaymentId,
    at: DateTime<Utc>,
) -> Result<Option<PaymentThen>, LedgerError> {
    let payment = payments::one(connection, id)?.ok_or(LedgerError::NotFound("payment"))?;
    if payment.source.at > at {
        return Ok(None);
    }
    let mut refunds = refunds_of(connection, id)?;
    let entries = entries(connection, &payment, &refunds)?;
    // By place and not by time alone: what the chain has before an entry was there before it,
    // whatever the clock said.
    let end = entries.iter().rposition(|entry| entry.at <= at);
    let (before, after) = entries.split_at(end.map_or(0, |end| end + 1));
    let then = History::of(before);
    let later = History::of(after);

    refunds.retain_mut(|refund| stood(refund, &then, at));
    for refund in &mut refunds {
        refund.attempts = attempts_until(connection, refund, at)?;
        decided_until(connection, refund, at)?;
    }
    let mut book = Book {
        captures: captures(connection, &payment, &then, &later)?,
        external: externals(connection, id, (&then, &later), at)?,
        disputes: disputes_then(connection, id, &then)?,
        refunds,
    };
    let payment = book.weigh(payment)?;
    let discrepancies = open_then(connection, id, at)?;
    Ok(Some(PaymentThen {
        payment: Payment {
            blocked: discrepancies.iter().any(|it| it.kind.blocks()),
            verified_at: payment.verified_at.filter(|until| *until <= at),
            ..payment
        },
        refunds: book.refunds,
        external: book.external.into_iter().map(|(_, it)| it).collect(),
        disputes: book.disputes.into_iter().map(|(_, it)| it).collect(),
        discrepancies,
    }))
}

fn refunds_of(connection: &Connection, payment: PaymentId) -> Result<Vec<Refund>, LedgerError> {
    let filter = RefundFilter {
        payment: Some(payment),
        ..RefundFilter::default()
    };
    let newest_first = refunds::list(connection, &filter)?;
    Ok(newest_first.into_iter().rev().map(|it| it.refund).collect())
}

/// The entries about a payment and its refunds, in the order of the chain; each is as it was
/// written.
fn entries(
    connection: &Connection,
    payment: &Payment,
    refunds: &[Refund],
) -> Result<Vec<AuditEntry>, LedgerError> {
    let mut entries = audit::about(connection, &payment.id.to_string())?;
    for refund in refunds {
        entries.extend(audit::about(connection, &refund.id.to_string())?);
    }
    entries.sort_by_key(|entry| entry.seq);
    match entries.iter().find(|it| it.hash != it.expected_hash()) {
        None => Ok(entries),
        Some(entry) => Err(LedgerError::Untrusted(Box::new(Finding::of_payment(
            Flaw::Audit,
            payment.id,
            format!("record {} of the audit is not as it was written", entry.seq),
        )))),
    }
}

/// Puts a refund back to how it stood; false when it was not there yet. What only mattered at the
/// moment (when it is looked at next, what was said last) is left out.
fn stood(refund: &mut Refund, then: &History, at: DateTime<Utc>) -> bool {
    let Some(told) = then.refunds.get(&refund.id.to_string()) else {
        return false;
    };
    refund.state = told.state;
    refund.reported = told.reported;
    refund.proven = told.proven;
    refund.updated_at = told.since;
    refund.said = None;
    refund.needs_release = false;
    refund.next_look_at = None;
    refund.send_after = refund.send_after.filter(|after| *after > at);
    refund.looks = 0;
    true
}

fn decided_until(
    connection: &Connection,
    refund: &mut Refund,
    at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let in_force = decisions::approvals(connection, refund.id)?
        .into_iter()
        .find(|it| it.at <= at && it.voided.as_ref().is_none_or(|(voided, _)| *voided > at));
    refund.checker = in_force.map(|it| it.checker);
    let decline = decisions::decline_of(connection, refund.id)?.filter(|it| it.at <= at);
    refund.declined_by = decline.map(|it| it.checker);
    Ok(())
}

fn attempts_until(
    connection: &Connection,
    refund: &Refund,
    at: DateTime<Utc>,
) -> Result<u32, LedgerError> {
    let attempts = refunds::attempts(connection, refund.id)?;
    let made = attempts.iter().filter(|it| it.created_at <= at).count();
    Ok(u32::try_from(made).unwrap_or(u32::MAX))
}

/// The captures that were known, by our number; their figures are still to be weighed.
fn captures(
    connection: &Connection,
    payment: &Payment,
    then: &History,
    later: &History,
) -> Result<Vec<(i64, Capture)>, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, capture_id, captured_at, settled_at, captured_minor
         FROM captures WHERE payment_id = ?1 ORDER BY captured_at, seq",
    )?;
    let mut rows = statement.query([payment.id.as_i64()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        // What no entry tells of came with the payment itself.
        let came_later = later.captures.contains_key(&seq) && !then.captures.contains_key(&seq);
        if came_later {
            continue;
        }
        let captured = Money::new(row.get(4)?, payment.currency);
        let capture = Capture {
            capture_id: row.get::<_, Option<String>>(1)?.filter(|id| !id.is_empty()),
            captured_at: time(row.get(2)?),
            settled_at: row.get::<_, Option<i64>>(3)?.map(time),
            figures: Figures::captured(captured),
        };
        found.push((seq, capture));
    }
    Ok(found)
}

/// Refunds made elsewhere that were known, each with the capture it names.
fn externals(
    connection: &Connection,
    payment: PaymentId,
    (then, later): (&History, &History),
    at: DateTime<Utc>,
) -> Result<Vec<(Option<i64>, ExternalRefund)>, LedgerError> {
    let places = places(connection, "external_refunds", payment)?;
    let mut found = Vec::new();
    for mut refund in external::of_payment(connection, payment)? {
        let told = match then.external.get(&refund.id) {
            Some(told) => *told,
            // No entry tells when it was found: it came with the payment's own file.
            None if later.found.contains(&refund.id) || refund.first_seen > at => continue,
            None => ExternalThen {
                amount: refund.amount,
                compensation: None,
                state: ExternalState::Done,
                linked: None,
            },
        };
        let none = Money::zero(refund.amount.currency);
        refund.amount = told.amount;
        refund.compensation = told.compensation.unwrap_or(none);
        refund.state = told.state;
        refund.linked = told.linked;
        refund.last_seen = refund.last_seen.min(at);
        found.push((places.get(&refund.id).copied().flatten(), refund));
    }
    Ok(found)
}

/// The capture each row of a payment names.
fn places(
    connection: &Connection,
    table: &str,
    payment: PaymentId,
) -> Result<HashMap<i64, Option<i64>>, LedgerError> {
    let places = connection
        .prepare_cached(&format!(
            "SELECT seq, capture_seq FROM {table} WHERE payment_id = ?1"
        ))?
        .query_map([payment.as_i64()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(places)
}

fn disputes_then(
    connection: &Connection,
    payment: PaymentId,
    then: &History,
) -> Result<Vec<(Option<i64>, Dispute)>, LedgerError> {
    let places = places(connection, "disputes", payment)?;
    let mut found = Vec::new();
    for mut dispute in disputes::of_payment(connection, payment)? {
        let Some(told) = then.disputes.get(&dispute.id) else {
            continue;
        };
        dispute.amount = told.amount;
        dispute.stage = told.stage;
        dispute.deadline = told.deadline;
        dispute.updated_at = told.since;
        dispute
            .refunds
            .retain(|id| then.refunds.contains_key(&id.to_string()));
        found.push((places.get(&dispute.id).copied().flatten(), dispute));
    }
    Ok(found)
}

fn open_then(
    connection: &Connection,
    payment: PaymentId,
    at: DateTime<Utc>,
) -> Result<Vec<Discrepancy>, LedgerError> {
    let filter = DiscrepancyFilter {
        payment: Some(payment),
        closed: true,
        ..DiscrepancyFilter::default()
    };
    let mut found = resolution::list(connection, &filter)?;
    found.retain(|it| {
        let closed = it.resolution.as_ref().is_some_and(|closed| closed.at <= at);
        it.opened_at <= at && !closed
    });
    for discrepancy in &mut found {
        discrepancy.resolution = None;
    }
    Ok(found)
}

/// What weighed on a payment.
struct Book {
    captures: Vec<(i64, Capture)>,
    refunds: Vec<Refund>,
    external: Vec<(Option<i64>, ExternalRefund)>,
    disputes: Vec<(Option<i64>, Dispute)>,
}

impl Book {
    /// Computes every figure of the payment anew, and what each dispute held.
    fn weigh(&mut self, mut payment: Payment) -> Result<Payment, LedgerError> {
        let none = Money::zero(payment.currency);
        let mut captures = self.captures.clone();
        let mut sum = Figures::captured(none);
        for (seq, capture) in &mut captures {
            let own = self
                .refunds
                .iter()
                .filter(|it| {
                    it.content.capture_id == capture.capture_id || self.captures.len() == 1
                })
                .map(Refund::figures);
            let figures = balance::compute(capture.figures.captured, own, none, none)?;
            capture.figures = self.with_evidence(figures, Some(*seq))?;
            sum = sum.saturating_plus(&capture.figures);
        }
        let total = self.with_evidence(sum, None)?;
        self.tell_holds(&captures, total)?;
        let rest = Figures {
            captured: none,
            executed: total.executed.checked_sub(sum.executed)?,
            held: total.held.checked_sub(sum.held)?,
            disputed: total.disputed.checked_sub(sum.disputed)?,
        };
        payment.unallocated = Some(rest).filter(|rest| rest.available().minor != 0);
        payment.captures = captures.into_iter().map(|(_, it)| it).collect();
        let external: Vec<ExternalRefund> =
            self.external.iter().map(|(_, it)| it.clone()).collect();
        payment.on_top = Compensations::of(&self.refunds, &external, payment.currency);
        Ok(payment)
    }

    fn with_evidence(&self, figures: Figures, capture: Option<i64>) -> Result<Figures, MoneyError> {
        let external = self.external.iter().filter(|(of, _)| *of == capture);
        let external: Vec<ExternalFigures> = external
            .map(|(_, it)| ExternalFigures {
                amount: it.amount,
                state: it.state,
                linked: self
                    .refunds
                    .iter()
                    .find(|ours| Some(ours.id) == it.linked)
                    .map(Refund::figures),
            })
            .collect();
        let disputes = self.disputes.iter().filter(|(of, _)| *of == capture);
        let disputes: Vec<DisputeFigures> = disputes.map(|(_, it)| self.figures_of(it)).collect();
        figures.with_evidence(&external, &disputes)
    }

    fn figures_of(&self, dispute: &Dispute) -> DisputeFigures {
        let answers = self.refunds.iter();
        let answers: Vec<RefundFigures> = answers
            .filter(|it| dispute.refunds.contains(&it.id))
            .map(Refund::figures)
            .collect();
        DisputeFigures {
            amount: dispute.amount,
            stage: dispute.stage,
            refunds: answers,
        }
    }

    /// A dispute in another currency holds all that was left where it applied.
    fn tell_holds(
        &mut self,
        captures: &[(i64, Capture)],
        total: Figures,
    ) -> Result<(), MoneyError> {
        let currency = total.captured.currency;
        let mut disputes = std::mem::take(&mut self.disputes);
        for (place, dispute) in &mut disputes {
            let there = captures.iter().find(|(seq, _)| Some(*seq) == *place);
            dispute.holds = if dispute.amount.currency == currency {
                self.figures_of(dispute).disputed()?
            } else if dispute.stage.weight() == DisputeWeight::None {
                Money::zero(currency)
            } else {
                there.map_or(total.disputed, |(_, capture)| capture.figures.disputed)
            };
        }
        self.disputes = disputes;
        Ok(())
    }
}
