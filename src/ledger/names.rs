//! What a payment is found by beside its own columns: some of its details, and names with letters
//! beyond ASCII, kept without case and accents because SQLite's own comparison knows neither.

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension, params};

use super::error::LedgerError;
use crate::domain::id::PaymentId;
use crate::domain::text::folded;

/// The details that a payment is found by, each whole.
const WHOLE: [&str; 5] = ["customer_id", "invoice", "auth_code", "arn", "end_to_end"];

/// Makes `folded(text)` known to a connection; migrations use it.
pub(super) fn register(connection: &Connection) -> Result<(), LedgerError> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("folded", 1, flags, |context| {
        context.get::<String>(0).map(|text| folded(&text))
    })?;
    Ok(())
}

/// Keeps the names of a payment that have other than ASCII letters.
pub(super) fn keep(
    connection: &Connection,
    id: PaymentId,
    names: &[Option<&str>],
) -> Result<(), LedgerError> {
    for name in names.iter().flatten().filter(|name| !name.is_ascii()) {
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO payment_names (kind, name, payment_id)
                 SELECT 'folded', ?1, ?2 WHERE ?1 <> ''",
            )?
            .execute(params![folded(name), id.as_i64()])?;
    }
    Ok(())
}

/// Keeps those details of a payment that it is found by.
pub(super) fn keep_details(
    connection: &Connection,
    id: PaymentId,
    details: &[(String, String)],
) -> Result<(), LedgerError> {
    let names =
        |(kind, name): &&(String, String)| WHOLE.contains(&kind.as_str()) && !name.is_empty();
    for (kind, name) in details.iter().filter(names) {
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO payment_names (kind, name, payment_id) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![kind, name, id.as_i64()])?;
    }
    Ok(())
}

/// Makes a change to what a payment is called, and keeps its names as they are afterwards.
pub(super) fn renew<T>(
    connection: &Connection,
    id: PaymentId,
    change: impl FnOnce() -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    for name in names(connection, id)?.iter().flatten() {
        connection
            .prepare_cached(
                "DELETE FROM payment_names WHERE kind = 'folded' AND name = ?1 AND payment_id = ?2",
            )?
            .execute(params![folded(name), id.as_i64()])?;
    }
    let done = change()?;
    let names = names(connection, id)?;
    keep(connection, id, &names.each_ref().map(Option::as_deref))?;
    Ok(done)
}

fn names(connection: &Connection, id: PaymentId) -> Result<[Option<String>; 2], LedgerError> {
    let names = connection
        .prepare_cached("SELECT reference, order_ref FROM payments WHERE id = ?1")?
        .query_row([id.as_i64()], |row| Ok([row.get(0)?, row.get(1)?]))
        .optional()?;
    Ok(names.unwrap_or_default())
}
