//! Opening the file: modes, pragmas, migrations, and the checks that it is ours.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::LedgerError;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// `refd` in ASCII: tells our files from other SQLite databases.
const APPLICATION_ID: i64 = 0x7265_6664;
/// Negative: in KiB. Taken only as it is needed.
const WRITER_CACHE_KIB: i64 = -64 * 1024;
/// How every SQLite file begins.
const HEADER: &[u8] = b"SQLite format 3\0";
const BUSY: Duration = Duration::from_secs(30);

/// How a ledger is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// The database file.
    pub path: PathBuf,
    /// `sandbox`, `test` or `live`: stamped at creation, compared ever after.
    pub environment: String,
    /// Write nothing, not even the file itself.
    pub read_only: bool,
    /// Now, for what opening writes down.
    pub now: DateTime<Utc>,
}

/// Makes the file ready and returns the writing connection; `None` when opened read-only.
pub(super) fn prepare(options: &OpenOptions) -> Result<Option<Connection>, LedgerError> {
    let path = &options.path;
    if options.read_only {
        if !path.exists() {
            return Err(LedgerError::Missing(path.clone()));
        }
        check_header(path)?;
        let connection = reader(options)?;
        check(&connection, options)?;
        return Ok(None);
    }
    create_files(path)?;
    check_header(path)?;
    let mut connection = Connection::open_with_flags(path, flags(false))?;
    connection.busy_timeout(BUSY)?;
    if !is_finished(&connection)? {
        finish(&mut connection, options)?;
    }
    set_pragmas(&connection)?;
    check(&connection, options)?;
    Ok(Some(connection))
}

/// A connection that can only read.
pub(super) fn reader(options: &OpenOptions) -> Result<Connection, LedgerError> {
    let connection = source(options)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// A connection that does not write to the database, but may write a copy of it elsewhere.
pub(super) fn source(options: &OpenOptions) -> Result<Connection, LedgerError> {
    let connection = match Connection::open_with_flags(&options.path, flags(true)) {
        Ok(connection) if readable(&connection) => connection,
        // A folder we may not write to: without a write-ahead log beside it the file can be read
        // as it is.
        _ if options.read_only && !wal_in_use(&options.path) => Connection::open_with_flags(
            format!("file:{}?immutable=1", uri_path(&options.path)),
            flags(true) | OpenFlags::SQLITE_OPEN_URI,
        )?,
        Ok(connection) => connection,
        Err(error) => return Err(error.into()),
    };
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn readable(connection: &Connection) -> bool {
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        .is_ok()
}

fn wal_in_use(path: &Path) -> bool {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    fs::metadata(wal).is_ok_and(|wal| wal.len() > 0)
}

fn uri_path(path: &Path) -> String {
    path.display()
        .to_string()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23")
}

fn flags(read_only: bool) -> OpenFlags {
    let access = if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    access | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// Creates folder (0700) and file (0600) where missing.
fn create_files(path: &Path) -> Result<(), LedgerError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| LedgerError::Io { path, source }
    };
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed(folder))?;
    }
    fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(failed(path))?;
    Ok(())
}

/// Refuses a file that is no SQLite database, before SQLite takes a short one for a new one.
fn check_header(path: &Path) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::Io {
        path: path.to_owned(),
        source,
    };
    let mut head = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(HEADER.len() as u64)
        .read_to_end(&mut head)
        .map_err(failed)?;
    if head.is_empty() || head == HEADER {
        Ok(())
    } else {
        Err(LedgerError::NotOurs(path.to_owned()))
    }
}

fn set_pragmas(connection: &Connection) -> Result<(), LedgerError> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "recursive_triggers", true)?;
    // An import touches pages all over the file; a larger cache keeps them from going to disk twice.
    connection.pragma_update(None, "cache_size", WRITER_CACHE_KIB)?;
    // Triggers that can abort keep a journal per statement: in memory it costs no system calls.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// True when nothing is left to create or upgrade, or the file is newer than this program.
fn is_finished(connection: &Connection) -> Result<bool, LedgerError> {
    Ok(version(connection)? >= newest()
        && application_id(connection)? == APPLICATION_ID
        && stamp(connection)?.is_some())
}

