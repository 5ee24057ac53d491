//! Requests at the debtor's side: filed with what the rule says, decided once, told once.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::LedgerError;
use super::network::{Called, Kept, NewAnswer, RESTORE_MATTERS, keep, kept, tell};
use super::row::{millis, time};
use super::{Ledger, personal, stops};
use crate::domain::bank::BankAccount;
use crate::domain::inbound_request::{
    Caution, Confirmation, Decision, Facts, InboundRequest, Known, OnFile, Standing, Verdict,
    judge,
};
use crate::domain::money::{Currency, Money};
use crate::failpoint;

/// A request as it came, and what the account's settings say to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of the network's message")]
pub struct NewRequest {
    pub payment: String,
    pub refund: Option<String>,
    pub amount: Money,
    pub reason: Option<String>,
    pub method: Option<String>,
    pub reference: Option<String>,
    pub case: Option<String>,
    pub creditor: Option<String>,
    pub raw: String,
    /// Until when a person may decide; when it came: never.
    pub deadline: DateTime<Utc>,
    /// The rule may answer.
    pub automatic: bool,
    /// The desk's records are known to be damaged.
    pub damaged: bool,
}

/// How a request that came stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Situation {
    /// The call was answered before, or cannot be the call it says it is.
    Kept(Kept),
    /// The request is known, and this call is not answered yet.
    Known(RequestState),
    /// Another request has its name or its refund.
    Contradicts,
    /// It is new, and this is what the rule says; with the account it may give.
    New(Verdict, Option<BankAccount>),
}

/// A request that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestState {
    /// Our number of it.
    pub id: i64,
    /// How it stands.
    pub standing: Standing,
    /// Until when a person may decide.
    pub deadline: DateTime<Utc>,
    /// The account it was answered with, in full; none once erased.
    pub account: Option<BankAccount>,
    /// The code of a refusal.
    pub code: Option<String>,
    /// Why not.
    pub said: Option<String>,
}

/// A new request, what the rule says, and the answer that follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filing {
    /// The call.
    pub called: Called,
    /// What it says.
    pub request: NewRequest,
    /// What the rule said when it was asked.
    pub verdict: Verdict,
    /// The account the answer names.
    pub account: Option<BankAccount>,
    /// None where a person decides.
    pub answer: Option<NewAnswer>,
}

/// What became of a filing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filed {
    /// It is on disk, under this number; so is its answer, if it has one.
    Done(i64),
    /// Things changed meanwhile: look again. Nothing was written.
    Changed,
}

/// What became of telling the end of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// On disk.
    Done,
    /// Things changed meanwhile: look again. Nothing was written.
    Changed,
    /// The call was answered meanwhile.
    Before(Kept),
}

