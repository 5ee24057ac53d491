//! Screen 3: what waits for a person, each with the one safe next step.

use ratatui::layout::Position;

use crate::domain::inbound_request::InboundRequest;
use crate::domain::state::State;
use crate::domain::todo::{Act, Tab, Who};
use crate::tui::action::Action;
use crate::tui::state::todo::{Item, TABS};
use crate::tui::state::{App, layout};
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Pen, Piece};
use crate::tui::widget::table::{self, Column};
use crate::tui::widget::{text, words};

use super::narrow;

/// Lines below the list that say the selected item in full.
const STRIP_ROWS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Reference,
    Payer,
    Amount,
    Currency,
    Owner,
    Since,
    When,
}

const fn column(
    id: Cell,
    head: &'static str,
    (min, max): (usize, usize),
    right: bool,
    priority: u8,
) -> Column<Cell> {
    Column {
        id,
        head,
        min,
        max,
        right,
        priority,
    }
}

const COLUMNS: [Column<Cell>; 7] = [
    column(Cell::Reference, "reference", (10, 14), false, 0),
    column(Cell::Payer, "payer", (12, 24), false, 3),
    column(Cell::Amount, "amount", (10, 12), true, 0),
    column(Cell::Currency, "cur", (3, 3), false, 2),
    column(Cell::Owner, "owner", (6, 12), false, 1),
    column(Cell::Since, "waits", (6, 6), true, 4),
    column(Cell::When, "when", (21, 26), false, 0),
];

const fn name(tab: Tab) -> &'static str {
    match tab {
        Tab::Mine => "Mine",
        Tab::Approvals => "Approvals",
        Tab::Problems => "Problems",
        Tab::Requests => "Requests",
    }
}

pub(super) fn draw(app: &App, pen: &mut Pen<'_>) -> Option<Position> {
    let typing = match narrow::is_typed(app) {
        true => Some(narrow::typed(app, &app.todo.narrow, &mut pen.rows(0, 1))),
        false => {
            tabs(app, &mut pen.rows(0, 1));
            None
        }
    };
    let height = pen.height();
    strip(
        app,
        &mut pen.rows(height.saturating_sub(STRIP_ROWS), STRIP_ROWS),
    );
    let rows = rows(app, &mut pen.rows(1, height.saturating_sub(STRIP_ROWS + 1)));
    typing.or(rows)
}

fn tabs(app: &App, pen: &mut Pen<'_>) {
    let mut x = 1;
    for tab in TABS {
        let open = tab == app.todo.tab();
        let role = if open { Role::Head } else { Role::Dim };
        x = pen.put(x, 0, name(tab), role);
        // Before the queue is known, none is no count.
        let count = match app.todo.loaded {
            true => format!(" {}", app.todo.count(tab)),
            false => String::new(),
        };
        x = pen.put(x, 0, &count, Role::Dim) + 3;
    }
    let count = app.todo.listed().count();
    let position = app
        .todo
        .cursor()
        .map(|at| format!("{} of {count} ", at + 1));
    let position = position.unwrap_or_default();
    match app.todo.narrow.is_empty() {
        true => snoozed(app, pen, x),
        false => narrow::chip(&app.todo.narrow, pen, x, text::width(&position)),
    }
    pen.put_right(0, &[(position, Role::Dim)]);
}

/// How many are put aside, and the key that shows them.
fn snoozed(app: &App, pen: &mut Pen<'_>, x: usize) {
    let count = app.todo.aside();
    if count == 0 {
        return;
    }
    let key = app.keymap.key(Action::ShowSnoozed);
    let said = match app.todo.with_aside {
        true => format!("{count} snoozed, shown ({key})"),
        false => format!("{count} snoozed ({key})"),
    };
    // The place of the cursor stands at the end of the line.
    let room = pen.width().saturating_sub(x + 10);
    pen.put(x, 0, &text::truncate(&said, room), Role::Dim);
}

