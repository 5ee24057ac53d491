//! Refunds made elsewhere: in the provider's own portal, by another system, or by nobody knows whom.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::balance::RefundFigures;
use super::id::{PaymentId, RefundId};
use super::money::{Money, MoneyError};
use super::state::State;

/// How a refund made elsewhere stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExternalState {
    /// Under way: its amount is held.
    Pending,
    /// Paid: its amount is gone.
    Done,
    /// Not paid.
    Failed,
    /// Paid, and came back.
    Reversed,
}

impl ExternalState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Done, Self::Failed, Self::Reversed];

    /// The name in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Reversed => "reversed",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// What may follow. Failed may still turn out paid, as with a refund of ours (T23).
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Done | Self::Failed | Self::Reversed)
                | (Self::Done, Self::Reversed)
                | (Self::Failed, Self::Done)
        )
    }
}

/// Where a refund made elsewhere became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExternalSource {
    /// A settlement file.
    File,
    /// The provider's list of refunds.
    Sync,
    /// The answer to an inquiry.
    Inquiry,
}

impl ExternalSource {
    const ALL: [Self; 3] = [Self::File, Self::Sync, Self::Inquiry];

    /// The name in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Sync => "sync",
            Self::Inquiry => "inquiry",
        }
    }

    /// The source of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}

/// A refund that this desk did not make, as far as it knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalRefund {
    /// Our number of it.
    pub id: i64,
    /// The payment it gave back from.
    pub payment: PaymentId,
    /// The capture it gave back from; none: not known, or the payment's only one.
    pub capture_id: Option<String>,
    /// The provider's id of it.
    pub provider_refund_id: Option<String>,
    /// How much, in the payment's currency.
    pub amount: Money,
    /// What was paid on top of it; zero: none, as far as anybody said.
    pub compensation: Money,
    /// How it stands.
    pub state: ExternalState,
    /// Where it became known.
    pub source: ExternalSource,
    /// The file and line, or the exchange, it was read from.
    pub origin: String,
    /// When it was first seen.
    pub first_seen: DateTime<Utc>,
    /// When it was last seen.
    pub last_seen: DateTime<Utc>,
    /// The refund of ours that it turned out to be.
    pub linked: Option<RefundId>,
}

impl ExternalRefund {
    /// The amount in words, and what was paid on top of it.
    pub fn amounts(&self) -> String {
        amounts(self.amount, self.compensation)
    }
}

/// A principal in words, with what was paid on top of it, if anything.
pub fn amounts(principal: Money, compensation: Money) -> String {
    match compensation.is_positive() {
        true => format!("{principal} and {compensation} on top"),
        false => principal.to_string(),
    }
}

/// What the balance needs to know of a refund made elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalFigures {
    /// How much.
    pub amount: Money,
    /// How it stands.
    pub state: ExternalState,
    /// The refund of ours it is linked to.
    pub linked: Option<RefundFigures>,
}

impl ExternalFigures {
    /// What it holds beyond what a linked refund of ours holds already.
    ///
    /// # Errors
    /// The linked refund's figures are in another currency.
    pub fn held(&self) -> Result<Money, MoneyError> {
        match self.state {
            ExternalState::Pending => self.rest(),
            _ => Ok(Money::zero(self.amount.currency)),
        }
    }

    /// What it has paid beyond what a linked refund of ours counts already.
    ///
    /// # Errors
    /// As [`ExternalFigures::held`].
    pub fn executed(&self) -> Result<Money, MoneyError> {
        match self.state {
            ExternalState::Done => self.rest(),
            _ => Ok(Money::zero(self.amount.currency)),
        }
    }

    /// Linked, the two are the same money and count once, as the larger of the two: a link never
    /// makes money reappear that either of them says is gone. Where ours came back, so did it.
    fn rest(&self) -> Result<Money, MoneyError> {
        let Some(ours) = &self.linked else {
            return Ok(self.amount);
        };
        let none = Money::zero(self.amount.currency);
        if ours.state == State::Reversed {
            return Ok(none);
        }
        let counted = ours.held()?.checked_add(ours.executed())?;
        let rest = self.amount.checked_sub(counted)?;
        Ok(if rest.is_positive() { rest } else { none })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::money::Currency;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::from_code("USD").unwrap())
    }

    fn ours(state: State, minor: i64) -> RefundFigures {
        RefundFigures {
            state,
            requested: usd(minor),
            reported: None,
            proven: Some(usd(minor)),
        }
    }

    /// "external refunds done" count as executed, "external refunds pending" as held, both "unless
    /// linked to ours".
    #[rstest]
    #[case::pending(ExternalState::Pending, None, 700, 0)]
    #[case::done(ExternalState::Done, None, 0, 700)]
    #[case::failed(ExternalState::Failed, None, 0, 0)]
    #[case::reversed(ExternalState::Reversed, None, 0, 0)]
    #[case::the_same_money(ExternalState::Done, Some(ours(State::Succeeded, 700)), 0, 0)]
    #[case::held_by_ours(ExternalState::Done, Some(ours(State::Unknown, 700)), 0, 0)]
    #[case::more_than_ours(ExternalState::Done, Some(ours(State::Succeeded, 500)), 0, 200)]
    #[case::ours_ended_unpaid(ExternalState::Done, Some(ours(State::Failed, 700)), 0, 700)]
    #[case::ours_came_back(ExternalState::Done, Some(ours(State::Reversed, 700)), 0, 0)]
    fn what_it_weighs(
        #[case] state: ExternalState,
        #[case] linked: Option<RefundFigures>,
        #[case] held: i64,
        #[case] executed: i64,
    ) {
        let figures = ExternalFigures {
            amount: usd(700),
            state,
            linked,
        };
        assert_eq!(figures.held(), Ok(usd(held)));
        assert_eq!(figures.executed(), Ok(usd(executed)));
    }

    #[test]
    fn nothing_becomes_pending_again_and_what_was_paid_only_comes_back() {
        for from in ExternalState::ALL {
            assert_eq!(ExternalState::from_name(from.name()), Some(from));
            assert!(!from.may_become(ExternalState::Pending));
            assert!(!ExternalState::Reversed.may_become(from));
        }
        assert!(!ExternalState::Done.may_become(ExternalState::Failed));
        assert!(ExternalState::Failed.may_become(ExternalState::Done));
    }
}
