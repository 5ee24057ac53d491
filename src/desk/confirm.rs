//! Telling a network that the bank leg of a refund was paid: by the desk itself, once it is proven, and
//! again with the same bytes where it is not known whether it was heard.

use chrono::TimeDelta;

use super::accounts::Account;
use super::face::Refusal;
use super::later::{ReadyStep, attempt_of, deed};
use super::local::Local;
use super::send::{asked, wire};
use super::track::Done;
use super::{kinds, refusal};
use crate::clock::later;
use crate::domain::evidence::Evidence;
use crate::domain::refund::{Attempt, LaterStep, ObservationSource};
use crate::domain::state::{Event, SendGuard, State};
use crate::failpoint;
use crate::ledger::{Claim, ConfirmationDue, LedgerError, NewAttempt, RefundSummary};
use crate::providers::{Deed, PaidTransfer};

/// Nobody can be asked about a confirmation, and after this it may not go again.
const WINDOW_CLOSED: &str = "whether the network was told is not known, and it is too late to tell it again by itself; ask the network, then two people state how the refund stands";
const NOT_OPEN: &str = "the refund's own outcome is in doubt; two people state it";

impl Local {
    /// Tells the network of one refund that it was paid.
    pub(super) async fn confirm(&self, due: &ConfirmationDue) -> Result<Done, Refusal> {
        let summary = self.refund_of(due.id).await?;
        let told = match summary.refund.state {
            State::Pending | State::ActionRequired => self.tell_paid(due, &summary).await,
            State::Succeeded | State::Settled => self.confirm_again(&summary).await,
            _ => {
                let now = self.clock.now();
                let why = NOT_OPEN.to_owned();
                self.ledger.stop_confirming(due.id, why, now).await?;
                return Ok(Done::Nothing);
            }
        };
        if let Some(account) = self.account(&due.account) {
            account.standing.work_over(due.id, &self.clock);
        }
        if let Err(refusal) = &told {
            // A secret to mend, a provider that does not answer: tried again, ever less often.
            let at = self.try_again_at(due.id, due.since);
            self.ledger.plan_confirmation(due.id, at).await?;
            tracing::info!(refund = %due.id, "not confirmed yet: {}", refusal.message);
        }
        told
    }

    async fn tell_paid(
        &self,
        due: &ConfirmationDue,
        summary: &RefundSummary,
    ) -> Result<Done, Refusal> {
        let account = self
            .account(&due.account)
            .ok_or_else(|| refusal::not_configured(&due.account))?;
        if !kinds::can(Some(account), Deed::Confirm) {
            return Err(refusal::not_configured(&due.account));
        }
        let provider = account.provider(&self.means()).await?;
        if let Some(wait) = account.standing.wait(&self.clock)
            && !account.standing.take_probe(due.id, &self.clock)
        {
            let at = later(self.clock.now(), wait);
            self.ledger.plan_confirmation(due.id, at).await?;
            return Ok(Done::Nothing);
        }
        let (holder, now) = (self.holder.clone(), self.clock.now());
        let claim = match self.ledger.claim_step(due.id, holder, now).await {
            Err(LedgerError::Leased) => return Ok(Done::Nothing),
            claim => claim?,
        };
        let _under_way = self.duty.exchange();
        let attempt = match self.confirmation_of(&claim, account).await {
            Ok(Some(attempt)) => attempt,
            Ok(None) => {
                self.ledger.let_go(due.id, claim.fence).await?;
                let why = WINDOW_CLOSED.to_owned();
                self.ledger.stop_confirming(due.id, why, now).await?;
                self.changed(summary.clone());
                return Ok(Done::Nothing);
            }
            Err(refusal) => {
                self.ledger.let_go(due.id, claim.fence).await?;
                return Err(refusal);
            }
        };
        let guard = SendGuard {
            replay_allowed: true,
            ..self.send_guard(due.id, &attempt, account)
        };
        let ready = ReadyStep {
            by: "desk",
            claim: &claim,
            account,
            provider: &provider,
            step: LaterStep::Confirm,
            attempt,
            guard,
            note: None,
        };
        failpoint::reach("confirm.before");
        let (_, end, _) = self.carry_out_step(ready).await?;
        tracing::info!(refund = %due.id, ?end, "told that it was paid");
        self.note_pulse(account).await;
        Ok(Done::Sent)
    }

    /// The attempt that is not known to have been heard, or else a new one. `None`: it may not go
    /// again.
    async fn confirmation_of(
        &self,
        claim: &Claim,
        account: &Account,
    ) -> Result<Option<Attempt>, Refusal> {
        let now = self.clock.now();
        let refund = &claim.summary.refund;
        let step = LaterStep::Confirm;
        let open = refund.later.as_ref().filter(|it| it.step == step);
        if let Some(open) = open {
            let mut known = claim.attempts.iter();
            let attempt = known.find(|it| it.step == step.name() && it.number == open.number);
            return Ok(attempt
                .filter(|attempt| self.is_replayable_now(attempt, account))
                .cloned());
        }
        let paid = self.ledger.paid_transfer(refund.id).await?;
        let transfer = paid.map(|(reference, clearing_system)| PaidTransfer {
            reference,
            clearing_system,
        });
        attempt_of(claim, account, step, transfer, now).map(Some)
    }

    /// Within the window from the first send that may have arrived.
    fn is_replayable_now(&self, attempt: &Attempt, account: &Account) -> bool {
        let mut sends = attempt.sends.iter();
        let Some(first) = sends.find(|send| !send.not_executed) else {
            return true;
        };
        let window = account.profile.replay_window;
        let window = window.and_then(|window| TimeDelta::from_std(window).ok());
        window.is_some_and(|window| self.clock.now() < first.at + window)
    }

    /// The network asked for it once more, and had heard it before: what it answers changes nothing.
    async fn confirm_again(&self, summary: &RefundSummary) -> Result<Done, Refusal> {
        let refund = &summary.refund;
        let id = refund.id;
        let evidence = self.ledger.evidence(id).await?;
        let step = LaterStep::Confirm;
        let last = evidence
            .attempts
            .into_iter()
            .rfind(|it| it.step == step.name());
        let account = self.account(&refund.account);
        let ready = last
            .zip(account)
            .filter(|(attempt, account)| self.is_replayable_now(attempt, account));
        let Some((attempt, account)) = ready else {
            self.ledger.repeated(id).await?;
            return Ok(Done::Nothing);
        };
        let provider = account.provider(&self.means()).await?;
        let _under_way = self.duty.exchange();
        let new = NewAttempt {
            id,
            fence: 0,
            holder: self.holder.clone(),
            attempt: attempt.clone(),
            guard: SendGuard::HOLDS,
            now: self.clock.now(),
        };
        self.ledger.begin_repeat(new).await?;
        self.ledger.repeated(id).await?;
        let begun = self.clock.moment();
        let finding = provider
            .carry_out(deed(step), &wire(attempt), asked(&refund.content))
            .await;
        account.learn(&provider, &finding, begun, &self.clock);
        let source = ObservationSource::Reply;
        let mut record = self.evidence_of(summary, &finding, source, None);
        record.event = Event::Evidence(Evidence::Doubt);
        (record.provider_refund_id, record.trace, record.exchange) = (None, None, None);
        if let Some(observation) = &mut record.observation {
            observation.meaning = format!("confirm again: {}", observation.meaning);
        }
        let change = self.ledger.record(record).await?;
        self.changed(change.summary);
        Ok(Done::Sent)
    }
}
