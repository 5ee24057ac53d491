//! Disputes: the payer's bank asks for the money back, or is about to.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::balance::RefundFigures;
use super::id::{PaymentId, RefundId};
use super::money::{Money, MoneyError};

/// How far a dispute has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A warning before a chargeback.
    Alert,
    /// The payer's bank asks what the payment was.
    Inquiry,
    /// A chargeback was made.
    Open,
    /// Our answer to it is being judged.
    UnderReview,
    /// Decided for us.
    Won,
    /// Taken back by the payer.
    Withdrawn,
    /// Decided for the payer.
    Lost,
    /// We gave in.
    Accepted,
}

/// What a stage does to the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeWeight {
    /// Nothing.
    None,
    /// The amount is in dispute and cannot be refunded otherwise.
    Disputed,
    /// The amount counts as paid back.
    Paid,
}

impl Stage {
    /// Every stage, in the order a dispute goes through them.
    pub const ALL: [Self; 8] = [
        Self::Alert,
        Self::Inquiry,
        Self::Open,
        Self::UnderReview,
        Self::Won,
        Self::Withdrawn,
        Self::Lost,
        Self::Accepted,
    ];

    /// The name in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Inquiry => "inquiry",
            Self::Open => "open",
            Self::UnderReview => "under_review",
            Self::Won => "won",
            Self::Withdrawn => "withdrawn",
            Self::Lost => "lost",
            Self::Accepted => "accepted",
        }
    }

    /// The stage of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }

    /// What it does to the balance.
    pub const fn weight(self) -> DisputeWeight {
        match self {
            Self::Alert | Self::Inquiry | Self::Won | Self::Withdrawn => DisputeWeight::None,
            Self::Open | Self::UnderReview => DisputeWeight::Disputed,
            Self::Lost | Self::Accepted => DisputeWeight::Paid,
        }
    }

    /// True while it is not decided: a refund may answer it.
    pub const fn is_in_force(self) -> bool {
        matches!(
            self,
            Self::Alert | Self::Inquiry | Self::Open | Self::UnderReview
        )
    }

    /// True while a refund still avoids a chargeback.
    pub const fn is_warning(self) -> bool {
        matches!(self, Self::Alert | Self::Inquiry)
    }
}

/// A dispute about a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// Our number of it.
    pub id: i64,
    /// The payment.
    pub payment: PaymentId,
    /// The capture; none: not known, or the payment's only one.
    pub capture_id: Option<String>,
    /// The provider's id of it: the case of a refund that answers it.
    pub provider_dispute_id: String,
    /// How much is disputed; its currency may differ from the payment's.
    pub amount: Money,
    /// How far it has come.
    pub stage: Stage,
    /// Until when it can be answered, or a chargeback be avoided.
    pub deadline: Option<DateTime<Utc>>,
    /// When the desk learned of it.
    pub opened_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// What it holds of the payment now, in the payment's currency.
    pub holds: Money,
    /// Refunds made in answer to it.
    pub refunds: Vec<RefundId>,
}

impl Dispute {
    /// What a refund before the deadline would still avoid, in a sentence.
    pub fn banner(&self) -> Option<String> {
        let until = self.deadline.map_or_else(
            || "soon".to_owned(),
            |at| format!("before {} UTC", at.format("%Y-%m-%d %H:%M")),
        );
        self.stage
            .is_warning()
            .then(|| format!("refund {until} to avoid a chargeback of {}", self.amount))
    }
}

/// What the balance needs to know of a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeFigures {
    /// How much is disputed.
    pub amount: Money,
    /// How far it has come.
    pub stage: Stage,
    /// The refunds made in answer to it.
    pub refunds: Vec<RefundFigures>,
}

impl DisputeFigures {
    /// What it holds: its amount less the refunds that are the same money, never below zero.
    ///
    /// # Errors
    /// A linked refund is in another currency.
    pub fn disputed(&self) -> Result<Money, MoneyError> {
        let none = Money::zero(self.amount.currency);
        if self.stage.weight() != DisputeWeight::Disputed {
            return Ok(none);
        }
        let mut left = self.amount;
        for refund in &self.refunds {
            left = left
                .checked_sub(refund.held()?)?
                .checked_sub(refund.executed())?;
        }
        Ok(if left.is_positive() { left } else { none })
    }

    /// What it took for good. A refund made in answer does not lessen it: then both were paid.
    pub fn executed(&self) -> Money {
        match self.stage.weight() {
            DisputeWeight::Paid => self.amount,
            _ => Money::zero(self.amount.currency),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::money::Currency;
    use crate::domain::state::State;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::from_code("USD").unwrap())
    }

    fn refund(state: State, minor: i64) -> RefundFigures {
        RefundFigures {
            state,
            requested: usd(minor),
            reported: None,
            proven: Some(usd(minor)),
        }
    }

    /// "Alert or inquiry: no hold. Open, under review: hold. Won, withdrawn: 0. Lost, accepted:
    /// counted as paid. … refunds linked to them as the same money (never below 0)."
    #[rstest]
    #[case(Stage::Alert, vec![], 0, 0)]
    #[case(Stage::Inquiry, vec![], 0, 0)]
    #[case(Stage::Open, vec![], 600, 0)]
    #[case(Stage::UnderReview, vec![], 600, 0)]
    #[case(Stage::Won, vec![], 0, 0)]
    #[case(Stage::Withdrawn, vec![], 0, 0)]
    #[case(Stage::Lost, vec![], 0, 600)]
    #[case(Stage::Accepted, vec![], 0, 600)]
    #[case(Stage::Open, vec![refund(State::Pending, 400)], 200, 0)]
    #[case(Stage::Open, vec![refund(State::Succeeded, 400), refund(State::Reserved, 400)], 0, 0)]
    #[case(Stage::Open, vec![refund(State::Failed, 400)], 600, 0)]
    #[case(Stage::Lost, vec![refund(State::Succeeded, 600)], 0, 600)]
    fn what_it_weighs(
        #[case] stage: Stage,
        #[case] refunds: Vec<RefundFigures>,
        #[case] disputed: i64,
        #[case] executed: i64,
    ) {
        let figures = DisputeFigures {
            amount: usd(600),
            stage,
            refunds,
        };
        assert_eq!(figures.disputed(), Ok(usd(disputed)));
        assert_eq!(figures.executed(), usd(executed));
    }

    #[test]
    fn names_lead_back() {
        for stage in Stage::ALL {
            assert_eq!(Stage::from_name(stage.name()), Some(stage));
        }
    }
}
