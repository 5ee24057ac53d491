//! A refund with everything that is kept about it.

use rusqlite::Connection;

use super::Ledger;
use super::decisions::{self, Decisions};
use super::error::LedgerError;
use super::refunds::{self, RefundEvidence};
use super::resolution::{self, DiscrepancyFilter};
use super::todo::{self, Waiting};
use super::transfers::{self, TransferFilter};
use crate::domain::discrepancy::Discrepancy;
use crate::domain::id::RefundId;
use crate::domain::transfer::Transfer;

/// A refund and all that is known of it, as of one moment: its state and its attempts never
/// contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dossier {
    /// The refund, and what it may wait for.
    pub waiting: Waiting,
    /// What was sent, and what was learned.
    pub evidence: RefundEvidence,
    /// What people decided.
    pub decisions: Decisions,
    /// Its bank transfers, every try, oldest first.
    pub transfers: Vec<Transfer>,
    /// What is open about it, oldest first.
    pub discrepancies: Vec<Discrepancy>,
}

impl Ledger {
    /// All that is kept about a refund.
    ///
    /// # Errors
    /// There is no such refund; the database failed.
    pub async fn dossier(&self, id: RefundId) -> Result<Dossier, LedgerError> {
        self.read(move |connection| dossier(connection, id)).await
    }
}

fn dossier(connection: &Connection, id: RefundId) -> Result<Dossier, LedgerError> {
    let summary = refunds::one(connection, id)?.ok_or(LedgerError::NotFound("refund"))?;
    let of_it = TransferFilter {
        refund: Some(id),
        ..TransferFilter::default()
    };
    let about_it = DiscrepancyFilter {
        refund: Some(id),
        ..DiscrepancyFilter::default()
    };
    Ok(Dossier {
        waiting: todo::waiting_of(connection, summary)?,
        evidence: refunds::evidence(connection, id)?,
        decisions: decisions::all(connection, id)?,
        transfers: transfers::list(connection, &of_it)?,
        discrepancies: resolution::list(connection, &about_it)?,
    })
}
