//! Payments that look like one paid twice.

use super::face::{Draft, Refusal};
use super::judged::Judged;
use super::local::Local;
use super::refusal;
use crate::domain::id::PaymentId;
use crate::domain::payment::Twin;

/// Most payments asked about at once.
const MOST: usize = 1_000;

impl Local {
    /// Those of some payments that look like one paid twice.
    pub(super) async fn with_twins(
        &self,
        mut of: Vec<PaymentId>,
    ) -> Result<Vec<PaymentId>, Refusal> {
        of.truncate(MOST);
        let twins = self.ledger.twins(of.clone()).await?;
        let each = of.into_iter().zip(twins);
        Ok(each.filter_map(|(id, twin)| twin.map(|_| id)).collect())
    }

    /// The payment that looks like this one paid twice.
    pub(super) async fn twin_of(&self, payment: PaymentId) -> Result<Option<Twin>, Refusal> {
        Ok(self.ledger.twin(payment).await?)
    }

    /// A duplicate is given back once: not where its twin was given back already.
    pub(super) async fn twin_stands_against(
        &self,
        draft: &Draft,
        judged: &Judged,
    ) -> Result<Option<Refusal>, Refusal> {
        if draft.reason != "duplicate" {
            return Ok(None);
        }
        let twin = self.twin_of(judged.payment.id).await?;
        let back = twin.filter(|twin| twin.given_back.minor >= twin.paid.minor);
        Ok(back.map(|twin| {
            refusal::rule(
                "twin_refunded",
                format!(
                    "the payment it duplicates, {} on {}, was given back already",
                    twin.reference, twin.account
                ),
                "Look at both; if this one goes back too, give the reason why.",
            )
        }))
    }
}
