//! Screen 1: the payments.

use ratatui::layout::{Position, Rect};

use crate::domain::listing::{Direction, PaymentSort, Sums};
use crate::domain::money::Money;
use crate::domain::query;
use crate::domain::view::Column as Cell;
use crate::tui::action::Action;
use crate::tui::state::payments::{Payments, Row};
use crate::tui::state::{App, Layer, layout};
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Pen, Piece};
use crate::tui::widget::table::{self, Column};
use crate::tui::widget::{text, words};

use super::{narrow, payment};

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

const COLUMNS: [Column<Cell>; 12] = [
    column(Cell::Settled, "settled", (10, 10), false, 0),
    column(Cell::Reference, "reference", (10, 20), false, 0),
    column(Cell::Payer, "payer", (16, 28), false, 3),
    column(Cell::Account, "account", (9, 12), false, 5),
    column(Cell::Order, "order", (10, 16), false, 8),
    column(Cell::Currency, "cur", (3, 3), false, 2),
    column(Cell::Paid, "paid", (10, 13), true, 1),
    column(Cell::Refunded, "refunded", (10, 13), true, 6),
    column(Cell::Held, "held", (10, 13), true, 7),
    column(Cell::CanRefund, "can refund", (12, 13), true, 0),
    column(Cell::Until, "until", (10, 10), false, 6),
    column(Cell::Status, "status", (9, 9), false, 4),
];

/// The columns as chosen, in their order; which of them have room is said by the desk's own table.
fn columns(payments: &Payments) -> Vec<Column<Cell>> {
    if payments.columns.is_empty() {
        return COLUMNS.to_vec();
    }
    let known = |cell: &Cell| COLUMNS.iter().find(|column| column.id == *cell);
    payments.columns.iter().filter_map(known).copied().collect()
}

pub(super) fn draw(app: &App, pen: &mut Pen<'_>) -> Option<Position> {
    let area = pen.area();
    let pane = layout::pane_width(app.size).min(area.width);
    let last = pen.height() - 1;
    match app.payments.marks.is_empty() {
        true => sums(app, &mut pen.rows(last, 1)),
        false => marked(app, &mut pen.rows(last, 1)),
    }
    let above = Rect {
        height: area.height - 1,
        ..area
    };
    let gap = u16::from(pane > 0);
    let list = Rect {
        width: above.width - pane - gap,
        ..above
    };
    if pane > 0 {
        let beside = Rect {
            x: above.x + list.width + gap,
            width: pane,
            ..above
        };
        draw_pane(app, &mut pen.part(beside));
    }
    let mut pen = pen.part(list);
    let typing = chips(app, &mut pen.rows(0, 1));
    let rows = draw_rows(app, &mut pen.rows(1, last - 1));
    typing.or(rows)
}

fn draw_pane(app: &App, pen: &mut Pen<'_>) {
    let Some(id) = app.payments.selected else {
        return;
    };
    let mut inside = pen.beside("Payment");
    if app.moving_until.is_some() {
        return;
    }
    let (width, height) = (inside.width(), inside.height());
    for (y, line) in payment::lines_beside(app, id, width)
        .iter()
        .take(height)
        .enumerate()
    {
        inside.pieces(0, y, line);
    }
}

/// The filter, being typed or in force, and the order.
fn chips(app: &App, pen: &mut Pen<'_>) -> Option<Position> {
    if app
        .layers
        .iter()
        .any(|layer| matches!(layer, Layer::Filter))
    {
        return Some(typed_filter(app, pen));
    }
    let payments = &app.payments;
    let mut x = 1;
    if payments.filter.is_empty() {
        x = pen.put(x, 0, "all payments", Role::Dim);
    } else {
        x = pen.put(x, 0, &format!("/ {}", payments.typed.text()), Role::Key);
        x = pen.put(x, 0, "  esc clears", Role::Dim);
    }
    let order = order(payments);
    if x + order.len() + 2 < pen.width() {
        pen.put_right(0, &[(order, Role::Dim)]);
    }
    None
}

