//! Indexes: each holds what its table holds, in its order. Sums and lists are read from them.
//!
//! SQLite's own `integrity_check` looks each row up in each index, twelve times a million for a
//! large ledger. Here each index is read once from end to end, and its entries are compared with
//! the table's rows by number and by the sum of their digests, which needs no order.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hasher};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row};

use super::Verdict;
use crate::domain::finding::{Finding, Flaw};
use crate::ledger::error::LedgerError;

/// Compares the indexes of every table.
pub(super) fn check(connection: &Connection, verdict: &mut Verdict) -> Result<(), LedgerError> {
    let mut tables = connection.prepare(
        "SELECT name, wr FROM pragma_table_list
         WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )?;
    let mut rows = tables.query([])?;
    while let Some(row) = rows.next()? {
        let (table, without_rowid): (String, bool) = (row.get(0)?, row.get(1)?);
        let indexes = match without_rowid {
            true => None,
            false => readable(connection, &table)?,
        };
        match indexes {
            Some(indexes) => compare(connection, &table, &indexes, verdict)?,
            None => super::file::pages(connection, Some(&table), verdict)?,
        }
    }
    Ok(())
}

/// An index whose entries can be read as they lie there.
struct Index {
    name: String,
    /// The columns of its key, by name, and whether letters compare without case.
    key: Vec<(String, bool)>,
    unique: bool,
    /// The condition of its rows, where it has not all of them.
    only: Option<String>,
}

impl Index {
    fn columns(&self) -> String {
        let names = self.key.iter().map(|(name, _)| format!("\"{name}\", "));
        names.collect::<String>() + "rowid"
    }

    fn condition(&self) -> &str {
        self.only.as_deref().unwrap_or("1")
    }
}

/// How many entries, and the sum of their digests.
#[derive(Default, PartialEq, Eq)]
struct Sum {
    entries: u64,
    digests: u64,
}

impl Sum {
    fn add(&mut self, row: &Row<'_>, columns: std::ops::Range<usize>) -> Result<(), LedgerError> {
        let mut hasher = DefaultHasher::new();
        for column in columns {
            digest(row.get_ref(column)?, &mut hasher);
        }
        self.entries += 1;
        self.digests = self.digests.wrapping_add(hasher.finish());
        Ok(())
    }
}

/// The indexes of a table; none where one of them cannot be read by its columns and condition
/// alone.
fn readable(connection: &Connection, table: &str) -> Result<Option<Vec<Index>>, LedgerError> {
    let mut statement = connection.prepare(
        "SELECT list.name, list.\"unique\", list.partial, coalesce(schema.sql, '')
         FROM pragma_index_list(?1) AS list JOIN sqlite_schema AS schema ON schema.name = list.name
         ORDER BY list.name",
    )?;
    let mut rows = statement.query([table])?;
    let mut indexes = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, partial, sql): (String, bool, String) = (row.get(0)?, row.get(2)?, row.get(3)?);
        let only = sql.split_once(" WHERE ").map(|(_, only)| only.to_owned());
        let Some(key) = key(connection, &name)?.filter(|_| partial == only.is_some()) else {
            return Ok(None);
        };
        indexes.push(Index {
            name,
            key,
            unique: row.get(1)?,
            only,
        });
    }
    Ok(Some(indexes))
}

/// The columns of an index's key; none where one is computed, or in an order not known here.
fn key(connection: &Connection, index: &str) -> Result<Option<Vec<(String, bool)>>, LedgerError> {
    let mut statement = connection.prepare(
        "SELECT name, \"desc\", coll FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno",
    )?;
    let mut rows = statement.query([index])?;
    let mut columns = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, descends): (Option<String>, bool) = (row.get(0)?, row.get(1)?);
        let collation: String = row.get(2)?;
        let folds = match collation.as_str() {
            "BINARY" => false,
            "NOCASE" => true,
            _ => return Ok(None),
        };
        match name {
            Some(name) if !descends => columns.push((name, folds)),
            _ => return Ok(None),
        }
    }
    Ok(Some(columns))
}

