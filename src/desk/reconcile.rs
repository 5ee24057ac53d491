//! Files from the bank: what was paid, rejected or returned. Matched by our own reference and the
//! amount; an entry counts once, however often it is read.

use super::face::{Actor, ImportFile, Reconciled, Refusal};
use super::local::Local;
use super::refusal;
use crate::bank::camt::{Entry, Statement};
use crate::bank::pain002::{Part, Report, Verdict};
use crate::bank::{self, FromBank, Unreadable};
use crate::domain::bank::BankAccount;
use crate::domain::digest::{Canonical, hex, sha256};
use crate::domain::evidence::Evidence;
use crate::domain::id::RefundId;
use crate::domain::state::Event;
use crate::domain::transfer::{self, ProofKind, Said};
use crate::failpoint;
use crate::ledger::{BankHeard, BankWord, Cadence, Fate, Record};

impl Local {
    /// Reads files from the bank, in their order. One that cannot be read ends it; what was read
    /// before stays.
    pub(super) async fn reconcile(
        &self,
        actor: &Actor,
        files: &[ImportFile],
    ) -> Result<Vec<Reconciled>, Refusal> {
        let mut done = Vec::with_capacity(files.len());
        for file in files {
            let read = bank::read(&file.bytes).map_err(|error| unreadable(&file.name, &error))?;
            let digest = hex(&sha256(&file.bytes));
            let mut told = Reconciled {
                file: file.name.clone(),
                ..Reconciled::default()
            };
            let words = match read {
                FromBank::Statement(statement) => {
                    told.what = match statement.is_notification {
                        true => "notification (camt.054)",
                        false => "statement (camt.053)",
                    }
                    .to_owned();
                    self.of_statement(&statement, &file.name, &digest, &mut told)
                }
                FromBank::Report(report) => {
                    told.what = "report on a payment file (pain.002)".to_owned();
                    self.of_report(&report, &file.name, &digest, &mut told)
                        .await?
                }
            };
            for word in words {
                let said = word.said;
                let heard = self.ledger.hear_bank(word, self.blank(actor)).await?;
                failpoint::reach("bank.heard_committed");
                self.count(said, heard, &mut told);
            }
            done.push(told);
        }
        self.bell.notify_one();
        Ok(done)
    }

    fn count(&self, said: Said, heard: BankHeard, told: &mut Reconciled) {
        match (heard.fate, said) {
            (Fate::Matched, Said::Paid) => told.paid += 1,
            (Fate::Matched, Said::Rejected) => told.rejected += 1,
            (Fate::Matched, Said::Returned) => told.returned += 1,
            (Fate::Known | Fate::ReadBefore, _) => told.known += 1,
            (Fate::Contradicts, _) => told.contradicts += 1,
            (Fate::Unmatched, _) => told.unexplained += 1,
        }
        if let Some(summary) = heard.summary {
            self.changed(summary);
        }
    }

    /// A record whose refund the ledger finds.
    fn blank(&self, actor: &Actor) -> Record {
        let watch = self.accounts.iter().map(|it| it.profile.watch).max();
        let now = self.clock.now();
        Record {
            id: RefundId::new(now),
            event: Event::Evidence(Evidence::Doubt),
            actor: actor.name.clone(),
            note: None,
            observation: None,
            provider_refund_id: None,
            trace: None,
            unpaid: None,
            fence: None,
            exchange: None,
            cadence: Cadence {
                pace: self.settings.pace,
                spread: 0,
                watch: watch.unwrap_or_default(),
                retry_after: None,
            },
            now,
        }
    }

    /// What of a statement may be about transfers. Money that comes in without a word of a return is
    /// somebody's payment, and none of the bank leg's business.
    fn of_statement(
        &self,
        statement: &Statement,
        file: &str,
        digest: &str,
        told: &mut Reconciled,
    ) -> Vec<BankWord> {
        let mut words = Vec::new();
        for entry in &statement.entries {
            told.read += 1;
            let ours = entry.end_to_end.as_deref().is_some_and(transfer::is_ours);
            let about = entry.is_booked
                && (ours
                    || self.pays_from(entry) && (!entry.is_credit || entry.returned.is_some()));
            match about {
                true => words.push(word_of(entry, file, digest)),
                false => told.passed_over += 1,
            }
        }
        words
    }

    /// Whether it is on an account that refunds are paid from. What is on any other may be anything.
    fn pays_from(&self, entry: &Entry) -> bool {
        let Some(number) = entry.account.as_deref().map(BankAccount::new) else {
            return false;
        };
        self.accounts.iter().any(|account| {
            account.format.own_bank().is_some_and(|own| {
                let own = &own.account.number;
                // A bank may leave the sort code away.
                *own == number.number || own.len() == 14 && own[6..] == number.number
            })
        })
    }

