//! Refunds in bulk: what is asked to be judged together.

use serde::{Deserialize, Serialize};

use crate::domain::plan::Wanted;

/// Many refunds that one person decides at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanAsk {
    /// Each of them, in order.
    pub rows: Vec<Wanted>,
    /// Likely duplicates are meant.
    pub again: bool,
}
