//! One payment: beside the list, or as a page.

use ratatui::layout::Position;

use crate::domain::dispute::Dispute;
use crate::domain::id::PaymentId;
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::refund::Refund;
use crate::tui::state::App;
use crate::tui::state::slots::Slot;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{text, words};

use super::{Line, awaited, heading, indented, named, page};

pub(super) fn draw_page(
    app: &App,
    id: PaymentId,
    scroll: usize,
    pen: &mut Pen<'_>,
) -> Option<Position> {
    let width = super::page_width(pen.area().width) - 4;
    page(pen, "Payment", &lines(app, id, width), scroll)
}

/// Everything about a payment, as far as known.
pub(super) fn lines(app: &App, id: PaymentId, width: usize) -> Vec<Line> {
    told(app, id, width, true)
}

/// The same beside the list, without what is only looked up: it is written anew for every row.
pub(super) fn lines_beside(app: &App, id: PaymentId, width: usize) -> Vec<Line> {
    told(app, id, width, false)
}

fn told(app: &App, id: PaymentId, width: usize, in_full: bool) -> Vec<Line> {
    let Some((payment, eligibility)) = app.payment(id) else {
        return awaited(app, Slot::Card, "the payment", width);
    };
    let mut lines = Vec::new();
    let can = match eligibility.why_not {
        Some(why_not) => (why_not.sentence().to_owned(), Role::Warn),
        None if eligibility.unverified => (format!("~{}", eligibility.can_refund), Role::Good),
        None => (eligibility.can_refund.to_string(), Role::Good),
    };
    lines.extend(named(
        "reference",
        payment.reference.as_deref().unwrap_or("–"),
        Role::Title,
        width,
    ));
    lines.extend(named(
        "payer",
        &words::payer(payment.payer.as_deref(), payment.last4.as_deref()),
        Role::Text,
        width,
    ));
    for (name, value) in app.revealed(id).iter().flat_map(|it| &it.lines) {
        lines.extend(named(name, value, Role::Warn, width));
    }
    lines.extend(named("can refund", &can.0, can.1, width));
    if eligibility.unverified {
        let said = "~ not yet compared with the provider: refund-desk sync does";
        lines.extend(named("", said, Role::Dim, width));
    }
    if let Some(until) = eligibility.refundable_until {
        lines.extend(named(
            "until",
            &format!("{} (UTC date)", until.format("%Y-%m-%d")),
            Role::Text,
            width,
        ));
    }
    warnings(app, &mut lines, id, width);
    balance(&mut lines, payment, width);
    refunds(app, &mut lines, id, width);
    elsewhere(app, &mut lines, id, width);
    notes(app, &mut lines, id, width);
    facts(app, &mut lines, payment, (width, in_full));
    lines
}

/// What must be known before anything is refunded: a chargeback to avoid, a contradiction.
fn warnings(app: &App, lines: &mut Vec<Line>, id: PaymentId, width: usize) {
    let Some(card) = app.card.as_ref().filter(|card| card.payment.id == id) else {
        return;
    };
    for banner in card.disputes.iter().filter_map(Dispute::banner) {
        lines.extend(named("chargeback", &banner, Role::Warn, width));
    }
    if let Some(twin) = &card.twin {
        let back = match twin.given_back.minor {
            0 => "nothing of it went back".to_owned(),
            _ => format!("{} of it went back or is held", twin.given_back),
        };
        let when = words::moment(app, twin.captured_at);
        let said = format!(
            "2x: {} on {}, {when}: the same amount; {back}",
            twin.reference, twin.account
        );
        lines.extend(named("paid twice?", &said, Role::Warn, width));
    }
    for open in &card.discrepancies {
        let said = open.said();
        let role = if open.blocks_now() {
            Role::Bad
        } else {
            Role::Warn
        };
        lines.extend(named("contradiction", &said, role, width));
    }
}

/// What was done outside this desk, where anything was.
fn elsewhere(app: &App, lines: &mut Vec<Line>, id: PaymentId, width: usize) {
    let Some(card) = app.card.as_ref().filter(|card| card.payment.id == id) else {
        return;
    };
    if !card.external.is_empty() {
        heading(lines, "Refunded elsewhere");
    }
    for external in &card.external {
        let ours = external
            .linked
            .map_or_else(String::new, |id| format!(", is our {}", id.short()));
        let said = format!("{} {}{ours}", external.amounts(), external.state.name());
        lines.extend(named(
            &moment_day(app, external.first_seen),
            &said,
            Role::Text,
            width,
        ));
    }
    if !card.disputes.is_empty() {
        heading(lines, "Disputes");
    }
    for dispute in &card.disputes {
        let until = dispute.deadline.map_or_else(String::new, |at| {
            format!(", answer by {}", words::moment(app, at))
        });
        let stage = dispute.stage.name().replace('_', " ");
        let said = format!("{} {stage}{until}", dispute.amount);
        lines.extend(named(
            &dispute.provider_dispute_id,
            &said,
            Role::Text,
            width,
        ));
    }
}

