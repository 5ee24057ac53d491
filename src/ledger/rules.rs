//! The rules in force: the policy, the roles, where each account's money goes, and the file that says so. Every change is
//! kept, with who opened the desk that brought it, and stands in the audit. Beside their words stand
//! whom and how much they allow, which the database holds refunds and approvals to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::error::LedgerError;
use super::row::millis;
use crate::domain::allowance::Amounts;
use crate::domain::role::Role;

/// The subject of the policy; its version is what refunds are routed and approved under.
pub const POLICY: &str = "policy";

/// A rule as the configuration states it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// `config`, `policy`, `role NAME` or `account NAME`.
    pub subject: String,
    /// Its figures in one line, the same for the same meaning; empty: it is gone.
    pub says: String,
    /// Whom it gives which role.
    pub grants: Vec<(Role, Named)>,
    /// How much it allows.
    pub figures: Vec<Figure>,
}

/// Whom a rule names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A user.
    User(String),
    /// The members of a group.
    Group(String),
}

/// One figure of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// `free_refund`, `free_day`, `hard_refund`, `hard_day`, `cap_per_day` or `approval_above`.
    pub name: &'static str,
    /// In each currency.
    pub amounts: Amounts,
}

/// What stands for every currency that is not named.
const OTHERS: &str = "*";

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
        let (version, any, new_ledger) = self.reader().run_blocking(move |connection| {
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
                ..Rule::default()
            });
        }
    }
    Ok(gone)
}

fn write_grants(connection: &Connection, rule: &Rule, version: u32) -> Result<(), LedgerError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO rule_grants (subject, version, role, kind, who) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (role, named) in &rule.grants {
        let (kind, who) = match named {
            Named::User(who) => ("user", who),
            Named::Group(who) => ("group", who),
        };
        statement.execute(params![rule.subject, version, role.name(), kind, who])?;
    }
    Ok(())
}

fn write_figures(connection: &Connection, rule: &Rule, version: u32) -> Result<(), LedgerError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO rule_figures (subject, version, name, currency, figure) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for Figure { name, amounts } in &rule.figures {
        let apart = amounts.apart.iter();
        let apart = apart.map(|(currency, minor)| (currency.code(), *minor));
        for (currency, figure) in apart.chain([(OTHERS, amounts.others_main)]) {
            statement.execute(params![rule.subject, version, name, currency, figure])?;
        }
    }
    Ok(())
}

fn write(
    connection: &Connection,
    rule: &Rule,
    by: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let (version, before) = in_force(connection, &rule.subject)?;
    // First of all: nothing is added to a rule that is there.
    write_grants(connection, rule, version + 1)?;
    write_figures(connection, rule, version + 1)?;
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
