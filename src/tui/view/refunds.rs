//! Screen 2: the refunds.

use ratatui::layout::Position;

use crate::domain::refund::Refund;
use crate::domain::state::State;
use crate::domain::stopping::Stopping;
use crate::tui::state::App;
use crate::tui::state::refunds::{Refunds, Row, Sort, Tab};
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Pen, Piece};
use crate::tui::widget::table::{self, Column};
use crate::tui::widget::{text, words};

use super::narrow;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Created,
    Reference,
    Payer,
    Amount,
    Currency,
    State,
    Age,
    Next,
    Provider,
    Maker,
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

const COLUMNS: [Column<Cell>; 10] = [
    column(Cell::Created, "created", (12, 12), false, 4),
    column(Cell::Reference, "reference", (10, 14), false, 0),
    column(Cell::Payer, "payer", (12, 24), false, 3),
    column(Cell::Amount, "amount", (10, 12), true, 0),
    column(Cell::Currency, "cur", (3, 3), false, 2),
    column(Cell::State, "state", (26, 40), false, 0),
    column(Cell::Age, "age", (9, 9), false, 1),
    column(Cell::Next, "next look", (12, 12), false, 5),
    column(Cell::Provider, "provider's id", (14, 34), false, 6),
    column(Cell::Maker, "maker", (8, 12), false, 7),
];

pub(super) fn draw(app: &App, pen: &mut Pen<'_>) -> Option<Position> {
    let typing = match narrow::is_typed(app) {
        true => Some(narrow::typed(app, &app.refunds.narrow, &mut pen.rows(0, 1))),
        false => {
            tabs(app, &mut pen.rows(0, 1));
            None
        }
    };
    let height = pen.height();
    strip(app, &mut pen.rows(height.saturating_sub(2), 2));
    let rows = rows(app, &mut pen.rows(1, height.saturating_sub(3)));
    typing.or(rows)
}

fn tabs(app: &App, pen: &mut Pen<'_>) {
    let mut x = 1;
    for tab in Tab::ALL {
        let role = if tab == app.refunds.tab {
            Role::Head
        } else {
            Role::Dim
        };
        x = pen.put(x, 0, tab.name(), role);
        if let Some(overview) = &app.overview {
            x = pen.put(
                x,
                0,
                &format!(" {}", tab.count(&overview.counts)),
                Role::Dim,
            );
        }
        x += 3;
    }
    let position = app
        .refunds
        .cursor()
        .map(|at| format!("{} of {} ", at + 1, app.refunds.count()));
    let position = position.unwrap_or_default();
    narrow::chip(&app.refunds.narrow, pen, x, text::width(&position));
    pen.put_right(0, &[(position, Role::Dim)]);
}

fn rows(app: &App, pen: &mut Pen<'_>) -> Option<Position> {
    let refunds = &app.refunds;
    let columns = table::fit(&headed(refunds), pen.width().saturating_sub(2));
    table::head(pen, 0, &columns, Some(sorted(refunds)));
    if refunds.count() == 0 {
        empty(app, pen);
        return None;
    }
    let cursor = refunds.cursor();
    let height = pen.height().saturating_sub(1);
    let shown = (refunds.top..).zip(refunds.listed_from(refunds.top).take(height));
    for (y, (at, row)) in shown.enumerate() {
        let selected = cursor == Some(at);
        table::line(pen, y + 1, &columns, selected, |cell, room| {
            content(app, row, cell, selected, room)
        });
    }
    let y = u16::try_from(cursor?.checked_sub(refunds.top)? + 1).ok()?;
    Some(Position::new(pen.area().x, pen.area().y + y)).filter(|_| usize::from(y) <= height)
}

/// The column by which they are sorted, and which way.
const fn sorted(refunds: &Refunds) -> (Cell, &'static str) {
    let cell = match refunds.sort {
        Sort::Created => Cell::Created,
        Sort::Reference => Cell::Reference,
        Sort::Payer => Cell::Payer,
        Sort::Amount => Cell::Amount,
        Sort::State => Cell::State,
        Sort::Next => Cell::Next,
        Sort::Maker => Cell::Maker,
    };
    (cell, table::arrow(refunds.direction))
}

/// The columns; one that somebody chose to sort by is shown before others, with room for the arrow.
fn headed(refunds: &Refunds) -> Vec<Column<Cell>> {
    let mut columns = COLUMNS.to_vec();
    let (by, arrow) = sorted(refunds);
    let chosen = columns.iter_mut().find(|column| column.id == by);
    if let Some(column) = chosen.filter(|_| by != Cell::Created) {
        column.priority = 0;
        column.min = column
            .min
            .max(text::width(column.head) + text::width(arrow));
        column.max = column.max.max(column.min);
    }
    columns
}

