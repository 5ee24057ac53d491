//! What is said to a payer, and the note that may be given to them.

use crate::desk::face::{Refusal, Request};
use crate::domain::id::PaymentId;
use crate::domain::phone::{Call, What};
use crate::domain::trace::TraceNote;
use crate::tui::effect::Effect;
use crate::tui::state::Layer;
use crate::tui::state::phone::Page;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;

use super::Turn;

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
            page.call = Some(call);
            page.failed = None;
        }
    }

    pub(super) fn call_refused(&mut self, refusal: &Refusal) {
        if let Some(page) = self.phone() {
            page.failed = Some(refusal.message.clone());
        }
        self.say_refusal(refusal);
    }

    /// Copies the sentence of the newest refund of the card that is open; false: there is none.
    pub(super) fn copy_sentence(&mut self) -> bool {
        let Some(Layer::Phone(page)) = self.app.layers.last() else {
            return false;
        };
        let entries = page.call.iter().flat_map(|call| &call.entries);
        let said = entries.into_iter().find_map(|entry| match &entry.what {
            What::Refund { said, .. } if entry.payment == page.payment => Some(said.clone()),
            _ => None,
        });
        let Some(said) = said else {
            return false;
        };
        self.say(
            Level::Info,
            "the sentence about its newest refund was sent to the terminal's clipboard (OSC 52)",
        );
        self.effects.push(Effect::Copy(said));
        true
    }

    /// Asks for the note about a refund; it is copied when it comes.
    pub(super) fn trace(&mut self) {
        if let Some(row) = self.app.focus_refund() {
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
