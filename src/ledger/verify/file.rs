//! The file itself: pages, references, and the rules that stand in it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

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

/// What of a database is the program's own: a name, and the question that lists it.
const RULES: [(&str, &str); 2] = [
    (
        "schema",
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema
         WHERE name NOT LIKE 'sqlite_stat%'",
    ),
    (
        "legal moves",
        "SELECT from_state || ' ' || to_state FROM legal_moves",
    ),
];

type Texts = BTreeSet<String>;

/// Tables, indexes and triggers are those this program makes: a trigger of which one letter
/// changed guards nothing.
fn rules(connection: &Connection, verdict: &mut Verdict) -> Result<(), LedgerError> {
    for ((what, sql), expected) in RULES.iter().zip(expected()?) {
        if texts(connection, sql)? != *expected {
            verdict.add(Finding::of_all(
                Flaw::Rules,
                format!("the {what} in the database are not those of this program"),
            ));
        }
    }
    Ok(())
}

/// The rules as this program makes them: made once, for they take longer than the whole check of a
/// small file.
fn expected() -> Result<&'static [Texts; RULES.len()], LedgerError> {
    static MADE: OnceLock<[Texts; RULES.len()]> = OnceLock::new();
    if let Some(made) = MADE.get() {
        return Ok(made);
    }
    let fresh = open::in_memory()?;
    let [schema, moves] = RULES.map(|(_, sql)| texts(&fresh, sql));
    let made = [schema?, moves?];
    Ok(MADE.get_or_init(|| made))
}

fn texts(connection: &Connection, sql: &str) -> Result<Texts, LedgerError> {
    let texts = connection
        .prepare(sql)?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(texts)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
