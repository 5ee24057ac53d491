//! How a filter's payments are found: by the index that leads to the fewest, or, where they are
//! many, by walking the list in its order and looking at each.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::error::LedgerError;
use super::filter::{self, Judgement, Where, text};
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::listing::PaymentFilter;
use crate::domain::query::ANYWHERE_FROM;
use crate::domain::text::folded;

/// So many payments are fetched one by one and sorted in no time. More of them stand so close in the
/// list that a page of them is found by walking it.
const FEW: usize = 5_000;
/// What is meant exactly stands first; nobody reads through more of it.
const MEANT: usize = 50;

/// The columns of names, each with an index that compares without case.
const NAMES: [&str; 3] = ["p.reference", "p.order_ref", "p.payer"];
/// What is found whole.
const WHOLE: &str = "kind IN ('email', 'customer_id', 'invoice', 'auth_code', 'arn', 'end_to_end')";

/// A part of a filter: as a test of a row `p`, and as the way to its rows where an index has one.
pub(super) struct Condition {
    pub test: String,
    pub test_values: Vec<Value>,
    /// One or more `SELECT … AS id`.
    pub way: Option<(String, Vec<Value>)>,
}

/// The payments of a filter, as a clause on `payments p`. `by_settled`: the rows come by settlement.
///
/// # Errors
/// The database failed.
pub(super) fn clause(
    connection: &Connection,
    filter: &PaymentFilter,
    judgement: &Judgement,
    by_settled: bool,
) -> Result<Where, LedgerError> {
    match few(connection, filter, judgement)? {
        Some(ids) => {
            let mut clause = Where::default();
            clause.and("p.id IN (SELECT value FROM json_each(?))", [list(&ids)]);
            Ok(clause)
        }
        None => Ok(filter::payments(filter, judgement, by_settled)),
    }
}

/// Ids as one value.
pub(super) fn list(ids: &[i64]) -> Value {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    Value::Text(format!("[{}]", ids.join(",")))
}

/// All payments of the filter, when they are few and an index leads to them.
fn few(
    connection: &Connection,
    filter: &PaymentFilter,
    judgement: &Judgement,
) -> Result<Option<Vec<i64>>, LedgerError> {
    let Some((sql, values)) = few_sql(filter, judgement) else {
        return Ok(None);
    };
    let mut ids = connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(values), |row| row.get(0))?
        .collect::<Result<Vec<i64>, _>>()?;
    if ids.len() > FEW {
        return Ok(None);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(ids))
}

fn few_sql(filter: &PaymentFilter, judgement: &Judgement) -> Option<(String, Vec<Value>)> {
    let way = filter::conditions(filter)
        .into_iter()
        .find_map(|condition| condition.way)?;
    let tests = filter::payments(filter, judgement, false);
    let (way, mut values) = way;
    let sql = format!(
        "SELECT p.id FROM ({way}) d CROSS JOIN payments p ON p.id = d.id {} LIMIT {}",
        tests.sql(),
        FEW + 1
    );
    values.extend(tests.into_values());
    Some((sql, values))
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
        "SELECT id, 1 FROM payments WHERE order_ref = ?".to_owned(),
        "SELECT id, 2 FROM payments WHERE last4 = ?".to_owned(),
    ];
    let mut values = vec![text(word); 7];
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

/// Our id of a payment, or of a refund of it.
fn own_ids(word: &str) -> Vec<(String, Value)> {
    let mut ways = Vec::new();
    if let Ok(id) = word.parse::<PaymentId>() {
        ways.push(("SELECT ? AS id".to_owned(), Value::Integer(id.as_i64())));
    }
    if let Ok(id) = word.parse::<RefundId>() {
        let sql = "SELECT payment_id AS id FROM refunds WHERE id = ?";
        ways.push((sql.to_owned(), text(&id.to_string())));
    }
    ways
}

