//! The one place where state changes: an event comes in, effects come out.

use chrono::{DateTime, Utc};

use crate::desk::face::{Notice, Refusal, Reply, Request};

use super::action::{Action, enabled};
use super::effect::Effect;
use super::event::Mouse;
use super::keymap::Key;
use super::state::slots::Slot;
use super::state::toast::{Level, Toast};
use super::state::{App, Layer};

mod activity;
mod ahead;
mod answer;
mod bulk;
mod compose;
mod convert;
mod decide;
mod drafts;
mod drill;
mod find;
mod form;
mod keys;
mod line;
mod mouse;
mod narrow;
mod news;
mod paging;
mod phone;
mod radar;
mod requests;
mod review;
mod sending;
mod sheet;
mod shift;
mod todo;
mod told;
mod twins;
mod undo;
mod views;
mod walk;

pub use drafts::parting;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// The desk was opened.
    Opened,
    /// A key was pressed.
    Key(Key),
    /// The mouse was used.
    Mouse(Mouse),
    /// A line was typed.
    Line(String),
    /// Text was pasted.
    Pasted(String),
    /// The terminal has another size.
    Resized(u16, u16),
    /// The desk answered.
    Answer {
        /// What was asked for.
        slot: Slot,
        /// The number of the request.
        seq: u64,
        /// The answer.
        reply: Box<Result<Reply, Refusal>>,
    },
    /// The desk told something.
    Notice(Notice),
    /// Notices were missed.
    Lagged,
    /// A dialog is on the screen, and what was typed before it is forgotten.
    Armed,
    /// Time went by.
    Woke,
}

/// Takes in what happened and says what follows.
pub fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    let mut turn = Turn {
        app,
        effects: Vec::new(),
    };
    turn.take(msg);
    turn.drill_looks();
    turn.ask_for_card();
    turn.cover_again();
    turn.effects
}

/// One change of state under way.
struct Turn<'a> {
    app: &'a mut App,
    effects: Vec<Effect>,
}

impl Turn<'_> {
    fn take(&mut self, msg: Msg) {
        self.app.dirty = true;
        self.drop_old_toasts();
        let rested = self.rest();
        match msg {
            Msg::Opened => self.open(),
            Msg::Key(key) => self.key(key),
            Msg::Mouse(mouse) => self.mouse(mouse),
            Msg::Line(line) => self.line(&line),
            Msg::Pasted(text) => self.paste(&text),
            Msg::Resized(width, height) => self.resize((width, height)),
            Msg::Answer { slot, seq, reply } => self.answer(slot, seq, *reply),
            Msg::Notice(notice) => self.notice(notice),
            Msg::Lagged => self.refresh(),
            Msg::Armed => self.arm(),
            Msg::Woke => self.look_at_the_clock(),
        }
        // Whatever it was that came: what waited for the hand is to be drawn.
        self.app.dirty |= rested;
    }

    /// Whether the hand rests from now on. A clock that was put back does not keep it moving.
    fn rest(&mut self) -> bool {
        let now = self.app.now;
        let moving = |until: &DateTime<Utc>| *until > now && *until <= now + walk::REST;
        let was = self.app.moving_until;
        self.app.moving_until = was.filter(moving);
        was.is_some() && self.app.moving_until.is_none()
    }

    fn open(&mut self) {
        self.ask(Slot::Overview, Request::Overview);
        self.ask_todo();
        self.open_payments();
        self.open_views();
        if self.app.may_drill {
            let key = self.app.keymap.key(Action::Drill);
            self.say(
                Level::Info,
                format!(
                    "new here? {key} begins a drill of two minutes; nothing here is real money"
                ),
            );
        }
        self.ask_drafts();
    }

    fn resize(&mut self, size: (u16, u16)) {
        self.app.fit(size);
        self.settle_lists();
    }

    fn drop_old_toasts(&mut self) {
        let now = self.app.now;
        self.app
            .toasts
            .retain(|toast| toast.until.is_none_or(|until| until > now));
    }

    /// Asks the desk; an answer to an earlier request of the slot no longer counts.
    fn ask(&mut self, slot: Slot, request: Request) {
        let seq = self.app.slots.next(slot);
        self.effects.push(Effect::Ask {
            slot,
            seq,
            request: Box::new(request),
        });
    }

    fn say(&mut self, level: Level, text: impl Into<String>) {
        let toast = Toast::new(level, text.into(), self.app.now);
        self.app.said.keep(self.app.now, level, &toast.text);
        self.app.toasts.push(toast);
        // Three are enough to read; older ones have had their time, errors last.
        let toasts = &mut self.app.toasts;
        while toasts.len() > 3 {
            let mut older = toasts.iter().take(3);
            let passes = older.position(|toast| toast.level != Level::Error);
            toasts.remove(passes.unwrap_or(0));
        }
    }

    /// Does an action, or says why it cannot be done.
    fn act(&mut self, action: Action) {
        if let Err(reason) = enabled(action, self.app) {
            self.say(Level::Info, reason.0);
            return;
        }
        self.walk(action);
    }

    /// Who paid is covered again once the card on which it was asked for is closed.
    fn cover_again(&mut self) {
        let Some(revealed) = &self.app.revealed else {
            return;
        };
        let open = self.app.layers.iter().any(|layer| match layer {
            Layer::Payment { id, .. } => *id == revealed.payment,
            Layer::Refund(page) => page.row.refund.content.payment == revealed.payment,
            Layer::Phone(page) => page.chosen_payment() == revealed.payment,
            _ => false,
        });
        if !open {
            self.app.revealed = None;
        }
    }

    fn push(&mut self, layer: Layer) {
        self.app.layers.push(layer);
    }

    fn form(&mut self) -> Option<&mut super::state::compose::Compose> {
        self.app
            .layers
            .iter_mut()
            .rev()
            .find_map(|layer| match layer {
                Layer::Compose(form) => Some(&mut **form),
                _ => None,
            })
    }
}

#[cfg(test)]
mod tests;
