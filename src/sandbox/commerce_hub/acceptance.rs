//! How the gateway decides about a refund.

use std::io;

use chrono::{DateTime, TimeDelta, Utc};

use super::Call;
use super::captures;
use super::charges::Charge;
use super::envelope::{Envelope, opaque_id};
use super::records::Records;
use super::refunds::Refund;
use super::refusal::Refusal;
use super::request::{Reference, RefundRequest};
use crate::domain::money::Money;
use crate::sandbox::answer::Answer;
use crate::sandbox::course::{Course, one_refund, paid};

/// How long a repeated `Client-Request-Id` gets the first answer again.
const REPLAY: TimeDelta = TimeDelta::minutes(5);

const SERVICE_UNAVAILABLE: Refusal = Refusal::apim(503, "the service is not ready");
const TOO_MANY_REQUESTS: Refusal = Refusal::apim(429, "too many requests");

/// Answers a refund request. `charge_id` is the charge in the path of the older call.
pub(super) fn refund(
    records: &mut Records,
    call: &Call,
    charge_id: Option<&str>,
    request: &RefundRequest,
) -> Result<Answer, Refusal> {
    request.check()?;
    let captured = captures::captured_by(records, request).filter(|_| charge_id.is_none());
    if let Some(refund) = captured {
        return captures::capture(records, call, request, &refund);
    }
    if let Some(first) = records.refund(Reference::ClientRequest(&call.id)) {
        return match call.at - first.accepted_at <= REPLAY {
            true => reply(records, first),
            false => Err(already_known(request, first)),
        };
    }
    let refund = new_refund(records, call, charge_id, request)?;
    let course = refund.course();
    if let Some(fault) = strike(records, course, one_refund(refund.correlation()))? {
        return Ok(fault);
    }
    records.refunds.accept(refund.clone()).map_err(broken)?;
    fault_after(course).map_or_else(|| reply(records, &refund), Ok)
}

/// The fault that comes before acceptance, instead of an answer: it strikes what is named so once,
/// however often that is tried.
pub(super) fn strike(
    records: &mut Records,
    course: Course,
    named: &str,
) -> Result<Option<Answer>, Refusal> {
    if !course.strikes_before_acceptance() || !records.refunds.strikes(named).map_err(broken)? {
        return Ok(None);
    }
    match course {
        Course::Throttled => Err(TOO_MANY_REQUESTS),
        Course::Unavailable => Err(SERVICE_UNAVAILABLE),
        _ => Ok(Some(Answer::Cut)),
    }
}

/// The fault that comes after acceptance, instead of the reply.
pub(super) const fn fault_after(course: Course) -> Option<Answer> {
    match course {
        Course::ReplyLost => Some(Answer::Cut),
        Course::Garbage => Some(Answer::Garbage),
        _ => None,
    }
}

/// The answer given at acceptance, which a repeated call gets again.
fn reply(records: &Records, refund: &Refund) -> Result<Answer, Refusal> {
    let charge = records.charges.with_id(&refund.charge_id);
    let envelope = Envelope::of_refund(refund, refund.state(0), charge)
        .and_then(|it| serde_json::to_string(&it));
    Ok(Answer::Json(201, envelope.map_err(|_| Refusal::broken())?))
}

/// The refund this request makes, if every rule allows it.
fn new_refund(
    records: &Records,
    call: &Call,
    charge_id: Option<&str>,
    request: &RefundRequest,
) -> Result<Refund, Refusal> {
    let details = &request.transaction_details;
    let known = details.merchant_transaction_id.as_deref();
    let known = known.map(Reference::MerchantTransaction);
    if let Some(first) = known.and_then(|name| records.refund(name)) {
        return Err(already_known(request, first));
    }
    let charge = charge(records, charge_id, request)?;
    // Canceled, or not in a batch yet: both read as not captured (fact sheet 3.2, 837).
    if records.is_canceled(&charge.transaction_id) || charge.is_unbatched(call.at) {
        return Err(Refusal::gateway(
            "837",
            "referenceTransactionDetails",
            "Unable to Refund: Transaction Not in a Captured or Authorized Status",
        ));
    }
    let (asked, approved) = amounts(records, call.at, charge, request)?;
    let number = records.refunds.all().len().to_string();
    Ok(Refund {
        transaction_id: opaque_id(&["refund", &number, &call.id]),
        client_request_id: call.id.clone(),
        merchant_transaction_id: details.merchant_transaction_id.clone(),
        merchant_order_id: details.merchant_order_id.clone(),
        merchant_invoice_number: details.merchant_invoice_number.clone(),
        charge_id: charge.transaction_id.clone(),
        payment_id: charge.payment_id.clone(),
        order_id: charge.order_id.clone(),
        asked,
        approved,
        accepted_at: call.at,
        authorised_only: request.only_authorises(),
        captured_at: None,
        looks: 0,
    })
}

/// The same refund again is a duplicate refund; another one under its name is a taken name.
fn already_known(request: &RefundRequest, first: &Refund) -> Refusal {
    let field = "transactionDetails.merchantTransactionId";
    let asked = request
        .amount
        .as_ref()
        .and_then(|amount| amount.money().ok());
    match asked.is_none_or(|asked| asked == first.asked) {
        true => Refusal::gateway("816", field, "Duplicate Refund"),
        false => Refusal::gateway("757", field, "Order/Transaction Already Exists in Database"),
    }
}

fn charge<'a>(
    records: &'a Records,
    charge_id: Option<&str>,
    request: &RefundRequest,
) -> Result<&'a Charge, Refusal> {
    let field = "referenceTransactionDetails";
    let reference = match charge_id {
        Some(id) => Reference::Transaction(id),
        None => request.reference_transaction_details.only()?,
    };
    let refusal = match reference {
        Reference::Transaction(_) => {
            Refusal::gateway("801", field, "Invalid Transaction ID or Not Found")
        }
        Reference::MerchantTransaction(_) => {
            Refusal::gateway("802", field, "Invalid Primary Transaction ID or Not Found")
        }
        // The other references are for inquiries only.
        _ => return Err(Refusal::gateway("803", field, "Transaction ID Missing")),
    };
    let found = records.charges.found_by(reference);
    found.first().copied().ok_or(refusal)
}

/// What is asked and what will be paid, if the charge still has that much.
fn amounts(
    records: &Records,
    now: DateTime<Utc>,
    charge: &Charge,
    request: &RefundRequest,
) -> Result<(Money, Money), Refusal> {
    if charge.is_too_old(now) {
        let message = "Unable to Refund: Transaction Older Than 12 Months";
        return Err(Refusal::gateway(
            "814",
            "referenceTransactionDetails",
            message,
        ));
    }
    let asked = match &request.amount {
        Some(amount) => amount.money()?,
        None => charge.amount,
    };
    if asked.currency != charge.amount.currency {
        return Err(Refusal::gateway(
            "804",
            "amount.currency",
            "Currency Mismatch",
        ));
    }
    let left = records.left_of(charge);
    if left <= 0 {
        return Err(Refusal::gateway(
            "809",
            "amount.total",
            "Amount No Longer Available",
        ));
    }
    if asked.minor > left {
        let message = "Amount is Greater Than Refund/Void";
        return Err(Refusal::gateway("810", "amount.total", message));
    }
    Ok((asked, paid(asked, left)))
}

pub(super) fn broken(_: io::Error) -> Refusal {
    Refusal::broken()
}
