//! How an account's provider stands, as people are told.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What the last exchanges with a provider showed. Nothing about money depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    /// When it last answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// How long that answer took, in milliseconds.
    pub latency_ms: Option<i64>,
    /// Since when it has not answered; `None`: it answers.
    pub failing_since: Option<DateTime<Utc>>,
    /// What went wrong last.
    pub said: Option<String>,
    /// Our clock minus the provider's, in milliseconds (HTTP `Date`, so to the second).
    pub skew_ms: Option<i64>,
    /// When that was measured.
    pub skew_at: Option<DateTime<Utc>>,
    /// It asked for no looks until then.
    pub quiet_until: Option<DateTime<Utc>>,
    /// Looks have used up the account's share until then.
    pub looks_until: Option<DateTime<Utc>>,
    /// It is left alone but for one probe.
    pub probe: Option<Probe>,
}

/// When a provider that does not answer is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// From then on.
    pub at: DateTime<Utc>,
    /// How many probes in a row failed.
    pub tries: u32,
}
