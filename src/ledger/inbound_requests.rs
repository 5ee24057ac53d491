//! Requests at the debtor's side: filed with what the rule says, decided once, told once.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::error::LedgerError;
use super::network::{Called, Kept, NewAnswer, keep, kept, tell};
use super::row::{millis, time};
use super::{Ledger, personal};
use crate::domain::bank::BankAccount;
use crate::domain::inbound_request::{InboundRequest, Standing, Verdict};
use crate::domain::money::Money;
use crate::failpoint;
use decided::{decide, expire};
use judged::situation;
use row::{COLUMNS, one, request, with_confirmations};

mod decided;
mod judged;
mod row;

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
    pub debtor: Option<String>,
    pub raw: String,
    /// Until when a person may decide; when it came: never.
    pub deadline: DateTime<Utc>,
    /// The rule may answer.
    pub automatic: bool,
    /// The desk's records are known to be damaged.
    pub damaged: bool,
}

/// The few that wait among all there ever were: left to itself SQLite would walk through all.
const WAITING: &str =
    "SELECT seq FROM inbound_requests INDEXED BY inbound_requests_waiting WHERE state = 'waiting'";

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
        self.read(move |connection| Ok(situation(connection, &called, &request)?.0))
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
                .prepare_cached(WAITING)?
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
        let late = self
            .read(move |connection| decided::late(connection, now))
            .await?;
        if late.is_empty() {
            return Ok(0);
        }
        self.write(move |connection| {
            let late = decided::late(connection, now)?;
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
                true => "1 ORDER BY r.seq DESC".to_owned(),
                false => format!("r.seq IN ({WAITING}) ORDER BY r.seq"),
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
                 personal_id, debtor)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
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
            request.debtor,
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
