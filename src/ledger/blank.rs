//! New ledgers for tests: made once and copied, since making the tables takes longer than most
//! tests do.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use super::{Ledger, OpenOptions};

/// Puts a new sandbox ledger where nothing is yet.
pub fn put(path: &Path) {
    if !path.exists() {
        fs::write(path, file()).unwrap();
    }
}

fn file() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let options = OpenOptions {
            path: path.clone(),
            environment: "sandbox".into(),
            read_only: false,
            now: chrono::DateTime::UNIX_EPOCH,
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
