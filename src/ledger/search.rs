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
    /// So many are not worth asking another index about.
    few: usize,
    /// So many are fetched and sorted before a page of them is found by walking the list.
    fetched: usize,
    /// So many are known by heart. More of them stand so close in the list that a page of them is
    /// found by looking at each row.
    many: usize,
}

/// Of a million payments on this machine, one that is led to and fetched costs 6 us, one that is met
/// in the list 8: at the middle bound both take as long.
const BOUNDS: Bounds = Bounds {
    few: 2_000,
    fetched: 7_000,
    many: 20_000,
};
/// What is meant exactly stands first; nobody reads through more of it.
const MEANT: usize = 50;
/// So many places are looked up that no index of fragments told.
const PLACED: usize = 500;

/// The payments of these numbers, and their places in the list by settlement.
const NUMBERED: &str = "SELECT n.payment_id, n.settled_key
     FROM json_each(?) j CROSS JOIN payment_numbers n ON n.number = j.value";
/// The places of these payments.
const THEIR_PLACES: &str = "SELECT n.payment_id, n.settled_key
     FROM payment_numbers n WHERE n.payment_id IN (SELECT value FROM json_each(?))";

/// What is read of a filter's payments.
#[derive(Clone, Copy)]
pub(super) enum Reading {
    /// All of them.
    Whole,
    /// The next in the order of a list, which is by settlement or not.
    Page { by_settled: bool },
}

/// How a filter's payments are found.
pub(super) struct Sought {
    /// As a clause on `payments p`.
    pub clause: Where,
    /// Where a list by settlement is read and indexes lead to few enough: the place by settlement and
    /// the id of all among which they are. The clause leaves this out.
    pub among: Option<Vec<(i64, i64)>>,
}

/// All the payments of a filter, as a clause on `payments p`.
///
/// # Errors
/// The database failed.
pub(super) fn clause(
    connection: &Connection,
    filter: &PaymentFilter,
    judgement: &Judgement,
) -> Result<Where, LedgerError> {
    sought(connection, filter, judgement, Reading::Whole).map(|sought| sought.clause)
}

/// The payments of a filter.
///
/// # Errors
/// The database failed.
pub(super) fn sought(
    connection: &Connection,
    filter: &PaymentFilter,
    judgement: &Judgement,
    reading: Reading,
) -> Result<Sought, LedgerError> {
    sought_within(BOUNDS, connection, filter, judgement, reading)
}

fn sought_within(
    bounds: Bounds,
    connection: &Connection,
    filter: &PaymentFilter,
    judgement: &Judgement,
    reading: Reading,
) -> Result<Sought, LedgerError> {
    let by_settled = matches!(reading, Reading::Whole | Reading::Page { by_settled: true });
    let mut clause = filter::payments(filter, judgement, by_settled);
    let Some(found) = candidates(bounds, connection, filter)? else {
        return Ok(Sought {
            clause,
            among: None,
        });
    };
    if matches!(reading, Reading::Page { by_settled: true }) {
        let among = places(connection, &found)?;
        if among.is_some() {
            return Ok(Sought { clause, among });
        }
    }
    // A unary plus keeps SQLite from fetching them: it walks the list and meets them there.
    let id = match reading {
        Reading::Page { .. } if found.len() > bounds.fetched => "+p.id",
        _ => "p.id",
    };
    let ids: Vec<i64> = found.iter().map(|it| it.id).collect();
    clause.and(
        format!("{id} IN (SELECT value FROM json_each(?))"),
        [list(&ids)],
    );
    Ok(Sought {
        clause,
        among: None,
    })
}

/// Ids as one value.
pub(super) fn list(ids: &[i64]) -> Value {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    Value::Text(format!("[{}]", ids.join(",")))
}

/// A payment that may be the filter's.
#[derive(Clone, Copy)]
struct Candidate {
    id: i64,
    /// Its place by settlement, where the way to it told.
    settled_key: Option<i64>,
}

