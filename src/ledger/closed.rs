//! Accounts that are closed for sending, and how they open again.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::error::LedgerError;
use super::evidence::Record;
use super::row::{millis, time};
use crate::domain::evidence::Evidence;
use crate::domain::refund::ObservationSource;
use crate::domain::state::Event;

/// Stands for every account.
pub const ALL_ACCOUNTS: &str = "*";

/// Why an account is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedWhy {
    /// A backup was restored; opens by itself once its refunds since then were read.
    Restored,
    /// A backup was restored and the send journal does not tell everything sent since; two people
    /// open it.
    JournalIncomplete,
    /// The database is older than the send journal; opens when it takes over what was sent.
    OlderThanJournal,
}

impl ClosedWhy {
    const ALL: [Self; 3] = [
        Self::Restored,
        Self::JournalIncomplete,
        Self::OlderThanJournal,
    ];

    /// The name in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Restored => "restore",
            Self::JournalIncomplete => "journal_incomplete",
            Self::OlderThanJournal => "older_than_journal",
        }
    }

    /// What people are told.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Restored => "a backup was restored, and its refunds since then are not read yet",
            Self::JournalIncomplete => {
                "a backup was restored, and the send journal does not tell everything sent since"
            }
            Self::OlderThanJournal => {
                "the database is older than the send journal: refunds were sent that it does not know"
            }
        }
    }
}

/// An account that is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedAccount {
    /// Its name; [`ALL_ACCOUNTS`] for all.
    pub account: String,
    /// Why; `None` for a reason this program does not know.
    pub why: Option<ClosedWhy>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Refunds the provider must still be asked about.
    pub unread: u32,
    /// Sends of the journal whose payment the database lacks.
    pub unplaced: u32,
}

impl Ledger {
    /// The accounts that are closed for sending, by name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn closed_accounts(&self) -> Result<Vec<ClosedAccount>, LedgerError> {
        self.read(closed_accounts).await
    }

    /// Refuses when an account is closed for sending.
    ///
    /// # Errors
    /// [`LedgerError::SendingClosed`] says why; the database failed.
    pub async fn check_open(&self, account: String) -> Result<(), LedgerError> {
        self.read(move |connection| check(connection, &account))
            .await
    }

    /// Opens the accounts whose refunds since a restore were all read from their provider, and
    /// takes over sends whose payment has come in meanwhile. Does nothing where nothing is closed.
    ///
    /// # Errors
    /// The database failed.
    pub async fn settle_restore(
        &self,
        cadence: super::Cadence,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, LedgerError> {
        let restored = |closed: &ClosedAccount| closed.why == Some(ClosedWhy::Restored);
        if !self.closed_accounts().await?.iter().any(restored) {
            return Ok(Vec::new());
        }
        self.write(move |connection| {
            super::rewind::place_waiting(connection, cadence, now)?;
            let ready = closed_accounts(connection)?
                .into_iter()
                .filter(|closed| restored(closed) && closed.unread + closed.unplaced == 0);
            let mut opened = Vec::new();
            for closed in ready {
                let evidence = "its refunds since the backup were read from the provider";
                open(
                    connection,
                    &closed.account,
                    ClosedWhy::Restored,
                    "desk",
                    evidence,
                    now,
                )?;
                opened.push(closed.account);
            }
            Ok(opened)
        })
        .await
    }
}

/// A closing that two people may open on their word (T24).
pub(super) struct ByRestore {
    /// Who restored.
    pub by: String,
    /// Why it is closed.
    pub why: &'static str,
    /// Since when: what was said before says nothing about it.
    pub at: DateTime<Utc>,
}

