//! The send journal: every send, written to a file outside the database before its bytes go out.
//!
//! A restore replaces the database and forgets what was sent since the backup; this file is what
//! remembers it. JSON Lines, one line at a time, each flushed to the disk and never changed. A line
//! carries the SHA-256 of its content, so that damage is noticed. It holds ids and amounts, no
//! personal data.
//!
//! Order: the attempt is committed to the database first, then journalled, then its bytes go out.
//! A crash after the commit leaves an attempt that never went out and is asked about like any other
//! unknown one. A crash after the line leaves a line the database knows. So a line that the
//! database does not know has one meaning only: the database is older than the journal.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::audit::Anchor;
use crate::domain::digest::Canonical;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::money::Currency;
use crate::failpoint;

/// How much of the end is looked at when a database is opened.
const TAIL: u64 = 64 * 1024;

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub(super) enum Line {
    /// The first line.
    Began(Began),
    /// Bytes are about to go out.
    Sent(Box<Sent>),
    /// It is proven that a send was not executed: a restore need not hold for it.
    NotExecuted(SendName),
    /// The line before was cut off in the writing: its bytes never went out.
    Torn,
}

/// Where a journal begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Began {
    pub environment: String,
    pub at: DateTime<Utc>,
    /// Sends the database had before: about those the journal knows nothing.
    pub sends_before: i64,
}

impl Began {
    /// Tells this journal from another that began later in its place.
    pub(super) fn identity(&self) -> String {
        Canonical::new("journal-began")
            .text(&self.environment)
            .integer(self.at.timestamp_millis())
            .integer(self.sends_before)
            .hex()
    }
}

/// Which send of which attempt.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct SendName {
    pub refund: RefundId,
    pub step: String,
    pub number: u32,
    pub send: i64,
}

/// Everything a restored database must know of a send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    #[serde(flatten)]
    pub name: SendName,
    pub account: String,
    pub payment: PaymentId,
    pub provider_payment_id: String,
    pub capture_id: Option<String>,
    /// Minor units.
    pub amount: i64,
    pub compensation: i64,
    pub currency: Currency,
    pub kind: String,
    /// The caller's key of the decision, so that it still names this refund.
    pub caller_key: Option<String>,
    pub idempotency_key: String,
    pub correlation: String,
    /// Of the request: method, URL, key, correlation and body.
    pub sha256: String,
    pub at: DateTime<Utc>,
    pub epoch: String,
    /// The newest entry of the audit then.
    pub audit_seq: i64,
    pub audit_hash: String,
}

/// A line with the place where it begins, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub offset: u64,
    pub line: Line,
}

/// The newest entry of the audit when a send was journalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Headed {
    pub offset: u64,
    pub refund: RefundId,
    pub anchor: Anchor,
}

/// A journal as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    pub lines: Vec<Placed>,
    /// Numbers of lines that cannot be read, from 1.
    pub damaged: Vec<u64>,
    /// Bytes in all.
    pub length: u64,
}

impl Contents {
    /// How the journal began; none: it is missing or its first line is damaged.
    pub(super) fn began(&self) -> Option<&Began> {
        match self.lines.first() {
            Some(Placed {
                offset: 0,
                line: Line::Began(began),
            }) => Some(began),
            _ => None,
        }
    }
}

