//! Files of accounts that payments came from: `account,payment_id,account_number`, and where it is
//! told `clearing_system` and `holder`.

use std::collections::BTreeMap;

use csv::{ByteRecord, ReaderBuilder};

use super::read::malformed;
use super::rejects::{self, Reject};
use crate::desk::face::{Actor, Import, ImportFile, ImportReport, Notice, Refusal};
use crate::desk::inbox::usable;
use crate::desk::local::Local;
use crate::domain::bank::BankAccount;
use crate::domain::digest::{hex, sha256};
use crate::domain::text::clean;
use crate::ledger::{FileAccountRow, FileAccounts};

const COLUMNS: [&str; 5] = [
    "account",
    "payment_id",
    "account_number",
    "clearing_system",
    "holder",
];
const REQUIRED: usize = 3;
/// Longest text of a field, in characters.
const LONGEST: usize = 140;

/// A row as it stands in the file, or what is wrong with it.
struct Raw {
    line: u64,
    fields: Result<BTreeMap<&'static str, String>, String>,
}

impl Local {
    /// Takes in files of accounts, each whole. Another number for a known payment is a discrepancy,
    /// and the old one stays.
    pub(in crate::desk) async fn import_accounts(
        &self,
        actor: &Actor,
        import: Import,
    ) -> Result<ImportReport, Refusal> {
        self.writable()?;
        let mut files = Vec::new();
        for file in &import.files {
            files.push(self.check_accounts(actor, file, import.dry_run)?);
        }
        let mut report = ImportReport {
            dry_run: import.dry_run,
            ..ImportReport::default()
        };
        let mut rejects = Vec::new();
        for (file, (accounts, bad)) in import.files.iter().zip(files) {
            report.read += accounts.rows.len() as u64 + accounts.rejected;
            let counts = self.ledger.import_accounts(accounts).await?;
            report.new += counts.new;
            report.unchanged += counts.unchanged;
            rejects.extend(bad);
            let refused = counts.rejected.into_iter();
            rejects.extend(refused.map(|(line, reason)| reject(file, line, reason)));
        }
        report.rejected = rejects.len() as u64;
        if !import.dry_run {
            self.tell(Notice::Changed);
            if !rejects.is_empty() {
                let kept = report.new + report.unchanged;
                report.rejects_file = Some(rejects::write(&self.rejects, &rejects, kept)?);
            }
        }
        Ok(report)
    }

    fn check_accounts(
        &self,
        actor: &Actor,
        file: &ImportFile,
        dry_run: bool,
    ) -> Result<(FileAccounts, Vec<Reject>), Refusal> {
        let known: Vec<&str> = self.accounts.iter().map(|it| it.name.as_str()).collect();
        let mut rejects = Vec::new();
        let mut rows = Vec::new();
        for raw in read(file)? {
            match row(&raw, &known) {
                Ok(row) => rows.push(row),
                Err(reason) => rejects.push(reject(file, raw.line, reason)),
            }
        }
        let accounts = FileAccounts {
            name: clean(&file.name),
            sha256: hex(&sha256(&file.bytes)),
            importer: actor.name.clone(),
            at: self.clock.now(),
            rejected: rejects.len() as u64,
            rows,
            dry_run,
        };
        Ok((accounts, rejects))
    }
}

/// The row itself is not kept: it names an account in full, and the line says where it stands.
fn reject(file: &ImportFile, line: u64, reason: String) -> Reject {
    Reject {
        file: file.name.clone(),
        line,
        reason,
        content: Vec::new(),
    }
}

fn read(file: &ImportFile) -> Result<Vec<Raw>, Refusal> {
    let bytes = file
        .bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(&file.bytes);
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(malformed(file, 1, "the file is empty")),
        Some(b'{') => Ok(json_lines(bytes)),
        Some(_) => csv_rows(file, bytes),
    }
}

fn json_lines(bytes: &[u8]) -> Vec<Raw> {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    lines
        .filter(|(_, content)| !content.trim_ascii().is_empty())
        .map(|(at, content)| Raw {
            line: at as u64 + 1,
            fields: json_fields(content),
        })
        .collect()
}

