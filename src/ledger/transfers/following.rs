//! What follows from proof: for a transfer, and for its refund.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::super::error::LedgerError;
use super::super::evidence::{self, Record};
use super::super::row::millis;
use super::super::{refunds, takeover};
use super::people::end_statement;
use super::proofs::BankWord;
use super::{advice, in_force, stand, tell};
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::id::RefundId;
use crate::domain::refund::{Observation, ObservationSource};
use crate::domain::state::{Event, State};
use crate::domain::transfer::{ProofKind, STEP, Said, Transfer, TransferState};
use crate::failpoint;

/// Writes the proof down; people have none of the bank's entries.
pub(super) fn prove(
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
pub(super) fn moved(
    connection: &Connection,
    word: &BankWord,
    transfer: &Transfer,
    to: TransferState,
    record: &Record,
) -> Result<(), LedgerError> {
    stand(connection, transfer, to, record.now)?;
    let subject = transfer.refund.to_string();
    if word.kind != ProofKind::Person {
        end_statement(
            connection,
            transfer.refund,
            ("overtaken", "desk"),
            None,
            record.now,
        )?;
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
    tell(
        connection,
        &subject,
        &record.actor,
        &action,
        &detail,
        record.now,
    )?;
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
        .prepare_cached("UPDATE transfers SET reference = ?3 WHERE refund_id = ?1 AND number = ?2")?
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
    advice::due(
        connection,
        transfer.refund,
        next,
        transfer.amount,
        account,
        record.now,
    )
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

/// Whether a transfer stands on a statement as paid.
pub(super) fn has_statement(
    connection: &Connection,
    transfer: &Transfer,
) -> Result<bool, LedgerError> {
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
