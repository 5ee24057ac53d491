//! What became of a transfer: the bank's word, each entry once, or that of two people.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, params};

use super::super::Ledger;
use super::super::discrepancy;
use super::super::error::LedgerError;
use super::super::evidence::{self, Record};
use super::super::refunds::{self, RefundSummary};
use super::super::row::{millis, time};
use super::super::{journalled, takeover};
use super::{advice, by_reference, in_force, newest, stand, tell};
use crate::domain::discrepancy::DiscrepancyKind;
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::id::RefundId;
use crate::domain::money::Money;
use crate::domain::refund::{Observation, ObservationSource};
use crate::domain::state::{Event, State};
use crate::domain::transfer::{
    Follows, ProofKind, STEP, Said, Transfer, TransferState, follows, statement_hash,
};
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

/// One person's word about a transfer, to be stored, or the second person's to complete it.
#[derive(Clone, Debug)]
pub struct NewStatement {
    /// What became of it.
    pub said: Said,
    /// The bank's reference, or where it can be looked up.
    pub reference: String,
    /// Of which day.
    pub dated: Option<NaiveDate>,
}

/// What has no refund, and waits for a person to say what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooseEnd {
    /// Our number of it.
    pub id: i64,
    /// The provider account, where it is known.
    pub account: Option<String>,
    /// The facts.
    pub detail: String,
    /// When it was noticed.
    pub at: DateTime<Utc>,
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

    /// Stores one person's word about a refund's transfer.
    ///
    /// # Errors
    /// It has no transfer, that cannot have become of it, or another word waits.
    pub async fn state_transfer(
        &self,
        id: RefundId,
        new: NewStatement,
        by: String,
        now: DateTime<Utc>,
    ) -> Result<RefundSummary, LedgerError> {
        self.write(move |connection| {
            let transfer =
                newest(connection, id)?.ok_or(LedgerError::NotFound("bank transfer"))?;
            may_be(&transfer, new.said)?;
            let hash = statement_hash(
                &transfer.end_to_end,
                new.said,
                &new.reference,
                new.dated,
                &by,
            );
            connection
                .prepare_cached(
                    "INSERT INTO transfer_statements (refund_id, number, said, reference, dated, hash, by_whom, at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![
                    id.to_string(),
                    transfer.number,
                    new.said.name(),
                    new.reference,
                    new.dated.map(|day| day.to_string()),
                    hash,
                    by,
                    millis(now)
                ])?;
            let detail = format!("said={} number={} note={}", new.said.name(), transfer.number, new.reference);
            tell(connection, &id.to_string(), &by, "transfer.stated", &detail, now)?;
            failpoint::reach("transfer.stated");
            refunds::one(connection, id)?.ok_or(LedgerError::NotFound("refund"))
        })
        .await
    }

    /// Carries out one person's word about a transfer on that of a second, `record.actor`.
    ///
    /// # Errors
    /// [`LedgerError::SamePerson`]; no such word waits; nothing was written.
    pub async fn agree_transfer(
        &self,
        record: Record,
        seen: String,
    ) -> Result<RefundSummary, LedgerError> {
        let now = record.now;
        let (summary, owes) = self
            .write(move |connection| {
                agree(connection, &record, &seen)?;
                let summary =
                    refunds::one(connection, record.id)?.ok_or(LedgerError::NotFound("refund"))?;
                Ok((summary, journalled::owes(connection)?))
            })
            .await?;
        if owes {
            self.journal_disproved(now).await;
        }
        Ok(summary)
    }

    /// Ends one person's word about a transfer without carrying it out.
    ///
    /// # Errors
    /// None waits.
    pub async fn turn_down_transfer(
        &self,
        id: RefundId,
        by: String,
        note: String,
        now: DateTime<Utc>,
    ) -> Result<RefundSummary, LedgerError> {
        self.write(move |connection| {
            if end_statement(connection, id, ("declined", &by), Some(&note), now)? == 0 {
                return Err(LedgerError::NotFound("statement that waits for a second person"));
            }
            let detail = format!("statement=declined note={note}");
            tell(connection, &id.to_string(), &by, "transfer.statement_declined", &detail, now)?;
            refunds::one(connection, id)?.ok_or(LedgerError::NotFound("refund"))
        })
        .await
    }

    /// What has no refund and nobody has explained, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn loose_ends(&self) -> Result<Vec<LooseEnd>, LedgerError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(
                    "SELECT seq, account, detail, at FROM loose_ends WHERE closed_at IS NULL ORDER BY seq",
                )?
                .query_map([], |row| {
                    Ok(LooseEnd {
                        id: row.get(0)?,
                        account: row.get(1)?,
                        detail: row.get(2)?,
                        at: time(row.get(3)?),
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(found)
        })
        .await
    }

    /// Says what a loose end was.
    ///
    /// # Errors
    /// There is none of that number, or it is closed.
    pub async fn close_loose_end(
        &self,
        id: i64,
        by: String,
        note: String,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        self.write(move |connection| {
            let closed = connection.execute(
                "UPDATE loose_ends SET closed_by = ?2, closed_at = ?3, note = ?4
                 WHERE seq = ?1 AND closed_at IS NULL",
                params![id, by, millis(now), note],
            )?;
            if closed == 0 {
                return Err(LedgerError::NotFound("unexplained entry of that number"));
            }
            let detail = format!("loose_end={id} note={note}");
            tell(connection, "bank", &by, "bank.explained", &detail, now)
        })
        .await
    }
}

