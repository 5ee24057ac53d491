//! Payment files: proposed by one person, agreed by another, and only then written. Their bytes are
//! never kept, for they hold account numbers; they are made anew and compared by their hash.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, Row, params};

use super::super::Ledger;
use super::super::audit::STEP_SENT;
use super::super::error::LedgerError;
use super::super::journal::Sent;
use super::super::row::{millis, time};
use super::super::write_ahead::{NewAttempt, insert_attempt, insert_send};
use super::super::{closed, journalled, personal, refunds, stops, verify};
use super::{money, stand, tell};
use crate::domain::bank::{BankAccount, OwnBank, PainVersion};
use crate::domain::id::RefundId;
use crate::domain::money::{Currency, Money};
use crate::domain::refund::Attempt;
use crate::domain::state::SendGuard;
use crate::domain::transfer::{self, FileState, PaymentFile, STEP, Transfer, TransferState};
use crate::failpoint;

/// One line of a payment file, with the account in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// The refund it pays.
    pub refund: RefundId,
    /// Which try.
    pub number: u32,
    /// Its reference.
    pub end_to_end: String,
    /// How much.
    pub amount: Money,
    /// Where to.
    pub to: BankAccount,
    /// What the payee reads.
    pub remittance: String,
}

/// All that a payment file is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOrder {
    /// The file.
    pub file: PaymentFile,
    /// The account that pays, as it was when the file was proposed.
    pub own: OwnBank,
    /// On which day the bank shall pay.
    pub requested_on: NaiveDate,
    /// Its transfers, in their order.
    pub lines: Vec<OrderLine>,
}

/// A payment file, to be proposed.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Its message id.
    pub message_id: String,
    /// The provider account.
    pub account: String,
    /// The account that pays.
    pub own: OwnBank,
    /// On which day.
    pub requested_on: NaiveDate,
    /// What is in it, as it was given.
    pub lines: Vec<OrderLine>,
    /// The sum of it.
    pub sum: Money,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Who proposes it.
    pub by: String,
    /// Now; it stands in the bytes.
    pub now: DateTime<Utc>,
}

impl Ledger {
    /// What a payment file of an account would pay now, in one currency: what is due and nothing
    /// holds back. With the accounts in full.
    ///
    /// # Errors
    /// The database failed.
    pub async fn to_be_paid(
        &self,
        account: String,
        currency: Currency,
    ) -> Result<Vec<OrderLine>, LedgerError> {
        self.read(move |connection| due(connection, &account, currency))
            .await
    }

    /// Proposes a payment file: its transfers are in it from now on.
    ///
    /// # Errors
    /// One of them is in another file or no longer due, the account is closed or stopped; nothing
    /// was written.
    pub async fn propose_file(&self, new: NewFile) -> Result<PaymentFile, LedgerError> {
        self.head.trust()?;
        self.write(move |connection| propose(connection, &new))
            .await
    }

    /// A second person agrees to a payment file, by the hash of its bytes.
    ///
    /// # Errors
    /// [`LedgerError::SamePerson`]; it does not wait, or is another; nothing was written.
    pub async fn approve_file(
        &self,
        id: i64,
        seen: String,
        by: String,
        now: DateTime<Utc>,
    ) -> Result<PaymentFile, LedgerError> {
        self.head.trust()?;
        self.write(move |connection| {
            let file = waiting(connection, id, &[FileState::Proposed])?;
            may_pay(connection, &file)?;
            if file.sha256 != seen {
                return Err(LedgerError::NotAllowed(
                    "it is not the payment file that was looked at".to_owned(),
                ));
            }
            if file.proposed_by == by {
                return Err(LedgerError::SamePerson);
            }
            connection.execute(
                "UPDATE payment_files SET state = 'approved', approved_by = ?2, approved_at = ?3 WHERE seq = ?1",
                params![id, by, millis(now)],
            )?;
            told(connection, id, &by, "payment_file.approved", "", now)
        })
        .await
    }

