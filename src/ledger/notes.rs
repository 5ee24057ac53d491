//! Notes of people on payments and refunds: written once, erased with what else is known of a payer.

use aws_lc_rs::rand;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, params};

use super::Ledger;
use super::audit;
use super::erasures::Gone;
use super::error::LedgerError;
use super::payers;
use super::row::{millis, time};
use crate::domain::digest::Canonical;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::note::Note;

/// What is shown of a note that a failing disk has changed.
const CHANGED: &str = "(this note is not as it was written: the records are damaged)";

/// A note to be written.
#[derive(Clone, Debug)]
pub struct NewNote {
    /// The payment.
    pub payment: PaymentId,
    /// The refund of it, where the note is about one.
    pub refund: Option<RefundId>,
    /// What it says, without card numbers.
    pub text: String,
    /// Who writes it.
    pub author: String,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Ledger {
    /// Writes a note. The audit is told that, by whom and the hash of what it says.
    ///
    /// # Errors
    /// There is no such payment, or the refund is none of it; the database failed.
    pub async fn write_note(&self, new: NewNote) -> Result<Note, LedgerError> {
        self.write(move |connection| write(connection, &new)).await
    }

    /// The notes on a payment and its refunds, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn notes_of(&self, payment: PaymentId) -> Result<Vec<Note>, LedgerError> {
        self.read(move |connection| of_payment(connection, payment))
            .await
    }

    /// The notes written since a time, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn notes_since(&self, since: DateTime<Utc>) -> Result<Vec<Note>, LedgerError> {
        self.read(move |connection| {
            listed(
                connection,
                "WHERE n.at >= ?1 ORDER BY n.at, n.seq",
                millis(since),
            )
        })
        .await
    }
}

fn write(connection: &Connection, new: &NewNote) -> Result<Note, LedgerError> {
    let mut salt = [0; 16];
    rand::fill(&mut salt).map_err(|_| LedgerError::Damaged("no random bytes".to_owned()))?;
    let sha256 = digest(&salt, &new.text);
    let refund = new.refund.map(|id| id.to_string());
    connection
        .prepare_cached(
            "INSERT INTO notes (payment_id, refund_id, author, at, salt, sha256, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            new.payment.as_i64(),
            refund,
            new.author,
            millis(new.now),
            salt.as_slice(),
            sha256,
            new.text
        ])?;
    let id = connection.last_insert_rowid();
    // Found by whoever erases what has been kept long enough.
    payers::know_of(connection, new.payment)?;
    let subject = refund.unwrap_or_else(|| new.payment.to_string());
    let detail = format!("number={id} sha256={sha256}");
    audit::tell(
        connection,
        &subject,
        &new.author,
        "note.written",
        &detail,
        new.now,
    )?;
    let mut written = listed(connection, "WHERE n.seq = ?1", id)?;
    written.pop().ok_or(LedgerError::NotFound("note"))
}

/// Those on a payment and its refunds, oldest first, in the caller's transaction.
pub(super) fn of_payment(
    connection: &Connection,
    payment: PaymentId,
) -> Result<Vec<Note>, LedgerError> {
    let of_it = "WHERE n.payment_id = ?1 ORDER BY n.seq";
    listed(connection, of_it, payment.as_i64())
}

fn listed(connection: &Connection, which: &str, value: i64) -> Result<Vec<Note>, LedgerError> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT n.seq, n.payment_id, p.reference, n.refund_id, n.author, n.at, n.text, n.salt, n.sha256
             FROM notes n JOIN payments p ON p.id = n.payment_id {which}"
        ))?
        .query_map([value], |row| Ok(note(row)))?
        .collect::<Result<Vec<_>, _>>()?;
    found.into_iter().collect()
}

fn note(row: &Row<'_>) -> Result<Note, LedgerError> {
    let refund: Option<String> = row.get(3)?;
    let text: Option<String> = row.get(6)?;
    let (salt, sha256): (Vec<u8>, String) = (row.get(7)?, row.get(8)?);
    let text = text.map(|text| match digest(&salt, &text) == sha256 {
        true => text,
        false => CHANGED.to_owned(),
    });
    Ok(Note {
        id: row.get(0)?,
        payment: PaymentId::from_i64(row.get(1)?),
        reference: row.get(2)?,
        refund: refund
            .map(|id| id.parse().map_err(|_| LedgerError::Damaged(id)))
            .transpose()?,
        author: row.get(4)?,
        at: time(row.get(5)?),
        text,
    })
}

/// Erases what the notes of a payment and its refunds say; the hash stays.
pub(super) fn erase_of(
    connection: &Connection,
    payment: PaymentId,
    now: DateTime<Utc>,
) -> Result<Gone, LedgerError> {
    let gone: Gone = connection
        .prepare_cached(
            "SELECT 'note', sha256 FROM notes WHERE payment_id = ?1 AND text IS NOT NULL ORDER BY seq",
        )?
        .query_map([payment.as_i64()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    connection
        .prepare_cached(
            "UPDATE notes SET text = NULL, erased_at = ?2 WHERE payment_id = ?1 AND text IS NOT NULL",
        )?
        .execute(params![payment.as_i64(), millis(now)])?;
    Ok(gone)
}

/// Whether a note on a payment or its refunds still says something.
pub(super) fn is_any(connection: &Connection, payment: PaymentId) -> Result<bool, LedgerError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM notes WHERE payment_id = ?1 AND text IS NOT NULL)",
        )?
        .query_row([payment.as_i64()], |row| row.get(0))?)
}

/// The notes that this database has erased, by number and hash.
pub(super) fn erased(connection: &Connection) -> Result<Vec<(i64, String)>, LedgerError> {
    let found = connection
        .prepare("SELECT seq, sha256 FROM notes WHERE text IS NULL ORDER BY seq")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// Erases a note that another database had erased; how many it was.
pub(super) fn erase_again(
    connection: &Connection,
    (id, sha256): &(i64, String),
    now: DateTime<Utc>,
) -> Result<usize, LedgerError> {
    Ok(connection
        .prepare_cached(
            "UPDATE notes SET text = NULL, erased_at = ?3
             WHERE seq = ?1 AND sha256 = ?2 AND text IS NOT NULL",
        )?
        .execute(params![id, sha256, millis(now)])?)
}

fn digest(salt: &[u8], text: &str) -> String {
    Canonical::new("note").bytes(salt).text(text).hex()
}
