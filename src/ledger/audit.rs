//! The audit chain in SQL: append and read.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::error::LedgerError;
use super::row::{millis, time};
use crate::domain::audit::{AuditEntry, GENESIS};

/// A send that was taken over from the send journal: it counts like one of our own.
pub(super) const SEND_TAKEN_OVER: &str = "refund.send_taken_over";

/// What is to be recorded; place in the chain and hash follow.
#[derive(Clone, Debug)]
pub(super) struct Deed<'a> {
    pub at: DateTime<Utc>,
    pub actor: &'a str,
    pub action: &'a str,
    pub subject: &'a str,
    pub detail: &'a str,
}

/// Adds an entry at the end of the chain, in the caller's transaction.
pub(super) fn append(connection: &Connection, deed: &Deed<'_>) -> Result<(), LedgerError> {
    let last: Option<(i64, String)> = connection
        .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (seq, previous) = last.unwrap_or((0, GENESIS.to_owned()));
    let mut entry = AuditEntry {
        seq: seq + 1,
        at: deed.at,
        actor: deed.actor.to_owned(),
        action: deed.action.to_owned(),
        subject: deed.subject.to_owned(),
        detail: deed.detail.to_owned(),
        previous,
        hash: String::new(),
    };
    entry.hash = entry.expected_hash();
    connection
        .prepare_cached(
            "INSERT INTO audit (seq, at, actor, action, subject, detail, previous, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            entry.seq,
            millis(entry.at),
            entry.actor,
            entry.action,
            entry.subject,
            entry.detail,
            entry.previous,
            entry.hash
        ])?;
    Ok(())
}

/// Place and hash of the newest entry, in the caller's transaction.
pub(super) fn newest(connection: &Connection) -> Result<Option<(i64, String)>, LedgerError> {
    Ok(connection
        .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// Every entry, first to last, in the caller's transaction.
pub(super) fn each(
    connection: &Connection,
    mut look: impl FnMut(AuditEntry),
) -> Result<(), LedgerError> {
    let mut statement = connection.prepare(
        "SELECT seq, at, actor, action, subject, detail, previous, hash FROM audit ORDER BY seq",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        look(entry(row)?);
    }
    Ok(())
}

impl Ledger {
    /// The newest entries, about one subject if given, oldest of them first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn audit(
        &self,
        subject: Option<String>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, LedgerError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&newest_sql(subject.is_some()))?;
            let mut entries = match subject {
                Some(subject) => statement.query_map(params![limit, subject], entry)?,
                None => statement.query_map([limit], entry)?,
            }
            .collect::<Result<Vec<_>, _>>()?;
            entries.reverse();
            Ok(entries)
        })
        .await
    }
}

/// Two statements: one for either would read the whole chain to find a subject.
fn newest_sql(of_subject: bool) -> String {
    let only = if of_subject { "WHERE subject = ?2" } else { "" };
    format!(
        "SELECT seq, at, actor, action, subject, detail, previous, hash FROM audit
         {only} ORDER BY seq DESC LIMIT ?1"
    )
}

#[cfg(test)]
pub(super) fn newest_plan(connection: &Connection) -> String {
    super::tests::plan(connection, &newest_sql(true), [])
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        seq: row.get(0)?,
        at: time(row.get(1)?),
        actor: row.get(2)?,
        action: row.get(3)?,
        subject: row.get(4)?,
        detail: row.get(5)?,
        previous: row.get(6)?,
        hash: row.get(7)?,
    })
}
