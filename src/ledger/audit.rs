//! The audit chain in SQL: append and read.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::Ledger;
use super::error::LedgerError;
use super::row::{millis, time};
use crate::domain::audit::{AuditEntry, AuditFilter, GENESIS};
use crate::failpoint;

/// A send that was taken over from the send journal: it counts like one of our own.
pub(super) const SEND_TAKEN_OVER: &str = "refund.send_taken_over";

/// A later step of a refund that was sent (T25).
pub(super) const STEP_SENT: &str = "refund.step_sent";

/// What is to be recorded; place in the chain and hash follow.
#[derive(Clone, Debug)]
pub(super) struct Deed<'a> {
    pub at: DateTime<Utc>,
    pub actor: &'a str,
    pub action: &'a str,
    pub subject: &'a str,
    pub detail: &'a str,
}

/// Tells of one deed about a subject, in the caller's transaction.
pub(super) fn tell(
    connection: &Connection,
    subject: &str,
    actor: &str,
    action: &str,
    detail: &str,
    at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    append(
        connection,
        &Deed {
            at,
            actor,
            action,
            subject,
            detail,
        },
    )
}

/// Adds an entry at the end of the chain, in the caller's transaction.
pub(super) fn append(connection: &Connection, deed: &Deed<'_>) -> Result<(), LedgerError> {
    let (seq, previous) = newest(connection)?.unwrap_or((0, GENESIS.to_owned()));
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
    failpoint::reach("audit.appended");
    Ok(())
}

/// Place and hash of the newest entry, in the caller's transaction.
pub(super) fn newest(connection: &Connection) -> Result<Option<(i64, String)>, LedgerError> {
    Ok(connection
        .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// The entries after a place, in the order of the chain, until `look` has seen enough; in the
/// caller's transaction.
pub(super) fn each_after(
    connection: &Connection,
    seq: i64,
    mut look: impl FnMut(AuditEntry) -> ControlFlow<()>,
) -> Result<(), LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, actor, action, subject, detail, previous, hash FROM audit
         WHERE seq > ?1 ORDER BY seq",
    )?;
    let mut rows = statement.query([seq])?;
    while let Some(row) = rows.next()? {
        if look(entry(row)?).is_break() {
            break;
        }
    }
    Ok(())
}

/// Every entry about a subject, in the order of the chain; in the caller's transaction.
pub(super) fn about(
    connection: &Connection,
    subject: &str,
) -> Result<Vec<AuditEntry>, LedgerError> {
    let entries = connection
        .prepare_cached(
            "SELECT seq, at, actor, action, subject, detail, previous, hash FROM audit
             WHERE subject = ?1 ORDER BY seq",
        )?
        .query_map([subject], entry)?
        .collect::<Result<_, _>>()?;
    Ok(entries)
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
        let filter = AuditFilter {
            subject,
            ..AuditFilter::default()
        };
        self.audit_matching(filter, limit).await
    }

    /// The newest entries that match, oldest of them first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn audit_matching(
        &self,
        filter: AuditFilter,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, LedgerError> {
        self.read(move |connection| {
            let (sql, values) = newest_sql(&filter, limit);
            let mut entries = connection
                .prepare_cached(&sql)?
                .query_map(params_from_iter(values), entry)?
                .collect::<Result<Vec<_>, _>>()?;
            entries.reverse();
            Ok(entries)
        })
        .await
    }
}

/// Only what is asked for stands in the statement: one for every question would read the whole
/// chain to find a subject.
fn newest_sql(filter: &AuditFilter, limit: u32) -> (String, Vec<Value>) {
    let mut conditions = Vec::new();
    let mut values = Vec::new();
    let mut condition = |sql: &'static str, value: Option<Value>| {
        if let Some(value) = value {
            conditions.push(sql);
            values.push(value);
        }
    };
    let text = |text: &Option<String>| text.clone().map(Value::Text);
    condition("subject = ?", text(&filter.subject));
    condition("at >= ?", filter.since.map(|at| millis(at).into()));
    condition("actor = ?", text(&filter.actor));
    condition("instr(action, ?) = 1", text(&filter.action));
    let only = match conditions.is_empty() {
        true => String::new(),
        false => format!("WHERE {}", conditions.join(" AND ")),
    };
    let sql = format!(
        "SELECT seq, at, actor, action, subject, detail, previous, hash FROM audit
         {only} ORDER BY seq DESC LIMIT {limit}"
    );
    (sql, values)
}

#[cfg(test)]
pub(super) fn newest_plan(connection: &Connection) -> String {
    let filter = AuditFilter {
        subject: Some(String::new()),
        ..AuditFilter::default()
    };
    super::tests::plan(connection, &newest_sql(&filter, 1).0, [])
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
