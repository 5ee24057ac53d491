//! Where what was typed may stand: as a test of a payment, and as the ways an index leads to it.

use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::error::LedgerError;
use super::filter::text;
use super::fragments;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::query::ANYWHERE_FROM;
use crate::domain::text::folded;

/// The columns of names, each with an index that compares without case.
const NAMES: [&str; 2] = ["p.reference", "p.order_ref"];
/// What is found whole.
pub(super) const WHOLE: &str =
    "kind IN ('customer_id', 'invoice', 'auth_code', 'arn', 'end_to_end')";

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
    pub(super) fn sql(&self, connection: &Connection) -> Result<(String, Vec<Value>), LedgerError> {
        Ok(match self {
            Self::Ids { sql, values } => (sql.clone(), values.clone()),
            Self::Runs { index, runs } => {
                let sql = format!("SELECT rowid FROM {index} WHERE {index} MATCH ?");
                (
                    sql,
                    vec![text(&fragments::telling(connection, index, runs)?)],
                )
            }
        })
    }
}

/// Our id of a payment, or of a refund of it.
pub(super) fn own_ids(word: &str) -> Vec<(String, Value)> {
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
    places.push(invoice(word));
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

/// An invoice while its number is typed. Many may begin like this: the way is walked no further than
/// it is of use, and of a row only its own are looked at.
fn invoice(word: &str) -> Place {
    let (spelt, values) = begins("n.name", word);
    let named = format!("FROM payment_names n WHERE n.kind = 'invoice' AND {spelt}");
    Place::both(
        format!("EXISTS (SELECT 1 {named} AND n.payment_id = p.id)"),
        format!("SELECT n.payment_id AS id {named}"),
        values,
    )
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
            runs: fragments::runs(folded),
        },
        test,
        test_values,
    };
    let (test, test_values) = stands(&["y.name", "y.folded"]);
    let of_payer = Place {
        way: Way::Runs {
            index: "payer_fragments",
            runs: fragments::runs(folded),
        },
        test: format!("EXISTS (SELECT 1 FROM payers y WHERE y.payment_id = p.id AND ({test}))"),
        test_values,
    };
    vec![of_payment, of_payer]
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
