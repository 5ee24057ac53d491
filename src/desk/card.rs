//! One refund with everything about it: evidence, decisions, and the step it waits for.

use super::face::{Actor, RefundCard, Refusal, Reply, StopWord};
use super::kinds::can;
use super::local::{Local, row};
use super::personal::masked_all;
use super::send;
use crate::domain::id::RefundId;
use crate::domain::refund::{Attempt, Kind, Refund};
use crate::domain::stopping::{self, Stopping, Terms};
use crate::domain::timeline;
use crate::ledger::{Dossier, RefundSummary};
use crate::providers::Deed;

/// The newest entries about a refund; more than any has.
const DEEDS: u32 = 1_000;

impl Local {
    /// The refund of a handle, as `actor` sees it.
    pub(super) async fn refund_card(&self, actor: &Actor, handle: &str) -> Result<Reply, Refusal> {
        let id = self.refund_named(handle).await?.refund.id;
        let card = self.whole_card(actor, id).await?;
        Ok(Reply::Refund(Box::new(card)))
    }

    /// Tells of a decision that is written. It stands even if what is beside it cannot be read, so
    /// that must not make it look refused.
    pub(super) async fn decided(&self, actor: &Actor, summary: RefundSummary) -> Reply {
        self.changed(summary.clone());
        let card = self.whole_card(actor, summary.refund.id).await;
        Reply::Refund(Box::new(card.unwrap_or_else(|refusal| {
            tracing::warn!(refund = %summary.refund.id, "{}", refusal.message);
            self.bare_card(summary)
        })))
    }

    /// A refund with its evidence, decisions and next step.
    pub(super) async fn whole_card(
        &self,
        actor: &Actor,
        id: RefundId,
    ) -> Result<RefundCard, Refusal> {
        let Dossier {
            waiting,
            evidence,
            decisions,
            transfers,
            discrepancies,
        } = self.ledger.dossier(id).await?;
        let today = self.business_day(self.clock.now());
        let roster = self.ledger.roster(today).await?;
        let mut step = self.step_of(actor, &waiting);
        let may_approve = step.as_mut().and_then(|step| {
            self.checkers_of(actor, &waiting.summary.refund, &roster, step)
                .0
        });
        let mut deeds = self.ledger.audit(Some(id.to_string()), DEEDS).await?;
        deeds.retain(timeline::tells);
        let payment = waiting.summary.refund.content.payment;
        Ok(RefundCard {
            notes: self.notes_on(payment, id).await?,
            attempts: self.legible(&waiting.summary.refund.account, evidence.attempts),
            observations: evidence.observations,
            approvals: decisions.approvals,
            decline: decisions.decline,
            proposals: decisions.proposals,
            transfers,
            deeds,
            step,
            may_approve,
            discrepancies: masked_all(discrepancies),
            ..self.bare_card(waiting.summary)
        })
    }

    /// Attempts with their bodies as people read them; the exact bytes stay in the ledger.
    fn legible(&self, account: &str, mut attempts: Vec<Attempt>) -> Vec<Attempt> {
        let Some(account) = self.account(account) else {
            return attempts;
        };
        for attempt in &mut attempts {
            let wire = send::wire(attempt.clone());
            attempt.body = account.format.readable(&wire).into_bytes();
        }
        attempts
    }

    /// Until when a refund can be stopped and by which command, or why it cannot.
    fn stop_word(&self, refund: &Refund) -> Option<StopWord> {
        let account = self.account(&refund.account);
        let terms = Terms {
            stops: can(account, Deed::Stop),
            closes: account.and_then(super::accounts::Account::batch_closes),
        };
        let zone = &self.settings.zone;
        let stopping = stopping::of(refund, terms, self.clock.now(), zone)?;
        let said = stopping.said(|at| {
            let local = at.with_timezone(zone);
            local.format("%d %b %H:%M:%S %Z").to_string()
        });
        let command = match &stopping {
            Stopping::Withdraw(_) => ": refund-desk cancel REFUND",
            Stopping::Until(_) => ": refund-desk cancel REFUND --stop",
            Stopping::TooLate(_) | Stopping::No(_) => "",
        };
        Some(StopWord {
            possible: stopping.is_possible(),
            until: stopping.until(),
            said: format!("{said}{command}"),
        })
    }

    fn bare_card(&self, summary: RefundSummary) -> RefundCard {
        let account = self.account(&summary.refund.account);
        RefundCard {
            stop: self.stop_word(&summary.refund),
            success_means: match summary.refund.content.kind {
                Kind::Refund => account.map(|account| account.profile.success_means.to_owned()),
                Kind::Void => Some("canceled before settlement".to_owned()),
                Kind::Outside => Some("paid by other means, stated by two people".to_owned()),
            },
            row: row(summary),
            attempts: Vec::new(),
            observations: Vec::new(),
            approvals: Vec::new(),
            decline: None,
            proposals: Vec::new(),
            transfers: Vec::new(),
            deeds: Vec::new(),
            notes: Vec::new(),
            step: None,
            discrepancies: Vec::new(),
            may_approve: None,
        }
    }
}
