//! How the desk's own service stands, for whoever watches it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::listing::StateCounts;

/// Whether the desk works, and what waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceState {
    /// The database took a write just now.
    pub writes: bool,
    /// Somebody in this process sends and polls.
    pub works: bool,
    /// When the next refund needs the desk; in the past: it is late.
    pub next_due: Option<DateTime<Utc>>,
    /// How many refunds are in each state.
    pub counts: StateCounts,
}

/// What a round of work did, and what is left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worked {
    /// Refunds sent.
    pub sent: u32,
    /// Refunds asked about.
    pub looked: u32,
    /// When there is work again.
    pub next_at: Option<DateTime<Utc>>,
    /// How long to rest all the same, in milliseconds: nothing could be done about what is due.
    pub rest_ms: u64,
    /// How many refunds are in each state now.
    pub counts: StateCounts,
}