/// A person's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deciding {
    /// Which request.
    pub id: i64,
    /// The account; [`Err`]: the code and words of a refusal. [`None`]: the account on file.
    pub with: Result<Option<BankAccount>, (Option<String>, String)>,
    /// Only this account on file, by our number of it.
    pub on_file: Option<i64>,
    /// Who decides.
    pub by: String,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Ledger {
    /// How a request that came stands. Works read-only.
    ///
    /// # Errors
    /// The database failed.
    pub async fn situation(
        &self,
        called: Called,
        request: NewRequest,
    ) -> Result<Situation, LedgerError> {
        self.read(move |connection| {
            Ok(situation(connection, &called, &request)?.0)
        })
        .await
    }

    /// Files a new request with what the rule says and its answer, if the rule still says so.
    ///
    /// # Errors
    /// The database failed; nothing was written, or, in doubt, all of it.
    pub async fn file_request(&self, filing: Filing) -> Result<Filed, LedgerError> {
        self.write_grouped(move |connection| file(connection, &filing))
            .await
    }

    /// How a known request stands now.
    ///
    /// # Errors
    /// There is none of that number.
    pub async fn request_state(&self, id: i64) -> Result<RequestState, LedgerError> {
        self.read(move |connection| state(connection, id)).await
    }

    /// The requests that wait for a person.
    ///
    /// # Errors
    /// The database failed.
    pub async fn waiting_requests(&self) -> Result<BTreeSet<i64>, LedgerError> {
        self.read(|connection| {
            let waiting = connection
                .prepare_cached("SELECT seq FROM inbound_requests WHERE state = 'waiting'")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(waiting)
        })
        .await
    }

    /// Keeps the answer that tells how a request ended: what people decided, or that its time is
    /// over, which is written down with it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn tell_request(
        &self,
        id: i64,
        called: Called,
        told: Standing,
        answer: NewAnswer,
        now: DateTime<Utc>,
    ) -> Result<Told, LedgerError> {
        self.write_grouped(move |connection| {
            let before = kept(connection, &called)?;
            if before != Kept::Nothing {
                return Ok(Told::Before(before));
            }
            let state = state(connection, id)?;
            let expires = told == Standing::Expired && state.standing == Standing::Waiting;
            if expires && now >= state.deadline {
                expire(connection, id, now)?;
            } else if state.standing != told {
                return Ok(Told::Changed);
            }
            keep(connection, &called, &answer)?;
            failpoint::reach("inbound.told");
            Ok(Told::Done)
        })
        .await
    }

    /// Ends the requests whose time is over and whose caller is gone.
    ///
    /// # Errors
    /// The database failed.
    pub async fn expire_requests(&self, now: DateTime<Utc>) -> Result<u64, LedgerError> {
        let late = self.read(move |connection| late(connection, now)).await?;
        if late.is_empty() {
            return Ok(0);
        }
        self.write(move |connection| {
            let late = self::late(connection, now)?;
            for id in &late {
                expire(connection, *id, now)?;
            }
            Ok(late.len() as u64)
        })
        .await
    }

    /// Decides a request that waits for a person.
    ///
    /// # Errors
    /// [`LedgerError::NotAllowed`] when it is decided, too late, or there is no such account on
    /// file; nothing was written.
    pub async fn decide_request(&self, deciding: Deciding) -> Result<InboundRequest, LedgerError> {
        self.write(move |connection| decide(connection, &deciding))
            .await
    }

    /// One request.
    ///
    /// # Errors
    /// The database failed.
    pub async fn inbound_request(&self, id: i64) -> Result<Option<InboundRequest>, LedgerError> {
        self.read(move |connection| one(connection, id)).await
    }

    /// Requests: those that wait, oldest first; or the newest of all, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn inbound_requests(
        &self,
        all: bool,
        most: u32,
    ) -> Result<Vec<InboundRequest>, LedgerError> {
        self.read(move |connection| {
            let which = match all {
                true => "1 ORDER BY r.seq DESC",
                false => "r.state = 'waiting' ORDER BY r.seq",
            };
            let found = connection
                .prepare_cached(&format!("{COLUMNS} WHERE {which} LIMIT ?1"))?
                .query_map([most], |row| Ok(request(row)))?
                .collect::<Result<Vec<_>, _>>()?;
            found
                .into_iter()
                .map(|found| with_confirmations(connection, found?))
                .collect()
        })
        .await
    }
}

