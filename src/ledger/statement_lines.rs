//! What bank statements and reports say of a refund's transfers.

use rusqlite::Connection;

use super::Ledger;
use super::error::LedgerError;
use super::row::time;
use crate::domain::evidence::StatementLine;
use crate::domain::id::RefundId;
use crate::domain::money::{Currency, Money};

impl Ledger {
    /// The lines that prove what became of a refund's transfers, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn statement_lines(
        &self,
        refund: RefundId,
    ) -> Result<Vec<StatementLine>, LedgerError> {
        self.read(move |connection| lines(connection, refund)).await
    }
}

fn lines(connection: &Connection, refund: RefundId) -> Result<Vec<StatementLine>, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT p.number, p.said, p.kind, p.reference, p.amount_minor, p.currency, p.dated, b.file_sha256,
                p.by_whom, p.second, p.at
         FROM transfer_proofs p LEFT JOIN bank_entries b ON b.entry = p.entry
         WHERE p.refund_id = ?1 ORDER BY p.seq",
    )?;
    let mut rows = statement.query([refund.to_string()])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let code: Option<String> = row.get(5)?;
        let currency =
            code.map(|code| Currency::from_code(&code).map_err(|_| LedgerError::Damaged(code)));
        let minor: Option<i64> = row.get(4)?;
        lines.push(StatementLine {
            transfer: row.get(0)?,
            said: row.get(1)?,
            kind: row.get(2)?,
            reference: row.get(3)?,
            amount: minor
                .zip(currency.transpose()?)
                .map(|(minor, currency)| Money::new(minor, currency)),
            dated: row.get(6)?,
            file_sha256: row.get(7)?,
            by: row.get(8)?,
            second: row.get(9)?,
            at: time(row.get(10)?),
        });
    }
    Ok(lines)
}
