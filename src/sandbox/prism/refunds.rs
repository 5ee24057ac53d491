//! How the server and the connector behind it decide about a refund.

use std::io;

use chrono::{DateTime, Utc};
use tonic::Status;

use super::messages::{Hidden, Minor, RefundAsked};
use super::records::{Records, Refund};
use super::{Reply, money, told};
use crate::domain::money::Money;
use crate::sandbox::course::{Course, one_refund, paid};

/// Answers a call to refund. Nothing is compared with earlier calls: the same one again is another
/// refund.
pub(super) fn refund(
    records: &mut Records,
    key: &str,
    asked: &RefundAsked,
    at: DateTime<Utc>,
) -> Result<Reply, Status> {
    check(asked)?;
    let amount = asked.refund.ok_or_else(|| missing("refund_amount"))?;
    let course = Course::of(amount.amount);
    if course.strikes_before_acceptance()
        && records
            .refunds
            .strikes(one_refund(&asked.reference))
            .map_err(broken)?
    {
        return match course {
            Course::Throttled => Err(connector_said(429)),
            Course::Unavailable => Err(connector_said(503)),
            _ => Ok(Reply::Cut),
        };
    }
    let amounts = amounts(records, asked, amount)?;
    let refund = Refund::new(records, &asked.reference, &asked.transaction, amounts, at);
    records.refunds.accept(refund.clone()).map_err(broken)?;
    match course {
        Course::ReplyLost => Ok(Reply::Cut),
        Course::Garbage => Ok(Reply::Garbage),
        Course::OtherAmount => Err(Status::internal(format!(
            "Integrity check failed for fields: refund_amount expected {} but found {}",
            refund.asked.minor, refund.paid.minor
        ))),
        _ => Ok(Reply::Message(told::refund(
            &refund,
            refund.stand(),
            key,
            false,
        ))),
    }
}

/// What the server itself looks at. It is little.
fn check(asked: &RefundAsked) -> Result<(), Status> {
    json(asked.refund_metadata.as_ref(), "refund metadata")?;
    json(asked.feature_data.as_ref(), "connector metadata")?;
    match asked.method_type {
        Some(number) if !(1..=112).contains(&number) => Err(not_valid("payment_method_type")),
        _ => Ok(()),
    }
}

pub(super) fn json(text: Option<&Hidden>, what: &str) -> Result<(), Status> {
    let is_json = |text: &Hidden| serde_json::from_str::<serde_json::Value>(&text.value).is_ok();
    match text.is_none_or(is_json) {
        true => Ok(()),
        false => Err(not_valid(what)),
    }
}

/// What is asked and what will be paid, if the connector has that much. It is the connector that
/// refuses, so only the number of its answer is left.
fn amounts(
    records: &Records,
    asked: &RefundAsked,
    amount: Minor,
) -> Result<(Money, Money), Status> {
    let wanted = money(amount).ok_or_else(|| not_valid("currency"))?;
    let payment = records.payment(&asked.transaction);
    let payment = payment.ok_or_else(|| connector_said(404))?;
    let left = records.left_of(&asked.transaction, payment);
    let fits = wanted.currency == payment.amount.currency && (1..=left).contains(&wanted.minor);
    match fits {
        true => Ok((wanted, paid(wanted, left))),
        false => Err(connector_said(400)),
    }
}

/// The connector's error, of which the server passes on the number alone.
pub(super) fn connector_said(status: u16) -> Status {
    let text = format!("Connector returned an error response with status {status}");
    match status {
        400 => Status::invalid_argument(text),
        401 => Status::unauthenticated(text),
        404 => Status::not_found(text),
        429 => Status::resource_exhausted(text),
        503 => Status::unavailable(text),
        _ => Status::unknown(text),
    }
}

pub(super) fn missing(field: &str) -> Status {
    Status::invalid_argument(format!("Missing required field: {field}"))
}

fn not_valid(what: &str) -> Status {
    Status::invalid_argument(format!("Invalid data format: {what}"))
}

pub(super) fn broken(_: io::Error) -> Status {
    Status::internal("Failed to handle connector response")
}
