//! A page of the list of payments, by keyset: never an OFFSET.
//!
//! The list is made of parts, one after the other, each in the order of an index: what was meant
//! exactly; what has a value to sort by; what has none.

use std::collections::BTreeMap;

use rusqlite::Connection;

use self::part::{Part, Stretch, parts, stretches};
use super::error::LedgerError;
use super::filter::{Judgement, Where};
use super::payments::{self, PlacedPayment};
use super::search::{self, Reading, Sought};
use crate::domain::listing::{From, PaymentQuery, PaymentSort, Place};
use crate::domain::payment::Payment;

mod part;
mod until;

/// The part of what was meant exactly.
const MEANT: u8 = 0;

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
    let sought = rest(connection, query, judgement, &meant)?;
    page_of(connection, query, judgement, &meant, &sought)
}

/// The page where it is known what was meant exactly, and how the rest is found.
fn page_of(
    connection: &Connection,
    query: &PaymentQuery,
    judgement: &Judgement,
    meant: &[i64],
    sought: &Sought,
) -> Result<Vec<PlacedPayment>, LedgerError> {
    let backwards = matches!(query.from, From::Before(_) | From::End);
    let after = match query.from {
        From::After(place) | From::Before(place) => Some(place),
        From::Start | From::End => None,
    };
    let mut list = parts(connection, query, judgement)?;
    if backwards {
        list.reverse();
    }
    let limit = query.limit as usize;
    let mut page = Vec::new();
    if !backwards && after.is_none_or(|place| place.part == MEANT) {
        page = meant_rows(connection, meant, after, backwards, limit)?;
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
        let places = match &sought.among {
            Some(among) => next_among(
                connection,
                &sought.clause,
                part,
                among,
                beyond,
                backwards,
                room,
            ),
            None => next(connection, &sought.clause, part, beyond, backwards, room),
        };
        page.extend(placed(connection, places?)?);
    }
    if backwards && page.len() < limit {
        let before = after.filter(|place| place.part == MEANT);
        let room = limit - page.len();
        page.extend(meant_rows(connection, meant, before, backwards, room)?);
    }
    if backwards {
        page.reverse();
    }
    Ok(page)
}

const fn reading(query: &PaymentQuery) -> Reading {
    Reading::Page {
        by_settled: matches!(query.sort, PaymentSort::Settled),
    }
}

/// Everything of the filter that was not meant exactly.
fn rest(
    connection: &Connection,
    query: &PaymentQuery,
    judgement: &Judgement,
    meant: &[i64],
) -> Result<Sought, LedgerError> {
    let mut sought = search::sought(connection, &query.filter, judgement, reading(query))?;
    if !meant.is_empty() {
        let others = "p.id NOT IN (SELECT value FROM json_each(?))";
        sought.clause.and(others, [search::list(meant)]);
    }
    Ok(sought)
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
    let place = |id| Place {
        part: MEANT,
        key: 0,
        id,
    };
    placed(connection, ids.into_iter().take(room).map(place))
}

/// The payments of these places, in their order. They are read once it is known which: of all that
/// are sorted for a page only the ids are.
fn placed(
    connection: &Connection,
    places: impl IntoIterator<Item = Place>,
) -> Result<Vec<PlacedPayment>, LedgerError> {
    let places: Vec<Place> = places.into_iter().collect();
    let ids: Vec<i64> = places.iter().map(|place| place.id).collect();
    let known = payments::all(connection, &ids)?.into_iter();
    let mut known: BTreeMap<i64, Payment> = known.map(|it| (it.id.as_i64(), it)).collect();
    let rows = places.into_iter().filter_map(|place| {
        let payment = known.remove(&place.id)?;
        Some(PlacedPayment { place, payment })
    });
    Ok(rows.collect())
}

/// The next places of a part, each found by its index.
fn next(
    connection: &Connection,
    clause: &Where,
    part: &Part,
    beyond: Option<Place>,
    backwards: bool,
    room: usize,
) -> Result<Vec<Place>, LedgerError> {
    let descending = part.descends(backwards);
    let mut merged = Vec::new();
    for stretch in stretches(connection, clause, part, beyond, backwards)? {
        let places = stretch.places(connection, part, descending, room)?;
        merged.extend(places.into_iter().map(|place| (stretch.window, place)));
    }
    if part.accounts.is_some() {
        until::merge(&mut merged, descending);
    }
    Ok(merged.into_iter().map(|it| it.1).take(room).collect())
}

/// The next places of a part that is by settlement, among these: as many of them are looked at as it
/// takes.
fn next_among(
    connection: &Connection,
    clause: &Where,
    part: &Part,
    among: &[(i64, i64)],
    beyond: Option<Place>,
    backwards: bool,
    room: usize,
) -> Result<Vec<Place>, LedgerError> {
    let descending = part.descends(backwards);
    let follows = |it: &&(i64, i64)| match beyond.map(|place| (place.key, place.id)) {
        Some(there) if descending => **it < there,
        Some(there) => **it > there,
        None => true,
    };
    let mut left: Vec<(i64, i64)> = among.iter().filter(follows).copied().collect();
    left.sort_unstable();
    if descending {
        left.reverse();
    }
    let mut left = left.as_slice();
    let mut some = room;
    let mut places = Vec::new();
    while places.len() < room && !left.is_empty() {
        let (now, later) = left.split_at(some.min(left.len()));
        let ids: Vec<i64> = now.iter().map(|(_, id)| *id).collect();
        let stretch = of(clause, &ids);
        places.extend(stretch.places(connection, part, descending, room - places.len())?);
        // Where few of them are the filter's, more of them are looked at at once.
        (left, some) = (later, some * 2);
    }
    Ok(places)
}

/// Those of the filter that have one of these ids.
fn of(clause: &Where, ids: &[i64]) -> Stretch {
    let mut clause = clause.clone();
    let one_of_them = "p.id IN (SELECT value FROM json_each(?))";
    clause.and(one_of_them, [search::list(ids)]);
    Stretch {
        clause,
        beyond: None,
        window: None,
    }
}

/// The ids of a page, however the filter's payments are found.
#[cfg(test)]
pub(super) fn by_each_bound(
    connection: &Connection,
    query: &PaymentQuery,
    judgement: &Judgement,
) -> [Vec<i64>; 4] {
    let each = search::by_each_bound(connection, &query.filter, judgement, reading(query));
    each.map(|sought| {
        let page = page_of(connection, query, judgement, &[], &sought).unwrap();
        page.iter().map(|it| it.place.id).collect()
    })
}

/// The plans of all parts, from the beginning or beyond a place.
#[cfg(test)]
pub(super) fn plan(connection: &Connection, query: &PaymentQuery, judgement: &Judgement) -> String {
    let sought = rest(connection, query, judgement, &[]).unwrap();
    let mut plans = Vec::new();
    let place = match query.from {
        From::After(place) | From::Before(place) => Some(place),
        From::Start | From::End => None,
    };
    for part in parts(connection, query, judgement).unwrap() {
        let stretches = match &sought.among {
            Some(_) => vec![of(&sought.clause, &[1])],
            None => stretches(connection, &sought.clause, &part, place, false).unwrap(),
        };
        for stretch in stretches {
            let (sql, values) = stretch.sql(&part, part.descends(false), 200);
            plans.push(super::tests::plan(connection, &sql, values));
        }
    }
    plans.join("\n")
}
