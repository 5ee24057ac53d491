//! Later steps of a refund that is on its way (T25): asked for by a person, sent once, and ended by
//! what the provider says. Until then the refund keeps its state and its amount.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::accounts::Account;
use super::answer::spread;
use super::face::{Actor, Refusal};
use super::kinds::can;
use super::local::Local;
use super::refusal;
use super::send::{self, asked, wire};
use crate::domain::cause::Cause;
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::money::Money;
use crate::domain::refund::{Attempt, Kind, Later, LaterStep, ObservationSource, Refund};
use crate::domain::resolution::Absence;
use crate::domain::state::{SendGuard, State};
use crate::domain::todo::Promise;
use crate::failpoint;
use crate::ledger::{Claim, LedgerError, NewAttempt, Record, RefundSummary, StepEnd};
use crate::providers::{Deed, Finding, Inquiry, PaidTransfer, Provider, RefundOrder};

/// A step that is ready to be sent, under its lease.
pub(super) struct ReadyStep<'a> {
    /// Who has it sent.
    pub by: &'a str,
    pub claim: &'a Claim,
    pub account: &'a Account,
    pub provider: &'a Arc<dyn Provider>,
    pub step: LaterStep,
    pub attempt: Attempt,
    pub guard: SendGuard,
    /// Why.
    pub note: Option<String>,
}

/// What a step asks of a provider.
pub(super) const fn deed(step: LaterStep) -> Deed {
    match step {
        LaterStep::Capture => Deed::Capture,
        LaterStep::Stop => Deed::Stop,
        LaterStep::Confirm => Deed::Confirm,
    }
}

/// Whether a refund could be stopped, as far as this desk can tell. Only the provider knows whether
/// it still can.
pub(super) fn may_be_stopped(refund: &Refund, account: Option<&Account>) -> bool {
    let under_way = matches!(
        refund.state,
        State::Pending | State::ActionRequired | State::Succeeded
    );
    under_way && refund.content.kind == Kind::Refund && can(account, Deed::Stop)
}

impl Local {
    /// Sends a later step, and says how the refund stands then: what is not known is no error.
    pub(super) async fn send_step(
        &self,
        actor: &Actor,
        summary: &RefundSummary,
        step: LaterStep,
        note: Option<String>,
    ) -> Result<RefundSummary, Refusal> {
        let refund = &summary.refund;
        let account = self.ready_for_step(refund, step)?;
        let provider = account.provider(&self.means()).await?;
        let (holder, now) = (self.holder.clone(), self.clock.now());
        let claim = match self.ledger.claim_step(refund.id, holder, now).await {
            Err(LedgerError::Leased) => return Err(busy()),
            claim => claim?,
        };
        let _under_way = self.duty.exchange();
        let attempt = match attempt_of(&claim, account, step, None, now) {
            Ok(attempt) => attempt,
            Err(refusal) => {
                self.ledger.let_go(refund.id, claim.fence).await?;
                return Err(refusal);
            }
        };
        let hindrance = self.hindered(&claim.payment, &claim.summary.refund, now);
        if let Some(why) = hindrance.filter(|_| step == LaterStep::Capture) {
            self.ledger.let_go(refund.id, claim.fence).await?;
            return Err(hindered(why));
        }
        let guard = SendGuard {
            replay_allowed: true,
            ..self.send_guard(refund.id, &attempt, account)
        };
        let ready = ReadyStep {
            by: &actor.name,
            claim: &claim,
            account,
            provider: &provider,
            step,
            attempt,
            guard,
            note,
        };
        let (summary, end, finding) = self.carry_out_step(ready).await?;
        match end {
            StepEnd::Refused | StepEnd::Unsent => Err(not_done(step, end, &finding)),
            _ => Ok(summary),
        }
    }

