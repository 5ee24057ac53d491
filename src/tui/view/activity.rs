//! Screen 5: who did what, newest first.

use chrono::NaiveDate;
use ratatui::layout::Position;

use crate::domain::activity;
use crate::domain::audit::AuditEntry;
use crate::tui::state::App;
use crate::tui::state::activity::Activity;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{field, text, words};

use super::{Line, heading, room};

/// The time and a name beside each deed.
const BESIDE: usize = 19;

pub(super) fn draw(app: &App, shown: &Activity, pen: &mut Pen<'_>) -> Option<Position> {
    let width = super::room_width(pen.area().width) - 4;
    let title = match (shown.typing, shown.typed.is_empty()) {
        (false, true) => "Activity · everybody, newest first".to_owned(),
        _ => format!("Activity · / {}", shown.typed.text()),
    };
    let at = room(pen, &title, &lines(app, shown, width), shown.scroll)?;
    if !shown.typing {
        return Some(at);
    }
    Some(typed(shown, pen, at))
}

/// The filter being typed, on the first line of the page.
fn typed(shown: &Activity, pen: &mut Pen<'_>, at: Position) -> Position {
    let area = pen.area();
    let (x, y) = (at.x - area.x, at.y - area.y);
    let (x, y) = (usize::from(x), usize::from(y));
    let room = super::room_width(area.width) - 4;
    pen.put(x, y, &" ".repeat(room), Role::Text);
    pen.put(x, y, "/", Role::Key);
    let choices = shown.completion().choices;
    let hint = match choices.is_empty() {
        true => " by:NAME  payment or refund".to_owned(),
        false => text::truncate(&format!(" tab: {}", choices.join(" ")), room / 2),
    };
    let width = room.saturating_sub(2 + text::width(&hint)).max(10);
    let cursor = field::draw(pen, x + 2, y, width, &shown.typed);
    pen.put(x + 2 + width, y, &hint, Role::Dim);
    Position::new(area.x + u16::try_from(cursor).unwrap_or_default(), at.y)
}

pub(super) fn lines(app: &App, shown: &Activity, width: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    if shown.typing {
        lines.push(Vec::new());
    }
    let mut day: Option<NaiveDate> = None;
    for entry in &shown.rows {
        let local = entry.at.with_timezone(&words::zone(app));
        if day.replace(local.date_naive()) != Some(local.date_naive()) {
            heading(&mut lines, &local.format("%a %d %b %Y").to_string());
        }
        lines.extend(told(entry, &local.format("%H:%M").to_string(), width));
    }
    lines.push(vec![(ending(shown).to_owned(), Role::Dim)]);
    lines
}

fn ending(shown: &Activity) -> &'static str {
    let filtered = !shown.typed.is_empty();
    match (&shown.failed, shown.loaded, shown.rows.is_empty()) {
        (Some(_), ..) => "this could not be read: see the error below",
        (None, false, _) => "loading …",
        (None, true, true) if filtered => {
            "nothing was done by them or about it; esc shows everything"
        }
        (None, true, true) => "nothing was done yet",
        (None, true, false) if shown.at_end => "that is all",
        (None, true, false) => "older entries follow",
    }
}

/// One deed: time and name, what was done, and to what.
fn told(entry: &AuditEntry, time: &str, width: usize) -> Vec<Line> {
    let said = format!("{} · {}", activity::sentence(entry), activity::about(entry));
    let role = match entry.actor == "desk" {
        true => Role::Dim,
        false => Role::Text,
    };
    let name = text::left(&text::truncate(&entry.actor, BESIDE - 7), BESIDE - 6);
    let beside = format!("{time} {name}");
    let rest = std::iter::repeat_with(|| " ".repeat(BESIDE));
    std::iter::once(beside)
        .chain(rest)
        .zip(text::wrap(&said, width.saturating_sub(BESIDE)))
        .map(|(beside, part)| vec![(text::left(&beside, BESIDE), Role::Head), (part, role)])
        .collect()
}
