//! Who has the database open: every process shares a lock for as long as it is, a restore must
//! have it alone. A service must be the only one that works on it: desks and commands beside it ask
//! the service.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::LedgerError;

fn lock_file(database: &Path) -> PathBuf {
    database.with_extension("in-use")
}

/// The right to work on a database, until it is dropped: of a service alone, or of everybody.
#[derive(Debug)]
pub struct Occupancy {
    _lock: File,
}

/// Takes the right to work on a database, for a service or for a desk by itself. Who only reads
/// needs none.
///
/// # Errors
/// A service works on it, or for a service: anybody does.
pub fn occupy(database: &Path, as_service: bool) -> Result<Occupancy, LedgerError> {
    let path = database.with_extension("service");
    let lock = open(&path)?;
    let taken = match as_service {
        true => lock.try_lock(),
        false => lock.try_lock_shared(),
    };
    match taken {
        Ok(()) => Ok(Occupancy { _lock: lock }),
        Err(TryLockError::Error(source)) => Err(LedgerError::Io { path, source }),
        // Those who share it can be shared with; a service cannot.
        Err(TryLockError::WouldBlock) if as_service && lock.try_lock_shared().is_ok() => {
            Err(LedgerError::InUse(database.to_owned()))
        }
        Err(TryLockError::WouldBlock) => Err(LedgerError::ServiceRuns(database.to_owned())),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_alone_and_desks_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("desk.db");
        let occupied = |as_service| occupy(&database, as_service);
        let desk = occupied(false).unwrap();
        let other = occupied(false).unwrap();
        assert!(matches!(occupied(true), Err(LedgerError::InUse(_))));
        drop((desk, other));
        let service = occupied(true).unwrap();
        assert!(matches!(occupied(true), Err(LedgerError::ServiceRuns(_))));
        assert!(matches!(occupied(false), Err(LedgerError::ServiceRuns(_))));
        drop(service);
        occupied(false).unwrap();
    }
}