fn order(payments: &Payments) -> String {
    let by = match payments.sort {
        PaymentSort::Settled => "settlement",
        PaymentSort::Amount => "amount",
        PaymentSort::Available => "balance",
        PaymentSort::Refunded => "refunded",
        PaymentSort::Held => "held",
        PaymentSort::Reference => "reference",
        PaymentSort::Order => "order",
        PaymentSort::Payer => "payer",
        PaymentSort::Account => "account",
        PaymentSort::Currency => "currency",
        PaymentSort::Until => "until",
        PaymentSort::Status => "status",
    };
    let first = match (payments.sort, payments.direction) {
        (PaymentSort::Settled, Direction::Descending) => "newest first",
        (PaymentSort::Settled, Direction::Ascending) => "oldest first",
        (PaymentSort::Until, Direction::Descending) => "latest first",
        (PaymentSort::Until, Direction::Ascending) => "soonest first",
        (PaymentSort::Status, Direction::Descending) => "unsettled first",
        (PaymentSort::Status, Direction::Ascending) => "blocked first",
        (sort, Direction::Descending) if sort.is_by_name() => "z to a",
        (sort, Direction::Ascending) if sort.is_by_name() => "a to z",
        (_, Direction::Descending) => "largest first",
        (_, Direction::Ascending) => "smallest first",
    };
    format!("by {by}, {first} ")
}

/// What is being typed, with its mistake marked, and what it could become or what is wrong with it.
fn typed_filter(app: &App, pen: &mut Pen<'_>) -> Position {
    let hint = "name, order, id; 4242 59 14nov~3; amount:>100 state: settled: account:";
    let payments = &app.payments;
    narrow::line(app, &payments.typed, payments.error.as_ref(), hint, pen)
}

fn draw_rows(app: &App, pen: &mut Pen<'_>) -> Option<Position> {
    let payments = &app.payments;
    let columns = table::fit(&headed(payments), pen.width().saturating_sub(2));
    table::head(pen, 0, &columns, Some(sorted_column(payments)));
    if payments.rows.is_empty() {
        empty(app, pen);
        return None;
    }
    let cursor = payments.cursor();
    let height = pen.height() - 1;
    for (y, (at, row)) in payments
        .rows
        .iter()
        .enumerate()
        .skip(payments.top)
        .take(height)
        .enumerate()
    {
        let selected = cursor == Some(at);
        table::line(pen, y + 1, &columns, selected, |cell, room| {
            content(app, row, cell, selected, room)
        });
        if payments.marks.contains(row.payment.id) {
            pen.put(1, y + 1, "•", Role::Warn);
        } else if app.drafts.of(row.payment.id).is_some() {
            pen.put(1, y + 1, "d", Role::Key);
        }
    }
    let y = cursor?.checked_sub(payments.top)?;
    Some(at(pen, 0, y + 1)).filter(|_| y < height)
}

fn at(pen: &Pen<'_>, x: usize, y: usize) -> Position {
    let clamp = |cells: usize| u16::try_from(cells).unwrap_or(u16::MAX);
    Position::new(pen.area().x + clamp(x), pen.area().y + clamp(y))
}

fn sorted_column(payments: &Payments) -> (Cell, &'static str) {
    (
        Cell::sorted(payments.sort),
        table::arrow(payments.direction),
    )
}

/// The columns with the head of the sorted one: it is shown before others, the arrow has room, and
/// says by what it sorts where that is not the figure below it.
fn headed(payments: &Payments) -> Vec<Column<Cell>> {
    let mut columns = columns(payments);
    let (sorted, _) = sorted_column(payments);
    for column in &mut columns {
        if column.id == sorted {
            column.priority = 0;
        }
        match (column.id, payments.sort) {
            (Cell::Currency, PaymentSort::Currency) => (column.min, column.max) = (5, 5),
            // What the provider's terms leave of the balance is known for each row alone.
            (Cell::CanRefund, PaymentSort::Available) => column.head = "by balance",
            _ => {}
        }
    }
    columns
}

