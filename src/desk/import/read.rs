//! CSV and JSON Lines become raw rows. What is wrong with the whole file is refused here.

use std::collections::BTreeMap;

use csv::{ByteRecord, ReaderBuilder};
use serde_json::value::RawValue;

use crate::desk::face::{ImportFile, Refusal};
use crate::desk::refusal;

/// The columns a settlement file may have; the first five it must have.
pub(super) const COLUMNS: [&str; 21] = [
    "account",
    "payment_id",
    "amount",
    "currency",
    "captured_at",
    "reference",
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
];
const REQUIRED: usize = 5;
/// A JSON object of the provider's own.
const PROVIDER_DATA: &str = "provider_data";

/// A row as it stands in the file.
pub(super) struct RawRow<'a> {
    pub line: u64,
    /// The bytes of the row, for the rejects file.
    pub content: &'a [u8],
    /// Column and text; or what is wrong with the row.
    pub fields: Result<BTreeMap<&'static str, String>, String>,
}

/// Gives the bytes of lines asked for in rising order, counted from 1; no row spans two.
pub(super) struct Lines<'a> {
    rest: std::slice::Split<'a, u8, fn(&u8) -> bool>,
    next: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn of(file: &'a ImportFile) -> Self {
        let ends: fn(&u8) -> bool = |byte| *byte == b'\n';
        Self {
            rest: file.bytes.split(ends),
            next: 1,
        }
    }

    pub(super) fn line(&mut self, line: u64) -> &'a [u8] {
        let skip = usize::try_from(line.saturating_sub(self.next)).unwrap_or(usize::MAX);
        self.next = line.saturating_add(1);
        self.rest.nth(skip).unwrap_or_default().trim_ascii()
    }
}

/// Reads a file.
pub(super) fn rows(file: &ImportFile) -> Result<Vec<RawRow<'_>>, Refusal> {
    let bytes = file
        .bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(&file.bytes);
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        None => Err(malformed(file, 1, "the file is empty")),
        Some(b'{') => json_lines(file, bytes),
        Some(_) => csv_rows(file, bytes),
    }
}

pub(super) fn malformed(file: &ImportFile, line: u64, what: &str) -> Refusal {
    refusal::failed(
        "malformed_file",
        format!("{}, line {line}: {what}", file.name),
        "Mend the file and import it again.",
    )
}

fn csv_rows<'a>(file: &ImportFile, bytes: &'a [u8]) -> Result<Vec<RawRow<'a>>, Refusal> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
    let failed = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        malformed(file, line, &error.to_string())
    };
    let header = reader.byte_headers().map_err(failed)?.clone();
    let columns = columns(file, &header)?;
    let mut rows = Vec::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(failed)? {
        let position = record
            .position()
            .cloned()
            .unwrap_or_else(csv::Position::new);
        let line = position.line();
        // A quote that never closes swallows the lines after it: nothing of the file is sure.
        if record.iter().any(|field| field.contains(&b'\n')) {
            return Err(malformed(
                file,
                line,
                "a quoted field runs over the end of the line",
            ));
        }
        let start = usize::try_from(position.byte()).unwrap_or(0);
        let end = usize::try_from(reader.position().byte()).unwrap_or(bytes.len());
        let content = bytes.get(start..end).unwrap_or_default().trim_ascii();
        let quotes = content.iter().filter(|byte| **byte == b'"').count();
        if !quotes.is_multiple_of(2) {
            return Err(malformed(file, line, "a quote is opened and not closed"));
        }
        rows.push(RawRow {
            line,
            content,
            fields: fields(&columns, &record),
        });
    }
    Ok(rows)
}

fn columns(file: &ImportFile, header: &ByteRecord) -> Result<Vec<&'static str>, Refusal> {
    let mut columns = Vec::new();
    for name in header {
        let name = String::from_utf8_lossy(name);
        let known = known_column(name.trim())
            .ok_or_else(|| malformed(file, 1, &format!("unknown column {:?}", name.trim())))?;
        if columns.contains(&known) {
            return Err(malformed(
                file,
                1,
                &format!("column {known:?} stands twice"),
            ));
        }
        columns.push(known);
    }
    require(file, 1, |name| columns.contains(&name))?;
    Ok(columns)
}

fn known_column(name: &str) -> Option<&'static str> {
    COLUMNS
        .into_iter()
        .chain([PROVIDER_DATA])
        .find(|column| *column == name)
}

fn require(file: &ImportFile, line: u64, has: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    match COLUMNS[..REQUIRED].iter().find(|name| !has(name)) {
        Some(missing) => Err(malformed(
            file,
            line,
            &format!("column {missing:?} is missing"),
        )),
        None => Ok(()),
    }
}

fn fields(
    columns: &[&'static str],
    record: &ByteRecord,
) -> Result<BTreeMap<&'static str, String>, String> {
    if record.len() != columns.len() {
        return Err(format!(
            "{} fields where the header has {}",
            record.len(),
            columns.len()
        ));
    }
    let mut fields = BTreeMap::new();
    for (column, field) in columns.iter().zip(record) {
        let text = std::str::from_utf8(field).map_err(|_| format!("{column} is not UTF-8"))?;
        let text = text.trim();
        if !text.is_empty() {
            fields.insert(*column, text.to_owned());
        }
    }
    Ok(fields)
}

fn json_lines<'a>(file: &ImportFile, bytes: &'a [u8]) -> Result<Vec<RawRow<'a>>, Refusal> {
    let mut rows = Vec::new();
    for (index, content) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = index as u64 + 1;
        let content = content.trim_ascii();
        if content.is_empty() {
            continue;
        }
        rows.push(RawRow {
            line,
            content,
            fields: json_fields(file, line, content)?,
        });
    }
    Ok(rows)
}

type Fields = Result<BTreeMap<&'static str, String>, String>;

fn json_fields(file: &ImportFile, line: u64, content: &[u8]) -> Result<Fields, Refusal> {
    let object: BTreeMap<String, &RawValue> = match serde_json::from_slice(content) {
        Ok(object) => object,
        Err(error) => return Ok(Err(format!("not a JSON object: {error}"))),
    };
    let mut fields = BTreeMap::new();
    for (name, value) in object {
        let column = known_column(&name)
            .ok_or_else(|| malformed(file, line, &format!("unknown key {name:?}")))?;
        match json_text(column, value.get()) {
            Ok(Some(text)) => fields.insert(column, text),
            Ok(None) => None,
            Err(what) => return Ok(Err(what)),
        };
    }
    Ok(Ok(fields))
}

fn json_text(column: &str, value: &str) -> Result<Option<String>, String> {
    let kind = value.as_bytes().first().copied().unwrap_or(b'n');
    let text = match kind {
        b'n' => return Ok(None),
        b'"' => serde_json::from_str::<String>(value)
            .map(|text| text.trim().to_owned())
            .map_err(|error| format!("{column}: {error}"))?,
        // A number keeps the digits it was written with.
        b'-' | b'0'..=b'9' => value.to_owned(),
        b'{' if column == PROVIDER_DATA => value.to_owned(),
        _ => return Err(format!("{column} must be a text or a number")),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}
