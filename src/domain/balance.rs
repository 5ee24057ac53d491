//! What is left of a capture, and why.
//!
//! ```text
//! executed  = Σ proven amount of SUCCEEDED, SETTLED + external refunds done
//! held      = Σ max(requested, reported) of RESERVED … UNKNOWN + external refunds pending
//! available = captured − executed − held − disputed
//! ```

use serde::{Deserialize, Serialize};

use super::money::{Money, MoneyError};
use super::state::{State, Weight};

/// The four figures of a capture or, summed, of a payment. One currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Taken from the payer.
    pub captured: Money,
    /// Proven paid back, by us or elsewhere.
    pub executed: Money,
    /// Reserved for refunds that are not decided yet.
    pub held: Money,
    /// In dispute.
    pub disputed: Money,
}

impl Figures {
    /// A capture nothing has happened to yet.
    pub const fn captured(captured: Money) -> Self {
        let zero = Money::zero(captured.currency);
        Self {
            captured,
            executed: zero,
            held: zero,
            disputed: zero,
        }
    }

    /// What a new refund could take. Negative when evidence overdrew it.
    pub fn available(&self) -> Money {
        let minor = self
            .captured
            .minor
            .saturating_sub(self.executed.minor)
            .saturating_sub(self.held.minor)
            .saturating_sub(self.disputed.minor);
        Money::new(minor, self.captured.currency)
    }

    /// The sums of two captures of one payment. Amounts are bounded by the ledger far below
    /// `i64`, so saturation is never reached there.
    #[must_use]
    pub fn saturating_plus(&self, other: &Self) -> Self {
        let add = |a: Money, b: Money| Money::new(a.minor.saturating_add(b.minor), a.currency);
        Self {
            captured: add(self.captured, other.captured),
            executed: add(self.executed, other.executed),
            held: add(self.held, other.held),
            disputed: add(self.disputed, other.disputed),
        }
    }
}

/// What the balance needs to know of one refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundFigures {
    /// Where it stands.
    pub state: State,
    /// The amount asked.
    pub requested: Money,
    /// The amount the provider reported, when it differs.
    pub reported: Option<Money>,
    /// The amount proven paid.
    pub proven: Option<Money>,
}

impl RefundFigures {
    /// What this refund holds.
    ///
    /// # Errors
    /// The reported amount is in another currency.
    pub fn held(&self) -> Result<Money, MoneyError> {
        match (self.state.weight(), self.reported) {
            (Weight::Held, Some(reported)) => self.requested.larger(reported),
            (Weight::Held, None) => Ok(self.requested),
            _ => Ok(Money::zero(self.requested.currency)),
        }
    }

    /// What this refund has proven paid.
    pub fn executed(&self) -> Money {
        match self.state.weight() {
            Weight::Executed => self.proven.unwrap_or(self.requested),
            _ => Money::zero(self.requested.currency),
        }
    }
}

/// A refund made elsewhere and found by file or sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalRefund {
    /// How much.
    pub amount: Money,
    /// Done, or still pending.
    pub done: bool,
}

