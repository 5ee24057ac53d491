//! The second step: the facts, and two ways out, of which staying is the easier.

use ratatui::layout::Position;

use crate::tui::action::{Action, enabled};
use crate::tui::state::App;
use crate::tui::state::confirm::{Confirm, What};
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{field, text};

/// The longest name there is, and a gap.
const NAME_CELLS: usize = 14;
/// Lines of one fact.
const MOST_LINES: usize = 3;

pub(super) fn draw(app: &App, confirm: &Confirm, pen: &mut Pen<'_>) -> Option<Position> {
    let area = pen.area();
    let (width, height) = size(confirm, usize::from(area.width));
    let warnings = warnings(confirm, width);
    let typed = if confirm.expected.is_some() { 2 } else { 0 };
    let room = width.saturating_sub(4);
    let mut pen = pen.part(super::centered(area, width, height));
    let mut inside = pen.panel(&confirm.title);
    let mut y = 1;
    for (name, what) in &confirm.facts {
        inside.put(0, y, name, Role::Dim);
        let room = fact_room(room);
        for line in in_lines(what, room) {
            inside.put(NAME_CELLS, y, &line, Role::Text);
            y += 1;
        }
    }
    for warning in &warnings {
        y += usize::from(warning == &warnings[0]);
        inside.put(0, y, warning, Role::Alarm);
        y += 1;
    }
    let cursor = expected(confirm, &mut inside, y + 1);
    // The way out stays in view however small the screen is.
    let last = inside.height().saturating_sub(1);
    answers(app, confirm, &mut inside, (y + 1 + typed).min(last));
    cursor
}

/// True when the dialog can be read in full: otherwise it must not be answered.
pub(super) fn fits(confirm: &Confirm, (columns, rows): (u16, u16)) -> bool {
    let (_, height) = size(confirm, usize::from(columns));
    columns >= 60 && height + 3 <= usize::from(rows)
}

fn size(confirm: &Confirm, columns: usize) -> (usize, usize) {
    let width = columns.min(72);
    let warnings = warnings(confirm, width).len();
    let typed = if confirm.expected.is_some() { 2 } else { 0 };
    let apart = usize::from(warnings > 0);
    let facts = confirm.facts.iter();
    let room = fact_room(width.saturating_sub(4));
    let facts: usize = facts.map(|(_, what)| in_lines(what, room).len()).sum();
    (width, facts + warnings + apart + typed + 6)
}

const fn fact_room(room: usize) -> usize {
    room.saturating_sub(NAME_CELLS)
}

/// A fact in full; of one that would push the answers off a small screen the beginning, and where
/// the rest is.
fn in_lines(what: &str, room: usize) -> Vec<String> {
    let mut lines = text::wrap(what, room);
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES - 1);
        lines.push("… (all of it: esc, then enter)".to_owned());
    }
    lines
}

fn warnings(confirm: &Confirm, width: usize) -> Vec<String> {
    let room = width.saturating_sub(4);
    confirm
        .warnings
        .iter()
        .flat_map(|warning| text::wrap(warning, room))
        .collect()
}

fn expected(confirm: &Confirm, pen: &mut Pen<'_>, y: usize) -> Option<Position> {
    // What is typed before it listens is forgotten: it does not ask for it yet.
    let expected = confirm.expected.as_deref().filter(|_| confirm.armed)?;
    let y = y.min(pen.height().saturating_sub(2));
    let x = pen.put(0, y, &format!("type {expected} to go on: "), Role::Title);
    let room = pen.width().saturating_sub(x).min(20);
    let cursor = field::draw(pen, x, y, room, &confirm.typed);
    let clamp = |cells: usize| u16::try_from(cells).unwrap_or(0);
    Some(Position::new(
        pen.area().x + clamp(cursor),
        pen.area().y + clamp(y),
    ))
}

fn answers(app: &App, confirm: &Confirm, pen: &mut Pen<'_>, y: usize) {
    if confirm.sending {
        pen.put(0, y, "being done …", Role::Warn);
        return;
    }
    let usable = enabled(Action::Confirm, app).is_ok();
    let yes = if usable { Role::Text } else { Role::Dim };
    let key = if usable { Role::Key } else { Role::Dim };
    let words = yes_words(&confirm.what);
    pen.pieces(
        0,
        y,
        &[
            ("[ Cancel ]".to_owned(), Role::Test),
            (" esc, enter".to_owned(), Role::Dim),
            (format!("      {}", app.keymap.key(Action::Confirm)), key),
            (format!(" {words}"), yes),
        ],
    );
}

const fn yes_words(what: &What) -> &'static str {
    match what {
        What::Compose => "yes, give it back",
        What::Void => "yes, void it",
        What::Bulk => "yes, give all of it back",
        What::Withdraw(_) => "yes, withdraw it",
        What::Stop(_) => "yes, stop it",
        What::Capture(_) => "yes, pay it",
        What::Release(_) => "yes, send it",
        What::Approve { .. } => "yes, approve it",
        What::Decline(_) => "yes, decline it",
        What::Outcome(..) => "yes, state it",
        What::Close(_) => "yes, close it",
        What::AnswerOnFile(_) | What::Answer(_) => "yes, give this account",
        What::Refuse(_) => "yes, refuse it",
        What::Resume => "yes, let it go on",
        What::Discard => "yes, drop it",
    }
}
