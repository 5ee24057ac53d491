//! Settlement rows become payments and captures. A file never changes the money of a payment
//! that is known: that is a discrepancy, and the old value stays.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::error::LedgerError;
use super::fragments;
use super::row::millis;
use crate::domain::money::Money;
use crate::failpoint;

pub(super) mod details;
mod row;

use row::Fate;

/// The file rows come from.
#[derive(Clone, Debug)]
pub struct ImportSource {
    /// Its name.
    pub name: String,
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// Who imports it.
    pub importer: String,
    /// When.
    pub at: DateTime<Utc>,
    /// It is no file but a provider's own list.
    pub is_list: bool,
}

/// One row of a settlement file, already checked and cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the columns of a settlement file, design/product.md"
)]
pub struct ImportRow {
    pub line: u64,
    pub account: String,
    pub payment_id: String,
    pub capture_id: Option<String>,
    pub amount: Money,
    pub captured_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
    pub reference: Option<String>,
    pub payer: Option<String>,
    pub method: Option<String>,
    pub description: Option<String>,
    pub order: Option<String>,
    pub last4: Option<String>,
    pub scheme: Option<String>,
    pub details: Vec<(String, String)>,
    pub refunded: Option<Money>,
}

/// Rows to write in one transaction.
#[derive(Clone, Debug)]
pub struct ImportBatch {
    /// The file they come from.
    pub source: ImportSource,
    /// The rows.
    pub rows: Vec<ImportRow>,
    /// Write nothing, only count.
    pub dry_run: bool,
    /// What the audit is told in the same transaction.
    pub audit: ImportAudit,
}

/// What the audit is told with a batch: that its file was begun, that it is done, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportAudit {
    /// The first batch of the file.
    pub begins: bool,
    /// The last batch of the file, and what is known of the file without it.
    pub ends: Option<ImportTally>,
}

/// How many rows of a file became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportTally {
    /// Read from the file, usable or not.
    pub read: u64,
    /// Not known before.
    pub new: u64,
    /// Known, with something new.
    pub updated: u64,
    /// Known just so.
    pub unchanged: u64,
    /// Not usable.
    pub rejected: u64,
}

impl ImportTally {
    /// With the counts of a further batch.
    #[must_use]
    pub fn plus(&self, counts: &ImportCounts) -> Self {
        Self {
            read: self.read,
            new: self.new + counts.new,
            updated: self.updated + counts.updated,
            unchanged: self.unchanged + counts.unchanged,
            rejected: self.rejected + counts.rejected.len() as u64,
        }
    }
}

/// What became of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Not known before.
    pub new: u64,
    /// Known, with something new.
    pub updated: u64,
    /// Known just so.
    pub unchanged: u64,
    /// Line and reason of rows that contradict themselves or what is known.
    pub rejected: Vec<(u64, String)>,
}

impl Ledger {
    /// Writes rows in one transaction, or only counts what would be written.
    ///
    /// # Errors
    /// The database failed; nothing of the batch was written.
    pub async fn import(&self, batch: ImportBatch) -> Result<ImportCounts, LedgerError> {
        if !batch.dry_run {
            return self
                .write(move |connection| write(connection, &batch))
                .await;
        }
        let writer = self.writer.as_ref().ok_or(LedgerError::ReadOnly)?;
        writer
            .run(move |connection| {
                let transaction = connection.transaction()?;
                let counts = write(&transaction, &batch)?;
                transaction.rollback()?;
                Ok(counts)
            })
            .await
    }
}

fn write(connection: &Connection, batch: &ImportBatch) -> Result<ImportCounts, LedgerError> {
    failpoint::reach("import.begun");
    let file = file_seq(connection, &batch.source)?;
    let mut counts = ImportCounts::default();
    let mut payments: BTreeMap<&str, i64> = BTreeMap::new();
    if batch.audit.begins {
        let detail = format!("sha256={}", batch.source.sha256);
        tell(
            connection,
            &batch.source,
            "payments.import_started",
            &detail,
        )?;
    }
    for row in &batch.rows {
        let known = payments.entry(&row.account).or_default();
        match row::write(connection, row, file, &batch.source)? {
            Fate::NewPayment => {
                *known += 1;
                counts.new += 1;
            }
            Fate::NewCapture => counts.new += 1,
            Fate::Updated => counts.updated += 1,
            Fate::Unchanged => counts.unchanged += 1,
            Fate::Rejected(reason) => counts.rejected.push((row.line, reason)),
        }
    }
    failpoint::reach("import.rows_written");
    fragments::take_in_new(connection)?;
    for (account, new) in payments {
        touch_account(connection, account, new, &batch.source)?;
    }
    if let Some(before) = &batch.audit.ends {
        let detail = summary(&batch.source, &before.plus(&counts));
        tell(connection, &batch.source, "payments.imported", &detail)?;
    }
    failpoint::reach("import.written");
    Ok(counts)
}

fn summary(source: &ImportSource, tally: &ImportTally) -> String {
    let ImportTally {
        read,
        new,
        updated,
        unchanged,
        rejected,
    } = tally;
    format!(
        "sha256={} read={read} new={new} updated={updated} unchanged={unchanged} rejected={rejected}",
        source.sha256
    )
}

fn tell(
    connection: &Connection,
    source: &ImportSource,
    action: &str,
    detail: &str,
) -> Result<(), LedgerError> {
    let deed = Deed {
        at: source.at,
        actor: &source.importer,
        action,
        subject: &source.name,
        detail,
    };
    audit::append(connection, &deed)
}

fn file_seq(connection: &Connection, source: &ImportSource) -> Result<i64, LedgerError> {
    let known = connection
        .prepare_cached("SELECT seq FROM import_files WHERE sha256 = ?1 AND name = ?2 AND at = ?3")?
        .query_row(
            params![source.sha256, source.name, millis(source.at)],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(seq) = known {
        return Ok(seq);
    }
    connection.execute(
        "INSERT INTO import_files (name, sha256, importer, at) VALUES (?1, ?2, ?3, ?4)",
        params![
            source.name,
            source.sha256,
            source.importer,
            millis(source.at)
        ],
    )?;
    Ok(connection.last_insert_rowid())
}

/// The account's payments are counted as they come, because a count over the list would be felt
/// with every batch and on every overview.
fn touch_account(
    connection: &Connection,
    account: &str,
    new: i64,
    source: &ImportSource,
) -> Result<(), LedgerError> {
    // When a list was read is told only once it was read to its end (`ledger::sync`).
    let imported_at = (!source.is_list).then(|| millis(source.at));
    connection
        .prepare_cached(
            "INSERT INTO accounts (name, imported_at, payments) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE
             SET imported_at = coalesce(excluded.imported_at, imported_at), payments = payments + excluded.payments",
        )?
        .execute(params![account, imported_at, new])?;
    Ok(())
}
