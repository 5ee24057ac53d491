//! A line of typed text.

use super::pen::Pen;
use super::text;
use crate::tui::state::edit::LineEdit;
use crate::tui::theme::Role;

/// Writes a field of `room` cells and returns the column of its cursor. What does not fit scrolls,
/// so that the cursor is always in view.
pub fn draw(pen: &mut Pen<'_>, x: usize, y: usize, room: usize, edit: &LineEdit) -> usize {
    let before = text::width(edit.before_cursor());
    let skip = before.saturating_sub(room.saturating_sub(1));
    let mut visible = String::new();
    let mut passed = 0;
    for grapheme in edit.graphemes() {
        let cells = text::cells(grapheme);
        if passed >= skip && passed + cells <= skip + room {
            visible.push_str(grapheme);
        }
        passed += cells;
    }
    pen.put(x, y, &text::left(&visible, room), Role::Input);
    x + before - skip
}
