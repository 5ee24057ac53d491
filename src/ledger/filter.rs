//! A filter becomes a WHERE clause with its parameters.

use std::collections::BTreeSet;

use rusqlite::types::Value;

use super::row::{millis, not_blocking};
use super::ways::{self, Condition, Way};
use crate::domain::eligibility::Terms;
use crate::domain::limits::Limit;
use crate::domain::listing::PaymentFilter;
use crate::domain::money::Currency;
use crate::domain::query::AmountRange;
use crate::domain::state::State;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

/// A WHERE clause under construction. Values are always parameters, never text in the SQL.
#[derive(Clone, Default)]
pub(super) struct Where {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Where {
    /// Adds a condition in which each `?` stands for one of `values`.
    pub(super) fn and(
        &mut self,
        condition: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) {
        self.conditions.push(condition.into());
        self.values.extend(values);
    }

    /// The clause, or nothing.
    pub(super) fn sql(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!("WHERE ({})", self.conditions.join(") AND ("))
        }
    }

    /// The values in the order of their question marks.
    pub(super) fn into_values(self) -> Vec<Value> {
        self.values
    }
}

/// Payments with a discrepancy that keeps refunds from being reserved or sent.
pub(super) const BLOCKED: &str = concat!(
    "SELECT payment_id FROM discrepancies WHERE resolved_at IS NULL AND kind NOT IN ",
    not_blocking!()
);

/// Under which terms each account refunds, and at what time that is judged.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Account name and its terms.
    pub accounts: Vec<(String, Terms)>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// The conditions of a filter on `payments p`. Dates are looked up in the index of settlement
/// unless the rows come by another one already: then they are only compared.
pub(super) fn payments(filter: &PaymentFilter, judgement: &Judgement, by_settled: bool) -> Where {
    let mut clause = Where::default();
    if let Some(account) = &filter.account {
        clause.and("p.account = ?", [text(account)]);
    }
    // Where there is a date, it is the key; a unary plus keeps SQLite from another index.
    let key = if by_settled {
        "p.settled_key"
    } else {
        "+p.settled_key"
    };
    if let Some(from) = filter.from {
        clause.and(format!("{key} >= ?"), [day_start(from)]);
    }
    if let Some(to) = filter.to {
        clause.and(format!("{key} < ?"), [day_end(to)]);
    }
    if filter.from.is_some() || filter.to.is_some() {
        clause.and("p.settled_at IS NOT NULL", []);
    }
    for condition in conditions(filter) {
        clause.and(condition.test, condition.test_values);
    }
    if let Some(days) = filter.paid_on {
        let (from, to) = (day_start(days.from), day_end(days.to));
        clause.and(
            "p.captured_at >= ? AND p.captured_at < ? OR p.settled_at >= ? AND p.settled_at < ?",
            [from.clone(), to.clone(), from, to],
        );
    }
    if let Some(range) = &filter.can {
        let (amount, values) = can_refund(judgement);
        clause.and(
            format!("{amount} BETWEEN {}", ends(range)),
            values.into_iter().chain(end_values(range)),
        );
    }
    if filter.refundable {
        let (condition, values) = refundable(judgement);
        clause.and(condition, values);
    }
    clause
}

/// Those conditions of a filter that an index may answer, the one that leads to the fewest payments
/// first.
pub(super) fn conditions(filter: &PaymentFilter) -> Vec<Condition> {
    let mut conditions = Vec::new();
    conditions.extend(filter.email.as_deref().map(ways::email));
    conditions.extend(filter.last4.as_deref().map(ways::last4));
    let paid = filter.paid.as_ref();
    let exactly = paid.filter(|range| range.is_exact());
    conditions.extend(exactly.map(self::paid));
    // A longer word is in fewer names.
    let mut words: Vec<&String> = filter.words.iter().collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    conditions.extend(words.into_iter().map(|word| ways::word(word)));
    if !filter.states.is_empty() {
        conditions.push(with_refund(&filter.states));
    }
    conditions.extend(paid.filter(|range| !range.is_exact()).map(self::paid));
    conditions
}

