//! The drill: begun, watched and left. What it asks for is done by the desk's own keys.

use crate::domain::refund::Refund;
use crate::tui::effect::Effect;
use crate::tui::state::drill::Drill;
use crate::tui::state::toast::Level;
use crate::tui::state::{Layer, Screen};

use super::Turn;

impl Turn<'_> {
    /// Begins the drill, or leaves it.
    pub(super) fn turn_drill(&mut self) {
        match self.app.drill.take() {
            Some(drill) => self.sit_down(drill.maker, None),
            None => {
                self.app.drill = Some(Drill::new(&self.app.actor));
                self.show(Screen::Payments);
            }
        }
        self.resize(self.app.terminal);
    }

    /// The other person of the drill sits down, or the first again.
    pub(super) fn change_seats(&mut self) {
        let Some(drill) = &self.app.drill else {
            return;
        };
        let (maker, checker) = (drill.maker.clone(), drill.checker.clone());
        match self.app.actor == maker {
            true => self.sit_down(checker.clone(), Some(checker)),
            false => self.sit_down(maker, None),
        }
    }

    fn sit_down(&mut self, name: String, stands_in: Option<String>) {
        if self.app.actor == name {
            return;
        }
        self.say(Level::Info, format!("you are {name} now"));
        self.app.actor = name;
        self.effects.push(Effect::StandIn(stands_in));
        // Who asks decides what waits for them.
        self.leave_all();
        self.app.dropped = None;
        self.refresh();
    }

    pub(super) fn drill_saw(&mut self, refund: &Refund) {
        if let Some(drill) = &mut self.app.drill {
            drill.saw(refund);
        }
    }

    /// A filter that is kept, and payments under it; a refund that is opened.
    pub(super) fn drill_looks(&mut self) {
        let filtering = matches!(self.app.layers.last(), Some(Layer::Filter));
        let found = !self.app.payments.filter.is_empty() && !self.app.payments.rows.is_empty();
        let opened = self.app.layers.iter().find_map(|layer| match layer {
            Layer::Refund(page) => Some(page.row.refund.id),
            _ => None,
        });
        let Some(drill) = &mut self.app.drill else {
            return;
        };
        if found && !filtering {
            drill.found();
        }
        if let Some(refund) = opened {
            drill.looked_at(refund);
        }
    }
}
