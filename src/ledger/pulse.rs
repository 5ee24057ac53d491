//! How each account's provider stands, shared by the processes that use this file.

use std::collections::BTreeMap;

use rusqlite::params;

use super::Ledger;
use super::error::LedgerError;
use super::row::{millis, time};
use crate::domain::pulse::Pulse;

impl Ledger {
    /// Keeps what an exchange showed. Silence asked for is only ever extended.
    ///
    /// # Errors
    /// The database failed; nothing about money depends on this.
    pub async fn note_pulse(&self, account: String, pulse: Pulse) -> Result<(), LedgerError> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO account_pulse
                         (account, answered_at, latency_ms, failing_since, said, skew_ms, skew_at, quiet_until)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                     ON CONFLICT (account) DO UPDATE SET
                         answered_at   = coalesce(excluded.answered_at, answered_at),
                         latency_ms    = coalesce(excluded.latency_ms, latency_ms),
                         failing_since = excluded.failing_since,
                         said          = excluded.said,
                         skew_ms       = coalesce(excluded.skew_ms, skew_ms),
                         skew_at       = coalesce(excluded.skew_at, skew_at),
                         quiet_until   = coalesce(max(excluded.quiet_until, coalesce(quiet_until, 0)), quiet_until)",
                )?
                .execute(params![
                    account,
                    pulse.answered_at.map(millis),
                    pulse.latency_ms,
                    pulse.failing_since.map(millis),
                    pulse.said,
                    pulse.skew_ms,
                    pulse.skew_at.map(millis),
                    pulse.quiet_until.map(millis),
                ])?;
            Ok(())
        })
        .await
    }

    /// What is known of every account that was ever asked.
    ///
    /// # Errors
    /// The database failed.
    pub async fn pulses(&self) -> Result<BTreeMap<String, Pulse>, LedgerError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT account, answered_at, latency_ms, failing_since, said, skew_ms, skew_at, quiet_until
                 FROM account_pulse",
            )?;
            let found = statement.query_map([], |row| Ok((row.get(0)?, pulse(row)?)))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// How many refunds of an account wait for a look, now or later.
    ///
    /// # Errors
    /// The database failed.
    pub async fn looks_waiting(&self, account: String) -> Result<usize, LedgerError> {
        self.read(move |connection| {
            let count: i64 = connection
                .prepare_cached(
                    "SELECT count(*) FROM refunds
                     WHERE state IN ('pending', 'action_required', 'unknown', 'succeeded')
                       AND account = ?1 AND due_at IS NOT NULL",
                )?
                .query_row([account], |row| row.get(0))?;
            Ok(usize::try_from(count).unwrap_or(0))
        })
        .await
    }
}

fn pulse(row: &rusqlite::Row<'_>) -> rusqlite::Result<Pulse> {
    let at = |index| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(index)?.map(time));
    Ok(Pulse {
        answered_at: at(1)?,
        latency_ms: row.get(2)?,
        failing_since: at(3)?,
        said: row.get(4)?,
        skew_ms: row.get(5)?,
        skew_at: at(6)?,
        quiet_until: at(7)?,
    })
}
