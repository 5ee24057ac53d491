//! Settlement rows become payments and captures. A file never changes the money of a payment
//! that is known: that is a discrepancy, and the old value stays.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::error::LedgerError;
use super::row::millis;
use super::seal::{self, Sealed};
use crate::domain::id::PaymentId;
use crate::domain::money::Money;

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

impl ImportCounts {
    /// Adds the counts of a further batch.
    pub fn add(&mut self, other: Self) {
        self.new += other.new;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.rejected.extend(other.rejected);
    }
}

enum Fate {
    New,
    Updated,
    Unchanged,
    Rejected(String),
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

    /// Records a finished import in the audit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn record_import(
        &self,
        source: ImportSource,
        summary: String,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| {
            audit::append(
                connection,
                &Deed {
                    at: source.at,
                    actor: &source.importer,
                    action: "payments.imported",
                    subject: &source.name,
                    detail: &format!("sha256={} {summary}", source.sha256),
                },
            )
        })
        .await
    }
}

fn write(connection: &Connection, batch: &ImportBatch) -> Result<ImportCounts, LedgerError> {
    let file = file_seq(connection, &batch.source)?;
    let mut counts = ImportCounts::default();
    let accounts: BTreeSet<&str> = batch.rows.iter().map(|row| row.account.as_str()).collect();
    for account in &accounts {
        touch_account(connection, account, batch.source.at)?;
    }
    for row in &batch.rows {
        match write_row(connection, row, file, batch.source.at)? {
            Fate::New => counts.new += 1,
            Fate::Updated => counts.updated += 1,
            Fate::Unchanged => counts.unchanged += 1,
            Fate::Rejected(reason) => counts.rejected.push((row.line, reason)),
        }
    }
    for account in accounts {
        count_payments(connection, account)?;
    }
    Ok(counts)
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

fn touch_account(
    connection: &Connection,
    account: &str,
    at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO accounts (name, imported_at) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET imported_at = excluded.imported_at",
        )?
        .execute(params![account, millis(at)])?;
    Ok(())
}

/// Counted once a batch, because a count over the list would be felt on every overview.
fn count_payments(connection: &Connection, account: &str) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE accounts SET payments = (SELECT count(*) FROM payments WHERE account = ?1) WHERE name = ?1",
        )?
        .execute([account])?;
    Ok(())
}

/// What is known of a payment that a row may contradict.
struct Known {
    provider_payment_id: String,
    account: String,
    currency: String,
    payer: Option<String>,
}

fn write_row(
    connection: &Connection,
    row: &ImportRow,
    file: i64,
    now: DateTime<Utc>,
) -> Result<Fate, LedgerError> {
    let id = PaymentId::derive(&row.account, &row.payment_id);
    let known = connection
        .prepare_cached(
            "SELECT provider_payment_id, account, currency, payer FROM payments WHERE id = ?1",
        )?
        .query_row([id.as_i64()], |row| {
            Ok(Known {
                provider_payment_id: row.get(0)?,
                account: row.get(1)?,
                currency: row.get(2)?,
                payer: row.get(3)?,
            })
        })
        .optional()?;
    let Some(known) = known else {
        insert_capture(connection, id, row)?;
        insert_payment(connection, id, row, file)?;
        return Ok(Fate::New);
    };
    if known.provider_payment_id != row.payment_id || known.account != row.account {
        return Ok(Fate::Rejected(
            "its id collides with that of another payment; tell whoever builds this desk".into(),
        ));
    }
    update(connection, id, row, &known, now)
}

