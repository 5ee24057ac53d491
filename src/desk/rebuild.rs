//! A balance compared with its provider's own list of refunds: what was made elsewhere is taken in,
//! what is ours and not there opens a discrepancy.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::face::{Actor, Notice, Refusal, Reply};
use super::listed::{Told, has_another_id, is_live, is_ours, told};
use super::local::Local;
use super::refusal;
use super::turns::{Asking, Patience};
use crate::domain::evidence::Evidence;
use crate::domain::external::{ExternalRefund, ExternalSource, ExternalState};
use crate::domain::id::RefundId;
use crate::domain::payment::Payment;
use crate::domain::refund::{Kind, ObservationSource, Refund};
use crate::domain::state::State;
use crate::ledger::{RefundEvidence, Sighting};
use crate::providers::listing::Span;
use crate::providers::{Finding, ListedRefund, SoldPayment};

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

/// What a list had beyond what was known.
#[derive(Default)]
struct TakenIn {
    /// How many refunds made elsewhere are new.
    new: u64,
    /// Those of ours that it shows.
    shows: BTreeSet<RefundId>,
}

/// A payment's list of refunds was read to its end.
pub(super) struct Compared {
    /// Refunds in it.
    pub listed: u64,
    /// Made elsewhere, and not known before.
    pub found: u64,
    /// Those of ours that it shows, however they stand.
    pub shows: BTreeSet<RefundId>,
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
        let asking = self.asking(account, &provider, Patience::None);
        if provider.listing().is_some() {
            self.read_again(actor, &asking, &payment).await?;
            // Asked for by a person: all of it is read again.
            let afresh = Payment {
                verified_at: None,
                ..payment.clone()
            };
            let compared = self.compare(actor, &asking, &afresh).await?;
            let mark = (payment.id, compared.until);
            self.ledger.mark_verified(vec![mark]).await?;
        } else {
            let begun = self.clock.now();
            let listed = listed(&asking, &payment).await?;
            let list = List {
                refunds: &listed,
                is_whole: true,
                source: ExternalSource::Inquiry,
                begun,
            };
            let known = self.ledger.externals_of(payment.id).await?;
            self.take_all_in(actor, &payment, &known, &list).await?;
        }
        self.tell(Notice::Changed);
        self.payment_card(&payment.id.to_string()).await
    }

    /// Reads a payment's list of refunds: all of it the first time, and while one made elsewhere is
    /// on its way; else only what can be new, for lists go by when a refund was made.
    pub(super) async fn compare(
        &self,
        actor: &Actor,
        asking: &Asking<'_>,
        payment: &Payment,
    ) -> Result<Compared, Refusal> {
        let begun = self.clock.now();
        let Some(listing) = asking.provider.listing() else {
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
        let refunds = asking.ask(listing.refunds(id, span, asking)).await?;
        let list = List {
            refunds: &refunds,
            is_whole: read_before.is_none(),
            source: ExternalSource::Sync,
            begun,
        };
        let taken = self.take_all_in(actor, payment, &known, &list).await?;
        Ok(Compared {
            listed: refunds.len() as u64,
            found: taken.new,
            shows: taken.shows,
            until: begun,
        })
    }

    /// Writes down what a list says beyond what is known.
    async fn take_all_in(
        &self,
        actor: &Actor,
        payment: &Payment,
        known: &[ExternalRefund],
        list: &List<'_>,
    ) -> Result<TakenIn, Refusal> {
        let ours = self.ledger.refunds_of(payment.id).await?;
        let mut lines = Vec::with_capacity(list.refunds.len());
        for found in list.refunds {
            lines.push((found, self.named(&ours, found).await?));
        }
        let mut taken = TakenIn::default();
        for (found, named) in &lines {
            let copies = lines
                .iter()
                .filter(|(it, of)| named.is_some() && of == named && is_live(it));
            match told(found, *named, copies.count(), known) {
                Told::Nothing => {}
                Told::OfOurs(refund, evidence) => self.hear_of(refund, found, evidence).await?,
                Told::Seen(state) => {
                    let external = self.take_in(actor, payment, found, state, list).await?;
                    let is_new = known.iter().all(|it| it.id != external.id);
                    taken.new += u64::from(is_new && external.linked.is_none());
                }
            }
        }
        taken.shows = lines.iter().filter_map(|it| Some(it.1?.id)).collect();
        if list.is_whole {
            // A second payout under our reference does not stand for the first one.
            let is_there = |ours: &Refund| {
                let it = |(found, of): &(&ListedRefund, Option<&Refund>)| {
                    of.is_some_and(|of| of.id == ours.id) && !has_another_id(ours, found)
                };
                lines.iter().any(it)
            };
            for refund in ours.iter().filter(|it| !is_there(it)) {
                self.miss(refund).await?;
            }
        }
        Ok(taken)
    }

    /// The refund of ours that a line names: by the provider's id, or by the reference of one of its
    /// attempts; never by its amount.
    async fn named<'a>(
        &self,
        ours: &'a [Refund],
        found: &ListedRefund,
    ) -> Result<Option<&'a Refund>, Refusal> {
        let by_id = ours.iter().find(|it| is_ours(it, found));
        let Some(reference) = found.correlation.as_ref().filter(|_| by_id.is_none()) else {
            return Ok(by_id);
        };
        for refund in ours {
            let RefundEvidence { attempts, .. } = self.ledger.evidence(refund.id).await?;
            if attempts.iter().any(|it| it.correlation == *reference) {
                return Ok(Some(refund));
            }
        }
        Ok(None)
    }

    /// The list is evidence about one of ours, as an answer to an inquiry would be.
    async fn hear_of(
        &self,
        refund: &Refund,
        found: &ListedRefund,
        evidence: Evidence,
    ) -> Result<(), Refusal> {
        let summary = self.refund_of(refund.id).await?;
        // It moved since it was compared: the next look tells.
        if summary.refund.state != refund.state {
            return Ok(());
        }
        let finding = Finding {
            provider_refund_id: Some(found.provider_refund_id.clone()),
            ..Finding::new(evidence, "found in the provider's list of refunds")
        };
        let record = self.evidence_of(&summary, &finding, ObservationSource::Inquiry, None);
        let change = self.ledger.record(record).await?;
        self.changed(change.summary);
        Ok(())
    }

    async fn take_in(
        &self,
        actor: &Actor,
        payment: &Payment,
        found: &ListedRefund,
        state: ExternalState,
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
            compensation: found.compensation,
            state,
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
    async fn miss(&self, refund: &Refund) -> Result<(), Refusal> {
        let paid = matches!(refund.state, State::Succeeded | State::Settled);
        if !paid || refund.content.kind != Kind::Refund {
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

/// The refunds of a payment that its provider tells in one answer.
async fn listed(asking: &Asking<'_>, payment: &Payment) -> Result<Vec<ListedRefund>, Refusal> {
    let sold = SoldPayment {
        provider_payment_id: payment.provider_payment_id.clone(),
        capture_ids: payment
            .captures
            .iter()
            .filter_map(|capture| capture.capture_id.clone())
            .collect(),
        currency: payment.currency,
    };
    match asking.provider.refunds_of(&sold) {
        Some(listing) => asking.ask_once(listing).await,
        None => Err(no_list()),
    }
}

fn no_list() -> Refusal {
    refusal::rule(
        "no_list",
        "this account's provider does not tell which refunds a payment has",
        "Compare the payment with the provider's portal.",
    )
}
