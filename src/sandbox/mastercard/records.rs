//! What the network knows: payments, the refunds asked for, and what became of them.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{BANK, CREDITOR};
use crate::domain::money::Money;
use crate::sandbox::accepted::{Accepted, Capturing, Made, Name};
use crate::sandbox::book::Payout;
use crate::sandbox::course::Course;
use crate::sandbox::settlement::Row;

/// A payment that went through the network.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub amount: Money,
    /// Refunded before anything is known here, in minor units.
    pub refunded_before: i64,
    pub payer: String,
}

/// A refund that the network took in. It is money only once it is confirmed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Refund {
    /// `refundRequestLifecycleId`.
    pub id: String,
    pub payment_id: String,
    pub reference: Option<String>,
    pub reason: String,
    pub method: String,
    pub case: Option<String>,
    pub amount: Money,
    /// The request's `messageId`, which the answer names.
    pub message_id: String,
    pub key: String,
    /// The body that the key came with.
    pub body: String,
    pub accepted_at: DateTime<Utc>,
    /// How it was confirmed, once it is.
    #[serde(skip)]
    pub confirmed: Option<Confirmation>,
    /// What was delivered about it: the account advice, then the confirmation.
    #[serde(skip)]
    pub deliveries: u8,
}

/// The creditor's word about its transfer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Confirmation {
    pub refund_id: String,
    pub message_id: String,
    pub key: String,
    pub body: String,
    pub status: String,
    pub reason: Option<String>,
    pub reference: Option<String>,
    pub amount: Option<Money>,
    pub at: DateTime<Utc>,
}

impl Refund {
    pub(super) fn course(&self) -> Course {
        Course::of(self.amount.minor)
    }

    /// Nobody hears where the money is to go.
    pub(super) fn has_no_advice(&self) -> bool {
        matches!(self.course(), Course::Failed | Course::StaysPending)
    }

    /// The bank sends the money back.
    pub(super) fn is_returned(&self) -> bool {
        self.course() == Course::Undone && self.confirmed.is_some()
    }

    /// Its own name in the desk's words, whose fault strikes once.
    pub(super) fn fault_name(&self) -> &str {
        self.reference.as_deref().unwrap_or(&self.key)
    }
}

impl Made for Refund {
    fn id(&self) -> &str {
        &self.id
    }

    fn names(&self) -> Vec<Name> {
        vec![with_key(&self.key), of_payment(&self.payment_id)]
    }

    fn payout(&self) -> Option<Payout<'_>> {
        let confirmed = self.confirmed.as_ref()?;
        Some(Payout {
            account: CREDITOR,
            payment_id: &self.payment_id,
            amount: confirmed.amount?,
            compensation: None,
            correlation: self.reference.as_deref().unwrap_or_default(),
            provider_refund_id: &self.id,
            at: confirmed.at,
        })
    }

    fn looks_mut(&mut self) -> &mut u8 {
        &mut self.deliveries
    }
}

/// A confirmation is what makes the refund money: the book has its line from then on.
impl Capturing<Refund> for Confirmation {
    fn refund_id(&self) -> &str {
        &self.refund_id
    }

    fn mark(&self, refund: &mut Refund) {
        refund.confirmed = Some(self.clone());
    }
}

fn with_key(key: &str) -> Name {
    ("key", key.to_owned())
}

fn of_payment(payment: &str) -> Name {
    ("payment", payment.to_owned())
}

/// The network's records. A rejection by the creditor's side stands where other simulators have
/// cancels: the refund ends, and nothing was paid.
pub(super) struct Records {
    payments: HashMap<String, Payment>,
    /// The payments whose payer's bank is the desk's own account.
    banked: HashMap<String, Payment>,
    pub refunds: Accepted<Refund, Confirmation, Confirmation>,
}

impl Records {
    pub(super) fn open(rows: &[Row], journal: &Path, book: &Path) -> io::Result<Self> {
        Ok(Self {
            payments: payments(rows, CREDITOR),
            banked: payments(rows, BANK),
            refunds: Accepted::open(journal, book)?,
        })
    }

    pub(super) fn payment(&self, id: &str) -> Option<&Payment> {
        self.payments.get(id)
    }

    /// Whether the desk's own bank account has the payer of this payment.
    pub(super) fn is_banked(&self, id: &str) -> bool {
        self.banked.contains_key(id)
    }

    pub(super) fn is_known(&self, id: &str) -> bool {
        self.payments.contains_key(id) || self.banked.contains_key(id)
    }

    pub(super) fn refund_with_key(&self, key: &str) -> Option<&Refund> {
        self.refunds.named(with_key(key)).next()
    }

    /// The confirmation or rejection that came with a key.
    pub(super) fn confirmation_with_key(&self, key: &str) -> Option<&Confirmation> {
        let captures = self.refunds.captures().iter();
        let mut all = captures.chain(self.refunds.cancels());
        all.find(|it| it.key == key)
    }

    /// The creditor's side gave the refund up.
    pub(super) fn rejection(&self, refund: &str) -> Option<&Confirmation> {
        self.refunds
            .cancels()
            .iter()
            .find(|it| it.refund_id == refund)
    }

    /// What is left to give back of a payment, in minor units.
    pub(super) fn left_of(&self, id: &str) -> i64 {
        let Some(payment) = self.payments.get(id) else {
            return 0;
        };
        let whole = payment.amount.minor.saturating_sub(payment.refunded_before);
        let taken = self.refunds.named(of_payment(id));
        let taken = taken.filter(|it| !it.is_returned() && self.rejection(&it.id).is_none());
        taken.fold(whole, |left, refund| {
            left.saturating_sub(refund.amount.minor)
        })
    }
}

fn payments(rows: &[Row], account: &str) -> HashMap<String, Payment> {
    let of_account = rows.iter().filter(|row| row.get("account") == account);
    let known = of_account.filter_map(|row| {
        let amount = row.amount()?;
        let refunded = Money::parse(row.get("refunded"), amount.currency);
        let payment = Payment {
            amount,
            refunded_before: refunded.map_or(0, |it| it.minor),
            payer: row.get("payer").to_owned(),
        };
        Some((row.get("payment_id").to_owned(), payment))
    });
    known.collect()
}
