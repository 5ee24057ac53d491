//! How a filter's payments are found: by the indexes that lead to few, or, where they are many, by
//! walking the list in its order and looking at each.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::error::LedgerError;
use super::filter::{self, Judgement, Where, text};
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::listing::PaymentFilter;
use crate::domain::query::ANYWHERE_FROM;
use crate::domain::text::folded;

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

/// The columns of names, each with an index that compares without case.
const NAMES: [&str; 2] = ["p.reference", "p.order_ref"];
/// The payments of these numbers.
const NUMBERED: &str =
    "SELECT n.payment_id FROM json_each(?) j CROSS JOIN payment_numbers n ON n.number = j.value";
/// So many payments of a run are looked at to see whether nearly every one has it.
const SAMPLE: i64 = 200;
/// What is found whole.
const WHOLE: &str = "kind IN ('customer_id', 'invoice', 'auth_code', 'arn', 'end_to_end')";

/// A part of a filter that an index may answer: as a test of a row `p`, and as the ways to its rows,
/// which may lead past some others.
pub(super) struct Condition {
    pub test: String,
    pub test_values: Vec<Value>,
    pub ways: Vec<Way>,
}

/// A way to payments by an index.
pub(super) enum Way {
    /// A `SELECT` of their ids.
    Ids { sql: String, values: Vec<Value> },
    /// Those that have all these runs in an index of fragments. It knows their numbers: it takes
    /// longer to look up the ids of many than to learn that they are too many.
    Runs {
        index: &'static str,
        runs: BTreeSet<String>,
    },
}

impl Way {
    /// A `SELECT` of ids or numbers, and its values.
    fn sql(&self, connection: &Connection) -> Result<(String, Vec<Value>), LedgerError> {
        Ok(match self {
            Self::Ids { sql, values } => (sql.clone(), values.clone()),
            Self::Runs { index, runs } => {
                let sql = format!("SELECT rowid FROM {index} WHERE {index} MATCH ?");
                (sql, vec![text(&telling(connection, index, runs)?)])
            }
        })
    }
}

