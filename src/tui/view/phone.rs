//! What is said to a payer: everything of theirs, newest first, and what to read aloud.

use chrono::{DateTime, Utc};
use ratatui::layout::Position;

use crate::domain::id::{PaymentId, RefundId};
use crate::domain::phone::{Call, Entry, Kin, What};
use crate::tui::state::App;
use crate::tui::state::phone::Page;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{text, words};

use super::{Line, indented, named, page};

/// The mark of what is chosen, and the column of the moment.
const WHEN_CELLS: usize = 19;

pub(super) fn draw(app: &App, shown: &Page, pen: &mut Pen<'_>) -> Option<Position> {
    let width = super::page_width(pen.area().width) - 4;
    let area = pen.area();
    let lines = lines(app, shown, width);
    let drawn = page(pen, "On the phone", &lines, shown.scroll)?;
    // Whoever has the screen read aloud hears of the chosen entry first.
    let (first, _) = place(app, shown, width);
    let below = first.saturating_sub(shown.scroll);
    let y = drawn.y.saturating_add(u16::try_from(below).unwrap_or(0));
    Some(Position::new(
        drawn.x,
        y.min(area.bottom().saturating_sub(2)),
    ))
}

pub(super) fn lines(app: &App, shown: &Page, width: usize) -> Vec<Line> {
    let Some(call) = &shown.call else {
        let said = shown.failed.as_deref().unwrap_or("loading …");
        return vec![vec![(said.to_owned(), Role::Dim)]];
    };
    let mut lines = who(app, call, width);
    lines.extend(entries(app, shown, width).flatten());
    if call.more {
        let said = "there are more payments: those closest to this one are shown";
        lines.push(Vec::new());
        lines.push(vec![(said.to_owned(), Role::Warn)]);
    }
    lines
}

/// The lines of each entry, after an empty one.
fn entries<'a>(
    app: &'a App,
    shown: &'a Page,
    width: usize,
) -> impl Iterator<Item = Vec<Line>> + 'a {
    let here = app.to_stop().map(|row| row.refund.id);
    let entries = shown.call.iter().flat_map(|call| &call.entries);
    entries.enumerate().map(move |(at, entry)| {
        let mut lines = vec![Vec::new()];
        let chosen = at == shown.cursor;
        lines.extend(happened(app, entry, chosen, width));
        // Of the payment asked about, the head of the card says it.
        if chosen && entry.payment != shown.payment {
            lines.extend(revealed(app, entry.payment, width));
        }
        lines.extend(stop(app, entry, here, width));
        lines
    })
}

/// The lines of the chosen entry: the first, and the one after the last. With the first entry goes what
/// stands above it.
pub(super) fn chosen(app: &App, shown: &Page, width: usize) -> (usize, usize) {
    let (first, end) = place(app, shown, width);
    (if shown.cursor == 0 { 0 } else { first }, end)
}

/// The same of the entry alone.
fn place(app: &App, shown: &Page, width: usize) -> (usize, usize) {
    let above = shown.call.iter().map(|call| who(app, call, width).len());
    let mut at = above.sum();
    for (number, lines) in entries(app, shown, width).enumerate() {
        // The first of them is empty.
        let (first, end) = (at + 1, at + lines.len());
        if number == shown.cursor {
            return (first, end);
        }
        at = end;
    }
    (at, at)
}

fn who(app: &App, call: &Call, width: usize) -> Vec<Line> {
    let payer = words::payer(call.payer.as_deref(), call.last4.as_deref());
    let mut lines = named("payer", &payer, Role::Title, width);
    lines.extend(revealed(app, call.payment, width));
    if let Some(order) = &call.order {
        lines.extend(named("order", order, Role::Text, width));
    }
    let said = format!(
        "newest first, all accounts; times and dates in {}",
        call.zone
    );
    lines.extend(named("", &said, Role::Dim, width));
    lines
}

/// Who paid, in full, where somebody asked for it.
fn revealed(app: &App, payment: PaymentId, width: usize) -> Vec<Line> {
    let lines = app.revealed(payment).into_iter().flat_map(|it| &it.lines);
    lines
        .flat_map(|(name, value)| named(name, value, Role::Warn, width))
        .collect()
}

