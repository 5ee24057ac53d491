//! What has no refund: an entry that nothing of ours explains, an advice for a refund that is none of
//! ours. Each waits until a person says what it was.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::super::Ledger;
use super::super::error::LedgerError;
use super::super::row::{millis, time};
use super::tell;

/// What has no refund, and waits for a person to say what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooseEnd {
    /// Our number of it.
    pub id: i64,
    /// The provider account, where it is known.
    pub account: Option<String>,
    /// The facts.
    pub detail: String,
    /// When it was noticed.
    pub at: DateTime<Utc>,
}

impl Ledger {
    /// What has no refund and nobody has explained, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn loose_ends(&self) -> Result<Vec<LooseEnd>, LedgerError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(
                    "SELECT seq, account, detail, at FROM loose_ends WHERE closed_at IS NULL ORDER BY seq",
                )?
                .query_map([], |row| {
                    Ok(LooseEnd {
                        id: row.get(0)?,
                        account: row.get(1)?,
                        detail: row.get(2)?,
                        at: time(row.get(3)?),
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(found)
        })
        .await
    }

    /// Says what a loose end was.
    ///
    /// # Errors
    /// There is none of that number, or it is closed.
    pub async fn close_loose_end(
        &self,
        id: i64,
        by: String,
        note: String,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| {
            let closed = connection.execute(
                "UPDATE loose_ends SET closed_by = ?2, closed_at = ?3, note = ?4
                 WHERE seq = ?1 AND closed_at IS NULL",
                params![id, by, millis(now), note],
            )?;
            if closed == 0 {
                return Err(LedgerError::NotFound("unexplained entry of that number"));
            }
            let detail = format!("loose_end={id} note={note}");
            tell(connection, "bank", &by, "bank.explained", &detail, now)
        })
        .await
    }
}

/// Adds a loose end, in the caller's transaction.
pub(super) fn loose_end(
    connection: &Connection,
    account: Option<&str>,
    kind: &str,
    detail: &str,
    entry: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let added = connection
        .prepare_cached(
            "INSERT INTO loose_ends (account, kind, detail, entry, at)
             SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM loose_ends
                 WHERE closed_at IS NULL AND kind = ?2 AND detail = ?3 AND coalesce(account, '') = coalesce(?1, '')
                   AND coalesce(entry, '') = coalesce(?4, ''))",
        )?
        .execute(params![account, kind, detail, entry, millis(now)])?;
    if added == 0 {
        return Ok(());
    }
    let told = format!("loose_end={} kind={kind}", connection.last_insert_rowid());
    tell(
        connection,
        account.unwrap_or("bank"),
        "desk",
        "bank.unexplained",
        &told,
        now,
    )
}