/// So much was paid, whatever the currency.
fn paid(range: &AmountRange) -> Condition {
    let test = format!("p.captured_minor BETWEEN {}", ends(range));
    let mut ways = Vec::new();
    let mut values = Vec::new();
    // Whatever the currency: the index of amounts does not know it.
    for (_, _, least, most) in in_minor_units(range) {
        ways.push("SELECT id FROM payments WHERE captured_minor BETWEEN ? AND ?".to_owned());
        values.extend([Value::Integer(least), Value::Integer(most)]);
    }
    let nothing = "SELECT 0 AS id WHERE 0".to_owned();
    ways.extend(ways.is_empty().then_some(nothing));
    Condition {
        test,
        test_values: end_values(range),
        ways: vec![Way::Ids {
            sql: ways.join(" UNION ALL "),
            values,
        }],
    }
}

/// The ends of a range in the minor units of `p.currency`, as SQL.
fn ends(range: &AmountRange) -> String {
    let mut cases = String::new();
    for (currencies, is_in, ..) in in_minor_units(range) {
        cases.push_str(&format!(
            " WHEN p.currency {is_in} ({}) THEN ?",
            marks(currencies.len())
        ));
    }
    match cases.is_empty() {
        true => "1 AND 0".to_owned(),
        // A currency of which the range has no amount: nothing is between 1 and 0.
        false => format!("(CASE{cases} ELSE 1 END) AND (CASE{cases} ELSE 0 END)"),
    }
}

fn end_values(range: &AmountRange) -> Vec<Value> {
    let groups = in_minor_units(range);
    let least = groups
        .iter()
        .flat_map(|(codes, _, least, _)| codes.iter().cloned().chain([Value::Integer(*least)]));
    let most = groups
        .iter()
        .flat_map(|(codes, _, _, most)| codes.iter().cloned().chain([Value::Integer(*most)]));
    least.chain(most).collect()
}

/// The range in minor units, for each number of decimals a currency may have: currencies, `IN` or
/// `NOT IN`, from, to.
fn in_minor_units(range: &AmountRange) -> Vec<(Vec<Value>, &'static str, i64, i64)> {
    let code = |currency: &Currency| text(currency.code());
    if let Some(currency) = range.currency {
        let ends = range.minor(currency.exponent());
        let group = ends.map(|(least, most)| (vec![code(&currency)], "IN", least, most));
        return group.into_iter().collect();
    }
    let uncommon = Currency::uncommon();
    let exponents: BTreeSet<u32> = uncommon.iter().map(|it| it.exponent()).collect();
    let mut groups = Vec::new();
    if let Some((least, most)) = range.minor(2) {
        groups.push((uncommon.iter().map(code).collect(), "NOT IN", least, most));
    }
    for exponent in exponents {
        if let Some((least, most)) = range.minor(exponent) {
            let of = uncommon.iter().filter(|it| it.exponent() == exponent);
            groups.push((of.map(code).collect(), "IN", least, most));
        }
    }
    groups
}

/// With a refund in one of these states.
fn with_refund(states: &[State]) -> Condition {
    let way = format!(
        "SELECT payment_id AS id FROM refunds WHERE state IN ({})",
        marks(states.len())
    );
    let values: Vec<Value> = states.iter().map(|state| text(state.name())).collect();
    Condition {
        test: format!("p.id IN ({way})"),
        test_values: values.clone(),
        ways: vec![Way::Ids { sql: way, values }],
    }
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// The condition under which something can be refunded now: the same judgement as
/// `domain::eligibility`, written for an index. A test compares the two.
pub(super) fn refundable(judgement: &Judgement) -> (String, Vec<Value>) {
    let mut ways = Vec::new();
    let mut values = Vec::new();
    for (account, terms) in sending(judgement) {
        let mut way = with_currency(account, terms, &mut values);
        let alone = in_time("p", terms, judgement.now, &mut values);
        let one_of_many = in_time("c", terms, judgement.now, &mut values);
        // Nearly every payment has one capture and answers from its own row.
        way.push_str(&format!(
            " AND (p.captures = 1{alone} OR p.captures > 1 AND EXISTS (
                 SELECT 1 FROM captures c WHERE c.payment_id = p.id AND {LEFT} > 0{one_of_many}))"
        ));
        if let Some(most) = most(terms, &mut values) {
            way.push_str(&format!(" AND {most} > 0"));
        }
        ways.push(format!("({way})"));
    }
    if ways.is_empty() {
        return ("0".to_owned(), values);
    }
    (
        format!(
            "p.available_minor > 0 AND p.id NOT IN ({BLOCKED}) AND ({})",
            ways.join(" OR ")
        ),
        values,
    )
}