fn rows(app: &App, pen: &mut Pen<'_>) -> Option<Position> {
    let columns = table::fit(&COLUMNS, pen.width().saturating_sub(2));
    table::head(pen, 0, &columns, None);
    let todo = &app.todo;
    if todo.listed().next().is_none() {
        empty(app, pen);
        return None;
    }
    let cursor = todo.cursor();
    let rows = usize::from(layout::TODO_ITEM_ROWS);
    let height = pen.height().saturating_sub(1) / rows;
    let shown = todo.listed().enumerate().skip(todo.top).take(height);
    for (y, (at, item)) in shown.enumerate() {
        let y = 1 + y * rows;
        let selected = cursor == Some(at);
        table::line(pen, y, &columns, selected, |cell, room| {
            content(app, item, cell, selected, room)
        });
        pen.pieces(
            4,
            y + 1,
            &in_short(app, item, pen.width().saturating_sub(5)),
        );
    }
    let y = 1 + rows * cursor?.checked_sub(todo.top)?;
    let inside = y < pen.height();
    let y = u16::try_from(y).ok()?;
    inside.then(|| Position::new(pen.area().x, pen.area().y + y))
}

fn empty(app: &App, pen: &mut Pen<'_>) {
    let (what, hint) = match (&app.todo.failed, app.todo.loaded) {
        (Some(_), _) => (
            "the queue could not be read",
            "see the error below".to_owned(),
        ),
        (None, false) => ("loading …", String::new()),
        (None, true) if !app.todo.narrow.is_empty() => (
            "nothing on this tab has these words",
            words::other_words(app),
        ),
        (None, true) => {
            let hint = words::first_step(app).unwrap_or_else(|| words::other_tabs(app));
            (nothing(app.todo.tab()), hint)
        }
    };
    pen.put(2, 2, what, Role::Text);
    pen.put(2, 3, &hint, Role::Dim);
}

const fn nothing(tab: Tab) -> &'static str {
    match tab {
        Tab::Mine => "nothing of yours waits",
        Tab::Approvals => "nothing waits for your approval",
        Tab::Problems => "no problems",
        Tab::Requests => "no network asks for anything",
    }
}

fn content(app: &App, item: &Item, cell: Cell, selected: bool, room: usize) -> (String, Role) {
    let refund = item.refund.as_ref();
    let none = || ("–".to_owned(), Role::Dim);
    match cell {
        Cell::Reference => {
            let role = if selected { Role::Selected } else { Role::Text };
            (item.reference().unwrap_or("–").to_owned(), role)
        }
        Cell::Payer => refund.map_or_else(none, |row| {
            let payer = words::payer_in(room, row.payer.as_deref(), row.last4.as_deref());
            (payer, Role::Text)
        }),
        Cell::Amount => item
            .amount()
            .map_or_else(none, |amount| (words::money_in(room, amount), Role::Text)),
        Cell::Currency => item.amount().map_or_else(none, |amount| {
            (amount.currency.code().to_owned(), Role::Text)
        }),
        Cell::Owner => (item.owner().unwrap_or("–").to_owned(), Role::Text),
        Cell::Since => (words::age(app.now, item.since), Role::Dim),
        Cell::When if item.aside.is_some() => {
            let until = item.aside.iter().map(|it| words::clock(app, it.until));
            let until: String = until.collect();
            (format!("snoozed to {until}"), Role::Dim)
        }
        Cell::When => match item.step.clocked {
            Some(clocked) => (words::timing(app, clocked), Role::Warn),
            None => none(),
        },
    }
}

/// What is wrong, with the word that must not be overlooked.
fn what(app: &App, item: &Item) -> (String, Role) {
    let step = &item.step;
    if item.discrepancy.is_some() {
        return (step.what.clone(), Role::Bad);
    }
    if item.request.is_some() {
        return (step.what.clone(), Role::Warn);
    }
    let Some(refund) = item.refund.as_ref().map(|row| &row.refund) else {
        return (step.what.clone(), Role::Text);
    };
    match refund.state {
        State::Unknown if step.act == Act::Decide => (
            format!("UNKNOWN, do not refund again; {}", step.what),
            Role::Alarm,
        ),
        State::Unknown => (
            "UNKNOWN: may have been paid, do not refund again".to_owned(),
            Role::Alarm,
        ),
        State::ActionRequired => (format!("needs you: {}", step.what), Role::Bad),
        _ => (step.what.clone(), words::standing(app, refund).role),
    }
}

