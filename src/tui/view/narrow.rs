//! The line above a list that is narrowed down by words.

use ratatui::layout::Position;

use crate::tui::state::narrow::Narrow;
use crate::tui::state::{App, Layer};
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{field, text};

/// The words are being typed.
pub(super) fn is_typed(app: &App) -> bool {
    let filter = |layer: &Layer| matches!(layer, Layer::Filter);
    app.layers.iter().any(filter)
}

/// What is being typed, and what can be.
pub(super) fn typed(narrow: &Narrow, pen: &mut Pen<'_>) -> Position {
    let hint = " payer, reference, id, amount, account, state";
    let room = pen.width().saturating_sub(3);
    let width = room.saturating_sub(text::width(hint)).max(10).min(room);
    pen.put(1, 0, "/", Role::Key);
    let cursor = field::draw(pen, 3, 0, width, &narrow.typed);
    let beside = room.saturating_sub(width);
    pen.put(3 + width, 0, &text::truncate(hint, beside), Role::Dim);
    let x = u16::try_from(cursor).unwrap_or(u16::MAX);
    Position::new(pen.area().x.saturating_add(x), pen.area().y)
}

/// The words in force, beside the tabs that end at `x`; `taken` cells at the right are not free.
pub(super) fn chip(narrow: &Narrow, pen: &mut Pen<'_>, x: usize, taken: usize) {
    if narrow.is_empty() {
        return;
    }
    let clears = "  esc clears";
    let room = pen
        .width()
        .saturating_sub(x + taken + text::width(clears) + 1);
    let said = text::truncate(&format!("/ {}", narrow.typed.text()), room.max(4));
    let x = pen.put(x, 0, &said, Role::Key);
    pen.put(x, 0, clears, Role::Dim);
}
