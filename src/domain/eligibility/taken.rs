//! From what is available to what can be refunded now: each rule that takes something away, by name.

use chrono::{DateTime, Utc};

use super::{Terms, WhyNot, of_payments_capture};
use crate::domain::limits::share;
use crate::domain::money::Money;
use crate::domain::payment::{Capture, Payment};

/// What takes something away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nothing of the payment can be refunded.
    All(WhyNot),
    /// Nothing of one of its captures can be.
    Capture {
        /// The provider's id of it, where it has one.
        id: Option<String>,
        /// Why.
        why: WhyNot,
    },
    /// The account's cap per payment, of which so much is left.
    Cap(Money),
    /// The account's largest single refund, in percent of what was captured.
    Share(u32),
    /// A sum that no rule above accounts for.
    Rest,
}

/// What stands between the balance of a payment and `offered`, what can be refunded of it now. The
/// amounts add up to the difference; below zero: something overdrew the payment.
pub fn taken(
    payment: &Payment,
    terms: &Terms,
    offered: Money,
    now: DateTime<Utc>,
) -> Vec<(Taken, Money)> {
    let mut steps = Steps {
        rest: payment.figures().available(),
        taken: Vec::new(),
    };
    let judged: Vec<(&Capture, Option<WhyNot>)> = payment
        .captures
        .iter()
        .map(|capture| {
            let judged = of_payments_capture(payment, capture, terms, now);
            (capture, judged.why_not)
        })
        .collect();
    match only_reason(&judged) {
        Some(why) => steps.take(Taken::All(why), steps.rest.minor),
        None => closed(&mut steps, &judged),
    }
    limits(&mut steps, payment, terms);
    steps.take(Taken::Rest, steps.rest.minor.saturating_sub(offered.minor));
    steps.taken
}

/// What is left on the way down, and what was taken so far.
struct Steps {
    rest: Money,
    taken: Vec<(Taken, Money)>,
}

impl Steps {
    fn take(&mut self, what: Taken, minor: i64) {
        if minor != 0 {
            let amount = Money::new(minor, self.rest.currency);
            self.rest.minor = self.rest.minor.saturating_sub(minor);
            self.taken.push((what, amount));
        }
    }
}

/// The reason that stands against every capture.
fn only_reason(judged: &[(&Capture, Option<WhyNot>)]) -> Option<WhyNot> {
    let (_, first) = judged.first()?;
    let same = judged.iter().all(|(_, why)| why == first);
    first.filter(|_| same)
}

/// Captures that offer nothing, as far as the others do not cover what is available.
fn closed(steps: &mut Steps, judged: &[(&Capture, Option<WhyNot>)]) {
    let left = |capture: &Capture| capture.figures.available().minor.max(0);
    let open = judged.iter().filter(|(_, why)| why.is_none());
    let open = open.fold(0_i64, |sum, (capture, _)| sum.saturating_add(left(capture)));
    let mut missing = steps.rest.minor.saturating_sub(open).max(0);
    for (capture, why) in judged {
        let Some(why) = *why else { continue };
        let minor = left(capture).min(missing);
        missing -= minor;
        let id = capture.capture_id.clone();
        steps.take(Taken::Capture { id, why }, minor);
    }
}

/// What the provider allows of the payment as a whole.
fn limits(steps: &mut Steps, payment: &Payment, terms: &Terms) {
    let figures = payment.figures();
    let over = |steps: &Steps, most: Money| steps.rest.minor.saturating_sub(most.minor.max(0));
    if let Some(left) = terms.limits.left_beside(&figures, payment.on_top.total()) {
        let over = over(steps, left).max(0);
        steps.take(Taken::Cap(left), over);
    }
    if let Some(percent) = terms.limits.percent() {
        let over = over(steps, share(figures.captured, percent)).max(0);
        steps.take(Taken::Share(percent), over);
    }
}