/// How much of `p` can be refunded now, in minor units: of several captures only those that still
/// may be, and never more than the payment has.
pub(super) fn can_refund(judgement: &Judgement) -> (String, Vec<Value>) {
    let mut cases = String::new();
    let mut values = Vec::new();
    for (account, terms) in sending(judgement) {
        let way = with_currency(account, terms, &mut values);
        let alone = in_time("p", terms, judgement.now, &mut values);
        let left = bounded("p.available_minor", terms, &mut values);
        cases.push_str(&format!(
            " WHEN p.captures = 1 AND {way}{alone} THEN {left}"
        ));
        let way = with_currency(account, terms, &mut values);
        let one_of_many = in_time("c", terms, judgement.now, &mut values);
        let left = format!(
            "min(p.available_minor, coalesce((
                 SELECT sum({LEFT}) FROM captures c
                 WHERE c.payment_id = p.id AND {LEFT} > 0{one_of_many}), 0))"
        );
        let left = bounded(&left, terms, &mut values);
        cases.push_str(&format!(" WHEN p.captures > 1 AND {way} THEN {left}"));
    }
    let amount =
        format!("CASE WHEN p.available_minor <= 0 OR p.id IN ({BLOCKED}) THEN 0{cases} ELSE 0 END");
    (amount, values)
}

/// The compensation that is held or paid on top of `p`'s refunds.
const ON_TOP: &str = "coalesce((SELECT sum(w.held_minor + w.executed_minor) \
                      FROM compensation_weights w WHERE w.payment_id = p.id), 0)";

/// What is left of one capture.
const LEFT: &str = "(c.captured_minor - c.executed_minor - c.held_minor - c.disputed_minor)";

fn sending(judgement: &Judgement) -> impl Iterator<Item = &(String, Terms)> {
    judgement
        .accounts
        .iter()
        .filter(|(_, terms)| terms.can_send && terms.limits.forbids().is_none())
}

/// An amount, or as much of it as the account's limits allow now.
fn bounded(amount: &str, terms: &Terms, values: &mut Vec<Value>) -> String {
    match most(terms, values) {
        Some(most) => format!("max(0, min({amount}, {most}))"),
        None => amount.to_owned(),
    }
}

/// The most that a refund of `p` may be by the account's limits: `Limits::most`. The percentage is
/// below 100, so that no product comes near what an integer holds.
fn most(terms: &Terms, values: &mut Vec<Value>) -> Option<String> {
    let mut bounds = Vec::new();
    if let Limit::Of(caps) = &terms.limits.cap_per_payment {
        let cases = " WHEN ? THEN ?".repeat(caps.len());
        let caps = caps.iter();
        values.extend(caps.flat_map(|(it, cap)| [text(it.code()), Value::Integer(*cap)]));
        bounds.push(format!(
            "(CASE p.currency{cases} ELSE {} END - p.executed_minor - p.held_minor - {ON_TOP})",
            i64::MAX
        ));
    }
    if let Some(percent) = terms.limits.percent() {
        values.push(Value::Integer(percent.into()));
        bounds.push("(p.captured_minor * ? / 100)".to_owned());
    }
    match bounds.len() {
        0 => None,
        1 => bounds.pop(),
        _ => Some(format!("min({})", bounds.join(", "))),
    }
}

/// The account and its currencies.
fn with_currency(account: &str, terms: &Terms, values: &mut Vec<Value>) -> String {
    values.push(text(account));
    if terms.currencies.is_empty() {
        return "p.account = ?".to_owned();
    }
    let codes = terms.currencies.iter().map(|it| text(it.code()));
    values.extend(codes);
    let marks = marks(terms.currencies.len());
    format!("p.account = ? AND p.currency IN ({marks})")
}

/// The window and settlement of a row `table` that has `captured_at` and `settled_at`.
fn in_time(table: &str, terms: &Terms, now: DateTime<Utc>, values: &mut Vec<Value>) -> String {
    let mut condition = String::new();
    if let Some(window) = terms.window {
        condition.push_str(&format!(" AND {table}.captured_at >= ?"));
        values.push(day_start(window.oldest_capture(now.date_naive())));
    }
    if terms.needs_settlement {
        condition.push_str(&format!(" AND {table}.settled_at <= ?"));
        values.push(Value::Integer(millis(now)));
    }
    condition
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The first moment after a day.
fn day_end(day: NaiveDate) -> Value {
    day_start(day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX))
}

fn day_start(day: NaiveDate) -> Value {
    Value::Integer(millis(day.and_time(NaiveTime::MIN).and_utc()))
}
