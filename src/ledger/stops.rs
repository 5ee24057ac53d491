//! Stopping and resuming. [`why`] is the one place that says whether people stopped sending on an
//! account; what else may close an account belongs beside it.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::closed::{self, ALL_ACCOUNTS, ByRestore};
use super::error::LedgerError;
use super::row::{millis, time};
use crate::domain::sending::{Proposed, Resumption, Stop};

/// A person's word about sending.
#[derive(Clone, Debug)]
pub struct SendingWord {
    /// The account; `None`: every account.
    pub account: Option<String>,
    /// Who says so.
    pub by: String,
    /// Why.
    pub note: Option<String>,
    /// Now.
    pub now: DateTime<Utc>,
}

impl SendingWord {
    fn place(&self) -> &str {
        self.account.as_deref().unwrap_or(ALL_ACCOUNTS)
    }
}

impl Ledger {
    /// Stops sending, at once. Whoever stops it again withdraws what was proposed meanwhile.
    ///
    /// # Errors
    /// The database failed.
    pub async fn stop_sending(&self, word: SendingWord) -> Result<Stop, LedgerError> {
        self.write(move |connection| {
            add(connection, &word, "stop")?;
            at(connection, word.place())?.ok_or(LedgerError::NotFound("stop"))
        })
        .await
    }

    /// Proposes to resume, or, where another person did, resumes: what waited goes out. What a
    /// restore closed there opens with it (T24, where the provider cannot be asked).
    ///
    /// # Errors
    /// [`LedgerError::NotStopped`], [`LedgerError::ResumesAlone`], [`LedgerError::NeedsEvidence`];
    /// nothing was written.
    pub async fn resume_sending(&self, word: SendingWord) -> Result<Resumption, LedgerError> {
        self.write(move |connection| {
            let closed = closed::by_restore(connection, word.place())?;
            if closed.is_some() && word.note.is_none() {
                return Err(LedgerError::NeedsEvidence);
            }
            let stop = stopped(connection, &word, closed)?;
            match &stop.proposed {
                Some(first) if first.by == word.by => {
                    Err(LedgerError::ResumesAlone(first.by.clone()))
                }
                Some(first) => {
                    add(connection, &word, "resume")?;
                    let people = format!("{} and {}", first.by, word.by);
                    let evidence = word.note.as_deref().unwrap_or_default();
                    closed::open_on_word(connection, word.place(), (&people, evidence), word.now)?;
                    Ok(Resumption::Resumed(stop))
                }
                None => {
                    add(connection, &word, "propose")?;
                    let stop = at(connection, word.place())?;
                    stop.map(Resumption::Proposed)
                        .ok_or(LedgerError::NotStopped)
                }
            }
        })
        .await
    }

    /// Where sending is stopped now, every account first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn stops(&self) -> Result<Vec<Stop>, LedgerError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&stops_sql("1"))?;
            let found = statement.query_map([], stop)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// Why people stopped sending on an account, in the caller's transaction.
pub(super) fn why(connection: &Connection, account: &str) -> Result<Option<Stop>, LedgerError> {
    match at(connection, ALL_ACCOUNTS)? {
        None => at(connection, account),
        all => Ok(all),
    }
}

/// Refuses where sending is stopped, in the caller's transaction.
pub(super) fn check(connection: &Connection, account: &str) -> Result<(), LedgerError> {
    match why(connection, account)? {
        None => Ok(()),
        Some(stop) => Err(LedgerError::SendingStopped(Box::new(stop))),
    }
}

/// The stop that is to end. What a restore closed counts as stopped then by whoever restored, so
/// that the one rule of two people opens both, and what was proposed before counts for neither.
fn stopped(
    connection: &Connection,
    word: &SendingWord,
    closed: Option<ByRestore>,
) -> Result<Stop, LedgerError> {
    let known = at(connection, word.place())?;
    let Some(closed) = closed else {
        return known.ok_or(LedgerError::NotStopped);
    };
    if let Some(stop) = known.filter(|stop| stop.at >= closed.at) {
        return Ok(stop);
    }
    let stop = SendingWord {
        by: closed.by,
        note: Some(closed.why.to_owned()),
        ..word.clone()
    };
    add(connection, &stop, "stop")?;
    at(connection, word.place())?.ok_or(LedgerError::NotStopped)
}

fn at(connection: &Connection, place: &str) -> Result<Option<Stop>, LedgerError> {
    Ok(connection
        .prepare_cached(&stops_sql("d.account = ?1"))?
        .query_row([place], stop)
        .optional()?)
}

fn stops_sql(which: &str) -> String {
    format!(
        "SELECT d.account, d.person, d.at, d.note, l.person, l.at, l.deed
         FROM stopped_sending s JOIN sending_deeds d ON d.seq = s.stop JOIN sending_deeds l ON l.seq = s.last
         WHERE {which} ORDER BY d.account"
    )
}

fn stop(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stop> {
    let place: String = row.get(0)?;
    let is_proposed = row.get::<_, String>(6)? == "propose";
    let proposed = Proposed {
        by: row.get(4)?,
        at: time(row.get(5)?),
    };
    Ok(Stop {
        account: (place != ALL_ACCOUNTS).then_some(place),
        by: row.get(1)?,
        at: time(row.get(2)?),
        note: row.get(3)?,
        proposed: is_proposed.then_some(proposed),
    })
}

fn add(connection: &Connection, word: &SendingWord, deed: &str) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO sending_deeds (seq, account, deed, person, at, note)
             SELECT 1 + coalesce(max(seq), 0), ?1, ?2, ?3, ?4, ?5 FROM sending_deeds",
        )?
        .execute(params![
            word.place(),
            deed,
            word.by,
            millis(word.now),
            word.note
        ])?;
    let action = match deed {
        "stop" => "sending.stopped",
        "propose" => "sending.resume_proposed",
        _ => "sending.resumed",
    };
    let detail = word.note.as_deref().unwrap_or_default();
    audit::append(
        connection,
        &Deed {
            at: word.now,
            actor: &word.by,
            action,
            subject: word.place(),
            detail,
        },
    )
}
