//! The figures of Radar: counted by the database, in one look at one moment.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::Ledger;
use super::error::LedgerError;
use super::row::{millis, time};
use crate::domain::radar::Counted;
use crate::domain::state::State;

/// Refunds are counted by the quarter of an hour they were made in: every zone's day begins with one.
const QUARTER_MS: i64 = 15 * 60 * 1000;
/// More refunds than these say no more about a provider's speed.
const MOST_TIMED: i64 = 20_000;

const UNDECIDED: &str = "SELECT r.account, r.state,
         (SELECT min(s.at) FROM sends s WHERE s.refund_id = r.id AND s.step = 'refund' AND s.not_executed = 0)
     FROM refunds r WHERE r.state IN
         ('reserved', 'awaiting_approval', 'approved', 'submitting', 'pending', 'action_required', 'unknown')";
const MADE: &str =
    "SELECT created_at / ?2 * ?2, state, count(*) FROM refunds WHERE created_at >= ?1
     GROUP BY created_at / ?2, state ORDER BY 1";
const REASONS: &str = "SELECT reason, count(*) FROM refunds WHERE created_at >= ?1
     GROUP BY reason ORDER BY count(*) DESC, reason";
const CAUSES: &str = "SELECT coalesce(cause, 'other'), count(*) FROM refunds
     WHERE created_at >= ?1 AND state IN ('failed', 'rejected')
     GROUP BY coalesce(cause, 'other') ORDER BY count(*) DESC, coalesce(cause, 'other')";
/// From the first send that counts to the provider's own word that it is done.
const TOOK: &str = "SELECT account, lately, done - sent FROM (
         SELECT r.account, r.created_at >= ?2 AS lately,
             (SELECT min(s.at) FROM sends s
              WHERE s.refund_id = r.id AND s.step = 'refund' AND s.not_executed = 0) AS sent,
             (SELECT min(o.at) FROM observations o
              WHERE o.refund_id = r.id AND o.source IN ('reply', 'inquiry', 'poll', 'message')
                AND (o.meaning = 'succeeded' OR o.meaning LIKE 'succeeded %')) AS done
         FROM (SELECT id, account, created_at FROM refunds
               WHERE state IN ('succeeded', 'settled', 'reversed') AND created_at >= ?1
               ORDER BY seq DESC LIMIT ?3) r)
     WHERE done >= sent ORDER BY account";

/// Since when what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Refunds by the time they were made.
    pub made: DateTime<Utc>,
    /// Reasons and causes.
    pub reasons: DateTime<Utc>,
    /// Speed, with what came before.
    pub timed: DateTime<Utc>,
    /// Speed of late.
    pub lately: DateTime<Utc>,
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Every refund that is not decided.
    pub undecided: Vec<Undecided>,
    /// Refunds made, oldest first.
    pub made: Vec<Made>,
    /// Why they were made, most first.
    pub reasons: Vec<Counted>,
    /// Why they were not paid, most first.
    pub causes: Vec<Counted>,
    /// How long those took that were done, by account.
    pub took: Vec<Took>,
}

/// A refund that is not decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// Its account.
    pub account: String,
    /// Where it stands.
    pub state: State,
    /// When it first went out and was not proven unexecuted.
    pub sent: Option<DateTime<Utc>>,
}

/// Refunds made within a quarter of an hour that are in one state now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The beginning of the quarter.
    pub from: DateTime<Utc>,
    /// The state.
    pub state: State,
    /// How many.
    pub count: u64,
}

/// How long one refund took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Took {
    /// Its account.
    pub account: String,
    /// It was made lately.
    pub lately: bool,
    /// From send to done, in milliseconds.
    pub ms: u64,
}

impl Ledger {
    /// The figures of Radar. It ends when nobody waits for it any more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn radar(&self, sweep: Sweep) -> Result<Figures, LedgerError> {
        self.scanner
            .run_while_wanted(move |connection| figures(&*connection.transaction()?, &sweep))
            .await
    }
}

fn figures(connection: &Connection, sweep: &Sweep) -> Result<Figures, LedgerError> {
    let reasons = millis(sweep.reasons);
    Ok(Figures {
        undecided: undecided(connection)?,
        made: made(connection, sweep.made)?,
        reasons: counted(connection, REASONS, reasons)?,
        causes: counted(connection, CAUSES, reasons)?,
        took: took(connection, sweep)?,
    })
}

fn state(name: String) -> Result<State, LedgerError> {
    State::from_name(&name).ok_or(LedgerError::Damaged(name))
}

fn undecided(connection: &Connection) -> Result<Vec<Undecided>, LedgerError> {
    let mut statement = connection.prepare_cached(UNDECIDED)?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Undecided {
            account: row.get(0)?,
            state: state(row.get(1)?)?,
            sent: row.get::<_, Option<i64>>(2)?.map(time),
        });
    }
    Ok(all)
}

fn made(connection: &Connection, since: DateTime<Utc>) -> Result<Vec<Made>, LedgerError> {
    let mut statement = connection.prepare_cached(MADE)?;
    let mut rows = statement.query(params![millis(since), QUARTER_MS])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Made {
            from: time(row.get(0)?),
            state: state(row.get(1)?)?,
            count: row.get::<_, i64>(2)?.unsigned_abs(),
        });
    }
    Ok(all)
}

fn counted(connection: &Connection, sql: &str, since: i64) -> Result<Vec<Counted>, LedgerError> {
    let all = connection
        .prepare_cached(sql)?
        .query_map([since], |row| {
            Ok(Counted {
                code: row.get(0)?,
                count: row.get::<_, i64>(1)?.unsigned_abs(),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(all)
}

fn took(connection: &Connection, sweep: &Sweep) -> Result<Vec<Took>, LedgerError> {
    let values = params![millis(sweep.timed), millis(sweep.lately), MOST_TIMED];
    let all = connection
        .prepare_cached(TOOK)?
        .query_map(values, |row| {
            Ok(Took {
                account: row.get(0)?,
                lately: row.get(1)?,
                ms: row.get::<_, i64>(2)?.unsigned_abs(),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(all)
}
