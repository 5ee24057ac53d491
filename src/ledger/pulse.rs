//! How each account's provider stands, shared by the processes that use this file.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::error::LedgerError;
use super::evidence::after;
use super::row::{millis, time};
use crate::domain::breaker::{LONGEST_INTERVAL, PROBE_LOST};
use crate::domain::budget::Budget;
use crate::domain::pulse::{Probe, Pulse};

/// How one exchange of a list is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Out of what polls leave.
    Spare,
    /// As a poll.
    Due,
    /// It goes on with what was begun: taken whatever is left.
    Owed,
}

/// What a look is taken out of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Share {
    /// The account's budget; `spread` in 0..=999 says where in the time it needs one that is too
    /// many goes.
    Budget { budget: Budget, spread: u16 },
    /// The same, for an exchange of a list.
    List { budget: Budget, turn: Turn },
    /// The one probe of a provider that does not answer.
    Probe,
}

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
                         (account, answered_at, latency_ms, failing_since, said, skew_ms, skew_at, quiet_until, probe_at, probe_tries)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                     ON CONFLICT (account) DO UPDATE SET
                         answered_at   = coalesce(excluded.answered_at, answered_at),
                         latency_ms    = coalesce(excluded.latency_ms, latency_ms),
                         failing_since = excluded.failing_since,
                         said          = excluded.said,
                         skew_ms       = coalesce(excluded.skew_ms, skew_ms),
                         skew_at       = coalesce(excluded.skew_at, skew_at),
                         quiet_until   = coalesce(max(excluded.quiet_until, coalesce(quiet_until, 0)), quiet_until),
                         -- Whoever was answered says that it answers; whoever was not may know less.
                         probe_at      = CASE WHEN excluded.failing_since IS NULL THEN NULL
                                              ELSE coalesce(excluded.probe_at, probe_at) END,
                         probe_tries   = CASE WHEN excluded.failing_since IS NULL THEN 0
                                              WHEN excluded.probe_at IS NULL THEN probe_tries
                                              ELSE excluded.probe_tries END",
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
                    pulse.probe.map(|probe| millis(probe.at)),
                    pulse.probe.map_or(0, |probe| probe.tries),
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
                "SELECT account, answered_at, latency_ms, failing_since, said, skew_ms, skew_at, quiet_until,
                        looks_until, probe_at, probe_tries
                 FROM account_pulse",
            )?;
            let found = statement.query_map([], |row| Ok((row.get(0)?, pulse(row)?)))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// True when a refund of an account is due for a look by then.
    ///
    /// # Errors
    /// The database failed.
    pub async fn look_due_by(
        &self,
        account: String,
        at: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        self.read(move |connection| {
            let due = connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM refunds
                     WHERE due_at <= ?2 AND account = ?1
                       AND +state IN ('pending', 'action_required', 'unknown', 'succeeded'))",
                )?
                .query_row(params![account, millis(at)], |row| row.get(0))?;
            Ok(due)
        })
        .await
    }

    /// Takes one exchange of a list out of what all processes may ask of an account. Some: not now,
    /// but in so long.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_turn(
        &self,
        account: String,
        budget: Budget,
        turn: Turn,
        now: DateTime<Utc>,
    ) -> Result<Option<Duration>, LedgerError> {
        let share = Share::List { budget, turn };
        self.write(move |connection| {
            let later = take(connection, &account, share, now)?;
            Ok(later.map(|at| (at - now).to_std().unwrap_or_default()))
        })
        .await
    }

    /// How many refunds of an account wait for a look, now or later.
    ///
    /// # Errors
    /// The database failed.
    pub async fn looks_waiting(&self, account: String) -> Result<usize, LedgerError> {
        self.read(move |connection| waiting(connection, &account))
            .await
    }
}

fn waiting(connection: &Connection, account: &str) -> Result<usize, LedgerError> {
    let count: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM refunds
             WHERE state IN ('pending', 'action_required', 'unknown', 'succeeded')
               AND account = ?1 AND due_at IS NOT NULL",
        )?
        .query_row([account], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Takes one look out of what all processes may make, in the caller's transaction. `None`: it is
/// taken; else when to try again.
pub(super) fn take(
    connection: &Connection,
    account: &str,
    share: Share,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, LedgerError> {
    let known = connection
        .prepare_cached("SELECT looks_until, probe_at FROM account_pulse WHERE account = ?1")?
        .query_row([account], |row| {
            let probe_at = row.get::<_, Option<i64>>(1)?.map(time);
            Ok((row.get::<_, Option<i64>>(0)?, probe_at))
        })
        .optional()?;
    let (spent, probe_at) = known.unwrap_or_default();
    let spent = spent.and_then(DateTime::from_timestamp_micros);
    let (spent, probe_at) = match share {
        // Later than any probe is made, it was written before a clock was set back.
        Share::Probe => {
            match probe_at.filter(|at| now < *at && *at <= after(now, LONGEST_INTERVAL)) {
                Some(at) => return Ok(Some(at)),
                None => (None, Some(after(now, PROBE_LOST))),
            }
        }
        Share::Budget { budget, spread } => match budget.take(spent, now) {
            Ok(then) => (Some(then), None),
            Err(wait) => {
                let window = budget.window(waiting(connection, account)?);
                let jitter = window * u32::from(spread.min(999)) / 1_000;
                return Ok(Some(after(now, wait + jitter)));
            }
        },
        Share::List { budget, turn } => {
            let taken = match turn {
                Turn::Spare => budget.take_spare(spent, now),
                Turn::Due => budget.take(spent, now),
                Turn::Owed => Ok(budget.owe(spent, now)),
            };
            match taken {
                Ok(then) => (Some(then), None),
                Err(wait) => return Ok(Some(after(now, wait))),
            }
        }
    };
    connection
        .prepare_cached(
            "INSERT INTO account_pulse (account, looks_until, probe_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (account) DO UPDATE SET
                 looks_until = coalesce(excluded.looks_until, looks_until),
                 probe_at    = coalesce(excluded.probe_at, probe_at)",
        )?
        .execute(params![
            account,
            spent.map(|spent| spent.timestamp_micros()),
            probe_at.map(millis)
        ])?;
    Ok(None)
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
        looks_until: row
            .get::<_, Option<i64>>(8)?
            .and_then(DateTime::from_timestamp_micros),
        probe: match at(9)? {
            Some(at) => Some(Probe {
                at,
                tries: row.get(10)?,
            }),
            None => None,
        },
    })
}
