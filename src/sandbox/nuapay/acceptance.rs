//! How the service decides about a refund.

use std::io;

use chrono::{DateTime, TimeDelta, Utc};

use super::data;
use super::error::Error;
use super::payments::Payment;
use super::records::Records;
use super::refunds::{self, Refund};
use super::request::{self, Asked};
use crate::domain::money::Money;
use crate::sandbox::answer::Answer;
use crate::sandbox::course::{Course, paid};

/// How long a key is remembered.
const REPLAY: TimeDelta = TimeDelta::hours(24);
const KEY_MAX_CHARS: usize = 50;
/// The merchant's period: the day it is over is already too late.
const PERIOD_DAYS: i64 = 540;

/// A request for a refund, whose caller is known.
pub(super) struct Call<'a> {
    pub account: &'a str,
    pub payment_id: &'a str,
    pub key: Option<&'a str>,
    pub body: &'a [u8],
    pub at: DateTime<Utc>,
}

/// Answers a refund request.
pub(super) fn refund(records: &mut Records, call: &Call<'_>) -> Result<Answer, Error> {
    if call
        .key
        .is_some_and(|key| key.chars().count() > KEY_MAX_CHARS)
    {
        return Err(Error::rule(400, "T0004", "Idempotency-Key", "too long"));
    }
    let request = request::parse(call.body)?;
    let asked = request.check()?;
    if let Some(answer) = repeated(records, call) {
        return answer;
    }
    let paid = check(records, call, &asked)?;
    let number = records.refunds.all().len() + 1;
    let remittance = request.remittance_information;
    let (reference, unstructured) =
        remittance.map_or((None, None), |it| (it.reference, it.unstructured));
    let refund = Refund {
        id: format!("rfd{number:07}"),
        account: call.account.to_owned(),
        payment_id: call.payment_id.to_owned(),
        end_to_end: request
            .end_to_end_identification
            .unwrap_or_else(|| format!("AUTO{number:07}")),
        reference,
        unstructured,
        asked: asked.amount,
        paid,
        compensation: asked.compensation,
        idempotency_key: call.key.map(str::to_owned),
        body: String::from_utf8_lossy(call.body).into_owned(),
        accepted_at: call.at,
        looks: 0,
    };
    decide(records, refund)
}

fn decide(records: &mut Records, refund: Refund) -> Result<Answer, Error> {
    let course = refund.course();
    if course.strikes_before_acceptance()
        && records
            .refunds
            .strikes(one_refund(&refund.end_to_end))
            .map_err(broken)?
    {
        return match course {
            Course::Throttled => Err(Error::throttled()),
            Course::Unavailable => Err(Error::bare(503)),
            _ => Ok(Answer::Cut),
        };
    }
    records.refunds.accept(refund.clone()).map_err(broken)?;
    match course {
        Course::ReplyLost => Ok(Answer::Cut),
        Course::Garbage => Ok(Answer::Garbage),
        _ => Ok(reply(&refund)),
    }
}

/// A desk that tries a refund again under a new reference counts in its last three letters. That is
/// still one refund, whose fault strikes once.
fn one_refund(end_to_end: &str) -> &str {
    match end_to_end.len() {
        31 if end_to_end.is_ascii() => &end_to_end[..28],
        _ => end_to_end,
    }
}

fn reply(refund: &Refund) -> Answer {
    data(201, &refund.uri(), &refund.json(0))
}

/// The same request again gets the first answer again; another one under its key is refused. What
/// the real side does is not published.
fn repeated(records: &Records, call: &Call<'_>) -> Option<Result<Answer, Error>> {
    let name = refunds::with_key(call.account, call.key?);
    let first = records.refunds.named(name).next_back()?;
    if call.at - first.accepted_at > REPLAY {
        return None;
    }
    let same = first.body.as_bytes() == call.body && first.payment_id == call.payment_id;
    Some(match same {
        true => Ok(reply(first)),
        false => Err(Error::rule(
            422,
            "TBD",
            "Idempotency-Key",
            "duplicate key with another request",
        )),
    })
}

/// What will be paid, if every rule allows it.
fn check(records: &Records, call: &Call<'_>, asked: &Asked) -> Result<Money, Error> {
    let payment = records.payments.with_id(call.account, call.payment_id);
    let payment = payment.ok_or(Error::bare(404))?;
    let rule = |field, words| Err(Error::rule(422, "TBD", field, words));
    if payment.status(call.at) != "PAYMENT_RECEIVED" {
        return rule("paymentId", "the payment is not received");
    }
    if asked.amount.currency != payment.amount.currency {
        return rule("currency", "the payment is in another currency");
    }
    if is_too_old(payment, call.at) {
        return rule("paymentId", "the refunds period is over");
    }
    let left = records.left_of(payment);
    if asked.amount.minor > left {
        return rule("refundAmount", "more than is left of the payment");
    }
    Ok(paid(asked.amount, left))
}

fn is_too_old(payment: &Payment, now: DateTime<Utc>) -> bool {
    let over = payment.made_at.date_naive() + TimeDelta::days(PERIOD_DAYS);
    now.date_naive() >= over
}

fn broken(_: io::Error) -> Error {
    Error::broken()
}
