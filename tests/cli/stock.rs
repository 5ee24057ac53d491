//! Payments to test with: the files of `tests/data`, brought up to date.

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};

/// A few payments of every kind; dates are `@DAYS` from today.
pub const STOCK: &str = include_str!("../data/stock.csv");
/// About 500 of the 69,659 purchases: all 80 zero amounts, all that were not settled on
/// 21 November 2026, every 150th of the year before and every 300th of what is older.
const SAMPLE: &str = include_str!("../data/cdnow-sample.csv");

/// Replaces every `@DAYS` by noon UTC of the day so many days from today.
pub fn dated(text: &str) -> String {
    let mut parts = text.split('@');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|it: char| it != '-' && !it.is_ascii_digit())
            .unwrap_or(part.len());
        let days: i64 = part[..end].parse().unwrap();
        out.push_str(&noon(today() + TimeDelta::days(days)));
        out.push_str(&part[end..]);
    }
    out
}

/// The UTC date.
pub fn today() -> NaiveDate {
    Utc::now().date_naive()
}

fn noon(day: NaiveDate) -> String {
    format!("{day}T12:00:00Z")
}

/// The sample, moved by whole days so that its newest capture was yesterday.
pub fn sample() -> String {
    let newest = rows(SAMPLE).map(|row| date(row[5])).max().unwrap();
    let yesterday = today().checked_sub_days(Days::new(1)).unwrap();
    let by = yesterday - newest;
    let mut lines = vec![SAMPLE.lines().next().unwrap().to_owned()];
    for mut row in rows(SAMPLE) {
        let moved = [moved(row[5], by), moved(row[6], by)];
        row[5] = &moved[0];
        row[6] = &moved[1];
        lines.push(row.join(","));
    }
    lines.join("\n") + "\n"
}

/// The rows of a CSV text without quotes, cell by cell, header left out.
pub fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect())
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    time(text).date_naive()
}

fn moved(text: &str, by: TimeDelta) -> String {
    (time(text) + by).to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[test]
fn the_sample_ends_yesterday_and_keeps_its_odd_rows() {
    let text = sample();
    let newest = rows(&text).map(|row| date(row[5])).max().unwrap();
    assert_eq!(newest.succ_opt(), Some(today()));
    assert_eq!(rows(&text).filter(|row| row[3] == "0.00").count(), 80);
    assert!(rows(&text).any(|row| time(row[6]) > Utc::now()));
    assert!(rows(&text).any(|row| row[0] == "prism-us"));
}
