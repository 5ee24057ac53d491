//! What is asked of a list: which rows, in which order, from where; and what comes back.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::money::Money;
use super::query::{AmountRange, Days};
use super::state::State;

/// Which payments. Everything said must be true of a payment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PaymentFilter {
    /// Of this account.
    pub account: Option<String>,
    /// Each is in the reference, order, payer or provider's id, or is one of the payment's other
    /// names whole. Case and accents do not matter; one or two letters only count at a beginning.
    pub words: Vec<String>,
    /// Paid with a card or account that ends, or whose last four begin, so.
    pub last4: Option<String>,
    /// The payer's e-mail, whole.
    pub email: Option<String>,
    /// So much was paid.
    pub paid: Option<AmountRange>,
    /// So much can be refunded now.
    pub can: Option<AmountRange>,
    /// With a refund in one of these states.
    pub states: Vec<State>,
    /// Captured or settled in these days: what a payer remembers.
    pub paid_on: Option<Days>,
    /// Settled on this UTC date or later.
    pub from: Option<NaiveDate>,
    /// Settled on this UTC date or earlier.
    pub to: Option<NaiveDate>,
    /// Only those of which something can be refunded now.
    pub refundable: bool,
}

impl PaymentFilter {
    /// Those in which this is found.
    pub fn word(word: impl Into<String>) -> Self {
        Self {
            words: vec![word.into()],
            ..Self::default()
        }
    }

    /// True when it leaves nothing out.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// By what payments are sorted; each has an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentSort {
    /// By settlement; what has no settlement date yet counts as newest.
    #[default]
    Settled,
    /// By the amount paid.
    Amount,
    /// By the balance that is left.
    Available,
    /// By what was proven paid back; what was not comes by settlement.
    Refunded,
    /// By what is held; what is not comes by settlement.
    Held,
    /// By the merchant's reference; without one at the end.
    Reference,
    /// By order; without one at the end.
    Order,
    /// By the payer's name; without one at the end.
    Payer,
    /// By account, and in it by settlement.
    Account,
    /// By currency, and in it by settlement.
    Currency,
    /// By the last day on which it can be refunded, of several captures that of the first; what has
    /// no such day comes at the end, by settlement.
    Until,
    /// By how it stands, the most pressing first, and in that by settlement.
    Status,
}

impl PaymentSort {
    /// Every order, as the columns stand on the screen.
    pub const ALL: [Self; 12] = [
        Self::Settled,
        Self::Reference,
        Self::Payer,
        Self::Account,
        Self::Order,
        Self::Currency,
        Self::Amount,
        Self::Refunded,
        Self::Held,
        Self::Available,
        Self::Until,
        Self::Status,
    ];

    /// Its name in commands and saved views.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Amount => "amount",
            Self::Available => "balance",
            Self::Refunded => "refunded",
            Self::Held => "held",
            Self::Reference => "reference",
            Self::Order => "order",
            Self::Payer => "payer",
            Self::Account => "account",
            Self::Currency => "currency",
            Self::Until => "until",
            Self::Status => "status",
        }
    }

    /// The order of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The way one looks for it first: names from a to z, the largest and newest first, and what
    /// presses before what can wait.
    pub const fn usual(self) -> Direction {
        match self {
            Self::Until | Self::Status => Direction::Ascending,
            _ if self.is_by_name() => Direction::Ascending,
            _ => Direction::Descending,
        }
    }

    /// True where names are sorted, not figures or dates.
    pub const fn is_by_name(self) -> bool {
        matches!(
            self,
            Self::Reference | Self::Order | Self::Payer | Self::Account | Self::Currency
        )
    }
}

/// Newest or largest first, or the other way round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Newest, largest first.
    #[default]
    Descending,
    /// Oldest, smallest first.
    Ascending,
}

impl Direction {
    /// The other way round.
    pub const fn turned(self) -> Self {
        match self {
            Self::Descending => Self::Ascending,
            Self::Ascending => Self::Descending,
        }
    }
}

/// A row's place in a sorted list: which part of the list, the value it is sorted by and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The part: what was meant exactly stands before everything else, what has no value to sort by
    /// apart from what has one.
    #[serde(default)]
    pub part: u8,
    /// The value sorted by; 0 where it is a name, which never changes.
    pub key: i64,
    /// The id, which breaks ties.
    pub id: i64,
}

/// From where a page is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// The first rows.
    #[default]
    Start,
    /// The rows after this one.
    After(Place),
    /// The rows before this one, in list order.
    Before(Place),
    /// The last rows, in list order.
    End,
}

/// A page of payments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentQuery {
    /// Which.
    pub filter: PaymentFilter,
    /// By what.
    pub sort: PaymentSort,
    /// Which way.
    pub direction: Direction,
    /// From where.
    pub from: From,
    /// At most this many rows.
    pub limit: u32,
}

/// Count and sums of a filter, exact. Sums are never added across currencies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// How many rows.
    pub count: u64,
    /// One entry per currency, by code.
    pub sums: Vec<Sums>,
}

/// Sums in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// How many rows.
    pub count: u64,
    /// Paid.
    pub paid: Money,
    /// Proven paid back.
    pub refunded: Money,
    /// Held.
    pub held: Money,
    /// What can be refunded now.
    pub can_refund: Money,
}

/// Which refunds, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundFilter {
    /// In one of these states; empty: any.
    pub states: Vec<State>,
    /// Of this payment.
    pub payment: Option<super::id::PaymentId>,
}

/// How fresh the data of an account is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFreshness {
    /// The account.
    pub account: String,
    /// When a file with payments of it was last imported.
    pub imported_at: Option<DateTime<Utc>>,
    /// When its provider's own lists were last read to their end.
    pub synced_at: Option<DateTime<Utc>>,
    /// How many payments of it the desk knows.
    pub payments: u64,
}

impl AccountFreshness {
    /// When its data was last brought up to date, from a file or from its provider.
    pub fn at(&self) -> Option<DateTime<Utc>> {
        self.imported_at.max(self.synced_at)
    }
}

/// How many refunds are in each state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateCounts(pub std::collections::BTreeMap<State, u64>);

impl StateCounts {
    /// How many refunds are in one of `states`.
    pub fn of(&self, states: &[State]) -> u64 {
        states.iter().filter_map(|state| self.0.get(state)).sum()
    }
}
