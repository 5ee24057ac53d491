//! The parts of the list: what is in each, in the order of which index.

use std::borrow::Cow;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::until;
use crate::domain::eligibility::Window;
use crate::domain::listing::{Direction, PaymentQuery, PaymentSort, Place};
use crate::ledger::error::LedgerError;
use crate::ledger::filter::{self, BLOCKED, Judgement, Where};

/// An account and how long after capture it refunds.
pub(super) type Windowed = (String, Option<Window>);

/// A stretch of the list in the order of one index, or of one index in each of several accounts.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) number: u8,
    /// Which rows are in it.
    condition: Cow<'static, str>,
    /// The accounts that are read one by one and merged.
    pub(super) accounts: Option<Vec<Windowed>>,
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
pub(super) fn parts(
    connection: &Connection,
    query: &PaymentQuery,
    judgement: &Judgement,
) -> Result<Vec<Part>, LedgerError> {
    let (sort, direction) = (query.sort, query.direction);
    let part = |number, condition: &'static str, name, key| Part {
        number,
        condition: Cow::Borrowed(condition),
        accounts: None,
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
    Ok(match sort {
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
        PaymentSort::Until => {
            let (with, without) = until::accounts(connection, judgement)?;
            let dated = part(1, "", None, Some("captured_at"));
            let newest = Part {
                direction: Direction::Descending,
                ..part(2, "", None, Some("settled_key"))
            };
            vec![dated.of(with), newest.of(without)]
        }
        PaymentSort::Status => {
            let of = |(number, condition)| Part {
                condition,
                ..part(number, "", None, Some("settled_key"))
            };
            let mut parts: Vec<Part> = (1..).zip(standings()).map(of).collect();
            if direction == Direction::Descending {
                parts.reverse();
            }
            parts
        }
    })
}

/// What stands in each way, the most pressing first, as `domain::payment::Standing` has it. What
/// nothing was done to has one order, that of settlement: what has not settled yet is at its end.
fn standings() -> impl Iterator<Item = Cow<'static, str>> {
    // As a list that is few for SQLite, too: else it walks all payments and meets them there.
    let blocked = format!(
        "p.id IN (SELECT value FROM json_each((SELECT json_group_array(payment_id) FROM (
             {BLOCKED} UNION ALL SELECT id FROM payments WHERE standing < 5 AND standing = 0))))"
    );
    let taken = (1..5).map(|standing| {
        format!("p.standing < 5 AND p.standing = {standing} AND p.id NOT IN ({BLOCKED})")
    });
    let untouched = format!("+p.standing = 5 AND p.id NOT IN ({BLOCKED})");
    let all = std::iter::once(blocked).chain(taken).chain([untouched]);
    all.map(Cow::Owned)
}

/// What one index answers of a part.
pub(super) struct Stretch {
    pub(super) clause: Where,
    /// The values of the place it goes on from, in the order of the part's columns.
    pub(super) beyond: Option<Vec<Value>>,
    /// The window of the account it is of.
    pub(super) window: Option<Window>,
}

/// The stretches of a part beyond a place in it.
pub(super) fn stretches(
    connection: &Connection,
    clause: &Where,
    part: &Part,
    beyond: Option<Place>,
    backwards: bool,
) -> Result<Vec<Stretch>, LedgerError> {
    let mut clause = clause.clone();
    if !part.condition.is_empty() {
        clause.and(part.condition.as_ref(), []);
    }
    let Some(accounts) = &part.accounts else {
        let beyond = beyond.map(|place| cursor(connection, part, place));
        return Ok(vec![Stretch {
            clause,
            beyond: beyond.transpose()?,
            window: None,
        }]);
    };
    let beyond = beyond.map(|place| until::last_day(connection, accounts, place));
    let beyond = beyond.transpose()?;
    let descending = part.descends(backwards);
    let of = |(account, window): &Windowed| {
        let mut clause = clause.clone();
        clause.and("p.account = ?", [filter::text(account)]);
        let bound = beyond.map(|(day, place)| until::bound(*window, day, place, descending));
        Stretch {
            clause,
            beyond: bound.map(|(key, id)| vec![Value::Integer(key), Value::Integer(id)]),
            window: *window,
        }
    };
    Ok(accounts.iter().map(of).collect())
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

impl Part {
    /// The same of each of these accounts, merged.
    fn of(self, accounts: Vec<Windowed>) -> Self {
        Self {
            accounts: Some(accounts),
            ..self
        }
    }

    pub(super) fn descends(&self, backwards: bool) -> bool {
        (self.direction == Direction::Descending) != backwards
    }

    fn key(&self) -> Option<String> {
        self.key.map(|key| format!("p.{key}"))
    }

    /// What it is sorted by.
    fn columns(&self) -> Vec<String> {
        let name = self.name.map(|name| name.column.to_owned());
        let id = self.name.map_or("p.id", |name| name.id).to_owned();
        name.into_iter().chain(self.key()).chain([id]).collect()
    }
}

impl Stretch {
    /// Its next places.
    pub(super) fn places(
        &self,
        connection: &Connection,
        part: &Part,
        descending: bool,
        room: usize,
    ) -> Result<Vec<Place>, LedgerError> {
        let place = |row: &Row<'_>| {
            Ok(Place {
                part: part.number,
                key: row.get(1)?,
                id: row.get(0)?,
            })
        };
        let (sql, values) = self.sql(part, descending, room);
        let mut statement = connection.prepare_cached(&sql)?;
        let places = statement.query_map(params_from_iter(values), place)?;
        Ok(places.collect::<Result<_, _>>()?)
    }

    /// Ids and keys of its rows: a row-value comparison that an index answers.
    pub(super) fn sql(&self, part: &Part, descending: bool, room: usize) -> (String, Vec<Value>) {
        let (order, comparison) = match descending {
            true => ("DESC", "<"),
            false => ("ASC", ">"),
        };
        let columns = part.columns();
        let mut clause = self.clause.clone();
        if let Some(values) = self.beyond.clone() {
            let marks = vec!["?"; values.len()].join(", ");
            let row = columns.join(", ");
            clause.and(format!("({row}) {comparison} ({marks})"), values);
        }
        let key = part.key().unwrap_or_else(|| "0".to_owned());
        let sorted: Vec<String> = columns.iter().map(|it| format!("{it} {order}")).collect();
        let sql = format!(
            "SELECT p.id, {key} FROM payments p LEFT JOIN payers y ON y.payment_id = p.id {}
             ORDER BY {} LIMIT {room}",
            clause.sql(),
            sorted.join(", ")
        );
        (sql, clause.into_values())
    }
}
