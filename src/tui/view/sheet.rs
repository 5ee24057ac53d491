//! A page that is read from the top.

use std::borrow::Cow;

use ratatui::layout::Position;

use crate::domain::sheet::{Sheet, Tone};
use crate::tui::state::App;
use crate::tui::state::sheet::{About, Page};
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{sheets, text};

use super::{Line, page};

pub(super) fn draw(app: &App, shown: &Page, pen: &mut Pen<'_>) -> Option<Position> {
    let width = super::page_width(pen.area().width) - 4;
    page(pen, shown.title(), &lines(app, shown, width), shown.scroll)
}

/// What the page says: as it was answered, or as the desk's own state has it.
pub(super) fn sheet<'a>(app: &App, shown: &'a Page) -> Option<Cow<'a, Sheet>> {
    match shown.about {
        About::Sums => Some(Cow::Owned(sheets::sums(app))),
        About::Messages => Some(Cow::Owned(sheets::messages(app))),
        _ => shown.sheet.as_ref().map(Cow::Borrowed),
    }
}

pub(super) fn lines(app: &App, shown: &Page, width: usize) -> Vec<Line> {
    let Some(sheet) = sheet(app, shown) else {
        let said = shown.failed.as_deref().unwrap_or("loading …");
        let parts = text::wrap(said, width).into_iter();
        return parts.map(|part| vec![(part, Role::Dim)]).collect();
    };
    let mut lines = Vec::new();
    for line in &sheet.0 {
        let role = match line.tone {
            Tone::Head => Role::Title,
            Tone::Plain => Role::Text,
            Tone::Quiet => Role::Dim,
            Tone::Alarm => Role::Alarm,
        };
        if line.tone == Tone::Head && !lines.is_empty() {
            lines.push(Vec::new());
        }
        let (indent, room) = (" ".repeat(line.indent), width.saturating_sub(line.indent));
        let parts = text::wrap(&line.text, room).into_iter();
        lines.extend(parts.map(|part| vec![(indent.clone(), role), (part, role)]));
    }
    lines
}
