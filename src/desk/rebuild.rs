//! A balance compared with its provider's own list of refunds: what was made elsewhere is taken in,
//! what is ours and not there opens a discrepancy.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::accounts::Account;
use super::face::{Actor, Notice, Refusal, Reply};
use super::local::Local;
use super::refusal;
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::external::{ExternalRefund, ExternalSource, ExternalState};
use crate::domain::payment::Payment;
use crate::domain::refund::{Attempt, Kind, ObservationSource, Refund};
use crate::domain::state::State;
use crate::ledger::{RefundEvidence, Sighting};
use crate::providers::listing::Span;
use crate::providers::{Finding, ListedRefund, Provider, SoldPayment};

/// Their clock and ours may differ by as much.
const AROUND: TimeDelta = TimeDelta::days(1);

/// A payment's refunds as its provider tells of them.
struct List<'a> {
    refunds: &'a [ListedRefund],
    /// All there are; else only the newest.
    is_whole: bool,
    source: ExternalSource,
    /// When the question was asked.
    begun: DateTime<Utc>,
}

/// A payment's list of refunds was read to its end.
pub(super) struct Compared {
    /// Refunds in it.
    pub listed: u64,
    /// Made elsewhere, and not known before.
    pub found: u64,
    /// Until when all refunds are known.
    pub until: DateTime<Utc>,
}

impl Local {
    /// Asks the provider which refunds it knows of a payment.
    pub(super) async fn rebuild(&self, actor: &Actor, handle: &str) -> Result<Reply, Refusal> {
        self.writable()?;
        self.online()?;
        let payment = self.payment_named(handle).await?;
        let name = &payment.account;
        let account = self
            .account(name)
            .ok_or_else(|| refusal::not_configured(name))?;
        let provider = account.provider(&self.means()).await?;
        if provider.listing().is_some() {
            // Asked for by a person: all of it is read again.
            let afresh = Payment {
                verified_at: None,
                ..payment.clone()
            };
            let compared = self.compare(actor, account, &provider, &afresh).await?;
            let mark = (payment.id, compared.until);
            self.ledger.mark_verified(vec![mark]).await?;
        } else {
            let begun = self.clock.now();
            let listed = self.listed(account, &provider, &payment).await?;
            let list = List {
                refunds: &listed,
                is_whole: true,
                source: ExternalSource::Inquiry,
                begun,
            };
            self.take_all_in(actor, &payment, &list).await?;
        }
        self.tell(Notice::Changed);
        self.payment_card(&payment.id.to_string()).await
    }

    /// Reads a payment's list of refunds: all of it the first time, and while one made elsewhere is
    /// on its way; else only what can be new, for lists go by when a refund was made.
    pub(super) async fn compare(
        &self,
        actor: &Actor,
        account: &Account,
        provider: &Arc<dyn Provider>,
        payment: &Payment,
    ) -> Result<Compared, Refusal> {
        let begun = self.clock.now();
        let Some(listing) = provider.listing() else {
            return Err(no_list());
        };
        let known = self.ledger.externals_of(payment.id).await?;
        let moves = |it: &ExternalRefund| {
            it.state == ExternalState::Pending && it.provider_refund_id.is_some()
        };
        let read_before = payment.verified_at.filter(|_| !known.iter().any(moves));
        let span = Span {
            from: read_before.unwrap_or_else(|| payment.captured_at()) - AROUND,
            to: begun + AROUND,
        };
        let id = &payment.provider_payment_id;
        let refunds = self
            .answered(account, provider, listing.refunds(id, span))
            .await?;
        let list = List {
            refunds: &refunds,
            is_whole: read_before.is_none(),
            source: ExternalSource::Sync,
            begun,
        };
        Ok(Compared {
            listed: refunds.len() as u64,
            found: self.take_all_in(actor, payment, &list).await?,
            until: begun,
        })
    }

