//! The card of the payment looked at, and that of the next one in the same direction: it is there
//! before the key is pressed.

use crate::desk::face::{PaymentCard, Request};
use crate::domain::eligibility::Eligibility;
use crate::domain::payment::Payment;
use crate::tui::state::card::Card;
use crate::tui::state::slots::Slot;

use super::{Turn, convert};

impl Turn<'_> {
    /// Asks for the payment looked at, unless that was done or is known.
    pub(super) fn ask_for_card(&mut self) {
        let Some(id) = self.app.wanted_card() else {
            return;
        };
        if self.app.card_asked == Some(id) {
            return;
        }
        self.app.card_asked = Some(id);
        match self.app.near.take(id) {
            Some(card) => {
                // What was asked for before is not what is looked at now.
                self.app.slots.forget(Slot::Card);
                self.show_card(card);
            }
            None => self.ask(Slot::Card, Request::Payment(id.to_string())),
        }
    }

    /// Something about payments changed: no card is shown as it was known.
    pub(super) fn read_cards_anew(&mut self) {
        self.app.card_asked = None;
        self.app.slots.forget(Slot::Card);
        self.forget_cards_near();
    }

    /// What was read of payments that are not looked at counts no longer.
    pub(super) fn forget_cards_near(&mut self) {
        self.app.card_is_old = true;
        self.app.near.clear();
        self.app.slots.forget(Slot::Ahead);
    }

    pub(super) fn card_answered(&mut self, card: PaymentCard) {
        self.show_card(convert::card(card));
    }

    /// Nothing of it is on the screen yet.
    pub(super) fn card_ahead_answered(&mut self, card: PaymentCard) {
        self.app.near.ahead = Some(convert::card(card));
        self.app.dirty = false;
    }

    fn show_card(&mut self, card: Card) {
        self.row_answered(&card.payment, card.eligibility);
        let left = self.app.card.replace(card);
        let was_old = std::mem::take(&mut self.app.card_is_old);
        if !was_old && left.as_ref().map(|it| it.payment.id) != self.app.card_asked {
            self.app.near.left = left;
        }
        self.read_ahead();
    }

    /// Reads the card of the next row in the direction the hand went; the next one down, where it
    /// went nowhere.
    fn read_ahead(&mut self) {
        if !self.app.layers.is_empty() {
            return;
        }
        let rows = &self.app.payments.rows;
        let place = |card: Option<&Card>| {
            let id = card?.payment.id;
            rows.iter().position(|row| row.payment.id == id)
        };
        let Some(here) = place(self.app.card.as_ref()) else {
            return;
        };
        let next = match place(self.app.near.left.as_ref()) {
            Some(left) if left > here => here.checked_sub(1),
            _ => here.checked_add(1),
        };
        if let Some(row) = next.and_then(|next| rows.get(next)) {
            let id = row.payment.id;
            self.ask(Slot::Ahead, Request::Payment(id.to_string()));
        }
    }

    /// A row of the window keeps its place in the list: it moves only when the list is read anew.
    pub(super) fn row_answered(&mut self, payment: &Payment, eligibility: Eligibility) {
        let rows = &mut self.app.payments.rows;
        if let Some(row) = rows.iter_mut().find(|row| row.payment.id == payment.id) {
            row.payment = payment.clone();
            row.eligibility = eligibility;
            self.app.payments.marks.learn(row);
        }
    }
}
