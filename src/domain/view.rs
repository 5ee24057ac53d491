//! How somebody has the list of payments: which columns, and filter, order and columns under a name.

use serde::{Deserialize, Serialize};

use super::listing::{Direction, PaymentSort};

/// A column of the list of payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// When it was settled.
    Settled,
    /// The merchant's reference.
    Reference,
    /// Who paid.
    Payer,
    /// The account.
    Account,
    /// The order.
    Order,
    /// The currency.
    Currency,
    /// What was paid.
    Paid,
    /// What was paid back.
    Refunded,
    /// What is held.
    Held,
    /// What can be refunded, or why nothing can.
    CanRefund,
    /// Until when it can be refunded.
    Until,
    /// How it stands.
    Status,
}

impl Column {
    /// Every column, as the desk has them.
    pub const ALL: [Self; 12] = [
        Self::Settled,
        Self::Reference,
        Self::Payer,
        Self::Account,
        Self::Order,
        Self::Currency,
        Self::Paid,
        Self::Refunded,
        Self::Held,
        Self::CanRefund,
        Self::Until,
        Self::Status,
    ];

    /// Its name on screens and in commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Reference => "reference",
            Self::Payer => "payer",
            Self::Account => "account",
            Self::Order => "order",
            Self::Currency => "currency",
            Self::Paid => "paid",
            Self::Refunded => "refunded",
            Self::Held => "held",
            Self::CanRefund => "can-refund",
            Self::Until => "until",
            Self::Status => "status",
        }
    }

    /// By what the list is sorted when it is sorted by this column.
    pub const fn sort(self) -> PaymentSort {
        match self {
            Self::Settled => PaymentSort::Settled,
            Self::Reference => PaymentSort::Reference,
            Self::Payer => PaymentSort::Payer,
            Self::Account => PaymentSort::Account,
            Self::Order => PaymentSort::Order,
            Self::Currency => PaymentSort::Currency,
            Self::Paid => PaymentSort::Amount,
            Self::Refunded => PaymentSort::Refunded,
            Self::Held => PaymentSort::Held,
            Self::CanRefund => PaymentSort::Available,
            Self::Until => PaymentSort::Until,
            Self::Status => PaymentSort::Status,
        }
    }

    /// The column that is sorted.
    pub fn sorted(sort: PaymentSort) -> Self {
        let by = |column: &Self| column.sort() == sort;
        Self::ALL.into_iter().find(by).unwrap_or(Self::Settled)
    }

    /// The column of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// Columns as somebody chose them: those shown, in their order. Empty: as the desk has them, as many
/// as fit.
pub type Columns = Vec<Column>;

/// Filter, order and columns under a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its name; no case in it matters.
    pub name: String,
    /// The filter as typed: `settled:today` is of the day on which it is looked at.
    pub filter: String,
    /// By what the list is sorted.
    pub sort: PaymentSort,
    /// Which way.
    pub direction: Direction,
    /// The columns.
    pub columns: Columns,
}

/// Everything somebody keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Views {
    /// The columns as they left them.
    pub columns: Columns,
    /// Their views, by name.
    pub views: Vec<View>,
}

impl Views {
    /// The view of a name.
    pub fn named(&self, name: &str) -> Option<&View> {
        let same = |it: &&View| it.name.eq_ignore_ascii_case(name.trim());
        self.views.iter().find(same)
    }
}

/// Every column with whether it is shown: those that are first, in their order.
pub fn choice(shown: &[Column]) -> Vec<(Column, bool)> {
    if shown.is_empty() {
        return Column::ALL.map(|column| (column, true)).to_vec();
    }
    let hidden = Column::ALL.into_iter().filter(|it| !shown.contains(it));
    let hidden = hidden.map(|column| (column, false));
    shown.iter().map(|it| (*it, true)).chain(hidden).collect()
}

/// The columns that a choice shows; none where it is just as the desk has them.
pub fn chosen(choice: &[(Column, bool)]) -> Columns {
    let shown = choice.iter().filter(|(_, shown)| *shown);
    let shown: Columns = shown.map(|(column, _)| *column).collect();
    match shown == Column::ALL {
        true => Columns::new(),
        false => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_is_shown_and_the_rest_can_be_brought_back() {
        assert_eq!(chosen(&choice(&[])), []);
        let some = [Column::Paid, Column::Settled];
        let all = choice(&some);
        assert_eq!(all.len(), Column::ALL.len());
        assert_eq!(all[..2], [(Column::Paid, true), (Column::Settled, true)]);
        assert!(all[2..].iter().all(|(_, shown)| !shown));
        assert_eq!(chosen(&all), some);
        for column in Column::ALL {
            assert_eq!(Column::from_name(column.name()), Some(column));
        }
    }

    #[test]
    fn every_column_is_sorted_by() {
        let orders = Column::ALL.map(Column::sort);
        assert_eq!(orders, PaymentSort::ALL, "the orders stand as the columns");
        assert_eq!(orders.map(Column::sorted), Column::ALL);
    }

    #[test]
    fn a_view_is_found_whatever_its_case() {
        let views = Views {
            views: vec![View {
                name: "Big ones".into(),
                ..View::default()
            }],
            ..Views::default()
        };
        assert!(views.named(" big ONES ").is_some());
        assert!(views.named("big").is_none());
    }
}