    /// Puts a step on disk, sends it once, and writes down what the answer proves.
    pub(super) async fn carry_out_step(
        &self,
        ready: ReadyStep<'_>,
    ) -> Result<(RefundSummary, StepEnd, Finding), Refusal> {
        let ReadyStep {
            by,
            claim,
            account,
            provider,
            step,
            attempt,
            guard,
            note,
        } = ready;
        let refund = &claim.summary.refund;
        let new = NewAttempt {
            id: refund.id,
            fence: claim.fence,
            holder: self.holder.clone(),
            attempt: attempt.clone(),
            guard,
            now: self.clock.now(),
        };
        let begun = self.ledger.begin_step(new, step, by.to_owned()).await;
        let finding = match begun {
            Ok(()) => {
                failpoint::reach("begin_step.committed");
                let begun = self.clock.moment();
                let asked = asked(&refund.content);
                let wire = wire(attempt);
                let finding = provider.carry_out(deed(step), &wire, asked).await;
                account.learn(provider, &finding, begun, &self.clock);
                finding
            }
            Err(error @ LedgerError::NotJournalled { .. }) => {
                Finding::new(Evidence::NotSent, format!("not sent: {error}"))
            }
            Err(error) => {
                self.ledger.let_go(refund.id, claim.fence).await?;
                return Err(error.into());
            }
        };
        failpoint::reach("step.answered");
        let source = ObservationSource::Reply;
        let (mut record, end) = self.step_record(&claim.summary, step, &finding, source);
        record.fence = Some(claim.fence);
        record.note = note;
        by.clone_into(&mut record.actor);
        let change = self.ledger.record_step(record, end, None).await?;
        failpoint::reach("step.committed");
        self.changed(change.summary.clone());
        Ok((change.summary, end, finding))
    }

    fn ready_for_step(&self, refund: &Refund, step: LaterStep) -> Result<&Account, Refusal> {
        if self.mode.offline {
            return Err(refusal::unchanged(
                "offline",
                "the provider cannot be asked while the desk is offline",
                "Open the desk without --offline and try again.",
            ));
        }
        if let Some(later) = &refund.later {
            return Err(refusal::unchanged(
                "step_under_way",
                format!(
                    "{} asked the provider to {} it already",
                    later.by,
                    verb(later.step)
                ),
                "Wait: the desk asks what became of that.",
            ));
        }
        let name = &refund.account;
        let account = self.account(name);
        let account = account.ok_or_else(|| refusal::not_configured(name))?;
        if !can(Some(account), deed(step)) || refund.provider_refund_id.is_none() {
            return Err(refusal::unchanged(
                "no_such_step",
                format!("the provider cannot be asked to {} it", verb(step)),
                "Follow it: refund-desk status REFUND",
            ));
        }
        Ok(account)
    }

    /// Asks what became of the step under way, and says how the refund stands then; true when the
    /// provider has nothing of it.
    pub(super) async fn look_at_step(
        &self,
        account: &Account,
        summary: &RefundSummary,
        later: &Later,
    ) -> Result<(RefundSummary, bool), Refusal> {
        let provider = account.provider(&self.means()).await?;
        let Some(inquiry) = self.step_inquiry(summary, later).await? else {
            return Ok((summary.clone(), false));
        };
        let begun = self.clock.moment();
        let finding = provider
            .inquire_about(deed(later.step), &inquiry, asked(&summary.refund.content))
            .await;
        if provider.can_ask(&inquiry) {
            account.learn(&provider, &finding, begun, &self.clock);
        }
        let source = ObservationSource::Inquiry;
        let (record, end) = self.step_record(summary, later.step, &finding, source);
        let bound = self.promise(&account.name).absence_after();
        let change = self.ledger.record_step(record, end, bound).await?;
        self.changed(change.summary.clone());
        Ok((change.summary, end == StepEnd::NotFound))
    }

    /// Has a step that the provider has nothing of asked about again when that counts, if that is
    /// sooner than planned.
    pub(super) async fn plan_step_look(
        &self,
        summary: &RefundSummary,
        later: &Later,
    ) -> Result<(), Refusal> {
        let refund = &summary.refund;
        let (sent, empty) = self.ledger.step_looks(refund.id, later.clone()).await?;
        let promise = Promise {
            replay: None,
            ..self.promise(&refund.account)
        };
        let Absence { counted, .. } = Absence::of(Some(sent), promise.absence_after(), &empty);
        // Nobody decides about a step: the last inquiry that counts is the desk's own, too.
        let counted = counted.saturating_sub(1);
        let spread = spread(refund.id, later.looks);
        let next = promise.next_useful_look((sent, sent), counted, spread, self.clock.now());
        if let Some(at) = next {
            self.ledger.bring_forward(refund.id, at).await?;
        }
        Ok(())
    }

