//! A line of typed text.

use super::pen::Pen;
use super::text;
use crate::tui::state::edit::LineEdit;
use crate::tui::theme::Role;

/// Writes a field of `room` cells and returns the column of its cursor. What does not fit scrolls,
/// so that the cursor is always in view.
pub fn draw(pen: &mut Pen<'_>, x: usize, y: usize, room: usize, edit: &LineEdit) -> usize {
    let before = text::width(edit.before_cursor());
    let skip = skipped(edit, room);
    let mut visible = String::new();
    let mut passed = 0;
    for grapheme in edit.graphemes() {
        let cells = text::width(grapheme);
        if passed >= skip && passed + cells <= skip + room {
            visible.push_str(grapheme);
        }
        passed += cells;
    }
    pen.put(x, y, &text::left(&visible, room), Role::Input);
    x + before - skip
}

/// How many cells are scrolled out on the left.
fn skipped(edit: &LineEdit, room: usize) -> usize {
    text::width(edit.before_cursor()).saturating_sub(room.saturating_sub(1))
}

/// Marks what is wrong in a field: `wrong`, which begins so many characters into the text.
pub fn mark(
    pen: &mut Pen<'_>,
    (x, y): (usize, usize),
    room: usize,
    edit: &LineEdit,
    at: usize,
    wrong: &str,
) {
    let before: String = edit.text().chars().take(at).collect();
    let skip = skipped(edit, room);
    // What is partly scrolled out is not marked: the message names it.
    if let Some(from) = text::width(&before).checked_sub(skip)
        && from < room
    {
        let shown = text::left(wrong, (room - from).min(text::width(wrong)));
        pen.put(x + from, y, &shown, Role::Bad);
    }
}