/// The last closing of a place that two people may open on their word.
pub(super) fn by_restore(
    connection: &Connection,
    place: &str,
) -> Result<Option<ByRestore>, LedgerError> {
    let found: Option<(String, String, i64)> = connection
        .prepare_cached(
            "SELECT closed_by, reason, closed_at FROM closed_for_sending
             WHERE opened_at IS NULL AND account = ?1 AND reason IN ('restore', 'journal_incomplete')
             ORDER BY closed_at DESC, reason LIMIT 1",
        )?
        .query_row([place], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(found.map(|(by, why, at)| ByRestore {
        by,
        why: known(&why).map_or("see the audit", ClosedWhy::sentence),
        at: time(at),
    }))
}

/// Opens a place on the word of two people: everything sent since the backup is known to them.
pub(super) fn open_on_word(
    connection: &Connection,
    place: &str,
    (people, evidence): (&str, &str),
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    for why in [ClosedWhy::Restored, ClosedWhy::JournalIncomplete] {
        open(connection, place, why, people, evidence, now)?;
    }
    Ok(())
}

/// Refuses when an account, or every account, is closed; in the caller's transaction.
pub(super) fn check(connection: &Connection, account: &str) -> Result<(), LedgerError> {
    match reason(connection, account)? {
        None => Ok(()),
        Some(why) => Err(LedgerError::SendingClosed {
            account: account.to_owned(),
            why: known(&why),
        }),
    }
}

/// Whether an account, or every account, is closed; in the caller's transaction.
pub(super) fn is_closed(connection: &Connection, account: &str) -> Result<bool, LedgerError> {
    Ok(reason(connection, account)?.is_some())
}

/// What closes all comes before what closes one.
fn reason(connection: &Connection, account: &str) -> Result<Option<String>, LedgerError> {
    Ok(connection
        .prepare_cached(
            "SELECT reason FROM closed_for_sending WHERE opened_at IS NULL AND account IN (?1, '*')
             ORDER BY account, seq LIMIT 1",
        )?
        .query_row([account], |row| row.get(0))
        .optional()?)
}

fn known(name: &str) -> Option<ClosedWhy> {
    ClosedWhy::ALL.into_iter().find(|why| why.name() == name)
}

/// Closes an account, in the caller's transaction; one that is closed for the same stays so.
pub(super) fn close(
    connection: &Connection,
    account: &str,
    why: ClosedWhy,
    (detail, actor): (&str, &str),
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let closed = connection.execute(
        "INSERT INTO closed_for_sending (account, reason, detail, closed_at, closed_by)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        params![account, why.name(), detail, millis(now), actor],
    )?;
    if closed == 0 {
        return Ok(());
    }
    let detail = format!("reason={} {detail}", why.name());
    audit::append(
        connection,
        &Deed {
            at: now,
            actor,
            action: "account.closed_for_sending",
            subject: account,
            detail: &detail,
        },
    )
}

/// Opens an account again, in the caller's transaction.
pub(super) fn open(
    connection: &Connection,
    account: &str,
    why: ClosedWhy,
    actor: &str,
    evidence: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let opened = connection.execute(
        "UPDATE closed_for_sending SET opened_at = ?3, opened_by = ?4, evidence = ?5
         WHERE account = ?1 AND reason = ?2 AND opened_at IS NULL",
        params![account, why.name(), millis(now), actor, evidence],
    )?;
    if opened == 0 {
        return Ok(());
    }
    let detail = format!("reason={} evidence={evidence}", why.name());
    audit::append(
        connection,
        &Deed {
            at: now,
            actor,
            action: "account.opened_for_sending",
            subject: account,
            detail: &detail,
        },
    )
}

fn closed_accounts(connection: &Connection) -> Result<Vec<ClosedAccount>, LedgerError> {
    let closed = connection
        .prepare_cached(
            "SELECT c.account, c.reason, c.closed_at,
                 (SELECT count(*) FROM reads_due d JOIN refunds r ON r.id = d.refund_id
                  WHERE d.account = c.account AND d.read_at IS NULL AND r.state = 'unknown'),
                 (SELECT count(*) FROM unplaced_sends u WHERE u.account = c.account AND u.placed_at IS NULL)
             FROM closed_for_sending c WHERE c.opened_at IS NULL ORDER BY c.account, c.seq",
        )?
        .query_map([], |row| {
            let why: String = row.get(1)?;
            Ok(ClosedAccount {
                account: row.get(0)?,
                why: known(&why),
                since: time(row.get(2)?),
                unread: row.get(3)?,
                unplaced: row.get(4)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(closed)
}

/// Notes that a refund was read from its provider since the restore, in the caller's transaction.
/// Only an answer about it counts: found, or not known there.
pub(super) fn note_read(connection: &Connection, record: &Record) -> Result<(), LedgerError> {
    let answered = matches!(
        record.event,
        Event::Evidence(Evidence::Report { .. } | Evidence::NotFound)
    );
    let asked = record.observation.as_ref().is_some_and(|observation| {
        matches!(
            observation.source,
            ObservationSource::Inquiry | ObservationSource::Poll
        )
    });
    if answered && asked {
        connection
            .prepare_cached(
                "UPDATE reads_due SET read_at = ?2 WHERE refund_id = ?1 AND read_at IS NULL",
            )?
            .execute(params![record.id.to_string(), millis(record.now)])?;
    }
    Ok(())
}