/// What people wrote, where anybody did.
fn notes(app: &App, lines: &mut Vec<Line>, id: PaymentId, width: usize) {
    let card = app.card.as_ref().filter(|card| card.payment.id == id);
    let notes = card.map_or(&[][..], |card| &card.notes);
    if !notes.is_empty() {
        heading(lines, &format!("Notes ({})", words::zone(app)));
    }
    for note in notes {
        let on = note
            .refund
            .map_or_else(String::new, |id| format!(" on refund {}", id.short()));
        let said = format!("{}{on}: {}", note.author, note.said());
        lines.extend(named(&words::clock(app, note.at), &said, Role::Text, width));
    }
}

fn moment_day(app: &App, at: chrono::DateTime<chrono::Utc>) -> String {
    at.with_timezone(&words::zone(app))
        .format("%Y-%m-%d")
        .to_string()
}

/// The figures, added up.
fn balance(lines: &mut Vec<Line>, payment: &Payment, width: usize) {
    heading(lines, "Balance");
    let figures = payment.figures();
    let minus = |money: Money| Money::new(-money.minor, money.currency);
    sum_line(lines, "paid", figures.captured, width, Role::Text);
    for (name, money) in [
        ("refunded", figures.executed),
        ("held", figures.held),
        ("disputed", figures.disputed),
    ] {
        if money.minor != 0 {
            sum_line(lines, name, minus(money), width, Role::Text);
        }
    }
    let left = figures.available();
    let role = if left.minor < 0 {
        Role::Bad
    } else {
        Role::Title
    };
    sum_line(lines, "left", left, width, role);
}

fn sum_line(lines: &mut Vec<Line>, name: &str, money: Money, width: usize, role: Role) {
    let figure = text::right(&money.grouped(), 16.min(width));
    lines.push(vec![
        (text::left(name, 14), Role::Dim),
        (figure, role),
        (format!(" {}", money.currency), Role::Dim),
    ]);
}

fn refunds(app: &App, lines: &mut Vec<Line>, id: PaymentId, width: usize) {
    heading(lines, "Refunds");
    let Some(card) = app.card.as_ref().filter(|card| card.payment.id == id) else {
        lines.extend(match app.slots.refusal(Slot::Card) {
            Some(_) => awaited(app, Slot::Card, "the refunds", width),
            None => vec![vec![("…".to_owned(), Role::Dim)]],
        });
        return;
    };
    if card.refunds.is_empty() {
        lines.push(vec![("none".to_owned(), Role::Dim)]);
    }
    let here = app.to_stop().map(|row| row.refund.id);
    for refund in &card.refunds {
        lines.push(refund_line(app, refund, width));
        if let Some((said, role)) = words::stopping_among(app, refund, here) {
            lines.extend(indented(&said, role, width));
        }
    }
}

fn refund_line(app: &App, refund: &Refund, width: usize) -> Line {
    let standing = words::standing(app, refund);
    let date = refund
        .created_at
        .with_timezone(&words::zone(app))
        .format("%Y-%m-%d")
        .to_string();
    let figure = text::right(&refund.content.amount.grouped(), 11);
    let room = width.saturating_sub(10 + 11 + 2);
    let said = if text::width(&standing.long) <= room {
        standing.long
    } else {
        standing.short
    };
    vec![
        (date, Role::Dim),
        (figure, Role::Text),
        (format!("  {}", text::truncate(&said, room)), standing.role),
    ]
}

fn facts(app: &App, lines: &mut Vec<Line>, payment: &Payment, (width, in_full): (usize, bool)) {
    heading(lines, "Details");
    let method = [&payment.method, &payment.scheme, &payment.last4];
    let method: Vec<&str> = method.iter().filter_map(|part| part.as_deref()).collect();
    let settled = payment
        .settled_at()
        .map_or("not yet".to_owned(), |at| words::moment(app, at));
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            lines.extend(named(name, value, Role::Text, width));
        }
    };
    fact("account", &payment.account);
    fact("payment", &payment.provider_payment_id);
    if in_full {
        fact("our id", &payment.id.to_string());
    }
    fact("order", payment.order.as_deref().unwrap_or_default());
    fact("method", &method.join(" "));
    fact("for", payment.description.as_deref().unwrap_or_default());
    fact("captured", &words::moment(app, payment.captured_at()));
    fact("settled", &settled);
    for (name, value) in &payment.details {
        fact(name, value);
    }
    if in_full {
        let source = &payment.source;
        fact("source", &format!("{}, line {}", source.file, source.line));
    }
    if payment.captures.len() > 1 {
        captures(app, lines, payment, width);
    }
}

fn captures(app: &App, lines: &mut Vec<Line>, payment: &Payment, width: usize) {
    heading(lines, "Captures");
    for capture in &payment.captures {
        let id = capture.capture_id.as_deref().unwrap_or("–");
        let left = capture.figures.available();
        let said = format!(
            "{} of {} left, captured {}",
            left.grouped(),
            capture.figures.captured,
            words::moment(app, capture.captured_at)
        );
        lines.extend(named(id, &said, Role::Text, width));
    }
}
