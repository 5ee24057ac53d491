//! Who has the database open: every process shares a lock for as long as it is, a restore must
//! have it alone.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::LedgerError;

fn lock_file(database: &Path) -> PathBuf {
    database.with_extension("in-use")
}

/// Takes part in the lock until the file is dropped. `None` when opened read-only where no lock
/// can be had.
pub(super) fn share(database: &Path, read_only: bool) -> Result<Option<File>, LedgerError> {
    let path = lock_file(database);
    let file = if read_only {
        match File::open(&path) {
            Ok(file) => file,
            Err(_) => return Ok(None),
        }
    } else {
        open(&path)?
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(LedgerError::BeingRestored(database.to_owned())),
        Err(TryLockError::Error(source)) => Err(LedgerError::Io { path, source }),
    }
}

/// Takes the lock alone.
pub(super) fn own(database: &Path) -> Result<File, LedgerError> {
    let path = lock_file(database);
    let file = open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::InUse(database.to_owned())),
        Err(TryLockError::Error(source)) => Err(LedgerError::Io { path, source }),
    }
}

fn open(path: &Path) -> Result<File, LedgerError> {
    let failed = |source| LedgerError::Io {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
    }
    fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)
}
