//! Search by prefix, through ordinary indexes.

use rusqlite::types::Value;

use super::filter::{Where, text};
use crate::domain::id::PaymentId;

/// The columns a search looks in; each has an index.
const COLUMNS: [&str; 5] = [
    "reference",
    "order_ref",
    "payer",
    "last4",
    "provider_payment_id",
];

/// Payments one of whose texts begins with `words`, or whose id it is.
pub(super) fn condition(clause: &mut Where, words: &str) {
    let end = successor(words);
    let mut ways = Vec::new();
    let mut values = Vec::new();
    for column in COLUMNS {
        ways.push(format!(
            "SELECT id FROM payments WHERE {column} >= ? AND {column} < ?"
        ));
        values.extend([text(words), text(&end)]);
    }
    if let Ok(id) = words.parse::<PaymentId>() {
        ways.push("SELECT ?".to_owned());
        values.push(Value::Integer(id.as_i64()));
    }
    clause.and(format!("p.id IN ({})", ways.join(" UNION ALL ")), values);
}

/// A text behind every text that begins with `prefix`.
fn successor(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}
