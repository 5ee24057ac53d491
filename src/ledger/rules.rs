//! The rules in force: the policy, where each account's money goes, and the file that says so. Every change is kept, with
//! who opened the desk that brought it, and stands in the audit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::error::LedgerError;
use super::row::millis;

/// The subject of the policy; its version is what refunds are routed and approved under.
pub const POLICY: &str = "policy";

/// A rule as the configuration states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `config`, `policy`, or `account NAME`.
    pub subject: String,
    /// Its figures in one line, the same for the same meaning; empty: it is gone.
    pub says: String,
}

/// Rules to be taken over, by whom and when.
#[derive(Clone, Debug)]
pub(super) struct Adoption {
    rules: Vec<Rule>,
    by: String,
    now: DateTime<Utc>,
}

/// Rules that are written together with the first deed of a new ledger.
#[derive(Clone, Default)]
pub(super) struct Pending(Arc<Mutex<Option<Adoption>>>);

impl Pending {
    fn slot(&self) -> MutexGuard<'_, Option<Adoption>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be written now, if anything.
    pub(super) fn adoption(&self) -> Option<Adoption> {
        self.slot().clone()
    }

    /// It is written.
    pub(super) fn done(&self) {
        *self.slot() = None;
    }
}

impl Ledger {
    /// Takes over the rules of a configuration and returns the version of the policy. Blocks; do it
    /// where the ledger is opened. A new ledger stays empty until something is done with it: there
    /// they are written with the first deed. Read-only, nothing is written, and a policy that
    /// differs from the last one has the version it would get.
    ///
    /// # Errors
    /// The database failed.
    pub fn adopt(
        &self,
        rules: Vec<Rule>,
        by: String,
        now: DateTime<Utc>,
    ) -> Result<u32, LedgerError> {
        let adoption = Adoption { rules, by, now };
        let wanted = adoption.rules.clone();
        let (version, any, new_ledger) = self.scanner.run_blocking(move |connection| {
            let (version, news) = look(connection, &wanted)?;
            Ok((version, !news.is_empty(), is_new(connection)?))
        })?;
        if !any || self.writer.is_none() {
            return Ok(version);
        }
        if new_ledger {
            *self.pending.slot() = Some(adoption);
            return Ok(version);
        }
        self.write_blocking(move |connection| write_all(connection, &adoption))
    }
}

/// Nothing was ever done with it.
fn is_new(connection: &Connection) -> Result<bool, LedgerError> {
    let new = connection
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM audit)")?
        .query_row([], |row| row.get(0))?;
    Ok(new)
}

/// Writes what is new, in the caller's transaction: another process may have been quicker.
pub(super) fn write_all(connection: &Connection, adoption: &Adoption) -> Result<u32, LedgerError> {
    let (version, news) = look(connection, &adoption.rules)?;
    for rule in &news {
        write(connection, rule, &adoption.by, adoption.now)?;
    }
    Ok(version)
}

/// The policy's version once `rules` are in force, and the rules that are new.
fn look(connection: &Connection, rules: &[Rule]) -> Result<(u32, Vec<Rule>), LedgerError> {
    let mut news = Vec::new();
    for rule in rules {
        if in_force(connection, &rule.subject)?.1 != rule.says {
            news.push(rule.clone());
        }
    }
    let (version, _) = in_force(connection, POLICY)?;
    let raised = news.iter().any(|rule| rule.subject == POLICY);
    news.extend(gone(connection, rules)?);
    Ok((version + u32::from(raised), news))
}

fn in_force(connection: &Connection, subject: &str) -> Result<(u32, String), LedgerError> {
    let found = connection
        .prepare_cached(
            "SELECT version, says FROM rules WHERE subject = ?1 ORDER BY version DESC LIMIT 1",
        )?
        .query_row([subject], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Subjects the configuration no longer names.
fn gone(connection: &Connection, rules: &[Rule]) -> Result<Vec<Rule>, LedgerError> {
    let known: Vec<String> = connection
        .prepare_cached("SELECT DISTINCT subject FROM rules ORDER BY subject")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut gone = Vec::new();
    for subject in known {
        let named = rules.iter().any(|rule| rule.subject == subject);
        if !named && !in_force(connection, &subject)?.1.is_empty() {
            gone.push(Rule {
                subject,
                says: String::new(),
            });
        }
    }
    Ok(gone)
}

fn write(
    connection: &Connection,
    rule: &Rule,
    by: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let (version, before) = in_force(connection, &rule.subject)?;
    connection
        .prepare_cached(
            "INSERT INTO rules (subject, version, says, by_whom, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            rule.subject,
            version + 1,
            rule.says,
            by,
            millis(now)
        ])?;
    let words = |says: &str| match says {
        "" => "none".to_owned(),
        says => says.to_owned(),
    };
    let detail = format!(
        "version={} now={} before={}",
        version + 1,
        words(&rule.says),
        words(&before)
    );
    let kind = rule.subject.split(' ').next().unwrap_or_default();
    audit::append(
        connection,
        &Deed {
            at: now,
            actor: by,
            action: &format!("{kind}.changed"),
            subject: &rule.subject,
            detail: &detail,
        },
    )
}
