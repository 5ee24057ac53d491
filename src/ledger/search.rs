//! How a filter's payments are found: by the indexes that lead to few, or, where they are many, by
//! walking the list in its order and looking at each.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::error::LedgerError;
use super::filter::{self, Judgement, Where, text};
use super::ways::{Condition, WHOLE, Way, own_ids};
use crate::domain::listing::PaymentFilter;

/// How many payments indexes may lead to.
#[derive(Clone, Copy)]
struct Bounds {
    /// So many are looked at one by one and sorted in no time.
    few: usize,
    /// So many are known by heart while the list is walked in its order. More of them stand so close
    /// in it that a page of them is found by looking at each row.
    many: usize,
}

const BOUNDS: Bounds = Bounds {
    few: 2_000,
    many: 20_000,
};
/// What is meant exactly stands first; nobody reads through more of it.
const MEANT: usize = 50;

/// The payments of these numbers.
const NUMBERED: &str =
    "SELECT n.payment_id FROM json_each(?) j CROSS JOIN payment_numbers n ON n.number = j.value";

/// What is read of a filter's payments.
#[derive(Clone, Copy)]
pub(super) enum Reading {
    /// All of them.
    Whole,
    /// The next in the order of a list, which is by settlement or not.
    Page { by_settled: bool },
}

/// The payments of a filter, as a clause on `payments p`.
///
/// # Errors
/// The database failed.
pub(super) fn clause(
    connection: &Connection,
    filter: &PaymentFilter,
    judgement: &Judgement,
    reading: Reading,
) -> Result<Where, LedgerError> {
    clause_within(BOUNDS, connection, filter, judgement, reading)
}

fn clause_within(
    bounds: Bounds,
    connection: &Connection,
    filter: &PaymentFilter,
    judgement: &Judgement,
    reading: Reading,
) -> Result<Where, LedgerError> {
    let by_settled = matches!(reading, Reading::Whole | Reading::Page { by_settled: true });
    let mut clause = filter::payments(filter, judgement, by_settled);
    if let Some(ids) = candidates(bounds, connection, filter)? {
        // A unary plus keeps SQLite from fetching them: it walks the list and meets them there.
        let id = match reading {
            Reading::Page { .. } if ids.len() > bounds.few => "+p.id",
            _ => "p.id",
        };
        let one_of_them = format!("{id} IN (SELECT value FROM json_each(?))");
        clause.and(one_of_them, [list(&ids)]);
    }
    Ok(clause)
}

/// Ids as one value.
pub(super) fn list(ids: &[i64]) -> Value {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    Value::Text(format!("[{}]", ids.join(",")))
}

/// The payments that may be the filter's, in the order of their ids, where indexes lead to no more
/// than many: every one that is the filter's, and some that are not.
fn candidates(
    bounds: Bounds,
    connection: &Connection,
    filter: &PaymentFilter,
) -> Result<Option<Vec<i64>>, LedgerError> {
    let mut found: Option<Vec<i64>> = None;
    for condition in filter::conditions(filter) {
        let Some(ids) = led_to(bounds.many, connection, condition)? else {
            continue;
        };
        let both = match found {
            Some(mut found) => {
                found.retain(|id| ids.binary_search(id).is_ok());
                found
            }
            None => ids,
        };
        if both.len() <= bounds.few {
            return Ok(Some(both));
        }
        found = Some(both);
    }
    Ok(found)
}

/// Where the ways lead, in the order of the ids; none where that is to more than `most`.
fn led_to(
    most: usize,
    connection: &Connection,
    condition: Condition,
) -> Result<Option<Vec<i64>>, LedgerError> {
    let mut ids: Vec<i64> = Vec::new();
    for way in condition.ways {
        let room = most - ids.len();
        let (sql, mut values) = way.sql(connection)?;
        let enough = i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1);
        values.push(Value::Integer(enough));
        let found = column(connection, &format!("{sql} LIMIT ?"), values)?;
        if found.len() > room {
            return Ok(None);
        }
        ids.extend(match way {
            Way::Ids { .. } => found,
            Way::Runs { .. } => column(connection, NUMBERED, vec![list(&found)])?,
        });
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(ids))
}

/// The first column of all rows.
fn column(connection: &Connection, sql: &str, values: Vec<Value>) -> Result<Vec<i64>, LedgerError> {
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The payments that one word names exactly, best first: an id or reference, then the order, then the
/// last four digits. Each is one of the filter's.
///
/// # Errors
/// The database failed.
pub(super) fn meant(
    connection: &Connection,
    filter: &PaymentFilter,
    judgement: &Judgement,
) -> Result<Vec<i64>, LedgerError> {
    let [word] = filter.words.as_slice() else {
        return Ok(Vec::new());
    };
    let mut ways = vec![
        "SELECT id, 0 AS rank FROM payments WHERE reference = ?".to_owned(),
        "SELECT id, 0 FROM payments WHERE provider_payment_id IN (?, lower(?), upper(?))"
            .to_owned(),
        format!("SELECT payment_id, 0 FROM payment_names WHERE {WHOLE} AND name = ?"),
        "SELECT payment_id, 0 FROM payers WHERE email = ?".to_owned(),
        "SELECT id, 1 FROM payments WHERE order_ref = ?".to_owned(),
        "SELECT id, 2 FROM payments WHERE last4 = ?".to_owned(),
    ];
    let mut values = vec![text(word); 8];
    for (way, value) in own_ids(word) {
        ways.push(way.replace(" AS id", ", 0"));
        values.push(value);
    }
    let tests = filter::payments(filter, judgement, false);
    let sql = format!(
        "SELECT p.id FROM (SELECT id, min(rank) AS rank FROM ({}) GROUP BY id) d
         CROSS JOIN payments p ON p.id = d.id {} ORDER BY d.rank, p.settled_key DESC, p.id LIMIT {MEANT}",
        ways.join(" UNION ALL "),
        tests.sql()
    );
    values.extend(tests.into_values());
    let mut statement = connection.prepare_cached(&sql)?;
    let ids = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// The ids of a filter's payments as few, as many and as too many to know by heart.
#[cfg(test)]
pub(super) fn by_each_bound(
    connection: &Connection,
    filter: &PaymentFilter,
    judgement: &Judgement,
) -> [Vec<i64>; 3] {
    [(1_000, 1_000), (0, 1_000), (0, 0)].map(|(few, many)| {
        let bounds = Bounds { few, many };
        let page = Reading::Page { by_settled: true };
        let clause = clause_within(bounds, connection, filter, judgement, page).unwrap();
        let sql = format!(
            "SELECT p.id FROM payments p {} ORDER BY p.settled_key DESC, p.id DESC",
            clause.sql()
        );
        let mut statement = connection.prepare(&sql).unwrap();
        let ids = statement.query_map(params_from_iter(clause.into_values()), |row| row.get(0));
        ids.unwrap().map(Result::unwrap).collect()
    })
}

/// How each of the ways is gone.
#[cfg(test)]
pub(super) fn ways_plan(connection: &Connection, filter: &PaymentFilter) -> String {
    let conditions = filter::conditions(filter).into_iter();
    let plans = conditions
        .flat_map(|it| it.ways)
        .map(|way| way.sql(connection).unwrap())
        .map(|(sql, values)| super::tests::plan(connection, &sql, values));
    plans.collect::<Vec<_>>().join("\n")
}
