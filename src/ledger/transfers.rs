//! The bank leg: transfers, and who may be shown the accounts they go to. What moves one stands in
//! the files below; `domain::transfer` says what follows from what.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, Row, params};

use super::Ledger;
use super::audit::tell;
use super::error::LedgerError;
use super::personal;
use super::row::{millis, time};
use crate::domain::bank::BankAccount;
use crate::domain::id::RefundId;
use crate::domain::money::{Currency, Money};
use crate::domain::state::State;
use crate::domain::transfer::{Confirmation, Said, Statement, Transfer, TransferState};

mod advice;
mod confirming;
mod erasing;
mod files;
mod following;
mod loose;
mod people;
mod proofs;

pub use advice::{Advised, Advising, Meant};
pub use confirming::ConfirmationDue;
pub use files::{FileOrder, NewFile, OrderLine};
pub use loose::LooseEnd;
pub use people::NewStatement;
pub use proofs::{BankWord, Fate, Heard as BankHeard};

pub(super) use confirming::{after_step, follow, never_left, sending, stands};

/// Which transfers, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferFilter {
    /// Of this provider account.
    pub account: Option<String>,
    /// Of this refund, every try.
    pub refund: Option<RefundId>,
    /// Those that have ended, too.
    pub ended: bool,
}

impl Ledger {
    /// Transfers, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn transfers(&self, filter: TransferFilter) -> Result<Vec<Transfer>, LedgerError> {
        self.read(move |connection| list(connection, &filter)).await
    }

    /// Shows the full account of a refund's transfer, and writes down who saw it.
    ///
    /// # Errors
    /// It has none, or it is erased; the database failed.
    pub async fn reveal_account(
        &self,
        id: RefundId,
        actor: String,
        now: DateTime<Utc>,
    ) -> Result<BankAccount, LedgerError> {
        self.write(move |connection| {
            let found: Option<i64> = optional(
                connection
                    .prepare_cached(
                        "SELECT account_ref FROM transfers WHERE refund_id = ?1 ORDER BY number DESC LIMIT 1",
                    )?
                    .query_row([id.to_string()], |row| row.get(0)),
            )?;
            let number = found.ok_or(LedgerError::NotFound("bank account of this refund"))?;
            let kept = personal::kept(connection, number)?
                .ok_or(LedgerError::NotFound("bank account of this refund"))?;
            let account = kept
                .account
                .ok_or(LedgerError::NotFound("bank account of this refund: it is erased"))?;
            let detail = format!("account=…{} sha256={}", kept.last4, kept.sha256);
            tell(connection, &id.to_string(), &actor, "account.revealed", &detail, now)?;
            Ok(account)
        })
        .await
    }
}

fn optional<T>(found: rusqlite::Result<T>) -> Result<Option<T>, LedgerError> {
    use rusqlite::OptionalExtension;
    Ok(found.optional()?)
}

/// What two people stated or the bank proved is paid whatever the network knows.
const UNTOLD: &str = "the refund is over; that the network was told is not known here";

const COLUMNS: &str = "SELECT t.refund_id, r.account, t.number, t.end_to_end, t.amount_minor, t.currency, t.state,
        p.last4, p.sha256, p.value IS NOT NULL, t.since, t.reference, t.confirm_at, t.confirm_stuck, r.state,
        (SELECT l.file FROM payment_file_lines l JOIN payment_files f ON f.seq = l.file
         WHERE l.refund_id = t.refund_id AND l.number = t.number AND f.state <> 'given_up'
         ORDER BY l.file DESC LIMIT 1),
        (SELECT f.proposed_by FROM payment_file_lines l JOIN payment_files f ON f.seq = l.file
         WHERE l.refund_id = t.refund_id AND l.live = 1 AND f.state = 'proposed'),
        s.said, s.reference, s.dated, s.by_whom, s.at, s.hash,
        EXISTS (SELECT 1 FROM later_steps WHERE refund_id = t.refund_id AND step = 'confirm' AND ended_as = 'done')
     FROM transfers t JOIN refunds r ON r.id = t.refund_id JOIN personal p ON p.id = t.account_ref
     LEFT JOIN transfer_statements s
         ON s.refund_id = t.refund_id AND s.number = t.number AND s.ended_at IS NULL";

