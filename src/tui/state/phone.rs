//! What is said to a payer.

use crate::domain::id::PaymentId;
use crate::domain::phone::Call;

/// The card of a call, over the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The payment asked about.
    pub payment: PaymentId,
    /// The card, once answered.
    pub call: Option<Call>,
    /// Why it could not be read.
    pub failed: Option<String>,
    /// The first line shown.
    pub scroll: usize,
}

impl Page {
    /// A card that is asked for.
    pub const fn of(payment: PaymentId) -> Self {
        Self {
            payment,
            call: None,
            failed: None,
            scroll: 0,
        }
    }
}
