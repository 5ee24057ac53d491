//! The audit chain: every entry carries the hash of the one before it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::digest::Canonical;

/// One thing that was done, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counted from 1 without gaps.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who: a person, or `desk` for what the desk does by itself.
    pub actor: String,
    /// What, as a dotted name: `refund.reserved`.
    pub action: String,
    /// To what: a refund, a payment, a file.
    pub subject: String,
    /// The facts, as one line of `name=value` pairs.
    pub detail: String,
    /// The hash of the entry before, hex; 64 zeros for the first.
    pub previous: String,
    /// The hash of this entry, hex.
    pub hash: String,
}

/// What the first entry names as the hash before it.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl AuditEntry {
    /// The hash this entry must carry.
    pub fn expected_hash(&self) -> String {
        Canonical::new("audit")
            .integer(self.seq)
            .integer(self.at.timestamp_millis())
            .text(&self.actor)
            .text(&self.action)
            .text(&self.subject)
            .text(&self.detail)
            .text(&self.previous)
            .hex()
    }
}
