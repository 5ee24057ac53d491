//! Stopping and resuming, and how each account stands.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::pulse::Pulse;
use crate::domain::sending::Stop;

/// A person's word about sending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendingOrder {
    /// The account; `None`: every account.
    pub account: Option<String>,
    /// Why.
    pub note: Option<String>,
}

/// How an account and its provider stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderState {
    /// The account.
    pub account: String,
    /// Its provider, as people know it.
    pub provider: String,
    /// Refunds can be sent through it.
    pub can_send: bool,
    /// Who stopped sending, if anybody did.
    pub stop: Option<Stop>,
    /// Why nothing is sent on it since a restore, and what opens it again.
    pub closed: Option<String>,
    /// What the last exchanges showed, by whatever process.
    pub pulse: Pulse,
    /// This desk sends nothing until a look is answered.
    pub left_alone: bool,
    /// Looks a minute that the account may spend.
    pub looks_per_minute: u32,
    /// Refunds that wait for a look.
    pub waiting: u64,
    /// When payments were last imported.
    pub imported_at: Option<DateTime<Utc>>,
    /// When its provider's own lists were last read to their end.
    pub synced_at: Option<DateTime<Utc>>,
}

/// Whether a refund can still be stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopWord {
    /// It can be withdrawn, or its provider can be asked to stop it.
    pub possible: bool,
    /// Until when, where that is known.
    pub until: Option<DateTime<Utc>>,
    /// For people, times in the business time zone: until when, and by which command, or why not.
    pub said: String,
}