    /// Gives up a payment file that was never written; its transfers are due again.
    ///
    /// # Errors
    /// It was written, or given up before.
    pub async fn give_up_file(
        &self,
        id: i64,
        by: String,
        note: String,
        now: DateTime<Utc>,
    ) -> Result<PaymentFile, LedgerError> {
        self.write(move |connection| {
            let open = [FileState::Proposed, FileState::Approved];
            waiting(connection, id, &open)?;
            connection.execute(
                "UPDATE payment_files SET state = 'given_up', ended_by = ?2, ended_at = ?3, ended_note = ?4
                 WHERE seq = ?1",
                params![id, by, millis(now), note],
            )?;
            let inside = transfers_of(connection, id)?;
            connection.execute(
                "UPDATE payment_file_lines SET live = 0 WHERE file = ?1",
                [id],
            )?;
            for transfer in inside {
                stand(connection, &transfer, TransferState::Due, now)?;
            }
            let detail = format!(" note={note}");
            told(connection, id, &by, "payment_file.given_up", &detail, now)
        })
        .await
    }

    /// Writes down that a payment file is about to be written, each of its transfers as a send of
    /// its own, and journals them. Only when this returns may its bytes leave. Again, it only makes
    /// sure that they are journalled.
    ///
    /// # Errors
    /// No second person agreed, one of its transfers is no longer to be paid, the account is closed
    /// or stopped, the journal cannot be written.
    pub async fn begin_file(
        &self,
        id: i64,
        by: String,
        now: DateTime<Utc>,
    ) -> Result<FileOrder, LedgerError> {
        self.head.trust()?;
        self.journal_ready().await?;
        let (order, sends) = self
            .write(move |connection| begin(connection, id, &by, now))
            .await?;
        for sent in sends {
            self.journal_sent(sent).await?;
        }
        failpoint::reach("transfer.file_begun");
        Ok(order)
    }

    /// A payment file with all it is made of, to show it or make its bytes.
    ///
    /// # Errors
    /// No such file; an account of it is erased.
    pub async fn file_order(&self, id: i64) -> Result<FileOrder, LedgerError> {
        self.read(move |connection| order(connection, id)).await
    }

    /// Payment files, oldest first; only those that wait for a person unless `all`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn payment_files(&self, all: bool) -> Result<Vec<PaymentFile>, LedgerError> {
        self.read(move |connection| {
            let which = if all {
                "1"
            } else {
                "state IN ('proposed', 'approved')"
            };
            let mut statement =
                connection.prepare_cached(&format!("{FILE} WHERE {which} ORDER BY seq"))?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(file(row)?);
            }
            Ok(found)
        })
        .await
    }

    /// The payment file of a message id, with the end-to-end ids of what is in it: what a bank's
    /// report is about.
    ///
    /// # Errors
    /// The database failed.
    pub async fn file_of_message(
        &self,
        message_id: String,
    ) -> Result<Option<(PaymentFile, Vec<String>)>, LedgerError> {
        self.read(move |connection| {
            let mut statement =
                connection.prepare_cached(&format!("{FILE} WHERE message_id = ?1"))?;
            let mut rows = statement.query([message_id])?;
            let Some(file) = rows.next()?.map(file).transpose()? else {
                return Ok(None);
            };
            let ids = connection
                .prepare_cached(
                    "SELECT t.end_to_end FROM payment_file_lines l
                     JOIN transfers t ON t.refund_id = l.refund_id AND t.number = l.number
                     WHERE l.file = ?1 ORDER BY t.seq",
                )?
                .query_map([file.id], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(Some((file, ids)))
        })
        .await
    }
}

/// Money leaves: as with every send, not while that is stopped or the account is closed.
fn may_pay(connection: &Connection, file: &PaymentFile) -> Result<(), LedgerError> {
    closed::check(connection, &file.account)?;
    stops::check(connection, &file.account)
}

fn due(
    connection: &Connection,
    account: &str,
    currency: Currency,
) -> Result<Vec<OrderLine>, LedgerError> {
    let sql = format!(
        "SELECT {LINE}, p.reference FROM {TABLES} JOIN payments p ON p.id = r.payment_id
         WHERE t.state = 'due' AND r.state = 'action_required' AND r.account = ?1 AND t.currency = ?2
           AND NOT EXISTS (SELECT 1 FROM transfer_statements s WHERE s.refund_id = t.refund_id AND s.ended_at IS NULL)
           AND NOT EXISTS (SELECT 1 FROM sends s WHERE s.refund_id = t.refund_id AND s.step = 'transfer' AND s.not_executed = 0)
           AND NOT EXISTS (SELECT 1 FROM discrepancies d WHERE d.payment_id = r.payment_id AND d.resolved_at IS NULL
                           AND d.kind NOT IN {})
         ORDER BY t.seq",
        super::super::row::not_blocking!()
    );
    let mut due = lines(connection, &sql, params![account, currency.code()])?;
    for line in &mut due {
        let payment = Some(line.remittance.as_str()).filter(|it| !it.is_empty());
        line.remittance = transfer::remittance(payment, &line.end_to_end);
    }
    Ok(due)
}

