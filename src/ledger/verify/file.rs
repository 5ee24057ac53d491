//! The file itself: pages, references, and the rules that stand in it.

use rusqlite::Connection;

use super::{Verdict, indexes};
use crate::domain::digest::Canonical;
use crate::domain::finding::{Finding, Flaw};
use crate::ledger::error::LedgerError;

/// How many complaints about the pages are listed.
const COMPLAINTS: i64 = 20;

/// Checks pages and indexes, references, and the schema.
pub(super) fn check(connection: &Connection, verdict: &mut Verdict) -> Result<(), LedgerError> {
    pages(connection, None, verdict)?;
    indexes::check(connection, verdict)?;
    references(connection, verdict)?;
    rules(connection, verdict)
}

/// The pages of the whole file and what must be true of a row alone; of one table, its indexes too.
pub(super) fn pages(
    connection: &Connection,
    table: Option<&str>,
    verdict: &mut Verdict,
) -> Result<(), LedgerError> {
    let mut statement = connection.prepare(&match table {
        None => format!("PRAGMA main.quick_check({COMPLAINTS})"),
        Some(table) => format!("PRAGMA main.integrity_check({table})"),
    })?;
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

/// What of a database is the program's own: a name, the question that lists it, and the digest of
/// the list. A migration changes it; the test below says to what.
const RULES: [(&str, &str, &str); 2] = [
    (
        "schema",
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema
         WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name",
        "8ce7f56408862a2ee5dba0174ce489acf44aa0aef45dd9503ba4c8b297a2688e",
    ),
    (
        "legal moves",
        "SELECT from_state || ' ' || to_state FROM legal_moves ORDER BY from_state, to_state",
        "14114014958cf49101c4d8ba0cbf19fa4f691b5d932e5dfa16d68172e0eeadae",
    ),
];

/// Tables, indexes and triggers are those this program makes: a trigger of which one letter
/// changed guards nothing.
fn rules(connection: &Connection, verdict: &mut Verdict) -> Result<(), LedgerError> {
    for (what, sql, expected) in RULES {
        if digest(connection, sql)? != expected {
            verdict.add(Finding::of_all(
                Flaw::Rules,
                format!("the {what} in the database are not those of this program"),
            ));
        }
    }
    Ok(())
}

fn digest(connection: &Connection, sql: &str) -> Result<String, LedgerError> {
    let mut all = Canonical::new("rules");
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        all = all.text(&row.get::<_, String>(0)?);
    }
    Ok(all.hex())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::open;

    #[test]
    fn the_rules_are_those_a_new_ledger_is_made_with() {
        let fresh = open::in_memory().unwrap();
        for (what, sql, expected) in RULES {
            assert_eq!(digest(&fresh, sql).unwrap(), expected, "{what}");
        }
    }
}
