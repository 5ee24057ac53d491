//! What people decide about a refund, as they ask it and as it is shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{RefundCard, RefundRow, Refusal};
use crate::domain::money::Money;
use crate::domain::resolution::Proof;

/// What a person says became of a refund, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stated {
    /// It was paid.
    Succeeded,
    /// It was not paid and never will be.
    Failed,
    /// The provider never had it.
    Absent,
}

/// A person's statement of an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolve {
    /// The refund, as typed.
    pub refund: String,
    /// What became of it.
    pub stated: Stated,
    /// The amount paid, as typed; the amount asked when left out.
    pub paid: Option<String>,
    /// Why they say so.
    pub proof: Proof,
}

/// Trying again what was not paid for lack of funds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryOrder {
    /// Of this account; none: of every one.
    pub account: Option<String>,
    /// Say what would happen, write nothing.
    pub dry_run: bool,
}

/// One refund that was not paid for lack of funds, and what became of trying it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retried {
    /// The refund that was not paid.
    pub refund: RefundRow,
    /// The refund in its place; none where it was refused, or nothing was to be written.
    pub made: Option<Box<RefundRow>>,
    /// Why it was refused.
    pub refused: Option<Refusal>,
}

/// What a checker looks at before approving.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The refund, with its evidence and decisions.
    pub card: RefundCard,
    /// Why it needs a second person.
    pub why: String,
    /// What is available while the refund is not counted.
    pub before: Money,
    /// What is available once it is paid.
    pub after: Money,
    /// Earlier refunds it may repeat.
    pub duplicates: Vec<String>,
    /// Why it could not be sent as things stand.
    pub hindrance: Option<String>,
    /// Undecided by then, it expires.
    pub expires_at: DateTime<Utc>,
}