/// Adds a loose end, in the caller's transaction.
pub(super) fn loose_end(
    connection: &Connection,
    account: Option<&str>,
    kind: &str,
    detail: &str,
    entry: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let added = connection
        .prepare_cached(
            "INSERT INTO loose_ends (account, kind, detail, entry, at)
             SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM loose_ends
                 WHERE closed_at IS NULL AND kind = ?2 AND detail = ?3 AND coalesce(account, '') = coalesce(?1, '')
                   AND coalesce(entry, '') = coalesce(?4, ''))",
        )?
        .execute(params![account, kind, detail, entry, millis(now)])?;
    if added == 0 {
        return Ok(());
    }
    let told = format!("loose_end={} kind={kind}", connection.last_insert_rowid());
    tell(connection, account.unwrap_or("bank"), "desk", "bank.unexplained", &told, now)
}

fn may_be(transfer: &Transfer, said: Said) -> Result<(), LedgerError> {
    match follows(transfer.state, said.happening()) {
        Follows::Moves(_) => Ok(()),
        Follows::Known | Follows::Contradicts => Err(LedgerError::NotAllowed(format!(
            "its bank transfer is {}: it cannot be {} now",
            transfer.state.words(),
            said.name()
        ))),
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
            prove(connection, word, transfer, (&record.actor, None), record.now)?;
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
                prove(connection, word, transfer, (&record.actor, None), record.now)?;
                settle(connection, record)?;
            }
            Ok(fate)
        }
        (_, _, twice) => {
            keep_entry(connection, word, Fate::Contradicts, Some(transfer), record.now)?;
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

fn has_statement(connection: &Connection, transfer: &Transfer) -> Result<bool, LedgerError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM transfer_proofs
                 WHERE refund_id = ?1 AND number = ?2 AND said = 'paid' AND kind = 'statement')",
        )?
        .query_row(
            params![transfer.refund.to_string(), transfer.number],
            |row| row.get(0),
        )?)
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

/// Writes the proof down; people have none of the bank's entries.
fn prove(
    connection: &Connection,
    word: &BankWord,
    transfer: &Transfer,
    (by, second): (&str, Option<&str>),
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let reference = match word.reference.as_str() {
        "" => "no reference",
        reference => reference,
    };
    let amount = word.amount.filter(|_| word.said != Said::Rejected);
    connection
        .prepare_cached(
            "INSERT INTO transfer_proofs (refund_id, number, said, kind, reference, amount_minor, currency,
                 dated, entry, by_whom, second, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            transfer.refund.to_string(),
            transfer.number,
            word.said.name(),
            word.kind.name(),
            reference,
            amount.map(|it| it.minor),
            amount.map(|it| it.currency.code()),
            word.booked_on.map(|day| day.to_string()),
            (word.kind != ProofKind::Person).then_some(&word.entry),
            by,
            second,
            millis(now)
        ])?;
    failpoint::reach("transfer.proven");
    Ok(())
}

