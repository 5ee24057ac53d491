//! A page of the list of payments, by keyset: never an OFFSET.
//!
//! The list is made of parts, one after the other, each in the order of an index: what was meant
//! exactly; what has a value to sort by; what has none.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::error::LedgerError;
use super::filter::{Judgement, Where};
use super::payments::{PlacedPayment, one};
use super::row::{PAYMENT_COLUMNS, PAYMENT_TABLES, PAYMENT_WIDTH, payment, with_captures};
use super::search::{self, Reading};
use crate::domain::listing::{Direction, From, PaymentQuery, PaymentSort, Place};

/// The part of what was meant exactly.
const MEANT: u8 = 0;

/// A stretch of the list in the order of one index.
#[derive(Clone, Copy, Debug)]
struct Part {
    number: u8,
    /// Which rows are in it.
    condition: &'static str,
    /// A column of names that comes first.
    name: Option<Name>,
    /// A column of numbers that comes before the id.
    key: Option<&'static str>,
    direction: Direction,
}

/// A column of names, with the id beside it in its index.
#[derive(Clone, Copy, Debug)]
struct Name {
    column: &'static str,
    id: &'static str,
    /// The name of one payment.
    read: &'static str,
}

const REFERENCE: Name = Name {
    column: "p.reference",
    id: "p.id",
    read: "SELECT reference FROM payments WHERE id = ?1",
};
const ORDER: Name = Name {
    column: "p.order_ref",
    id: "p.id",
    read: "SELECT order_ref FROM payments WHERE id = ?1",
};
const ACCOUNT: Name = Name {
    column: "p.account",
    id: "p.id",
    read: "SELECT account FROM payments WHERE id = ?1",
};
const CURRENCY: Name = Name {
    column: "p.currency",
    id: "p.id",
    read: "SELECT currency FROM payments WHERE id = ?1",
};
const PAYER: Name = Name {
    column: "y.name",
    id: "y.payment_id",
    read: "SELECT name FROM payers WHERE payment_id = ?1",
};

/// The parts in list order.
fn parts(sort: PaymentSort, direction: Direction) -> Vec<Part> {
    let part = |number, condition, name, key| Part {
        number,
        condition,
        name,
        key,
        direction,
    };
    let whole = |key| vec![part(1, "", None, Some(key))];
    let by_name = |name, known, unknown| {
        let newest = Part {
            direction: Direction::Descending,
            ..part(2, unknown, None, Some("settled_key"))
        };
        vec![part(1, known, Some(name), None), newest]
    };
    // What is nothing comes by settlement, the newest first, on either side.
    let nothing_last = |key, some, none| {
        let newest = Part {
            direction: Direction::Descending,
            ..part(2, none, None, Some("settled_key"))
        };
        let mut parts = vec![part(1, some, None, Some(key)), newest];
        if direction == Direction::Ascending {
            parts.reverse();
        }
        parts
    };
    match sort {
        PaymentSort::Settled => whole("settled_key"),
        PaymentSort::Amount => whole("captured_minor"),
        PaymentSort::Available => whole("available_minor"),
        PaymentSort::Refunded => nothing_last(
            "executed_minor",
            "p.executed_minor <> 0",
            "p.executed_minor = 0",
        ),
        PaymentSort::Held => nothing_last("held_minor", "p.held_minor <> 0", "p.held_minor = 0"),
        PaymentSort::Reference => {
            by_name(REFERENCE, "p.reference IS NOT NULL", "p.reference IS NULL")
        }
        PaymentSort::Order => by_name(ORDER, "p.order_ref IS NOT NULL", "p.order_ref IS NULL"),
        PaymentSort::Payer => by_name(PAYER, "y.name IS NOT NULL", "y.name IS NULL"),
        PaymentSort::Account => vec![part(1, "", Some(ACCOUNT), Some("settled_key"))],
        PaymentSort::Currency => vec![part(1, "", Some(CURRENCY), Some("settled_key"))],
    }
}

/// Reads a page, in the caller's transaction.
///
/// # Errors
/// The database failed.
pub(super) fn page(
    connection: &Connection,
    query: &PaymentQuery,
    judgement: &Judgement,
) -> Result<Vec<PlacedPayment>, LedgerError> {
    let meant = search::meant(connection, &query.filter, judgement)?;
    let clause = rest(connection, query, judgement, &meant)?;
    let backwards = matches!(query.from, From::Before(_) | From::End);
    let after = match query.from {
        From::After(place) | From::Before(place) => Some(place),
        From::Start | From::End => None,
    };
    let mut list = parts(query.sort, query.direction);
    if backwards {
        list.reverse();
    }
    let limit = query.limit as usize;
    let mut page = Vec::new();
    if !backwards && after.is_none_or(|place| place.part == MEANT) {
        page = meant_rows(connection, &meant, after, backwards, limit)?;
    }
    let from = after.and_then(|place| list.iter().position(|part| part.number == place.part));
    let skip = match (from, backwards) {
        (Some(at), _) => at,
        // Before what was meant exactly there is nothing but more of it.
        (None, true) if after.is_some() => list.len(),
        (None, _) => 0,
    };
    for part in list.iter().skip(skip) {
        if page.len() >= limit {
            break;
        }
        let beyond = after.filter(|place| place.part == part.number);
        let room = limit - page.len();
        page.extend(rows(connection, &clause, part, beyond, backwards, room)?);
    }
    if backwards && page.len() < limit {
        let before = after.filter(|place| place.part == MEANT);
        let room = limit - page.len();
        page.extend(meant_rows(connection, &meant, before, backwards, room)?);
    }
    if backwards {
        page.reverse();
    }
    Ok(page)
}

