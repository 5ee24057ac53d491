//! T24: what a database that was put back must be told. Everything the send journal shows as sent
//! is taken over, what may have been sent becomes UNKNOWN, what was approved waits for a person,
//! and every account is closed until its refunds were read. One transaction.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::audit::{self, Deed};
use super::closed::{self, ALL_ACCOUNTS, ClosedWhy};
use super::epoch;
use super::error::LedgerError;
use super::evidence::{Cadence, Record, apply};
use super::journal::{Began, Contents, SendName};
use super::refunds;
use super::remembered;
use super::row::millis;
use super::seal::{self, Sealed};
use super::takeover::{self, Fate};
use crate::domain::evidence::Evidence;
use crate::domain::id::RefundId;
use crate::domain::refund::Refund;
use crate::domain::state::{Event, State};

mod shown;

use shown::Shown;

/// How far the journal was taken over, in bytes.
const HANDLED: &str = "journal_handled";

/// A restore, as the transaction needs to know it.
pub(super) struct Rewind<'a> {
    /// What was put back, for the audit.
    pub source: &'a str,
    /// The journal; `None` when there is none.
    pub journal: Option<&'a Contents>,
    /// Sends in the database that is replaced; `None` when that cannot be read.
    pub replaced_sends: Option<i64>,
    /// The newest audit entry of the database that is replaced, as `seq:hash`.
    pub replaced_head: Option<String>,
    pub actor: &'a str,
    pub cadence: Cadence,
    pub now: DateTime<Utc>,
}

/// What followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewound {
    /// Refunds of the journal that the database lacked.
    pub from_journal: u32,
    /// Refunds that are UNKNOWN now: may have been paid, held until the provider was asked.
    pub unknown: u32,
    /// Refunds that were not sent: held, and a person must let them go.
    pub waiting: u32,
    /// Sends of the journal whose payment the database lacks.
    pub unplaced: u32,
    /// Lines of the journal that are damaged, by number.
    pub damaged_lines: Vec<u64>,
    /// The journal tells everything sent since the backup.
    pub journal_complete: bool,
    /// The accounts that are closed now.
    pub closed: Vec<String>,
}

/// Does T24, in the caller's transaction.
pub(super) fn rewind(
    connection: &Connection,
    restore: &Rewind<'_>,
) -> Result<Rewound, LedgerError> {
    let sends_kept = count_sends(connection)?;
    let began = restore.journal.and_then(Contents::began);
    let head = audit::newest(connection)?.map(|(seq, hash)| format!("{seq}:{hash}"));
    let shown = Shown::of(restore.journal, handled(connection, began)?);
    let complete = is_complete(restore, sends_kept);
    epoch::renew(connection)?;
    tell(connection, restore, head.as_deref(), &shown, complete)?;

    let mut rewound = Rewound {
        damaged_lines: shown.damaged.clone(),
        journal_complete: complete,
        ..Rewound::default()
    };
    take_over(connection, restore, &shown, &mut rewound)?;
    for id in open_refunds(connection)? {
        settle(connection, restore, id, &mut rewound)?;
    }
    close_accounts(connection, restore, &shown, &mut rewound)?;
    if let (Some(journal), Some(began)) = (restore.journal, began) {
        note_handled(connection, journal.length, began)?;
    }
    Ok(rewound)
}

/// Whether the journal knows every send that the database does not. It must have begun when
/// the database had no more sends than it has now, and must be whole. Without a journal only the
/// replaced database can tell that nothing was sent.
fn is_complete(restore: &Rewind<'_>, sends_kept: i64) -> bool {
    match restore.journal {
        Some(journal) => {
            journal.damaged.is_empty()
                && journal
                    .began()
                    .is_some_and(|began| began.sends_before <= sends_kept)
        }
        None => restore.replaced_sends == Some(sends_kept),
    }
}

fn tell(
    connection: &Connection,
    restore: &Rewind<'_>,
    head: Option<&str>,
    shown: &Shown<'_>,
    complete: bool,
) -> Result<(), LedgerError> {
    // The chain goes on from the backup; what it lost is named, so that the gap can be seen.
    let journalled = shown
        .sent
        .iter()
        .max_by_key(|sent| sent.audit_seq)
        .map(|sent| format!("{}:{}", sent.audit_seq, sent.audit_hash));
    let detail = format!(
        "backup_head={} replaced_head={} journal_head={} journal_sends={} damaged_lines={:?} journal_complete={complete}",
        head.unwrap_or("none"),
        restore.replaced_head.as_deref().unwrap_or("unreadable"),
        journalled.as_deref().unwrap_or("none"),
        shown.sent.len(),
        shown.damaged,
    );
    audit::append(
        connection,
        &Deed {
            at: restore.now,
            actor: restore.actor,
            action: "database.restored",
            subject: restore.source,
            detail: &detail,
        },
    )
}

