//! From what a person typed to the one payment or refund meant.

use super::face::Refusal;
use super::local::Local;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::payment::Payment;
use crate::ledger::{PaymentDossier, RefundSummary};

/// How many candidates are named when a handle means several.
const CANDIDATES: usize = 5;
/// Enough to know that there are more.
const ONE_MORE: u32 = 6;

impl Local {
    /// The payment a handle names: our id, `ACCOUNT/PROVIDER_ID` or a unique reference.
    pub(super) async fn payment_named(&self, handle: &str) -> Result<Payment, Refusal> {
        self.payment_meant(handle)
            .await?
            .ok_or_else(|| Refusal::not_found("payment", handle))
    }

    /// As [`Local::payment_named`]; `None` when there is none.
    pub(super) async fn payment_meant(&self, handle: &str) -> Result<Option<Payment>, Refusal> {
        let meant = self.payments_meant(handle).await?;
        only("payment", handle, meant, in_words)
    }

    /// The payment a handle names, with all that is kept about it.
    pub(super) async fn dossier_named(&self, handle: &str) -> Result<PaymentDossier, Refusal> {
        let meant = self.ledger.payment_dossiers(handle.to_owned(), ONE_MORE);
        let words = |known: &PaymentDossier| in_words(&known.payment);
        only("payment", handle, meant.await?, words)?
            .ok_or_else(|| Refusal::not_found("payment", handle))
    }

    async fn payments_meant(&self, handle: &str) -> Result<Vec<Payment>, Refusal> {
        Ok(self
            .ledger
            .find_payments(handle.to_owned(), ONE_MORE)
            .await?)
    }

    /// The payment of an id.
    pub(super) async fn payment_of(&self, id: PaymentId) -> Result<Payment, Refusal> {
        self.ledger
            .payment(id)
            .await?
            .ok_or_else(|| Refusal::not_found("payment", &id.to_string()))
    }

    /// The refund a handle names: our id, `ACCOUNT/PROVIDER_ID`, the end of our id, or the
    /// reference of a payment that has just one refund.
    pub(super) async fn refund_named(&self, handle: &str) -> Result<RefundSummary, Refusal> {
        self.refund_meant(handle)
            .await?
            .ok_or_else(|| Refusal::not_found("refund", handle))
    }

    /// As [`Local::refund_named`]; `None` when there is none.
    pub(super) async fn refund_meant(
        &self,
        handle: &str,
    ) -> Result<Option<RefundSummary>, Refusal> {
        let mut ids = self.ledger.find_refunds(handle.to_owned()).await?;
        // A whole id means nothing else; the end of one may be a reference too.
        if handle.parse::<RefundId>().is_err() {
            ids.extend(self.refunds_referred_to(handle).await?);
            ids.sort_unstable();
            ids.dedup();
        }
        let mut found = Vec::new();
        for id in ids {
            found.push(self.refund_of(id).await?);
        }
        let words = |summary: &RefundSummary| {
            let refund = &summary.refund;
            let stands = refund.state.words();
            format!("{} ({}, {stands})", refund.id, refund.content.amount)
        };
        only("refund", handle, found, words)
    }

    /// The refunds of payments with this reference. Not of one found otherwise: an id of a payment
    /// where a refund is asked for is more likely a slip.
    async fn refunds_referred_to(&self, reference: &str) -> Result<Vec<RefundId>, Refusal> {
        let mut refunds = Vec::new();
        for payment in self.payments_meant(reference).await? {
            let known = payment.reference.as_deref();
            if known.is_some_and(|known| known.eq_ignore_ascii_case(reference)) {
                refunds.extend(self.refund_ids(payment.id).await?);
            }
        }
        Ok(refunds)
    }

    /// The ids of a payment's refunds, oldest first.
    pub(super) async fn refund_ids(&self, payment: PaymentId) -> Result<Vec<RefundId>, Refusal> {
        let refunds = self.ledger.refunds_of(payment).await?;
        Ok(refunds.iter().map(|refund| refund.id).collect())
    }

    /// The refund of an id.
    pub(super) async fn refund_of(&self, id: RefundId) -> Result<RefundSummary, Refusal> {
        self.ledger
            .refund(id)
            .await?
            .ok_or_else(|| Refusal::not_found("refund", &id.to_string()))
    }
}

fn in_words(payment: &Payment) -> String {
    format!(
        "{} ({}/{})",
        payment.id, payment.account, payment.provider_payment_id
    )
}

/// The one that was found. Of several none is taken: they are named, so that a person can choose.
fn only<T>(
    what: &str,
    handle: &str,
    mut found: Vec<T>,
    words: impl Fn(&T) -> String,
) -> Result<Option<T>, Refusal> {
    if found.len() < 2 {
        return Ok(found.pop());
    }
    let mut candidates: Vec<String> = found.iter().take(CANDIDATES).map(words).collect();
    if found.len() > CANDIDATES {
        candidates.push("and others".to_owned());
    }
    Err(Refusal::ambiguous(what, handle, &candidates))
}
