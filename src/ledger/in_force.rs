//! What was in force at a time, and who had acted by then.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};

use super::Ledger;
use super::error::LedgerError;
use super::row::{millis, time};
use crate::domain::audit::Anchor;
use crate::domain::id::RefundId;

/// A rule as it was in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRule {
    /// What it is about.
    pub subject: String,
    /// Counted from 1.
    pub version: u32,
    /// Its figures; never empty.
    pub says: String,
    /// Who brought it.
    pub by: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What somebody did up to a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deeds {
    /// When first.
    pub first: DateTime<Utc>,
    /// When last.
    pub last: DateTime<Utc>,
    /// How often, by action.
    pub did: BTreeMap<String, u64>,
}

impl Ledger {
    /// The rules in force at a time, by subject; none that were gone by then.
    ///
    /// # Errors
    /// The database failed.
    pub async fn rules_at(&self, at: DateTime<Utc>) -> Result<Vec<PastRule>, LedgerError> {
        self.read(move |connection| {
            let rules = connection
                .prepare_cached(
                    "SELECT r.subject, r.version, r.says, r.by_whom, r.at FROM rules r
                     WHERE r.says <> '' AND r.version =
                         (SELECT max(o.version) FROM rules o WHERE o.subject = r.subject AND o.at <= ?1)
                     ORDER BY r.subject",
                )?
                .query_map([millis(at)], past_rule)?
                .collect::<Result<_, _>>()?;
            Ok(rules)
        })
        .await
    }

    /// One version of a rule.
    ///
    /// # Errors
    /// The database failed.
    pub async fn rule_version(
        &self,
        subject: &'static str,
        version: u32,
    ) -> Result<Option<PastRule>, LedgerError> {
        self.read(move |connection| {
            let rule = connection
                .prepare_cached(
                    "SELECT subject, version, says, by_whom, at FROM rules
                     WHERE subject = ?1 AND version = ?2",
                )?
                .query_row(params![subject, version], past_rule)
                .optional()?;
            Ok(rule)
        })
        .await
    }

    /// Everyone who acted before a time, by name. Reads the whole audit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deeds_before(
        &self,
        end: DateTime<Utc>,
    ) -> Result<BTreeMap<String, Deeds>, LedgerError> {
        self.read(move |connection| {
            let mut people: BTreeMap<String, Deeds> = BTreeMap::new();
            let mut statement = connection.prepare_cached(
                "SELECT actor, action, count(*), min(at), max(at) FROM audit WHERE at < ?1
                 GROUP BY actor, action",
            )?;
            let mut rows = statement.query([millis(end)])?;
            while let Some(row) = rows.next()? {
                let (first, last) = (time(row.get(3)?), time(row.get(4)?));
                let person = people.entry(row.get(0)?).or_insert_with(|| Deeds {
                    first,
                    last,
                    did: BTreeMap::new(),
                });
                person.first = person.first.min(first);
                person.last = person.last.max(last);
                let count = row.get::<_, i64>(2)?.unsigned_abs();
                person.did.insert(row.get(1)?, count);
            }
            Ok(people)
        })
        .await
    }

    /// Place and hash of the newest audit entry, of those written before a time if one is given.
    ///
    /// # Errors
    /// The database failed.
    pub async fn audit_head(
        &self,
        before: Option<DateTime<Utc>>,
    ) -> Result<Option<Anchor>, LedgerError> {
        self.read(move |connection| {
            let head = connection
                .prepare_cached(
                    "SELECT seq, hash FROM audit WHERE at < ?1 ORDER BY seq DESC LIMIT 1",
                )?
                .query_row([before.map_or(i64::MAX, millis)], |row| {
                    Ok(Anchor {
                        seq: row.get(0)?,
                        hash: row.get(1)?,
                    })
                })
                .optional()?;
            Ok(head)
        })
        .await
    }

    /// The refunds made from `from` on and before `to`, in the order of their ids.
    ///
    /// # Errors
    /// The database failed.
    pub async fn refunds_made(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<RefundId>, LedgerError> {
        self.read(move |connection| {
            let ids: Vec<String> = connection
                .prepare_cached(
                    "SELECT id FROM refunds WHERE created_at >= ?1 AND created_at < ?2 ORDER BY id",
                )?
                .query_map(params![millis(from), millis(to)], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            ids.into_iter()
                .map(|id| id.parse().map_err(|_| LedgerError::Damaged(id)))
                .collect()
        })
        .await
    }
}

fn past_rule(row: &rusqlite::Row<'_>) -> rusqlite::Result<PastRule> {
    Ok(PastRule {
        subject: row.get(0)?,
        version: row.get(1)?,
        says: row.get(2)?,
        by: row.get(3)?,
        since: time(row.get(4)?),
    })
}
