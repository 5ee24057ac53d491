//! Choosing columns, and saved views: small lists over the payments.

use ratatui::layout::Position;

use crate::domain::listing::Direction;
use crate::domain::view::View;
use crate::tui::action::Action;
use crate::tui::state::App;
use crate::tui::state::slots::Slot;
use crate::tui::state::views::Columns;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::text;

const WIDTH: usize = 64;

/// Which columns are shown, in their order.
pub(super) fn columns(app: &App, columns: &Columns, pen: &mut Pen<'_>) -> Option<Position> {
    let lines: Vec<(String, Role)> = columns
        .choice
        .iter()
        .map(|(column, shown)| match shown {
            true => (format!("[x] {}", column.name()), Role::Text),
            false => (format!("[ ] {}", column.name()), Role::Dim),
        })
        .collect();
    let hint = match app.payments.columns.is_empty() {
        true => "as the desk has them: as many as fit".to_owned(),
        false => {
            let key = app.keymap.key(Action::ResetColumns);
            format!("as many as fit: hide one to make room; {key}: as at first")
        }
    };
    list(pen, "Columns", &lines, columns.cursor, &hint)
}

/// What is saved, and what each says.
pub(super) fn views(app: &App, cursor: usize, pen: &mut Pen<'_>) -> Option<Position> {
    let views = &app.views.saved;
    let lines: Vec<(String, Role)> = views.iter().map(|it| (line(it), Role::Text)).collect();
    let key = app.keymap.key(Action::SaveView);
    let hint = match views.is_empty() {
        _ if !app.views.is_known && app.slots.refusal(Slot::Views).is_some() => {
            "the saved views could not be read: see the error below".to_owned()
        }
        _ if !app.views.is_known => "loading …".to_owned(),
        true => format!("no view is saved yet; {key} saves the list as it is"),
        false => format!("{key} saves the list as it is"),
    };
    list(pen, "Saved views", &lines, cursor, &hint)
}

fn line(view: &View) -> String {
    let filter = match view.filter.as_str() {
        "" => "all payments",
        filter => filter,
    };
    let way = match view.direction {
        Direction::Descending => "",
        Direction::Ascending => ", ascending",
    };
    let columns = match view.columns.len() {
        0 => String::new(),
        1 => ", 1 column".to_owned(),
        count => format!(", {count} columns"),
    };
    let by = view.sort.name();
    let name = text::left(&view.name, text::width(&view.name).max(16));
    format!("{name} {filter}; by {by}{way}{columns}")
}

fn list(
    pen: &mut Pen<'_>,
    title: &str,
    lines: &[(String, Role)],
    cursor: usize,
    hint: &str,
) -> Option<Position> {
    let area = pen.area();
    let height = (lines.len() + 4).max(5).min(pen.height());
    let mut pen = pen.part(super::centered(area, WIDTH, height));
    let mut inside = pen.panel(title);
    let rows = inside.height().saturating_sub(2);
    let room = inside.width().saturating_sub(2);
    let top = cursor.saturating_sub(rows.saturating_sub(1));
    for (y, (at, (said, role))) in lines.iter().enumerate().skip(top).take(rows).enumerate() {
        if at == cursor {
            inside.put(0, y, "▸", Role::Selected);
        }
        inside.put(2, y, &text::truncate(said, room), *role);
    }
    let last = inside.height().saturating_sub(1);
    let width = inside.width();
    inside.put(0, last, &text::truncate(hint, width), Role::Dim);
    let y = u16::try_from(cursor - top).ok()?;
    let area = inside.area();
    (y < area.height).then(|| Position::new(area.x, area.y + y))
}
