//! What was read from a provider's own lists: until when a payment's refunds are known, and when an
//! account's lists were last read to their end.

use chrono::{DateTime, Utc};
use rusqlite::params;

use super::Ledger;
use super::audit::{self, Deed};
use super::error::LedgerError;
use super::row::millis;
use crate::domain::id::PaymentId;

/// The lists of an account were read.
#[derive(Clone, Debug)]
pub struct SyncRecord {
    /// The account.
    pub account: String,
    /// When reading began, where it came to its end; none: it broke off, and the next one starts
    /// where this one did.
    pub complete_from: Option<DateTime<Utc>>,
    /// What was found, for the audit.
    pub detail: String,
    /// Who asked for it.
    pub actor: String,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Ledger {
    /// The refunds of these payments are known from their provider until these times. Never takes
    /// back what a later reading showed.
    ///
    /// # Errors
    /// The database failed; none of them is marked.
    pub async fn mark_verified(
        &self,
        payments: Vec<(PaymentId, DateTime<Utc>)>,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| {
            let mut statement = connection.prepare_cached(
                "UPDATE payments SET verified_at = max(coalesce(verified_at, ?2), ?2) WHERE id = ?1",
            )?;
            for (payment, until) in &payments {
                statement.execute(params![payment.as_i64(), millis(*until)])?;
            }
            Ok(())
        })
        .await
    }

    /// Writes down that an account's lists were read, and tells the audit.
    ///
    /// # Errors
    /// The database failed; nothing was written.
    pub async fn record_sync(&self, sync: SyncRecord) -> Result<(), LedgerError> {
        self.write(move |connection| {
            if let Some(begun) = sync.complete_from {
                connection.execute(
                    "INSERT INTO accounts (name, synced_at) VALUES (?1, ?2)
                     ON CONFLICT (name) DO UPDATE SET synced_at = excluded.synced_at",
                    params![sync.account, millis(begun)],
                )?;
            }
            let action = match sync.complete_from {
                Some(_) => "account.synced",
                None => "account.sync_broken_off",
            };
            let deed = Deed {
                at: sync.now,
                actor: &sync.actor,
                action,
                subject: &sync.account,
                detail: &sync.detail,
            };
            audit::append(connection, &deed)
        })
        .await
    }
}