/// Creates or upgrades the schema and stamps the file, one process at a time. Every step can be
/// repeated, so that what a killed process left half made is finished by the next.
fn finish(connection: &mut Connection, options: &OpenOptions) -> Result<(), LedgerError> {
    let path = options.path.with_extension("lock");
    let failed = |source| LedgerError::Io {
        path: path.clone(),
        source,
    };
    let lock = fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    lock.lock().map_err(failed)?;
    check_ours(connection, &options.path)?;
    let found = version(connection)?;
    if found > newest() {
        return Err(too_new(options, found));
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    // Grouped: schema and history are one transaction.
    embedded::migrations::runner()
        .set_grouped(true)
        .run(connection)
        .map_err(|error| LedgerError::Upgrade(Box::new(error)))?;
    connection.execute(
        "INSERT INTO desk (name, value) VALUES ('environment', ?1) ON CONFLICT DO NOTHING",
        [&options.environment],
    )?;
    Ok(())
}

fn too_new(options: &OpenOptions, found: i64) -> LedgerError {
    LedgerError::TooNew {
        path: options.path.clone(),
        found,
        known: newest(),
    }
}

fn newest() -> i64 {
    embedded::migrations::runner()
        .get_migrations()
        .iter()
        .map(|migration| i64::from(migration.version()))
        .max()
        .unwrap_or(0)
}

fn version(connection: &Connection) -> Result<i64, LedgerError> {
    if !has_table(connection, "refinery_schema_history")? {
        return Ok(0);
    }
    let version = connection.query_row(
        "SELECT coalesce(max(version), 0) FROM refinery_schema_history",
        [],
        |row| row.get(0),
    )?;
    Ok(version)
}

fn has_table(connection: &Connection, name: &str) -> Result<bool, LedgerError> {
    let found: Option<i64> = connection
        .query_row(
            "SELECT 1 FROM sqlite_schema WHERE name = ?1",
            [name],
            |row| row.get(0),
        )
        .optional()?;
    Ok(found.is_some())
}

fn application_id(connection: &Connection) -> Result<i64, LedgerError> {
    Ok(connection.pragma_query_value(None, "application_id", |row| row.get(0))?)
}

/// The environment the file was created with.
fn stamp(connection: &Connection) -> Result<Option<String>, LedgerError> {
    if !has_table(connection, "desk")? {
        return Ok(None);
    }
    let stamp = connection
        .query_row(
            "SELECT value FROM desk WHERE name = 'environment'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    Ok(stamp)
}

/// Refuses a file that some other program made, before anything is written to it. What this
/// program began and did not finish is ours: an empty file, or no table but the migrations' own.
fn check_ours(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let not_ours = || LedgerError::NotOurs(path.to_owned());
    if application_id(connection).map_err(|_| not_ours())? == APPLICATION_ID {
        return Ok(());
    }
    let others: i64 = connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'refinery_schema_history'",
        [],
        |row| row.get(0),
    )?;
    let begun =
        others == 0 || stamp(connection)?.is_some() || has_table(connection, "legal_moves")?;
    if begun { Ok(()) } else { Err(not_ours()) }
}

/// Refuses a file that cannot take the place of the database: of another program, another
/// environment or a newer version. An older one is fine.
pub(super) fn check_backup(options: &OpenOptions) -> Result<Connection, LedgerError> {
    check_header(&options.path)?;
    let connection = source(options)?;
    check_ours(&connection, &options.path)?;
    let found = version(&connection)?;
    if found > newest() {
        return Err(too_new(options, found));
    }
    check_environment(&connection, options)?;
    Ok(connection)
}

fn check(connection: &Connection, options: &OpenOptions) -> Result<(), LedgerError> {
    check_ours(connection, &options.path)?;
    let found = version(connection)?;
    let (path, known) = (options.path.clone(), newest());
    match found.cmp(&known) {
        std::cmp::Ordering::Greater => return Err(too_new(options, found)),
        std::cmp::Ordering::Less => return Err(LedgerError::TooOld { path, found, known }),
        std::cmp::Ordering::Equal => {}
    }
    check_environment(connection, options)
}

fn check_environment(connection: &Connection, options: &OpenOptions) -> Result<(), LedgerError> {
    let stamped = stamp(connection)?.unwrap_or_default();
    if stamped == options.environment {
        Ok(())
    } else {
        Err(LedgerError::OtherEnvironment {
            path: options.path.clone(),
            stamped,
            configured: options.environment.clone(),
        })
    }
}
