//! What the bank says became of a transfer, each entry once.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, params};

use super::super::Ledger;
use super::super::discrepancy;
use super::super::error::LedgerError;
use super::super::evidence::Record;
use super::super::journalled;
use super::super::refunds::{self, RefundSummary};
use super::super::row::millis;
use super::by_reference;
use super::following::{has_statement, moved, prove, settle};
use super::loose::loose_end;
use crate::domain::discrepancy::DiscrepancyKind;
use crate::domain::money::Money;
use crate::domain::transfer::{Follows, ProofKind, Said, Transfer, follows};
use crate::failpoint;

/// One thing that a bank's file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankWord {
    /// What it is the same by when it is read again: SHA-256 in hex.
    pub entry: String,
    /// SHA-256 of the file, in hex.
    pub file_sha256: String,
    /// Statement or report.
    pub kind: ProofKind,
    /// What it says.
    pub said: Said,
    /// Which transfer it names.
    pub end_to_end: Option<String>,
    /// The amount; a report needs none.
    pub amount: Option<Money>,
    /// The bank's reference, or its reason.
    pub reference: String,
    /// The day it is booked on.
    pub booked_on: Option<NaiveDate>,
    /// Where it stands, in words, should nothing of ours explain it.
    pub place: String,
}

/// What became of a word of the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It moved a transfer.
    Matched,
    /// It was known from another entry.
    Known,
    /// It contradicts what is known.
    Contradicts,
    /// Nothing of ours explains it.
    Unmatched,
    /// This entry was read before.
    ReadBefore,
}

impl Fate {
    const fn name(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Known => "known",
            Self::Contradicts => "contradicts",
            Self::Unmatched | Self::ReadBefore => "unmatched",
        }
    }
}

/// What became of a word, and the refund it is about as it stands then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What became of it.
    pub fate: Fate,
    /// The refund.
    pub summary: Option<RefundSummary>,
}

impl Ledger {
    /// Takes in one word of the bank. `blank` is a record without refund or event, for whoever reads
    /// the file; read again, an entry changes nothing.
    ///
    /// # Errors
    /// The database failed; nothing was written.
    pub async fn hear_bank(&self, word: BankWord, blank: Record) -> Result<Heard, LedgerError> {
        let now = blank.now;
        let (heard, owes) = self
            .write(move |connection| {
                let heard = hear(connection, &word, &blank)?;
                failpoint::reach("bank.heard");
                Ok((heard, journalled::owes(connection)?))
            })
            .await?;
        if owes {
            self.journal_disproved(now).await;
        }
        Ok(heard)
    }
}

fn hear(connection: &Connection, word: &BankWord, blank: &Record) -> Result<Heard, LedgerError> {
    let known: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM bank_entries WHERE entry = ?1)")?
        .query_row([&word.entry], |row| row.get(0))?;
    if known {
        return Ok(Heard {
            fate: Fate::ReadBefore,
            summary: None,
        });
    }
    let transfer = match &word.end_to_end {
        Some(reference) => by_reference(connection, reference)?,
        None => None,
    };
    let Some(transfer) = transfer else {
        keep_entry(connection, word, Fate::Unmatched, None, blank.now)?;
        let entry = Some(word.entry.as_str());
        loose_end(connection, None, "entry", &word.place, entry, blank.now)?;
        return Ok(Heard {
            fate: Fate::Unmatched,
            summary: None,
        });
    };
    let record = Record {
        id: transfer.refund,
        ..blank.clone()
    };
    let fate = weigh(connection, word, &transfer, &record)?;
    let summary = refunds::one(connection, transfer.refund)?;
    Ok(Heard { fate, summary })
}

