//! What can still be stopped, and which refund the key for it is about.

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

    /// The refund that would be withdrawn or stopped: the one that is looked at; of a payment, the newest
    /// that can be; of a caller's own, the chosen one, else the newest that can be.
    pub fn to_stop(&self) -> Option<Row> {
        for layer in self.layers.iter().rev() {
            match layer {
                Layer::Payment { id, .. } => {
                    let card = self.card.as_ref().filter(|card| card.payment.id == *id);
                    return card.and_then(|card| self.newest_of(card));
                }
                Layer::Phone(page) => {
                    let call = page.call.as_ref()?;
                    return self.said_to_stop(page, call);
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

    fn said_to_stop(&self, page: &phone::Page, call: &Call) -> Option<Row> {
        let own = page.chosen().filter(|it| it.kin != Kin::Name);
        let chosen = own.and_then(|_| page.chosen_row());
        chosen
            .filter(|row| self.can_stop(&row.refund))
            .or_else(|| self.newest_said(call))
    }

    /// Of the caller's own: who only has the same name may be somebody else.
    fn newest_said(&self, call: &Call) -> Option<Row> {
        let own = call.entries.iter().filter(|it| it.kin != Kin::Name);
        let refunds = own.filter_map(|it| match &it.what {
            What::Refund { refund, .. } if self.can_stop(refund) => Some((it, refund)),
            _ => None,
        });
        let (entry, refund) = refunds.max_by_key(|(_, refund)| refund.created_at)?;
        Some(phone::row(call, entry, refund))
    }
}
