//! The order of the list of refunds: all its rows are known, so that any column can sort them.

use std::cmp::{Ordering, Reverse};

use crate::domain::listing::Direction;
use crate::domain::state::State;

use super::Row;

/// By what it is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// When they were composed.
    #[default]
    Created,
    /// The payment's reference.
    Reference,
    /// Who paid.
    Payer,
    /// The amount, each currency by itself.
    Amount,
    /// How they stand: first what nobody may leave alone.
    State,
    /// When the provider is asked next.
    Next,
    /// Who composed them.
    Maker,
}

/// What nobody may leave alone, the worst first; then what is on its way, then what is decided.
const BY_URGENCY: [State; State::ALL.len()] = [
    State::Unknown,
    State::ActionRequired,
    State::Reversed,
    State::AwaitingApproval,
    State::Draft,
    State::Reserved,
    State::Approved,
    State::Submitting,
    State::Pending,
    State::Failed,
    State::Rejected,
    State::Expired,
    State::Canceled,
    State::Succeeded,
    State::Settled,
];

impl Sort {
    /// In the order of the columns.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Reference,
        Self::Payer,
        Self::Amount,
        Self::State,
        Self::Next,
        Self::Maker,
    ];

    /// The way it is usually looked at.
    pub const fn usual(self) -> Direction {
        match self {
            Self::Created | Self::Amount => Direction::Descending,
            _ => Direction::Ascending,
        }
    }

    /// The column `steps` further on, round and round.
    pub fn step(self, steps: usize) -> Self {
        let at = Self::ALL.iter().position(|sort| *sort == self).unwrap_or(0);
        Self::ALL[(at + steps) % Self::ALL.len()]
    }

    /// Which of two comes first. What has nothing in this column comes last either way, and of equals
    /// the one composed last comes first.
    pub fn compare(self, direction: Direction, one: &Row, other: &Row) -> Ordering {
        let turned = |order: Ordering| match direction {
            Direction::Ascending => order,
            Direction::Descending => order.reverse(),
        };
        let (a, b) = (&one.refund, &other.refund);
        let order = match self {
            Self::Created => turned(a.id.cmp(&b.id)),
            Self::Reference => known(name(&one.reference), name(&other.reference), turned),
            Self::Payer => known(name(&one.payer), name(&other.payer), turned),
            Self::Amount => {
                let (a, b) = (a.content.amount, b.content.amount);
                let currencies = a.currency.code().cmp(b.currency.code());
                currencies.then(turned(a.minor.cmp(&b.minor)))
            }
            Self::State => turned(urgency(a.state).cmp(&urgency(b.state))),
            Self::Next => known(a.next_look(), b.next_look(), turned),
            Self::Maker => turned(a.content.maker.cmp(&b.content.maker)),
        };
        order.then_with(|| Reverse(a.id).cmp(&Reverse(b.id)))
    }
}

fn name(name: &Option<String>) -> Option<String> {
    name.as_ref().map(|name| name.to_lowercase())
}

fn known<T: Ord>(
    one: Option<T>,
    other: Option<T>,
    turned: impl Fn(Ordering) -> Ordering,
) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => turned(one.cmp(&other)),
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

fn urgency(state: State) -> Option<usize> {
    BY_URGENCY.iter().position(|it| *it == state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_one_place() {
        for state in State::ALL {
            let places = BY_URGENCY.iter().filter(|it| **it == state);
            assert_eq!(places.count(), 1, "{state:?}");
        }
    }
}