const LINE: &str = "t.refund_id, t.number, t.end_to_end, t.amount_minor, t.currency, t.account_ref";
const TABLES: &str = "transfers t JOIN refunds r ON r.id = t.refund_id";

fn lines(
    connection: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Vec<OrderLine>, LedgerError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let account: i64 = row.get(5)?;
        let kept = personal::kept(connection, account)?;
        let to = kept.and_then(|it| it.account);
        found.push(OrderLine {
            refund: id.parse().map_err(|_| LedgerError::Damaged(id))?,
            number: row.get(1)?,
            end_to_end: row.get(2)?,
            amount: money(row.get(3)?, &row.get::<_, String>(4)?)?,
            to: to.ok_or(LedgerError::NotFound("bank account that is not erased"))?,
            remittance: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
        });
    }
    Ok(found)
}

fn propose(connection: &Connection, new: &NewFile) -> Result<PaymentFile, LedgerError> {
    closed::check(connection, &new.account)?;
    stops::check(connection, &new.account)?;
    let own = personal::keep(connection, &new.own.account, new.now)?;
    connection
        .prepare_cached(
            "INSERT INTO payment_files (message_id, account, currency, count, sum_minor, own_ref, own_bic,
                 version, rail, requested_on, sha256, state, proposed_by, proposed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'proposed', ?12, ?13)",
        )?
        .execute(params![
            new.message_id,
            new.account,
            new.sum.currency.code(),
            new.lines.len() as i64,
            new.sum.minor,
            own,
            new.own.bic,
            new.own.version.name(),
            new.own.service_level,
            new.requested_on.to_string(),
            new.sha256,
            new.by,
            millis(new.now)
        ])?;
    let id = connection.last_insert_rowid();
    for line in &new.lines {
        let summary =
            refunds::one(connection, line.refund)?.ok_or(LedgerError::NotFound("refund"))?;
        verify::trust(connection, summary.refund.content.payment)?;
        connection
            .prepare_cached(
                "INSERT INTO payment_file_lines (file, refund_id, number, remittance) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![id, line.refund.to_string(), line.number, line.remittance])?;
    }
    for transfer in transfers_of(connection, id)? {
        stand(connection, &transfer, TransferState::InFile, new.now)?;
    }
    failpoint::reach("transfer.file_proposed");
    told(
        connection,
        id,
        &new.by,
        "payment_file.proposed",
        "",
        new.now,
    )
}

/// The order of a file that is about to be written, and the lines of the journal for it.
fn begin(
    connection: &Connection,
    id: i64,
    by: &str,
    now: DateTime<Utc>,
) -> Result<(FileOrder, Vec<Sent>), LedgerError> {
    let file = waiting(connection, id, &[FileState::Approved, FileState::Written])?;
    let order = order(connection, id)?;
    let first = file.state == FileState::Approved;
    if first {
        may_pay(connection, &file)?;
        connection.execute(
            "UPDATE payment_files SET state = 'written', written_at = ?2 WHERE seq = ?1",
            params![id, millis(now)],
        )?;
    }
    let mut sends = Vec::new();
    for line in &order.lines {
        let new = NewAttempt {
            id: line.refund,
            fence: 0,
            holder: String::new(),
            attempt: attempt(line, &file, now),
            guard: SendGuard::HOLDS,
            now: file.written_at.unwrap_or(now),
        };
        let send = match first {
            true => send(connection, &new, by)?,
            false => 1,
        };
        sends.push(journalled::line(connection, &new, send)?);
    }
    if first {
        told(connection, id, by, "payment_file.written", "", now)?;
        failpoint::reach("transfer.file_marked");
    }
    Ok((self::order(connection, id)?, sends))
}

fn send(connection: &Connection, new: &NewAttempt, by: &str) -> Result<i64, LedgerError> {
    insert_attempt(connection, new)?;
    let send = insert_send(connection, new)?;
    let detail = format!(
        "step={STEP} attempt={} send={send} key={} sha256={}",
        new.attempt.number, new.attempt.idempotency_key, new.attempt.sha256
    );
    tell(
        connection,
        &new.id.to_string(),
        by,
        STEP_SENT,
        &detail,
        new.now,
    )?;
    Ok(send)
}

