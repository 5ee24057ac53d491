//! Why a refund was not paid, as a class: what a person does next depends on it, and on nothing else
//! in a provider's answer.

use serde::{Deserialize, Serialize};

/// The classes, the same for every provider. Which answer is of which class is data of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The card or bank account no longer exists: no refund to it will ever arrive.
    AccountGone,
    /// The merchant's own money did not suffice: it can be tried again once it does.
    NoFunds,
    /// It was to be voided and has settled: it can be refunded.
    SettledMeanwhile,
    /// It was to be refunded and has not settled: it can be voided.
    NotSettledYet,
    /// The provider asks to try again later, with a new request.
    TryLater,
    /// The amount is not what the provider has left.
    Amount,
    /// The provider does not refund this payment.
    NotRefundable,
    /// The provider does not know the payment.
    NotFound,
    /// The account is not set up for it.
    Setup,
    /// The merchant's own risk rules forbid it.
    RiskLimit,
    /// The customer's bank said no.
    Declined,
    /// The request is not as the provider wants it.
    BadRequest,
}

impl Cause {
    /// Every class.
    pub const ALL: [Self; 12] = [
        Self::AccountGone,
        Self::NoFunds,
        Self::SettledMeanwhile,
        Self::NotSettledYet,
        Self::TryLater,
        Self::Amount,
        Self::NotRefundable,
        Self::NotFound,
        Self::Setup,
        Self::RiskLimit,
        Self::Declined,
        Self::BadRequest,
    ];

    /// The name in the database, in data files and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountGone => "account_gone",
            Self::NoFunds => "no_funds",
            Self::SettledMeanwhile => "settled_meanwhile",
            Self::NotSettledYet => "not_settled_yet",
            Self::TryLater => "try_later",
            Self::Amount => "amount",
            Self::NotRefundable => "not_refundable",
            Self::NotFound => "not_found",
            Self::Setup => "setup",
            Self::RiskLimit => "risk_limit",
            Self::Declined => "declined",
            Self::BadRequest => "bad_request",
        }
    }

    /// The class of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }

    /// What a person does next, where the provider's tables have no words of their own.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::AccountGone => {
                "The customer's card or account no longer exists. Ask the customer how to pay, pay it another way, and record that in place of this refund: kind outside."
            }
            Self::NoFunds => {
                "The merchant account had too little money. Once it has been filled, refund-desk retry refunds all of these again."
            }
            Self::SettledMeanwhile => {
                "The payment has settled and can no longer be voided. Refund it in place of this void."
            }
            Self::NotSettledYet => {
                "The payment has not settled and cannot be refunded yet. Void it in place of this refund, or refund it later."
            }
            Self::TryLater => "Refund it again later, in its place.",
            Self::Amount => {
                "Compare what is left with the provider's records before refunding again."
            }
            Self::NotRefundable => {
                "The provider will not refund this payment. Give the money back another way."
            }
            Self::NotFound => {
                "The provider does not know this payment. Check its id and the account it was made on."
            }
            Self::Setup => {
                "Tell whoever looks after this desk: the account's set-up at the provider forbids it."
            }
            Self::RiskLimit => {
                "A risk limit of the merchant account forbids it. Have it looked at, then refund again."
            }
            Self::Declined => {
                "The customer's bank declined it. Ask the customer, then refund again or pay another way."
            }
            Self::BadRequest => {
                "Tell whoever looks after this desk: the provider does not take the request as it is."
            }
        }
    }

    /// What the next try may not take from a file, because the provider said otherwise: whether the
    /// payment has settled.
    pub const fn tells_settlement(self) -> bool {
        matches!(self, Self::SettledMeanwhile | Self::NotSettledYet)
    }
}

/// Why a refund was not paid and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unpaid {
    /// The class.
    pub cause: Cause,
    /// The next step, in plain words.
    pub advice: String,
}

impl Unpaid {
    /// A class with the words every provider shares.
    pub fn of(cause: Cause) -> Self {
        Self {
            cause,
            advice: cause.advice().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_and_every_class_says_what_to_do() {
        for cause in Cause::ALL {
            assert_eq!(Cause::from_name(cause.name()), Some(cause));
            assert!(Unpaid::of(cause).advice.ends_with('.'), "{cause:?}");
        }
        assert_eq!(Cause::from_name("gone"), None);
    }
}