fn empty(app: &App, pen: &mut Pen<'_>) {
    let payments = &app.payments;
    let (what, hint) = match (&payments.failed, payments.loaded) {
        (Some(_), _) => ("the payments could not be read", "see the error below"),
        (None, false) => ("loading …", ""),
        (None, true) if payments.filter.is_empty() => (
            "no payments yet",
            "refund-desk import FILE reads a settlement file\nrefund-desk sync asks the providers that can list payments",
        ),
        (None, true) => ("no payment matches", query::ask_next(&payments.filter)),
    };
    let room = pen.width().saturating_sub(3);
    pen.put(2, 2, what, Role::Text);
    for (y, line) in (3..).zip(hint.lines()) {
        pen.put(2, y, &text::truncate(line, room), Role::Dim);
    }
    if payments.loaded && payments.failed.is_none() && !payments.filter.is_empty() {
        freshness(app, pen, room);
    }
}

/// How far the data goes: what is not found may only not have been imported.
fn freshness(app: &App, pen: &mut Pen<'_>, room: usize) {
    let accounts = app.overview.iter().flat_map(|overview| &overview.accounts);
    for (y, account) in (5..pen.height()).zip(accounts) {
        let known = &account.freshness;
        let (age, role) = match known.at() {
            Some(at) => (
                format!("up to date {} ago", words::age(app.now, at)),
                Role::Dim,
            ),
            None => ("never imported or synced".to_owned(), Role::Warn),
        };
        let line = format!("{:<14} {age}", known.account);
        pen.put(2, y, &text::truncate(&line, room), role);
    }
}

fn content(app: &App, row: &Row, cell: Cell, selected: bool, room: usize) -> (String, Role) {
    let payment = &row.payment;
    let figures = payment.figures();
    let text = |what: Option<&str>| (what.unwrap_or("–").to_owned(), Role::Text);
    match cell {
        Cell::Settled => match payment.settled_at() {
            Some(at) => (words::day(at), Role::Text),
            None => ("not yet".to_owned(), Role::Dim),
        },
        Cell::Reference => {
            let name = payment
                .reference
                .as_deref()
                .unwrap_or(&payment.provider_payment_id);
            let role = if selected { Role::Selected } else { Role::Text };
            (name.to_owned(), role)
        }
        Cell::Payer => (
            words::payer_in(room, payment.payer.as_deref(), payment.last4.as_deref()),
            Role::Text,
        ),
        Cell::Account => text(Some(&payment.account)),
        Cell::Order => text(payment.order.as_deref()),
        Cell::Currency => (payment.currency.code().to_owned(), Role::Text),
        Cell::Paid if row.twice == Some(true) => {
            let figure = words::money_in(room.saturating_sub(3), figures.captured);
            (format!("2x {figure}"), Role::Warn)
        }
        Cell::Paid => (words::money_in(room, figures.captured), Role::Text),
        Cell::Refunded => quiet_zero(figures.executed, room),
        Cell::Held => quiet_zero(figures.held, room),
        Cell::CanRefund => can_refund(row, room),
        Cell::Until => match row.eligibility.refundable_until {
            Some(day) => (day.format("%Y-%m-%d").to_string(), Role::Dim),
            None => text(None),
        },
        Cell::Status => {
            let (word, role) = words::status(payment, app.now);
            (word.to_owned(), role)
        }
    }
}

fn quiet_zero(money: Money, room: usize) -> (String, Role) {
    match money.minor {
        0 => ("–".to_owned(), Role::Dim),
        _ => (words::money_in(room, money), Role::Text),
    }
}

/// The figure operators look for, or the reason why there is none. In colour where it is not all of
/// what was paid: a colour on every row says nothing, and each costs its bytes.
fn can_refund(row: &Row, room: usize) -> (String, Role) {
    let (eligibility, paid) = (&row.eligibility, row.payment.figures().captured);
    if let Some(why_not) = eligibility.why_not {
        return (why_not.short().to_owned(), Role::Dim);
    }
    let (mark, room) = match eligibility.unverified {
        true => ("~", room.saturating_sub(1)),
        false => ("", room),
    };
    let figure = words::money_in(room, eligibility.can_refund);
    let role = match eligibility.can_refund == paid {
        true => Role::Text,
        false => Role::Good,
    };
    (format!("{mark}{figure}"), role)
}