/// A transfer goes out in its payment file, which is named in place of bytes.
fn attempt(line: &OrderLine, file: &PaymentFile, now: DateTime<Utc>) -> Attempt {
    let mut attempt = Attempt {
        step: STEP.to_owned(),
        number: line.number,
        idempotency_key: line.refund.idempotency_key(STEP, line.number),
        correlation: line.end_to_end.clone(),
        method: "FILE".to_owned(),
        url: format!("payment-file:{}", file.message_id),
        body: Vec::new(),
        sha256: String::new(),
        created_at: now,
        sends: Vec::new(),
    };
    attempt.sha256 = attempt.fingerprint();
    attempt
}

fn order(connection: &Connection, id: i64) -> Result<FileOrder, LedgerError> {
    let file = one(connection, id)?;
    let sql = format!(
        "SELECT {LINE}, l.remittance FROM {TABLES}
         JOIN payment_file_lines l ON l.refund_id = t.refund_id AND l.number = t.number
         WHERE l.file = ?1 ORDER BY t.seq"
    );
    let lines = lines(connection, &sql, params![id])?;
    let (own, bic, version, rail, requested_on): (i64, Option<String>, String, Option<String>, String) = connection
        .prepare_cached(
            "SELECT own_ref, own_bic, version, rail, requested_on FROM payment_files WHERE seq = ?1",
        )?
        .query_row([id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })?;
    let account = personal::kept(connection, own)?.and_then(|it| it.account);
    Ok(FileOrder {
        file,
        own: OwnBank {
            account: account.ok_or(LedgerError::NotFound("account that pays"))?,
            bic,
            version: PainVersion::from_name(&version).ok_or(LedgerError::Damaged(version))?,
            service_level: rail,
        },
        requested_on: requested_on
            .parse()
            .map_err(|_| LedgerError::Damaged(requested_on))?,
        lines,
    })
}

fn transfers_of(connection: &Connection, file: i64) -> Result<Vec<Transfer>, LedgerError> {
    let mut statement = connection.prepare_cached(&format!(
        "{} JOIN payment_file_lines m ON m.refund_id = t.refund_id AND m.number = t.number
         WHERE m.file = ?1 ORDER BY t.seq",
        super::COLUMNS
    ))?;
    let mut rows = statement.query([file])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(super::transfer(row)?);
    }
    Ok(found)
}

fn waiting(
    connection: &Connection,
    id: i64,
    states: &[FileState],
) -> Result<PaymentFile, LedgerError> {
    let file = one(connection, id)?;
    if states.contains(&file.state) {
        return Ok(file);
    }
    let why = match file.state {
        FileState::Proposed => "a second person has not agreed to it yet",
        FileState::Approved => "a second person has agreed to it already",
        FileState::Written => "it was written: the bank may have it",
        FileState::GivenUp => "it was given up",
    };
    Err(LedgerError::NotAllowed(format!("payment file {id}: {why}")))
}

const FILE: &str =
    "SELECT seq, message_id, account, count, sum_minor, currency, sha256, state, proposed_by,
     proposed_at, approved_by, written_at FROM payment_files";

fn one(connection: &Connection, id: i64) -> Result<PaymentFile, LedgerError> {
    let mut statement = connection.prepare_cached(&format!("{FILE} WHERE seq = ?1"))?;
    let mut rows = statement.query([id])?;
    match rows.next()? {
        Some(row) => file(row),
        None => Err(LedgerError::NotFound("payment file")),
    }
}

fn file(row: &Row<'_>) -> Result<PaymentFile, LedgerError> {
    let state: String = row.get(7)?;
    Ok(PaymentFile {
        id: row.get(0)?,
        message_id: row.get(1)?,
        account: row.get(2)?,
        count: row.get(3)?,
        sum: money(row.get(4)?, &row.get::<_, String>(5)?)?,
        sha256: row.get(6)?,
        state: FileState::from_name(&state).ok_or(LedgerError::Damaged(state))?,
        proposed_by: row.get(8)?,
        proposed_at: time(row.get(9)?),
        approved_by: row.get(10)?,
        written_at: row.get::<_, Option<i64>>(11)?.map(time),
    })
}

fn told(
    connection: &Connection,
    id: i64,
    by: &str,
    action: &str,
    also: &str,
    now: DateTime<Utc>,
) -> Result<PaymentFile, LedgerError> {
    let file = one(connection, id)?;
    let detail = format!(
        "file={id} transfers={} sum={} sha256={}{also}",
        file.count, file.sum, file.sha256
    );
    tell(connection, &file.message_id, by, action, &detail, now)?;
    Ok(file)
}