pub(super) fn list(
    connection: &Connection,
    filter: &TransferFilter,
) -> Result<Vec<Transfer>, LedgerError> {
    let ended = match filter.ended || filter.refund.is_some() {
        true => "1",
        // What is paid and was told to the network has ended, too.
        false => {
            "(t.state = 'in_file' OR t.state = 'due' AND r.state IN ('pending', 'action_required', 'unknown')
              OR t.confirm_at IS NOT NULL OR t.confirm_stuck IS NOT NULL
              OR s.seq IS NOT NULL)"
        }
    };
    // One refund is found by its id: SQLite answers a statement that could be either by reading all.
    let which = match filter.refund {
        Some(_) => "t.refund_id = ?2",
        None => "?2 IS NULL",
    };
    let mut statement = connection.prepare_cached(&format!(
        "{COLUMNS} WHERE {ended} AND {which} AND (?1 IS NULL OR r.account = ?1) ORDER BY t.seq"
    ))?;
    let mut rows = statement.query(params![
        filter.account,
        filter.refund.map(|id| id.to_string())
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(transfer(row)?);
    }
    Ok(found)
}

/// The try of a refund's transfer that is in force: every other was rejected.
pub(super) fn in_force(
    connection: &Connection,
    id: RefundId,
) -> Result<Option<Transfer>, LedgerError> {
    let filter = TransferFilter {
        refund: Some(id),
        ..TransferFilter::default()
    };
    let all = list(connection, &filter)?;
    Ok(all
        .into_iter()
        .rfind(|it| it.state != TransferState::Rejected))
}

/// The newest try of a refund's transfer.
pub(super) fn newest(
    connection: &Connection,
    id: RefundId,
) -> Result<Option<Transfer>, LedgerError> {
    let filter = TransferFilter {
        refund: Some(id),
        ..TransferFilter::default()
    };
    Ok(list(connection, &filter)?.pop())
}

/// The try of an end-to-end id.
fn by_reference(
    connection: &Connection,
    end_to_end: &str,
) -> Result<Option<Transfer>, LedgerError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE t.end_to_end = ?1"))?;
    let mut rows = statement.query([end_to_end])?;
    rows.next()?.map(transfer).transpose()
}

fn transfer(row: &Row<'_>) -> Result<Transfer, LedgerError> {
    let damaged = |what: &str| LedgerError::Damaged(format!("a transfer's {what}"));
    let id: String = row.get(0)?;
    let state: String = row.get(6)?;
    let refund_state: String = row.get(14)?;
    let refund_state = State::from_name(&refund_state).ok_or_else(|| damaged("refund"))?;
    let state = TransferState::from_name(&state).ok_or_else(|| damaged("state"))?;
    let stuck: Option<String> = row.get(13)?;
    let due: Option<i64> = row.get(12)?;
    let told: bool = row.get(23)?;
    let paid = matches!(refund_state, State::Succeeded | State::Settled);
    let confirmation = match (told, stuck, due) {
        (true, ..) => Confirmation::Done,
        (_, Some(why), _) => Confirmation::Stuck(why),
        (_, _, Some(at)) => Confirmation::Due(time(at)),
        (false, None, None) if paid && state == TransferState::Paid => {
            Confirmation::Stuck(UNTOLD.to_owned())
        }
        (false, None, None) => Confirmation::NotYet,
    };
    Ok(Transfer {
        refund: id.parse().map_err(|_| LedgerError::Damaged(id))?,
        account: row.get(1)?,
        number: row.get(2)?,
        end_to_end: row.get(3)?,
        amount: money(row.get(4)?, &row.get::<_, String>(5)?)?,
        state,
        last4: row.get(7)?,
        account_sha256: row.get(8)?,
        account_kept: row.get(9)?,
        since: time(row.get(10)?),
        reference: row.get(11)?,
        confirmation,
        file: row.get(15)?,
        file_proposed_by: row.get(16)?,
        stated: stated(row)?,
    })
}

fn stated(row: &Row<'_>) -> Result<Option<Statement>, LedgerError> {
    let Some(said) = row.get::<_, Option<String>>(17)? else {
        return Ok(None);
    };
    Ok(Some(Statement {
        said: Said::from_name(&said).ok_or(LedgerError::Damaged(said))?,
        reference: row.get(18)?,
        dated: day(row.get(19)?)?,
        by: row.get(20)?,
        at: time(row.get(21)?),
        hash: row.get(22)?,
    }))
}

fn day(text: Option<String>) -> Result<Option<NaiveDate>, LedgerError> {
    text.map(|day| day.parse().map_err(|_| LedgerError::Damaged(day)))
        .transpose()
}

fn money(minor: i64, code: &str) -> Result<Money, LedgerError> {
    let currency = Currency::from_code(code)
        .map_err(|_| LedgerError::Damaged("a transfer's currency".to_owned()))?;
    Ok(Money::new(minor, currency))
}

/// Where the transfer stands from now on. Nothing else moves one.
fn stand(
    connection: &Connection,
    transfer: &Transfer,
    to: TransferState,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE transfers SET state = ?3, since = ?4, confirm_at = NULL, confirm_stuck = NULL
             WHERE refund_id = ?1 AND number = ?2",
        )?
        .execute(params![
            transfer.refund.to_string(),
            transfer.number,
            to.name(),
            millis(now)
        ])?;
    Ok(())
}