/// The figures of a capture, computed from everything that happened to it.
///
/// # Errors
/// Two currencies, or sums beyond `i64`.
pub fn compute(
    captured: Money,
    refunds: impl IntoIterator<Item = RefundFigures>,
    external: impl IntoIterator<Item = ExternalRefund>,
    disputed: Money,
) -> Result<Figures, MoneyError> {
    let mut figures = Figures {
        disputed,
        ..Figures::captured(captured)
    };
    for refund in refunds {
        figures.held = figures.held.checked_add(refund.held()?)?;
        figures.executed = figures.executed.checked_add(refund.executed())?;
    }
    for external in external {
        let side = if external.done {
            &mut figures.executed
        } else {
            &mut figures.held
        };
        *side = side.checked_add(external.amount)?;
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::evidence::{Evidence, Reported};
    use crate::domain::money::Currency;
    use crate::domain::state::{Event, SendGuard, Standing, transition};

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::from_code("USD").unwrap())
    }

    fn refund(state: State, requested: i64) -> RefundFigures {
        RefundFigures {
            state,
            requested: usd(requested),
            reported: None,
            proven: None,
        }
    }

    #[test]
    fn a_report_of_more_holds_the_larger() {
        let refund = RefundFigures {
            reported: Some(usd(1200)),
            ..refund(State::ActionRequired, 1000)
        };
        assert_eq!(refund.held(), Ok(usd(1200)));
    }

    #[test]
    fn executed_is_what_is_proven_not_what_was_asked() {
        let refund = RefundFigures {
            proven: Some(usd(900)),
            ..refund(State::Succeeded, 1000)
        };
        assert_eq!(refund.executed(), usd(900));
    }

    #[test]
    fn evidence_may_drive_a_balance_negative() {
        let external = ExternalRefund {
            amount: usd(700),
            done: true,
        };
        let figures =
            compute(usd(1000), [refund(State::Pending, 400)], [external], usd(0)).unwrap();
        assert_eq!(figures.available(), usd(-100));
    }

    /// Everything an open refund may meet, drawn at random.
    fn any_event() -> impl Strategy<Value = Event> {
        let amounts = prop_oneof![
            3 => Just(None),
            1 => (1_i64..2_000).prop_map(|minor| Some(usd(minor))),
        ];
        let reported = prop::sample::select(vec![
            Reported::Pending,
            Reported::ActionRequired,
            Reported::Succeeded,
            Reported::Failed,
            Reported::Reversed,
        ]);
        prop_oneof![
            Just(Event::Withdraw),
            Just(Event::TimeLimit),
            Just(Event::Send(SendGuard::HOLDS)),
            Just(Event::LeaseLost),
            Just(Event::Returned),
            Just(Event::Evidence(Evidence::NotSent)),
            Just(Event::Evidence(Evidence::TurnedAway)),
            Just(Event::Evidence(Evidence::Refused)),
            Just(Event::Evidence(Evidence::NotFound)),
            Just(Event::Evidence(Evidence::Doubt)),
            (reported, amounts)
                .prop_map(|(status, amount)| Event::Evidence(Evidence::Report { status, amount })),
        ]
    }

    fn apply(refund: &mut RefundFigures, event: &Event) {
        let standing = Standing {
            state: refund.state,
            requested: refund.requested,
            other_sends_resolved: true,
        };
        if let Ok(step) = transition(&standing, event) {
            refund.state = step.to.unwrap_or(refund.state);
            refund.reported = step.reported.or(refund.reported);
            refund.proven = step.proven.or(refund.proven);
        }
    }

    proptest! {
        /// Without evidence of another amount, refunds that were reserved inside the balance never
        /// take more than was captured, whatever happens to them in whatever order.
        #[test]
        fn reserved_refunds_never_exceed_the_capture(
            captured in 1_i64..2_000,
            amounts in prop::collection::vec(1_i64..1_000, 1..6),
            events in prop::collection::vec((0_usize..6, any_event()), 0..60),
        ) {
            let mut refunds: Vec<RefundFigures> = Vec::new();
            for amount in amounts {
                let figures = compute(usd(captured), refunds.iter().copied(), [], usd(0)).unwrap();
                if amount <= figures.available().minor {
                    refunds.push(refund(State::Approved, amount));
                }
            }
            let mut other_amounts = false;
            for (index, event) in events {
                let count = refunds.len();
                let Some(refund) = refunds.get_mut(index % count.max(1)) else { continue };
                other_amounts |= matches!(event,
                    Event::Evidence(Evidence::Report { amount: Some(amount), .. }) if amount != refund.requested);
                apply(refund, &event);
                let figures = compute(usd(captured), refunds.iter().copied(), [], usd(0)).unwrap();
                prop_assert!(other_amounts || figures.available().minor >= 0);
                let total = figures.available().minor + figures.held.minor + figures.executed.minor;
                prop_assert_eq!(total, captured);
            }
        }

        /// Whatever arrives, an unknown refund holds its amount until a provider reports.
        #[test]
        fn nothing_but_a_report_releases_an_unknown(event in any_event()) {
            let mut unknown = refund(State::Unknown, 500);
            apply(&mut unknown, &event);
            if !matches!(event, Event::Evidence(Evidence::Report { .. })) {
                prop_assert_eq!(unknown.held(), Ok(usd(500)));
            }
        }
    }
}
