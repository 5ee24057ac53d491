//! No, in words.

use serde::{Deserialize, Serialize};

/// Why the desk did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What kind of refusal: decides the exit code.
    pub class: Class,
    /// A code for programs: `over_available`, `too_old` …
    pub code: String,
    /// What happened.
    pub message: String,
    /// What it means for the money.
    pub money: String,
    /// What to do.
    pub next: String,
}

/// The kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The request makes no sense as typed.
    Usage,
    /// A rule says no; nothing was written.
    Rule,
    /// The machine, a file or the database failed.
    Failed,
    /// Provider or network not available.
    Unavailable,
    /// Whether it was done is not known.
    Unknown,
}
