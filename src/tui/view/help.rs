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
        let room = width.saturating_sub(KEY_CELLS).max(1);
        let named = text::left(&keys, KEY_CELLS);
        let said = text::wrap(spec.long, room).into_iter().map(|it| (it, role));
        let why = reason.map_or_else(Vec::new, |it| {
            text::wrap(&format!("not now: {}", it.0), room)
        });
        let said = said.chain(why.into_iter().map(|it| (it, Role::Warn)));
        lines.extend(said.enumerate().map(|(at, piece)| {
            let first = if at == 0 { named.as_str() } else { "" };
            vec![(text::left(first, KEY_CELLS), Role::Key), piece]
        }));
    }
    lines
}
