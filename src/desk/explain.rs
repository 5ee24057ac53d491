//! The balance of a payment, line by line.

use super::face::BalanceLine;
use crate::domain::balance::Figures;
use crate::domain::eligibility::Eligibility;
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::refund::Refund;

/// From what was captured to what can be refunded: each line adds or takes away, sums say so.
pub(super) fn balance(
    payment: &Payment,
    refunds: &[Refund],
    eligibility: &Eligibility,
) -> Vec<BalanceLine> {
    let figures = payment.figures();
    let mut lines: Vec<BalanceLine> = payment
        .captures
        .iter()
        .map(|capture| {
            let id = capture.capture_id.as_deref().unwrap_or_default();
            line(
                format!("captured {id}").trim_end(),
                capture.figures.captured,
            )
        })
        .collect();
    lines.extend(refunds.iter().filter_map(refund_line));
    lines.extend(elsewhere(&figures, refunds));
    if figures.disputed.minor != 0 {
        lines.push(line("in dispute", minus(figures.disputed)));
    }
    lines.push(sum("available", figures.available()));
    if let Some(why) = eligibility.why_not
        && figures.available().is_positive()
    {
        lines.push(line(why.sentence(), minus(figures.available())));
    }
    lines.push(sum("can refund", eligibility.can_refund));
    lines
}

/// A refund that weighs on the balance; the others are history.
fn refund_line(refund: &Refund) -> Option<BalanceLine> {
    let figures = refund.figures();
    let held = figures.held().unwrap_or(refund.content.amount);
    let executed = figures.executed();
    let weight = Money::new(held.minor.saturating_add(executed.minor), held.currency);
    let word = if executed.is_positive() {
        "refunded"
    } else {
        "held"
    };
    weight.is_positive().then(|| BalanceLine {
        refund: Some(refund.id),
        ..line(
            &format!(
                "{word} by {}, {}",
                refund.content.maker,
                refund.state.name().replace('_', " ")
            ),
            minus(weight),
        )
    })
}

/// What was paid back elsewhere: executed, but by none of our refunds.
fn elsewhere(figures: &Figures, refunds: &[Refund]) -> Option<BalanceLine> {
    let ours: i64 = refunds
        .iter()
        .map(|refund| refund.figures().executed().minor)
        .sum();
    let minor = figures.executed.minor.saturating_sub(ours);
    let amount = Money::new(minor, figures.executed.currency);
    amount
        .is_positive()
        .then(|| line("refunded elsewhere, by file", minus(amount)))
}

fn line(label: &str, amount: Money) -> BalanceLine {
    BalanceLine {
        label: label.to_owned(),
        amount,
        refund: None,
        is_sum: false,
    }
}

fn sum(label: &str, amount: Money) -> BalanceLine {
    BalanceLine {
        is_sum: true,
        ..line(label, amount)
    }
}

fn minus(amount: Money) -> Money {
    Money::new(amount.minor.saturating_neg(), amount.currency)
}
