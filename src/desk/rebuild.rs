//! A balance compared with its provider's own list of refunds: what was made elsewhere is taken in,
//! what is ours and not there opens a discrepancy.

use chrono::{DateTime, Utc};

use super::face::{Actor, Notice, Refusal, Reply};
use super::local::Local;
use super::refusal;
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::external::{ExternalSource, ExternalState};
use crate::domain::payment::Payment;
use crate::domain::refund::{Kind, ObservationSource, Refund};
use crate::domain::state::State;
use crate::ledger::{RefundEvidence, Sighting};
use crate::providers::{Finding, ListedRefund, SoldPayment};

impl Local {
    /// Asks the provider which refunds it knows of a payment.
    pub(super) async fn rebuild(&self, actor: &Actor, handle: &str) -> Result<Reply, Refusal> {
        self.writable()?;
        if self.mode.offline {
            return Err(refusal::rule(
                "offline",
                "the provider cannot be asked while the desk is offline",
                "Open the desk without --offline and try again.",
            ));
        }
        let payment = self.payment_named(handle).await?;
        let begun = self.clock.now();
        let listed = self.listed(&payment).await?;
        let ours = self.ledger.refunds_of(payment.id).await?;
        for refund in &listed {
            if !ours.iter().any(|known| agrees(known, refund)) {
                self.take_in(actor, &payment, refund, begun).await?;
            }
        }
        for refund in &ours {
            self.miss(refund, &listed).await?;
        }
        self.tell(Notice::Changed);
        self.payment_card(&payment.id.to_string()).await
    }

    async fn listed(&self, payment: &Payment) -> Result<Vec<ListedRefund>, Refusal> {
        let name = &payment.account;
        let account = self
            .account(name)
            .ok_or_else(|| refusal::not_configured(name))?;
        let provider = account.provider(&self.means()).await?;
        let sold = SoldPayment {
            provider_payment_id: payment.provider_payment_id.clone(),
            capture_ids: payment
                .captures
                .iter()
                .filter_map(|capture| capture.capture_id.clone())
                .collect(),
            currency: payment.currency,
        };
        let Some(listing) = provider.refunds_of(&sold) else {
            return Err(refusal::rule(
                "no_list",
                "this account's provider does not tell which refunds a payment has",
                "Compare the payment with the provider's portal.",
            ));
        };
        let _under_way = self.duty.exchange();
        let begun = self.clock.moment();
        let listed = listing.await;
        if let Err(finding) = &listed {
            account.learn(&provider, finding, begun, &self.clock);
        }
        listed.map_err(|finding| {
            refusal::unavailable(
                "not_answered",
                format!(
                    "the provider's list of refunds is not to be had: {}",
                    finding.said
                ),
                "Nothing changed. Try again, or compare with the provider's portal.",
            )
        })
    }

    async fn take_in(
        &self,
        actor: &Actor,
        payment: &Payment,
        found: &ListedRefund,
        begun: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let capture = payment
            .captures
            .first()
            .filter(|_| payment.captures.len() == 1);
        let sighting = Sighting {
            payment: payment.id,
            capture_id: capture.and_then(|capture| capture.capture_id.clone()),
            provider_refund_id: Some(found.provider_refund_id.clone()),
            correlation: found.correlation.clone(),
            amount: found.amount,
            state: match found.status {
                Some(Reported::Succeeded) => ExternalState::Done,
                Some(Reported::Failed) => ExternalState::Failed,
                Some(Reported::Reversed) => ExternalState::Reversed,
                Some(Reported::Pending | Reported::ActionRequired) | None => ExternalState::Pending,
            },
            source: ExternalSource::Inquiry,
            origin: "the provider's answer about the order".to_owned(),
            seen_at: begun,
            actor: actor.name.clone(),
            cadence: self.cadence(&payment.account),
            now: self.clock.now(),
        };
        self.ledger.record_external(sighting).await?;
        Ok(())
    }

    /// What the provider once said it paid and no longer lists is contradicted, never guessed about.
    async fn miss(&self, refund: &Refund, listed: &[ListedRefund]) -> Result<(), Refusal> {
        let paid = matches!(refund.state, State::Succeeded | State::Settled);
        let there = listed.iter().any(|found| is_ours(refund, found));
        if !paid || there || refund.content.kind != Kind::Refund {
            return Ok(());
        }
        let RefundEvidence { attempts, .. } = self.ledger.evidence(refund.id).await?;
        let named = |found: &ListedRefund| {
            let reference = found.correlation.as_deref();
            attempts
                .iter()
                .any(|it| Some(it.correlation.as_str()) == reference)
        };
        if listed.iter().any(named) {
            return Ok(());
        }
        let summary = self.refund_of(refund.id).await?;
        let said = "the provider's list of refunds does not have it";
        let finding = Finding::new(Evidence::NotFound, said);
        let record = self.evidence_of(&summary, &finding, ObservationSource::Inquiry, None);
        let change = self.ledger.record(record).await?;
        self.changed(change.summary);
        Ok(())
    }
}

fn is_ours(refund: &Refund, found: &ListedRefund) -> bool {
    refund.provider_refund_id.as_deref() == Some(found.provider_refund_id.as_str())
}

/// The provider's list says of a refund of ours what the desk knows: nothing to write down.
fn agrees(refund: &Refund, found: &ListedRefund) -> bool {
    let same = match found.status {
        Some(Reported::Succeeded) => matches!(refund.state, State::Succeeded | State::Settled),
        Some(Reported::Pending | Reported::ActionRequired) | None => refund.state.is_open(),
        Some(Reported::Failed | Reported::Reversed) => matches!(
            refund.state,
            State::Failed | State::Rejected | State::Reversed | State::Canceled
        ),
    };
    let counted = refund.proven.unwrap_or(refund.content.amount);
    is_ours(refund, found) && same && found.amount == counted
}
