//! The mouse, where it is wanted: the wheel moves, a click selects, a click on what is selected opens.
//! Nothing that changes anything can be clicked.

use crate::tui::action::Action;
use crate::tui::event::Mouse;
use crate::tui::state::{Screen, layout};

use super::Turn;

/// Rows a notch of the wheel moves.
const NOTCH: isize = 3;

impl Turn<'_> {
    pub(super) fn mouse(&mut self, mouse: Mouse) {
        match mouse {
            // Events under way when the mouse was given back are nobody's.
            _ if !self.app.mouse => {}
            Mouse::Wheel { down } => self.wheel(if down { 1 } else { -1 }),
            Mouse::Click { column, row } => self.click(column, row),
        }
    }

    /// On a caller's card each step may be a line or an entry.
    fn wheel(&mut self, way: isize) {
        match self.app.call() {
            Some(_) => (0..NOTCH).for_each(|_| self.step_rows(way)),
            None => self.step_rows(way * NOTCH),
        }
    }

    fn click(&mut self, column: u16, row: u16) {
        let list = self.app.size.0 - layout::pane_width(self.app.size);
        let beside = self.app.screen == Screen::Payments && column >= list;
        let Some(line) = row.checked_sub(layout::FIRST_ROW) else {
            return;
        };
        if !self.app.layers.is_empty() || beside {
            return;
        }
        if self.select_line(usize::from(line)) {
            self.act(Action::Open);
        }
    }

    /// Selects what stands on a line of the list; true when it was selected before.
    fn select_line(&mut self, line: usize) -> bool {
        let size = self.app.size;
        let app = &mut *self.app;
        let (rows, height) = match app.screen {
            Screen::Payments => (app.payments.rows.len(), layout::payment_rows(size)),
            Screen::Refunds => (app.refunds.count(), layout::refund_rows(size)),
            Screen::ToDo => (app.todo.listed().count(), layout::todo_items(size)),
        };
        let (top, cursor, line) = match app.screen {
            Screen::Payments => (app.payments.top, app.payments.cursor(), line),
            Screen::Refunds => (app.refunds.top, app.refunds.cursor(), line),
            Screen::ToDo => {
                let item = line / usize::from(layout::TODO_ITEM_ROWS);
                (app.todo.top, app.todo.cursor(), item)
            }
        };
        let at = top + line;
        if line >= height || at >= rows {
            return false;
        }
        match app.screen {
            Screen::Payments => app.payments.select_at(at, height),
            Screen::Refunds => app.refunds.select_at(at, height),
            Screen::ToDo => app.todo.select_at(at, height),
        }
        cursor == Some(at)
    }
}
