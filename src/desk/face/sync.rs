//! Reading providers' own lists.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ImportReport, Refusal};

/// What became of one account in a sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSync {
    /// The account.
    pub account: String,
    /// Its provider, as people know it.
    pub provider: String,
    /// Its provider cannot list: nothing was asked.
    pub skipped: bool,
    /// From when on payments were asked for; none: they were not.
    pub since: Option<DateTime<Utc>>,
    /// What became of the payments that were listed.
    pub payments: ImportReport,
    /// Payments whose refunds were read to the end of their list.
    pub verified: u64,
    /// Refunds in those lists, ours among them.
    pub refunds: u64,
    /// Refunds made elsewhere that were not known before.
    pub found: u64,
    /// Why it broke off; what was read before stays.
    pub failed: Option<Refusal>,
}