impl Taken {
    /// What it says, for people.
    pub fn words(&self) -> String {
        match self {
            Self::All(why) => why.sentence().to_owned(),
            Self::Capture { id, why } => {
                let id = id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
                format!("capture{id}: {}", why.short())
            }
            Self::Cap(left) => format!("over the cap per payment, {left} left"),
            Self::Share(percent) => format!("over the largest single refund, {percent}%"),
            Self::Rest => "other".to_owned(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::balance::Figures;
    use crate::domain::compensation::Compensations;
    use crate::domain::eligibility::{Window, of_payment};
    use crate::domain::id::PaymentId;
    use crate::domain::limits::{Limit, Limits};
    use crate::domain::money::Currency;
    use crate::domain::payment::Source;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::from_code("USD").unwrap())
    }

    pub fn now() -> DateTime<Utc> {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    fn capture(id: &str, captured: &str, figures: [i64; 3]) -> Capture {
        let [paid, back, held] = figures.map(usd);
        Capture {
            capture_id: Some(id.to_owned()),
            captured_at: captured.parse().unwrap(),
            settled_at: Some(captured.parse().unwrap()),
            figures: Figures {
                executed: back,
                held,
                ..Figures::captured(paid)
            },
        }
    }

    fn payment(captures: Vec<Capture>) -> Payment {
        Payment {
            id: PaymentId::derive("hub-us", "p"),
            account: "hub-us".into(),
            provider_payment_id: "p".into(),
            reference: None,
            order: None,
            payer: None,
            method: None,
            scheme: None,
            last4: None,
            description: None,
            details: Vec::new(),
            currency: usd(0).currency,
            captures,
            unallocated: None,
            on_top: Compensations::none(usd(0).currency),
            blocked: false,
            verified_at: None,
            source: Source {
                file: String::new(),
                sha256: String::new(),
                line: 1,
                importer: String::new(),
                at: DateTime::default(),
            },
        }
    }

    fn terms(cap: Option<i64>, percent: Option<u32>) -> Terms {
        let caps = |cap| Limit::Of([(usd(0).currency, cap)].into());
        Terms {
            can_send: true,
            window: Some(Window::Months(12)),
            needs_settlement: true,
            currencies: Vec::new(),
            compensation: false,
            limits: Limits {
                cap_per_payment: cap.map_or(Limit::Unlimited, caps),
                max_percent: percent.map_or(Limit::Unlimited, Limit::Of),
                period_days: Limit::Unlimited,
            },
            lists: false,
        }
    }

    const NEW: &str = "2026-10-01T10:00:00Z";
    const OLD: &str = "2024-10-01T10:00:00Z";

    #[test]
    fn each_rule_takes_its_part_under_its_name() {
        let payment = payment(vec![
            capture("a", NEW, [1_000, 100, 0]),
            capture("b", OLD, [500, 0, 0]),
        ]);
        let terms = terms(Some(700), Some(20));
        let offered = of_payment(&payment, &terms, now()).can_refund;
        assert_eq!(offered, usd(300), "20% of 15.00");
        let steps = taken(&payment, &terms, offered, now());
        let told: Vec<(String, i64)> = steps
            .iter()
            .map(|(what, amount)| (what.words(), amount.minor))
            .collect();
        let line = |words: &str, minor| (words.to_owned(), minor);
        assert_eq!(
            told,
            [
                line("capture b: too old", 500),
                line("over the cap per payment, 6.00 USD left", 300),
                line("over the largest single refund, 20%", 300),
            ]
        );
    }

    /// Payments of every make under terms of every kind.
    pub fn any_case() -> impl Strategy<Value = (Payment, Terms)> {
        let figures = ([0_i64..1_000, 0..700, 0..700], any::<bool>());
        let limits = (prop::option::of(0_i64..2_500), prop::option::of(0_u32..130));
        let captures = prop::collection::vec(figures, 1..4);
        let marks = (any::<bool>(), any::<bool>());
        (captures, 0_i64..1_500, limits, marks).prop_map(case)
    }

    type Made = (
        Vec<([i64; 3], bool)>,
        i64,
        (Option<i64>, Option<u32>),
        (bool, bool),
    );

    fn case((figures, elsewhere, (cap, percent), (blocked, can_send)): Made) -> (Payment, Terms) {
        let captures = figures.iter().enumerate().map(|(at, (figures, old))| {
            capture(&at.to_string(), if *old { OLD } else { NEW }, *figures)
        });
        let unallocated = Figures {
            executed: usd(elsewhere),
            ..Figures::captured(usd(0))
        };
        let payment = Payment {
            unallocated: Some(unallocated).filter(|_| elsewhere > 700),
            blocked,
            ..payment(captures.collect())
        };
        let terms = Terms {
            can_send,
            ..terms(cap, percent)
        };
        (payment, terms)
    }

    proptest! {
        /// Whatever the figures and limits: the steps lead to what is offered, and each has a name.
        #[test]
        fn the_steps_add_up_to_what_is_offered((payment, terms) in any_case()) {
            let offered = of_payment(&payment, &terms, now()).can_refund;
            let steps = taken(&payment, &terms, offered, now());
            let sum: i64 = steps.iter().map(|(_, amount)| amount.minor).sum();
            prop_assert_eq!(payment.figures().available().minor - sum, offered.minor);
            prop_assert!(steps.iter().all(|(what, _)| *what != Taken::Rest), "{:?}", steps);
        }
    }
}
