//! The sandbox's book: what was really paid.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Every line of the book.
pub fn read(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The amounts paid back of one payment, by the provider's id of it.
pub fn payouts(path: &Path, payment: &str) -> Vec<String> {
    let lines = read(path).into_iter();
    lines
        .filter(|line| line["payment_id"] == payment)
        .map(|line| line["amount"].as_str().unwrap().to_owned())
        .collect()
}

/// A decimal amount of two places as minor units.
#[track_caller]
pub fn minor(amount: &Value) -> i64 {
    let text = amount.as_str().unwrap();
    assert_eq!(
        text.rsplit_once('.').map(|(_, cents)| cents.len()),
        Some(2),
        "{text}"
    );
    text.replace('.', "").parse().unwrap()
}
