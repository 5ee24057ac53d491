//! The Radar screen: counted when it is opened, when it is asked for, and when something moved.

use crate::desk::face::{Refusal, Request};
use crate::domain::radar::Radar;
use crate::tui::state::Layer;
use crate::tui::state::radar::Page;
use crate::tui::state::slots::Slot;

use super::Turn;

impl Turn<'_> {
    pub(super) fn show_radar(&mut self) {
        self.leave_all();
        self.push(Layer::Radar(Box::default()));
        self.ask_radar();
    }

    fn radar(&mut self) -> Option<&mut Page> {
        self.app.layers.iter_mut().find_map(|layer| match layer {
            Layer::Radar(page) => Some(&mut **page),
            _ => None,
        })
    }

    pub(super) fn ask_radar(&mut self) {
        if self.radar().is_some() {
            self.ask(Slot::Radar, Request::Radar);
        }
    }

    /// A refund moved: the figures follow, but not every time.
    pub(super) fn radar_moved(&mut self) {
        let now = self.app.now;
        let waiting = self.app.slots.is_waiting(Slot::Radar);
        if !waiting && self.radar().is_some_and(|page| page.is_stale(now)) {
            self.ask_radar();
        }
    }

    pub(super) fn radar_answered(&mut self, radar: Radar) {
        if let Some(page) = self.radar() {
            page.radar = Some(radar);
            page.failed = None;
        }
    }

    pub(super) fn radar_refused(&mut self, refusal: &Refusal) {
        if let Some(page) = self.radar() {
            page.failed = Some(refusal.message.clone());
        }
        self.say_refusal(refusal);
    }
}