fn compare(
    connection: &Connection,
    table: &str,
    indexes: &[Index],
    verdict: &mut Verdict,
) -> Result<(), LedgerError> {
    if indexes.is_empty() {
        return Ok(());
    }
    let expected = expected(connection, table, indexes)?;
    for (index, expected) in indexes.iter().zip(expected) {
        let said = match entries(connection, table, index)? {
            None => "is not in its order",
            Some(found) if found != expected => "does not hold what the table holds",
            Some(_) => continue,
        };
        verdict.add(Finding::of_all(
            Flaw::File,
            format!(
                "the database file is damaged: index {} of {table} {said}",
                index.name
            ),
        ));
    }
    Ok(())
}

/// What each index must hold, by one pass over the table.
fn expected(
    connection: &Connection,
    table: &str,
    indexes: &[Index],
) -> Result<Vec<Sum>, LedgerError> {
    let columns = indexes
        .iter()
        .map(|index| format!("{}, {}", index.condition(), index.columns()));
    let columns: Vec<String> = columns.collect();
    let mut statement = connection.prepare(&format!(
        "SELECT {} FROM {table} NOT INDEXED",
        columns.join(", ")
    ))?;
    let mut sums: Vec<Sum> = indexes.iter().map(|_| Sum::default()).collect();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut from = 0;
        for (index, sum) in indexes.iter().zip(&mut sums) {
            // The condition, the key, the row's number.
            let end = from + index.key.len() + 2;
            if row.get::<_, Option<bool>>(from)? == Some(true) {
                sum.add(row, from + 1..end)?;
            }
            from = end;
        }
    }
    Ok(sums)
}

/// What an index holds; none where it is not in its order, or holds twice what is there once.
fn entries(
    connection: &Connection,
    table: &str,
    index: &Index,
) -> Result<Option<Sum>, LedgerError> {
    let mut statement = connection.prepare(&format!(
        "SELECT {} FROM {table} INDEXED BY {} WHERE {}",
        index.columns(),
        index.name,
        index.condition()
    ))?;
    let width = index.key.len() + 1;
    let (mut sum, mut before) = (Sum::default(), Vec::<Value>::new());
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if !before.is_empty() && !follows(index, &before, row)? {
            return Ok(None);
        }
        before.clear();
        for column in 0..width {
            before.push(row.get(column)?);
        }
        sum.add(row, 0..width)?;
    }
    Ok(Some(sum))
}

/// Whether an entry may stand behind another.
fn follows(index: &Index, before: &[Value], row: &Row<'_>) -> Result<bool, LedgerError> {
    for (column, (earlier, (_, folds))) in before.iter().zip(&index.key).enumerate() {
        match order(earlier.into(), row.get_ref(column)?, *folds) {
            Ordering::Less => return Ok(true),
            Ordering::Equal => {}
            Ordering::Greater => return Ok(false),
        }
    }
    let key = &before[..index.key.len()];
    // Nothing known is not the same as nothing known.
    if index.unique && !key.contains(&Value::Null) {
        return Ok(false);
    }
    let rows = (before.last(), row.get_ref(index.key.len())?);
    Ok(rows
        .0
        .is_some_and(|earlier| order(earlier.into(), rows.1, false) == Ordering::Less))
}

/// As SQLite orders values: <https://sqlite.org/datatype3.html#comparisons>.
fn order(left: ValueRef<'_>, right: ValueRef<'_>, folds: bool) -> Ordering {
    match (left, right) {
        (ValueRef::Null, ValueRef::Null) => Ordering::Equal,
        (ValueRef::Integer(left), ValueRef::Integer(right)) => left.cmp(&right),
        (ValueRef::Text(left), ValueRef::Text(right)) if folds => {
            let (left, right) = (left.iter(), right.iter());
            let fold = u8::to_ascii_lowercase;
            left.map(fold).cmp(right.map(fold))
        }
        (ValueRef::Text(left), ValueRef::Text(right))
        | (ValueRef::Blob(left), ValueRef::Blob(right)) => left.cmp(right),
        (left, right) => class(left).cmp(&class(right)),
    }
}

/// Kinds of values in their order; tables are strict and have no real numbers.
fn class(value: ValueRef<'_>) -> u8 {
    match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) | ValueRef::Real(_) => 1,
        ValueRef::Text(_) => 2,
        ValueRef::Blob(_) => 3,
    }
}