fn empty(app: &App, pen: &mut Pen<'_>) {
    let others = || words::other_tabs(app);
    let (what, hint) = match (&app.refunds.failed, app.refunds.loaded, app.refunds.tab) {
        (Some(_), _, _) => (
            "the refunds could not be read",
            "see the error below".to_owned(),
        ),
        (None, false, _) => ("loading …", String::new()),
        (None, true, _) if !app.refunds.narrow.is_empty() => (
            "no refund on this tab has these words",
            words::other_words(app),
        ),
        (None, true, tab) => match (words::first_step(app), tab) {
            (Some(step), _) => ("no refunds yet", step),
            (None, Tab::Attention) => ("nothing needs attention", others()),
            (None, _) => ("no refund here", others()),
        },
    };
    pen.put(2, 2, what, Role::Text);
    pen.put(2, 3, &hint, Role::Dim);
}

fn content(app: &App, row: &Row, cell: Cell, selected: bool, room: usize) -> (String, Role) {
    let refund = &row.refund;
    let text = |what: Option<&str>| (what.unwrap_or("–").to_owned(), Role::Text);
    match cell {
        Cell::Created => {
            let local = refund.created_at.with_timezone(&words::zone(app));
            (local.format("%d %b %H:%M").to_string(), Role::Text)
        }
        Cell::Reference => {
            let role = if selected { Role::Selected } else { Role::Text };
            (
                row.reference.clone().unwrap_or_else(|| refund.id.short()),
                role,
            )
        }
        Cell::Payer => (
            words::payer_in(room, row.payer.as_deref(), row.last4.as_deref()),
            Role::Text,
        ),
        Cell::Amount => (words::money_in(room, refund.content.amount), Role::Text),
        Cell::Currency => (refund.content.amount.currency.code().to_owned(), Role::Text),
        Cell::State => {
            let standing = words::standing(app, refund);
            let fits = text::width(&standing.long) <= room;
            (
                if fits { standing.long } else { standing.short },
                standing.role,
            )
        }
        Cell::Age => {
            let age = words::age(app.now, refund.created_at);
            match app.lateness(refund).and_then(|it| words::late(it.age)) {
                Some((word, role)) => (format!("{age} {word}"), role),
                None => (age, Role::Dim),
            }
        }
        Cell::Next => match refund.next_look() {
            Some(at) => (words::clock(app, at), Role::Dim),
            None => ("–".to_owned(), Role::Dim),
        },
        Cell::Provider => text(refund.provider_refund_id.as_deref()),
        Cell::Maker => text(Some(&refund.content.maker)),
    }
}

/// The selected refund in full sentences: what columns cannot hold on a narrow screen.
fn strip(app: &App, pen: &mut Pen<'_>) {
    let Some(row) = app.refunds.row() else {
        return;
    };
    let room = pen.width().saturating_sub(2);
    let standing = words::standing(app, &row.refund);
    let mut x = pen.put(1, 0, &text::truncate(&standing.long, room), standing.role);
    for (said, role) in besides(app, &row.refund) {
        let left = (room + 1).saturating_sub(x);
        // What would be cut to a word or two is left to the page.
        if left < 20 {
            break;
        }
        let said = format!("  {said}");
        x = pen.put(x, 0, &text::truncate_to_key(&said, left), role);
    }
    let provider = row.refund.provider_refund_id.as_deref().unwrap_or("–");
    let composed = words::age(app.now, row.refund.created_at);
    let facts = format!(
        "refund {} · {} · provider's id {provider} · composed {composed} ago by {}",
        row.refund.id.short(),
        row.refund.account,
        row.refund.content.maker
    );
    pen.put(1, 1, &text::truncate(&facts, room), Role::Dim);
}

/// What is said beside how it stands, the most useful first.
fn besides(app: &App, refund: &Refund) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if let Some(lateness) = app.lateness(refund)
        && let Some((word, role)) = words::late(lateness.age)
    {
        let by = lateness.normal_by.format("%d %b");
        let said = format!("{word}: {} are normally there by {by}", lateness.rail);
        pieces.push((said, role));
    }
    if let (Some(at), true) = (refund.next_look_at, refund.state == State::Pending) {
        pieces.push((format!("next look {}", words::clock(app, at)), Role::Dim));
    }
    // A countdown names its key itself.
    let stopping = app.stopping(refund);
    let stopping = stopping.filter(|it| !matches!(it, Stopping::Withdraw(Some(_))));
    if let Some(stopping) = stopping
        && let Some(said) = words::stopping_among(app, refund, Some(refund.id))
    {
        let at = match stopping.is_possible() {
            true => 0,
            false => pieces.len(),
        };
        pieces.insert(at, said);
    }
    pieces
}