fn insert_payment(
    connection: &Connection,
    id: PaymentId,
    row: &ImportRow,
    file: i64,
) -> Result<(), LedgerError> {
    let line = i64::try_from(row.line).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "INSERT OR FAIL INTO payments (id, account, provider_payment_id, reference, order_ref, payer, method, scheme,
                 last4, description, details, currency, captured_at, settled_at, source_file, source_line,
                 captures, captured_minor, executed_minor)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 1, ?17, ?18)",
        )?
        .execute(params![
            id.as_i64(),
            row.account,
            row.payment_id,
            row.reference,
            row.order,
            row.payer,
            row.method,
            row.scheme,
            row.last4,
            row.description,
            details_json(row),
            row.amount.currency.code(),
            millis(row.captured_at),
            row.settled_at.map(millis),
            file,
            line,
            row.amount.minor,
            external(row),
        ])?;
    Ok(())
}

fn details_json(row: &ImportRow) -> Option<String> {
    if row.details.is_empty() {
        return None;
    }
    serde_json::to_string(&row.details).ok()
}

fn insert_capture(
    connection: &Connection,
    id: PaymentId,
    row: &ImportRow,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT OR FAIL INTO captures (payment_id, capture_id, captured_at, settled_at, captured_minor, external_minor, executed_minor, seal)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, seal_of('captures', ?1, ?2, ?7, ?3, ?4, ?5, ?6, 0))",
        )?
        .execute(params![
            id.as_i64(),
            row.capture_id.as_deref().unwrap_or(""),
            millis(row.captured_at),
            row.settled_at.map(millis),
            row.amount.minor,
            external(row),
            row.amount.currency.code(),
        ])?;
    Ok(())
}

/// What the file says was paid back: not by us, as far as anyone knows.
fn external(row: &ImportRow) -> i64 {
    row.refunded.map_or(0, |refunded| refunded.minor)
}

/// A row about a payment that is known: a further capture, news, a contradiction, or nothing.
fn update(
    connection: &Connection,
    id: PaymentId,
    row: &ImportRow,
    known: &Known,
    now: DateTime<Utc>,
) -> Result<Fate, LedgerError> {
    if known.currency != row.amount.currency.code() {
        let detail = format!(
            "file says {}, known is {}",
            row.amount.currency, known.currency
        );
        open_discrepancy(connection, id, None, "file_currency", &detail, now)?;
        return Ok(Fate::Rejected(format!(
            "another currency than known: {detail}"
        )));
    }
    let capture: Option<(i64, i64, Option<i64>, i64)> = connection
        .prepare_cached(
            "SELECT seq, captured_minor, settled_at, external_minor FROM captures WHERE payment_id = ?1 AND capture_id = ?2",
        )?
        .query_row(
            params![id.as_i64(), row.capture_id.as_deref().unwrap_or("")],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    let Some((seq, captured, settled_at, external)) = capture else {
        return further_capture(connection, id, row);
    };
    if captured != row.amount.minor {
        let known = Money::new(captured, row.amount.currency);
        let detail = format!("file says {}, known is {known}", row.amount);
        open_discrepancy(connection, id, None, "file_amount", &detail, now)?;
        return Ok(Fate::Rejected(format!(
            "another amount than known: {detail}"
        )));
    }
    let differs =
        |new: &Option<String>, old: &Option<String>| new.is_some() && old.is_some() && new != old;
    if differs(&row.payer, &known.payer) {
        let detail = "file names another payer than known";
        open_discrepancy(connection, id, None, "file_payer", detail, now)?;
        return Ok(Fate::Rejected(
            "another payer than known; the known one stays".into(),
        ));
    }
    let mut news = raise_external(connection, seq, external, row)?;
    news |= settle(connection, id, seq, settled_at, row)?;
    news |= fill_in(connection, id, row)?;
    Ok(if news { Fate::Updated } else { Fate::Unchanged })
}

fn further_capture(
    connection: &Connection,
    id: PaymentId,
    row: &ImportRow,
) -> Result<Fate, LedgerError> {
    let unnamed: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM captures WHERE payment_id = ?1 AND (capture_id = '' OR ?2 IS NULL)",
        )?
        .query_row(params![id.as_i64(), row.capture_id], |row| row.get(0))?;
    if unnamed > 0 {
        return Ok(Fate::Rejected(
            "the payment is known with and without capture ids; it may be the same capture".into(),
        ));
    }
    insert_capture(connection, id, row)?;
    connection
        .prepare_cached(
            "UPDATE payments SET captured_at = min(captured_at, ?2),
                 settled_at = (SELECT CASE WHEN count(*) = count(settled_at) THEN max(settled_at) END
                               FROM captures WHERE payment_id = ?1)
             WHERE id = ?1",
        )?
        .execute(params![id.as_i64(), millis(row.captured_at)])?;
    Ok(Fate::New)
}

