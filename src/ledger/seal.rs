//! Seals: a checksum on each row of money and evidence that nothing else protects.
//!
//! A seal tells what this program wrote from what a failing disk made of it. It is no signature:
//! who can write the file can also seal. A broken seal is never mended by writing over it: what
//! changes a sealed column goes through [`keep`].

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ToSql};

use super::error::LedgerError;
use crate::domain::digest::Canonical;

/// Rows that carry a seal. What it covers is also written down where old rows got theirs
/// (`migrations/V003__seals.sql`): another list of columns needs a migration that seals anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sealed {
    Captures,
    Refunds,
    Sends,
    Observations,
    Discrepancies,
}

impl Sealed {
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Captures => "captures",
            Self::Refunds => "refunds",
            Self::Sends => "sends",
            Self::Observations => "observations",
            Self::Discrepancies => "discrepancies",
        }
    }

    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Captures => &[
                "payment_id",
                "capture_id",
                "(SELECT currency FROM payments WHERE id = captures.payment_id)",
                "captured_at",
                "settled_at",
                "captured_minor",
                "external_minor",
            ],
            Self::Refunds => &[
                "id",
                "payment_id",
                "capture_seq",
                "account",
                "kind",
                "amount_minor",
                "compensation_minor",
                "currency",
                "hash",
                "policy_version",
                "caller_key",
                "supersedes",
                "state",
                "reported_minor",
                "proven_minor",
                "provider_refund_id",
                "expires_at",
                "needs_release",
                "created_at",
            ],
            Self::Sends => &["refund_id", "step", "number", "send", "at", "not_executed"],
            Self::Observations => &[
                "refund_id",
                "attempt",
                "at",
                "source",
                "meaning",
                "http_status",
                "said",
                "support_id",
                "raw",
            ],
            Self::Discrepancies => &["payment_id", "refund_id", "kind", "detail", "opened_at"],
        }
    }

    /// SQL of the seal that a row of the table must carry. The table goes by its own name.
    pub(super) fn sql(self) -> String {
        let table = self.table();
        let columns: Vec<String> = self
            .columns()
            .iter()
            .map(|column| match column.starts_with('(') {
                true => (*column).to_owned(),
                false => format!("{table}.{column}"),
            })
            .collect();
        format!("seal_of('{table}', {})", columns.join(", "))
    }
}

/// Makes `seal_of(kind, value, …)` known to a connection.
pub(super) fn register(connection: &Connection) -> Result<(), LedgerError> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("seal_of", -1, flags, seal_of)?;
    Ok(())
}

/// The first eight bytes of the SHA-256 of all values, each with its type and length.
fn seal_of(context: &Context<'_>) -> rusqlite::Result<i64> {
    let mut fields = Canonical::new("seal");
    for index in 0..context.len() {
        fields = match context.get_raw(index) {
            ValueRef::Null => fields.integer(0),
            ValueRef::Integer(number) => fields.integer(1).integer(number),
            ValueRef::Text(text) => fields.integer(2).bytes(text),
            ValueRef::Blob(bytes) => fields.integer(3).bytes(bytes),
            ValueRef::Real(_) => fields.integer(4),
        };
    }
    let digest = fields.sha256();
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    Ok(i64::from_be_bytes(head))
}

/// Makes a change to the row whose `key` column is `id` and renews its seal, unless the seal was
/// broken before: then it stays so, to be found.
pub(super) fn keep<T>(
    connection: &Connection,
    sealed: Sealed,
    (key, id): (&str, &dyn ToSql),
    change: impl FnOnce() -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    let (table, seal) = (sealed.table(), sealed.sql());
    let intact: bool = connection
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM {table} WHERE {key} = ?1 AND seal IS {seal})"
        ))?
        .query_row([id], |row| row.get(0))?;
    let done = change()?;
    if intact {
        put(connection, sealed, (key, id))?;
    }
    Ok(done)
}

/// Seals a row that was just made.
pub(super) fn put(
    connection: &Connection,
    sealed: Sealed,
    (key, id): (&str, &dyn ToSql),
) -> Result<(), LedgerError> {
    let (table, seal) = (sealed.table(), sealed.sql());
    connection
        .prepare_cached(&format!(
            "UPDATE {table} SET seal = {seal} WHERE {key} = ?1"
        ))?
        .execute([id])?;
    Ok(())
}
