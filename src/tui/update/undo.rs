//! What was dropped is brought back: marks, a saved view, a draft.

use crate::desk::face::{DraftAsk, Request, ViewsAsk};
use crate::tui::action::Action;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::state::undo::Dropped;
use crate::tui::widget::words;

use super::Turn;

impl Turn<'_> {
    /// Takes all marks away.
    pub(super) fn drop_marks(&mut self) {
        let marks = std::mem::take(&mut self.app.payments.marks);
        let count = words::counted(marks.count(), "mark");
        self.dropped(Dropped::Marks(marks), &format!("{count} taken away"));
    }

    /// Says what was dropped, and keeps it until something else is.
    pub(super) fn dropped(&mut self, what: Dropped, said: &str) {
        self.app.dropped = Some(what);
        let key = self.app.keymap.key(Action::Undo);
        self.say(Level::Info, format!("{said}; {key} undoes that"));
    }

    pub(super) fn undo(&mut self) {
        let said = match self.app.dropped.take() {
            None => return,
            Some(Dropped::Marks(marks)) => {
                self.app.payments.marks.join(marks);
                let count = self.app.payments.marks.count();
                format!("{} again", words::counted(count, "mark"))
            }
            Some(Dropped::View(view)) => {
                let said = format!("view {} is kept again", view.name);
                self.ask(Slot::Views, Request::Views(ViewsAsk::Save(view)));
                said
            }
            Some(Dropped::Draft(payment, typed)) => {
                let ask = DraftAsk::Park { payment, typed };
                self.ask(Slot::Drafts, Request::Drafts(ask));
                "the draft is kept again".to_owned()
            }
        };
        self.say(Level::Info, said);
    }
}
