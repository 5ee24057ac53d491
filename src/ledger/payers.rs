//! Who paid and how to reach them: the one place that holds it in full, each value with a salt.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::error::LedgerError;
use super::row::millis;
use crate::domain::id::PaymentId;
use crate::domain::text::folded;

/// The detail of a payment that is kept here.
pub(super) const EMAIL: &str = "email";

/// What is known of a payer, and what of it was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Payer {
    pub name: Option<Salted>,
    pub email: Option<Salted>,
    pub name_erased: bool,
    pub contacts_erased: bool,
}

/// A value, and the salt of its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Salted {
    pub value: String,
    pub salt: Vec<u8>,
}

/// Who made a payment, as far as is known.
pub(super) fn of(connection: &Connection, payment: PaymentId) -> Result<Payer, LedgerError> {
    let salted = |value: Option<String>, salt: Option<Vec<u8>>| {
        let both = value.zip(salt);
        both.map(|(value, salt)| Salted { value, salt })
    };
    let known = connection
        .prepare_cached(
            "SELECT name, name_salt, email, email_salt, name_erased_at IS NOT NULL, contacts_erased_at IS NOT NULL
             FROM payers WHERE payment_id = ?1",
        )?
        .query_row([payment.as_i64()], |row| {
            Ok(Payer {
                name: salted(row.get(0)?, row.get(1)?),
                email: salted(row.get(2)?, row.get(3)?),
                name_erased: row.get(4)?,
                contacts_erased: row.get(5)?,
            })
        })
        .optional()?;
    Ok(known.unwrap_or_default())
}

/// Keeps who made a new payment.
pub(super) fn keep(
    connection: &Connection,
    payment: PaymentId,
    name: Option<&str>,
    email: Option<&str>,
) -> Result<(), LedgerError> {
    if name.is_none() && email.is_none() {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO payers (payment_id, name, name_salt, folded, email, email_salt)
             VALUES (?1, ?2, iif(?2 IS NULL, NULL, randomblob(16)), ?3, ?4, iif(?4 IS NULL, NULL, randomblob(16)))",
        )?
        .execute(params![
            payment.as_i64(),
            name,
            name.and_then(beyond_ascii),
            email
        ])?;
    Ok(())
}

/// Fills in what was not known; what is known stays, and so does what was erased. True when there
/// was something new.
pub(super) fn fill_in(
    connection: &Connection,
    payment: PaymentId,
    name: Option<&str>,
    email: Option<&str>,
) -> Result<bool, LedgerError> {
    let known = of(connection, payment)?;
    let new_name = name.filter(|_| known.name.is_none() && !known.name_erased);
    let new_email = email.filter(|_| known.email.is_none() && !known.contacts_erased);
    if known == Payer::default() {
        keep(connection, payment, new_name, new_email)?;
        return Ok(new_name.is_some() || new_email.is_some());
    }
    if let Some(name) = new_name {
        rename(connection, payment, name)?;
    }
    if let Some(email) = new_email {
        connection
            .prepare_cached(
                "UPDATE payers SET email = ?2, email_salt = randomblob(16) WHERE payment_id = ?1",
            )?
            .execute(params![payment.as_i64(), email])?;
    }
    Ok(new_name.is_some() || new_email.is_some())
}

/// Another name is the right one, unless it was erased.
pub(super) fn rename(
    connection: &Connection,
    payment: PaymentId,
    name: &str,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE payers SET name = ?2, name_salt = randomblob(16), folded = ?3
             WHERE payment_id = ?1 AND name_erased_at IS NULL",
        )?
        .execute(params![payment.as_i64(), name, beyond_ascii(name)])?;
    Ok(())
}

/// How a name is compared that has letters beyond ASCII.
fn beyond_ascii(name: &str) -> Option<String> {
    let folded = (!name.is_ascii()).then(|| folded(name));
    folded.filter(|folded| !folded.is_empty())
}

/// The name goes, and none comes in its place.
pub(super) fn erase_name(
    connection: &Connection,
    payment: PaymentId,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    know_of(connection, payment)?;
    connection
        .prepare_cached(
            "UPDATE payers SET name = NULL, name_salt = NULL, folded = NULL, name_erased_at = ?2
             WHERE payment_id = ?1 AND name_erased_at IS NULL",
        )?
        .execute(params![payment.as_i64(), millis(now)])?;
    Ok(())
}

/// The contact data goes, and none comes in its place.
pub(super) fn erase_contacts(
    connection: &Connection,
    payment: PaymentId,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    know_of(connection, payment)?;
    connection
        .prepare_cached(
            "UPDATE payers SET email = NULL, email_salt = NULL, contacts_erased_at = ?2
             WHERE payment_id = ?1 AND contacts_erased_at IS NULL",
        )?
        .execute(params![payment.as_i64(), millis(now)])?;
    Ok(())
}

/// That something was erased is known even of a payer of whom nothing else is.
pub(super) fn know_of(connection: &Connection, payment: PaymentId) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO payers (payment_id) SELECT ?1
             WHERE NOT EXISTS (SELECT 1 FROM payers WHERE payment_id = ?1)",
        )?
        .execute([payment.as_i64()])?;
    Ok(())
}
