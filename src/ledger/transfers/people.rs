//! What people say became of a transfer: one says it, a second carries it out.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, params};

use super::super::Ledger;
use super::super::error::LedgerError;
use super::super::evidence::Record;
use super::super::journalled;
use super::super::refunds::{self, RefundSummary};
use super::super::row::millis;
use super::following::{moved, prove};
use super::proofs::BankWord;
use super::{newest, tell};
use crate::domain::id::RefundId;
use crate::domain::transfer::{Follows, ProofKind, Said, Transfer, follows, statement_hash};
use crate::failpoint;

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

impl Ledger {
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
                return Err(LedgerError::NotFound(
                    "statement that waits for a second person",
                ));
            }
            let detail = format!("statement=declined note={note}");
            tell(
                connection,
                &id.to_string(),
                &by,
                "transfer.statement_declined",
                &detail,
                now,
            )?;
            refunds::one(connection, id)?.ok_or(LedgerError::NotFound("refund"))
        })
        .await
    }
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

fn agree(connection: &Connection, record: &Record, seen: &str) -> Result<(), LedgerError> {
    let transfer = newest(connection, record.id)?.ok_or(LedgerError::NotFound("bank transfer"))?;
    let stated =
        transfer
            .stated
            .clone()
            .filter(|it| it.hash == seen)
            .ok_or(LedgerError::NotFound(
                "statement that waits for a second person",
            ))?;
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
    end_statement(
        connection,
        record.id,
        ("agreed", &record.actor),
        None,
        record.now,
    )?;
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

/// Ends the word that waits, if one does; in the caller's transaction.
pub(super) fn end_statement(
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
