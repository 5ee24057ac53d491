//! Telling a network that the bank leg of a refund was paid: by the desk itself, once it is proven, and
//! again with the same bytes where it is not known whether it was heard.

use chrono::TimeDelta;

use super::accounts::Account;
use super::face::Refusal;
use super::later::{ReadyStep, attempt_of};
use super::local::Local;
use super::track::Done;
use super::{kinds, refusal};
use crate::clock::later;
use crate::domain::id::RefundId;
use crate::domain::refund::{Attempt, LaterStep};
use crate::domain::state::{SendGuard, State};
use crate::failpoint;
use crate::ledger::{Claim, ConfirmationDue, LEASE, LedgerError, RefundSummary};
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
            Err(LedgerError::Leased) => {
                // Somebody else is at it: looked at again when they must be done.
                self.ledger.plan_confirmation(due.id, now + LEASE).await?;
                return Ok(Done::Nothing);
            }
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
        let transfer = self.transfer_that_paid(refund.id).await?;
        attempt_of(claim, account, step, transfer, now).map(Some)
    }

    /// How the bank knows the transfer that paid a refund.
    pub(super) async fn transfer_that_paid(
        &self,
        id: RefundId,
    ) -> Result<Option<PaidTransfer>, Refusal> {
        let paid = self.ledger.paid_transfer(id).await?;
        Ok(paid.map(|(reference, clearing_system)| PaidTransfer {
            reference,
            clearing_system,
        }))
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
}