/// How many are marked, and what can be refunded of them.
fn marked(app: &App, pen: &mut Pen<'_>) {
    let marks = &app.payments.marks;
    let key = |action| app.keymap.key(action);
    let keys = format!(
        "{} refunds them, {} clears ",
        key(Action::Refund),
        key(Action::Back)
    );
    let head = vec![(format!("{} marked", marks.count()), Role::Warn)];
    let room = pen.width().saturating_sub(keys.len() + 2);
    let can_refund = |sum: &Money| {
        let said = format!("  {} {} can refund", sum.currency, sum.grouped());
        vec![vec![(said, Role::Good)]]
    };
    let each = marks.sums().iter().map(can_refund).collect();
    let pieces = as_many_as_fit(head, each, room, "");
    pen.pieces(1, 0, &pieces);
    pen.put_right(0, &[(keys, Role::Dim)]);
}

/// Exact count and sums of the filter, and where the cursor is.
fn sums(app: &App, pen: &mut Pen<'_>) {
    let payments = &app.payments;
    let position = match (payments.position(), &payments.totals) {
        (Some(at), Some(totals)) => format!("{} of {} ", grouped(at), grouped(totals.count)),
        (Some(at), None) => format!("{} of … ", grouped(at)),
        _ => String::new(),
    };
    let room = pen.width().saturating_sub(text::width(&position) + 2);
    let pieces = match &payments.totals {
        Some(totals) if totals.count == 0 => vec![("no payments".to_owned(), Role::Dim)],
        Some(totals) => {
            let key = format!(" ({})", app.keymap.key(Action::ShowSums));
            let each = totals.sums.iter().enumerate();
            let each = each.map(|(at, sums)| forms(at, sums)).collect();
            as_many_as_fit(Vec::new(), each, room, &key)
        }
        None if payments.failed.is_some() => vec![("not counted".to_owned(), Role::Bad)],
        None => vec![("counting …".to_owned(), Role::Dim)],
    };
    pen.pieces(1, 0, &pieces);
    pen.put_right(0, &[(position, Role::Dim)]);
}

/// The sums of a currency, in full; of the first one also in short.
fn forms(at: usize, sums: &Sums) -> Vec<Vec<Piece>> {
    let gap = if at == 0 { "" } else { "  " };
    let (code, paid) = (sums.paid.currency, sums.paid.grouped());
    let can_refund = format!("{} can refund", sums.can_refund.grouped());
    let short = vec![
        (format!("{code} {paid} paid  "), Role::Text),
        (can_refund.clone(), Role::Good),
    ];
    let mut full = vec![
        (format!("{gap}{code} "), Role::Title),
        (format!("{paid} paid"), Role::Text),
        (format!(" · {} back", sums.refunded.grouped()), Role::Dim),
    ];
    if sums.held.minor != 0 {
        full.push((format!(" · {} held", sums.held.grouped()), Role::Warn));
    }
    full.push((format!(" · {can_refund}"), Role::Good));
    match at {
        0 => vec![full, short],
        _ => vec![full],
    }
}

/// Part after part, each in the first of its forms that fits. What is left out must not look like
/// the whole: its count always has room.
fn as_many_as_fit(
    mut line: Vec<Piece>,
    parts: Vec<Vec<Vec<Piece>>>,
    room: usize,
    key: &str,
) -> Vec<Piece> {
    let cells = |pieces: &[Piece]| -> usize { pieces.iter().map(|it| text::width(&it.0)).sum() };
    let more = |count: usize| match count {
        0 => String::new(),
        count => format!("  +{count} more{key}"),
    };
    let count = parts.len();
    for (at, forms) in parts.into_iter().enumerate() {
        let taken = cells(&line) + text::width(&more(count - at - 1));
        match forms.into_iter().find(|form| taken + cells(form) <= room) {
            Some(mut form) => line.append(&mut form),
            None => {
                let said = more(count - at);
                let first = line.is_empty();
                let said = if first { said.trim_start() } else { &said };
                line.push((said.to_owned(), Role::Warn));
                break;
            }
        }
    }
    line
}

fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}