    /// Only what is rejected is final: what is accepted, the statement shows.
    async fn of_report(
        &self,
        report: &Report,
        file: &str,
        digest: &str,
        told: &mut Reconciled,
    ) -> Result<Vec<BankWord>, Refusal> {
        let known = match &report.original {
            Some(message) => self.ledger.file_of_message(message.clone()).await?,
            None => None,
        };
        let all = known.map(|(_, ids)| ids).unwrap_or_default();
        let mut words = Vec::new();
        for verdict in &report.verdicts {
            told.read += 1;
            // That it is a copy says nothing of the first: a person looks at it.
            if verdict.is_duplicate() {
                words.push(rejection(verdict, report, None, file, digest));
                continue;
            }
            if !verdict.is_rejected() {
                told.passed_over += 1;
                continue;
            }
            let named: Vec<Option<String>> = match &verdict.about {
                Part::Transfer(id) => vec![Some(id.clone())],
                // The one batch of a file is all of it.
                Part::Batch(id) if report.original.as_ref() != Some(id) => vec![None],
                Part::File | Part::Batch(_) if all.is_empty() => vec![None],
                Part::File | Part::Batch(_) => all.iter().cloned().map(Some).collect(),
            };
            words.extend(
                named
                    .into_iter()
                    .map(|id| rejection(verdict, report, id, file, digest)),
            );
        }
        Ok(words)
    }
}

fn word_of(entry: &Entry, file: &str, digest: &str) -> BankWord {
    let said = match entry.is_credit {
        true => Said::Returned,
        false => Said::Paid,
    };
    let reference = match (&entry.returned, &entry.reference) {
        (Some(why), Some(reference)) => format!("{reference}, {why}"),
        (Some(only), None) | (None, Some(only)) => only.clone(),
        (None, None) => String::new(),
    };
    let amount = entry
        .amount
        .map_or("an amount that is not told".to_owned(), |it| it.to_string());
    let batch = entry.batch.as_ref().map_or(String::new(), |id| {
        format!(", all of batch {id} in one: ask the bank to book each transfer by itself, or to list them")
    });
    let place = format!(
        "{file}, line {}: {amount} {} on {}, reference {}{batch}",
        entry.line,
        if entry.is_credit {
            "came in"
        } else {
            "went out"
        },
        entry
            .booked_on
            .map_or("a day that is not told".to_owned(), |day| day.to_string()),
        entry
            .end_to_end
            .as_deref()
            .or(entry.reference.as_deref())
            .unwrap_or("none"),
    );
    BankWord {
        entry: identity(entry),
        file_sha256: digest.to_owned(),
        kind: ProofKind::Statement,
        said,
        end_to_end: entry.end_to_end.clone(),
        amount: entry.amount,
        reference,
        booked_on: entry.booked_on,
        place,
    }
}

/// What an entry is known again by: what the bank says of it, not where it says so.
fn identity(entry: &Entry) -> String {
    let day = entry.booked_on.map(|day| day.to_string());
    let currency = entry.amount.map(|it| it.currency.code());
    let place = match (&entry.end_to_end, &entry.reference) {
        // Nothing else tells the transactions of one entry apart.
        (None, _) => i64::try_from(entry.place).unwrap_or(i64::MAX),
        _ => 0,
    };
    Canonical::new("bank entry")
        .optional(entry.account.as_deref())
        .optional(entry.end_to_end.as_deref())
        .optional(entry.reference.as_deref())
        .integer(entry.amount.map_or(0, |it| it.minor))
        .optional(currency)
        .integer(i64::from(entry.is_credit))
        .optional(day.as_deref())
        .integer(place)
        .hex()
}

fn rejection(
    verdict: &Verdict,
    report: &Report,
    end_to_end: Option<String>,
    file: &str,
    digest: &str,
) -> BankWord {
    let original = report.original.as_deref().unwrap_or("an unnamed file");
    let reason = verdict.reason.as_deref().unwrap_or("no reason given");
    let about = match &verdict.about {
        Part::File => "all of it".to_owned(),
        Part::Batch(id) => format!("batch {id}"),
        Part::Transfer(id) => format!("transfer {id}"),
    };
    BankWord {
        entry: Canonical::new("bank verdict")
            .text(original)
            .text(&about)
            .optional(end_to_end.as_deref())
            .text(&verdict.status)
            .hex(),
        file_sha256: digest.to_owned(),
        kind: ProofKind::Report,
        said: Said::Rejected,
        end_to_end,
        amount: None,
        reference: format!("{} {reason}", verdict.status),
        booked_on: None,
        place: format!(
            "{file}, line {}: the bank rejected {about} of payment file {original}: {reason}",
            verdict.line
        ),
    }
}

fn unreadable(file: &str, error: &Unreadable) -> Refusal {
    Refusal {
        money: "Nothing of this file was believed; files before it were taken in.".to_owned(),
        ..refusal::rule(
            "unreadable",
            format!("{file}, {error}"),
            "Have the bank's file sent again, whole, as camt.053, camt.054 or pain.002.",
        )
    }
}
