//! What the connector behind Prism knows: payments and refunds. Prism itself remembers nothing.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ACCOUNT;
use super::course::Stand;
use crate::domain::money::Money;
use crate::sandbox::accepted::{Accepted, Made, Name};
use crate::sandbox::book::Payout;
use crate::sandbox::course::Course;
use crate::sandbox::settlement::Row;

/// A captured payment.
pub(super) struct Payment {
    pub amount: Money,
    /// Given back before the sandbox was started, in minor units.
    refunded_before: i64,
}

/// A refund the connector made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Refund {
    pub id: String,
    /// The merchant's reference.
    pub reference: String,
    pub transaction: String,
    pub asked: Money,
    /// What really leaves.
    pub paid: Money,
    pub accepted_at: DateTime<Utc>,
    /// How many looks have shown it; two are enough to end any refund.
    #[serde(skip)]
    looks: u8,
}

impl Refund {
    pub(super) fn new(
        records: &Records,
        reference: &str,
        transaction: &str,
        amounts: (Money, Money),
        accepted_at: DateTime<Utc>,
    ) -> Self {
        let (asked, paid) = amounts;
        Self {
            id: records.fresh_id(reference),
            reference: reference.to_owned(),
            transaction: transaction.to_owned(),
            asked,
            paid,
            accepted_at,
            looks: 0,
        }
    }

    pub(super) fn stand(&self) -> Stand {
        Course::of(self.asked.minor).stand(self.looks)
    }
}

impl Made for Refund {
    fn id(&self) -> &str {
        &self.id
    }

    fn names(&self) -> Vec<Name> {
        vec![("transaction", self.transaction.clone())]
    }

    fn payout(&self) -> Option<Payout<'_>> {
        Course::of(self.asked.minor).pays().then(|| Payout {
            account: ACCOUNT,
            payment_id: &self.transaction,
            amount: self.paid,
            compensation: None,
            correlation: &self.reference,
            provider_refund_id: &self.id,
            at: self.accepted_at,
        })
    }

    fn looks_mut(&mut self) -> &mut u8 {
        &mut self.looks
    }
}

/// The connector's records.
pub(super) struct Records {
    payments: HashMap<String, Payment>,
    pub refunds: Accepted<Refund>,
}

impl Records {
    pub(super) fn open(rows: &[Row], journal: &Path, book: &Path) -> io::Result<Self> {
        Ok(Self {
            payments: payments(rows),
            refunds: Accepted::open(journal, book)?,
        })
    }

    pub(super) fn payment(&self, transaction: &str) -> Option<&Payment> {
        self.payments.get(transaction)
    }

    /// What is left to give back of a payment, in minor units.
    pub(super) fn left_of(&self, transaction: &str, payment: &Payment) -> i64 {
        let of_it = ("transaction", transaction.to_owned());
        let of_it = self.refunds.named(of_it);
        let standing = of_it.filter(|refund| refund.stand() != Stand::Failed);
        let taken = standing.map(|refund| refund.paid.minor);
        let whole = payment.amount.minor.saturating_sub(payment.refunded_before);
        taken.fold(whole, i64::saturating_sub)
    }

    /// An id no other refund has.
    fn fresh_id(&self, reference: &str) -> String {
        let seed = format!("{}\n{reference}", self.refunds.all().len());
        let code = digest(&SHA256, seed.as_bytes());
        let code = code.as_ref()[..12].iter().map(|byte| format!("{byte:02x}"));
        format!("re_{}", code.collect::<String>())
    }
}

/// The account's payments; captures of one payment are one payment here.
fn payments(rows: &[Row]) -> HashMap<String, Payment> {
    let mut payments: HashMap<String, Payment> = HashMap::new();
    for row in rows.iter().filter(|row| row.get("account") == ACCOUNT) {
        let Some(amount) = row.amount() else { continue };
        let refunded = Money::parse(row.get("refunded"), amount.currency);
        let refunded = refunded.map_or(0, |money| money.minor);
        let payment = payments
            .entry(row.get("payment_id").to_owned())
            .or_insert(Payment {
                amount: Money::zero(amount.currency),
                refunded_before: 0,
            });
        payment.amount.minor = payment.amount.minor.saturating_add(amount.minor);
        payment.refunded_before = payment.refunded_before.saturating_add(refunded);
    }
    payments
}
