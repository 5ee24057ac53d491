//! The audit as proof.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::audit::Anchor;
use crate::domain::finding::Finding;

/// What a walk along the whole audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerified {
    /// Entries walked.
    pub entries: u64,
    /// The last one, and when it was written: to be kept elsewhere and named next time. None: there
    /// is no entry yet.
    pub head: Option<(Anchor, DateTime<Utc>)>,
    /// The first entry at which the chain is broken.
    pub first_bad: Option<i64>,
    /// What is wrong; empty: nothing.
    pub findings: Vec<Finding>,
}
