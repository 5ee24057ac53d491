//! Restoring a backup: nobody else has the database open, the copy is told everything it must know
//! (T24) before it gets the database's name, and the database it replaces is kept.
//!
//! A crash leaves the old database, or the new one: until the copy is whole and knows what was
//! sent, nothing is replaced; from then on a note beside the database says so, and whoever opens
//! it next finishes the exchange of names.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, TransactionBehavior};
use serde::{Deserialize, Serialize};

use super::backup::{self, beside, sync_folder};
use super::error::LedgerError;
use super::evidence::Cadence;
use super::forgotten::{self, Forgotten};
use super::journal::{Contents, Journal};
use super::open::{self, OpenOptions};
use super::rewind::{Rewind, Rewound, count_sends, rewind};
use super::{audit, epoch, head, in_use};
use crate::failpoint;

/// What SQLite keeps beside a database, and this program: none of it belongs to the new one.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// What is to be restored.
#[derive(Clone, Debug)]
pub struct RestoreOptions {
    /// The backup; or the database itself, which then takes over what the send journal shows.
    pub file: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// Its environment.
    pub environment: String,
    /// Who restores.
    pub actor: String,
    /// How soon what became UNKNOWN is asked about.
    pub cadence: Cadence,
    /// Now.
    pub now: DateTime<Utc>,
}

impl RestoreOptions {
    fn open(&self, path: &Path, read_only: bool) -> OpenOptions {
        OpenOptions {
            path: path.to_owned(),
            environment: self.environment.clone(),
            read_only,
            now: self.now,
        }
    }

    fn is_in_place(&self) -> bool {
        let id = |path: &Path| fs::metadata(path).ok().map(|it| (it.dev(), it.ino()));
        id(&self.file).is_some() && id(&self.file) == id(&self.database)
    }
}

/// A finished restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was taken, where it says so.
    pub taken_at: Option<DateTime<Utc>>,
    /// Where the replaced database is kept; none when there was none, or nothing was replaced.
    pub kept: Option<PathBuf>,
    /// What became of refunds and accounts.
    pub rewound: Rewound,
}

/// Puts a backup in the place of the database. Blocks.
///
/// # Errors
/// Another process has the database open; the file is no backup of this environment, newer, or
/// damaged: nothing was changed.
pub fn restore(options: &RestoreOptions) -> Result<Restored, LedgerError> {
    let _alone = in_use::own(&options.database)?;
    finish_exchange(&options.database)?;
    let journal = read_journal(&options.database)?;
    if options.is_in_place() {
        return in_place(options, journal.as_ref());
    }
    let replaced = Replaced::look(options);
    let fresh = beside(&options.database, "restoring");
    let taken_at = copy(options, &fresh)?;
    let rewound = tell(options, &fresh, journal.as_ref(), &replaced)?;
    let kept = exchange(options)?;
    remove_lock(&fresh);
    Ok(Restored {
        taken_at,
        kept,
        rewound,
    })
}

/// The database itself takes over what the journal shows: an old copy that was put back by hand.
fn in_place(options: &RestoreOptions, journal: Option<&Contents>) -> Result<Restored, LedgerError> {
    let head = head::path_of(&options.database);
    let replaced = Replaced {
        head: head::known(&head).map(|known| known.name()),
        ..Replaced::default()
    };
    let rewound = tell(options, &options.database, journal, &replaced)?;
    // It speaks of what was lost; from here on it follows the database again.
    let _ = fs::remove_file(head);
    Ok(Restored {
        taken_at: None,
        kept: None,
        rewound,
    })
}

fn read_journal(database: &Path) -> Result<Option<Contents>, LedgerError> {
    let journal = Journal::beside(database);
    journal.read().map_err(|source| LedgerError::BackupFile {
        path: journal.path().to_owned(),
        source,
    })
}

/// What the database that is replaced can still tell. It may be damaged: that is why it is
/// replaced.
#[derive(Default)]
struct Replaced {
    sends: Option<i64>,
    head: Option<String>,
    /// An older program's database has erased nothing, or cannot say what.
    forgotten: Forgotten,
}

impl Replaced {
    fn look(options: &RestoreOptions) -> Self {
        let read = || -> Result<Self, LedgerError> {
            let connection = open::source(&options.open(&options.database, true), None)?;
            let head = audit::newest(&connection)?;
            Ok(Self {
                sends: Some(count_sends(&connection)?),
                head: head.map(|(seq, hash)| format!("{seq}:{hash}")),
                forgotten: forgotten::of(&connection).unwrap_or_default(),
            })
        };
        read().unwrap_or_default()
    }
}

/// Copies the backup into a file of ours beside the database, checked; says when it was taken.
fn copy(options: &RestoreOptions, fresh: &Path) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let bad = |why: String| LedgerError::BadBackup {
        path: options.file.clone(),
        why,
    };
    let size = fs::metadata(&options.file)
        .map_err(|error| bad(error.to_string()))?
        .len();
    if size == 0 {
        return Err(bad("it is empty; the backup was not finished".to_owned()));
    }
    let source = open::check_backup(&options.open(&options.file, true))?;
    let damaged = |error: LedgerError| bad(error.to_string());
    backup::check(&source, &options.file).map_err(damaged)?;
    remove_copy(fresh)?;
    backup::copy(&source, fresh)?;
    failpoint::reach("restore.copied");
    backup::stamped_at(&source)
}

