//! Compensation: paid on top of a full refund (domain.md, "Eligibility and limits").
//!
//! It never reduces what is available: what of it is held and what was paid is counted apart
//! (invariant 3), and toward the provider's cap.

use serde::{Deserialize, Serialize};

use super::balance::Figures;
use super::external::{ExternalRefund, ExternalState};
use super::limits::Limits;
use super::money::{Currency, Money};
use super::refund::{Kind, Refund};
use super::state::{State, Weight};

/// The compensation of all refunds of a payment, ours and those made elsewhere. One currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compensations {
    /// Of refunds that are not decided yet.
    pub held: Money,
    /// Of refunds that were paid.
    pub executed: Money,
}

impl Compensations {
    /// None at all.
    pub const fn none(currency: Currency) -> Self {
        Self {
            held: Money::zero(currency),
            executed: Money::zero(currency),
        }
    }

    /// The sums over the refunds of one payment, which is in `currency`, and over those made
    /// elsewhere. Sums stop at the ends of `i64`, where every cap is long passed.
    pub fn of(refunds: &[Refund], elsewhere: &[ExternalRefund], currency: Currency) -> Self {
        let mut sums = Self::none(currency);
        for refund in refunds {
            sums.add(refund.state.weight(), refund.content.compensation.minor);
        }
        for external in elsewhere {
            let linked = |ours: &&Refund| Some(ours.id) == external.linked;
            let ours = refunds.iter().find(linked);
            let weight = match external.state {
                ExternalState::Pending => Weight::Held,
                ExternalState::Done => Weight::Executed,
                ExternalState::Failed | ExternalState::Reversed => Weight::None,
            };
            sums.add(weight, beyond(external.compensation, ours));
        }
        sums
    }

    fn add(&mut self, weight: Weight, minor: i64) {
        let sum = match weight {
            Weight::Held => &mut self.held,
            Weight::Executed => &mut self.executed,
            Weight::None => return,
        };
        sum.minor = sum.minor.saturating_add(minor);
    }

    /// Held and paid together.
    pub fn total(&self) -> Money {
        let minor = self.held.minor.saturating_add(self.executed.minor);
        Money::new(minor, self.held.currency)
    }
}

/// What was paid elsewhere beyond what the refund of ours it is linked to counts already: as with the
/// principal, a link never makes money reappear. Where ours came back, so did it.
fn beyond(compensation: Money, ours: Option<&Refund>) -> i64 {
    let counted = match ours {
        None => 0,
        Some(ours) if ours.state == State::Reversed => return 0,
        Some(ours) if ours.state.weight() == Weight::None => 0,
        Some(ours) => ours.content.compensation.minor,
    };
    compensation.minor.saturating_sub(counted).max(0)
}

/// A refund with compensation, as it would be decided.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// In which way the money goes back.
    pub kind: Kind,
    /// The principal.
    pub amount: Money,
    /// On top of it; zero: none.
    pub compensation: Money,
    /// The sums of the whole payment, as they stand without this refund.
    pub payment: &'a Figures,
    /// It answers a dispute.
    pub answers_dispute: bool,
    /// The compensation of the payment's other refunds, made here or elsewhere.
    pub earlier: Compensations,
}

/// Why there is no compensation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompensationError {
    /// The provider has none, or the money does not go back through it.
    #[error("this account's provider pays no compensation on top of a refund")]
    NotHere,
    /// The policy allows none.
    #[error("compensation is off: the policy's compensation_cap is 0 for {0}")]
    Off(Currency),
    /// More than the policy allows.
    #[error("{asked} of compensation is above the policy's compensation_cap of {cap}")]
    AboveCap {
        /// What was asked.
        asked: Money,
        /// The most.
        cap: Money,
    },
    /// With what was paid or is held on top already, more than the policy allows.
    #[error(
        "{asked} of compensation and {earlier} of earlier refunds of this payment are together above the policy's compensation_cap of {cap}"
    )]
    Again {
        /// What was asked.
        asked: Money,
        /// Paid or held on top before, here or elsewhere.
        earlier: Money,
        /// The most.
        cap: Money,
    },
    /// Only a part goes back, or something is back, held or disputed already.
    #[error(
        "compensation is paid only with a full refund: all {captured} of a payment of which nothing is refunded, held or disputed"
    )]
    NotFull {
        /// What was captured.
        captured: Money,
    },
    /// With it, the provider's cap is exceeded.
    #[error("{together} with its compensation breaks the cap per payment: {left} left")]
    OverProviderCap {
        /// Principal and compensation.
        together: Money,
        /// What is left of the cap.
        left: Money,
    },
}

