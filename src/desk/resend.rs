//! What follows when the provider has nothing under our reference, or cannot be asked: the same request
//! goes again while it may (T13), else the next look is planned for when it is of use.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::accounts::Account;
use super::answer::spread;
use super::face::Refusal;
use super::local::Local;
use super::send::attempt_of;
use crate::domain::replay::Replay;
use crate::domain::state::{SendGuard, State};
use crate::ledger::{Claim, LedgerError, RefundSummary, Waiting};
use crate::providers::Provider;

impl Local {
    /// An inquiry about a refund found nothing, or nobody can be asked and a repeat is answered as the
    /// first was; true when it was sent again.
    pub(super) async fn may_go_again(
        &self,
        account: &Account,
        provider: &Arc<dyn Provider>,
        summary: &RefundSummary,
    ) -> Result<bool, Refusal> {
        let id = summary.refund.id;
        if summary.refund.state != State::Unknown || self.duty.is_over() {
            return Ok(false);
        }
        let waiting = self.ledger.waiting_for(id).await?;
        let Some((first, last)) = waiting.sent else {
            return Ok(false);
        };
        let found = waiting.found_nothing.last().copied();
        let now = self.clock.now();
        let replay = account.profile.replay();
        if let Some(replay) = replay.filter(|it| it.is_open(first, last, found, now)) {
            return self.send_again(account, provider, summary, replay).await;
        }
        self.plan_look(&waiting).await?;
        Ok(false)
    }

    /// Has the provider asked again when that is of use, if that is sooner than planned.
    pub(super) async fn plan_look(&self, waiting: &Waiting) -> Result<(), Refusal> {
        if let Some(at) = self.useful_look(waiting) {
            let id = waiting.summary.refund.id;
            self.ledger.bring_forward(id, at).await?;
        }
        Ok(())
    }

    fn useful_look(&self, waiting: &Waiting) -> Option<DateTime<Utc>> {
        let refund = &waiting.summary.refund;
        let promise = self.promise(&refund.account);
        let sent = waiting.sent?;
        let counted = self.absence(waiting).counted;
        let spread = spread(refund.id, refund.looks);
        promise.next_useful_look(sent, counted, spread, self.clock.now())
    }

    /// Same key, same bytes. What forbids it leaves the refund as it is: unknown.
    async fn send_again(
        &self,
        account: &Account,
        provider: &Arc<dyn Provider>,
        summary: &RefundSummary,
        replay: Replay,
    ) -> Result<bool, Refusal> {
        let id = summary.refund.id;
        let (holder, now) = (self.holder.clone(), self.clock.now());
        let mut claim = match self.ledger.claim_unknown(id, holder, now).await {
            Err(LedgerError::Leased | LedgerError::SendingStopped(_)) => return Ok(false),
            claim => claim?,
        };
        if let Err(refusal) = self.look_first(&mut claim, account).await {
            tracing::info!(refund = %id, "not sent again yet: {refusal}");
            return self.leave(&claim).await;
        }
        let attempt = attempt_of(&claim, account, now)
            .ok()
            // A request for another address, or past its window, would be another attempt.
            .filter(|attempt| !attempt.sends.is_empty());
        let Some(attempt) = attempt else {
            return self.leave(&claim).await;
        };
        let guard = SendGuard {
            eligible: self
                .hindered(&claim.payment, &claim.summary.refund, now)
                .is_none(),
            ..self.send_guard(claim.summary.refund.id, &attempt, account)
        };
        match self.write_ahead(&claim, attempt, guard, Some(replay)).await {
            Ok(Ok(on_disk)) => {
                self.deliver(&claim, account, Some(provider), on_disk)
                    .await?;
                Ok(true)
            }
            Ok(Err(_)) | Err(LedgerError::Refused(_) | LedgerError::SendingStopped(_)) => {
                self.leave(&claim).await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn leave(&self, claim: &Claim) -> Result<bool, Refusal> {
        let id = claim.summary.refund.id;
        self.ledger.let_go(id, claim.fence).await?;
        Ok(false)
    }
}
