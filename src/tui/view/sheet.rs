//! A page that is read from the top.

use ratatui::layout::Position;

use crate::domain::sheet::Tone;
use crate::tui::state::sheet::Page;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::text;

use super::{Line, page};

pub(super) fn draw(shown: &Page, pen: &mut Pen<'_>) -> Option<Position> {
    let width = super::page_width(pen.area().width) - 4;
    page(pen, shown.title(), &lines(shown, width), shown.scroll)
}

pub(super) fn lines(shown: &Page, width: usize) -> Vec<Line> {
    let Some(sheet) = &shown.sheet else {
        let said = shown.failed.as_deref().unwrap_or("loading …");
        return vec![vec![(said.to_owned(), Role::Dim)]];
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
