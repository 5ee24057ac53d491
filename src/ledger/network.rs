//! What calls of a network were answered: the same call again gets the same bytes.
//!
//! The body is kept as it was sent, because that is what the same call is promised: built anew by a
//! later version it might differ. It may name an account, so it is erased like one.

use aws_lc_rs::rand;
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::Ledger;
use super::audit::{self, Deed};
use super::errands::{self, NewErrand};
use super::error::LedgerError;
use super::row::millis;
use crate::domain::digest::Canonical;
use crate::domain::id::PaymentId;
use crate::domain::money::Money;
use crate::failpoint;

const SALT: usize = 16;
/// Erased in one go: a transaction stays short.
const ERASED_AT_ONCE: u32 = 500;

/// A call, as it is known again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// The account it came to.
    pub account: String,
    /// The caller's key; the call's own id where it has none.
    pub name: String,
    /// The id in its signed body; neither path nor key is signed. Empty: it has none.
    pub message: String,
    /// What is asked: `refund_requested`, `refund_confirmed` …
    pub kind: &'static str,
    /// The network's id of the payment.
    pub payment: String,
    /// The network's id of the refund, where it names one.
    pub refund: Option<String>,
    /// Path and body, hashed: the same name with another hash is another call.
    pub call: [u8; 32],
    /// What it says, hashed: the same about the same refund is the same call under another name.
    pub says: [u8; 32],
    /// When it came.
    pub at: DateTime<Utc>,
}

/// What is kept of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was not answered before.
    Nothing,
    /// It was answered so.
    Answer(NewAnswer),
    /// It was answered, so long ago that the answer is erased.
    Erased,
    /// The name was used for a call that said something else.
    OtherCall,
}

/// An answer as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAnswer {
    /// HTTP status.
    pub status: u16,
    /// The exact bytes.
    pub body: Vec<u8>,
}

/// The body may name an account.
impl std::fmt::Debug for NewAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.body.len())
    }
}

/// What a call brings about, in the transaction that keeps its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Nothing more than that it was answered.
    Nothing,
    /// The creditor's side said whether it has paid.
    Confirmation(NewConfirmation),
    /// Something is to be asked or told in return.
    Errand(NewErrand),
}

/// What the creditor's side says about a refund, verbatim.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of the network's message")]
pub struct NewConfirmation {
    pub payment: String,
    pub refund: String,
    pub status: String,
    pub reason: Option<String>,
    pub reference: Option<String>,
    pub amount: Option<Money>,
    pub retrieval: Option<String>,
    pub raw: String,
}

impl Ledger {
    /// What is kept of a call. Works read-only.
    ///
    /// # Errors
    /// The database failed.
    pub async fn kept(&self, called: Called) -> Result<Kept, LedgerError> {
        self.read(move |connection| kept(connection, &called)).await
    }

    /// Writes down what a call brings about together with its answer; once. Where it was answered
    /// meanwhile, nothing is written, and that answer counts.
    ///
    /// # Errors
    /// The database failed; nothing was written, or, in doubt, all of it.
    pub async fn record_call(
        &self,
        called: Called,
        recorded: Recorded,
        answer: NewAnswer,
    ) -> Result<Kept, LedgerError> {
        self.write_grouped(move |connection| {
            let before = kept(connection, &called)?;
            if before == Kept::Nothing {
                record(connection, &called, &recorded)?;
                keep(connection, &called, &answer)?;
                failpoint::reach("inbound.recorded");
            }
            Ok(before)
        })
        .await
    }

    /// Erases what was answered before `before`, and the accounts that people gave then: both once
    /// thirty days old.
    ///
    /// # Errors
    /// The database failed.
    pub async fn erase_answers(
        &self,
        before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<u64, LedgerError> {
        let mut all = 0;
        while self.read(move |it| is_anything_old(it, before)).await? {
            all += self.erase_some(before, now).await?;
        }
        Ok(all)
    }

    async fn erase_some(
        &self,
        before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<u64, LedgerError> {
        self.write(move |connection| {
            let answers = connection
                .prepare_cached(
                    "UPDATE network_answers SET body = NULL, erased_at = ?2 WHERE seq IN
                     (SELECT seq FROM network_answers WHERE body IS NOT NULL AND at < ?1 ORDER BY at LIMIT ?3)",
                )?
                .execute(params![millis(before), millis(now), ERASED_AT_ONCE])?;
            let accounts = connection
                .prepare_cached(&format!(
                    "UPDATE personal SET value = NULL, erased_at = ?2 WHERE id IN ({GIVEN_THEN} LIMIT ?3)"
                ))?
                .execute(params![millis(before), millis(now), ERASED_AT_ONCE])?;
            Ok((answers + accounts) as u64)
        })
        .await
    }
}

/// Accounts that people typed to answer a request; those on file stay.
const GIVEN_THEN: &str = "SELECT r.personal_id FROM inbound_requests r
     WHERE r.state = 'answered' AND r.decided_by IS NOT NULL AND r.decided_at < ?1
       AND NOT EXISTS (SELECT 1 FROM accounts_on_file f WHERE f.account = r.account
                       AND f.provider_payment_id = r.provider_payment_id AND f.personal_id = r.personal_id)
       AND EXISTS (SELECT 1 FROM personal p WHERE p.id = r.personal_id AND p.value IS NOT NULL)";

fn is_anything_old(connection: &Connection, before: DateTime<Utc>) -> Result<bool, LedgerError> {
    let old = connection
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM network_answers WHERE body IS NOT NULL AND at < ?1)
                 OR EXISTS ({GIVEN_THEN})"
        ))?
        .query_row([millis(before)], |row| row.get(0))?;
    Ok(old)
}

