//! What was written last, known outside the database: its newest audit entry.
//!
//! A damaged write-ahead log loses its end without a word: SQLite drops everything after the first
//! bad page, and refunds that were sent are as if they had never been. So the place and hash of
//! the newest entry also go to a small file beside the database, after each commit. It may lag
//! behind, after a crash or a power cut, and needs no sync of its own; it never runs ahead. An
//! entry it names that the database lacks was lost.

use std::fs;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::{Connection, OptionalExtension};

use super::audit;
use super::error::LedgerError;
use crate::domain::audit::Anchor;
use crate::domain::digest::Canonical;
use crate::domain::finding::{Finding, Flaw};

/// Place and hash of an audit entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    seq: i64,
    hash: String,
}

impl From<Anchor> for Head {
    fn from(anchor: Anchor) -> Self {
        Self {
            seq: anchor.seq,
            hash: anchor.hash,
        }
    }
}

impl Head {
    /// The newest entry, in the caller's transaction.
    pub(super) fn of(connection: &Connection) -> Result<Option<Self>, LedgerError> {
        let newest = audit::newest(connection)?;
        Ok(newest.map(|(seq, hash)| Self { seq, hash }))
    }

    /// As the audit names it.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.seq, self.hash)
    }

    /// One line of fixed length, so that it is written over in one piece.
    fn line(&self) -> String {
        let check = Canonical::new("head")
            .integer(self.seq)
            .text(&self.hash)
            .hex();
        format!("{:020} {} {}\n", self.seq, self.hash, &check[..16])
    }

    /// None for a line that was written in part or is damaged itself: then nothing is known.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let head = Self {
            seq: words.next()?.parse().ok()?,
            hash: words.next()?.to_owned(),
        };
        (head.line() == line).then_some(head)
    }
}

/// The file beside the database.
#[derive(Debug)]
pub(super) struct HeadFile {
    path: PathBuf,
    noted: AtomicI64,
    lost: Option<Finding>,
}

impl HeadFile {
    /// The file of a database that was just opened, compared with what `connection` holds.
    pub(super) fn open(database: &Path, connection: &Connection) -> Result<Self, LedgerError> {
        let path = path_of(database);
        let lost = lost(known(&path).as_ref(), connection)?;
        Ok(Self {
            path,
            noted: AtomicI64::new(0),
            lost,
        })
    }

    /// What the database had lost when it was opened.
    pub(super) const fn lost(&self) -> Option<&Finding> {
        self.lost.as_ref()
    }

    /// What the file says now.
    pub(super) fn known(&self) -> Option<Head> {
        known(&self.path)
    }

    /// Refuses what moves money while something is lost.
    pub(super) fn trust(&self) -> Result<(), LedgerError> {
        match &self.lost {
            Some(finding) => Err(LedgerError::Untrusted(Box::new(finding.clone()))),
            None => Ok(()),
        }
    }

    /// Notes what was just committed. While something is lost the file stays as it is: it is the
    /// only trace. A failure is logged only: what lags behind is still true.
    pub(super) fn note(&self, head: Option<&Head>) {
        let Some(head) = head.filter(|head| head.seq > self.noted.load(Ordering::Relaxed)) else {
            return;
        };
        if self.lost.is_some() {
            return;
        }
        match self.write(head) {
            Ok(()) => self.noted.store(head.seq, Ordering::Relaxed),
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "cannot note the newest entry");
            }
        }
    }

    fn write(&self, head: &Head) -> io::Result<()> {
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&self.path)?;
        file.write_all_at(head.line().as_bytes(), 0)
    }
}

/// The file of a database.
pub(super) fn path_of(database: &Path) -> PathBuf {
    database.with_extension("head")
}

/// What a file says; `None` for one that is missing or damaged.
pub(super) fn known(path: &Path) -> Option<Head> {
    let line = fs::read_to_string(path).ok()?;
    Head::parse(&line)
}

/// What is known must have been read before `connection` took its snapshot: what is committed
/// meanwhile only adds to the chain.
pub(super) fn lost(
    known: Option<&Head>,
    connection: &Connection,
) -> Result<Option<Finding>, LedgerError> {
    let Some(known) = known else {
        return Ok(None);
    };
    let found: Option<String> = connection
        .query_row(
            "SELECT hash FROM audit WHERE seq = ?1",
            [known.seq],
            |row| row.get(0),
        )
        .optional()?;
    Ok((found.as_ref() != Some(&known.hash)).then(|| {
        Finding::of_all(
            Flaw::Lost,
            format!(
                "the database lacks record {}, which was written before; refunds since then may be missing from it",
                known.seq
            ),
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_back_and_a_damaged_one_is_not() {
        let head = Head {
            seq: 42,
            hash: "ab".repeat(32),
        };
        let line = head.line();
        assert_eq!(Head::parse(&line), Some(head));
        for at in 0..line.len() {
            let mut bytes = line.clone().into_bytes();
            bytes[at] ^= 1;
            assert_eq!(Head::parse(std::str::from_utf8(&bytes).unwrap()), None);
        }
        assert_eq!(Head::parse(""), None);
        assert_eq!(Head::parse(&line[..40]), None);
    }
}