/// The file.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal of a database.
    pub(super) fn beside(database: &Path) -> Self {
        Self {
            path: database.with_file_name("journal").join("sends.jsonl"),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes sure that lines can be written, before anything else is.
    pub(super) fn ready(&self) -> io::Result<()> {
        self.open().map(drop)
    }

    /// Adds lines and returns once they are on the disk. An empty journal begins with `began`.
    pub(super) fn append(
        &self,
        began: impl FnOnce() -> io::Result<Began>,
        lines: &[Line],
    ) -> io::Result<()> {
        let mut file = self.open()?;
        // One writer at a time: a missing line end then means that a writer died in the writing.
        file.lock()?;
        let length = file.metadata()?.len();
        let mut text = String::new();
        if length == 0 {
            text.push_str(&framed(&Line::Began(began()?))?);
        } else if !ends_with_line_end(&mut file)? {
            text.push('\n');
            text.push_str(&framed(&Line::Torn)?);
        }
        for line in lines {
            text.push_str(&framed(line)?);
        }
        failpoint::reach("journal.opened");
        file.write_all(text.as_bytes())?;
        failpoint::reach("journal.written");
        file.sync_data()?;
        failpoint::reach("journal.flushed");
        Ok(())
    }

    fn open(&self) -> io::Result<File> {
        let mut options = fs::OpenOptions::new();
        options.read(true).append(true).mode(0o600);
        match options.open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        let folder = self.path.parent().unwrap_or_else(|| Path::new("/"));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let file = options.create(true).open(&self.path)?;
        // The names too must survive a power cut.
        for folder in [Some(folder), folder.parent()].into_iter().flatten() {
            File::open(folder)?.sync_all()?;
        }
        Ok(file)
    }

    /// The last lines that can be read; none when there is no journal.
    pub(super) fn tail(&self) -> io::Result<Vec<Placed>> {
        let Some(mut file) = self.open_to_read()? else {
            return Ok(Vec::new());
        };
        let start = file.metadata()?.len().saturating_sub(TAIL);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // A look into the middle begins in some line; that one is left out.
        let skip = match start {
            0 => 0,
            _ => bytes
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(bytes.len(), |at| at + 1),
        };
        let begin = start + skip as u64;
        Ok(read(&bytes[skip..], begin).lines)
    }

    /// How it began; none: it is missing or its first line is damaged.
    pub(super) fn began(&self) -> io::Result<Option<Began>> {
        let Some(file) = self.open_to_read()? else {
            return Ok(None);
        };
        let mut first = Vec::new();
        BufReader::new(file).read_until(b'\n', &mut first)?;
        Ok(read(&first, 0).began().cloned())
    }

    /// Everything; `None` when there is no journal.
    pub(super) fn read(&self) -> io::Result<Option<Contents>> {
        let Some(mut file) = self.open_to_read()? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(read(&bytes, 0)))
    }

    /// How it began, and what the audit ended with when each line was written, oldest first. Reads line by line: the
    /// journal grows with every send.
    pub(super) fn heads(&self) -> io::Result<(Option<Began>, Vec<Headed>)> {
        let Some(file) = self.open_to_read()? else {
            return Ok((None, Vec::new()));
        };
        let mut heads = Vec::new();
        let mut offset = 0;
        let mut reader = BufReader::new(file);
        let mut text = Vec::new();
        while reader.read_until(b'\n', &mut text)? > 0 {
            if let Some(Line::Sent(sent)) = unframed(&text) {
                heads.push(Headed {
                    offset,
                    refund: sent.name.refund,
                    anchor: Anchor {
                        seq: sent.audit_seq,
                        hash: sent.audit_hash,
                    },
                });
            }
            offset += text.len() as u64;
            text.clear();
        }
        Ok((self.began()?, heads))
    }

    fn open_to_read(&self) -> io::Result<Option<File>> {
        match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }
}

fn ends_with_line_end(file: &mut File) -> io::Result<bool> {
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[derive(Serialize, Deserialize)]
struct Framed<'a> {
    sha256: String,
    #[serde(borrow)]
    entry: &'a RawValue,
}

fn framed(line: &Line) -> io::Result<String> {
    let entry = serde_json::value::to_raw_value(line)?;
    let mut text = serde_json::to_string(&Framed {
        sha256: digest(entry.get()),
        entry: &entry,
    })?;
    text.push('\n');
    Ok(text)
}

fn digest(entry: &str) -> String {
    Canonical::new("send-journal").text(entry).hex()
}

/// A line as it was written, or `None` for a damaged one.
fn unframed(text: &[u8]) -> Option<Line> {
    let framed: Framed<'_> = serde_json::from_slice(text).ok()?;
    let entry = framed.entry.get();
    (digest(entry) == framed.sha256)
        .then(|| serde_json::from_str(entry).ok())
        .flatten()
}

/// The lines of `bytes`, which begin at `offset`. A last line without its end was never flushed,
/// and one that is followed by [`Line::Torn`] neither: those are no damage.
fn read(bytes: &[u8], offset: u64) -> Contents {
    let mut contents = Contents {
        length: offset + bytes.len() as u64,
        ..Contents::default()
    };
    let mut at = offset;
    for (index, text) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let number = index as u64 + 1;
        let whole = text.ends_with(b"\n");
        match unframed(text) {
            Some(line) if whole => {
                if line == Line::Torn {
                    contents.damaged.retain(|damaged| *damaged + 1 != number);
                }
                contents.lines.push(Placed { offset: at, line });
            }
            _ if whole => contents.damaged.push(number),
            _ => {}
        }
        at += text.len() as u64;
    }
    contents
}

#[cfg(test)]
mod tests;
