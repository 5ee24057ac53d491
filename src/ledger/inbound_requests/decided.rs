//! How requests end: by a person's word, or by time.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::super::error::LedgerError;
use super::super::network::tell;
use super::super::personal;
use super::super::row::millis;
use super::Deciding;
use super::judged::on_file;
use super::row::one;
use crate::domain::inbound_request::{InboundRequest, Standing};
use crate::failpoint;

pub(super) fn late(connection: &Connection, now: DateTime<Utc>) -> Result<Vec<i64>, LedgerError> {
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

pub(super) fn expire(
    connection: &Connection,
    id: i64,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE inbound_requests SET state = 'expired', decided_at = ?2, said = ?3 WHERE seq = ?1",
        )?
        .execute(params![id, millis(now), NOBODY])?;
    tell_of(connection, id, ("desk", "request.expired"), NOBODY, now)
}

pub(super) fn decide(
    connection: &Connection,
    deciding: &Deciding,
) -> Result<InboundRequest, LedgerError> {
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
