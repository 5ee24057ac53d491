//! Payments that look like one paid twice: the same payer or last four, amount and currency within a
//! day (domain.md, "Eligibility and limits").

use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::error::LedgerError;
use super::row::time;
use crate::domain::id::PaymentId;
use crate::domain::money::{Currency, Money};
use crate::domain::payment::Twin;

/// How far apart twins are captured, in milliseconds.
const APART: i64 = 24 * 60 * 60 * 1000;
/// Payments of a payer looked at: who paid more often than this in one name is not one person.
const OF_A_PAYER: u32 = 64;

impl Ledger {
    /// For each of these payments the one closest in time that looks like the same paid twice; none
    /// where there is none. It ends when nobody waits for it any more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn twins(&self, of: Vec<PaymentId>) -> Result<Vec<Option<Twin>>, LedgerError> {
        self.scanner
            .run_while_wanted(move |connection| {
                of.into_iter().map(|id| twin(connection, id)).collect()
            })
            .await
    }

    /// The same of one payment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn twin(&self, of: PaymentId) -> Result<Option<Twin>, LedgerError> {
        self.read(move |connection| twin(connection, of)).await
    }
}

/// Each half is answered by an index; asked for with OR, neither would be.
const TWIN: &str = "SELECT id, name, account, captured_at, captured_minor, back_minor, currency FROM (
    SELECT t.id, coalesce(t.reference, t.provider_payment_id) AS name, t.account, t.captured_at, t.captured_minor,
           t.executed_minor + t.held_minor AS back_minor, t.currency, abs(t.captured_at - o.captured_at) AS apart
    FROM payments o JOIN payments t ON t.last4 = o.last4 AND t.captured_minor = o.captured_minor
        AND t.captured_at BETWEEN o.captured_at - ?2 AND o.captured_at + ?2
    WHERE o.id = ?1 AND t.id <> o.id AND t.currency = o.currency
    UNION ALL
    SELECT t.id, coalesce(t.reference, t.provider_payment_id), t.account, t.captured_at, t.captured_minor,
           t.executed_minor + t.held_minor, t.currency, abs(t.captured_at - o.captured_at)
    FROM (SELECT payment_id FROM payers
          WHERE name = (SELECT name FROM payers WHERE payment_id = ?1) LIMIT ?3) y
        CROSS JOIN payments o CROSS JOIN payments t ON t.id = y.payment_id
    WHERE o.id = ?1 AND t.id <> o.id AND t.currency = o.currency AND t.captured_minor = o.captured_minor
        AND t.captured_at BETWEEN o.captured_at - ?2 AND o.captured_at + ?2)
    ORDER BY apart, id LIMIT 1";

/// In the caller's transaction.
pub(super) fn twin(connection: &Connection, of: PaymentId) -> Result<Option<Twin>, LedgerError> {
    let found = connection
        .prepare_cached(TWIN)?
        .query_row(params![of.as_i64(), APART, OF_A_PAYER], |row| {
            let minor: (i64, i64) = (row.get(4)?, row.get(5)?);
            let code: String = row.get(6)?;
            let twin = (
                PaymentId::from_i64(row.get(0)?),
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                time(row.get(3)?),
            );
            Ok((twin, minor, code))
        })
        .optional()?;
    let Some(((payment, reference, account, captured_at), (paid, back), code)) = found else {
        return Ok(None);
    };
    let currency = Currency::from_code(&code)?;
    Ok(Some(Twin {
        payment,
        reference,
        account,
        captured_at,
        paid: Money::new(paid, currency),
        given_back: Money::new(back, currency),
    }))
}

#[cfg(test)]
pub(super) fn plan(connection: &Connection) -> String {
    super::tests::plan(connection, TWIN, [])
}
