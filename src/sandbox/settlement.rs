//! Settlement files as the sandbox reads and writes them, with its own code: a reader shared with
//! the desk would hide a mistake in both.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use csv::StringRecord;
use serde_json::value::RawValue;

use super::private_file;
use crate::domain::money::{Currency, Money};

/// Every column of the settlement format, in the order the sandbox writes them.
const COLUMNS: [&str; 22] = [
    "account",
    "payment_id",
    "reference",
    "amount",
    "currency",
    "captured_at",
    "settled_at",
    "payer",
    "method",
    "description",
    "order",
    "last4",
    "scheme",
    "email",
    "customer_id",
    "invoice",
    "auth_code",
    "arn",
    "end_to_end",
    "capture_id",
    "refunded",
    "provider_data",
];

/// The accounts that have a simulator, now or soon; rows of others are none of ours.
const ACCOUNTS: [&str; 6] = [
    "hub-us",
    "prism-us",
    "nuapay-uk",
    "nuapay-eu",
    "a2a-uk",
    "a2a-bank",
];

/// One row of a settlement file: a text for each column, empty where the file has none.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row(StringRecord);

impl Row {
    /// A row with these columns filled.
    pub(super) fn new(columns: &[(&str, &str)]) -> Self {
        let text = |name| columns.iter().find(|(column, _)| *column == name);
        Self(
            COLUMNS
                .iter()
                .map(|name| text(*name).map_or("", |(_, text)| *text))
                .collect(),
        )
    }

    pub(super) fn get(&self, column: &str) -> &str {
        let position = COLUMNS.iter().position(|name| *name == column);
        position.and_then(|at| self.0.get(at)).unwrap_or_default()
    }

    /// What was paid, unless the row's amount or currency makes no sense.
    pub(super) fn amount(&self) -> Option<Money> {
        let currency = Currency::from_code(self.get("currency")).ok()?;
        Money::parse(self.get("amount"), currency).ok()
    }

    pub(super) fn captured_at(&self) -> Option<DateTime<Utc>> {
        let time = DateTime::parse_from_rfc3339(self.get("captured_at")).ok()?;
        Some(time.to_utc())
    }

    /// When it settled or will; none: it has not. What cannot be read as a time is long past.
    pub(super) fn settled_at(&self) -> Option<DateTime<Utc>> {
        let text = self.get("settled_at");
        let time = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
        (!text.is_empty()).then(|| time.unwrap_or(DateTime::UNIX_EPOCH))
    }

    fn is_usable(&self) -> bool {
        ACCOUNTS.contains(&self.get("account"))
            && !self.get("payment_id").is_empty()
            && self.amount().is_some_and(Money::is_positive)
            && self.captured_at().is_some()
    }
}

/// Reads a settlement file, JSON Lines if its first character opens an object, else CSV. Rows the
/// sandbox cannot use are passed over: refusing them with a reason is the desk's work.
pub(super) fn read(path: &Path) -> io::Result<Vec<Row>> {
    let text = fs::read(path)?;
    let mut rows = match text.trim_ascii_start().first() {
        Some(b'{') => read_json_lines(&text)?,
        _ => read_csv(&text)?,
    };
    rows.retain(Row::is_usable);
    Ok(rows)
}

/// The rows of several files; of rows with one key the first counts.
pub(super) fn union(files: Vec<Vec<Row>>) -> Vec<Row> {
    let key = |row: &Row| ["account", "payment_id", "capture_id"].map(|it| row.get(it).to_owned());
    let mut seen = HashSet::new();
    let rows = files.into_iter().flatten();
    rows.filter(|row| seen.insert(key(row))).collect()
}

fn read_csv(text: &[u8]) -> io::Result<Vec<Row>> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let header = reader.headers()?.clone();
    let places = COLUMNS.map(|name| header.iter().position(|column| column == name));
    let arrange = |record: StringRecord| {
        let column = |place: &Option<usize>| place.and_then(|at| record.get(at));
        Row(places
            .iter()
            .map(|place| column(place).unwrap_or_default())
            .collect())
    };
    let records = reader.into_records();
    Ok(records.filter_map(Result::ok).map(arrange).collect())
}

fn read_json_lines(text: &[u8]) -> io::Result<Vec<Row>> {
    let text = std::str::from_utf8(text).map_err(io::Error::other)?;
    let objects = text
        .lines()
        .filter_map(|line| serde_json::from_str::<HashMap<&str, &RawValue>>(line).ok());
    Ok(objects.map(|object| row_of_object(&object)).collect())
}

/// A JSON number keeps the text it was written with, so that no amount passes through a float.
fn row_of_object(object: &HashMap<&str, &RawValue>) -> Row {
    let text = |name: &str| match object.get(name).map(|value| value.get()) {
        None | Some("null") => String::new(),
        Some(raw) => serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned()),
    };
    Row(COLUMNS.iter().map(|name| text(name)).collect())
}

/// Writes a settlement file with the columns that any row fills.
pub(super) fn write(path: &Path, rows: &[Row]) -> io::Result<()> {
    let filled = |name: &&&str| rows.iter().any(|row| !row.get(name).is_empty());
    let columns: Vec<&str> = COLUMNS.iter().filter(filled).copied().collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&columns)?;
    for row in rows {
        writer.write_record(columns.iter().map(|name| row.get(name)))?;
    }
    let text = writer
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()))?;
    private_file::write(path, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Vec<Row> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settlement");
        fs::write(&path, text).unwrap();
        read(&path).unwrap()
    }

    #[test]
    fn columns_are_found_by_name_and_useless_rows_passed_over() {
        let rows = read_text(
            "currency,amount,account,payment_id,captured_at\n\
             USD,12.50,hub-us,p1,2026-01-02T03:04:05Z\n\
             USD,0.00,hub-us,p2,2026-01-02T03:04:05Z\n\
             USD,1.00,elsewhere,p3,2026-01-02T03:04:05Z\n\
             USD,1.00,hub-us,p4,yesterday\n",
        );
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].get("payment_id"), "p1");
        assert_eq!(rows[0].amount().unwrap().minor, 1250);
    }

    #[test]
    fn json_lines_may_hold_the_amount_as_text_or_number() {
        let rows = read_text(concat!(
            r#"{"account":"hub-us","payment_id":"p1","amount":"90071992547409.93","currency":"USD","captured_at":"2026-01-02T03:04:05Z"}"#,
            "\n",
            r#"{"account":"hub-us","payment_id":"p2","amount":90071992547409.93,"currency":"USD","captured_at":"2026-01-02T03:04:05Z","settled_at":null}"#,
            "\n",
        ));
        let amounts: Vec<i64> = rows.iter().map(|row| row.amount().unwrap().minor).collect();
        assert_eq!(amounts, [9_007_199_254_740_993; 2]);
        assert_eq!(rows[1].get("settled_at"), "");
    }

    #[test]
    fn what_is_written_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settlement.csv");
        let row = Row::new(&[
            ("account", "prism-us"),
            ("payment_id", "pi_1"),
            ("amount", "7.25"),
            ("currency", "USD"),
            ("captured_at", "2026-01-02T03:04:05Z"),
            ("payer", "Zoë \"Z\" O'Hara, Jr."),
        ]);
        write(&path, std::slice::from_ref(&row)).unwrap();
        assert_eq!(read(&path).unwrap(), [row]);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("account,payment_id,amount,currency,captured_at,payer\n"));
    }
}
