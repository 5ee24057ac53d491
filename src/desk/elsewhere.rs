//! What happened outside this desk: found, linked, followed, cleared up.

use super::compose::tidy;
use super::face::{
    Actor, CloseDiscrepancy, DisputeReport, ExternalNews, LinkExternal, Notice, Refusal, Reply,
};
use super::local::Local;
use super::personal::{masked_all, masked_one};
use super::refusal;
use crate::ledger::{Cadence, Closing, DiscrepancyFilter, DisputeNews, Linking, Sighting};

impl Local {
    /// All discrepancies, oldest first.
    pub(super) async fn discrepancies(&self, closed: bool) -> Result<Reply, Refusal> {
        let filter = DiscrepancyFilter {
            closed,
            ..DiscrepancyFilter::default()
        };
        let found = self.ledger.discrepancies(filter).await?;
        Ok(Reply::Discrepancies(masked_all(found)))
    }

    /// Closes a discrepancy; what it held back goes on once nothing else does.
    pub(super) async fn close_discrepancy(
        &self,
        actor: &Actor,
        close: CloseDiscrepancy,
    ) -> Result<Reply, Refusal> {
        self.writable()?;
        let alert = close.note.trim().is_empty() && self.is_alert(close.id).await?;
        let closing = Closing {
            id: close.id,
            note: match alert {
                true => String::new(),
                false => said(&close.note)?,
            },
            accept: close.accept,
            actor: actor.name.clone(),
            now: self.clock.now(),
        };
        let closed = self.ledger.close_discrepancy(closing).await?;
        self.tell(Notice::Changed);
        self.bell.notify_one();
        Ok(Reply::Discrepancy(Box::new(masked_one(closed))))
    }

    /// An alert may be acknowledged without a word.
    async fn is_alert(&self, id: i64) -> Result<bool, Refusal> {
        let open = self.ledger.discrepancies(DiscrepancyFilter::default());
        Ok(open
            .await?
            .iter()
            .any(|it| it.id == id && it.kind.is_alert()))
    }

    /// Says who looks after a discrepancy.
    pub(super) async fn assign_discrepancy(
        &self,
        actor: &Actor,
        id: i64,
        owner: &str,
    ) -> Result<Reply, Refusal> {
        self.writable()?;
        let (owner, by) = (said(owner)?, actor.name.clone());
        let now = self.clock.now();
        let assigned = self.ledger.assign_discrepancy(id, owner, by, now).await?;
        self.tell(Notice::Changed);
        Ok(Reply::Discrepancy(Box::new(masked_one(assigned))))
    }

    /// Writes down a refund made elsewhere.
    pub(super) async fn record_external(
        &self,
        actor: &Actor,
        news: ExternalNews,
    ) -> Result<Reply, Refusal> {
        self.writable()?;
        let payment = self.payment_named(&news.payment).await?;
        let sighting = Sighting {
            payment: payment.id,
            capture_id: news.capture_id,
            provider_refund_id: news.provider_refund_id,
            correlation: news.correlation,
            amount: news.amount,
            compensation: news.compensation,
            state: news.state,
            source: news.source,
            origin: tidy(&news.origin)?,
            seen_at: news.seen_at,
            actor: actor.name.clone(),
            cadence: self.cadence(&payment.account),
            now: self.clock.now(),
        };
        let found = self.ledger.record_external(sighting).await?;
        self.tell(Notice::Changed);
        Ok(Reply::External(Box::new(found)))
    }

    /// Links a refund made elsewhere to one of ours, or takes the link off.
    pub(super) async fn link_external(
        &self,
        actor: &Actor,
        link: LinkExternal,
    ) -> Result<Reply, Refusal> {
        self.writable()?;
        let ours = match &link.refund {
            Some(handle) => Some(self.refund_named(handle).await?.refund),
            None => None,
        };
        let account = ours.as_ref().map_or("", |ours| ours.account.as_str());
        let linking = Linking {
            external: link.external,
            refund: ours.as_ref().map(|ours| ours.id),
            note: said(&link.note)?,
            actor: actor.name.clone(),
            cadence: self.cadence(account),
            now: self.clock.now(),
        };
        let linked = self.ledger.link_external(linking).await?;
        self.tell(Notice::Changed);
        self.bell.notify_one();
        Ok(Reply::External(Box::new(linked)))
    }

    /// Writes down a dispute, or how far it has come.
    pub(super) async fn record_dispute(
        &self,
        actor: &Actor,
        report: DisputeReport,
    ) -> Result<Reply, Refusal> {
        self.writable()?;
        let news = DisputeNews {
            payment: self.payment_named(&report.payment).await?.id,
            capture_id: report.capture_id,
            provider_dispute_id: said(&report.provider_dispute_id)?,
            amount: report.amount,
            stage: report.stage,
            deadline: report.deadline,
            actor: actor.name.clone(),
            now: self.clock.now(),
        };
        let dispute = self.ledger.record_dispute(news).await?;
        self.tell(Notice::Changed);
        Ok(Reply::Dispute(Box::new(dispute)))
    }

    pub(super) fn cadence(&self, account: &str) -> Cadence {
        Cadence {
            pace: self.settings.pace,
            spread: 500,
            watch: self
                .account(account)
                .map_or_else(Default::default, |account| account.profile.watch),
            retry_after: None,
        }
    }
}

/// A text that must say something.
pub(super) fn said(text: &str) -> Result<String, Refusal> {
    let text = tidy(text.trim())?;
    if text.is_empty() {
        return Err(refusal::usage(
            "empty",
            "a text is missing",
            "Say it in a few words.",
        ));
    }
    Ok(text)
}
