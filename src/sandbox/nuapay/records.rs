//! What the service knows: payments, refunds, and which faults have struck. Kept across restarts.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::payments::{Payment, Payments};
use super::refunds::{Refund, Refunds};
use crate::sandbox::book::{Book, Payout};
use crate::sandbox::journal::Journal;

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

/// The service's records.
pub(super) struct Records {
    pub payments: Payments,
    pub refunds: Refunds,
    struck: HashSet<String>,
    journal: Journal<Fact>,
    book: Book,
}

impl Records {
    /// Opens journal and book, and enters the payout that a crash kept out of the book.
    pub(super) fn open(payments: Payments, journal: &Path, book: &Path) -> io::Result<Self> {
        let (journal, facts) = Journal::open(journal)?;
        let mut records = Self {
            payments,
            refunds: Refunds::default(),
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
                    self.refunds.add(*refund);
                }
                Fact::Booked(id) => unbooked.retain(|refund| refund.id != id),
                Fact::Looked(id) => self.count_look(&id),
                Fact::Struck(refund) => _ = self.struck.insert(refund),
            }
        }
        unbooked
    }

    /// What is left to give back of a payment, in minor units.
    pub(super) fn left_of(&self, payment: &Payment) -> i64 {
        let taken = self.refunds.taken_from(&payment.account, &payment.id);
        payment
            .amount
            .minor
            .saturating_sub(payment.refunded_before)
            .saturating_sub(taken)
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
        self.refunds.add(refund.clone());
        match refund.course().pays() {
            true => self.enter_in_book(&refund),
            false => Ok(()),
        }
    }

    /// Notes that a look shows a refund. Nothing changes after the second, so no more are counted.
    pub(super) fn look(&mut self, id: &str) -> io::Result<()> {
        if self.refunds.get_mut(id).is_some_and(|it| it.looks < 2) {
            self.journal.note(&Fact::Looked(id.to_owned()))?;
            self.count_look(id);
        }
        Ok(())
    }

    fn count_look(&mut self, id: &str) {
        if let Some(refund) = self.refunds.get_mut(id) {
            refund.looks = refund.looks.saturating_add(1);
        }
    }

    fn enter_in_book(&mut self, refund: &Refund) -> io::Result<()> {
        self.book.enter(&Payout {
            account: &refund.account,
            payment_id: &refund.payment_id,
            // What really left, also where that is not what was asked.
            amount: refund.paid,
            compensation: refund.compensation,
            correlation: &refund.end_to_end,
            provider_refund_id: &refund.id,
            at: refund.accepted_at,
        })?;
        self.journal.note(&Fact::Booked(refund.id.clone()))
    }
}
