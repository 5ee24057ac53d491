//! How each account and its provider stand.

use chrono::{DateTime, Utc};

use crate::domain::pulse::Pulse;
use crate::domain::sending::Stop;

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The account.
    pub account: String,
    /// Its provider.
    pub provider: String,
    /// Refunds can be sent through it.
    pub can_send: bool,
    /// Who stopped sending, if anybody did.
    pub stop: Option<Stop>,
    /// Why nothing is sent on it since a restore.
    pub closed: Option<String>,
    /// What the last exchanges showed.
    pub pulse: Pulse,
    /// Nothing is sent until a look is answered.
    pub left_alone: bool,
    /// Looks a minute that may be spent.
    pub looks_per_minute: u32,
    /// Refunds that wait for a look.
    pub waiting: u64,
    /// When payments were last imported.
    pub imported_at: Option<DateTime<Utc>>,
    /// When its provider's own lists were last read to their end.
    pub synced_at: Option<DateTime<Utc>>,
}
