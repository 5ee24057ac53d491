//! By the last day on which a refund is possible. How long that is after capture differs from account
//! to account and changes with the configuration, so no index has this order: each account is read in
//! the order of capture, and they are merged.

use chrono::{DateTime, NaiveDate, NaiveTime};
use rusqlite::{Connection, OptionalExtension};

use super::part::Windowed;
use crate::domain::eligibility::Window;
use crate::domain::listing::Place;
use crate::ledger::error::LedgerError;
use crate::ledger::filter::Judgement;
use crate::ledger::row::millis;

/// The accounts of which every payment has a last day, and the others.
pub(super) fn accounts(
    connection: &Connection,
    judgement: &Judgement,
) -> Result<(Vec<Windowed>, Vec<Windowed>), LedgerError> {
    let mut statement = connection.prepare_cached("SELECT name FROM accounts ORDER BY name")?;
    let names = statement.query_map([], |row| row.get(0))?;
    let windowed = |name: String| {
        let terms = judgement.accounts.iter().find(|(it, _)| *it == name);
        let window = terms.and_then(|(_, terms)| terms.window);
        (name, window)
    };
    let all = names.map(|name| name.map(windowed));
    let all: Vec<Windowed> = all.collect::<Result<_, _>>()?;
    Ok(all.into_iter().partition(|(_, window)| window.is_some()))
}

/// A place and its last day; none where its account has no window.
pub(super) fn last_day(
    connection: &Connection,
    accounts: &[Windowed],
    place: Place,
) -> Result<(Option<NaiveDate>, Place), LedgerError> {
    let sql = "SELECT account FROM payments WHERE id = ?1";
    let account: Option<String> = connection
        .prepare_cached(sql)?
        .query_row([place.id], |row| row.get(0))
        .optional()?;
    let known = accounts
        .iter()
        .find(|(name, _)| Some(name) == account.as_ref());
    let window = known.and_then(|(_, window)| *window);
    Ok((day_of(window, place), place))
}

/// From where an account with this window goes on after a place of any account: its key and id.
pub(super) fn bound(
    window: Option<Window>,
    day: Option<NaiveDate>,
    place: Place,
    descending: bool,
) -> (i64, i64) {
    let (Some(window), Some(day)) = (window, day) else {
        return (place.key, place.id);
    };
    // Captured from the first to before the second of these, a payment has the same last day.
    let start = |day: NaiveDate| {
        let captured = window.oldest_capture(day).and_time(NaiveTime::MIN);
        millis(captured.and_utc())
    };
    let same = start(day)..day.succ_opt().map_or(i64::MAX, start);
    let beyond = |first: i64| match descending {
        true => (first, i64::MIN),
        false => (first.saturating_sub(1), i64::MAX),
    };
    match place.key {
        key if key < same.start => beyond(same.start),
        key if key >= same.end => beyond(same.end),
        key => (key, place.id),
    }
}

/// What was read of each account, as one list.
pub(super) fn merge(rows: &mut [(Option<Window>, Place)], descending: bool) {
    rows.sort_by_key(|(window, place)| (day_of(*window, *place), place.key, place.id));
    if descending {
        rows.reverse();
    }
}

fn day_of(window: Option<Window>, captured: Place) -> Option<NaiveDate> {
    let at = DateTime::from_timestamp_millis(captured.key)?;
    Some(window?.last_day(at.date_naive()))
}