/// How a request stands, and the number of the account that may be given, in the caller's
/// transaction.
fn situation(
    connection: &Connection,
    called: &Called,
    request: &NewRequest,
) -> Result<(Situation, Option<i64>), LedgerError> {
    let kept = kept(connection, called)?;
    if kept != Kept::Nothing {
        return Ok((Situation::Kept(kept), None));
    }
    let known: Option<(i64, String, i64, String)> = connection
        .prepare_cached(
            "SELECT seq, provider_payment_id, amount_minor, currency FROM inbound_requests
             WHERE account = ?1 AND (name = ?2 OR refund = ?3) ORDER BY seq LIMIT 1",
        )?
        .query_row(
            params![called.account, called.name, request.refund],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    if let Some((id, payment, minor, currency)) = known {
        let amount = (request.amount.minor, request.amount.currency.code());
        let same = payment == request.payment && (minor, currency.as_str()) == amount;
        return Ok(match same {
            true => (Situation::Known(state(connection, id)?), None),
            false => (Situation::Contradicts, None),
        });
    }
    let (on_file, account) = on_file(connection, &called.account, &request.payment)?;
    let facts = Facts {
        payment: payment(connection, called, request)?,
        on_file: account.is_some(),
        caution: caution(connection, called, request)?,
    };
    let verdict = judge(request.amount, &facts);
    let gives = (verdict == Verdict::Answer).then_some(account).flatten();
    Ok((Situation::New(verdict, gives), on_file))
}

/// The account on file, with its number in `personal`.
fn on_file(
    connection: &Connection,
    account: &str,
    payment: &str,
) -> Result<(Option<i64>, Option<BankAccount>), LedgerError> {
    let id: Option<i64> = connection
        .prepare_cached(
            "SELECT personal_id FROM accounts_on_file WHERE account = ?1 AND provider_payment_id = ?2",
        )?
        .query_row([account, payment], |row| row.get(0))
        .optional()?;
    let kept = match id {
        Some(id) => personal::kept(connection, id)?,
        None => None,
    };
    Ok((id, kept.and_then(|kept| kept.account)))
}

fn payment(
    connection: &Connection,
    called: &Called,
    request: &NewRequest,
) -> Result<Option<Known>, LedgerError> {
    let found: Option<(i64, String, i64)> = connection
        .prepare_cached(
            "SELECT captured_minor, currency,
                 (SELECT coalesce(sum(r.amount_minor), 0) FROM inbound_requests r
                  WHERE r.account = p.account AND r.provider_payment_id = p.provider_payment_id
                    AND r.state = 'answered')
             FROM payments p WHERE provider_payment_id = ?2 AND account = ?1",
        )?
        .query_row([&called.account, &request.payment], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((paid, currency, answered)) = found else {
        return Ok(None);
    };
    let currency = Currency::from_code(&currency)?;
    Ok(Some(Known {
        paid: Money::new(paid, currency),
        answered: Money::new(answered, currency),
    }))
}

/// Why the rule must not answer, whatever the request.
fn caution(
    connection: &Connection,
    called: &Called,
    request: &NewRequest,
) -> Result<Option<Caution>, LedgerError> {
    if request.damaged {
        return Ok(Some(Caution::Damaged));
    }
    // Answers that a restore lost concern payments that were there before it.
    let restored: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM closed_for_sending c JOIN payments p
                 ON p.account = ?1 AND p.provider_payment_id = ?2 AND p.captured_at < c.closed_at
             WHERE c.closed_at > ?3 AND c.reason IN ('restore', 'journal_incomplete', 'older_than_journal'))",
        )?
        .query_row(
            params![
                called.account,
                request.payment,
                millis(called.at - RESTORE_MATTERS)
            ],
            |row| row.get(0),
        )?;
    if restored {
        return Ok(Some(Caution::Restored));
    }
    if stops::why(connection, &called.account)?.is_some() {
        return Ok(Some(Caution::Stopped));
    }
    Ok((!request.automatic).then_some(Caution::NotAutomatic))
}

fn file(connection: &Connection, filing: &Filing) -> Result<Filed, LedgerError> {
    let Filing {
        called, request, ..
    } = filing;
    let (situation, personal) = situation(connection, called, request)?;
    if situation != Situation::New(filing.verdict.clone(), filing.account.clone()) {
        return Ok(Filed::Changed);
    }
    let standing = match (&filing.verdict, &filing.answer) {
        (Verdict::Answer, Some(_)) => Standing::Answered,
        (_, Some(_)) => Standing::Refused,
        (_, None) => Standing::Waiting,
    };
    let id = insert(connection, filing, standing, personal)?;
    if let Some(answer) = &filing.answer {
        keep(connection, called, answer)?;
    }
    let action = match standing {
        Standing::Answered => "request.answered",
        Standing::Waiting => "request.held",
        Standing::Refused | Standing::Expired => "request.refused",
    };
    let given = filing.account.as_ref().map_or("-", BankAccount::last4);
    let detail = format!(
        "request={id} refund={} amount={} account={given} by=rule: {}",
        request.refund.as_deref().unwrap_or("-"),
        request.amount,
        filing.verdict.found()
    );
    let about = (called.account.as_str(), request.payment.as_str());
    tell(connection, about, ("desk", action), &detail, called.at)?;
    failpoint::reach("inbound.filed");
    Ok(Filed::Done(id))
}

fn insert(
    connection: &Connection,
    filing: &Filing,
    standing: Standing,
    personal: Option<i64>,
) -> Result<i64, LedgerError> {
    let Filing {
        called, request, ..
    } = filing;
    let decided = standing != Standing::Waiting;
    let found = filing.verdict.found();
    connection
        .prepare_cached(
            "INSERT INTO inbound_requests (account, name, provider_payment_id, refund, amount_minor, currency, reason,
                 method, reference, case_ref, creditor, raw, found, received_at, deadline, state, decided_at, said,
                 personal_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        )?
        .execute(params![
            called.account,
            called.name,
            request.payment,
            request.refund,
            request.amount.minor,
            request.amount.currency.code(),
            request.reason,
            request.method,
            request.reference,
            request.case,
            request.creditor,
            request.raw,
            found,
            millis(called.at),
            millis(request.deadline),
            standing.name(),
            decided.then(|| millis(called.at)),
            (standing == Standing::Refused).then_some(found),
            personal.filter(|_| standing == Standing::Answered),
        ])?;
    Ok(connection.last_insert_rowid())
}

