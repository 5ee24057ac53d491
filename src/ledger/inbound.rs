//! What providers sent unasked: each hint is followed once, by looking at the refund now.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::Ledger;
use super::error::LedgerError;
use super::row::millis;
use crate::domain::id::RefundId;

/// No provider sends a message again for longer.
const REMEMBERED: TimeDelta = TimeDelta::days(30);

/// The refunds that a hint may mean.
const MEANT: &str = "account = ?1 AND (provider_refund_id = ?2
     OR provider_refund_id IS NULL AND payment_id IN
        (SELECT id FROM payments WHERE account = ?1 AND provider_payment_id = ?3))";
/// Those that a look can tell more about.
const LOOKED_AT: &str = "state IN ('pending', 'action_required', 'unknown', 'succeeded')";
/// Before a refund's id: it is looked at once more when whoever has it now is done.
const AGAIN: &str = "look ";

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
    let meant = params![
        heard.account,
        heard.provider_refund_id,
        heard.provider_payment_id,
        millis(heard.at),
    ];
    connection
        .prepare_cached(&format!(
            "UPDATE refunds SET due_at = ?4 WHERE {MEANT} AND due_at > ?4 AND {LOOKED_AT}"
        ))?
        .execute(meant)?;
    connection
        .prepare_cached(&format!(
            "INSERT INTO inbound_hints (account, hint, received_at)
             SELECT account, '{AGAIN}' || id, ?4 FROM refunds
             WHERE {MEANT} AND (state = 'submitting' OR lease_holder IS NOT NULL AND {LOOKED_AT})
             ON CONFLICT DO NOTHING"
        ))?
        .execute(meant)?;
    Ok(true)
}

/// What is being sent or looked at sets the time of its next look when that is over. What was heard
/// meanwhile is kept until then, beside the hints, and has it looked at once more.
pub(super) fn look_again(
    connection: &Connection,
    id: RefundId,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let id = id.to_string();
    let heard = connection
        .prepare_cached(
            "DELETE FROM inbound_hints
             WHERE hint = ?2 AND account = (SELECT account FROM refunds WHERE id = ?1)",
        )?
        .execute(params![id, format!("{AGAIN}{id}")])?;
    if heard > 0 {
        connection
            .prepare_cached(&format!(
                "UPDATE refunds SET due_at = ?2 WHERE id = ?1 AND due_at > ?2 AND {LOOKED_AT}"
            ))?
            .execute(params![id, millis(now)])?;
    }
    Ok(())
}
