//! What one was composing and left.

use crate::domain::id::PaymentId;
use crate::domain::parked::Parked;

/// The drafts of whoever sits at the desk.
#[derive(Clone, Debug, Default)]
pub struct Drafts {
    /// Newest first.
    pub all: Vec<Parked>,
    /// Which of the list.
    pub cursor: usize,
}

impl Drafts {
    /// The draft about a payment.
    pub fn of(&self, payment: PaymentId) -> Option<&Parked> {
        self.all.iter().find(|draft| draft.payment == payment)
    }

    /// The one the cursor is on.
    pub fn chosen(&self) -> Option<&Parked> {
        self.all.get(self.cursor)
    }

    /// They were read anew.
    pub fn put(&mut self, all: Vec<Parked>) {
        self.cursor = self.cursor.min(all.len().saturating_sub(1));
        self.all = all;
    }
}
