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
const NAMES: [&str; 2] = ["p.reference", "p.order_ref"];
/// What is found whole.
const WHOLE: &str = "kind IN ('customer_id', 'invoice', 'auth_code', 'arn', 'end_to_end')";

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
    let stands = |column| match folded.chars().count() >= ANYWHERE_FROM {
        true => contains(column, &folded),
        false => begins(column, &folded),
    };
    let mut places: Vec<Place> = NAMES.map(stands).map(Place::of_payment).into();
    places.push(Place::of_payer(stands("y.name")));
    places.push(Place::of_payment(match folded.chars().count() {
        ANYWHERE_FROM.. => contains("p.provider_payment_id", &folded),
        _ => begins_in_any_case("p.provider_payment_id", word),
    }));
    if word.len() <= 4 {
        places.push(Place::of_payment(begins("p.last4", word)));
    }
    places.extend(
        own_ids(word)
            .into_iter()
            .map(|(way, value)| Place::among(way, vec![value])),
    );
    let names = "SELECT payment_id AS id FROM payment_names WHERE";
    let whole = format!("{names} {WHOLE} AND name = ?");
    places.push(Place::among(whole, vec![text(word)]));
    places.push(Place::payers("email = ?", vec![text(word)]));
    let (spelt, values) = stands("name");
    places.push(Place::among(
        format!("{names} kind = 'folded' AND {spelt}"),
        values,
    ));
    let (spelt, values) = stands("folded");
    places.push(Place::payers(&spelt, values));
    any(places)
}

/// The payer's e-mail, whole.
pub(super) fn email(email: &str) -> Condition {
    any(vec![
        Place::payers("email = ?", vec![text(email)]),
        Place::payers("name = ?", vec![text(email)]),
    ])
}

/// The end of a card or account, or its beginning while it is typed.
pub(super) fn last4(last4: &str) -> Condition {
    any(vec![Place::of_payment(match last4.len() {
        4 => ("p.last4 = ?".to_owned(), vec![text(last4)]),
        _ => begins("p.last4", last4),
    })])
}

/// Where a word may stand: as a test of a row `p`, and as the way to its rows.
struct Place {
    test: String,
    way: String,
    values: Vec<Value>,
}

impl Place {
    /// In a column of the payment `p` itself.
    fn of_payment((test, values): (String, Vec<Value>)) -> Self {
        Self {
            way: format!("SELECT p.id FROM payments p WHERE {test}"),
            test,
            values,
        }
    }

    /// In a column of its payer `y`. The test looks at one payer: a list is walked without reading
    /// all of them.
    fn of_payer((test, values): (String, Vec<Value>)) -> Self {
        Self {
            way: format!("SELECT y.payment_id AS id FROM payers y WHERE {test}"),
            test: format!("EXISTS (SELECT 1 FROM payers y WHERE y.payment_id = p.id AND {test})"),
            values,
        }
    }

    /// Among few, which a way leads to at once.
    fn among(way: String, values: Vec<Value>) -> Self {
        Self {
            test: format!("p.id IN ({way})"),
            way,
            values,
        }
    }

    /// Among few payers.
    fn payers(test: &str, values: Vec<Value>) -> Self {
        let way = format!("SELECT payment_id AS id FROM payers WHERE {test}");
        Self::among(way, values)
    }
}

/// In one of several places.
fn any(places: Vec<Place>) -> Condition {
    let tests: Vec<String> = places.iter().map(|it| format!("({})", it.test)).collect();
    let ways: Vec<String> = places.iter().map(|it| it.way.clone()).collect();
    let values: Vec<Value> = places.into_iter().flat_map(|it| it.values).collect();
    Condition {
        test: tests.join(" OR "),
        test_values: values.clone(),
        way: Some((ways.join(" UNION ALL "), values)),
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
