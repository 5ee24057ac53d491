//! What is asked of a list: which rows, in which order, from where; and what comes back.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::money::Money;
use super::state::State;

/// Which payments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFilter {
    /// Of this account.
    pub account: Option<String>,
    /// Whose reference, order, ids, payer or last four begin with this.
    pub text: Option<String>,
    /// Settled on this UTC date or later.
    pub from: Option<NaiveDate>,
    /// Settled on this UTC date or earlier.
    pub to: Option<NaiveDate>,
    /// Only those of which something can be refunded now.
    pub refundable: bool,
}

/// A word of a typed filter that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Not a date.
    #[error("{0:?} is not a date; write it as 2026-11-21")]
    Date(String),
}

impl PaymentFilter {
    /// Reads what an operator types after `/`: `account:NAME`, `from:DATE`, `to:DATE`,
    /// `refundable`, and any other words as the text to search for.
    ///
    /// # Errors
    /// A date that is none.
    pub fn parse(typed: &str) -> Result<Self, FilterError> {
        let mut filter = Self::default();
        let mut words = Vec::new();
        let date = |text: &str| text.parse().map_err(|_| FilterError::Date(text.to_owned()));
        for word in typed.split_whitespace() {
            match word.split_once(':') {
                Some(("account", name)) => filter.account = Some(name.to_owned()),
                Some(("from", day)) => filter.from = Some(date(day)?),
                Some(("to", day)) => filter.to = Some(date(day)?),
                _ if word == "refundable" => filter.refundable = true,
                _ => words.push(word),
            }
        }
        filter.text = Some(words.join(" ")).filter(|text| !text.is_empty());
        Ok(filter)
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

/// A row's place in a sorted list: the value it is sorted by and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The value sorted by.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_filter() {
        let filter = PaymentFilter::parse("account:hub-us from:2026-01-02 refundable Jane Doe");
        let expected = PaymentFilter {
            account: Some("hub-us".into()),
            text: Some("Jane Doe".into()),
            from: Some("2026-01-02".parse().unwrap()),
            to: None,
            refundable: true,
        };
        assert_eq!(filter, Ok(expected));
        assert!(PaymentFilter::parse("to:yesterday").is_err());
        assert!(PaymentFilter::parse("  ").unwrap().is_empty());
    }
}