/// What follows from proof: for the transfer, and for its refund.
fn moved(
    connection: &Connection,
    word: &BankWord,
    transfer: &Transfer,
    to: TransferState,
    record: &Record,
) -> Result<(), LedgerError> {
    stand(connection, transfer, to, record.now)?;
    let subject = transfer.refund.to_string();
    if word.kind != ProofKind::Person {
        end_statement(connection, transfer.refund, ("overtaken", "desk"), None, record.now)?;
    }
    let detail = format!(
        "number={} end_to_end={} amount={} by={} bank_reference={}",
        transfer.number,
        transfer.end_to_end,
        word.amount.unwrap_or(transfer.amount),
        word.kind.name(),
        word.reference
    );
    let action = format!("transfer.{}", to.name());
    tell(connection, &subject, &record.actor, &action, &detail, record.now)?;
    match word.said {
        Said::Paid => paid(connection, word, transfer, record)?,
        Said::Rejected => rejected(connection, word, transfer, record)?,
        Said::Returned => returned(connection, word, transfer, record)?,
    }
    failpoint::reach("transfer.moved");
    // Nothing can be asked about it: what comes next, the bank or a person says.
    connection
        .prepare_cached("UPDATE refunds SET due_at = NULL WHERE id = ?1")?
        .execute([&subject])?;
    Ok(())
}

fn paid(
    connection: &Connection,
    word: &BankWord,
    transfer: &Transfer,
    record: &Record,
) -> Result<(), LedgerError> {
    let refund = refunds::one(connection, transfer.refund)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    connection
        .prepare_cached(
            "UPDATE transfers SET reference = ?3 WHERE refund_id = ?1 AND number = ?2",
        )?
        .execute(params![
            transfer.refund.to_string(),
            transfer.number,
            word.reference
        ])?;
    let status = match refund.state {
        State::Submitting | State::Unknown | State::Pending | State::ActionRequired => {
            connection
                .prepare_cached(
                    "UPDATE transfers SET confirm_at = ?3 WHERE refund_id = ?1 AND number = ?2",
                )?
                .execute(params![
                    transfer.refund.to_string(),
                    transfer.number,
                    millis(record.now)
                ])?;
            Reported::ActionRequired
        }
        State::Succeeded | State::Settled => return settle(connection, record),
        // Closed as not paid (T23).
        _ => Reported::Succeeded,
    };
    let said = format!(
        "the bank has paid it ({}); the network is to be told",
        word.reference
    );
    let amount = (status == Reported::Succeeded).then_some(transfer.amount);
    let evidence = Evidence::Report { status, amount };
    apply(connection, word, record, Event::Evidence(evidence), said)
}

/// The next try is due, under the next number.
fn rejected(
    connection: &Connection,
    word: &BankWord,
    transfer: &Transfer,
    record: &Record,
) -> Result<(), LedgerError> {
    let subject = transfer.refund.to_string();
    connection
        .prepare_cached(
            "UPDATE payment_file_lines SET live = 0 WHERE refund_id = ?1 AND number = ?2 AND live = 1",
        )?
        .execute(params![subject, transfer.number])?;
    connection
        .prepare_cached(&takeover::disprove_sql(
            "refund_id = ?1 AND step = ?2 AND number = ?3 AND not_executed = 0",
        ))?
        .execute(params![subject, STEP, transfer.number])?;
    let said = format!(
        "the bank has not paid it ({}); its transfer is due again",
        word.reference
    );
    let evidence = Evidence::Report {
        status: Reported::ActionRequired,
        amount: None,
    };
    apply(connection, word, record, Event::Evidence(evidence), said)?;
    let refund = refunds::one(connection, transfer.refund)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    if refund.state != State::ActionRequired {
        // It has ended by people's word: nothing more is paid for it.
        return Ok(());
    }
    let account: i64 = connection
        .prepare_cached("SELECT account_ref FROM transfers WHERE end_to_end = ?1")?
        .query_row([&transfer.end_to_end], |row| row.get(0))?;
    let next = transfer.number + 1;
    advice::due(connection, transfer.refund, next, transfer.amount, account, record.now)
}

