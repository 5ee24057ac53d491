//! The keys of the screen below, by group, with the reason when one cannot be used now.

use ratatui::layout::Position;

use crate::tui::action::{ACTIONS, enabled};
use crate::tui::state::App;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::text;

use super::{Line, heading, page};

pub(super) fn draw(app: &App, scroll: usize, pen: &mut Pen<'_>) -> Option<Position> {
    let width = super::page_width(pen.area().width) - 4;
    let title = format!("Help · {}", app.context_below().name());
    page(pen, &title, &lines(app, width), scroll)
}

pub(super) fn lines(app: &App, width: usize) -> Vec<Line> {
    const KEY_CELLS: usize = 16;
    let context = app.context_below();
    let mut lines: Vec<Line> = Vec::new();
    let mut group = "";
    for spec in ACTIONS.iter().filter(|spec| spec.is_in(context)) {
        if group != spec.group {
            group = spec.group;
            heading(&mut lines, group);
        }
        let keys = app.keymap.keys_of(spec.action, context).join(", ");
        let reason = enabled(spec.action, app).err();
        let role = if reason.is_some() {
            Role::Dim
        } else {
            Role::Text
        };
        let mut line = vec![
            (text::left(&keys, KEY_CELLS), Role::Key),
            (spec.long.to_owned(), role),
        ];
        if let Some(reason) = reason {
            let room = width.saturating_sub(KEY_CELLS + text::width(spec.long) + 3);
            line.push((
                text::truncate(&format!(" – {}", reason.0), room),
                Role::Warn,
            ));
        }
        lines.push(line);
    }
    lines
}