    async fn step_inquiry(
        &self,
        summary: &RefundSummary,
        later: &Later,
    ) -> Result<Option<Inquiry>, Refusal> {
        let refund = &summary.refund;
        let evidence = self.ledger.evidence(refund.id).await?;
        let payment = self.ledger.payment(refund.content.payment).await?;
        let attempt = evidence
            .attempts
            .into_iter()
            .find(|it| it.step == later.step.name() && it.number == later.number);
        Ok(payment.zip(attempt).map(|(payment, attempt)| Inquiry {
            provider_payment_id: payment.provider_payment_id,
            details: payment.details,
            first_sent_at: attempt.sends.first().map(|send| send.at),
            body: attempt.body,
            correlation: attempt.correlation,
            idempotency_key: attempt.idempotency_key,
            provider_refund_id: None,
        }))
    }

    /// What an exchange says of a step. Its ids are the step's own and not the refund's.
    fn step_record(
        &self,
        summary: &RefundSummary,
        step: LaterStep,
        finding: &Finding,
        source: ObservationSource,
    ) -> (Record, StepEnd) {
        let mut record = self.evidence_of(summary, finding, source, None);
        (record.provider_refund_id, record.trace, record.unpaid) = (None, None, None);
        if let Some(observation) = &mut record.observation {
            observation.meaning = match finding.evidence {
                Evidence::NotFound => step.found_nothing(),
                _ => format!("{}: {}", step.name(), observation.meaning),
            };
            observation.said = format!("{}: {}", step.name(), observation.said);
        }
        (record, end_of(finding, summary.refund.content.amount))
    }
}

/// What an answer proves about a step.
fn end_of(finding: &Finding, asked: Money) -> StepEnd {
    match finding.evidence {
        Evidence::Report {
            status: Reported::Succeeded,
            amount,
        } if amount.is_none_or(|amount| amount == asked) => StepEnd::Done,
        Evidence::Report {
            status: Reported::Failed,
            ..
        }
        | Evidence::Refused => StepEnd::Refused,
        Evidence::NotSent | Evidence::TurnedAway => StepEnd::Unsent,
        Evidence::NotFound => StepEnd::NotFound,
        Evidence::Report { .. } | Evidence::Doubt => StepEnd::Unknown,
    }
}

/// A new attempt of the step: an earlier one has ended undone. A confirmation names the `transfer`.
pub(super) fn attempt_of(
    claim: &Claim,
    account: &Account,
    step: LaterStep,
    transfer: Option<PaidTransfer>,
    now: DateTime<Utc>,
) -> Result<Attempt, Refusal> {
    let refund = &claim.summary.refund;
    let made = claim.attempts.iter().filter(|it| it.step == step.name());
    let number = made.map(|it| it.number).max().unwrap_or(0) + 1;
    let order = RefundOrder {
        transfer,
        ..send::order_of(
            step.name(),
            &claim.payment,
            &refund.content,
            refund.id,
            number,
            now,
        )
    };
    let id = refund.provider_refund_id.as_deref().unwrap_or_default();
    let wire = account.format.build_step(deed(step), id, &order)?;
    Ok(send::new_attempt(step.name(), number, wire, now))
}

/// A capture pays, so what holds a refund back before it is sent (T7) holds this back, too.
fn hindered(why: String) -> Refusal {
    Refusal {
        money: "Nothing was paid; it stays authorised and its amount stays held.".to_owned(),
        ..refusal::rule(
            "not_captured",
            why,
            "Look at the payment, then capture it, or have it stopped: refund-desk cancel REFUND --stop",
        )
    }
}

const fn verb(step: LaterStep) -> &'static str {
    match step {
        LaterStep::Capture => "pay",
        LaterStep::Stop => "stop",
        LaterStep::Confirm => "take note of",
    }
}

fn busy() -> Refusal {
    refusal::unchanged(
        "busy",
        "the desk is just asking the provider about it",
        "Try again in a moment.",
    )
}

fn not_done(step: LaterStep, end: StepEnd, finding: &Finding) -> Refusal {
    let next = match end {
        StepEnd::Refused => "Follow it: refund-desk status REFUND",
        _ => "Nothing left this desk; try again.",
    };
    let advice = finding.unpaid.as_ref();
    let settled = advice.is_some_and(|it| it.cause == Cause::SettledMeanwhile);
    let told = match settled {
        true => "its batch has closed: it is too late to stop it",
        false => finding.said.as_str(),
    };
    Refusal {
        money: "It stands as before: it may still be paid, and its amount stays held or counted."
            .to_owned(),
        ..refusal::failed(
            match step {
                LaterStep::Stop => "not_stopped",
                LaterStep::Capture => "not_captured",
                LaterStep::Confirm => "not_confirmed",
            },
            format!("the provider did not {} it: {told}", verb(step)),
            next,
        )
    }
}
