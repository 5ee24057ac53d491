//! `payments` as `--help` tells it, and what it is sorted by.

use chrono::NaiveDate;
use clap::Args;

use crate::domain::listing::{Direction, PaymentSort};
use crate::domain::view::Column;

/// `payments`
#[derive(Debug, Args)]
pub struct Payments {
    /// Of this account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Words of a name, reference, order or id, and terms: amount:>100, state:unknown, settled:2026-11, can:>0, last4:4242; or what a caller knows: 4242 59 14nov~3
    #[arg(long, value_name = "TEXT")]
    pub query: Option<String>,
    /// Settled on this UTC date or later
    #[arg(long, value_name = "DATE")]
    pub from: Option<NaiveDate>,
    /// Settled on this UTC date or earlier
    #[arg(long, value_name = "DATE")]
    pub to: Option<NaiveDate>,
    /// Only those of which something can be refunded now
    #[arg(long)]
    pub refundable: bool,
    /// At most this many
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// As one of your saved views says: its filter, order and columns
    #[arg(long, value_name = "NAME", conflicts_with = "query")]
    pub view: Option<String>,
    /// By this column: names from a to z, figures and dates the largest and newest first
    #[arg(long, value_name = "COLUMN", value_parser = sort)]
    pub sort: Option<PaymentSort>,
    /// Oldest or smallest first, names from a to z
    #[arg(long, conflicts_with = "descending")]
    pub ascending: bool,
    /// Newest or largest first, names from z to a
    #[arg(long)]
    pub descending: bool,
    /// Only count and sums in each currency
    #[arg(long, conflicts_with_all = ["limit", "sort", "ascending", "descending"])]
    pub totals: bool,
}

impl Payments {
    /// The way that was said.
    pub fn direction(&self) -> Option<Direction> {
        match (self.ascending, self.descending) {
            (true, _) => Some(Direction::Ascending),
            (_, true) => Some(Direction::Descending),
            _ => None,
        }
    }
}

/// What the list is sorted by: a column, or the name of an order in a saved view.
pub fn sort(text: &str) -> Result<PaymentSort, String> {
    if let Some(column) = Column::from_name(text) {
        return Ok(column.sort());
    }
    PaymentSort::from_name(text).ok_or_else(|| {
        let names = Column::ALL.map(Column::name);
        format!("sort by one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_is_sorted_by() {
        for column in Column::ALL {
            assert_eq!(sort(column.name()), Ok(column.sort()));
        }
        for order in PaymentSort::ALL {
            assert_eq!(sort(order.name()), Ok(order));
        }
        let error = sort("colour").unwrap_err();
        assert!(error.contains("can-refund, until"), "{error}");
    }
}