fn take_over(
    connection: &Connection,
    restore: &Rewind<'_>,
    shown: &Shown<'_>,
    rewound: &mut Rewound,
) -> Result<(), LedgerError> {
    let may_have_gone = shown.may_have_gone();
    takeover::allow(connection, || {
        for sent in &shown.sent {
            let known = refunds::one(connection, sent.name.refund)?.is_some();
            // What never reached its provider need not be made up again.
            if !known && !may_have_gone.contains(&sent.name.refund) {
                continue;
            }
            let disproved = shown.is_disproved(sent);
            match takeover::place(connection, sent, disproved, restore.now)? {
                Fate::NewRefund => rewound.from_journal += 1,
                Fate::Placed | Fate::Known => {}
                Fate::Unplaced(why) => {
                    takeover::set_aside(connection, sent, why, restore.now)?;
                    rewound.unplaced += 1;
                }
            }
        }
        Ok(())
    })?;
    for name in &shown.disproved {
        disprove(connection, restore, name)?;
    }
    Ok(())
}

/// A send that the journal proves unexecuted and the database does not know as such.
fn disprove(
    connection: &Connection,
    restore: &Rewind<'_>,
    name: &SendName,
) -> Result<(), LedgerError> {
    if !takeover::is_unresolved(connection, name)? {
        return Ok(());
    }
    let summary = refunds::one(connection, name.refund)?.ok_or(LedgerError::NotFound("refund"))?;
    // Its word on the refund counts only where no later send went out.
    if summary.refund.state == State::Submitting && takeover::is_newest(connection, name)? {
        let event = Event::Evidence(Evidence::NotSent);
        let under_lease = Record {
            fence: Some(takeover::fence(connection, name.refund)?),
            ..record(restore, &summary.refund, event)
        };
        apply(connection, &under_lease)?;
    }
    takeover::mark_unexecuted(connection, name)
}

fn record(restore: &Rewind<'_>, refund: &Refund, event: Event) -> Record {
    record_of(refund, event, restore.cadence, restore.now)
}

fn record_of(refund: &Refund, event: Event, cadence: Cadence, now: DateTime<Utc>) -> Record {
    Record {
        id: refund.id,
        event,
        actor: "desk".to_owned(),
        note: Some("a backup was restored".to_owned()),
        observation: None,
        provider_refund_id: None,
        trace: None,
        unpaid: None,
        fence: None,
        exchange: None,
        cadence,
        now,
    }
}

fn settle(
    connection: &Connection,
    restore: &Rewind<'_>,
    id: RefundId,
    rewound: &mut Rewound,
) -> Result<(), LedgerError> {
    let refund = refunds::one(connection, id)?
        .ok_or(LedgerError::NotFound("refund"))?
        .refund;
    let sent = takeover::has_unresolved(connection, id)?;
    let change = apply(
        connection,
        &record(restore, &refund, Event::Restored { sent }),
    )?;
    if change.step.to == Some(State::Unknown) {
        read_first(connection, &refund, restore.now)?;
        rewound.unknown += 1;
    } else {
        void_approval(connection, restore, &refund)?;
        rewound.waiting += 1;
    }
    Ok(())
}

/// The account opens only once the provider was asked about this refund.
fn read_first(
    connection: &Connection,
    refund: &Refund,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO reads_due (refund_id, account, since) VALUES (?1, ?2, ?3)
             ON CONFLICT (refund_id) DO UPDATE SET since = excluded.since, read_at = NULL",
        )?
        .execute(params![refund.id.to_string(), refund.account, millis(now)])?;
    Ok(())
}

