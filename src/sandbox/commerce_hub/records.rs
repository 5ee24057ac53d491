//! What the gateway knows: charges, refunds, and which faults have struck. Kept across restarts.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::cancels::{Cancel, Target};
use super::captures::Capture;
use super::charges::{ACCOUNT, Charge, Charges};
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
    /// An inquiry has shown the refund.
    Looked(String),
    /// The refund so named has had its fault.
    Struck(String),
    Canceled(Box<Cancel>),
    Captured(Box<Capture>),
}

/// The gateway's records.
pub(super) struct Records {
    pub charges: Charges,
    pub refunds: Refunds,
    pub cancels: Vec<Cancel>,
    pub captures: Vec<Capture>,
    struck: HashSet<String>,
    journal: Journal<Fact>,
    book: Book,
}

impl Records {
    /// Opens journal and book, and enters the payout that a crash kept out of the book.
    pub(super) fn open(charges: Charges, journal: &Path, book: &Path) -> io::Result<Self> {
        let (journal, facts) = Journal::open(journal)?;
        let mut records = Self {
            charges,
            refunds: Refunds::default(),
            cancels: Vec::new(),
            captures: Vec::new(),
            struck: HashSet::new(),
            journal,
            book: Book::open(book)?,
        };
        for (refund, at) in records.remember(facts) {
            match Book::names(book, &refund.transaction_id)? {
                true => records.journal.note(&Fact::Booked(refund.transaction_id))?,
                false => records.enter_in_book(&refund, at)?,
            }
        }
        Ok(records)
    }

    /// Takes in the journal's facts; the refunds that paid and are not known to be in the book, and
    /// when they paid.
    fn remember(&mut self, facts: Vec<Fact>) -> Vec<(Refund, DateTime<Utc>)> {
        let mut unbooked = Vec::new();
        for fact in facts {
            match fact {
                Fact::Accepted(refund) => {
                    if refund.course().pays() && !refund.authorised_only {
                        unbooked.push(((*refund).clone(), refund.accepted_at));
                    }
                    self.refunds.add(*refund);
                }
                Fact::Booked(id) => unbooked.retain(|(refund, _)| refund.transaction_id != id),
                Fact::Looked(id) => self.count_look(&id),
                Fact::Canceled(cancel) => self.cancels.push(*cancel),
                Fact::Captured(capture) => {
                    let at = capture.accepted_at;
                    let paid = self.mark_captured(*capture).filter(|it| it.course().pays());
                    unbooked.extend(paid.map(|refund| (refund, at)));
                }
                Fact::Struck(refund) => _ = self.struck.insert(refund),
            }
        }
        unbooked
    }

    /// What is left to give back of a charge, in minor units.
    pub(super) fn left_of(&self, charge: &Charge) -> i64 {
        let taken = self
            .refunds
            .taken_from(&charge.transaction_id, |id| self.is_canceled(id));
        charge
            .amount
            .minor
            .saturating_sub(charge.refunded_before)
            .saturating_sub(taken)
    }

    /// Whether a charge or refund was canceled.
    pub(super) fn is_canceled(&self, transaction_id: &str) -> bool {
        self.cancels.iter().any(|it| it.target_id == transaction_id)
    }

    /// The charge that a cancel is of, directly or through its refund.
    pub(super) fn charge_of(&self, cancel: &Cancel) -> Option<&Charge> {
        let id = match cancel.target {
            Target::Charge => &cancel.target_id,
            Target::Refund => &self.refunds.with_id(&cancel.target_id)?.charge_id,
        };
        self.charges.with_id(id)
    }

    /// Accepts a cancel. It pays nothing out, so the book has no line of it.
    pub(super) fn cancel(&mut self, cancel: Cancel) -> io::Result<()> {
        self.journal
            .record(&Fact::Canceled(Box::new(cancel.clone())))?;
        self.cancels.push(cancel);
        Ok(())
    }

    /// Whether a refund, cancel or capture goes by this id of the merchant's.
    pub(super) fn is_named(&self, id: &str) -> bool {
        let is = |name: &Option<String>| name.as_deref() == Some(id);
        self.refunds.with_merchant_id(id).is_some()
            || self
                .cancels
                .iter()
                .any(|it| is(&it.merchant_transaction_id))
            || self
                .captures
                .iter()
                .any(|it| is(&it.merchant_transaction_id))
    }

