//! The ledger keeps its journal: a line for every send before its bytes go out, one for every send
//! proven unexecuted, and the comparison of the two whenever a database is opened.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::Ledger;
use super::audit::{self, Deed};
use super::closed::{self, ALL_ACCOUNTS, ClosedWhy};
use super::error::LedgerError;
use super::journal::{Began, Journal, Line, Placed, SendName, Sent};
use super::open::OpenOptions;
use super::rewind::{count_sends, handled};
use super::write_ahead::NewAttempt;
use super::{epoch, payments, refunds, takeover};

impl Ledger {
    /// Nothing is begun that could not be journalled.
    pub(super) async fn journal_ready(&self) -> Result<(), LedgerError> {
        let journal = self.journal.clone();
        self.on_writer(move |_| {
            journal
                .ready()
                .map_err(|source| not_writable(&journal, source))
        })
        .await
    }

    /// Puts a committed send into the journal. Only when this returns may its bytes go out.
    pub(super) async fn journal_sent(&self, sent: Sent) -> Result<(), LedgerError> {
        let journal = self.journal.clone();
        let environment = self.options.environment.clone();
        self.on_writer(move |connection| {
            let at = sent.at;
            journal
                .append(
                    || began(connection, environment, at),
                    &[Line::Sent(Box::new(sent))],
                )
                .map_err(|source| LedgerError::NotJournalled {
                    path: journal.path().to_owned(),
                    source,
                })
        })
        .await
    }

    /// Tells the journal which sends were proven unexecuted. It may come late or twice, and a
    /// failure is only logged: a restore then holds for what never went.
    pub(super) async fn journal_disproved(&self, now: DateTime<Utc>) {
        let journal = self.journal.clone();
        let environment = self.options.environment.clone();
        let told = self
            .on_writer(move |connection| {
                let backlog = backlog(connection)?;
                if backlog.is_empty() {
                    return Ok(());
                }
                let lines: Vec<Line> = backlog.iter().cloned().map(Line::NotExecuted).collect();
                journal
                    .append(|| began(connection, environment, now), &lines)
                    .map_err(|source| not_writable(&journal, source))?;
                backlog.iter().try_for_each(|name| done(connection, name))
            })
            .await;
        if let Err(error) = told {
            tracing::warn!(%error, "the send journal was not told what never went out");
        }
    }

    async fn on_writer<T, F>(&self, job: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
    {
        let writer = self.writer.as_ref().ok_or(LedgerError::ReadOnly)?;
        writer.run(|connection| job(connection)).await
    }
}

fn not_writable(journal: &Journal, source: std::io::Error) -> LedgerError {
    LedgerError::Journal {
        path: journal.path().to_owned(),
        source,
    }
}

fn began(
    connection: &Connection,
    environment: String,
    at: DateTime<Utc>,
) -> std::io::Result<Began> {
    Ok(Began {
        environment,
        at,
        sends_before: count_sends(connection).map_err(std::io::Error::other)?,
    })
}

/// Whether the journal still has to be told of a send that was proven unexecuted.
pub(super) fn owes(connection: &Connection) -> Result<bool, LedgerError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM journal_backlog)")?
        .query_row([], |row| row.get(0))?)
}

fn backlog(connection: &Connection) -> Result<Vec<SendName>, LedgerError> {
    let rows: Vec<(String, String, u32, i64)> = connection
        .prepare_cached("SELECT refund_id, step, number, send FROM journal_backlog")?
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<Result<_, _>>()?;
    rows.into_iter()
        .map(|(refund, step, number, send)| {
            Ok(SendName {
                refund: refund.parse().map_err(|_| LedgerError::Damaged(refund))?,
                step,
                number,
                send,
            })
        })
        .collect()
}

fn done(connection: &Connection, name: &SendName) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "DELETE FROM journal_backlog WHERE refund_id = ?1 AND step = ?2 AND number = ?3 AND send = ?4",
        )?
        .execute(rusqlite::params![
            name.refund.to_string(),
            name.step,
            name.number,
            name.send
        ])?;
    Ok(())
}

