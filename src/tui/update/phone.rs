//! What is said to a payer, and the note that may be given to them.

use crate::desk::face::{Refusal, Request};
use crate::domain::id::PaymentId;
use crate::domain::phone::{Call, What};
use crate::domain::trace::TraceNote;
use crate::tui::effect::Effect;
use crate::tui::state::phone::Page;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::state::{Layer, layout};
use crate::tui::view;

use super::Turn;
use super::walk::{Step, scroll_by};

/// About what an entry takes.
const ENTRY_LINES: usize = 5;

impl Turn<'_> {
    pub(super) fn open_phone(&mut self) {
        if let Some(payment) = self.app.focus_payment() {
            self.push(Layer::Phone(Box::new(Page::of(payment))));
            self.ask_call();
        }
    }

    fn phone(&mut self) -> Option<&mut Page> {
        let mut layers = self.app.layers.iter_mut().rev();
        layers.find_map(|layer| match layer {
            Layer::Phone(page) => Some(&mut **page),
            _ => None,
        })
    }

    /// Asks for the card that is open.
    pub(super) fn ask_call(&mut self) {
        if let Some(payment) = self.phone().map(|page| page.payment) {
            self.ask(Slot::Phone, Request::Call(payment.to_string()));
        }
    }

    /// Asks for the card that is open, if a payment stands on it.
    pub(super) fn ask_call_about(&mut self, payment: PaymentId) {
        let stands = |page: &mut Page| {
            let entries = page.call.iter().flat_map(|call| &call.entries);
            entries.into_iter().any(|entry| entry.payment == payment)
        };
        if self.phone().is_some_and(stands) {
            self.ask_call();
        }
    }

    pub(super) fn call_answered(&mut self, call: Call) {
        if let Some(page) = self.phone().filter(|page| page.payment == call.payment) {
            page.answered(call);
            self.show_chosen();
        }
    }

    /// Moves from entry to entry; one that is longer than the page is read to its end first.
    pub(super) fn step_card(&mut self, step: &Step) {
        let (first, end) = view::chosen_entry(self.app);
        let limit = view::scroll_limit(self.app);
        let height = layout::page_rows(self.app.size);
        let Some(page) = self.phone() else {
            return;
        };
        let last = page.call.as_ref().map_or(0, |call| call.entries.len());
        let last = last.saturating_sub(1);
        match *step {
            Step::Rows(1) if end > page.scroll + height => page.scroll += 1,
            Step::Rows(1) if page.cursor == last => page.scroll = limit,
            Step::Last => (page.cursor, page.scroll) = (last, limit),
            Step::Rows(-1) if first < page.scroll => page.scroll -= 1,
            _ => {
                scroll_by(&mut page.cursor, step, height / ENTRY_LINES, last);
                self.show_chosen();
            }
        }
    }

    /// The card is scrolled no further than the chosen entry needs.
    fn show_chosen(&mut self) {
        if !matches!(self.app.layers.last(), Some(Layer::Phone(_))) {
            return;
        }
        let (first, end) = view::chosen_entry(self.app);
        let limit = view::scroll_limit(self.app);
        let height = layout::page_rows(self.app.size);
        if let Some(page) = self.phone() {
            let scroll = page.scroll.max(end.saturating_sub(height)).min(first);
            page.scroll = scroll.min(limit);
        }
    }

    /// The page of what is chosen: of a refund of ours its own, else that of the payment.
    pub(super) fn open_entry(&mut self) {
        let chosen = self
            .phone()
            .map(|page| (page.chosen_row(), page.chosen_payment()));
        match chosen {
            Some((Some(row), _)) => self.open_refund(row),
            Some((None, id)) => self.push(Layer::Payment { id, scroll: 0 }),
            None => {}
        }
    }

    pub(super) fn call_refused(&mut self, refusal: &Refusal) {
        if let Some(page) = self.phone() {
            page.failed = Some(refusal.message.clone());
        }
        self.say_refusal(refusal);
    }

    /// Copies the sentence of the chosen refund of the card that is open, else of the newest of the chosen
    /// payment; false: there is none.
    pub(super) fn copy_sentence(&mut self) -> bool {
        let Some(Layer::Phone(page)) = self.app.layers.last() else {
            return false;
        };
        let payment = page.chosen_payment();
        let entries = page.call.iter().flat_map(|call| &call.entries);
        let of_payment = entries.filter(|entry| entry.payment == payment);
        let said = page.chosen().into_iter().chain(of_payment);
        let said = said.filter_map(|entry| match &entry.what {
            What::Refund { refund, said } => Some((refund.content.amount, said.clone())),
            _ => None,
        });
        let Some((amount, said)) = said.into_iter().next() else {
            return false;
        };
        self.say(
            Level::Info,
            format!("the sentence about the refund of {amount} was sent to the terminal's clipboard (OSC 52)"),
        );
        self.effects.push(Effect::Copy(said));
        true
    }

    /// Asks for the note about a refund; it is copied when it comes.
    pub(super) fn trace(&mut self) {
        if let Some(row) = self.app.refund_at_hand() {
            let id = row.refund.id.to_string();
            self.ask(Slot::Trace, Request::Trace(id));
        }
    }

    pub(super) fn trace_answered(&mut self, note: &TraceNote) {
        let said = format!(
            "trace note sent to the clipboard (OSC 52); as a file: refund-desk trace {} --to FILE",
            note.refund.short()
        );
        self.say(Level::Info, said);
        self.effects.push(Effect::Copy(note.text()));
    }
}