/// What is kept of a call, in the caller's transaction: by its name, then by what it says about the
/// same refund.
pub(super) fn kept(connection: &Connection, called: &Called) -> Result<Kept, LedgerError> {
    let named = connection
        .prepare_cached(
            "SELECT salt, call_sha256, status, body FROM network_answers WHERE account = ?1 AND name = ?2",
        )?
        .query_row(params![called.account, called.name], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    if let Some((salt, sha256, status, body)) = named {
        return Ok(match is_same((salt, sha256), &called.call) {
            true => answered(status, body),
            false => Kept::OtherCall,
        });
    }
    if is_message_of_another(connection, called)? {
        return Ok(Kept::OtherCall);
    }
    let mut about = connection.prepare_cached(
        "SELECT salt, says_sha256, status, body FROM network_answers
         WHERE account = ?1 AND refund = ?2 AND kind = ?3 ORDER BY seq",
    )?;
    let mut rows = about.query(params![called.account, called.refund, called.kind])?;
    while let Some(row) = rows.next()? {
        if is_same((row.get(0)?, row.get(1)?), &called.says) {
            return Ok(answered(row.get(2)?, row.get(3)?));
        }
    }
    Ok(Kept::Nothing)
}

/// Whether the signed message was heard before as another call: under another path, or with another
/// body.
fn is_message_of_another(connection: &Connection, called: &Called) -> Result<bool, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT salt, call_sha256 FROM network_answers WHERE account = ?1 AND message = ?2",
    )?;
    let mut rows = statement.query(params![called.account, called.message])?;
    while let Some(row) = rows.next()? {
        if !is_same((row.get(0)?, row.get(1)?), &called.call) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn answered(status: u16, body: Option<Vec<u8>>) -> Kept {
    body.map_or(Kept::Erased, |body| {
        Kept::Answer(NewAnswer { status, body })
    })
}

fn is_same((salt, sha256): (Vec<u8>, String), said: &[u8; 32]) -> bool {
    salted(&salt, said) == sha256
}

/// A call of the creditor's side names an account: without a salt its hash would give it away.
fn salted(salt: &[u8], said: &[u8; 32]) -> String {
    Canonical::new("call").bytes(salt).bytes(said).hex()
}

/// Keeps the answer to a call that was not answered before, in the caller's transaction.
pub(super) fn keep(
    connection: &Connection,
    called: &Called,
    answer: &NewAnswer,
) -> Result<(), LedgerError> {
    let mut salt = [0; SALT];
    rand::fill(&mut salt).map_err(|_| LedgerError::Damaged("no random bytes".to_owned()))?;
    connection
        .prepare_cached(
            "INSERT INTO network_answers
                 (account, name, kind, refund, salt, call_sha256, says_sha256, status, body, at, message)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, nullif(?11, ''))",
        )?
        .execute(params![
            called.account,
            called.name,
            called.kind,
            called.refund,
            salt.as_slice(),
            salted(&salt, &called.call),
            salted(&salt, &called.says),
            answer.status,
            answer.body,
            millis(called.at),
            called.message,
        ])?;
    Ok(())
}

fn record(
    connection: &Connection,
    called: &Called,
    recorded: &Recorded,
) -> Result<(), LedgerError> {
    match recorded {
        Recorded::Nothing => Ok(()),
        Recorded::Confirmation(said) => confirm(connection, called, said),
        Recorded::Errand(errand) => errands::queue(connection, errand),
    }
}

fn confirm(
    connection: &Connection,
    called: &Called,
    said: &NewConfirmation,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO confirmations (account, provider_payment_id, refund, status, reason, reference,
                 amount_minor, currency, raw, at, retrieval)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            called.account,
            said.payment,
            said.refund,
            said.status,
            said.reason,
            said.reference,
            said.amount.map(|it| it.minor),
            said.amount.map(|it| it.currency.code()),
            said.raw,
            millis(called.at),
            said.retrieval,
        ])?;
    let amount = said
        .amount
        .map_or_else(|| "-".to_owned(), |it| it.to_string());
    let detail = format!(
        "refund={} status={} reason={} reference={} amount={amount}",
        said.refund,
        said.status,
        said.reason.as_deref().unwrap_or("-"),
        said.reference.as_deref().unwrap_or("-"),
    );
    tell(
        connection,
        (&called.account, &said.payment),
        ("desk", "request.confirmed"),
        &detail,
        called.at,
    )
}

/// Tells the audit about a payment of a network, known here or not.
pub(super) fn tell(
    connection: &Connection,
    (account, payment): (&str, &str),
    (actor, action): (&str, &str),
    detail: &str,
    at: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let deed = Deed {
        at,
        actor,
        action,
        subject: &PaymentId::derive(account, payment).to_string(),
        detail,
    };
    audit::append(connection, &deed)
}

/// No restore is so long ago that answers it lost may still matter.
pub(super) const RESTORE_MATTERS: TimeDelta = TimeDelta::days(30);
