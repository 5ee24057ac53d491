//! Accounts on file: where the payers of known payments are. A file never changes one: another
//! number is a discrepancy, and the old one stays.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::discrepancy::{self, Contradiction};
use super::error::LedgerError;
use super::import::ImportCounts;
use super::personal;
use super::row::millis;
use crate::domain::bank::BankAccount;
use crate::domain::discrepancy::DiscrepancyKind;
use crate::domain::id::PaymentId;

/// One row of a file, already checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of a file of accounts")]
pub struct FileAccountRow {
    pub line: u64,
    pub account: String,
    pub payment: String,
    pub number: BankAccount,
}

/// A file of accounts: written whole, or not at all.
#[derive(Clone, Debug)]
pub struct FileAccounts {
    /// Its name.
    pub name: String,
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// Who imports it.
    pub importer: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Its rows.
    pub rows: Vec<FileAccountRow>,
    /// How many rows could not be used.
    pub rejected: u64,
    /// Write nothing, only count.
    pub dry_run: bool,
}

impl Ledger {
    /// Takes in a file of accounts, in one transaction, or only counts what would be written.
    ///
    /// # Errors
    /// The database failed; nothing was written.
    pub async fn import_accounts(&self, file: FileAccounts) -> Result<ImportCounts, LedgerError> {
        if !file.dry_run {
            return self.write(move |connection| write(connection, &file)).await;
        }
        let writer = self.writer.as_ref().ok_or(LedgerError::ReadOnly)?;
        writer
            .run(move |connection| {
                let transaction = connection.transaction()?;
                let counts = write(&transaction, &file)?;
                transaction.rollback()?;
                Ok(counts)
            })
            .await
    }
}

fn write(connection: &Connection, file: &FileAccounts) -> Result<ImportCounts, LedgerError> {
    let mut counts = ImportCounts::default();
    for row in &file.rows {
        match known(connection, row)? {
            None => {
                add(connection, file, row)?;
                counts.new += 1;
            }
            Some(kept) if is_same(kept.account.as_ref(), &row.number) => counts.unchanged += 1,
            Some(kept) => {
                let reason = contradict(connection, file, row, &kept.last4)?;
                counts.rejected.push((row.line, reason));
            }
        }
    }
    let rejected = file.rejected + counts.rejected.len() as u64;
    let detail = format!(
        "sha256={} new={} unchanged={} rejected={rejected}",
        file.sha256, counts.new, counts.unchanged
    );
    let deed = Deed {
        at: file.at,
        actor: &file.importer,
        action: "accounts.imported",
        subject: &file.name,
        detail: &detail,
    };
    audit::append(connection, &deed)?;
    Ok(counts)
}

fn known(
    connection: &Connection,
    row: &FileAccountRow,
) -> Result<Option<personal::Kept>, LedgerError> {
    let id: Option<i64> = connection
        .prepare_cached(
            "SELECT personal_id FROM accounts_on_file WHERE account = ?1 AND provider_payment_id = ?2",
        )?
        .query_row([&row.account, &row.payment], |row| row.get(0))
        .optional()?;
    match id {
        Some(id) => personal::kept(connection, id),
        None => Ok(None),
    }
}

/// Whose it is and by which rail it is reached may be written otherwise; where the money goes not.
fn is_same(known: Option<&BankAccount>, said: &BankAccount) -> bool {
    known.is_some_and(|known| known.number == said.number)
}

fn add(
    connection: &Connection,
    file: &FileAccounts,
    row: &FileAccountRow,
) -> Result<(), LedgerError> {
    let personal = personal::keep(connection, &row.number, file.at)?;
    connection
        .prepare_cached(
            "INSERT INTO accounts_on_file (account, provider_payment_id, personal_id, source_name, source_sha256,
                 source_line, importer, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            row.account,
            row.payment,
            personal,
            file.name,
            file.sha256,
            i64::try_from(row.line).unwrap_or(i64::MAX),
            file.importer,
            millis(file.at),
        ])?;
    Ok(())
}

/// Says that another account is on file, and opens a discrepancy where there is a payment to open it
/// on.
fn contradict(
    connection: &Connection,
    file: &FileAccounts,
    row: &FileAccountRow,
    last4: &str,
) -> Result<String, LedgerError> {
    let detail = format!(
        "{} line {} says account …{}, on file is …{last4}",
        file.name,
        row.line,
        row.number.last4()
    );
    let payment = PaymentId::derive(&row.account, &row.payment);
    let is_known: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM payments WHERE id = ?1)")?
        .query_row([payment.as_i64()], |row| row.get(0))?;
    if is_known {
        let contradiction = Contradiction {
            kind: DiscrepancyKind::FilePayer,
            detail: &detail,
            proposed: None,
        };
        discrepancy::open_one(connection, payment, None, &contradiction, file.at)?;
    }
    Ok(format!(
        "another account is on file (…{last4}), and stays; find out which is right"
    ))
}
