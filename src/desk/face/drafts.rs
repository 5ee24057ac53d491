//! Refunds that were being composed and were left.

use serde::{Deserialize, Serialize};

use crate::domain::id::PaymentId;
use crate::domain::parked::Typed;

/// What is asked about one's own drafts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftAsk {
    /// All of them.
    List,
    /// Keeps what was typed about a payment.
    Park {
        /// The payment.
        payment: PaymentId,
        /// What was typed.
        typed: Typed,
    },
    /// Forgets it.
    Drop {
        /// The payment.
        payment: PaymentId,
    },
}
