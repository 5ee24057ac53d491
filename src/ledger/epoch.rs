//! Which database this process opened: a restore changes the epoch and the file, and whoever
//! opened the one before writes nothing any more.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use super::error::LedgerError;

/// The epoch and the file as they were when the database was opened.
#[derive(Clone, Debug)]
pub(super) struct Epoch {
    database: PathBuf,
    file: Option<(u64, u64)>,
    id: String,
}

impl Epoch {
    pub(super) fn of(database: &Path, connection: &Connection) -> Result<Self, LedgerError> {
        Ok(Self {
            database: database.to_owned(),
            file: file(database),
            id: current(connection)?,
        })
    }

    /// Refuses to go on when the database was replaced since, in the caller's transaction.
    pub(super) fn check(&self, connection: &Connection) -> Result<(), LedgerError> {
        // Another file under the same name: this connection still writes to the old one.
        if file(&self.database) == self.file && current(connection)? == self.id {
            Ok(())
        } else {
            Err(LedgerError::Replaced(self.database.clone()))
        }
    }
}

/// The epoch of a database, in the caller's transaction.
pub(super) fn current(connection: &Connection) -> Result<String, LedgerError> {
    let id: Option<String> = connection
        .prepare_cached("SELECT value FROM desk WHERE name = 'epoch'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    id.ok_or_else(|| LedgerError::Damaged("the database has no epoch".to_owned()))
}

/// Begins a new epoch, in the caller's transaction.
pub(super) fn renew(connection: &Connection) -> Result<(), LedgerError> {
    connection.execute(
        "UPDATE desk SET value = lower(hex(randomblob(16))) WHERE name = 'epoch'",
        [],
    )?;
    Ok(())
}

fn file(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path)
        .ok()
        .map(|metadata| (metadata.dev(), metadata.ino()))
}
