//! Looking after what waits for a person.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::care::About;

/// What is to become of something in To do: a refund as typed, `discrepancy N` or `request N`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TendOrder {
    /// Somebody looks after it.
    Own {
        /// What.
        about: String,
        /// Who.
        owner: String,
    },
    /// It leaves one's own list for a while.
    PutAside {
        /// What.
        about: String,
        /// Until when.
        until: DateTime<Utc>,
        /// Why.
        reason: String,
    },
    /// It is back before that.
    TakeBack {
        /// What.
        about: String,
    },
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tended {
    /// What it is about.
    pub about: About,
    /// Who looks after it, where that was said.
    pub owner: Option<String>,
    /// Until when it is put aside; none: it is not.
    pub until: Option<DateTime<Utc>>,
}
