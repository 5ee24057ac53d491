//! What can still be stopped, and which refund the key for it is about.

use crate::domain::id::PaymentId;
use crate::domain::phone::{Call, Kin, What};
use crate::domain::refund::Refund;
use crate::domain::stopping::{self, Stopping, Terms};

use super::card::Card;
use super::refunds::Row;
use super::{App, Layer, phone};

impl App {
    /// Whether a refund can be stopped; none where there is nothing to say.
    pub fn stopping(&self, refund: &Refund) -> Option<Stopping> {
        let overview = self.overview.as_ref()?;
        let terms = self.account(&refund.account).map(|account| Terms {
            stops: account.stops,
            closes: account.batch_closes,
        });
        stopping::of(refund, terms.unwrap_or_default(), self.now, &overview.zone)
    }

    /// The refund that would be withdrawn or stopped: the one that is looked at or chosen; of a payment,
    /// the newest that can be. On a caller's card none of somebody who only has the same name.
    pub fn to_stop(&self) -> Option<Row> {
        for layer in self.layers.iter().rev() {
            match layer {
                Layer::Refund(page) => return Some(page.row.clone()),
                Layer::Payment { id, .. } => {
                    let card = self.card.as_ref().filter(|card| card.payment.id == *id);
                    return card.and_then(|card| self.newest_of(card));
                }
                Layer::Phone(page) => {
                    let entry = page.chosen().filter(|it| it.kin != Kin::Name)?;
                    return match page.chosen_row() {
                        Some(row) => Some(row),
                        None => self.newest_said(page.call.as_ref()?, entry.payment),
                    };
                }
                _ => {}
            }
        }
        self.focus_refund().cloned()
    }

    fn can_stop(&self, refund: &Refund) -> bool {
        self.stopping(refund).is_some_and(|it| it.is_possible())
    }

    fn newest_of(&self, card: &Card) -> Option<Row> {
        let stoppable = card.refunds.iter().filter(|it| self.can_stop(it));
        let refund = stoppable.max_by_key(|it| it.created_at)?.clone();
        Some(Row {
            refund,
            reference: card.payment.reference.clone(),
            payer: card.payment.payer.clone(),
            last4: card.payment.last4.clone(),
        })
    }

    fn newest_said(&self, call: &Call, payment: PaymentId) -> Option<Row> {
        let own = call.entries.iter().filter(|it| it.payment == payment);
        let refunds = own.filter_map(|it| match &it.what {
            What::Refund { refund, .. } if self.can_stop(refund) => Some((it, refund)),
            _ => None,
        });
        let (entry, refund) = refunds.max_by_key(|(_, refund)| refund.created_at)?;
        Some(phone::row(call, entry, refund))
    }
}
