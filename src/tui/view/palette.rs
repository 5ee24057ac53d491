//! Commands by name.

use ratatui::layout::Position;

use crate::tui::action::enabled;
use crate::tui::state::App;
use crate::tui::state::palette::Palette;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{field, text};

/// The longest short name there is.
const SHORT_CELLS: usize = 16;

pub(super) fn draw(app: &App, palette: &Palette, pen: &mut Pen<'_>) -> Option<Position> {
    let found = palette.found(app.context_below(), &app.recent);
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
    match palette.handle(found.is_empty()) {
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
    for (y, (at, spec)) in found.iter().enumerate().skip(top).take(rows).enumerate() {
        let usable = enabled(spec.action, app);
        let selected = at == palette.cursor;
        let role = match (selected, usable.is_ok()) {
            (true, true) => Role::Selected,
            (false, true) => Role::Text,
            _ => Role::Dim,
        };
        if selected {
            inside.put(0, y + 2, "▸", Role::Selected);
        }
        let keys = app
            .keymap
            .keys_of(spec.action, app.context_below())
            .first()
            .cloned()
            .unwrap_or_default();
        let room = width.saturating_sub(2 + 10);
        let said = usable.err().map_or(spec.long.to_owned(), |reason| reason.0);
        inside.put(
            2,
            y + 2,
            &text::left(
                &format!("{} {said}", text::left(spec.short, SHORT_CELLS)),
                room,
            ),
            role,
        );
        inside.put_right(y + 2, &[(keys, Role::Key)]);
    }
    Some(cursor_at(&inside, cursor))
}

fn cursor_at(inside: &Pen<'_>, cursor: usize) -> Position {
    let x = u16::try_from(cursor).unwrap_or(0);
    Position::new(inside.area().x + x, inside.area().y)
}