impl Wanted<'_> {
    /// Whether the refund may go with its compensation: where the profile has it (`offered`), up to
    /// the policy's `cap`, on a full refund only, and inside the provider's limits.
    ///
    /// # Errors
    /// [`CompensationError`] names the rule and its figure.
    pub fn check(
        &self,
        offered: bool,
        cap: Money,
        limits: &Limits,
    ) -> Result<(), CompensationError> {
        if self.compensation.is_positive() {
            self.check_own(offered, cap)?;
        }
        // Compensation paid earlier counts toward the cap of a plain refund, too.
        let left = limits.left_beside(self.payment, self.earlier.total());
        let minor = self.amount.minor.saturating_add(self.compensation.minor);
        let together = Money::new(minor, self.amount.currency);
        match left.filter(|left| self.kind == Kind::Refund && together.minor > left.minor) {
            Some(left) => Err(CompensationError::OverProviderCap { together, left }),
            None => Ok(()),
        }
    }

    fn check_own(&self, offered: bool, cap: Money) -> Result<(), CompensationError> {
        if !offered || self.kind != Kind::Refund {
            return Err(CompensationError::NotHere);
        }
        if !cap.is_positive() {
            return Err(CompensationError::Off(self.compensation.currency));
        }
        let asked = self.compensation;
        if asked.currency != cap.currency || asked.minor > cap.minor {
            return Err(CompensationError::AboveCap { asked, cap });
        }
        let earlier = self.earlier.total();
        if asked.minor.saturating_add(earlier.minor) > cap.minor {
            return Err(CompensationError::Again {
                asked,
                earlier,
                cap,
            });
        }
        let captured = self.payment.captured;
        let untouched = *self.payment == Figures::captured(captured) && !self.answers_dispute;
        match untouched && self.amount == captured {
            true => Ok(()),
            false => Err(CompensationError::NotFull { captured }),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::external::ExternalSource;
    use crate::domain::id::PaymentId;
    use crate::domain::limits::Limit;

    fn gbp(minor: i64) -> Money {
        Money::new(minor, Currency::from_code("GBP").unwrap())
    }

    fn figures(executed: i64, held: i64, disputed: i64) -> Figures {
        Figures {
            captured: gbp(10_000),
            executed: gbp(executed),
            held: gbp(held),
            disputed: gbp(disputed),
        }
    }

    fn wanted(payment: &Figures, amount: i64, compensation: i64) -> Wanted<'_> {
        Wanted {
            kind: Kind::Refund,
            amount: gbp(amount),
            compensation: gbp(compensation),
            payment,
            answers_dispute: false,
            earlier: Compensations {
                held: gbp(0),
                executed: gbp(0),
            },
        }
    }

    const NOT_HERE: Result<(), CompensationError> = Err(CompensationError::NotHere);

    #[rstest]
    #[case::full(figures(0, 0, 0), 10_000, 500, None)]
    #[case::at_the_cap(figures(0, 0, 0), 10_000, 5_000, None)]
    #[case::above_it(figures(0, 0, 0), 10_000, 5_001, Some("compensation_cap of 50.00 GBP"))]
    #[case::a_part(figures(0, 0, 0), 9_999, 1, Some("only with a full refund"))]
    #[case::part_is_back(figures(1, 0, 0), 9_999, 1, Some("only with a full refund"))]
    #[case::part_is_held(figures(0, 1, 0), 9_999, 1, Some("only with a full refund"))]
    #[case::disputed(figures(0, 0, 1), 10_000, 1, Some("only with a full refund"))]
    #[case::none_asked(figures(1, 1, 1), 1, 0, None)]
    fn only_with_a_full_refund_and_up_to_the_cap(
        #[case] payment: Figures,
        #[case] amount: i64,
        #[case] compensation: i64,
        #[case] refused: Option<&str>,
    ) {
        let judged =
            wanted(&payment, amount, compensation).check(true, gbp(5_000), &Limits::default());
        let said = judged.err().map(|error| error.to_string());
        assert_eq!(said.is_some(), refused.is_some(), "{said:?}");
        assert!(
            said.unwrap_or_default()
                .contains(refused.unwrap_or_default())
        );
    }

    #[test]
    fn only_through_a_provider_that_has_it() {
        let payment = figures(0, 0, 0);
        let asked = wanted(&payment, 10_000, 1);
        let limits = Limits::default();
        assert_eq!(asked.check(false, gbp(5_000), &limits), NOT_HERE);
        for kind in [Kind::Void, Kind::Outside] {
            let other = Wanted { kind, ..asked };
            assert_eq!(other.check(true, gbp(5_000), &limits), NOT_HERE);
        }
        let off = CompensationError::Off(gbp(0).currency);
        assert_eq!(asked.check(true, gbp(0), &limits), Err(off));
        let answer = Wanted {
            answers_dispute: true,
            ..asked
        };
        assert!(answer.check(true, gbp(5_000), &limits).is_err());
    }

    /// What was paid elsewhere weighs as its refund does, and once with the refund of ours it is linked
    /// to: as the larger of the two.
    #[rstest]
    #[case::alone(ExternalState::Done, None, 0, 70)]
    #[case::on_its_way(ExternalState::Pending, None, 70, 0)]
    #[case::failed(ExternalState::Failed, None, 0, 0)]
    #[case::came_back(ExternalState::Reversed, None, 0, 0)]
    #[case::the_same_money(ExternalState::Done, Some((State::Succeeded, 70)), 0, 70)]
    #[case::held_by_ours(ExternalState::Done, Some((State::Unknown, 70)), 70, 0)]
    #[case::more_than_ours(ExternalState::Done, Some((State::Succeeded, 50)), 0, 70)]
    #[case::less_than_ours(ExternalState::Done, Some((State::Succeeded, 90)), 0, 90)]
    #[case::ours_ended_unpaid(ExternalState::Done, Some((State::Failed, 70)), 0, 70)]
    #[case::ours_came_back(ExternalState::Done, Some((State::Reversed, 70)), 0, 0)]
    fn what_was_paid_elsewhere_counts(
        #[case] state: ExternalState,
        #[case] linked: Option<(State, i64)>,
        #[case] held: i64,
        #[case] executed: i64,
    ) {
        let ours = linked.map(|(state, on_top)| ours(state, on_top));
        let elsewhere = ExternalRefund {
            linked: ours.as_ref().map(|it| it.id),
            ..elsewhere(state, 70)
        };
        let sums = Compensations::of(ours.as_slice(), &[elsewhere], gbp(0).currency);
        assert_eq!((sums.held, sums.executed), (gbp(held), gbp(executed)));
    }

    fn elsewhere(state: ExternalState, on_top: i64) -> ExternalRefund {
        let at = chrono::DateTime::default();
        ExternalRefund {
            id: 1,
            payment: PaymentId::derive("bank", "p"),
            capture_id: None,
            provider_refund_id: Some("r1".into()),
            amount: gbp(100),
            compensation: gbp(on_top),
            state,
            source: ExternalSource::Sync,
            origin: "sync".into(),
            first_seen: at,
            last_seen: at,
            linked: None,
        }
    }

    fn ours(state: State, on_top: i64) -> Refund {
        let mut refund = crate::domain::todo::tests::refund(state);
        refund.content.compensation = gbp(on_top);
        refund
    }

    /// Where a payment is whole again, what stays paid on top of it still counts.
    #[rstest]
    #[case(4_000, 1_000, true)]
    #[case(4_000, 1_001, false)]
    #[case(0, 5_000, true)]
    fn compensation_is_not_paid_twice_beyond_the_policys_cap(
        #[case] earlier: i64,
        #[case] asked: i64,
        #[case] fits: bool,
    ) {
        let payment = figures(0, 0, 0);
        let again = Wanted {
            earlier: Compensations {
                held: gbp(earlier / 2),
                executed: gbp(earlier / 2),
            },
            ..wanted(&payment, 10_000, asked)
        };
        let judged = again.check(true, gbp(5_000), &Limits::default());
        let refused = CompensationError::Again {
            asked: gbp(asked),
            earlier: gbp(earlier),
            cap: gbp(5_000),
        };
        assert_eq!(judged, if fits { Ok(()) } else { Err(refused) });
    }

    #[rstest]
    #[case(10_000, 500, 0, 10_500, true)]
    #[case(10_000, 500, 0, 10_499, false)]
    #[case(100, 0, 300, 400, true)]
    #[case(100, 0, 300, 399, false)]
    fn it_counts_toward_the_providers_cap(
        #[case] amount: i64,
        #[case] compensation: i64,
        #[case] earlier: i64,
        #[case] cap: i64,
        #[case] fits: bool,
    ) {
        let payment = figures(0, 0, 0);
        let asked = Wanted {
            earlier: Compensations {
                held: gbp(0),
                executed: gbp(earlier),
            },
            ..wanted(&payment, amount, compensation)
        };
        let limits = Limits {
            cap_per_payment: Limit::Of([(gbp(0).currency, cap)].into()),
            ..Limits::default()
        };
        assert_eq!(asked.check(true, gbp(5_000), &limits).is_ok(), fits);
    }
}
