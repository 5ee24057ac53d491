//! Backups: a consistent copy of the database in one file, checked before it gets its name.
//!
//! `VACUUM INTO` reads one snapshot while others write, and leaves a file that needs no other
//! beside it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OpenFlags};

use super::Ledger;
use super::audit::{self, Deed};
use super::error::LedgerError;
use super::open::{self, OpenOptions};
use super::remembered::{forget, remember, value};
use super::row::{millis, time};
use super::verify::FOUND_RIGHT;
use super::worker::Worker;
use crate::failpoint;

/// When a backup was taken, in the backup itself.
const STAMP: &str = "backup_at";
/// When the last backup of this database was taken.
const LAST: &str = "last_backup_at";

/// A backup that was taken and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// The file.
    pub file: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// The environment it belongs to.
    pub environment: String,
    /// Place and hash of its newest audit entry; none in a new database.
    pub audit_head: Option<(i64, String)>,
    /// Payments in it.
    pub payments: i64,
    /// Refunds in it.
    pub refunds: i64,
    /// When it was taken.
    pub at: DateTime<Utc>,
}

impl Ledger {
    /// Writes a copy of the database to a new file, while others go on writing.
    ///
    /// # Errors
    /// The file is there already, cannot be written, or does not check out; then it is removed.
    pub async fn backup(
        &self,
        file: PathBuf,
        actor: String,
        now: DateTime<Utc>,
    ) -> Result<BackedUp, LedgerError> {
        let options = OpenOptions {
            now,
            ..(*self.options).clone()
        };
        // A thread of its own: lists and sends go on meanwhile.
        let worker = Worker::start("backup", open::source(&options, self.vfs)?, None)?;
        let done = worker
            .run(move |connection| take(connection, &file, &options))
            .await?;
        self.note_backup(done, actor).await
    }

    async fn note_backup(&self, done: BackedUp, actor: String) -> Result<BackedUp, LedgerError> {
        self.write(move |connection| {
            remember(connection, LAST, &millis(done.at).to_string())?;
            let (seq, hash) = done.audit_head.clone().unwrap_or_default();
            let detail = format!("bytes={} head={seq}:{hash}", done.bytes);
            let deed = Deed {
                at: done.at,
                actor: &actor,
                action: "database.backed_up",
                subject: &done.file.display().to_string(),
                detail: &detail,
            };
            audit::append(connection, &deed)?;
            failpoint::reach("backup.noted");
            Ok(done)
        })
        .await
    }

    /// When the last backup was taken.
    ///
    /// # Errors
    /// The database failed.
    pub async fn last_backup(&self) -> Result<Option<DateTime<Utc>>, LedgerError> {
        self.read(|connection| stamped(connection, LAST)).await
    }
}

/// When a backup was taken, by its own word; `None` for a copy made by other means.
///
/// # Errors
/// The file cannot be read.
pub(super) fn stamped_at(connection: &Connection) -> Result<Option<DateTime<Utc>>, LedgerError> {
    stamped(connection, STAMP)
}

/// A backup that took the database's place is no backup any more, and what was found of the
/// database was found before it lay elsewhere; in the caller's transaction.
pub(super) fn unstamp(connection: &Connection) -> Result<(), LedgerError> {
    forget(connection, STAMP)?;
    forget(connection, FOUND_RIGHT)
}

fn stamped(connection: &Connection, name: &str) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let at = value(connection, name)?;
    Ok(at.and_then(|at| at.parse().ok()).map(time))
}

fn take(source: &Connection, file: &Path, options: &OpenOptions) -> Result<BackedUp, LedgerError> {
    // The name is taken at once, empty, so that nobody else takes it meanwhile.
    create(file).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => LedgerError::Exists(file.to_owned()),
        _ => failed(file, source),
    })?;
    failpoint::reach("backup.named");
    let unfinished = beside(file, "unfinished");
    let taken = copy(source, &unfinished).and_then(|()| {
        failpoint::reach("backup.copied");
        stamp_and_check(&unfinished, options)
    });
    let named = taken.and_then(|taken| {
        failpoint::reach("backup.checked");
        finish(&unfinished, file).map_err(|source| failed(file, source))?;
        failpoint::reach("backup.finished");
        Ok(BackedUp {
            file: file.to_owned(),
            bytes: fs::metadata(file).map_or(0, |metadata| metadata.len()),
            ..taken
        })
    });
    if named.is_err() {
        let _ = fs::remove_file(&unfinished);
        let _ = fs::remove_file(file);
    }
    named
}

/// Copies the snapshot that `source` sees into a new file of its owner's alone.
pub(super) fn copy(source: &Connection, to: &Path) -> Result<(), LedgerError> {
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(to, error)),
        _ => {}
    }
    create(to).map_err(|error| failed(to, error))?;
    source.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    Ok(())
}

fn stamp_and_check(file: &Path, options: &OpenOptions) -> Result<BackedUp, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let copy = Connection::open_with_flags(file, flags)?;
    remember(&copy, STAMP, &millis(options.now).to_string())?;
    check(&copy, file)?;
    let count = |table: &str| -> Result<i64, LedgerError> {
        let sql = format!("SELECT count(*) FROM {table}");
        Ok(copy.query_row(&sql, [], |row| row.get(0))?)
    };
    let taken = BackedUp {
        file: file.to_owned(),
        bytes: 0,
        environment: options.environment.clone(),
        audit_head: audit::newest(&copy)?,
        payments: count("payments")?,
        refunds: count("refunds")?,
        at: options.now,
    };
    copy.close().map_err(|(_, error)| error)?;
    Ok(taken)
}

/// Refuses a database whose structure is damaged.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" {
        Ok(())
    } else {
        Err(LedgerError::Damaged(format!("{}: {found}", path.display())))
    }
}

/// Gives a finished file its name; both are on the disk when this returns.
fn finish(unfinished: &Path, file: &Path) -> io::Result<()> {
    File::open(unfinished)?.sync_all()?;
    fs::rename(unfinished, file)?;
    sync_folder(file)
}

/// Makes the names in a file's folder survive a power cut.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// The path with a word added to its name.
pub(super) fn beside(path: &Path, word: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{word}"));
    name.into()
}

fn create(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn failed(path: &Path, source: io::Error) -> LedgerError {
    LedgerError::BackupFile {
        path: path.to_owned(),
        source,
    }
}
