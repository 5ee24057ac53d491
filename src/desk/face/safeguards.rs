//! Backups, restores, and accounts that are closed for sending.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A backup that was taken and checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The file.
    pub file: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// The environment it belongs to.
    pub environment: String,
    /// The number of its newest audit entry; 0 in a new database.
    pub audit_seq: i64,
    /// The hash of its newest audit entry.
    pub audit_hash: Option<String>,
    /// Payments in it.
    pub payments: i64,
    /// Refunds in it.
    pub refunds: i64,
    /// When it was taken.
    pub at: DateTime<Utc>,
}

/// What keeps the desk's money safe when its database is lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Safeguards {
    /// When the last backup was taken.
    pub last_backup_at: Option<DateTime<Utc>>,
    /// How often one is taken by itself, in seconds; `None`: never.
    pub backup_every_seconds: Option<u64>,
    /// Where those go.
    pub backups_to: Option<PathBuf>,
    /// Why the last one that was due could not be taken.
    pub backup_failure: Option<String>,
    /// Accounts on which nothing is reserved or sent.
    pub closed: Vec<Closed>,
}

/// An account that is closed for sending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Its name; `*` for all.
    pub account: String,
    /// A code for programs: `restore`, `journal_incomplete`, `older_than_journal`.
    pub why: String,
    /// Why, for people.
    pub said: String,
    /// What opens it again.
    pub next: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Refunds its provider must still be asked about.
    pub unread: u32,
    /// Sends that the send journal shows and whose payment the database lacks.
    pub unplaced: u32,
}

/// A finished restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoration {
    /// What was restored.
    pub file: PathBuf,
    /// When it was taken, where it says so.
    pub taken_at: Option<DateTime<Utc>>,
    /// Where the replaced database is kept.
    pub kept: Option<PathBuf>,
    /// Refunds that were sent since the backup and are taken over from the send journal.
    pub from_journal: u32,
    /// Refunds that may have been paid: held until their provider was asked.
    pub unknown: u32,
    /// Refunds that were not sent: held, and wait for a person.
    pub waiting: u32,
    /// Sends that the send journal shows and whose payment the database lacks.
    pub unplaced: u32,
    /// Damaged lines of the send journal, by number.
    pub damaged_lines: Vec<u64>,
    /// The send journal tells everything sent since the backup.
    pub journal_complete: bool,
    /// The accounts that are closed for sending now.
    pub closed: Vec<String>,
}
