//! Bank accounts in full: kept apart, shown on request, erased in time. Everything else holds their
//! salted hash and their last four characters.

use aws_lc_rs::rand;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::error::LedgerError;
use super::row::millis;
use crate::domain::bank::BankAccount;
use crate::domain::digest::Canonical;

const SALT: usize = 16;

/// An account as it is kept; `None` once erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub account: Option<BankAccount>,
    pub last4: String,
    /// SHA-256 of salt and value, in hex.
    pub sha256: String,
}

#[derive(Serialize, Deserialize)]
struct Value {
    number: String,
    clearing_system: Option<String>,
    holder: Option<String>,
}

/// Keeps an account and says under which number.
pub(super) fn keep(
    connection: &Connection,
    account: &BankAccount,
    now: DateTime<Utc>,
) -> Result<i64, LedgerError> {
    let value = serde_json::to_string(&Value {
        number: account.number.clone(),
        clearing_system: account.clearing_system.clone(),
        holder: account.holder.clone(),
    })
    .map_err(|error| LedgerError::Damaged(format!("an account cannot be written: {error}")))?;
    let mut salt = [0; SALT];
    rand::fill(&mut salt).map_err(|_| LedgerError::Damaged("no random bytes".to_owned()))?;
    connection
        .prepare_cached(
            "INSERT INTO personal (kind, salt, sha256, last4, value, kept_at)
             VALUES ('account', ?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            salt.as_slice(),
            digest(&salt, &value),
            account.last4(),
            value,
            millis(now)
        ])?;
    Ok(connection.last_insert_rowid())
}

/// What is kept under a number.
pub(super) fn kept(connection: &Connection, id: i64) -> Result<Option<Kept>, LedgerError> {
    type Row = (Option<String>, String, String, Vec<u8>);
    let row: Option<Row> = connection
        .prepare_cached("SELECT value, last4, sha256, salt FROM personal WHERE id = ?1")?
        .query_row([id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((value, last4, sha256, salt)) = row else {
        return Ok(None);
    };
    // A digit that changed would pay somebody else.
    let is_sound = |value: &String| digest(&salt, value) == sha256;
    if !value.as_ref().is_none_or(is_sound) {
        return Err(LedgerError::Damaged(format!(
            "bank account {id} is not as it was kept"
        )));
    }
    let account = value.map(|value| read(&value)).transpose()?;
    Ok(Some(Kept {
        account,
        last4,
        sha256,
    }))
}

/// Erases a value; its hash and last four characters stay.
pub(super) fn erase(
    connection: &Connection,
    id: i64,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE personal SET value = NULL, erased_at = ?2 WHERE id = ?1 AND erased_at IS NULL",
        )?
        .execute(params![id, millis(now)])?;
    Ok(())
}

fn read(value: &str) -> Result<BankAccount, LedgerError> {
    let value: Value = serde_json::from_str(value)
        .map_err(|error| LedgerError::Damaged(format!("an account cannot be read: {error}")))?;
    Ok(BankAccount {
        number: value.number,
        clearing_system: value.clearing_system,
        holder: value.holder,
    })
}

fn digest(salt: &[u8], value: &str) -> String {
    Canonical::new("personal").bytes(salt).text(value).hex()
}
