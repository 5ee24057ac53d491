//! The order view: every payment of an order with what became of it, and the sums.

use super::face::{Refusal, Reply};
use super::local::Local;
use super::personal::masked;
use crate::domain::order::{Order, Part};
use crate::ledger::OrderPart;

impl Local {
    /// The order of that name, or of the payment or refund a handle means.
    pub(super) async fn order(&self, handle: &str) -> Result<Reply, Refusal> {
        let handle = handle.trim();
        let (named, more) = self.ledger.order(handle.to_owned()).await?;
        if !named.is_empty() {
            return Ok(self.order_of(Some(handle.to_owned()), named, more));
        }
        let payment = match self.payment_meant(handle).await? {
            Some(payment) => payment,
            None => match self.refund_meant(handle).await? {
                Some(found) => self.payment_of(found.refund.content.payment).await?,
                None => return Err(Refusal::not_found("order", handle)),
            },
        };
        let Some(name) = payment.order else {
            let alone = self.ledger.order_part(payment.id).await?;
            return Ok(self.order_of(None, vec![alone], false));
        };
        let (parts, more) = self.ledger.order(name.clone()).await?;
        Ok(self.order_of(Some(name), parts, more))
    }

    fn order_of(&self, name: Option<String>, parts: Vec<OrderPart>, more: bool) -> Reply {
        let at = self.clock.now();
        let payments = parts.into_iter().map(|part| Part {
            eligibility: self.judge(&part.payment, at),
            payment: masked(part.payment),
            refunds: part.refunds,
            // One that is linked is ours, and stands there already.
            external: part
                .external
                .into_iter()
                .filter(|it| it.linked.is_none())
                .collect(),
            disputes: part.disputes,
        });
        Reply::Order(Box::new(Order {
            at,
            zone: self.settings.zone.name().to_owned(),
            name,
            payments: payments.collect(),
            more,
        }))
    }
}
