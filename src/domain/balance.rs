//! What is left of a capture, and why.
//!
//! ```text
//! executed  = Σ proven amount of SUCCEEDED, SETTLED + external refunds done, unless linked to ours
//!             + disputes lost or accepted
//! held      = Σ max(requested, reported) of RESERVED … UNKNOWN + external refunds pending, unless linked
//! disputed  = Σ disputes in force − refunds linked to them as the same money (never below 0)
//! available = captured − executed − held − disputed
//! ```

use serde::{Deserialize, Serialize};

use super::dispute::{DisputeFigures, DisputeWeight};
use super::external::ExternalFigures;
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

    /// With what was refunded elsewhere and what is in dispute. What a dispute in another currency
    /// will take nobody knows, so it holds all that is left.
    ///
    /// # Errors
    /// A refund elsewhere in another currency, or sums beyond `i64`.
    pub fn with_evidence(
        mut self,
        external: &[ExternalFigures],
        disputes: &[DisputeFigures],
    ) -> Result<Self, MoneyError> {
        for refund in external {
            self.held = self.held.checked_add(refund.held()?)?;
            self.executed = self.executed.checked_add(refund.executed()?)?;
        }
        let mut foreign = false;
        for dispute in disputes {
            if dispute.amount.currency == self.captured.currency {
                self.disputed = self.disputed.checked_add(dispute.disputed()?)?;
                self.executed = self.executed.checked_add(dispute.executed())?;
            } else {
                foreign |= dispute.stage.weight() != DisputeWeight::None;
            }
        }
        if foreign && self.available().is_positive() {
            self.disputed = self.disputed.checked_add(self.available())?;
        }
        Ok(self)
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

    /// What it takes from the balance: held or paid, at least what was asked where that cannot be
    /// told.
    pub fn weight(&self) -> Money {
        let held = self.held().unwrap_or(self.requested);
        Money::new(
            held.minor.saturating_add(self.executed().minor),
            held.currency,
        )
    }

    /// What this refund has proven paid.
    pub fn executed(&self) -> Money {
        match self.state.weight() {
            Weight::Executed => self.proven.unwrap_or(self.requested),
            _ => Money::zero(self.requested.currency),
        }
    }
}

/// The figures of a capture, computed from everything that happened to it: `external` was paid
/// back elsewhere. The ledger computes them anew before every send (invariant 2).
///
/// # Errors
/// Two currencies, or sums beyond `i64`.
pub fn compute(
    captured: Money,
    refunds: impl IntoIterator<Item = RefundFigures>,
    external: Money,
    disputed: Money,
) -> Result<Figures, MoneyError> {
    let mut figures = Figures {
        executed: external,
        disputed,
        ..Figures::captured(captured)
    };
    for refund in refunds {
        figures.held = figures.held.checked_add(refund.held()?)?;
        figures.executed = figures.executed.checked_add(refund.executed())?;
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::evidence::{Evidence, Reported};
    use crate::domain::money::Currency;
    use crate::domain::state::{Event, Move, SendGuard, Standing, transition};

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
        let pending = refund(State::Pending, 400);
        let figures = compute(usd(1000), [pending], usd(700), usd(0)).unwrap();
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
            Reported::Unclear,
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

    fn apply(refund: &mut RefundFigures, event: &Event) -> Option<Move> {
        let standing = Standing {
            state: refund.state,
            requested: refund.requested,
            other_sends_resolved: true,
        };
        let step = transition(&standing, event).ok()?;
        refund.state = step.to.unwrap_or(refund.state);
        refund.reported = step.reported.or(refund.reported);
        refund.proven = step.proven.or(refund.proven);
        Some(step)
    }

    /// The same money as a clerk books it: posting after posting between three purses. It knows
    /// the moves, in their order, and nothing of states' weights or of sums over refunds.
    struct Book {
        left: i64,
        held: i64,
        paid: i64,
        entries: Vec<Entry>,
    }

    struct Entry {
        asked: i64,
        said: i64,
        holds: i64,
        paid: i64,
    }

    impl Book {
        fn open(captured: i64) -> Self {
            Self {
                left: captured,
                held: 0,
                paid: 0,
                entries: Vec::new(),
            }
        }

        fn reserve(&mut self, asked: i64) {
            self.left -= asked;
            self.held += asked;
            self.entries.push(Entry {
                asked,
                said: 0,
                holds: asked,
                paid: 0,
            });
        }

        fn post(&mut self, index: usize, step: &Move) {
            let entry = &mut self.entries[index];
            if let Some(said) = step.reported {
                entry.said = said.minor;
            }
            let (holds, paid) = match step.to.unwrap().name() {
                "succeeded" | "settled" => (0, step.proven.map_or(entry.paid, |it| it.minor)),
                "failed" | "rejected" | "reversed" | "canceled" | "expired" => (0, 0),
                _ => (entry.asked.max(entry.said), 0),
            };
            self.left += entry.holds + entry.paid - holds - paid;
            self.held += holds - entry.holds;
            self.paid += paid - entry.paid;
            (entry.holds, entry.paid) = (holds, paid);
        }
    }

    proptest! {
        /// Whatever happens to refunds in whatever order, the balance computed from how they stand
        /// is what a clerk who booked every move has. Without evidence of another amount, refunds
        /// that were reserved inside the balance never take more than was captured.
        #[test]
        fn the_balance_is_what_a_clerk_books(
            captured in 1_i64..2_000,
            external in prop_oneof![2 => Just(0_i64), 1 => 0_i64..500],
            amounts in prop::collection::vec(1_i64..1_000, 1..6),
            events in prop::collection::vec((0_usize..6, any_event()), 0..60),
        ) {
            let balance = |refunds: &[RefundFigures]| {
                compute(usd(captured), refunds.iter().copied(), usd(external), usd(0)).unwrap()
            };
            let mut book = Book::open(captured);
            book.left -= external;
            book.paid += external;
            let mut refunds: Vec<RefundFigures> = Vec::new();
            for amount in amounts {
                if amount <= book.left {
                    refunds.push(refund(State::Approved, amount));
                    book.reserve(amount);
                }
            }
            let mut other_amounts = external > captured;
            for (index, event) in events {
                let index = index % refunds.len().max(1);
                let Some(refund) = refunds.get_mut(index) else { continue };
                other_amounts |= matches!(event,
                    Event::Evidence(Evidence::Report { amount: Some(amount), .. }) if amount != refund.requested);
                other_amounts |= refund.state.weight() == Weight::None;
                if let Some(step) = apply(refund, &event) {
                    book.post(index, &step);
                }
                let figures = balance(&refunds);
                let booked = (book.left, book.held, book.paid);
                prop_assert_eq!((figures.available().minor, figures.held.minor, figures.executed.minor), booked);
                prop_assert!(other_amounts || figures.available().minor >= 0);
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