/// The places of all of them, where nearly all are known.
fn places(
    connection: &Connection,
    found: &[Candidate],
) -> Result<Option<Vec<(i64, i64)>>, LedgerError> {
    let known = |it: &Candidate| it.settled_key.map(|key| (key, it.id));
    let mut places: Vec<(i64, i64)> = found.iter().filter_map(known).collect();
    let unknown = found.iter().filter(|it| it.settled_key.is_none());
    let unknown: Vec<i64> = unknown.map(|it| it.id).collect();
    if unknown.len() > PLACED {
        return Ok(None);
    }
    if !unknown.is_empty() {
        places.extend(placed(connection, THEIR_PLACES, &unknown)?);
    }
    Ok(Some(places))
}

/// Key and id of what a list of numbers or ids leads to.
fn placed(
    connection: &Connection,
    sql: &str,
    numbers: &[i64],
) -> Result<Vec<(i64, i64)>, LedgerError> {
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map([list(numbers)], |row| Ok((row.get(1)?, row.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The payments that may be the filter's, in the order of their ids, where indexes lead to no more
/// than many: every one that is the filter's, and some that are not.
fn candidates(
    bounds: Bounds,
    connection: &Connection,
    filter: &PaymentFilter,
) -> Result<Option<Vec<Candidate>>, LedgerError> {
    let mut found: Option<Vec<Candidate>> = None;
    for condition in filter::conditions(filter) {
        let Some(led) = led_to(bounds.many, connection, condition)? else {
            continue;
        };
        let both = match found {
            Some(found) => in_both(found, &led),
            None => led,
        };
        if both.len() <= bounds.few {
            return Ok(Some(both));
        }
        found = Some(both);
    }
    Ok(found)
}

/// What is among both, each in the order of the ids.
fn in_both(some: Vec<Candidate>, others: &[Candidate]) -> Vec<Candidate> {
    let both = some.into_iter().filter_map(|one| {
        let at = others.binary_search_by_key(&one.id, |it| it.id).ok()?;
        let settled_key = one.settled_key.or(others[at].settled_key);
        Some(Candidate { settled_key, ..one })
    });
    both.collect()
}

/// Where the ways lead, in the order of the ids; none where that is to more than `most`.
fn led_to(
    most: usize,
    connection: &Connection,
    condition: Condition,
) -> Result<Option<Vec<Candidate>>, LedgerError> {
    let mut led: Vec<Candidate> = Vec::new();
    for way in condition.ways {
        let room = most - led.len();
        let (sql, mut values) = way.sql(connection)?;
        let enough = i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1);
        values.push(Value::Integer(enough));
        let found = column(connection, &format!("{sql} LIMIT ?"), values)?;
        if found.len() > room {
            return Ok(None);
        }
        match way {
            Way::Ids { .. } => led.extend(found.into_iter().map(|id| Candidate {
                id,
                settled_key: None,
            })),
            Way::Runs { .. } => {
                let placed = placed(connection, NUMBERED, &found)?;
                led.extend(placed.into_iter().map(|(key, id)| Candidate {
                    id,
                    settled_key: Some(key),
                }));
            }
        }
    }
    // The one that knows its place stays.
    led.sort_unstable_by_key(|it| (it.id, it.settled_key.is_none()));
    led.dedup_by_key(|it| it.id);
    Ok(Some(led))
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

/// How a filter's payments are found where they are few, many, more than are fetched, and too many to
/// know by heart.
#[cfg(test)]
pub(super) fn by_each_bound(
    connection: &Connection,
    filter: &PaymentFilter,
    judgement: &Judgement,
    reading: Reading,
) -> [Sought; 4] {
    let bounds = [
        (1_000, 1_000, 1_000),
        (0, 1_000, 1_000),
        (0, 0, 1_000),
        (0, 0, 0),
    ];
    bounds.map(|(few, fetched, many)| {
        let bounds = Bounds { few, fetched, many };
        sought_within(bounds, connection, filter, judgement, reading).unwrap()
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
