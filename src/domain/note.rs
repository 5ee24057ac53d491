//! Notes: what people say of a payment or refund, once, with their name and the time.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::{PaymentId, RefundId};

/// A note. It is never changed; what it says can be erased with what else is known of a payer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Our number of it.
    pub id: i64,
    /// The payment it is about.
    pub payment: PaymentId,
    /// The payment's reference.
    pub reference: Option<String>,
    /// The refund it is about; none: the payment as a whole.
    pub refund: Option<RefundId>,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What it says; none: it was erased.
    pub text: Option<String>,
}

impl Note {
    /// What it says, or that it says nothing any more.
    pub fn said(&self) -> &str {
        self.text.as_deref().unwrap_or("(erased)")
    }
}