/// A number in JSON has lost its leading zeros: only texts are taken.
fn json_fields(content: &[u8]) -> Result<BTreeMap<&'static str, String>, String> {
    let object: BTreeMap<String, Option<String>> =
        serde_json::from_slice(content).map_err(|_| "not a JSON object of texts".to_owned())?;
    let mut fields = BTreeMap::new();
    for (name, text) in object {
        let column = COLUMNS.into_iter().find(|column| *column == name);
        let column = column.ok_or_else(|| format!("unknown key {:?}", clean(&name)))?;
        if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
            fields.insert(column, text.trim().to_owned());
        }
    }
    Ok(fields)
}

fn csv_rows(file: &ImportFile, bytes: &[u8]) -> Result<Vec<Raw>, Refusal> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
    let failed = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        malformed(file, line, "it cannot be read as CSV")
    };
    let header = reader.byte_headers().map_err(failed)?.clone();
    let columns = columns(file, &header)?;
    let mut rows = Vec::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(failed)? {
        let line = record.position().map_or(0, csv::Position::line);
        // A quote that never closes swallows the lines after it: nothing of the file is sure.
        if record.iter().any(|field| field.contains(&b'\n')) {
            let what = "a quoted field runs over the end of the line";
            return Err(malformed(file, line, what));
        }
        rows.push(Raw {
            line,
            fields: fields(&columns, &record),
        });
    }
    Ok(rows)
}

fn columns(file: &ImportFile, header: &ByteRecord) -> Result<Vec<&'static str>, Refusal> {
    let mut columns = Vec::new();
    for name in header {
        let name = String::from_utf8_lossy(name);
        let known = COLUMNS.into_iter().find(|column| *column == name.trim());
        let what = || format!("unknown column {:?}", clean(name.trim()));
        columns.push(known.ok_or_else(|| malformed(file, 1, &what()))?);
    }
    for (at, column) in COLUMNS.iter().enumerate() {
        let times = columns.iter().filter(|known| *known == column).count();
        if times > 1 || times == 0 && at < REQUIRED {
            let what = match times {
                0 => format!("column {column:?} is missing"),
                _ => format!("column {column:?} stands twice"),
            };
            return Err(malformed(file, 1, &what));
        }
    }
    Ok(columns)
}

fn fields(
    columns: &[&'static str],
    record: &ByteRecord,
) -> Result<BTreeMap<&'static str, String>, String> {
    if record.len() != columns.len() {
        let (found, wanted) = (record.len(), columns.len());
        return Err(format!("{found} fields where the header has {wanted}"));
    }
    let mut fields = BTreeMap::new();
    for (column, field) in columns.iter().zip(record) {
        let text = std::str::from_utf8(field).map_err(|_| format!("{column} is not UTF-8"))?;
        if !text.trim().is_empty() {
            fields.insert(*column, text.trim().to_owned());
        }
    }
    Ok(fields)
}

/// No message of these names the number.
fn row(raw: &Raw, accounts: &[&str]) -> Result<FileAccountRow, String> {
    let fields = raw.fields.as_ref().map_err(Clone::clone)?;
    if let Some((name, _)) = fields
        .iter()
        .find(|(_, text)| text.chars().count() > LONGEST)
    {
        return Err(format!("{name} has more than {LONGEST} characters"));
    }
    let required = |name: &str| {
        let text = fields.get(name).map(String::as_str);
        text.ok_or_else(|| format!("{name} is empty"))
    };
    let account = required("account")?;
    if !accounts.contains(&account) {
        let account = clean(account);
        return Err(format!("account {account:?} is not in the configuration"));
    }
    let payment = required("payment_id")?;
    if clean(payment) != payment {
        return Err("the payment's id has control characters".to_owned());
    }
    let number = usable(required("account_number")?).map_err(|refusal| refusal.message)?;
    Ok(FileAccountRow {
        line: raw.line,
        account: account.to_owned(),
        payment: payment.to_owned(),
        number: BankAccount {
            clearing_system: fields.get("clearing_system").map(|text| clean(text)),
            holder: fields.get("holder").map(|text| clean(text)),
            ..number
        },
    })
}
