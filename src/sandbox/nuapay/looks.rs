//! What the service shows: payments and refunds, one by one or in pages of a window of days.
//! Looking at a refund is what makes it end.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::data;
use super::error::Error;
use super::records::Records;
use super::refunds::of_payment;
use crate::sandbox::answer::Answer;

/// No window may be longer, and without one only so many days are shown.
const WINDOW: TimeDelta = TimeDelta::days(30);
const PAGE_SIZE: usize = 20;
const PAGE_SIZE_MAX: usize = 100;

/// The parameters of a list, names in lower case only; others are ignored as the real side seems
/// to.
pub(super) struct Query(pub Vec<(String, String)>);

impl Query {
    fn first(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let values = self.0.iter().filter(move |(known, _)| known == name);
        values.map(|(_, value)| value.as_str())
    }

    /// Whether a moment is in the window asked for.
    fn window(
        &self,
        [from, to]: [&'static str; 2],
        now: DateTime<Utc>,
    ) -> Result<(DateTime<Utc>, DateTime<Utc>), Error> {
        let time = |name: &'static str| {
            let wrong = Error::rule(400, "T0002", name, "not a date and time");
            let parsed = self
                .first(name)
                .map(|it| NaiveDateTime::parse_from_str(it, "%Y-%m-%dT%H:%M:%S"));
            parsed.transpose().map_err(|_| wrong)
        };
        match (time(from)?, time(to)?) {
            (None, None) => Ok((now - WINDOW, now)),
            (Some(begin), Some(end)) if begin <= end && end - begin <= WINDOW => {
                Ok((begin.and_utc(), end.and_utc()))
            }
            _ => Err(Error::rule(
                400,
                "T0002",
                from,
                "at most 30 days, both ends given",
            )),
        }
    }

    fn number(&self, name: &'static str, default: usize, most: usize) -> Result<usize, Error> {
        let Some(text) = self.first(name) else {
            return Ok(default);
        };
        let number = text.parse().ok().filter(|it| (1..=most).contains(it));
        number.ok_or(Error::rule(400, "T0001", name, "not allowed"))
    }

    fn page(&self, uri: &str, entries: &[Value]) -> Result<Answer, Error> {
        let number = self.number("pagenumber", 1, usize::MAX)?;
        let size = self.number("pagesize", PAGE_SIZE, PAGE_SIZE_MAX)?;
        let start = (number - 1).saturating_mul(size).min(entries.len());
        let end = start.saturating_add(size).min(entries.len());
        let text = json!({
            "uri": uri,
            "data": &entries[start..end],
            "page": {
                "pageNumber": number,
                "pageSize": size,
                "totalElements": entries.len(),
                "totalPages": entries.len().div_ceil(size),
            },
            "sort": [],
        });
        Ok(Answer::Json(200, text.to_string()))
    }
}

/// The payments of an account that were made in the window.
pub(super) fn payments(
    records: &Records,
    account: &str,
    query: &Query,
    now: DateTime<Utc>,
) -> Result<Answer, Error> {
    let (from, to) = query.window(["fromdatetime", "todatetime"], now)?;
    let wanted: Vec<&str> = query.all("paymentstatus").collect();
    if wanted.iter().any(|status| status.contains(',')) {
        return Err(Error::rule(400, "T0004", "paymentstatus", "not a status"));
    }
    let found = records.payments.all.iter().filter(|it| {
        it.account == account
            && (from..=to).contains(&it.made_at)
            && (wanted.is_empty() || wanted.contains(&it.status(now)))
    });
    let found: Vec<Value> = found.map(|it| it.json(now)).collect();
    query.page("/payments", &found)
}

/// One payment.
pub(super) fn payment(
    records: &Records,
    account: &str,
    id: &str,
    now: DateTime<Utc>,
) -> Result<Answer, Error> {
    let payment = records.payments.with_id(account, id);
    let payment = payment.ok_or(Error::bare(404))?;
    let uri = format!("/payments/{id}");
    Ok(data(200, &uri, &payment.json(now)))
}

/// When a payment changed its status.
pub(super) fn history(
    records: &Records,
    account: &str,
    id: &str,
    query: &Query,
    now: DateTime<Utc>,
) -> Result<Answer, Error> {
    let payment = records.payments.with_id(account, id);
    let payment = payment.ok_or(Error::bare(404))?;
    query.page(&format!("/payments/{id}/history"), &payment.history(now))
}

/// One refund; both ids are needed.
pub(super) fn refund(
    records: &mut Records,
    account: &str,
    payment_id: &str,
    id: &str,
) -> Result<Answer, Error> {
    let refund = records.refunds.with_id(id);
    let ours = refund.filter(|it| it.account == account && it.payment_id == payment_id);
    let refund = ours.ok_or(Error::bare(404))?;
    let answer = data(
        200,
        &refund.uri(),
        &refund.json(refund.looks.saturating_add(1)),
    );
    records.refunds.look(id).map_err(|_| Error::broken())?;
    Ok(answer)
}

/// The refunds of a payment that were made in the window. Each of them is looked at.
pub(super) fn refunds(
    records: &mut Records,
    account: &str,
    payment_id: &str,
    query: &Query,
    now: DateTime<Utc>,
) -> Result<Answer, Error> {
    let payment = records.payments.with_id(account, payment_id);
    payment.ok_or(Error::bare(404))?;
    let (from, to) = query.window(["fromcreationdatetime", "tocreationdatetime"], now)?;
    let wanted: Vec<&str> = query.all("refundstatus").collect();
    let found: Vec<(String, Value)> = records
        .refunds
        .named(of_payment(account, payment_id))
        .filter(|it| (from..=to).contains(&it.accepted_at))
        .map(|it| (it.id.clone(), it.json(it.looks.saturating_add(1))))
        .filter(|(_, shown)| {
            let status = shown["status"].as_str().unwrap_or_default();
            wanted.is_empty() || wanted.contains(&"ALL") || wanted.contains(&status)
        })
        .collect();
    let shown: Vec<Value> = found.iter().map(|(_, shown)| shown.clone()).collect();
    let answer = query.page(&format!("/payments/{payment_id}/refunds/"), &shown)?;
    for (id, _) in found {
        records.refunds.look(&id).map_err(|_| Error::broken())?;
    }
    Ok(answer)
}
