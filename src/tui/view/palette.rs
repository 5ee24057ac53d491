//! Commands by name.

use ratatui::layout::Position;

use crate::tui::action::enabled;
use crate::tui::state::App;
use crate::tui::state::palette::{Found, Palette};
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{field, text};

/// The longest short name there is.
const SHORT_CELLS: usize = 16;

pub(super) fn draw(app: &App, palette: &Palette, pen: &mut Pen<'_>) -> Option<Position> {
    let found = app.offered(palette);
    let area = pen.area();
    let height = (found.len() + 4).clamp(6, 18).min(pen.height());
    let wide = area.width.saturating_sub(8).clamp(64, 96);
    let mut pen = pen.part(super::centered(area, wide.into(), height));
    let mut inside = pen.panel("Commands");
    let width = inside.width();
    inside.put(0, 0, ":", Role::Key);
    let cursor = field::draw(&mut inside, 2, 0, width.saturating_sub(2), &palette.typed);
    let rows = inside.height().saturating_sub(2);
    let top = palette.cursor.saturating_sub(rows.saturating_sub(1));
    match palette.handle(&found) {
        Some(handle) => {
            let said = format!("enter: go to payment or refund {handle}");
            inside.put(
                2,
                2,
                &text::truncate(&said, width.saturating_sub(2)),
                Role::Text,
            );
            return Some(cursor_at(&inside, cursor));
        }
        None if found.is_empty() => {
            inside.put(2, 2, "no command of this screen", Role::Dim);
        }
        None => {}
    }
    for (y, (at, it)) in found.iter().enumerate().skip(top).take(rows).enumerate() {
        let selected = at == palette.cursor;
        row(app, it, selected, &mut inside.rows(y + 2, 1));
    }
    Some(cursor_at(&inside, cursor))
}

fn row(app: &App, found: &Found<'_>, selected: bool, pen: &mut Pen<'_>) {
    let (short, said, usable, key) = match found {
        Found::Command(spec) => {
            let reason = enabled(spec.action, app).err();
            let usable = reason.is_none();
            let said = reason.map_or(spec.long.to_owned(), |reason| reason.0);
            let keys = app.keymap.keys_of(spec.action, app.context_below());
            let key = keys.into_iter().next().unwrap_or_default();
            (spec.short.to_owned(), said, usable, key)
        }
        Found::View(view) => {
            let filter = match view.filter.as_str() {
                "" => "all payments",
                filter => filter,
            };
            let said = format!("{}: {filter}", view.name);
            ("view".to_owned(), said, true, String::new())
        }
    };
    let role = match (selected, usable) {
        (true, true) => Role::Selected,
        (false, true) => Role::Text,
        _ => Role::Dim,
    };
    if selected {
        pen.put(0, 0, "▸", Role::Selected);
    }
    let room = pen.width().saturating_sub(2 + 10);
    let line = format!("{} {said}", text::left(&short, SHORT_CELLS));
    pen.put(2, 0, &text::left(&line, room), role);
    pen.put_right(0, &[(key, Role::Key)]);
}

fn cursor_at(inside: &Pen<'_>, cursor: usize) -> Position {
    let x = u16::try_from(cursor).unwrap_or(0);
    Position::new(inside.area().x + x, inside.area().y)
}