/// Everything of the filter that was not meant exactly.
fn rest(
    connection: &Connection,
    query: &PaymentQuery,
    judgement: &Judgement,
    meant: &[i64],
) -> Result<Where, LedgerError> {
    let by_settled = query.sort == PaymentSort::Settled;
    let mut clause = search::clause(
        connection,
        &query.filter,
        judgement,
        Reading::Page { by_settled },
    )?;
    if !meant.is_empty() {
        let others = "p.id NOT IN (SELECT value FROM json_each(?))";
        clause.and(others, [search::list(meant)]);
    }
    Ok(clause)
}

/// What was meant exactly, beyond a place in it, as far from there as `backwards` says.
fn meant_rows(
    connection: &Connection,
    meant: &[i64],
    beyond: Option<Place>,
    backwards: bool,
    room: usize,
) -> Result<Vec<PlacedPayment>, LedgerError> {
    let at = beyond.and_then(|place| meant.iter().position(|id| *id == place.id));
    let ids: Vec<i64> = match (at, backwards) {
        (Some(at), true) => meant[..at].iter().rev().copied().collect(),
        (None, true) => meant.iter().rev().copied().collect(),
        (Some(at), false) => meant[at + 1..].to_vec(),
        (None, false) => meant.to_vec(),
    };
    let mut rows = Vec::new();
    for id in ids.into_iter().take(room) {
        let known = one(connection, crate::domain::id::PaymentId::from_i64(id))?;
        let place = Place {
            part: MEANT,
            key: 0,
            id,
        };
        rows.extend(known.map(|payment| PlacedPayment { place, payment }));
    }
    Ok(rows)
}

fn rows(
    connection: &Connection,
    clause: &Where,
    part: &Part,
    beyond: Option<Place>,
    backwards: bool,
    room: usize,
) -> Result<Vec<PlacedPayment>, LedgerError> {
    let place = beyond
        .map(|place| cursor(connection, part, place))
        .transpose()?;
    let (sql, values) = part_sql(clause.clone(), part, place, backwards, room);
    let rows = connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(values), |row| {
            Ok((payment(row)?, row.get::<_, i64>(PAYMENT_WIDTH)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let placed = rows.into_iter().map(|(payment, key)| {
        let place = Place {
            part: part.number,
            key,
            id: payment.id.as_i64(),
        };
        with_captures(connection, payment).map(|payment| PlacedPayment { place, payment })
    });
    placed.collect()
}

/// The values of a place, in the order of the part's columns. A name is read anew: it never changes.
fn cursor(connection: &Connection, part: &Part, place: Place) -> Result<Vec<Value>, LedgerError> {
    let mut values = Vec::new();
    if let Some(name) = part.name {
        let value: Option<Value> = connection
            .prepare_cached(name.read)?
            .query_row([place.id], |row| row.get(0))
            .optional()?;
        values.push(value.unwrap_or(Value::Null));
    }
    if part.key.is_some() {
        values.push(Value::Integer(place.key));
    }
    values.push(Value::Integer(place.id));
    Ok(values)
}

/// The SQL of a stretch: a row-value comparison that an index answers.
fn part_sql(
    mut clause: Where,
    part: &Part,
    beyond: Option<Vec<Value>>,
    backwards: bool,
    room: usize,
) -> (String, Vec<Value>) {
    let descending = (part.direction == Direction::Descending) != backwards;
    let (order, comparison) = if descending {
        ("DESC", "<")
    } else {
        ("ASC", ">")
    };
    let key = part.key.map(|key| format!("p.{key}"));
    let columns: Vec<String> = part
        .name
        .map(|name| name.column.to_owned())
        .into_iter()
        .chain(key.clone())
        .chain([part.name.map_or("p.id", |name| name.id).to_owned()])
        .collect();
    if !part.condition.is_empty() {
        clause.and(part.condition, []);
    }
    if let Some(values) = beyond {
        let marks = vec!["?"; values.len()].join(", ");
        let row = columns.join(", ");
        clause.and(format!("({row}) {comparison} ({marks})"), values);
    }
    let key = key.unwrap_or_else(|| "0".to_owned());
    let sorted: Vec<String> = columns.iter().map(|it| format!("{it} {order}")).collect();
    let sql = format!(
        "SELECT {PAYMENT_COLUMNS}, {key} FROM {PAYMENT_TABLES} {} ORDER BY {} LIMIT {room}",
        clause.sql(),
        sorted.join(", ")
    );
    (sql, clause.into_values())
}

/// The plans of all parts, from the beginning or beyond a place.
#[cfg(test)]
pub(super) fn plan(connection: &Connection, query: &PaymentQuery, judgement: &Judgement) -> String {
    let clause = rest(connection, query, judgement, &[]).unwrap();
    let mut plans = Vec::new();
    for part in parts(query.sort, query.direction) {
        let place = match query.from {
            From::After(place) | From::Before(place) => {
                Some(cursor(connection, &part, place).unwrap())
            }
            From::Start | From::End => None,
        };
        let (sql, values) = part_sql(clause.clone(), &part, place, false, 200);
        plans.push(super::tests::plan(connection, &sql, values));
    }
    plans.join("\n")
}