/// `next: ` and the step, as the end of a sentence.
fn next(item: &Item) -> String {
    let mut letters = item.step.next.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_lowercase().to_string());
    format!("next: {}{}", first.unwrap_or_default(), letters.as_str())
}

fn in_short(app: &App, item: &Item, room: usize) -> Vec<Piece> {
    let (what, role) = what(app, item);
    let what = text::truncate(&what, room);
    let left = room.saturating_sub(text::width(&what));
    let next = match left {
        0..12 => String::new(),
        _ => text::truncate(&format!("; {}", next(item)), left),
    };
    vec![(what, role), (next, Role::Dim)]
}

fn in_request(request: Option<&InboundRequest>) -> String {
    request.map_or_else(String::new, |request| {
        let refund = request.refund.as_deref().unwrap_or("–");
        let (id, account) = (request.id, &request.account);
        format!("request {id} · refund {refund} · {account}")
    })
}

/// The selected item in full sentences.
fn strip(app: &App, pen: &mut Pen<'_>) {
    let Some(item) = app.todo.item() else {
        return;
    };
    let (what, role) = what(app, item);
    let room = pen.width().saturating_sub(2);
    let said = text::wrap(&what, room).into_iter().map(|line| (line, role));
    let next = text::wrap(&next(item), room);
    let next: Vec<Piece> = next.into_iter().map(|line| (line, Role::Text)).collect();
    // The step is shown whole: what is wrong gives way.
    let last = pen.height().saturating_sub(1);
    let lines = said
        .take(last.saturating_sub(next.len()).max(1))
        .chain(next);
    for (y, (line, role)) in lines.take(last).enumerate() {
        pen.put(1, y, &line, role);
    }
    facts(app, item, &mut pen.rows(last, 1));
}

/// What the selected item is about, whether it can be stopped, and who may do something.
fn facts(app: &App, item: &Item, pen: &mut Pen<'_>) {
    let room = pen.width().saturating_sub(2);
    let who = match &item.step.who {
        Who::Anyone => "anyone here may do it".to_owned(),
        Who::AnyoneBut(name) => format!("anyone but {name}"),
        Who::Desk => "the desk does it by itself".to_owned(),
    };
    let about = match (&item.discrepancy, &item.refund) {
        _ if item.request.is_some() => in_request(item.request.as_ref()),
        (Some(discrepancy), _) => {
            format!("discrepancy {} · {}", discrepancy.id, discrepancy.account)
        }
        (None, Some(row)) => format!("refund {} · {}", row.refund.id.short(), row.refund.account),
        (None, None) => String::new(),
    };
    let waits = words::age(app.now, item.since);
    let mut pieces = match &item.aside {
        Some(aside) => vec![(format!("snoozed: {}", aside.reason), Role::Dim)],
        None => vec![(format!("waits {waits}"), Role::Dim), (who, Role::Dim)],
    };
    let refund = item.refund.as_ref().map(|row| &row.refund);
    let stop = refund.and_then(|it| words::stopping_among(app, it, Some(it.id)));
    if let Some((said, role)) = stop {
        // What can be done is seen first; that it cannot, where there is room.
        let at = if role == Role::Good { 0 } else { pieces.len() };
        pieces.insert(at, (said, role));
    }
    let mut x = pen.put(1, 0, &text::truncate(&about, room), Role::Dim);
    for (said, role) in pieces {
        let left = (room + 1).saturating_sub(x);
        let said = format!(" · {said}");
        x = pen.put(x, 0, &text::truncate_to_key(&said, left), role);
    }
}
