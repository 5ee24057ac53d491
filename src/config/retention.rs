//! `[retention]` of the config file: how long personal data stays after a payment is over.

use chrono::TimeDelta;
use serde::Deserialize;

use super::bounds::within;

/// How long personal data stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Who paid, after the payment and its last refund.
    pub names: TimeDelta,
    /// How to reach them, likewise.
    pub contacts: TimeDelta,
    /// Full account numbers, after their refund has ended.
    pub accounts: TimeDelta,
}

// Names are compared over 30 days to find duplicates: they stay well beyond that.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Table {
    #[serde(deserialize_with = "within::<90, 36_500, _>")]
    names_days: u32,
    #[serde(deserialize_with = "within::<1, 36_500, _>")]
    contacts_days: u32,
    #[serde(deserialize_with = "within::<1, 3_650, _>")]
    accounts_days: u32,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            names_days: 3_650,
            contacts_days: 730,
            accounts_days: 30,
        }
    }
}

impl From<Table> for Retention {
    fn from(table: Table) -> Self {
        Self {
            names: TimeDelta::days(table.names_days.into()),
            contacts: TimeDelta::days(table.contacts_days.into()),
            accounts: TimeDelta::days(table.accounts_days.into()),
        }
    }
}
