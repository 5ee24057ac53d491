//! Refunds that were being composed and were left. A draft holds nothing: only whoever typed it
//! reads it.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::Ledger;
use super::error::LedgerError;
use super::row::{millis, time};
use crate::domain::id::PaymentId;
use crate::domain::parked::{Parked, Typed};

/// Most drafts of one person; of more the oldest go.
const MOST: u32 = 100;

impl Ledger {
    /// Somebody's drafts, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn drafts(&self, operator: String) -> Result<Vec<Parked>, LedgerError> {
        self.read(move |connection| list(connection, &operator))
            .await
    }

    /// Keeps what somebody typed about a payment, in place of what they typed before.
    ///
    /// # Errors
    /// There is no such payment, or the database failed.
    pub async fn park(
        &self,
        operator: String,
        payment: PaymentId,
        typed: Typed,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| {
            let json = serde_json::to_string(&typed)
                .map_err(|error| LedgerError::Damaged(error.to_string()))?;
            let put = connection
                .prepare_cached(
                    "INSERT INTO drafts (operator, payment_id, typed, at)
                     SELECT ?1, id, ?3, ?4 FROM payments WHERE id = ?2
                     ON CONFLICT (operator, payment_id) DO UPDATE SET typed = excluded.typed, at = excluded.at",
                )?
                .execute(params![operator, payment.as_i64(), json, millis(now)])?;
            if put == 0 {
                return Err(LedgerError::NotFound("payment"));
            }
            connection
                .prepare_cached(
                    "DELETE FROM drafts WHERE operator = ?1 AND payment_id IN (
                         SELECT payment_id FROM drafts WHERE operator = ?1
                         ORDER BY at DESC, payment_id LIMIT -1 OFFSET ?2)",
                )?
                .execute(params![operator, MOST])?;
            Ok(())
        })
        .await
    }

    /// Forgets a draft; that there was none is no error.
    ///
    /// # Errors
    /// The database failed.
    pub async fn drop_draft(
        &self,
        operator: String,
        payment: PaymentId,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| composed(connection, &operator, payment))
            .await
    }
}

fn list(connection: &Connection, operator: &str) -> Result<Vec<Parked>, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT d.payment_id, p.account, coalesce(p.reference, p.provider_payment_id), p.currency,
             d.typed, d.at
         FROM drafts d JOIN payments p ON p.id = d.payment_id
         WHERE d.operator = ?1 ORDER BY d.at DESC, d.payment_id",
    )?;
    let mut rows = statement.query([operator])?;
    let mut drafts = Vec::new();
    while let Some(row) = rows.next()? {
        let typed: String = row.get(4)?;
        drafts.push(Parked {
            payment: PaymentId::from_i64(row.get(0)?),
            account: row.get(1)?,
            reference: row.get(2)?,
            currency: row.get(3)?,
            typed: serde_json::from_str(&typed).map_err(|_| LedgerError::Damaged(typed))?,
            at: time(row.get(5)?),
        });
    }
    Ok(drafts)
}

/// The refund was composed: its maker's draft has done its work. In the caller's transaction.
pub(super) fn composed(
    connection: &Connection,
    maker: &str,
    payment: PaymentId,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached("DELETE FROM drafts WHERE operator = ?1 AND payment_id = ?2")?
        .execute(params![maker, payment.as_i64()])?;
    Ok(())
}

/// Whose data is erased, of that nothing typed is left. In the caller's transaction.
pub(super) fn erase(connection: &Connection, payment: PaymentId) -> Result<(), LedgerError> {
    connection
        .prepare_cached("DELETE FROM drafts WHERE payment_id = ?1")?
        .execute([payment.as_i64()])?;
    Ok(())
}
