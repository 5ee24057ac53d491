//! The line above a list that is narrowed down by words.

use ratatui::layout::Position;

use crate::domain::query::FilterError;
use crate::tui::state::edit::LineEdit;
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
pub(super) fn typed(app: &App, narrow: &Narrow, pen: &mut Pen<'_>) -> Position {
    let hint = "payer, reference, id; account: amount:>100 state:unknown";
    line(app, &narrow.typed, narrow.error.as_ref(), hint, pen)
}

/// A filter that is being typed: what it could become, else what is wrong with it, else a hint. A term
/// half typed is no mistake while it can be completed.
pub(super) fn line(
    app: &App,
    typed: &LineEdit,
    error: Option<&FilterError>,
    hint: &str,
    pen: &mut Pen<'_>,
) -> Position {
    let choices = app.completion().choices;
    let (said, role) = match error {
        _ if !choices.is_empty() => (format!("tab: {}", choices.join(" ")), Role::Dim),
        Some(error) => (error.to_string(), Role::Bad),
        None => (hint.to_owned(), Role::Dim),
    };
    let room = pen.width().saturating_sub(3);
    let needed = text::width(typed.text()) + 1;
    let width = room
        .saturating_sub(text::width(&said) + 1)
        .clamp(20.min(room), needed.max(40).min(room));
    pen.put(1, 0, "/", Role::Key);
    let cursor = field::draw(pen, 3, 0, width, typed);
    if let Some(error) = error {
        field::mark(pen, (3, 0), width, typed, error.at, &error.wrong);
    }
    let beside = text::truncate(&format!(" {said}"), room.saturating_sub(width));
    pen.put(3 + width, 0, &beside, role);
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
