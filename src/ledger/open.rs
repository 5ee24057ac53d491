//! Opening the file: modes, pragmas, migrations, and the checks that it is ours.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::error::LedgerError;
use super::{names, seal};
use crate::failpoint;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// `refd` in ASCII: tells our files from other SQLite databases.
const APPLICATION_ID: i64 = 0x7265_6664;
/// The last migration. Written down, and not asked of the runner: that reads the name of each by
/// regular expressions, which takes longer than to open the file.
const NEWEST: i64 = 32;
/// Negative: in KiB. Taken only as it is needed.
const WRITER_CACHE_KIB: i64 = -64 * 1024;
/// Each reader has its own, and the kernel keeps the file for all of them: the upper pages of the
/// indexes are enough.
const READER_CACHE_KIB: i64 = -256;
/// How far the write-ahead log grows before it is copied back: 32 MiB of pages.
const WRITER_LOG_PAGES: i64 = 8 * 1024;
/// More than the ledger has: one card of a refund takes over twenty, and to read their text anew
/// takes longer than to run them.
const STATEMENTS_KEPT: usize = 256;
/// How every SQLite file begins.
const HEADER: &[u8] = b"SQLite format 3\0";
/// What SQLite answers for `synchronous = FULL`.
const SYNCHRONOUS_FULL: i64 = 2;
pub(super) const BUSY: Duration = Duration::from_secs(30);

/// The way SQLite takes to the disk; its own unless a test puts a failing one in between.
pub(super) type Vfs = Option<&'static str>;

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
pub(super) fn prepare(options: &OpenOptions, vfs: Vfs) -> Result<Option<Connection>, LedgerError> {
    let path = &options.path;
    if options.read_only {
        if !path.exists() {
            return Err(LedgerError::Missing(path.clone()));
        }
        check_header(path)?;
        check(&source(options, vfs)?, options)?;
        return Ok(None);
    }
    create_files(path)?;
    failpoint::reach("open.created");
    check_header(path)?;
    let mut connection = connect(path, flags(false), vfs)?;
    connection.busy_timeout(BUSY)?;
    if !is_finished(&connection)? {
        finish(&mut connection, options)?;
    }
    set_pragmas(&connection, path)?;
    check(&connection, options)?;
    Ok(Some(connection))
}

/// A connection that can only read.
pub(super) fn reader(options: &OpenOptions, vfs: Vfs) -> Result<Connection, LedgerError> {
    let connection = source(options, vfs)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", READER_CACHE_KIB)?;
    Ok(connection)
}

/// Two of them, opened side by side: each reads the whole schema first.
pub(super) fn two_readers(
    options: &OpenOptions,
    vfs: Vfs,
) -> Result<(Connection, Connection), LedgerError> {
    std::thread::scope(|scope| {
        let other = scope.spawn(move || reader(options, vfs));
        let one = reader(options, vfs)?;
        Ok((one, other.join().unwrap_or(Err(LedgerError::Stopped))?))
    })
}