fn state(connection: &Connection, id: i64) -> Result<RequestState, LedgerError> {
    let found = connection
        .prepare_cached(
            "SELECT state, deadline, personal_id, code, said FROM inbound_requests WHERE seq = ?1",
        )?
        .query_row([id], |row| {
            let name: String = row.get(0)?;
            let personal: Option<i64> = row.get(2)?;
            Ok((name, time(row.get(1)?), personal, row.get(3)?, row.get(4)?))
        })
        .optional()?;
    let (name, deadline, personal, code, said) = found.ok_or(LedgerError::NotFound("request"))?;
    let kept = match personal {
        Some(personal) => personal::kept(connection, personal)?,
        None => None,
    };
    Ok(RequestState {
        id,
        standing: Standing::from_name(&name).ok_or(LedgerError::Damaged(name))?,
        deadline,
        account: kept.and_then(|kept| kept.account),
        code,
        said,
    })
}

fn late(connection: &Connection, now: DateTime<Utc>) -> Result<Vec<i64>, LedgerError> {
    let late = connection
        .prepare_cached(
            "SELECT seq FROM inbound_requests WHERE state = 'waiting' AND deadline <= ?1 LIMIT 500",
        )?
        .query_map([millis(now)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(late)
}

/// What whoever asked is told when nobody decided.
const NOBODY: &str = "nobody decided in time";

fn expire(connection: &Connection, id: i64, now: DateTime<Utc>) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE inbound_requests SET state = 'expired', decided_at = ?2, said = ?3 WHERE seq = ?1",
        )?
        .execute(params![id, millis(now), NOBODY])?;
    tell_of(connection, id, ("desk", "request.expired"), NOBODY, now)
}

fn decide(connection: &Connection, deciding: &Deciding) -> Result<InboundRequest, LedgerError> {
    let request = one(connection, deciding.id)?.ok_or(LedgerError::NotFound("request"))?;
    if let Some(why) = closed(&request, deciding.now) {
        return Err(LedgerError::NotAllowed(why));
    }
    let (to, personal, code, said) = match &deciding.with {
        Ok(account) => {
            let personal = match account {
                Some(account) => personal::keep(connection, account, deciding.now)?,
                None => chosen(connection, &request, deciding.on_file)?,
            };
            (Standing::Answered, Some(personal), None, None)
        }
        Err((code, said)) => (Standing::Refused, None, code.as_ref(), Some(said)),
    };
    connection
        .prepare_cached(
            "UPDATE inbound_requests SET state = ?2, decided_at = ?3, decided_by = ?4, code = ?5, said = ?6,
                 personal_id = ?7
             WHERE seq = ?1",
        )?
        .execute(params![
            deciding.id,
            to.name(),
            millis(deciding.now),
            deciding.by,
            code,
            said,
            personal
        ])?;
    let what = match personal {
        Some(personal) => {
            let kept = personal::kept(connection, personal)?;
            let kept = kept.ok_or(LedgerError::NotFound("account"))?;
            format!("account={} sha256={}", kept.last4, kept.sha256)
        }
        None => format!(
            "code={} note={}",
            code.map_or("-", String::as_str),
            said.map_or("-", String::as_str)
        ),
    };
    let action = match to {
        Standing::Answered => "request.answered",
        _ => "request.refused",
    };
    let by = (deciding.by.as_str(), action);
    tell_of(connection, deciding.id, by, &what, deciding.now)?;
    failpoint::reach("inbound.decided");
    one(connection, deciding.id)?.ok_or(LedgerError::NotFound("request"))
}

/// Why nobody can decide it any more.
fn closed(request: &InboundRequest, now: DateTime<Utc>) -> Option<String> {
    if request.is_open(now) {
        return None;
    }
    let by = request.decision.as_ref().and_then(|it| it.by.as_deref());
    Some(match (request.standing, by) {
        (Standing::Waiting | Standing::Expired, _) => {
            "its time is over: the network was told that nobody decided".to_owned()
        }
        (standing, Some(by)) => format!("{by} decided it already: {}", standing.name()),
        (standing, None) => format!("the rule decided it already: {}", standing.name()),
    })
}

