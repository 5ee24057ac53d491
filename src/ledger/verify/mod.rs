//! The check of the whole ledger: is the file sound, is each row as it was written, do the
//! balances follow from what happened, is the audit the chain that was written?
//!
//! It reads everything in one snapshot, on a connection of its own. The same judgement of one
//! payment's rows alone stands before each decision and each send ([`trust`]).

use rusqlite::Connection;

use super::Ledger;
use super::error::LedgerError;
use super::head::{Head, HeadFile};
use super::open;
use super::worker::apart;
use crate::domain::finding::{Finding, Flaw};
use crate::domain::id::PaymentId;

mod audit;
mod balances;
mod chain;
mod elsewhere;
mod file;
mod indexes;
mod journal;
mod lately;
mod refunds;

pub use audit::AuditVerdict;
#[cfg(test)]
pub(super) use audit::walk as walk_audit;
pub(super) use lately::FOUND_RIGHT;

/// More is not listed: by then every payment is in question.
const MOST: usize = 1_000;

/// What was looked at, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Payments looked at.
    pub payments: u64,
    /// Refunds looked at.
    pub refunds: u64,
    /// Audit entries looked at.
    pub entries: u64,
    /// What is wrong; empty: nothing.
    pub findings: Vec<Finding>,
}

impl Ledger {
    /// Checks everything. Takes as long as reading the whole file; nobody else waits for it.
    ///
    /// # Errors
    /// The file cannot even be opened. What cannot be read is a finding, not an error.
    pub async fn verify(&self) -> Result<Verdict, LedgerError> {
        let (options, vfs) = (std::sync::Arc::clone(&self.options), self.vfs);
        let head = std::sync::Arc::clone(&self.head);
        apart("verifier", move || {
            all(&mut open::reader(&options, vfs)?, &head)
        })
        .await
    }

    /// What was lost before this ledger was opened.
    pub fn lost(&self) -> Option<&Finding> {
        self.head.lost()
    }

    /// Why money of a payment is not to be moved, by its own rows.
    ///
    /// # Errors
    /// [`LedgerError::Untrusted`]; the database failed.
    pub async fn trust(&self, payment: PaymentId) -> Result<(), LedgerError> {
        self.head.trust()?;
        self.read(move |connection| trust(connection, payment))
            .await
    }
}

type Part = fn(&Connection, Option<&Head>, &mut Verdict) -> Result<(), LedgerError>;

fn all(connection: &mut Connection, head: &HeadFile) -> Result<Verdict, LedgerError> {
    // Before the snapshot, or what is written meanwhile would seem lost.
    let known = head.known();
    let snapshot = connection.transaction()?;
    let mut verdict = Verdict::default();
    // What one part cannot read does not keep the others from telling what they see.
    let parts: [Part; 4] = [
        |connection, _, verdict| file::check(connection, verdict),
        |connection, _, verdict| balances::check(connection, None, verdict),
        |connection, _, verdict| refunds::check(connection, None, verdict),
        |connection, known, verdict| {
            let heard = chain::check(connection, known, verdict)?;
            elsewhere::compare(connection, &heard.on_top, verdict)?;
            refunds::compare(connection, &heard.refunds, verdict)
        },
    ];
    for part in parts {
        if let Err(error) = part(&snapshot, known.as_ref(), &mut verdict) {
            let detail = format!("the database cannot be read in full: {error}");
            verdict.add(Finding::of_all(Flaw::File, detail));
        }
    }
    Ok(verdict)
}

/// Refuses to move money of a payment whose rows are not as they were written, or do not add up.
/// Reads the rows of this payment only.
pub(super) fn trust(connection: &Connection, payment: PaymentId) -> Result<(), LedgerError> {
    let mut verdict = Verdict::default();
    balances::check(connection, Some(payment), &mut verdict)?;
    refunds::check(connection, Some(payment), &mut verdict)?;
    match verdict.findings.into_iter().next() {
        Some(finding) => Err(LedgerError::Untrusted(Box::new(finding))),
        None => Ok(()),
    }
}

impl Verdict {
    fn add(&mut self, finding: Finding) {
        match self.findings.len() {
            0..MOST => self.findings.push(finding),
            // Names no payment, so that none is trusted.
            MOST => self.findings.push(Finding::of_all(
                Flaw::File,
                "there is more than is listed here",
            )),
            _ => {}
        }
    }
}
