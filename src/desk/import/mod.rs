//! Importing settlement files: read, check, write, report. No bad row is lost.

use super::face::{Actor, Class, Import, ImportFile, ImportReport, Notice, Refusal};
use super::local::Local;
use super::refusal;
use crate::domain::digest::{hex, sha256};
use crate::domain::money::{Currency, Money};
use crate::failpoint;
use crate::ledger::{ImportAudit, ImportBatch, ImportCounts, ImportRow, ImportSource, ImportTally};

mod accounts;
mod check;
mod listed;
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
#[derive(Default)]
struct Progress {
    report: ImportReport,
    rejects: Vec<Reject>,
    /// Rows in the ledger.
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
            files.push(self.check_file(actor, file, false)?);
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
        let mut written = Ok(());
        for (file, checked) in import.files.iter().zip(files) {
            written = self.write_file(file, checked, &mut progress).await;
            if written.is_err() {
                break;
            }
        }
        // Before anything else can fail: what is in is in.
        if !import.dry_run && progress.done > 0 {
            self.tell(Notice::Changed);
            // What was written is safe in the log too: whoever cannot empty it now starts slower later.
            let _ = self.ledger.empty_log().await;
        }
        written?;
        self.finish_report(progress)
    }

    /// Keeps the rejected rows, and says where.
    fn finish_report(&self, progress: Progress) -> Result<ImportReport, Refusal> {
        let Progress {
            mut report,
            rejects,
            ..
        } = progress;
        report.rejected = rejects.len() as u64;
        if !rejects.is_empty() && !report.dry_run {
            let kept = report.new + report.updated + report.unchanged;
            report.rejects_file = Some(rejects::write(&self.rejects, &rejects, kept)?);
        }
        Ok(report)
    }

    fn check_file(
        &self,
        actor: &Actor,
        file: &ImportFile,
        is_list: bool,
    ) -> Result<Checked, Refusal> {
        let source = ImportSource {
            name: file.name.clone(),
            sha256: hex(&sha256(&file.bytes)),
            importer: actor.name.clone(),
            at: self.clock.now(),
            is_list,
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
        let mut tally = ImportTally {
            read: checked.read,
            rejected: checked.rejects.len() as u64,
            ..ImportTally::default()
        };
        progress.report.read += checked.read;
        progress.rejects.extend(checked.rejects);
        // A dry run is one transaction, so that rows of the file meet each other as they would.
        let size = if dry_run { usize::MAX } else { BATCH };
        let mut rows = checked.rows;
        let mut begins = true;
        let mut lines = read::Lines::of(file);
        // A file without a usable row is still told to the audit.
        while begins || !rows.is_empty() {
            let rest = rows.split_off(size.min(rows.len()));
            let batch = ImportBatch {
                source: checked.source.clone(),
                audit: ImportAudit {
                    begins,
                    ends: rest.is_empty().then_some(tally),
                },
                rows: std::mem::replace(&mut rows, rest),
                dry_run,
            };
            begins = false;
            let counts = self.write_batch(batch, progress).await?;
            tally = tally.plus(&counts);
            let refused = counts.rejected.into_iter().map(|(line, reason)| Reject {
                file: file.name.clone(),
                line,
                reason,
                content: lines.line(line).to_vec(),
            });
            progress.rejects.extend(refused);
        }
        progress.report.new += tally.new;
        progress.report.updated += tally.updated;
        progress.report.unchanged += tally.unchanged;
        Ok(())
    }

    async fn write_batch(
        &self,
        batch: ImportBatch,
        progress: &mut Progress,
    ) -> Result<ImportCounts, Refusal> {
        let rows = batch.rows.len() as u64;
        let dry_run = batch.dry_run;
        let counts = self.ledger.import(batch).await.map_err(|error| {
            let refusal = Refusal::from(error);
            if dry_run {
                refusal
            } else {
                stopped(refusal, progress)
            }
        })?;
        failpoint::reach("import.committed");
        progress.done += rows;
        self.tell(Notice::Importing {
            done: progress.done,
            total: progress.total,
        });
        Ok(counts)
    }
}

/// What an import that stops on its way leaves behind: earlier batches are committed.
fn stopped(refusal: Refusal, progress: &Progress) -> Refusal {
    let Progress { done, total, .. } = progress;
    // The database did not say whether the batch that failed is written.
    let doubt = match refusal.class {
        Class::Unknown => " some of those after them may be in;",
        _ => "",
    };
    Refusal {
        money: format!(
            "{done} of {total} rows were imported before that and stay;{doubt} nothing was sent."
        ),
        next: "Look at the disk, then import again: rows that are in already stay as they are."
            .to_owned(),
        ..refusal
    }
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
    for expected in &import.expect_sums {
        let sum = sum(files, expected.currency);
        if sum != i128::from(expected.minor) {
            let currency = expected.currency;
            let sum = i64::try_from(sum).map_or_else(
                |_| format!("more {currency} than the desk can count"),
                |minor| Money::new(minor, currency).to_string(),
            );
            return Err(refusal::rule(
                "expect_sum",
                format!("the amounts add up to {sum}, {expected} was expected"),
                "Ask whoever made the file whether it is whole.",
            ));
        }
    }
    Ok(())
}

/// What the usable rows in a currency add up to, in minor units: wide enough for any file.
fn sum(files: &[Checked], currency: Currency) -> i128 {
    files
        .iter()
        .flat_map(|file| &file.rows)
        .filter(|row| row.amount.currency == currency)
        .map(|row| i128::from(row.amount.minor))
        .sum()
}
