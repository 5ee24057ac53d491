//! From what a person typed to the one payment or refund meant.

use super::face::Refusal;
use super::local::Local;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::payment::Payment;
use crate::ledger::RefundSummary;

impl Local {
    /// The payment a handle names: our id, `ACCOUNT/PROVIDER_ID` or a unique reference.
    pub(super) async fn payment_named(&self, handle: &str) -> Result<Payment, Refusal> {
        let found = self.ledger.find_payments(handle.to_owned(), 2).await?;
        match found.as_slice() {
            [] => Err(Refusal::not_found("payment", handle)),
            [id] => self.payment_of(*id).await,
            _ => Err(Refusal::ambiguous("payment", handle)),
        }
    }

    /// The payment of an id.
    pub(super) async fn payment_of(&self, id: PaymentId) -> Result<Payment, Refusal> {
        self.ledger
            .payment(id)
            .await?
            .ok_or_else(|| Refusal::not_found("payment", &id.to_string()))
    }

    /// The refund a handle names: our id, `ACCOUNT/PROVIDER_ID` or the end of our id.
    pub(super) async fn refund_named(&self, handle: &str) -> Result<RefundSummary, Refusal> {
        let found = self.ledger.find_refunds(handle.to_owned()).await?;
        match found.as_slice() {
            [] => Err(Refusal::not_found("refund", handle)),
            [id] => self.refund_of(*id).await,
            _ => Err(Refusal::ambiguous("refund", handle)),
        }
    }

    /// The refund of an id.
    pub(super) async fn refund_of(&self, id: RefundId) -> Result<RefundSummary, Refusal> {
        self.ledger
            .refund(id)
            .await?
            .ok_or_else(|| Refusal::not_found("refund", &id.to_string()))
    }
}
