//! The balance of a payment, line by line.

use chrono::{DateTime, Utc};

use super::face::{BalanceLine, Elsewhere};
use crate::domain::balance::Figures;
use crate::domain::compensation::Compensations;
use crate::domain::dispute::{Dispute, DisputeWeight};
use crate::domain::eligibility::{Eligibility, Taken, Terms, taken};
use crate::domain::external::{ExternalFigures, ExternalRefund};
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::refund::Refund;

/// From what was captured to what can be refunded: each line adds or takes away, sums say so.
pub(super) fn balance(
    payment: &Payment,
    refunds: &[Refund],
    elsewhere: &Elsewhere,
    (eligibility, terms, now): (&Eligibility, &Terms, DateTime<Utc>),
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
    let external = &elsewhere.external;
    lines.extend(external.iter().filter_map(|it| external_line(it, refunds)));
    let disputes = &elsewhere.disputes;
    lines.extend(disputes.iter().filter_map(dispute_line));
    lines.extend(the_rest(&figures, &lines));
    lines.push(sum("available", figures.available()));
    let taken = taken(payment, terms, eligibility.can_refund, now);
    lines.extend(taken.into_iter().map(|(what, amount)| {
        let words = match (what, eligibility.why_not) {
            // The desk may word a reason by the account.
            (Taken::All(_), Some(why)) => why.sentence().to_owned(),
            (what, _) => what.words(),
        };
        line(&words, minus(amount))
    }));
    lines.push(sum("can refund", eligibility.can_refund));
    lines.extend(on_top(&payment.on_top));
    lines
}

/// Compensation takes nothing away from what is available, so it stands below, summed apart.
fn on_top(compensations: &Compensations) -> impl Iterator<Item = BalanceLine> + use<> {
    let sums = [
        ("compensation held, on top", compensations.held),
        ("compensation paid, on top", compensations.executed),
    ];
    let sums = sums.into_iter().filter(|(_, amount)| amount.is_positive());
    sums.map(|(label, amount)| sum(label, amount))
}

/// A refund that weighs on the balance; the others are history.
fn refund_line(refund: &Refund) -> Option<BalanceLine> {
    let figures = refund.figures();
    let weight = figures.weight();
    let word = if figures.executed().is_positive() {
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
                refund.state.words()
            ),
            minus(weight),
        )
    })
}

/// A refund made elsewhere, as far as no refund of ours counts for it.
fn external_line(external: &ExternalRefund, refunds: &[Refund]) -> Option<BalanceLine> {
    let ours = refunds
        .iter()
        .find(|refund| Some(refund.id) == external.linked);
    let figures = ExternalFigures {
        amount: external.amount,
        state: external.state,
        linked: ours.map(Refund::figures),
    };
    let (executed, held) = (figures.executed().ok()?, figures.held().ok()?);
    let (word, weight) = match executed.is_positive() {
        true => ("refunded elsewhere", executed),
        false => ("held by a refund made elsewhere", held),
    };
    let label = format!("{word}, by {}", external.origin);
    weight.is_positive().then(|| line(&label, minus(weight)))
}

fn dispute_line(dispute: &Dispute) -> Option<BalanceLine> {
    let id = &dispute.provider_dispute_id;
    let same_currency = dispute.amount.currency == dispute.holds.currency;
    let (label, weight) = match dispute.stage.weight() {
        DisputeWeight::Paid if same_currency => {
            let how = dispute.stage.name();
            (format!("taken by dispute {id}, {how}"), dispute.amount)
        }
        _ => (format!("in dispute {id}"), dispute.holds),
    };
    weight.is_positive().then(|| line(&label, minus(weight)))
}

/// What no line above accounts for: the figures must add up, whatever they are made of.
fn the_rest(figures: &Figures, lines: &[BalanceLine]) -> Option<BalanceLine> {
    let said: i64 = lines
        .iter()
        .fold(0, |sum, line| sum.saturating_add(line.amount.minor));
    let available = figures.available();
    let rest = Money::new(available.minor.saturating_sub(said), available.currency);
    (rest.minor != 0).then(|| line("other", rest))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::eligibility::{cases, of_payment};

    proptest! {
        /// From what was captured each line leads on: they add up to every sum, and to the last.
        #[test]
        fn the_lines_add_up_to_what_can_be_refunded((payment, terms) in cases::any_case()) {
            let judged = of_payment(&payment, &terms, cases::now());
            let elsewhere = Elsewhere::default();
            let lines = balance(&payment, &[], &elsewhere, (&judged, &terms, cases::now()));
            let mut so_far = 0;
            for line in &lines {
                match line.is_sum {
                    true => prop_assert_eq!(line.amount.minor, so_far, "{}", line.label),
                    false => so_far += line.amount.minor,
                }
            }
            prop_assert_eq!(so_far, judged.can_refund.minor);
            prop_assert_eq!(lines.last().unwrap().label.as_str(), "can refund");
        }
    }
}