/// Whoever agreed to send it agreed to what was true then. One that needed a checker needs one
/// again; any other waits until a person lets it go.
fn void_approval(
    connection: &Connection,
    restore: &Rewind<'_>,
    refund: &Refund,
) -> Result<(), LedgerError> {
    if refund.state == State::Approved && needed_a_checker(connection, refund.id)? {
        apply(connection, &record(restore, refund, Event::ChangeFound))?;
    }
    let id = refund.id.to_string();
    seal::keep(connection, Sealed::Refunds, ("id", &id), || {
        connection
            .prepare_cached(
                "UPDATE refunds SET needs_release = CASE state WHEN 'awaiting_approval' THEN needs_release ELSE 1 END,
                     due_at = expires_at, said = 'a backup was restored: a person must let it go again'
                 WHERE id = ?1",
            )?
            .execute([&id])?;
        Ok(())
    })
}

fn needed_a_checker(connection: &Connection, id: RefundId) -> Result<bool, LedgerError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM audit WHERE subject = ?1 AND action = 'refund.awaiting_approval')",
        )?
        .query_row([id.to_string()], |row| row.get(0))?)
}

fn close_accounts(
    connection: &Connection,
    restore: &Rewind<'_>,
    shown: &Shown<'_>,
    rewound: &mut Rewound,
) -> Result<(), LedgerError> {
    let mut accounts: BTreeSet<String> = connection
        .prepare_cached("SELECT name FROM accounts")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    accounts.extend(shown.sent.iter().map(|sent| sent.account.clone()));
    let how = (restore.source, restore.actor);
    for account in &accounts {
        closed::close(connection, account, ClosedWhy::Restored, how, restore.now)?;
    }
    if !rewound.journal_complete {
        let why = ClosedWhy::JournalIncomplete;
        closed::close(connection, ALL_ACCOUNTS, why, how, restore.now)?;
    }
    // What closed it for being behind its journal is mended now.
    let why = ClosedWhy::OlderThanJournal;
    let evidence = "what the send journal shows was taken over";
    closed::open(
        connection,
        ALL_ACCOUNTS,
        why,
        restore.actor,
        evidence,
        restore.now,
    )?;
    rewound.closed = accounts.into_iter().collect();
    Ok(())
}

/// Takes over sends that were set aside because their payment was missing, and is there now; in
/// the caller's transaction.
pub(super) fn place_waiting(
    connection: &Connection,
    cadence: Cadence,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let waiting = takeover::waiting(connection)?;
    let mut placed: BTreeMap<RefundId, ()> = BTreeMap::new();
    takeover::allow(connection, || {
        for sent in &waiting {
            if !matches!(
                takeover::place(connection, sent, false, now)?,
                Fate::Unplaced(_)
            ) {
                takeover::note_placed(connection, &sent.name, now)?;
                placed.insert(sent.name.refund, ());
            }
        }
        Ok(())
    })?;
    for id in placed.into_keys() {
        let refund = refunds::one(connection, id)?
            .ok_or(LedgerError::NotFound("refund"))?
            .refund;
        if refund.state != State::Unknown {
            let event = Event::Restored { sent: true };
            apply(connection, &record_of(&refund, event, cadence, now))?;
        }
        read_first(connection, &refund, now)?;
    }
    Ok(())
}

fn open_refunds(connection: &Connection) -> Result<Vec<RefundId>, LedgerError> {
    let open: Vec<&str> = State::ALL
        .iter()
        .filter(|state| state.is_open())
        .map(|state| state.name())
        .collect();
    let ids: Vec<String> = connection
        .prepare(&format!(
            "SELECT id FROM refunds WHERE state IN ('{}') ORDER BY seq",
            open.join("', '")
        ))?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    ids.into_iter()
        .map(|id| id.parse().map_err(|_| LedgerError::Damaged(id)))
        .collect()
}

/// How many sends a database knows.
pub(super) fn count_sends(connection: &Connection) -> Result<i64, LedgerError> {
    Ok(connection.query_row("SELECT count(*) FROM sends", [], |row| row.get(0))?)
}

/// How far a journal was taken over by the last restore, in bytes: nothing of one that began
/// anew since.
pub(super) fn handled(connection: &Connection, began: Option<&Began>) -> Result<u64, LedgerError> {
    let handled = remembered::value(connection, HANDLED)?;
    let length = handled.as_deref().and_then(|text| {
        let (length, of) = text.split_once(' ')?;
        (began?.identity() == of).then(|| length.parse().ok())?
    });
    Ok(length.unwrap_or(0))
}

fn note_handled(connection: &Connection, length: u64, began: &Began) -> Result<(), LedgerError> {
    let handled = format!("{length} {}", began.identity());
    remembered::remember(connection, HANDLED, &handled)
}