fn happened(app: &App, entry: &Entry, chosen: bool, width: usize) -> Vec<Line> {
    let (what, amount, standing, role) = match &entry.what {
        What::Payment {
            paid,
            can_refund,
            why_not,
        } => {
            let can = match why_not {
                Some(why) => why.short().to_owned(),
                None => format!("can refund {}", can_refund.grouped()),
            };
            ("payment", words::money(*paid), can, Role::Text)
        }
        What::Refund { refund, .. } => {
            let standing = words::standing(app, refund);
            let amount = words::money(refund.content.amount);
            ("REFUND", amount, standing.short, standing.role)
        }
        What::Elsewhere(external) => {
            let stands = format!("{}, made elsewhere", external.state.name());
            ("refund", external.amounts(), stands, Role::Text)
        }
        What::Dispute(dispute) => {
            let stage = dispute.stage.name().replace('_', " ");
            ("dispute", words::money(dispute.amount), stage, Role::Warn)
        }
    };
    let (mark, when) = match chosen {
        true => ("▸ ", Role::Selected),
        false => ("  ", Role::Dim),
    };
    let day = text::left(&day(app, entry.at), WHEN_CELLS - text::width(mark));
    let mut lines = vec![vec![
        (mark.to_owned(), Role::Selected),
        (day, when),
        (text::left(what, 8), Role::Text),
        (text::right(&amount, 16), Role::Title),
        ("  ".to_owned(), Role::Dim),
        (text::truncate(&standing, width.saturating_sub(45)), role),
    ]];
    let reference = entry.reference.as_deref().unwrap_or("no reference");
    let kin = match entry.kin {
        Kin::Name => Role::Warn,
        _ => Role::Dim,
    };
    let known = format!("{} · {reference} · ", entry.account);
    let room = width.saturating_sub(WHEN_CELLS).max(1);
    let left = room.saturating_sub(text::width(&known));
    if text::width(entry.kin.words()) <= left {
        lines.push(vec![
            (" ".repeat(WHEN_CELLS), Role::Dim),
            (known, Role::Dim),
            (entry.kin.words().to_owned(), kin),
        ]);
    } else {
        // A warning must not be cut.
        let known = text::truncate(known.trim_end_matches(" · "), room);
        lines.push(vec![
            (" ".repeat(WHEN_CELLS), Role::Dim),
            (known, Role::Dim),
        ]);
        let warned = text::wrap(entry.kin.words(), room).into_iter();
        lines.extend(warned.map(|part| vec![(" ".repeat(WHEN_CELLS), Role::Dim), (part, kin)]));
    }
    lines.extend(to_be_said(app, entry, width));
    lines
}

/// What is read aloud, or must be known before anything is.
fn to_be_said(app: &App, entry: &Entry, width: usize) -> Vec<Line> {
    let (said, role) = match &entry.what {
        What::Refund { said, .. } => (said.clone(), Role::Title),
        What::Dispute(dispute) => match (dispute.banner(), dispute.deadline) {
            (Some(banner), _) => (banner, Role::Warn),
            (None, Some(at)) => (format!("answer by {}", day(app, at)), Role::Text),
            (None, None) => return Vec::new(),
        },
        What::Payment { .. } | What::Elsewhere(_) => return Vec::new(),
    };
    indented(&said, role, width)
}

/// Whether it can still be stopped: what is asked for on the phone.
fn stop(app: &App, entry: &Entry, here: Option<RefundId>, width: usize) -> Vec<Line> {
    let What::Refund { refund, .. } = &entry.what else {
        return Vec::new();
    };
    let Some((said, role)) = words::stopping_among(app, refund, here) else {
        return Vec::new();
    };
    indented(&said, role, width)
}

fn day(app: &App, at: DateTime<Utc>) -> String {
    at.with_timezone(&words::zone(app))
        .format("%Y-%m-%d %H:%M")
        .to_string()
}
