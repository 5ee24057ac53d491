//! What one was composing and left.

use ratatui::layout::Position;

use crate::domain::parked::Parked;
use crate::domain::reason;
use crate::tui::state::App;
use crate::tui::state::slots::Slot;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{text, words};

use super::{Line, awaited, page};

pub(super) fn draw(app: &App, pen: &mut Pen<'_>) -> Option<Position> {
    let width = super::page_width(pen.area().width) - 4;
    let lines = lines(app, width);
    let scroll = scroll(app, pen.height(), lines.len());
    page(pen, "Drafts: not sent, nothing is held", &lines, scroll)
}

/// The screen follows the cursor: one line a draft, after the first.
fn scroll(app: &App, height: usize, lines: usize) -> usize {
    let room = height.saturating_sub(2).max(1);
    let last = lines.saturating_sub(room);
    (app.drafts.cursor + 2).saturating_sub(room).min(last)
}

fn lines(app: &App, width: usize) -> Vec<Line> {
    let drafts = &app.drafts;
    let slots = &app.slots;
    let unknown = slots.refusal(Slot::Drafts).is_some() || slots.is_waiting(Slot::Drafts);
    if drafts.all.is_empty() && unknown {
        return awaited(app, Slot::Drafts, "the drafts", width);
    }
    if drafts.all.is_empty() {
        let said = "none: what is typed in Compose is kept here when it is left";
        return vec![vec![(said.to_owned(), Role::Dim)]];
    }
    let head = "left at                  reference           amount        reason";
    let mut lines = vec![vec![(format!("  {head}"), Role::Head)]];
    let each = drafts.all.iter().enumerate();
    lines.extend(each.map(|(at, draft)| one(app, draft, at == drafts.cursor, width)));
    lines
}

fn one(app: &App, draft: &Parked, selected: bool, width: usize) -> Line {
    let (mark, role) = match selected {
        true => ("▸ ", Role::Selected),
        false => ("  ", Role::Text),
    };
    let typed = &draft.typed;
    let code = typed.reason.as_deref();
    let known = reason::catalogue().iter();
    let label = code.and_then(|code| known.clone().find(|it| it.code == code));
    let why = label.map_or("", |reason| reason.label.as_str());
    let note = match typed.note.is_empty() {
        true => String::new(),
        false => format!(" · {}", typed.note),
    };
    let amount = format!("{} {}", typed.amount, draft.currency);
    vec![
        (mark.to_owned(), role),
        (text::left(&words::moment(app, draft.at), 25), Role::Dim),
        (text::left(&draft.reference, 20), role),
        (text::left(&amount, 14), Role::Text),
        (
            text::truncate(&format!("{why}{note}"), width.saturating_sub(61)),
            Role::Dim,
        ),
    ]
}
