//! What the desk says in passing.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::id::RefundId;

/// How it is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Done.
    Good,
    /// Good to know.
    Info,
    /// Went wrong; stays until Esc.
    Error,
}

/// One line in passing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// How it is meant.
    pub level: Level,
    /// What is said.
    pub text: String,
    /// When it goes by itself.
    pub until: Option<DateTime<Utc>>,
    /// It is true only as long as this refund has not gone out.
    pub before: Option<RefundId>,
}

impl Toast {
    /// One that goes by itself unless it tells of an error.
    pub fn new(level: Level, text: String, now: DateTime<Utc>) -> Self {
        let until = (level != Level::Error).then(|| now + TimeDelta::seconds(6));
        Self {
            level,
            text,
            until,
            before: None,
        }
    }
}
