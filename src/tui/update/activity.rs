//! The Activity screen: pages of the audit as far as somebody looks.

use crate::desk::face::{Refusal, Request};
use crate::domain::audit::{AuditEntry, AuditFilter};
use crate::tui::state::Layer;
use crate::tui::state::activity::{Activity, PAGE_ENTRIES};
use crate::tui::state::edit::{Edit, LineEdit};
use crate::tui::state::slots::Slot;

use super::Turn;

impl Turn<'_> {
    pub(super) fn show_activity(&mut self) {
        self.leave_all();
        self.push(Layer::Activity(Box::default()));
        self.ask_activity();
    }

    fn activity(&mut self) -> Option<&mut Activity> {
        self.app.layers.iter_mut().find_map(|layer| match layer {
            Layer::Activity(page) => Some(&mut **page),
            _ => None,
        })
    }

    /// The newest entries, or those before the oldest that is known.
    fn ask_activity(&mut self) {
        let Some(page) = self.activity() else {
            return;
        };
        let filter = AuditFilter {
            before: page.rows.last().map(|it| it.seq).filter(|_| !page.anew),
            ..page.filter.clone()
        };
        let limit = PAGE_ENTRIES;
        self.ask(Slot::Activity, Request::Audit { filter, limit });
    }

    /// Whoever wants the list read anew wants to see its beginning.
    pub(super) fn back_to_the_newest(&mut self) {
        if let Some(page) = self.activity() {
            page.scroll = 0;
        }
    }

    /// Something was done: whoever looks at the newest sees it. Whoever reads further down does not
    /// have the lines moved.
    pub(super) fn activity_moved(&mut self) {
        let at_top = |page: &Activity| page.scroll == 0 && page.loaded && !page.typing;
        if self.activity().is_some_and(|page| at_top(page))
            && self.app.slots.may_ask(Slot::Activity)
        {
            if let Some(page) = self.activity() {
                page.anew = true;
            }
            self.ask_activity();
        }
    }

    /// Reads on when the end of what is known is looked at.
    pub(super) fn activity_scrolled(&mut self, limit: usize) {
        let waiting = self.app.slots.is_waiting(Slot::Activity);
        let more = |page: &Activity| page.scroll >= limit && page.loaded && !page.at_end;
        if !waiting && self.activity().is_some_and(|page| more(page)) {
            self.ask_activity();
        }
    }

    pub(super) fn activity_answered(&mut self, entries: Vec<AuditEntry>) {
        if let Some(page) = self.activity() {
            page.at_end = entries.len() < PAGE_ENTRIES as usize;
            if std::mem::take(&mut page.anew) {
                page.rows.clear();
            }
            page.rows.extend(entries.into_iter().rev());
            page.loaded = true;
            page.failed = None;
        }
    }

    pub(super) fn activity_refused(&mut self, refusal: &Refusal) {
        if let Some(page) = self.activity() {
            page.failed = Some(refusal.message.clone());
            page.loaded = true;
            page.at_end = true;
        }
        self.say_refusal(refusal);
    }

    /// Begins to type what is to be shown; false where another list is filtered.
    pub(super) fn filter_activity(&mut self) -> bool {
        match self.app.layers.last_mut() {
            Some(Layer::Activity(page)) => {
                page.typing = true;
                true
            }
            _ => false,
        }
    }

    /// Something was typed; false where another list is filtered.
    pub(super) fn edit_activity(&mut self, edit: Edit) -> bool {
        match self.app.layers.last_mut() {
            Some(Layer::Activity(page)) => {
                page.typed.apply(edit);
                true
            }
            _ => false,
        }
    }

    /// What was typed is what is wanted: the list is read anew.
    pub(super) fn accept_activity(&mut self) {
        if let Some(page) = self.activity() {
            page.typing = false;
            let filter = Activity::parse(page.typed.text());
            *page = Activity {
                typed: LineEdit::new(page.typed.text()),
                filter,
                ..Activity::default()
            };
        }
        self.ask_activity();
    }

    /// One step back within the screen: what is typed, what is left out. False: there is none.
    pub(super) fn back_in_activity(&mut self) -> bool {
        let Some(Layer::Activity(page)) = self.app.layers.last_mut() else {
            return false;
        };
        if !page.typing && page.typed.is_empty() {
            return false;
        }
        page.typed = LineEdit::default();
        self.accept_activity();
        true
    }
}