    /// Accepts a capture: this pays the refund, so it is on disk first, then in the book.
    pub(super) fn capture(&mut self, capture: Capture) -> io::Result<()> {
        self.journal
            .record(&Fact::Captured(Box::new(capture.clone())))?;
        let at = capture.accepted_at;
        match self.mark_captured(capture).filter(|it| it.course().pays()) {
            Some(refund) => self.enter_in_book(&refund, at),
            None => Ok(()),
        }
    }

    fn mark_captured(&mut self, capture: Capture) -> Option<Refund> {
        let refund = self.refunds.get_mut(&capture.refund_id)?;
        (refund.captured, refund.looks) = (true, 0);
        let refund = refund.clone();
        self.captures.push(capture);
        Some(refund)
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
        match refund.course().pays() && !refund.authorised_only {
            true => self.enter_in_book(&refund, refund.accepted_at),
            false => Ok(()),
        }
    }

    /// Notes that an inquiry shows a refund. Nothing changes after the second look, so no more
    /// are counted.
    pub(super) fn look(&mut self, transaction_id: &str) -> io::Result<()> {
        if self
            .refunds
            .get_mut(transaction_id)
            .is_some_and(|refund| refund.looks < 2)
        {
            self.journal
                .note(&Fact::Looked(transaction_id.to_owned()))?;
            self.count_look(transaction_id);
        }
        Ok(())
    }

    fn count_look(&mut self, transaction_id: &str) {
        if let Some(refund) = self.refunds.get_mut(transaction_id) {
            refund.looks = refund.looks.saturating_add(1);
        }
    }

    fn enter_in_book(&mut self, refund: &Refund, at: DateTime<Utc>) -> io::Result<()> {
        self.book.enter(&Payout {
            account: ACCOUNT,
            payment_id: &refund.payment_id,
            // What really left, also where that is not what was asked.
            amount: refund.approved,
            compensation: None,
            correlation: refund.correlation(),
            provider_refund_id: &refund.transaction_id,
            at,
        })?;
        self.journal
            .note(&Fact::Booked(refund.transaction_id.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::{Currency, Money};

    fn refund(id: &str, minor: i64) -> Refund {
        let amount = Money::new(minor, Currency::from_code("USD").unwrap());
        Refund {
            transaction_id: id.to_owned(),
            client_request_id: format!("request {id}"),
            merchant_transaction_id: Some(format!("rfd {id}")),
            merchant_order_id: None,
            merchant_invoice_number: None,
            charge_id: "p1".to_owned(),
            payment_id: "p1".to_owned(),
            order_id: "CHG1".to_owned(),
            asked: amount,
            approved: amount,
            accepted_at: chrono::DateTime::from_timestamp(1_763_690_000, 0).unwrap(),
            authorised_only: false,
            captured: false,
            looks: 0,
        }
    }

    #[test]
    fn a_crash_between_journal_and_book_is_made_good_once() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, book) = (folder.path().join("journal"), folder.path().join("book"));
        let open = || Records::open(Charges::of(&[]), &journal, &book).unwrap();
        let mut records = open();
        records.accept(refund("r1", 1000)).unwrap();
        let lost = Fact::Accepted(Box::new(refund("r2", 2000)));
        records.journal.record(&lost).unwrap();
        records
            .journal
            .record(&Fact::Accepted(Box::new(refund("r3", 3001))))
            .unwrap();
        drop(records);
        for _ in 0..2 {
            let records = open();
            assert_eq!(records.refunds.count(), 3);
            let text = std::fs::read_to_string(&book).unwrap();
            let ids: Vec<bool> = text.lines().map(|line| line.contains("\"r2\"")).collect();
            assert_eq!(ids, [false, true], "r3 was declined and pays nothing");
        }
    }

    #[test]
    fn a_book_given_anew_does_not_repeat_old_payouts() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal");
        let open = |book: &str| {
            let book = folder.path().join(book);
            Records::open(Charges::of(&[]), &journal, &book).unwrap()
        };
        open("first").accept(refund("r1", 1000)).unwrap();
        drop(open("second"));
        assert_eq!(std::fs::read(folder.path().join("second")).unwrap(), b"");
    }
}
