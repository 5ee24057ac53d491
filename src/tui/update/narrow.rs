//! The refunds and what waits, whose rows are all known: narrowed down as one types, sorted by a column.

use crate::tui::state::edit::Edit;
use crate::tui::state::narrow::Narrow;
use crate::tui::state::refunds::Sort;
use crate::tui::state::{Screen, layout};

use super::Turn;

impl Turn<'_> {
    /// What narrows the list down that lies below; none: it is asked for by its filter.
    fn narrow(&mut self) -> Option<&mut Narrow> {
        match self.app.screen {
            Screen::Payments => None,
            Screen::Refunds => Some(&mut self.app.refunds.narrow),
            Screen::ToDo => Some(&mut self.app.todo.narrow),
        }
    }

    /// Something was typed; false where another list is filtered.
    pub(super) fn edit_narrow(&mut self, edit: Edit) -> bool {
        let Some(narrow) = self.narrow() else {
            return false;
        };
        if narrow.typed.apply(edit) {
            let settled = self.app.settled_filter();
            if let Some(narrow) = self.narrow() {
                narrow.read(&settled);
            }
            self.narrowed();
        }
        true
    }

    /// Keeps the words, unless they cannot be read.
    pub(super) fn accept_narrow(&mut self) {
        let Some(narrow) = self.narrow() else {
            return;
        };
        let typed = narrow.typed.text().to_owned();
        narrow.read(&typed);
        if narrow.error.is_none() {
            self.app.layers.pop();
        }
        self.narrowed();
    }

    /// The whole list again; false: nothing was left out, or another list is filtered.
    pub(super) fn clear_narrow(&mut self) -> bool {
        let Some(narrow) = self.narrow().filter(|it| !it.typed.is_empty()) else {
            return false;
        };
        narrow.clear();
        self.narrowed();
        true
    }

    /// Sorts by the column after the present one, or before it, the way it is usually looked at.
    pub(super) fn sort_refunds(&mut self, forward: bool) {
        let steps = if forward { 1 } else { Sort::ALL.len() - 1 };
        let sort = self.app.refunds.sort.step(steps);
        self.app.refunds.sort_by(sort, sort.usual());
    }

    pub(super) fn turn_refunds(&mut self) {
        let refunds = &mut self.app.refunds;
        refunds.sort_by(refunds.sort, refunds.direction.turned());
    }

    fn narrowed(&mut self) {
        self.app.refunds.look();
        self.app.refunds.settle(layout::refund_rows(self.app.size));
        self.app.todo.settle(0, layout::todo_items(self.app.size));
    }
}