/// A word, wherever it may stand.
pub(super) fn word(word: &str) -> Condition {
    let folded = folded(word);
    let anywhere = folded.chars().count() >= ANYWHERE_FROM;
    let mut places = Vec::new();
    for column in NAMES {
        places.push(match anywhere {
            true => contains(column, &folded),
            false => begins(column, &folded),
        });
    }
    places.push(match anywhere {
        true => contains("p.provider_payment_id", &folded),
        false => begins_in_any_case("p.provider_payment_id", word),
    });
    if word.len() <= 4 {
        places.push(begins("p.last4", word));
    }
    let mut ways = own_ids(word)
        .into_iter()
        .map(|(way, value)| (way, vec![value]))
        .collect::<Vec<_>>();
    let names = "SELECT payment_id AS id FROM payment_names WHERE";
    ways.push((format!("{names} {WHOLE} AND name = ?"), vec![text(word)]));
    let (spelt, values) = match anywhere {
        true => contains("name", &folded),
        false => begins("name", &folded),
    };
    ways.push((format!("{names} kind = 'folded' AND {spelt}"), values));
    any(&places, ways)
}

/// The payer's e-mail, whole.
pub(super) fn email(email: &str) -> Condition {
    let way = "SELECT payment_id AS id FROM payment_names WHERE kind = 'email' AND name = ?";
    let payer = ("p.payer = ?".to_owned(), vec![text(email)]);
    any(&[payer], vec![(way.to_owned(), vec![text(email)])])
}

/// The end of a card or account, or its beginning while it is typed.
pub(super) fn last4(last4: &str) -> Condition {
    let place = match last4.len() {
        4 => ("p.last4 = ?".to_owned(), vec![text(last4)]),
        _ => begins("p.last4", last4),
    };
    any(&[place], Vec::new())
}

/// One of several places in `payments`, or one of several ways to a payment.
fn any(places: &[(String, Vec<Value>)], ways: Vec<(String, Vec<Value>)>) -> Condition {
    let mut tests: Vec<String> = Vec::new();
    let mut test_values = Vec::new();
    let mut selects = Vec::new();
    let mut values = Vec::new();
    for (place, of_place) in places {
        tests.push(place.clone());
        test_values.extend(of_place.iter().cloned());
        selects.push(format!("SELECT p.id FROM payments p WHERE {place}"));
        values.extend(of_place.iter().cloned());
    }
    if !ways.is_empty() {
        let sets: Vec<&str> = ways.iter().map(|(way, _)| way.as_str()).collect();
        tests.push(format!("p.id IN ({})", sets.join(" UNION ALL ")));
    }
    for (way, of_way) in ways {
        test_values.extend(of_way.iter().cloned());
        values.extend(of_way);
        selects.push(way);
    }
    Condition {
        test: tests
            .iter()
            .map(|test| format!("({test})"))
            .collect::<Vec<_>>()
            .join(" OR "),
        test_values,
        way: Some((selects.join(" UNION ALL "), values)),
    }
}

fn begins(column: &str, prefix: &str) -> (String, Vec<Value>) {
    (
        format!("{column} >= ? AND {column} < ?"),
        vec![text(prefix), text(&successor(prefix))],
    )
}

/// For a column that is compared letter by letter: as typed, and all small or all large.
fn begins_in_any_case(column: &str, prefix: &str) -> (String, Vec<Value>) {
    let mut spellings = vec![
        prefix.to_owned(),
        prefix.to_lowercase(),
        prefix.to_uppercase(),
    ];
    spellings.dedup();
    let ranges: Vec<String> = spellings
        .iter()
        .map(|_| format!("({column} >= ? AND {column} < ?)"))
        .collect();
    let values = spellings
        .iter()
        .flat_map(|it| [text(it), text(&successor(it))]);
    (ranges.join(" OR "), values.collect())
}

/// Its index is read from end to end, which is far less than the table.
fn contains(column: &str, part: &str) -> (String, Vec<Value>) {
    let mut pattern = String::from("%");
    for character in part.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    (
        format!("{column} IS NOT NULL AND {column} LIKE ? ESCAPE '\\'"),
        vec![text(&pattern)],
    )
}

/// A text behind every text that begins with `prefix`.
fn successor(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

#[cfg(test)]
pub(super) fn few_plan(
    connection: &Connection,
    filter: &PaymentFilter,
    judgement: &Judgement,
) -> Option<String> {
    let (sql, values) = few_sql(filter, judgement)?;
    Some(super::tests::plan(connection, &sql, values))
}
