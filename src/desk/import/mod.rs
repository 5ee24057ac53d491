//! Importing settlement files: read, check, write, report. No bad row is lost.

use std::collections::BTreeMap;

use super::face::{Actor, Import, ImportFile, ImportReport, Notice, Refusal};
use super::local::Local;
use super::refusal;
use crate::domain::digest::{hex, sha256};
use crate::domain::money::{Currency, Money};
use crate::ledger::{ImportBatch, ImportCounts, ImportRow, ImportSource};

mod check;
mod read;
mod rejects;

use rejects::Reject;

/// Rows written in one transaction: short enough for others to get a turn.
const BATCH: usize = 20_000;

/// A file, read and checked.
struct Checked {
    source: ImportSource,
    read: u64,
    rows: Vec<ImportRow>,
    rejects: Vec<Reject>,
}

/// How far an import is, over all files.
struct Progress {
    report: ImportReport,
    rejects: Vec<Reject>,
    done: u64,
    total: u64,
}

impl Local {
    /// Imports files: all of them are read and checked before the first row is written.
    pub(super) async fn import(
        &self,
        actor: &Actor,
        import: Import,
    ) -> Result<ImportReport, Refusal> {
        self.writable()?;
        let mut files = Vec::new();
        for file in &import.files {
            files.push(self.check_file(actor, file)?);
        }
        expect(&import, &files)?;
        let mut progress = Progress {
            report: ImportReport {
                dry_run: import.dry_run,
                ..ImportReport::default()
            },
            rejects: Vec::new(),
            done: 0,
            total: files.iter().map(|file| file.rows.len() as u64).sum(),
        };
        for (file, checked) in import.files.iter().zip(files) {
            self.write_file(file, checked, &mut progress).await?;
        }
        let Progress {
            mut report,
            rejects,
            ..
        } = progress;
        report.rejected = rejects.len() as u64;
        if !rejects.is_empty() && !import.dry_run {
            report.rejects_file = Some(rejects::write(&self.rejects, &rejects)?);
        }
        if !import.dry_run {
            self.tell(Notice::Changed);
        }
        Ok(report)
    }

    fn check_file(&self, actor: &Actor, file: &ImportFile) -> Result<Checked, Refusal> {
        let source = ImportSource {
            name: file.name.clone(),
            sha256: hex(&sha256(&file.bytes)),
            importer: actor.name.clone(),
            at: self.clock.now(),
        };
        let raw = read::rows(file)?;
        let accounts: Vec<&str> = self.accounts.iter().map(|it| it.name.as_str()).collect();
        let mut checked = Checked {
            source,
            read: raw.len() as u64,
            rows: Vec::with_capacity(raw.len()),
            rejects: Vec::new(),
        };
        for row in raw {
            match check::row(&row, &accounts) {
                Ok(row) => checked.rows.push(row),
                Err(reason) => checked.rejects.push(Reject {
                    file: file.name.clone(),
                    line: row.line,
                    reason,
                    content: row.content.to_vec(),
                }),
            }
        }
        Ok(checked)
    }

    async fn write_file(
        &self,
        file: &ImportFile,
        checked: Checked,
        progress: &mut Progress,
    ) -> Result<(), Refusal> {
        let dry_run = progress.report.dry_run;
        let refused_in_file = checked.rejects.len() as u64;
        progress.report.read += checked.read;
        progress.rejects.extend(checked.rejects);
        // A dry run is one transaction, so that rows of the file meet each other as they would.
        let batch = if dry_run { usize::MAX } else { BATCH };
        let mut counts = ImportCounts::default();
        let mut rows = checked.rows;
        while !rows.is_empty() {
            let rest = rows.split_off(batch.min(rows.len()));
            progress.done += rows.len() as u64;
            let batch = ImportBatch {
                source: checked.source.clone(),
                rows: std::mem::replace(&mut rows, rest),
                dry_run,
            };
            counts.add(self.ledger.import(batch).await?);
            self.tell(Notice::Importing {
                done: progress.done,
                total: progress.total,
            });
        }
        progress.report.new += counts.new;
        progress.report.updated += counts.updated;
        progress.report.unchanged += counts.unchanged;
        if !dry_run {
            let summary = summary(checked.read, refused_in_file, &counts);
            self.ledger.record_import(checked.source, summary).await?;
        }
        let refused = counts.rejected.into_iter().map(|(line, reason)| Reject {
            file: file.name.clone(),
            line,
            reason,
            content: read::line_of(file, line).to_vec(),
        });
        progress.rejects.extend(refused);
        Ok(())
    }
}

fn summary(read: u64, refused_in_file: u64, counts: &ImportCounts) -> String {
    format!(
        "read={read} new={} updated={} unchanged={} rejected={}",
        counts.new,
        counts.updated,
        counts.unchanged,
        refused_in_file + counts.rejected.len() as u64
    )
}

/// `--expect-rows` and `--expect-sum`: a mismatch rejects everything.
fn expect(import: &Import, files: &[Checked]) -> Result<(), Refusal> {
    let read: u64 = files.iter().map(|file| file.read).sum();
    if let Some(expected) = import.expect_rows.filter(|expected| *expected != read) {
        return Err(refusal::rule(
            "expect_rows",
            format!("{read} rows were read, {expected} were expected"),
            "Ask whoever made the file whether it is whole.",
        ));
    }
    let sums = sums(files)?;
    for expected in &import.expect_sums {
        let sum = sums
            .get(&expected.currency)
            .copied()
            .unwrap_or(Money::zero(expected.currency));
        if sum != *expected {
            return Err(refusal::rule(
                "expect_sum",
                format!("the amounts add up to {sum}, {expected} was expected"),
                "Ask whoever made the file whether it is whole.",
            ));
        }
    }
    Ok(())
}

fn sums(files: &[Checked]) -> Result<BTreeMap<Currency, Money>, Refusal> {
    let mut sums = BTreeMap::new();
    for row in files.iter().flat_map(|file| &file.rows) {
        let sum = sums
            .entry(row.amount.currency)
            .or_insert(Money::zero(row.amount.currency));
        *sum = sum
            .checked_add(row.amount)
            .map_err(|error| refusal::rule("sum", error.to_string(), "Split the file."))?;
    }
    Ok(sums)
}
