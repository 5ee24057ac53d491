//! Pages that are read from the top: the handover, an order.

use crate::desk::face::{Refusal, Request};
use crate::domain::handover::Handover;
use crate::domain::order::Order;
use crate::domain::sheet::Sheet;
use crate::tui::effect::Effect;
use crate::tui::state::Layer;
use crate::tui::state::sheet::{About, Page};
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::widget::words;

use super::Turn;

impl Turn<'_> {
    pub(super) fn show_handover(&mut self) {
        self.app.layers.clear();
        self.open_sheet(About::Handover);
    }

    pub(super) fn open_order(&mut self) {
        if let Some(payment) = self.app.focus_payment() {
            self.open_sheet(About::Order(payment));
        }
    }

    fn open_sheet(&mut self, about: About) {
        self.push(Layer::Sheet(Box::new(Page::of(about))));
        self.ask_sheet();
    }

    fn sheet(&mut self) -> Option<&mut Page> {
        let mut layers = self.app.layers.iter_mut().rev();
        layers.find_map(|layer| match layer {
            Layer::Sheet(page) => Some(&mut **page),
            _ => None,
        })
    }

    /// Asks for the page that is open.
    pub(super) fn ask_sheet(&mut self) {
        let request = match self.sheet().map(|page| page.about) {
            None => return,
            Some(About::Handover) => Request::Handover { since: None },
            Some(About::Order(payment)) => Request::Order(payment.to_string()),
        };
        self.ask(Slot::Sheet, request);
    }

    pub(super) fn handover_answered(&mut self, handover: &Handover) {
        let zone = words::zone(self.app);
        self.sheet_answered(handover.sheet(&zone), |about| *about == About::Handover);
    }

    pub(super) fn order_answered(&mut self, order: &Order) {
        let zone = words::zone(self.app);
        self.sheet_answered(order.sheet(&zone), |about| matches!(about, About::Order(_)));
    }

    fn sheet_answered(&mut self, sheet: Sheet, fits: impl Fn(&About) -> bool) {
        if let Some(page) = self.sheet().filter(|page| fits(&page.about)) {
            page.sheet = Some(sheet);
            page.failed = None;
        }
    }

    pub(super) fn sheet_refused(&mut self, refusal: &Refusal) {
        if let Some(page) = self.sheet() {
            page.failed = Some(refusal.message.clone());
        }
        self.say_refusal(refusal);
    }

    /// Copies the page that is open, as text; false: there is none.
    pub(super) fn copy_sheet(&mut self) -> bool {
        let Some(Layer::Sheet(page)) = self.app.layers.last() else {
            return false;
        };
        let Some(text) = page.sheet.as_ref().map(Sheet::text) else {
            return false;
        };
        self.say(
            Level::Info,
            "the page was sent to the terminal's clipboard (it must support OSC 52)",
        );
        self.effects.push(Effect::Copy(text));
        true
    }
}
