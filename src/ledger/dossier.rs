//! A refund, or a payment, with everything that is kept about it.

use rusqlite::Connection;

use super::Ledger;
use super::decisions::{self, Decisions};
use super::error::LedgerError;
use super::refunds::{self, RefundEvidence};
use super::resolution::{self, DiscrepancyFilter};
use super::todo::{self, Waiting};
use super::transfers::{self, TransferFilter};
use super::{disputes, external, notes, payments, twins};
use crate::domain::discrepancy::Discrepancy;
use crate::domain::dispute::Dispute;
use crate::domain::external::ExternalRefund;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::note::Note;
use crate::domain::payment::{Payment, Twin};
use crate::domain::refund::Refund;
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

/// A payment and all that is known of it, as of one moment: its balance is that of the refunds and
/// disputes beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentDossier {
    /// The payment.
    pub payment: Payment,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Its refunds that were made elsewhere.
    pub external: Vec<ExternalRefund>,
    /// Disputes about it.
    pub disputes: Vec<Dispute>,
    /// What is open about it, oldest first.
    pub discrepancies: Vec<Discrepancy>,
    /// What people wrote on it and on its refunds, oldest first.
    pub notes: Vec<Note>,
    /// Another that looks like the same paid twice.
    pub twin: Option<Twin>,
}

impl Ledger {
    /// All that is kept about the payments a handle may mean, at most `limit` of them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn payment_dossiers(
        &self,
        handle: String,
        limit: u32,
    ) -> Result<Vec<PaymentDossier>, LedgerError> {
        self.read(move |connection| {
            let meant = payments::find(connection, &handle, limit)?.into_iter();
            meant.map(|id| payment_dossier(connection, id)).collect()
        })
        .await
    }

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

fn payment_dossier(connection: &Connection, id: PaymentId) -> Result<PaymentDossier, LedgerError> {
    let about_it = DiscrepancyFilter {
        payment: Some(id),
        ..DiscrepancyFilter::default()
    };
    Ok(PaymentDossier {
        payment: payments::one(connection, id)?.ok_or(LedgerError::NotFound("payment"))?,
        refunds: refunds::of_payment(connection, id)?,
        external: external::of_payment(connection, id)?,
        disputes: disputes::of_payment(connection, id)?,
        discrepancies: resolution::list(connection, &about_it)?,
        notes: notes::of_payment(connection, id)?,
        twin: twins::twin(connection, id)?,
    })
}
