//! What providers sent unasked: each hint is followed once, by looking at the refund now.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::Ledger;
use super::error::LedgerError;
use super::row::millis;

/// No provider sends a message again for longer.
const REMEMBERED: TimeDelta = TimeDelta::days(30);

/// A hint about a refund of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The account.
    pub account: String,
    /// What names the message: it is the same when any of these is known already.
    pub names: Vec<String>,
    /// The provider's id of the refund.
    pub provider_refund_id: String,
    /// The provider's id of its payment, where the hint tells it.
    pub provider_payment_id: Option<String>,
    /// When it came.
    pub at: DateTime<Utc>,
}

impl Ledger {
    /// Has the refund that a hint is about looked at now, once per hint; false when the hint was
    /// known. A refund whose outcome is unknown has no id yet and is found by its payment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn hear(&self, heard: Heard) -> Result<bool, LedgerError> {
        self.write(move |connection| hear(connection, &heard)).await
    }
}

fn hear(connection: &Connection, heard: &Heard) -> Result<bool, LedgerError> {
    connection
        .prepare_cached("DELETE FROM inbound_hints WHERE received_at < ?1")?
        .execute([millis(heard.at - REMEMBERED)])?;
    let mut known = false;
    let mut remember = connection.prepare_cached(
        "INSERT INTO inbound_hints (account, hint, received_at) VALUES (?1, ?2, ?3)
         ON CONFLICT DO NOTHING",
    )?;
    for name in &heard.names {
        known |= remember.execute(params![heard.account, name, millis(heard.at)])? == 0;
    }
    if known {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "UPDATE refunds SET due_at = ?4
             WHERE account = ?1 AND lease_holder IS NULL AND due_at > ?4
               AND state IN ('pending', 'action_required', 'unknown', 'succeeded')
               AND (provider_refund_id = ?2
                    OR provider_refund_id IS NULL AND payment_id IN
                       (SELECT id FROM payments WHERE account = ?1 AND provider_payment_id = ?3))",
        )?
        .execute(params![
            heard.account,
            heard.provider_refund_id,
            heard.provider_payment_id,
            millis(heard.at),
        ])?;
    Ok(true)
}