/// FAILED before the network was told, REVERSED after (T20).
fn returned(
    connection: &Connection,
    word: &BankWord,
    transfer: &Transfer,
    record: &Record,
) -> Result<(), LedgerError> {
    let refund = refunds::one(connection, transfer.refund)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    let kept = match word.amount.filter(|it| *it != transfer.amount) {
        Some(less) => format!(", {less} of {}", transfer.amount),
        None => String::new(),
    };
    let said = format!("the bank returned it{kept}: {}", word.reference);
    let event = match refund.state {
        State::Succeeded | State::Settled => Event::Returned,
        _ => Event::Evidence(Evidence::Report {
            status: Reported::Failed,
            amount: None,
        }),
    };
    apply(connection, word, record, event, said)
}

fn apply(
    connection: &Connection,
    word: &BankWord,
    record: &Record,
    event: Event,
    said: String,
) -> Result<(), LedgerError> {
    let source = match word.kind {
        ProofKind::Person => ObservationSource::Person,
        ProofKind::Statement | ProofKind::Report => ObservationSource::Import,
    };
    let told = Record {
        event,
        observation: Some(Observation {
            at: record.now,
            source,
            attempt: None,
            meaning: format!("transfer {}", word.said.name()),
            http_status: None,
            said,
            support_id: None,
            raw: None,
        }),
        ..record.clone()
    };
    evidence::apply(connection, &told)?;
    Ok(())
}

/// T19: it was confirmed, and stands on a statement.
pub(super) fn settle(connection: &Connection, record: &Record) -> Result<(), LedgerError> {
    let state = refunds::one(connection, record.id)?.map(|it| it.refund.state);
    if state != Some(State::Succeeded) {
        return Ok(());
    }
    let told = Record {
        event: Event::OnStatement,
        observation: None,
        note: Some("on the bank's statement".to_owned()),
        fence: None,
        exchange: None,
        ..record.clone()
    };
    evidence::apply(connection, &told)?;
    Ok(())
}

/// Whether a refund's transfer stands on a statement, and T19 may follow a confirmation.
pub(super) fn is_on_statement(connection: &Connection, id: RefundId) -> Result<bool, LedgerError> {
    match in_force(connection, id)? {
        Some(transfer) => has_statement(connection, &transfer),
        None => Ok(false),
    }
}

fn agree(connection: &Connection, record: &Record, seen: &str) -> Result<(), LedgerError> {
    let transfer = newest(connection, record.id)?.ok_or(LedgerError::NotFound("bank transfer"))?;
    let stated = transfer
        .stated
        .clone()
        .filter(|it| it.hash == seen)
        .ok_or(LedgerError::NotFound("statement that waits for a second person"))?;
    let whole = statement_hash(
        &transfer.end_to_end,
        stated.said,
        &stated.reference,
        stated.dated,
        &stated.by,
    );
    if whole != stated.hash {
        return Err(LedgerError::Damaged(format!(
            "a statement about the transfer of refund {}",
            record.id
        )));
    }
    if stated.by == record.actor {
        return Err(LedgerError::SamePerson);
    }
    let Follows::Moves(to) = follows(transfer.state, stated.said.happening()) else {
        return may_be(&transfer, stated.said);
    };
    end_statement(connection, record.id, ("agreed", &record.actor), None, record.now)?;
    let word = BankWord {
        entry: String::new(),
        file_sha256: String::new(),
        kind: ProofKind::Person,
        said: stated.said,
        end_to_end: Some(transfer.end_to_end.clone()),
        amount: Some(transfer.amount),
        reference: stated.reference,
        booked_on: stated.dated,
        place: String::new(),
    };
    let people = (stated.by.as_str(), Some(record.actor.as_str()));
    prove(connection, &word, &transfer, people, record.now)?;
    moved(connection, &word, &transfer, to, record)
}

fn end_statement(
    connection: &Connection,
    id: RefundId,
    (how, by): (&str, &str),
    note: Option<&str>,
    now: DateTime<Utc>,
) -> Result<usize, LedgerError> {
    let second = (how == "agreed").then_some(by);
    Ok(connection
        .prepare_cached(
            "UPDATE transfer_statements SET ended_as = ?2, ended_by = ?3, second = ?4, ended_at = ?5, ended_note = ?6
             WHERE refund_id = ?1 AND ended_at IS NULL",
        )?
        .execute(params![
            id.to_string(),
            how,
            by,
            second,
            millis(now),
            note
        ])?)
}