fn remove_copy(fresh: &Path) -> Result<(), LedgerError> {
    for name in ["", "-journal", "-wal", "-shm"] {
        let mut path = fresh.as_os_str().to_owned();
        path.push(name);
        let path = PathBuf::from(path);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(LedgerError::Io { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// What bringing the copy's tables up to date leaves beside it.
fn remove_lock(fresh: &Path) {
    let _ = fs::remove_file(fresh.with_extension("lock"));
}

/// Brings a database up to date and does T24 on it, all or nothing; then it is one whole file on
/// the disk.
fn tell(
    options: &RestoreOptions,
    database: &Path,
    journal: Option<&Contents>,
    replaced: &Replaced,
) -> Result<Rewound, LedgerError> {
    let prepared = open::prepare(&options.open(database, false), None)?;
    let mut connection = prepared.ok_or(LedgerError::ReadOnly)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let rewound = rewind(
        &transaction,
        &Rewind {
            source: &options.file.display().to_string(),
            journal,
            replaced_sends: replaced.sends,
            replaced_head: replaced.head.clone(),
            actor: &options.actor,
            cadence: options.cadence,
            now: options.now,
        },
    )?;
    forgotten::again(
        &transaction,
        &replaced.forgotten,
        &options.actor,
        options.now,
    )?;
    backup::unstamp(&transaction)?;
    failpoint::reach("restore.written");
    transaction.commit()?;
    settle(connection)?;
    failpoint::reach("restore.told");
    File::open(database)
        .and_then(|file| file.sync_all())
        .map_err(|source| LedgerError::Io {
            path: database.to_owned(),
            source,
        })?;
    Ok(rewound)
}

/// Leaves one file, with nothing beside it.
fn settle(connection: Connection) -> Result<(), LedgerError> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error.into())
}

/// What is written beside the database while names are exchanged.
#[derive(Serialize, Deserialize)]
struct Note {
    /// The replaced database's new name.
    kept: PathBuf,
}

fn note_path(database: &Path) -> PathBuf {
    beside(database, "restore")
}

fn exchange(options: &RestoreOptions) -> Result<Option<PathBuf>, LedgerError> {
    let database = &options.database;
    let existed = database.exists();
    let kept = beside(
        database,
        &format!("replaced-{}", options.now.format("%Y%m%dT%H%M%S%3fZ")),
    );
    if existed {
        retire(options);
    }
    failpoint::reach("restore.retired");
    let io = |source| LedgerError::Io {
        path: database.clone(),
        source,
    };
    write_note(database, &kept).map_err(io)?;
    failpoint::reach("restore.noted");
    finish_exchange(database)?;
    Ok(existed.then_some(kept))
}

/// Whoever still has the replaced database open, past the lock, finds there that its epoch is
/// over. It may be too damaged to be told; then its file is another than the one it opened.
fn retire(options: &RestoreOptions) {
    let told = open::prepare(&options.open(&options.database, false), None).and_then(|prepared| {
        let connection = prepared.ok_or(LedgerError::ReadOnly)?;
        epoch::renew(&connection)?;
        settle(connection)
    });
    if let Err(error) = told {
        tracing::warn!(%error, "the replaced database could not be told");
    }
}

fn write_note(database: &Path, kept: &Path) -> io::Result<()> {
    let path = note_path(database);
    let unfinished = beside(&path, "unfinished");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    let note = Note {
        kept: kept.to_owned(),
    };
    file.write_all(&serde_json::to_vec(&note)?)?;
    file.sync_all()?;
    fs::rename(&unfinished, &path)?;
    sync_folder(&path)
}

/// Finishes a restore that was cut off while names were exchanged.
///
/// # Errors
/// Another process has the database open, or it is opened read-only.
pub(super) fn finish_interrupted(options: &OpenOptions) -> Result<(), LedgerError> {
    if !note_path(&options.path).exists() {
        return Ok(());
    }
    if options.read_only {
        return Err(LedgerError::HalfRestored(options.path.clone()));
    }
    let _alone =
        in_use::own(&options.path).map_err(|_| LedgerError::HalfRestored(options.path.clone()))?;
    finish_exchange(&options.path)
}

/// Gives the finished copy the database's name. Every step can be repeated.
fn finish_exchange(database: &Path) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::Io {
        path: database.to_owned(),
        source,
    };
    let path = note_path(database);
    let note = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        note => note.map_err(failed)?,
    };
    let note: Note = serde_json::from_slice(&note).map_err(|error| failed(error.into()))?;
    move_names(database, &note.kept).map_err(failed)?;
    fs::remove_file(&path).map_err(failed)?;
    failpoint::reach("restore.finished");
    sync_folder(database).map_err(failed)
}

fn move_names(database: &Path, kept: &Path) -> io::Result<()> {
    let fresh = beside(database, "restoring");
    if !fresh.exists() {
        return Ok(());
    }
    let with = |path: &Path, end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    // First what stands beside: a write-ahead log left there would be read into the new one.
    for end in COMPANIONS {
        rename_if_there(&with(database, end), &with(kept, end))?;
    }
    rename_if_there(&head::path_of(database), &beside(kept, "head"))?;
    failpoint::reach("restore.beside_moved");
    match fs::hard_link(database, kept) {
        Err(error)
            if !matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists
            ) =>
        {
            return Err(error);
        }
        _ => {}
    }
    sync_folder(database)?;
    failpoint::reach("restore.kept");
    fs::rename(&fresh, database)?;
    failpoint::reach("restore.exchanged");
    sync_folder(database)
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        renamed => renamed,
    }
}