/// A connection that does not write to the database, but may write a copy of it elsewhere.
pub(super) fn source(options: &OpenOptions, vfs: Vfs) -> Result<Connection, LedgerError> {
    let connection = match connect(&options.path, flags(true), vfs) {
        Ok(connection) if readable(&connection) => connection,
        // A folder we may not write to: without a write-ahead log beside it the file can be read
        // as it is.
        _ if options.read_only && !wal_in_use(&options.path) => connect(
            format!("file:{}?immutable=1", uri_path(&options.path)).as_ref(),
            flags(true) | OpenFlags::SQLITE_OPEN_URI,
            vfs,
        )?,
        Ok(connection) => connection,
        Err(error) => return Err(error),
    };
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn connect(path: &Path, flags: OpenFlags, vfs: Vfs) -> Result<Connection, LedgerError> {
    let connection = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        None => Connection::open_with_flags(path, flags)?,
    };
    seal::register(&connection)?;
    names::register(&connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // Else SQLite plans most of them anew each time a value is bound, in case another would do.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// An empty ledger in memory: the schema as this program makes it.
#[cfg(test)]
pub(super) fn in_memory() -> Result<Connection, LedgerError> {
    let mut connection = Connection::open_in_memory()?;
    seal::register(&connection)?;
    names::register(&connection)?;
    embedded::migrations::runner()
        .run(&mut connection)
        .map_err(|error| LedgerError::Upgrade(Box::new(error)))?;
    Ok(connection)
}

/// The schema as an earlier program made it.
#[cfg(test)]
pub(super) fn as_of(connection: &mut Connection, version: i32) {
    seal::register(connection).unwrap();
    names::register(connection).unwrap();
    let target = refinery::Target::Version(version);
    let runner = embedded::migrations::runner().set_target(target);
    runner.run(connection).unwrap();
    let named = connection.pragma_update(None, "application_id", APPLICATION_ID);
    named.unwrap();
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

fn set_pragmas(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    check_durable(connection, path)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "recursive_triggers", true)?;
    // An import touches pages all over the file; a larger cache keeps them from going to disk twice.
    connection.pragma_update(None, "cache_size", WRITER_CACHE_KIB)?;
    // An import writes most pages in each of its batches: copied back once, not once a batch.
    connection.pragma_update(None, "wal_autocheckpoint", WRITER_LOG_PAGES)?;
    // What is erased is overwritten where that writes no further page.
    connection.pragma_update(None, "secure_delete", "FAST")?;
    // Triggers that can abort keep a journal per statement: in memory it costs no system calls.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// R3: what is acknowledged survives a power cut. SQLite answers a mode it cannot have with the one
/// it keeps, and no error.
fn check_durable(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    if journal == "wal" && synchronous == SYNCHRONOUS_FULL {
        Ok(())
    } else {
        Err(LedgerError::NotDurable {
            path: path.to_owned(),
            journal,
            synchronous,
        })
    }
}

/// True when nothing is left to create or upgrade, or the file is newer than this program.
fn is_finished(connection: &Connection) -> Result<bool, LedgerError> {
    Ok(version(connection)? >= NEWEST
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
    failpoint::reach("open.locked");
    check_ours(connection, &options.path)?;
    let found = version(connection)?;
    if found > NEWEST {
        return Err(too_new(options, found));
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    failpoint::reach("open.named");
    // Grouped: schema and history are one transaction.
    embedded::migrations::runner()
        .set_grouped(true)
        .run(connection)
        .map_err(|error| LedgerError::Upgrade(Box::new(error)))?;
    failpoint::reach("open.migrated");
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
        known: NEWEST,
    }
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

fn application_id(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "application_id", |row| row.get(0))
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
/// A file that cannot be read just now says nothing about whose it is: that keeps its cause.
fn check_ours(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let not_ours = || LedgerError::NotOurs(path.to_owned());
    match application_id(connection) {
        Ok(APPLICATION_ID) => return Ok(()),
        Ok(_) => {}
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Err(not_ours());
        }
        Err(error) => return Err(unreadable(error, path)),
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
    let connection = source(options, None)?;
    check_ours(&connection, &options.path)?;
    let found = version(&connection)?;
    if found > NEWEST {
        return Err(too_new(options, found));
    }
    check_environment(&connection, options)?;
    Ok(connection)
}

/// A read-only folder with an unfinished log beside the file, a full disk, a lock.
fn unreadable(error: rusqlite::Error, path: &Path) -> LedgerError {
    LedgerError::Unreadable {
        path: path.to_owned(),
        source: error,
    }
}

fn check(connection: &Connection, options: &OpenOptions) -> Result<(), LedgerError> {
    check_ours(connection, &options.path)?;
    let found = version(connection)?;
    let (path, known) = (options.path.clone(), NEWEST);
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

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::super::row::REFUND_TABLES;
    use super::*;

    fn options(folder: &tempfile::TempDir, read_only: bool) -> OpenOptions {
        OpenOptions {
            path: folder.path().join("desk.db"),
            environment: "sandbox".into(),
            read_only,
            now: DateTime::default(),
        }
    }

    /// The writing connection of a new database.
    fn create(folder: &tempfile::TempDir) -> Connection {
        prepare(&options(folder, false), None).unwrap().unwrap()
    }

    #[test]
    fn the_newest_migration_is_the_one_written_down() {
        let runner = embedded::migrations::runner();
        let versions = runner.get_migrations().iter().map(|it| it.version());
        assert_eq!(versions.max().map(i64::from), Some(NEWEST));
    }

    /// To plan each question anew at each asking took a fifth of the time of a desk at work.
    #[test]
    fn a_question_asked_again_is_not_planned_again() {
        let folder = tempfile::tempdir().unwrap();
        let connection = create(&folder);
        let question = format!("SELECT 1 FROM {REFUND_TABLES} WHERE r.id = ?1");
        for _ in 0..3 {
            let mut statement = connection.prepare_cached(&question).unwrap();
            assert!(!statement.exists(["a"]).unwrap());
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }

    /// What the first version let happen is put right when its file is opened: refunds that would
    /// never expire, and overdrafts nobody was told of.
    #[test]
    fn an_older_file_is_upgraded_with_what_it_left_undone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let mut old = Connection::open(&path).unwrap();
        embedded::migrations::runner()
            .set_grouped(true)
            .set_target(refinery::Target::Version(1))
            .run(&mut old)
            .unwrap();
        old.execute_batch(
            "INSERT INTO import_files VALUES (1, 'a.csv', 'x', 'ina', 0);
             INSERT INTO accounts VALUES ('hub-us', 0, 1);
             BEGIN;
             INSERT INTO captures (payment_id, captured_at, captured_minor, external_minor, executed_minor)
             VALUES (7, 0, 1000, 0, 0);
             INSERT INTO payments (id, account, provider_payment_id, currency, captures, captured_at, captured_minor,
                 source_file, source_line) VALUES (7, 'hub-us', 'p', 'USD', 1, 0, 1000, 1, 1);
             COMMIT;
             INSERT INTO refunds (id, payment_id, capture_seq, account, kind, amount_minor, currency, reason, maker, hash,
                 policy_version, state, expires_at, created_at, updated_at)
             VALUES ('0199f0a0-0000-7000-8000-00000000000f', 7, 1, 'hub-us', 'refund', 600, 'USD', 'other', 'max',
                 printf('%064d', 0), 1, 'reserved', 77, 0, 0);
             UPDATE refunds SET state = 'awaiting_approval';
             UPDATE captures SET external_minor = 500, executed_minor = 500;",
        )
        .unwrap();
        drop(old);
        let upgraded = create(&folder);
        let due: i64 = upgraded
            .query_row("SELECT due_at FROM refunds", [], |row| row.get(0))
            .unwrap();
        let kind: String = upgraded
            .query_row(
                "SELECT kind FROM discrepancies WHERE payment_id = 7",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!((due, kind.as_str()), (77, "overdrawn"));
        let elsewhere: (i64, String, i64) = upgraded
            .query_row(
                "SELECT e.amount_minor, e.state, p.available_minor FROM external_refunds e JOIN payments p ON p.id = e.payment_id",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .unwrap();
        assert_eq!(elsewhere, (500, "done".to_owned(), -100));
    }

    /// Locks made of files have no shared memory, and without it there is no write-ahead log: as on
    /// some network disks, SQLite says nothing and keeps another journal.
    #[test]
    fn a_disk_that_cannot_keep_what_is_acknowledged_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let uri = format!("file:{}?vfs=unix-dotfile", uri_path(&path));
        let flags = OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_URI | flags(false);
        let connection = Connection::open_with_flags(uri, flags).unwrap();
        let refused = set_pragmas(&connection, &path);
        assert!(
            matches!(&refused, Err(LedgerError::NotDurable { journal, .. }) if journal != "wal"),
            "{refused:?}"
        );
    }

    #[test]
    fn syncing_less_than_in_full_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let connection = create(&folder);
        let path = folder.path().join("desk.db");
        assert!(check_durable(&connection, &path).is_ok());
        connection
            .pragma_update(None, "synchronous", "NORMAL")
            .unwrap();
        let refused = check_durable(&connection, &path);
        assert!(
            matches!(refused, Err(LedgerError::NotDurable { synchronous: 1, .. })),
            "{refused:?}"
        );
    }

    /// Its write-ahead log cannot be opened. The file is ours all the same.
    #[test]
    fn a_file_that_cannot_be_read_is_not_called_another_programs() {
        let folder = tempfile::tempdir().unwrap();
        drop(create(&folder));
        let copy = folder.path().join("copy");
        fs::create_dir(&copy).unwrap();
        fs::copy(folder.path().join("desk.db"), copy.join("desk.db")).unwrap();
        // Even root cannot open a folder as a file.
        fs::create_dir(copy.join("desk.db-wal")).unwrap();
        let options = OpenOptions {
            path: copy.join("desk.db"),
            ..options(&folder, true)
        };
        let refused = prepare(&options, None);
        assert!(
            matches!(refused, Err(LedgerError::Unreadable { .. })),
            "{refused:?}"
        );
    }
}
