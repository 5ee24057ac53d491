//! What the connector behind Prism knows: payments, refunds, and which faults have struck. Prism
//! itself remembers nothing. Kept across restarts.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ACCOUNT;
use super::course::{Course, Stand};
use crate::domain::money::Money;
use crate::sandbox::book::{Book, Payout};
use crate::sandbox::journal::Journal;
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
    pub(super) fn course(&self) -> Course {
        Course::of(self.asked.minor)
    }

    pub(super) fn stand(&self) -> Stand {
        self.course().stand(self.looks)
    }
}

/// A line of the journal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fact {
    Accepted(Box<Refund>),
    /// The refund's payout is in the book.
    Booked(String),
    /// A look has shown the refund.
    Looked(String),
    /// The refund so named has had its fault.
    Struck(String),
}

/// The connector's records.
pub(super) struct Records {
    payments: HashMap<String, Payment>,
    refunds: Vec<Refund>,
    struck: HashSet<String>,
    journal: Journal<Fact>,
    book: Book,
}

impl Records {
    /// Opens journal and book, and enters the payout that a crash kept out of the book.
    pub(super) fn open(rows: &[Row], journal: &Path, book: &Path) -> io::Result<Self> {
        let (journal, facts) = Journal::open(journal)?;
        let mut records = Self {
            payments: payments(rows),
            refunds: Vec::new(),
            struck: HashSet::new(),
            journal,
            book: Book::open(book)?,
        };
        for refund in records.remember(facts) {
            match Book::names(book, &refund.id)? {
                true => records.journal.note(&Fact::Booked(refund.id))?,
                false => records.enter_in_book(&refund)?,
            }
        }
        Ok(records)
    }

    /// Takes in the journal's facts; the refunds that paid and are not known to be in the book.
    fn remember(&mut self, facts: Vec<Fact>) -> Vec<Refund> {
        let mut unbooked = Vec::new();
        for fact in facts {
            match fact {
                Fact::Accepted(refund) => {
                    if refund.course().pays() {
                        unbooked.push((*refund).clone());
                    }
                    self.refunds.push(*refund);
                }
                Fact::Booked(id) => unbooked.retain(|refund| refund.id != id),
                Fact::Looked(id) => self.count_look(&id),
                Fact::Struck(refund) => _ = self.struck.insert(refund),
            }
        }
        unbooked
    }

    pub(super) fn payment(&self, transaction: &str) -> Option<&Payment> {
        self.payments.get(transaction)
    }

    pub(super) fn refund(&self, id: &str) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.id == id)
    }

    /// What is left to give back of a payment, in minor units.
    pub(super) fn left_of(&self, transaction: &str, payment: &Payment) -> i64 {
        let of_it = self
            .refunds
            .iter()
            .filter(|it| it.transaction == transaction);
        let standing = of_it.filter(|refund| refund.stand() != Stand::Failed);
        let taken = standing.map(|refund| refund.paid.minor);
        let whole = payment.amount.minor.saturating_sub(payment.refunded_before);
        taken.fold(whole, i64::saturating_sub)
    }

    /// An id no other refund has.
    pub(super) fn fresh_id(&self, reference: &str) -> String {
        let seed = format!("{}\n{reference}", self.refunds.len());
        let code = digest(&SHA256, seed.as_bytes());
        let code = code.as_ref()[..12].iter().map(|byte| format!("{byte:02x}"));
        format!("re_{}", code.collect::<String>())
    }

    /// Whether the refund's fault comes now, which it does once.
    pub(super) fn strikes(&mut self, refund: &str) -> io::Result<bool> {
        if !self.struck.insert(refund.to_owned()) {
            return Ok(false);
        }
        self.journal.record(&Fact::Struck(refund.to_owned()))?;
        Ok(true)
    }

    /// Accepts a refund: on disk first, then in the book, and only then anyone may be told.
    pub(super) fn accept(&mut self, refund: Refund) -> io::Result<()> {
        self.journal
            .record(&Fact::Accepted(Box::new(refund.clone())))?;
        self.refunds.push(refund.clone());
        match refund.course().pays() {
            true => self.enter_in_book(&refund),
            false => Ok(()),
        }
    }

    /// Counts a look; nothing changes after the second.
    pub(super) fn look(&mut self, id: &str) -> io::Result<()> {
        if self.refund(id).is_some_and(|refund| refund.looks < 2) {
            self.journal.note(&Fact::Looked(id.to_owned()))?;
            self.count_look(id);
        }
        Ok(())
    }

    fn count_look(&mut self, id: &str) {
        if let Some(refund) = self.refunds.iter_mut().find(|refund| refund.id == id) {
            refund.looks = refund.looks.saturating_add(1);
        }
    }

    fn enter_in_book(&mut self, refund: &Refund) -> io::Result<()> {
        self.book.enter(&Payout {
            account: ACCOUNT,
            payment_id: &refund.transaction,
            amount: refund.paid,
            compensation: None,
            correlation: &refund.reference,
            provider_refund_id: &refund.id,
            at: refund.accepted_at,
        })?;
        self.journal.note(&Fact::Booked(refund.id.clone()))
    }
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
