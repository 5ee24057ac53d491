//! Single facts about the ledger itself, by name.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::LedgerError;

/// What is remembered under a name.
pub(super) fn value(connection: &Connection, name: &str) -> Result<Option<String>, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT value FROM desk WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// Remembers it in the place of what was; in the caller's transaction.
pub(super) fn remember(
    connection: &Connection,
    name: &str,
    value: &str,
) -> Result<(), LedgerError> {
    connection.execute(
        "INSERT INTO desk (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params![name, value],
    )?;
    Ok(())
}

/// Forgets it; in the caller's transaction.
pub(super) fn forget(connection: &Connection, name: &str) -> Result<(), LedgerError> {
    connection.execute("DELETE FROM desk WHERE name = ?1", [name])?;
    Ok(())
}
