//! What the service knows: payments and refunds.

use std::io;
use std::path::Path;

use super::payments::{Payment, Payments};
use super::refunds::{self, Refund};
use crate::sandbox::accepted::Accepted;

/// The service's records.
pub(super) struct Records {
    pub payments: Payments,
    pub refunds: Accepted<Refund>,
}

impl Records {
    pub(super) fn open(payments: Payments, journal: &Path, book: &Path) -> io::Result<Self> {
        let refunds = Accepted::open(journal, book)?;
        Ok(Self { payments, refunds })
    }

    /// What is left to give back of a payment, in minor units.
    pub(super) fn left_of(&self, payment: &Payment) -> i64 {
        let whole = payment.amount.minor.saturating_sub(payment.refunded_before);
        let of_it = refunds::of_payment(&payment.account, &payment.id);
        let taken = self.refunds.named(of_it).map(Refund::taken);
        taken.fold(whole, i64::saturating_sub)
    }
}
