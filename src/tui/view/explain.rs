//! A balance explained line by line: the figures add up to the last.

use ratatui::layout::Position;

use crate::domain::id::PaymentId;
use crate::tui::state::App;
use crate::tui::state::card;
use crate::tui::state::slots::Slot;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{text, words};

use super::{Line, awaited, page};

pub(super) fn draw(app: &App, id: PaymentId, scroll: usize, pen: &mut Pen<'_>) -> Option<Position> {
    let width = super::page_width(pen.area().width) - 4;
    page(pen, "The balance explained", &lines(app, id, width), scroll)
}

pub(super) fn lines(app: &App, id: PaymentId, width: usize) -> Vec<Line> {
    let Some(card) = app.card.as_ref().filter(|card| card.payment.id == id) else {
        return awaited(app, Slot::Card, "the balance", width);
    };
    let payment = &card.payment;
    let reference = payment
        .reference
        .as_deref()
        .unwrap_or(&payment.provider_payment_id);
    let mut lines = vec![
        vec![
            (reference.to_owned(), Role::Title),
            (
                format!(
                    "  {}",
                    words::payer(payment.payer.as_deref(), payment.last4.as_deref())
                ),
                Role::Text,
            ),
        ],
        Vec::new(),
    ];
    for line in &card.explained {
        lines.extend(balance_line(app, card, line, width));
    }
    lines.push(Vec::new());
    lines.push(conclusion(card));
    if let Some(until) = card.eligibility.refundable_until {
        let until = format!(
            "refundable until {} (UTC date, that day included)",
            until.format("%Y-%m-%d")
        );
        lines.push(vec![(until, Role::Dim)]);
    }
    lines
}

/// A line of the balance; what a long reason says goes on below, under its beginning.
fn balance_line(app: &App, card: &card::Card, line: &card::Line, width: usize) -> Vec<Line> {
    const FIGURE_CELLS: usize = 15;
    let role = if line.is_sum { Role::Title } else { Role::Text };
    let refund = line
        .refund
        .and_then(|id| card.refunds.iter().find(|refund| refund.id == id));
    let said = refund.map(|refund| {
        let standing = words::standing(app, refund);
        (
            format!("  {} {}", refund.id.short(), standing.short),
            standing.role,
        )
    });
    let said = said.unwrap_or((String::new(), Role::Text));
    let said_cells = text::width(&said.0).min(width / 3);
    let label_cells = width.saturating_sub(FIGURE_CELLS + 4 + width / 3).max(10);
    let mut parts = text::wrap(&line.label, label_cells).into_iter();
    let first = parts.next().unwrap_or_default();
    let mut lines = vec![vec![
        (text::left(&first, label_cells), role),
        (text::right(&line.amount.grouped(), FIGURE_CELLS), role),
        (format!(" {}", line.amount.currency), Role::Dim),
        (text::truncate(&said.0, said_cells), said.1),
    ]];
    lines.extend(parts.map(|part| vec![(part, role)]));
    lines
}

fn conclusion(card: &card::Card) -> Line {
    match card.eligibility.why_not {
        Some(why_not) => vec![(
            format!("cannot refund now: {}", why_not.sentence()),
            Role::Warn,
        )],
        None => vec![
            ("can refund now: ".to_owned(), Role::Text),
            (
                match card.eligibility.unverified {
                    true => format!(
                        "~{}, not yet compared with the provider",
                        card.eligibility.can_refund
                    ),
                    false => card.eligibility.can_refund.to_string(),
                },
                Role::Good,
            ),
        ],
    }
}
