//! A note on a payment or refund.

use serde::{Deserialize, Serialize};

/// What somebody wants written beside a payment or refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteOrder {
    /// The payment or refund, as typed.
    pub subject: String,
    /// What it says.
    pub text: String,
}
