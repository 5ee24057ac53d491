//! The file itself: pages, references, and the rules that stand in it.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::Verdict;
use crate::domain::finding::{Finding, Flaw};
use crate::ledger::error::LedgerError;
use crate::ledger::open;

/// How many complaints about the pages are listed.
const COMPLAINTS: i64 = 20;

/// Checks pages and indexes, references, and the schema.
pub(super) fn check(connection: &Connection, verdict: &mut Verdict) -> Result<(), LedgerError> {
    pages(connection, verdict)?;
    references(connection, verdict)?;
    rules(connection, verdict)
}

/// `integrity_check` and not `quick_check`: sums are taken over indexes, so an index that differs
/// from its table would change a balance.
fn pages(connection: &Connection, verdict: &mut Verdict) -> Result<(), LedgerError> {
    let mut statement =
        connection.prepare(&format!("PRAGMA main.integrity_check({COMPLAINTS})"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let said: String = row.get(0)?;
        if said != "ok" {
            let detail = format!("the database file is damaged: {}", one_line(&said));
            verdict.add(Finding::of_all(Flaw::File, detail));
        }
    }
    Ok(())
}

fn references(connection: &Connection, verdict: &mut Verdict) -> Result<(), LedgerError> {
    let mut statement = connection.prepare("PRAGMA main.foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        verdict.add(Finding::of_all(
            Flaw::Missing,
            format!("a row of {table} belongs to one of {parent} that is not there"),
        ));
    }
    Ok(())
}

/// Tables, indexes and triggers are those this program makes: a trigger of which one letter
/// changed guards nothing.
fn rules(connection: &Connection, verdict: &mut Verdict) -> Result<(), LedgerError> {
    let fresh = open::in_memory()?;
    for (what, sql) in [
        (
            "schema",
            "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema
             WHERE name NOT LIKE 'sqlite_stat%'",
        ),
        (
            "legal moves",
            "SELECT from_state || ' ' || to_state FROM legal_moves",
        ),
    ] {
        if texts(connection, sql)? != texts(&fresh, sql)? {
            verdict.add(Finding::of_all(
                Flaw::Rules,
                format!("the {what} in the database are not those of this program"),
            ));
        }
    }
    Ok(())
}

fn texts(connection: &Connection, sql: &str) -> Result<BTreeSet<String>, LedgerError> {
    let texts = connection
        .prepare(sql)?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(texts)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
