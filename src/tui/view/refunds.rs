//! Screen 2: the refunds.

use ratatui::layout::Position;

use crate::domain::state::State;
use crate::domain::stopping::Stopping;
use crate::tui::state::App;
use crate::tui::state::refunds::{Row, Tab};
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Pen, Piece};
use crate::tui::widget::table::{self, Column};
use crate::tui::widget::{text, words};

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
    column(Cell::Created, "created", (12, 12), false, 1),
    column(Cell::Reference, "reference", (10, 14), false, 0),
    column(Cell::Payer, "payer", (12, 24), false, 3),
    column(Cell::Amount, "amount", (10, 12), true, 0),
    column(Cell::Currency, "cur", (3, 3), false, 2),
    column(Cell::State, "state", (26, 40), false, 0),
    column(Cell::Age, "age", (6, 6), true, 4),
    column(Cell::Next, "next look", (12, 12), false, 5),
    column(Cell::Provider, "provider's id", (14, 34), false, 6),
    column(Cell::Maker, "maker", (8, 12), false, 7),
];

pub(super) fn draw(app: &App, pen: &mut Pen<'_>) -> Option<Position> {
    tabs(app, &mut pen.rows(0, 1));
    let height = pen.height();
    strip(app, &mut pen.rows(height.saturating_sub(2), 2));
    rows(app, &mut pen.rows(1, height.saturating_sub(3)))
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
        .map(|at| format!("{} of {} ", at + 1, app.refunds.rows.len()));
    pen.put_right(0, &[(position.unwrap_or_default(), Role::Dim)]);
}

fn rows(app: &App, pen: &mut Pen<'_>) -> Option<Position> {
    let refunds = &app.refunds;
    let columns = table::fit(&COLUMNS, pen.width().saturating_sub(2));
    table::head(pen, 0, &columns, None);
    if refunds.rows.is_empty() {
        empty(app, pen);
        return None;
    }
    let cursor = refunds.cursor();
    let height = pen.height().saturating_sub(1);
    let shown = refunds
        .rows
        .iter()
        .enumerate()
        .skip(refunds.top)
        .take(height);
    for (y, (at, row)) in shown.enumerate() {
        let selected = cursor == Some(at);
        table::line(pen, y + 1, &columns, selected, |cell, room| {
            content(app, row, cell, selected, room)
        });
    }
    let y = u16::try_from(cursor?.checked_sub(refunds.top)? + 1).ok()?;
    Some(Position::new(pen.area().x, pen.area().y + y)).filter(|_| usize::from(y) <= height)
}

fn empty(app: &App, pen: &mut Pen<'_>) {
    let (what, hint) = match (&app.refunds.failed, app.refunds.loaded, app.refunds.tab) {
        (Some(_), _, _) => ("the refunds could not be read", "see the error below"),
        (None, false, _) => ("loading …", ""),
        (None, true, Tab::All) => (
            "no refunds yet",
            "1 shows the payments; r composes a refund",
        ),
        (None, true, Tab::Attention) => ("nothing needs attention", "tab shows the others"),
        (None, true, _) => ("no refund here", "tab shows the others"),
    };
    pen.put(2, 2, what, Role::Text);
    pen.put(2, 3, hint, Role::Dim);
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
        Cell::Age => (words::age(app.now, refund.created_at), Role::Dim),
        Cell::Next => match refund.next_look_at {
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
    let standing = words::standing(app, &row.refund);
    let mut pieces: Vec<Piece> = vec![(standing.long, standing.role)];
    if let Some(stopping) = app
        .stopping(&row.refund)
        .filter(Stopping::is_asked_of_provider)
    {
        let (said, role) = words::stopping(app, &stopping);
        pieces.push((format!("  {said}"), role));
    }
    if let (Some(at), true) = (row.refund.next_look_at, row.refund.state == State::Pending) {
        let said = format!("  next look {}", words::clock(app, at));
        let used: usize = pieces.iter().map(|(said, _)| text::width(said)).sum();
        // A time that is cut off would be another time.
        if used + text::width(&said) < pen.width() {
            pieces.push((said, Role::Dim));
        }
    }
    pen.pieces(1, 0, &pieces);
    let provider = row.refund.provider_refund_id.as_deref().unwrap_or("–");
    let composed = words::age(app.now, row.refund.created_at);
    let facts = format!(
        "refund {} · {} · provider's id {provider} · composed {composed} ago by {}",
        row.refund.id.short(),
        row.refund.account,
        row.refund.content.maker
    );
    let room = pen.width().saturating_sub(2);
    pen.put(1, 1, &text::truncate(&facts, room), Role::Dim);
}
