//! What the gateway knows: charges, refunds, cancels and captures.

use std::io;
use std::path::Path;

use super::cancels::{Cancel, Target};
use super::captures::Capture;
use super::charges::{Charge, Charges};
use super::refunds::Refund;
use super::request::Reference;
use crate::sandbox::accepted::{Accepted, Name};

/// The gateway's records.
pub(super) struct Records {
    pub charges: Charges,
    pub refunds: Accepted<Refund, Cancel, Capture>,
}

impl Records {
    pub(super) fn open(charges: Charges, journal: &Path, book: &Path) -> io::Result<Self> {
        let refunds = Accepted::open(journal, book)?;
        Ok(Self { charges, refunds })
    }

    /// What is left to give back of a charge, in minor units.
    pub(super) fn left_of(&self, charge: &Charge) -> i64 {
        let whole = charge.amount.minor.saturating_sub(charge.refunded_before);
        let of_it = ("charge", charge.transaction_id.clone());
        let of_it = self.refunds.named(of_it);
        let standing = of_it.filter(|refund| !self.is_canceled(&refund.transaction_id));
        let taken = standing.map(Refund::taken);
        taken.fold(whole, i64::saturating_sub)
    }

    /// The one refund that a name names.
    pub(super) fn refund(&self, reference: Reference<'_>) -> Option<&Refund> {
        self.refunds.named(name(reference)?).next()
    }

    /// The refunds of these charges, and those the reference itself names.
    pub(super) fn refunds_by(&self, reference: Reference<'_>, charges: &[&str]) -> Vec<&Refund> {
        let of_order = |refund: &&Refund| match reference {
            Reference::Order(id) => refund.order_id == id,
            Reference::MerchantOrder(id) => {
                refund.merchant_order_id.as_deref() == Some(id)
                    || charges.contains(&refund.charge_id.as_str())
            }
            _ => false,
        };
        match name(reference) {
            Some(name) => self.refunds.named(name).collect(),
            None => self.refunds.all().iter().filter(of_order).collect(),
        }
    }

    /// Whether a charge or refund was canceled.
    pub(super) fn is_canceled(&self, transaction_id: &str) -> bool {
        let mut cancels = self.refunds.cancels().iter();
        cancels.any(|it| it.target_id == transaction_id)
    }

    /// Whether a refund, cancel or capture goes by this id of the merchant's.
    pub(super) fn is_named(&self, id: &str) -> bool {
        let name = Reference::MerchantTransaction(id);
        self.refund(name).is_some()
            || self.refunds.cancels().iter().any(|it| it.is(name))
            || self.refunds.captures().iter().any(|it| it.is(name))
    }

    /// The charge that a cancel is of, directly or through its refund.
    pub(super) fn charge_of(&self, cancel: &Cancel) -> Option<&Charge> {
        let id = match cancel.target {
            Target::Charge => &cancel.target_id,
            Target::Refund => &self.refunds.with_id(&cancel.target_id)?.charge_id,
        };
        self.charges.with_id(id)
    }
}

/// The name of one refund; orders have several.
fn name(reference: Reference<'_>) -> Option<Name> {
    match reference {
        Reference::Transaction(id) => Some(("id", id.to_owned())),
        Reference::MerchantTransaction(id) => Some(("merchant", id.to_owned())),
        Reference::ClientRequest(id) => Some(("request", id.to_owned())),
        Reference::Order(_) | Reference::MerchantOrder(_) => None,
    }
}
