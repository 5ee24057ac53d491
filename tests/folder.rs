//! Where tests put their files.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use chrono::DateTime;
use refund_desk::ledger::{Ledger, OpenOptions};
use tempfile::TempDir;

const MEMORY: &str = "/dev/shm";
/// Less than this free there, and the disk is the safer place. In KiB.
const ROOM: u64 = 4_000_000;

/// In memory where the system has room for that: a killed process leaves there what it leaves on a
/// disk, and that files survive a power cut is proven elsewhere (`power`).
pub fn in_memory() -> TempDir {
    static HAS_ROOM: OnceLock<bool> = OnceLock::new();
    let in_memory = *HAS_ROOM.get_or_init(|| free_kib().is_some_and(|free| free > ROOM));
    let made = in_memory.then(|| tempfile::tempdir_in(MEMORY).ok());
    made.flatten()
        .unwrap_or_else(|| tempfile::tempdir().unwrap())
}

fn free_kib() -> Option<u64> {
    let told = Command::new("df")
        .args(["--output=avail", "-k", MEMORY])
        .output()
        .ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    text.lines().last()?.trim().parse().ok()
}

/// The file of a new sandbox ledger, made once: that every test makes its tables anew proves nothing
/// more.
pub fn blank_ledger() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let folder = in_memory();
        let path = folder.path().join("desk.db");
        let options = OpenOptions {
            path: path.clone(),
            environment: "sandbox".to_owned(),
            read_only: false,
            now: DateTime::UNIX_EPOCH,
        };
        drop(Ledger::open(&options).unwrap());
        let database = rusqlite::Connection::open(&path).unwrap();
        // The whole of it in the one file that is copied.
        database.busy_timeout(Duration::from_secs(30)).unwrap();
        let log = database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        assert_eq!(log, Ok(0), "somebody still reads");
        fs::read(&path).unwrap()
    })
}

/// A data folder with a new ledger, as the desk makes one when it first starts.
pub fn new_data(data: &Path) {
    fs::DirBuilder::new().mode(0o700).create(data).unwrap();
    let database = data.join("desk.db");
    fs::write(&database, blank_ledger()).unwrap();
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).unwrap();
}
