//! Finding: the filter as it is typed, and the way straight to what was named.

use crate::desk::face::{PaymentCard, RefundCard, Refusal, Request};
use crate::domain::id::RefundId;
use crate::domain::query;
use crate::tui::state::desk::Overview;
use crate::tui::state::edit::{Edit, LineEdit};
use crate::tui::state::refunds::Page;
use crate::tui::state::slots::Slot;
use crate::tui::state::{Layer, Screen};

use super::{Turn, convert};

impl Turn<'_> {
    /// The filter changed under the operator's fingers: the list follows, unless it cannot be read;
    /// then the last good one stays.
    pub(super) fn filter_typed(&mut self) {
        self.app.payments.open_only = false;
        let settled = self.app.settled_filter();
        self.read_filter(&settled);
    }

    fn read_filter(&mut self, typed: &str) {
        let known = self.app.overview.as_ref().map(Overview::names);
        let read = query::parse(typed, self.app.now.date_naive());
        let read = read.and_then(|filter| match known {
            Some(known) => query::check_accounts(typed, &known).map(|()| filter),
            None => Ok(filter),
        });
        match read {
            Ok(filter) => {
                self.app.payments.error = None;
                if filter != self.app.payments.filter {
                    self.app.payments.filter = filter;
                    self.open_payments();
                }
            }
            Err(error) => self.app.payments.error = Some(error),
        }
    }

    pub(super) fn clear_filter(&mut self) {
        self.app.payments.typed = LineEdit::default();
        self.filter_typed();
    }

    /// Types what all that the word could become have in common.
    pub(super) fn complete_filter(&mut self) {
        let common = self.app.completion().common();
        let mut here = false;
        for character in common.chars() {
            let edit = Edit::Insert(character);
            here = !self.edit_activity(edit)
                && !self.edit_narrow(edit)
                && self.app.payments.typed.apply(edit);
        }
        if here {
            self.filter_typed();
        }
    }

    /// Keeps the filter. What it leaves alone is opened, now or when it is known.
    pub(super) fn accept_filter(&mut self) {
        if self.app.screen != Screen::Payments {
            self.accept_narrow();
            return;
        }
        let typed = self.app.payments.typed.text().to_owned();
        self.read_filter(&typed);
        if self.app.payments.error.is_some() {
            return;
        }
        self.app.layers.pop();
        self.app.payments.open_only = !self.app.payments.filter.is_empty();
        if !self.app.slots.is_waiting(Slot::Page) {
            self.open_only();
        }
    }

    /// Opens the payment that was waited for, if it is the only one and nobody went on meanwhile.
    pub(super) fn open_only(&mut self) {
        let wanted = std::mem::take(&mut self.app.payments.open_only);
        let here = self.app.layers.is_empty() && self.app.screen == Screen::Payments;
        if let Some(id) = self.app.payments.only().filter(|_| wanted && here) {
            self.push(Layer::Payment { id, scroll: 0 });
        }
    }

    /// Goes to what a reference or an id names.
    pub(super) fn jump(&mut self, handle: &str) {
        let handle = handle.to_owned();
        self.app.jump.clone_from(&handle);
        match handle.parse::<RefundId>() {
            Ok(_) => self.ask(Slot::JumpRefund, Request::Refund(handle)),
            Err(_) => self.ask(Slot::Jump, Request::Payment(handle)),
        }
    }

    pub(super) fn jumped(&mut self, card: PaymentCard) {
        let id = card.payment.id;
        self.show(Screen::Payments);
        self.app.card_asked = Some(id);
        self.card_answered(card);
        self.push(Layer::Payment { id, scroll: 0 });
    }

    pub(super) fn jumped_to_refund(&mut self, card: RefundCard) {
        let row = convert::refund_row(card.row.clone());
        self.show(Screen::Refunds);
        self.push(Layer::Refund(Box::new(Page {
            row,
            evidence: Some(convert::evidence(card)),
            scroll: 0,
        })));
    }

    /// No payment alone is called so: it may be a refund. If not, the list shows what comes near.
    pub(super) fn jump_refused(&mut self, slot: Slot, refusal: &Refusal) {
        let handle = self.app.jump.clone();
        if slot == Slot::Jump && refusal.code == "not_found" {
            return self.ask(Slot::JumpRefund, Request::Refund(handle));
        }
        self.show(Screen::Payments);
        self.app.payments.typed = LineEdit::new(&quoted(&handle));
        self.filter_typed();
    }
}

/// Text for the filter that is only text.
fn quoted(handle: &str) -> String {
    format!("\"{}\"", handle.replace('"', ""))
}