    /// Writes down what a list says beyond what is known; how many refunds made elsewhere are new.
    async fn take_all_in(
        &self,
        actor: &Actor,
        payment: &Payment,
        list: &List<'_>,
    ) -> Result<u64, Refusal> {
        let ours = self.ledger.refunds_of(payment.id).await?;
        let known = self.ledger.externals_of(payment.id).await?;
        let mut new = 0;
        for refund in list.refunds {
            let is_known = ours.iter().any(|it| agrees(it, refund))
                || known.iter().any(|it| says_the_same(it, refund));
            if !is_known && !self.is_on_its_way(&ours, refund).await? {
                let taken = self.take_in(actor, payment, refund, list).await?;
                let is_new = known.iter().all(|it| it.id != taken.id);
                new += u64::from(is_new && taken.linked.is_none());
            }
        }
        if list.is_whole {
            for refund in &ours {
                self.miss(refund, list.refunds).await?;
            }
        }
        Ok(new)
    }

    /// One of ours that nobody has heard the end of: its own looks tell how it stands, and a line
    /// here would go on holding its amount after it failed.
    async fn is_on_its_way(&self, ours: &[Refund], found: &ListedRefund) -> Result<bool, Refusal> {
        if state_of(found) != ExternalState::Pending {
            return Ok(false);
        }
        for refund in ours.iter().filter(|it| it.state.is_open()) {
            let RefundEvidence { attempts, .. } = self.ledger.evidence(refund.id).await?;
            let named = |it: &Attempt| Some(&it.correlation) == found.correlation.as_ref();
            if attempts.iter().any(named) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn listed(
        &self,
        account: &Account,
        provider: &Arc<dyn Provider>,
        payment: &Payment,
    ) -> Result<Vec<ListedRefund>, Refusal> {
        let sold = SoldPayment {
            provider_payment_id: payment.provider_payment_id.clone(),
            capture_ids: payment
                .captures
                .iter()
                .filter_map(|capture| capture.capture_id.clone())
                .collect(),
            currency: payment.currency,
        };
        match provider.refunds_of(&sold) {
            Some(listing) => self.answered(account, provider, listing).await,
            None => Err(no_list()),
        }
    }

    async fn take_in(
        &self,
        actor: &Actor,
        payment: &Payment,
        found: &ListedRefund,
        list: &List<'_>,
    ) -> Result<ExternalRefund, Refusal> {
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
            state: state_of(found),
            source: list.source,
            origin: match list.source {
                ExternalSource::Sync => "the provider's list of refunds".to_owned(),
                _ => "the provider's answer about the order".to_owned(),
            },
            seen_at: list.begun,
            actor: actor.name.clone(),
            cadence: self.cadence(&payment.account),
            now: self.clock.now(),
        };
        Ok(self.ledger.record_external(sighting).await?)
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

fn no_list() -> Refusal {
    refusal::rule(
        "no_list",
        "this account's provider does not tell which refunds a payment has",
        "Compare the payment with the provider's portal.",
    )
}

/// A word that is not known counts as on its way: it holds its amount.
const fn state_of(found: &ListedRefund) -> ExternalState {
    match found.status {
        Some(Reported::Succeeded) => ExternalState::Done,
        Some(Reported::Failed) => ExternalState::Failed,
        Some(Reported::Reversed) => ExternalState::Reversed,
        Some(Reported::Pending | Reported::ActionRequired | Reported::Authorised) | None => {
            ExternalState::Pending
        }
    }
}

/// What was found elsewhere before stands as it did. One that turned out ours is evidence about
/// ours, and is judged there.
fn says_the_same(known: &ExternalRefund, found: &ListedRefund) -> bool {
    known.provider_refund_id.as_deref() == Some(found.provider_refund_id.as_str())
        && known.linked.is_none()
        && (known.amount, known.state) == (found.amount, state_of(found))
}

fn is_ours(refund: &Refund, found: &ListedRefund) -> bool {
    refund.provider_refund_id.as_deref() == Some(found.provider_refund_id.as_str())
}

/// The provider's list says of a refund of ours what the desk knows: nothing to write down.
fn agrees(refund: &Refund, found: &ListedRefund) -> bool {
    let same = match found.status {
        Some(Reported::Succeeded) => matches!(refund.state, State::Succeeded | State::Settled),
        Some(Reported::Pending | Reported::ActionRequired | Reported::Authorised) | None => {
            refund.state.is_open()
        }
        Some(Reported::Failed | Reported::Reversed) => matches!(
            refund.state,
            State::Failed | State::Rejected | State::Reversed | State::Canceled
        ),
    };
    let counted = refund.proven.unwrap_or(refund.content.amount);
    is_ours(refund, found) && same && found.amount == counted
}
