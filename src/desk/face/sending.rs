//! Stopping and resuming, and how each account stands.

use serde::{Deserialize, Serialize};

/// A person's word about sending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendingOrder {
    /// The account; `None`: every account.
    pub account: Option<String>,
    /// Why.
    pub note: Option<String>,
}
