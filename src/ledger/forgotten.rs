//! What was erased of payers stays so when an older database takes the place of this one.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::audit::{self, Deed};
use super::erasures::{erase_contacts, erase_name};
use super::error::LedgerError;
use super::notes;
use super::personal;
use crate::domain::id::PaymentId;

/// What a database has erased.
#[derive(Debug, Default)]
pub(super) struct Forgotten {
    names: Vec<PaymentId>,
    contacts: Vec<PaymentId>,
    /// Account numbers, by their number and hash.
    accounts: Vec<(i64, String)>,
    /// Notes, the same way.
    notes: Vec<(i64, String)>,
}

/// What this database has erased.
pub(super) fn of(connection: &Connection) -> Result<Forgotten, LedgerError> {
    let payments = |sql: &str| -> Result<Vec<PaymentId>, LedgerError> {
        let mut statement = connection.prepare(sql)?;
        let ids = statement.query_map([], |row| row.get(0).map(PaymentId::from_i64))?;
        Ok(ids.collect::<Result<_, _>>()?)
    };
    let accounts = connection
        .prepare("SELECT id, sha256 FROM personal WHERE erased_at IS NOT NULL ORDER BY id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(Forgotten {
        names: payments("SELECT payment_id FROM payers WHERE name_erased_at IS NOT NULL")?,
        contacts: payments("SELECT payment_id FROM payers WHERE contacts_erased_at IS NOT NULL")?,
        accounts,
        notes: notes::erased(connection)?,
    })
}

/// Erases it in this database too, in the caller's transaction, and tells the audit how much.
pub(super) fn again(
    connection: &Connection,
    forgotten: &Forgotten,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let mut values = 0;
    for payment in known(connection, &forgotten.names)? {
        values += erase_name(connection, payment, now)?.len();
    }
    for payment in known(connection, &forgotten.contacts)? {
        values += erase_contacts(connection, payment, now)?.len();
    }
    for (id, sha256) in &forgotten.accounts {
        let kept = personal::kept(connection, *id)?;
        if kept.is_some_and(|kept| kept.account.is_some() && kept.sha256 == *sha256) {
            personal::erase(connection, *id, now)?;
            values += 1;
        }
    }
    for note in &forgotten.notes {
        values += notes::erase_again(connection, note, now)?;
    }
    if values == 0 {
        return Ok(());
    }
    let deed = Deed {
        at: now,
        actor,
        action: "personal.erased_again",
        subject: "restore",
        detail: &format!("values={values}"),
    };
    audit::append(connection, &deed)
}

/// Those of the payments that this database has.
fn known(connection: &Connection, ids: &[PaymentId]) -> Result<Vec<PaymentId>, LedgerError> {
    let mut known = Vec::new();
    for id in ids {
        let is_known: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM payments WHERE id = ?1)")?
            .query_row(params![id.as_i64()], |row| row.get(0))?;
        known.extend(is_known.then_some(*id));
    }
    Ok(known)
}