/// The account on file that is to be given.
fn chosen(
    connection: &Connection,
    request: &InboundRequest,
    wanted: Option<i64>,
) -> Result<i64, LedgerError> {
    let known = request.on_file.as_ref().map(|it| it.id);
    if wanted.is_some() && wanted != known {
        let why = "that is not the account on file for its payment".to_owned();
        return Err(LedgerError::NotAllowed(why));
    }
    let (personal, account) = on_file(connection, &request.account, &request.provider_payment_id)?;
    match (personal, account) {
        (Some(personal), Some(_)) => Ok(personal),
        _ => {
            let why = "no account is on file for its payment: give one".to_owned();
            Err(LedgerError::NotAllowed(why))
        }
    }
}

fn tell_of(
    connection: &Connection,
    id: i64,
    by: (&str, &str),
    what: &str,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let request = one(connection, id)?.ok_or(LedgerError::NotFound("request"))?;
    let detail = format!(
        "request={id} refund={} amount={} {what}",
        request.refund.as_deref().unwrap_or("-"),
        request.amount
    );
    let about = (
        request.account.as_str(),
        request.provider_payment_id.as_str(),
    );
    tell(connection, about, by, &detail, now)
}

const COLUMNS: &str =
    "SELECT r.seq, r.account, r.provider_payment_id, r.refund, r.amount_minor, r.currency, r.reason, r.method,
         r.reference, r.case_ref, r.creditor, r.found, r.received_at, r.deadline, r.state, r.decided_at, r.decided_by,
         r.code, r.said, given.last4, f.seq, filed.last4
     FROM inbound_requests r
     LEFT JOIN personal given ON given.id = r.personal_id
     LEFT JOIN accounts_on_file f ON f.account = r.account AND f.provider_payment_id = r.provider_payment_id
     LEFT JOIN personal filed ON filed.id = f.personal_id AND filed.value IS NOT NULL";

fn one(connection: &Connection, id: i64) -> Result<Option<InboundRequest>, LedgerError> {
    let found = connection
        .prepare_cached(&format!("{COLUMNS} WHERE r.seq = ?1"))?
        .query_row([id], |row| Ok(request(row)))
        .optional()?;
    found
        .map(|found| with_confirmations(connection, found?))
        .transpose()
}

fn request(row: &Row<'_>) -> Result<InboundRequest, LedgerError> {
    let standing: String = row.get(14)?;
    let decided_at: Option<i64> = row.get(15)?;
    let decision = match decided_at {
        Some(at) => Some(Decision {
            at: time(at),
            by: row.get(16)?,
            code: row.get(17)?,
            said: row.get(18)?,
            last4: row.get(19)?,
        }),
        None => None,
    };
    let filed: Option<i64> = row.get(20)?;
    let last4: Option<String> = row.get(21)?;
    Ok(InboundRequest {
        id: row.get(0)?,
        account: row.get(1)?,
        provider_payment_id: row.get(2)?,
        refund: row.get(3)?,
        amount: money(row.get(4)?, &row.get::<_, String>(5)?)?,
        reason: row.get(6)?,
        method: row.get(7)?,
        reference: row.get(8)?,
        case: row.get(9)?,
        creditor: row.get(10)?,
        found: row.get(11)?,
        received_at: time(row.get(12)?),
        deadline: time(row.get(13)?),
        standing: Standing::from_name(&standing).ok_or(LedgerError::Damaged(standing))?,
        decision,
        on_file: filed.zip(last4).map(|(id, last4)| OnFile { id, last4 }),
        confirmations: Vec::new(),
    })
}

fn money(minor: i64, currency: &str) -> Result<Money, LedgerError> {
    Ok(Money::new(minor, Currency::from_code(currency)?))
}

fn with_confirmations(
    connection: &Connection,
    request: InboundRequest,
) -> Result<InboundRequest, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT status, reason, reference, amount_minor, currency, at FROM confirmations
         WHERE account = ?1 AND refund = ?2 ORDER BY seq",
    )?;
    let mut rows = statement.query(params![request.account, request.refund])?;
    let mut confirmations = Vec::new();
    while let Some(row) = rows.next()? {
        let minor: Option<i64> = row.get(3)?;
        let currency: Option<String> = row.get(4)?;
        let amount = minor.zip(currency);
        confirmations.push(Confirmation {
            status: row.get(0)?,
            reason: row.get(1)?,
            reference: row.get(2)?,
            amount: amount
                .map(|(minor, currency)| money(minor, &currency))
                .transpose()?,
            at: time(row.get(5)?),
        });
    }
    Ok(InboundRequest {
        confirmations,
        ..request
    })
}
