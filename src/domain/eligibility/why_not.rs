//! Why nothing can be refunded, in the words of lists, sentences and JSON.

use serde::{Deserialize, Serialize};

/// Why nothing can be refunded now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyNot {
    /// The desk has no client for the account's provider yet.
    NoProvider,
    /// The money has not settled.
    Unsettled,
    /// The window has closed.
    TooOld,
    /// What is left is in dispute.
    Disputed,
    /// All of it has gone back.
    AllBack,
    /// What is left is held by refunds on their way.
    AllHeld,
    /// Evidence overdrew the payment; a discrepancy must be closed first.
    Blocked,
    /// The account is not set up for the currency.
    Currency,
    /// The account's cap per payment is used up.
    CapReached,
    /// The account's cap per payment is zero, and zero blocks.
    CapZero,
    /// The account's largest share per refund is zero, and zero blocks.
    PercentZero,
    /// The account's refund period is zero, and zero blocks.
    PeriodZero,
    /// It was to be voided, and its money has settled.
    Settled,
    /// It was to be voided, and part of it went back or is held.
    NotWhole,
    /// The provider voids no payments, or the desk cannot ask it to.
    NoVoid,
    /// A payment that our customer made: the merchant refunds it.
    PaidByUs,
}

impl WhyNot {
    /// The code in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoProvider => "no_provider",
            Self::Unsettled => "unsettled",
            Self::TooOld => "too_old",
            Self::Disputed => "disputed",
            Self::AllBack => "all_back",
            Self::AllHeld => "all_held",
            Self::Blocked => "blocked",
            Self::Currency => "currency",
            Self::CapReached => "cap_reached",
            Self::CapZero => "cap_zero",
            Self::PercentZero => "percent_zero",
            Self::PeriodZero => "period_zero",
            Self::Settled => "settled",
            Self::NotWhole => "not_whole",
            Self::NoVoid => "no_void",
            Self::PaidByUs => "paid_by_us",
        }
    }

    /// The words that stand in the place of the amount.
    pub const fn short(self) -> &'static str {
        match self {
            Self::NoProvider => "no provider",
            Self::Unsettled => "unsettled",
            Self::TooOld => "too old",
            Self::Disputed => "disputed",
            Self::AllBack => "all back",
            Self::AllHeld => "all held",
            Self::Blocked => "blocked",
            Self::Currency => "currency off",
            Self::CapReached => "cap reached",
            Self::CapZero => "cap is zero",
            Self::PercentZero => "share zero",
            Self::PeriodZero => "period zero",
            Self::Settled => "settled",
            Self::NotWhole => "not whole",
            Self::NoVoid => "no void",
            Self::PaidByUs => "not ours",
        }
    }

    /// The rule and what would change it, in a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoProvider => {
                "provider not available: this desk cannot send refunds through the account yet"
            }
            Self::Unsettled => "the payment has not settled; it can be refunded once it has",
            Self::TooOld => "the provider's refund window has closed",
            Self::Disputed => "what is left is in dispute; refund it only by answering the dispute",
            Self::AllBack => "all of it has already gone back",
            Self::AllHeld => "what is left is held by refunds that are not decided yet",
            Self::Blocked => "money went back unexpectedly: a discrepancy is open",
            Self::Currency => "the account is not set up for this currency",
            Self::CapReached => {
                "the account's cap per payment is used up by refunds made or on their way"
            }
            Self::CapZero => {
                "the account's cap_per_payment is 0, and its zero_means is \"blocked\""
            }
            Self::PercentZero => {
                "the account's max_percent is 0, and its zero_means is \"blocked\""
            }
            Self::PeriodZero => "the account's period_days is 0, and its zero_means is \"blocked\"",
            Self::Settled => "the payment has settled: it can be refunded, not voided",
            Self::NotWhole => {
                "part of the payment went back or is held; only a whole payment can be voided"
            }
            Self::NoVoid => "payments of this account cannot be voided from this desk",
            Self::PaidByUs => {
                "our customer paid it: only the merchant can refund it, and asks us for the account"
            }
        }
    }
}
