//! The audit against the send journal: each line names the newest entry of the audit as it was
//! then. An entry named there that the audit lacks was cut off or rewritten since.
//!
//! A restore goes back to a backup and so loses entries; it says up to which one it kept
//! (`ledger::rewind`), and what it took over of the journal lies before a place it remembers. Only
//! with both is a lost entry explained.

use std::io;

use rusqlite::{Connection, OptionalExtension};

use crate::domain::finding::{Finding, Flaw};
use crate::ledger::error::LedgerError;
use crate::ledger::journal::{Began, Headed};
use crate::ledger::rewind::handled;

/// What the journal names and the audit lacks, in one finding: where one is gone, all later are.
pub(super) fn check(
    connection: &Connection,
    heads: io::Result<(Option<Began>, Vec<Headed>)>,
) -> Result<Option<Finding>, LedgerError> {
    let (began, heads) = match heads {
        Ok(heads) => heads,
        Err(error) => {
            let detail = format!("the send journal cannot be read to compare the audit: {error}");
            return Ok(Some(Finding::of_all(Flaw::File, detail)));
        }
    };
    let kept = kept_by_restores(connection)?;
    let handled = handled(connection, began.as_ref())?;
    let mut missing = heads.iter().filter_map(|head| {
        let explained = head.offset < handled && kept.is_some_and(|kept| kept < head.anchor.seq);
        match is_there(connection, head) {
            Ok(true) => None,
            Ok(false) if explained => None,
            Ok(false) => Some(Ok(head)),
            Err(error) => Some(Err(error)),
        }
    });
    let Some(first) = missing.next().transpose()? else {
        return Ok(None);
    };
    let more = missing.count();
    Ok(Some(Finding {
        refund: Some(first.refund),
        ..Finding::of_all(Flaw::Lost, told(first, more))
    }))
}

fn told(first: &Headed, more: usize) -> String {
    let more = match more {
        0 => String::new(),
        more => format!(", and so do {more} more sends"),
    };
    format!(
        "the send journal names record {} for refund {}, and the audit lacks it{more}: it was cut off or rewritten",
        first.anchor.seq,
        first.refund.short()
    )
}

/// A journal that begins before the first entry names none.
fn is_there(connection: &Connection, head: &Headed) -> Result<bool, LedgerError> {
    if head.anchor.hash.is_empty() {
        return Ok(true);
    }
    let hash: Option<String> = connection
        .prepare_cached("SELECT hash FROM audit WHERE seq = ?1")?
        .query_row([head.anchor.seq], |row| row.get(0))
        .optional()?;
    Ok(hash.as_ref() == Some(&head.anchor.hash))
}

/// The earliest entry that a restore went back to; none: there was no restore.
fn kept_by_restores(connection: &Connection) -> Result<Option<i64>, LedgerError> {
    let mut statement =
        connection.prepare_cached("SELECT detail FROM audit WHERE action = 'database.restored'")?;
    let mut rows = statement.query([])?;
    let mut earliest: Option<i64> = None;
    while let Some(row) = rows.next()? {
        let detail: String = row.get(0)?;
        let kept = detail
            .split_whitespace()
            .find_map(|word| word.strip_prefix("backup_head="))
            .map_or(0, |head| {
                let seq = head.split(':').next().unwrap_or_default();
                seq.parse().unwrap_or(0)
            });
        earliest = Some(earliest.map_or(kept, |known| known.min(kept)));
    }
    Ok(earliest)
}
