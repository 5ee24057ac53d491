//! Files that are read, and what an import of them did.

use serde::{Deserialize, Serialize};

use crate::domain::money::Money;

/// Settlement files to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The files, read by whoever asks.
    pub files: Vec<ImportFile>,
    /// Say what would happen, write nothing.
    pub dry_run: bool,
    /// Refuse unless there are just this many rows.
    pub expect_rows: Option<u64>,
    /// Refuse unless the amounts add up to these sums.
    pub expect_sums: Vec<Money>,
}

/// One settlement file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFile {
    /// Its name, for messages and the record.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Rows read.
    pub read: u64,
    /// Payments and captures that were not known.
    pub new: u64,
    /// Known, with something new about them.
    pub updated: u64,
    /// Known just so.
    pub unchanged: u64,
    /// Rows that could not be used.
    pub rejected: u64,
    /// Where they are, with line and reason.
    pub rejects_file: Option<String>,
    /// Nothing was written.
    pub dry_run: bool,
}