/// The bank's word on a transfer that it names.
fn weigh(
    connection: &Connection,
    word: &BankWord,
    transfer: &Transfer,
    record: &Record,
) -> Result<Fate, LedgerError> {
    let fits = match (word.amount, word.said) {
        (_, Said::Rejected) => true,
        (Some(amount), said) => said.fits(amount, transfer.amount),
        (None, _) => false,
    };
    let follows = follows(transfer.state, word.said.happening());
    let twice = twice(connection, word, transfer)?;
    match (fits, follows, twice) {
        (true, Follows::Moves(to), _) => {
            keep_entry(connection, word, Fate::Matched, Some(transfer), record.now)?;
            prove(
                connection,
                word,
                transfer,
                (&record.actor, None),
                record.now,
            )?;
            moved(connection, word, transfer, to, record)?;
            Ok(Fate::Matched)
        }
        (true, Follows::Known, None) => {
            // People said so before: now the statement does.
            let first = word.kind == ProofKind::Statement
                && word.said == Said::Paid
                && !has_statement(connection, transfer)?;
            let fate = if first { Fate::Matched } else { Fate::Known };
            keep_entry(connection, word, fate, Some(transfer), record.now)?;
            if first {
                prove(
                    connection,
                    word,
                    transfer,
                    (&record.actor, None),
                    record.now,
                )?;
                settle(connection, record)?;
            }
            Ok(fate)
        }
        (_, _, twice) => {
            keep_entry(
                connection,
                word,
                Fate::Contradicts,
                Some(transfer),
                record.now,
            )?;
            let detail = twice.unwrap_or_else(|| contradiction(word, transfer));
            let refund = refunds::one(connection, transfer.refund)?
                .ok_or(LedgerError::NotFound("refund"))?
                .refund;
            discrepancy::open(
                connection,
                refund.content.payment,
                Some(&transfer.refund.to_string()),
                DiscrepancyKind::BankLeg,
                &detail,
                record.now,
            )?;
            Ok(Fate::Contradicts)
        }
    }
}

fn contradiction(word: &BankWord, transfer: &Transfer) -> String {
    let amount = word
        .amount
        .map_or("an amount that is not told".to_owned(), |it| it.to_string());
    format!(
        "the bank says {} {amount} ({}); the transfer {} of {} is {}",
        word.said.name(),
        word.reference,
        transfer.end_to_end,
        transfer.amount,
        transfer.state.words()
    )
}

/// The same transfer on statements with two references of the bank: it may have been paid twice.
fn twice(
    connection: &Connection,
    word: &BankWord,
    transfer: &Transfer,
) -> Result<Option<String>, LedgerError> {
    if word.kind != ProofKind::Statement || word.said != Said::Paid || word.reference.is_empty() {
        return Ok(None);
    }
    let other: Option<String> = super::optional(
        connection
            .prepare_cached(
                "SELECT b.reference FROM transfer_proofs p JOIN bank_entries b ON b.entry = p.entry
                 WHERE p.refund_id = ?1 AND p.number = ?2 AND p.said = 'paid' AND p.kind = 'statement'
                   AND b.reference <> '' AND b.reference <> ?3 LIMIT 1",
            )?
            .query_row(
                params![transfer.refund.to_string(), transfer.number, word.reference],
                |row| row.get(0),
            ),
    )?;
    Ok(other.map(|first| {
        format!(
            "the bank shows transfer {} twice: {first} and {}; it may have been paid twice",
            transfer.end_to_end, word.reference
        )
    }))
}

fn keep_entry(
    connection: &Connection,
    word: &BankWord,
    fate: Fate,
    transfer: Option<&Transfer>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO bank_entries (entry, file_sha256, end_to_end, reference, amount_minor, currency,
                 booked_on, said, fate, refund_id, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            word.entry,
            word.file_sha256,
            word.end_to_end,
            word.reference,
            word.amount.map(|it| it.minor),
            word.amount.map(|it| it.currency.code()),
            word.booked_on.map(|day| day.to_string()),
            word.said.name(),
            fate.name(),
            transfer.map(|it| it.refund.to_string()),
            millis(now)
        ])?;
    Ok(())
}