/// The runs as an index of fragments is asked for them, those left out that nearly every payment has:
/// they are long lists that rule nothing out.
pub(super) fn telling(
    connection: &Connection,
    index: &str,
    runs: &BTreeSet<String>,
) -> Result<String, LedgerError> {
    let sql = format!(
        "SELECT count(*), max(number) - (SELECT min(number) FROM payment_numbers)
         FROM (SELECT rowid AS number FROM {index} WHERE {index} MATCH ? LIMIT {SAMPLE})"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut telling = Vec::new();
    for run in runs {
        let (count, span): (i64, Option<i64>) =
            statement.query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if count < SAMPLE || span.is_none_or(|span| span >= 2 * SAMPLE) {
            telling.push(run.as_str());
        }
    }
    if telling.is_empty() {
        telling.extend(runs.iter().map(String::as_str));
    }
    Ok(telling.join(" AND "))
}

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

/// A word: wherever it may stand, or, while it is short, where a name begins.
pub(super) fn word(word: &str) -> Condition {
    let folded = folded(word);
    let mut places = match folded.chars().count() {
        ANYWHERE_FROM.. => anywhere(&folded),
        _ => at_the_beginning(word, &folded),
    };
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
    let (spelt, values) = match folded.chars().count() {
        ANYWHERE_FROM.. => contains("name", &folded),
        _ => begins("name", &folded),
    };
    places.push(Place::among(
        format!("{names} kind = 'folded' AND {spelt}"),
        values,
    ));
    any(places)
}

fn at_the_beginning(word: &str, folded: &str) -> Vec<Place> {
    let mut places: Vec<Place> = NAMES
        .map(|column| Place::of_payment(begins(column, folded)))
        .into();
    places.push(Place::of_payer(begins("y.name", folded)));
    let (spelt, values) = begins("folded", folded);
    places.push(Place::payers(&spelt, values));
    let ids = begins_in_any_case("p.provider_payment_id", word);
    places.push(Place::of_payment(ids));
    places
}

/// All the runs of three letters of the word lead to it; whether they stand together is looked at
/// in the row.
fn anywhere(folded: &str) -> Vec<Place> {
    let stands = |columns: &[&str]| {
        let tests = columns.iter().map(|column| contains(column, folded));
        let (tests, values): (Vec<_>, Vec<_>) = tests.unzip();
        (tests.join(" OR "), values.concat())
    };
    let (test, test_values) = stands(&["p.reference", "p.order_ref", "p.provider_payment_id"]);
    let of_payment = Place {
        way: Way::Runs {
            index: "payment_fragments",
            runs: runs(folded),
        },
        test,
        test_values,
    };
    let (test, test_values) = stands(&["y.name", "y.folded"]);
    let of_payer = Place {
        way: Way::Runs {
            index: "payer_fragments",
            runs: runs(folded),
        },
        test: format!("EXISTS (SELECT 1 FROM payers y WHERE y.payment_id = p.id AND ({test}))"),
        test_values,
    };
    vec![of_payment, of_payer]
}

/// Every run of three letters of a word, as an index of fragments is asked for it.
pub(super) fn runs(word: &str) -> BTreeSet<String> {
    let letters: Vec<char> = word.chars().collect();
    let runs = letters.windows(ANYWHERE_FROM).map(|run| {
        let run: String = run.iter().collect();
        format!("\"{}\"", run.replace('"', "\"\""))
    });
    runs.collect()
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
    test_values: Vec<Value>,
    way: Way,
}

impl Place {
    /// In a column of the payment `p` itself.
    fn of_payment((test, values): (String, Vec<Value>)) -> Self {
        let way = format!("SELECT p.id FROM payments p WHERE {test}");
        Self::both(test, way, values)
    }

    /// In a column of its payer `y`. The test looks at one payer: a list is walked without reading
    /// all of them.
    fn of_payer((test, values): (String, Vec<Value>)) -> Self {
        let way = format!("SELECT y.payment_id AS id FROM payers y WHERE {test}");
        let test = format!("EXISTS (SELECT 1 FROM payers y WHERE y.payment_id = p.id AND {test})");
        Self::both(test, way, values)
    }

    /// Among few, which a way leads to at once.
    fn among(way: String, values: Vec<Value>) -> Self {
        Self::both(format!("p.id IN ({way})"), way, values)
    }

    /// Among few payers.
    fn payers(test: &str, values: Vec<Value>) -> Self {
        let way = format!("SELECT payment_id AS id FROM payers WHERE {test}");
        Self::among(way, values)
    }

    fn both(test: String, way: String, values: Vec<Value>) -> Self {
        Self {
            test,
            test_values: values.clone(),
            way: Way::Ids { sql: way, values },
        }
    }
}

/// In one of several places. All ways to ids are one.
fn any(places: Vec<Place>) -> Condition {
    let tests: Vec<String> = places.iter().map(|it| format!("({})", it.test)).collect();
    let test_values = places
        .iter()
        .flat_map(|it| it.test_values.clone())
        .collect();
    let mut ways = Vec::new();
    let mut to_ids: Vec<String> = Vec::new();
    let mut of_ids: Vec<Value> = Vec::new();
    for place in places {
        match place.way {
            Way::Ids { sql, values } => {
                to_ids.push(sql);
                of_ids.extend(values);
            }
            runs @ Way::Runs { .. } => ways.push(runs),
        }
    }
    ways.extend((!to_ids.is_empty()).then(|| Way::Ids {
        sql: to_ids.join(" UNION ALL "),
        values: of_ids,
    }));
    Condition {
        test: tests.join(" OR "),
        test_values,
        ways,
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

fn contains(column: &str, part: &str) -> (String, Vec<Value>) {
    let mut pattern = String::from("%");
    for character in part.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    (format!("{column} LIKE ? ESCAPE '\\'"), vec![text(&pattern)])
}

/// A text behind every text that begins with `prefix`.
fn successor(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
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