fn digest(value: ValueRef<'_>, hasher: &mut DefaultHasher) {
    hasher.write_u8(class(value));
    match value {
        ValueRef::Null => {}
        ValueRef::Integer(number) => hasher.write_i64(number),
        ValueRef::Real(number) => hasher.write_u64(number.to_bits()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            hasher.write_usize(bytes.len());
            hasher.write(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::ledger::open;

    const TABLES: &str = "
        CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, n INTEGER) STRICT;
        CREATE INDEX by_a ON t (a, n);
        CREATE INDEX by_n ON t (n) WHERE n > 1;
        CREATE TABLE u (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, n INTEGER) STRICT;
        CREATE INDEX stray_a ON u (a, n);
        INSERT INTO t (id, a, n) VALUES (1, 'x', 1), (2, 'Y', 2), (3, 'z', 3), (4, NULL, 2), (5, 'x', 1);
        INSERT INTO u SELECT * FROM t;";
    /// The index of one table is read as that of the other.
    const STRAY: &str = "UPDATE sqlite_schema SET rootpage =
            (SELECT rootpage FROM sqlite_schema WHERE name = 'stray_a') WHERE name = 'by_a';";

    /// What is found, and whether SQLite itself finds something.
    fn found(change: &str) -> (Vec<String>, bool) {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        let version: i64 = connection
            .query_row("PRAGMA schema_version", [], |row| row.get(0))
            .unwrap();
        let change = format!(
            "PRAGMA writable_schema = ON; {change} PRAGMA schema_version = {};",
            version + 1
        );
        connection.execute_batch(&change).unwrap();
        let mut verdict = Verdict::default();
        check(&connection, &mut verdict).unwrap();
        let told = verdict.findings.into_iter().map(|finding| finding.detail);
        let own = connection.query_row("PRAGMA integrity_check(t)", [], |row| {
            row.get::<_, String>(0)
        });
        // Some disorder is too much for it.
        (told.collect(), own.map_or(true, |it| it != "ok"))
    }

    #[rstest]
    #[case::lacks_one("DELETE FROM u WHERE id = 3;", "does not hold")]
    #[case::has_one_more("INSERT INTO u VALUES (9, 'a', 1);", "does not hold")]
    #[case::other_value("UPDATE u SET n = 7 WHERE id = 2;", "does not hold")]
    #[case::other_letter_case("UPDATE u SET a = 'X' WHERE id = 1;", "does not hold")]
    #[case::of_another_row("UPDATE u SET id = 6 WHERE id = 5;", "does not hold")]
    #[case::other_order(
        "DROP INDEX stray_a; CREATE INDEX stray_a ON u (a DESC);",
        "is not in its order"
    )]
    fn an_index_that_differs_from_its_table(#[case] change: &str, #[case] said: &str) {
        let (told, own) = found(&format!("{change}{STRAY}"));
        let all = format!("the database file is damaged: index by_a of t {said}");
        assert!(
            told.first().is_some_and(|it| it.starts_with(&all)),
            "{told:?}"
        );
        assert!(own || change.contains("'X'"), "SQLite sees it too");
    }

    #[test]
    fn one_that_should_know_each_once_and_does_not() {
        let (told, own) = found(
            "UPDATE sqlite_schema SET sql = 'CREATE UNIQUE INDEX by_a ON t (a, n)' WHERE name = 'by_a';",
        );
        assert_eq!(
            told,
            ["the database file is damaged: index by_a of t is not in its order"]
        );
        assert!(own);
    }

    #[rstest]
    #[case("")]
    #[case("DELETE FROM t;")]
    // Nothing known may be there more than once.
    #[case("DELETE FROM t WHERE id = 5; INSERT INTO t VALUES (7, NULL, 2);
            UPDATE sqlite_schema SET sql = 'CREATE UNIQUE INDEX by_a ON t (a, n)' WHERE name = 'by_a';")]
    // Computed, or in another order: SQLite's own check reads those.
    #[case("CREATE INDEX length ON t (length(a)); CREATE INDEX down ON u (a DESC);")]
    #[case("CREATE INDEX some ON t (n)\nWHERE n > 2;")]
    fn a_sound_one(#[case] change: &str) {
        assert_eq!(found(change), (vec![], false));
    }

    #[test]
    fn most_indexes_of_the_ledger_are_read_here() {
        let ledger = open::in_memory().unwrap();
        for table in ["payments", "captures", "refunds", "payers", "audit"] {
            assert!(readable(&ledger, table).unwrap().is_some(), "{table}");
        }
    }
}