/// The line of a send that was just written down, in the same transaction.
pub(super) fn line(
    connection: &Connection,
    new: &NewAttempt,
    send: i64,
) -> Result<Sent, LedgerError> {
    let refund = refunds::one(connection, new.id)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    let content = &refund.content;
    let payment =
        payments::one(connection, content.payment)?.ok_or(LedgerError::NotFound("payment"))?;
    let (audit_seq, audit_hash) = audit::newest(connection)?.unwrap_or_default();
    Ok(Sent {
        name: SendName {
            refund: new.id,
            step: new.attempt.step.clone(),
            number: new.attempt.number,
            send,
        },
        account: refund.account.clone(),
        payment: content.payment,
        provider_payment_id: payment.provider_payment_id,
        capture_id: content.capture_id.clone(),
        amount: content.amount.minor,
        compensation: content.compensation.minor,
        currency: content.amount.currency,
        kind: content.kind.name().to_owned(),
        caller_key: refund.caller_key,
        idempotency_key: new.attempt.idempotency_key.clone(),
        correlation: new.attempt.correlation.clone(),
        sha256: new.attempt.sha256.clone(),
        at: new.now,
        epoch: epoch::current(connection)?,
        audit_seq,
        audit_hash,
    })
}

/// Compares a database that was just opened with the end of its journal. One that lacks the last
/// sends is an old copy that someone put back: everything is closed until it took them over.
pub(super) fn compare(
    connection: &Connection,
    journal: &Journal,
    options: &OpenOptions,
) -> Result<(), LedgerError> {
    // The journal first: whatever it shows was committed before.
    let tail = match journal.tail() {
        Ok(tail) => tail,
        Err(error) => {
            // Whoever wants to send finds that it cannot be written either.
            tracing::error!(path = %journal.path().display(), %error, "the send journal cannot be read");
            return Ok(());
        }
    };
    if tail.is_empty() {
        return begin(connection, journal, options);
    }
    let began = journal.began().ok().flatten();
    if knows(connection, began.as_ref(), &tail)? {
        return Ok(());
    }
    let why = ClosedWhy::OlderThanJournal;
    tracing::error!("{}", why.sentence());
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let detail = format!("journal={}", journal.path().display());
    closed::close(
        &transaction,
        ALL_ACCOUNTS,
        why,
        (&detail, "desk"),
        options.now,
    )?;
    Ok(transaction.commit()?)
}

/// Beyond what a restore took over, every line is known.
fn knows(
    connection: &Connection,
    began: Option<&Began>,
    tail: &[Placed],
) -> Result<bool, LedgerError> {
    let handled = handled(connection, began)?;
    for placed in tail.iter().filter(|placed| placed.offset >= handled) {
        if !is_known(connection, placed)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_known(connection: &Connection, placed: &Placed) -> Result<bool, LedgerError> {
    match &placed.line {
        Line::Sent(sent) => takeover::is_known(connection, &sent.name),
        Line::NotExecuted(name) => Ok(!takeover::is_unresolved(connection, name)?),
        Line::Began(_) | Line::Torn => Ok(true),
    }
}

/// A journal begins with the database. A database that has sends and no journal has lost it, or is
/// older than journals: that is written down.
fn begin(
    connection: &Connection,
    journal: &Journal,
    options: &OpenOptions,
) -> Result<(), LedgerError> {
    let sends_before = count_sends(connection)?;
    let environment = options.environment.clone();
    if let Err(error) = journal.append(|| began(connection, environment, options.now), &[]) {
        tracing::error!(path = %journal.path().display(), %error, "the send journal cannot be written");
        return Ok(());
    }
    if sends_before == 0 {
        return Ok(());
    }
    let detail = format!("sends_before={sends_before}");
    let deed = Deed {
        at: options.now,
        actor: "desk",
        action: "journal.began",
        subject: "send journal",
        detail: &detail,
    };
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    audit::append(&transaction, &deed)?;
    Ok(transaction.commit()?)
}