/// `refunded` raises what was paid back elsewhere, never lowers it.
fn raise_external(
    connection: &Connection,
    capture: i64,
    external: i64,
    row: &ImportRow,
) -> Result<bool, LedgerError> {
    let Some(refunded) = row.refunded.filter(|refunded| refunded.minor > external) else {
        return Ok(false);
    };
    seal::keep(connection, Sealed::Captures, ("seq", &capture), || {
        connection
            .prepare_cached(
                "UPDATE captures SET executed_minor = executed_minor + ?2 - external_minor, external_minor = ?2 WHERE seq = ?1",
            )?
            .execute(params![capture, refunded.minor])?;
        Ok(true)
    })
}

fn settle(
    connection: &Connection,
    id: PaymentId,
    capture: i64,
    known: Option<i64>,
    row: &ImportRow,
) -> Result<bool, LedgerError> {
    let Some(settled_at) = row.settled_at.map(millis).filter(|new| Some(*new) != known) else {
        return Ok(false);
    };
    seal::keep(connection, Sealed::Captures, ("seq", &capture), || {
        let sql = "UPDATE captures SET settled_at = ?2 WHERE seq = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.execute(params![capture, settled_at])?)
    })?;
    connection
        .prepare_cached(
            "UPDATE payments SET settled_at =
                 (SELECT CASE WHEN count(*) = count(settled_at) THEN max(settled_at) END
                  FROM captures WHERE payment_id = ?1)
             WHERE id = ?1",
        )?
        .execute([id.as_i64()])?;
    Ok(true)
}

/// Fills in what was not known; what is known stays.
fn fill_in(connection: &Connection, id: PaymentId, row: &ImportRow) -> Result<bool, LedgerError> {
    let changed = connection
        .prepare_cached(
            "UPDATE payments SET
                 reference = coalesce(reference, ?2), order_ref = coalesce(order_ref, ?3), payer = coalesce(payer, ?4),
                 method = coalesce(method, ?5), scheme = coalesce(scheme, ?6), last4 = coalesce(last4, ?7),
                 description = coalesce(description, ?8), details = coalesce(details, ?9)
             WHERE id = ?1 AND (
                 reference IS NULL AND ?2 IS NOT NULL OR order_ref IS NULL AND ?3 IS NOT NULL
                 OR payer IS NULL AND ?4 IS NOT NULL OR method IS NULL AND ?5 IS NOT NULL
                 OR scheme IS NULL AND ?6 IS NOT NULL OR last4 IS NULL AND ?7 IS NOT NULL
                 OR description IS NULL AND ?8 IS NOT NULL OR details IS NULL AND ?9 IS NOT NULL)",
        )?
        .execute(params![
            id.as_i64(),
            row.reference,
            row.order,
            row.payer,
            row.method,
            row.scheme,
            row.last4,
            row.description,
            details_json(row),
        ])?;
    Ok(changed > 0)
}

/// Opens a discrepancy; the same one seen again stays one.
pub(super) fn open_discrepancy(
    connection: &Connection,
    payment: PaymentId,
    refund: Option<&str>,
    kind: &str,
    detail: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO discrepancies (payment_id, refund_id, kind, detail, opened_at, seal)
             VALUES (?1, ?2, ?3, ?4, ?5, seal_of('discrepancies', ?1, ?2, ?3, ?4, ?5, NULL))
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![payment.as_i64(), refund, kind, detail, millis(now)])?;
    Ok(())
}
