//! How the gateway decides about a cancel: of a charge that has not settled, or of a refund whose
//! batch is still open.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Call;
use super::acceptance::{self, broken, fault_after};
use super::charges::Charge;
use super::envelope::{Envelope, opaque_id};
use super::records::Records;
use super::refunds::Refund;
use super::refusal::Refusal;
use super::request::{CancelRequest, Reference};
use crate::domain::money::Money;
use crate::sandbox::answer::Answer;
use crate::sandbox::course::{Course, one_refund};

/// The batch of a charge or a refund closes this long after it was accepted.
pub(super) const BATCH_OPEN: TimeDelta = TimeDelta::hours(12);
/// How long a repeated `Client-Request-Id` gets the first answer again.
const REPLAY: TimeDelta = TimeDelta::minutes(5);

/// What was canceled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Target {
    Charge,
    Refund,
}

/// An accepted cancel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Cancel {
    pub transaction_id: String,
    pub client_request_id: String,
    pub merchant_transaction_id: Option<String>,
    pub target: Target,
    /// The charge or refund.
    pub target_id: String,
    pub order_id: String,
    pub amount: Money,
    pub accepted_at: DateTime<Utc>,
}

impl Cancel {
    pub(super) fn course(&self) -> Course {
        Course::of(self.amount.minor)
    }

    fn correlation(&self) -> &str {
        self.merchant_transaction_id
            .as_deref()
            .unwrap_or(&self.client_request_id)
    }

    pub(super) fn is(&self, reference: Reference<'_>) -> bool {
        match reference {
            Reference::Transaction(id) => self.transaction_id == id,
            Reference::MerchantTransaction(id) => {
                self.merchant_transaction_id.as_deref() == Some(id)
            }
            Reference::ClientRequest(id) => self.client_request_id == id,
            Reference::Order(id) => self.order_id == id,
            Reference::MerchantOrder(_) => false,
        }
    }
}

/// Answers a cancel request.
pub(super) fn cancel(
    records: &mut Records,
    call: &Call,
    request: &CancelRequest,
) -> Result<Answer, Refusal> {
    request.check()?;
    let known = |it: &&Cancel| it.client_request_id == call.id;
    if let Some(first) = records.refunds.cancels().iter().find(known) {
        return match call.at - first.accepted_at <= REPLAY {
            true => reply(records, first),
            false => Err(refused("833", NOT_CANCELABLE)),
        };
    }
    let cancel = new_cancel(records, call, request)?;
    let course = cancel.course();
    let one = one_refund(cancel.correlation()).to_owned();
    if let Some(fault) = acceptance::strike(records, course, &one)? {
        return Ok(fault);
    }
    if course == Course::Failed {
        return declined(records, &cancel);
    }
    records.refunds.cancel(cancel.clone()).map_err(broken)?;
    fault_after(course).map_or_else(|| reply(records, &cancel), Ok)
}

const NOT_CANCELABLE: &str = "Unable to Cancel: Transaction Not in Captured or Authorized Status";

fn refused(code: &'static str, message: &'static str) -> Refusal {
    Refusal::gateway(code, "referenceTransactionDetails", message)
}

fn reply(records: &Records, cancel: &Cancel) -> Result<Answer, Refusal> {
    answer(records, cancel, cancel.course().cancel_state())
}

/// The host says no, with the status of a success (fact sheet 6.2, DECLINED).
fn declined(records: &Records, cancel: &Cancel) -> Result<Answer, Refusal> {
    answer(records, cancel, "DECLINED")
}

fn answer(records: &Records, cancel: &Cancel, state: &str) -> Result<Answer, Refusal> {
    let charge = records.charge_of(cancel);
    let envelope = Envelope::of_cancel(cancel, state, charge);
    let text = envelope.and_then(|it| serde_json::to_string(&it));
    // Both statuses are published for a cancel.
    let status = if cancel.target == Target::Charge {
        200
    } else {
        201
    };
    Ok(Answer::Json(status, text.map_err(|_| Refusal::broken())?))
}

/// The cancel this request makes, if every rule allows it.
fn new_cancel(records: &Records, call: &Call, request: &CancelRequest) -> Result<Cancel, Refusal> {
    let details = &request.transaction_details;
    let name = details.merchant_transaction_id.as_deref();
    if name.is_some_and(|name| records.is_named(name)) {
        return Err(Refusal::gateway(
            "757",
            "transactionDetails.merchantTransactionId",
            "Order/Transaction Already Exists in Database",
        ));
    }
    let reference = request.reference_transaction_details.only()?;
    let (target, target_id, order_id, whole) = found(records, call.at, reference)?;
    let amount = match &request.amount {
        Some(amount) => amount.money()?,
        None => whole,
    };
    if amount != whole {
        return Err(refused(
            "832",
            "Unable to Cancel: Amount Too Large, or Split Shipment With a Refund",
        ));
    }
    let number = records.refunds.cancels().len().to_string();
    Ok(Cancel {
        transaction_id: opaque_id(&["cancel", &number, &call.id]),
        client_request_id: call.id.clone(),
        merchant_transaction_id: details.merchant_transaction_id.clone(),
        target,
        target_id,
        order_id,
        amount,
        accepted_at: call.at,
    })
}

type Found = (Target, String, String, Money);

fn found(
    records: &Records,
    now: DateTime<Utc>,
    reference: Reference<'_>,
) -> Result<Found, Refusal> {
    let refund = match reference {
        Reference::Transaction(_) | Reference::MerchantTransaction(_) => records.refund(reference),
        _ => {
            return Err(Refusal::gateway(
                "803",
                "referenceTransactionDetails",
                "Transaction ID Missing",
            ));
        }
    };
    if let Some(refund) = refund {
        return of_refund(records, now, refund);
    }
    match records.charges.found_by(reference).first() {
        Some(charge) => of_charge(records, now, charge),
        None => Err(refused("831", "Unable to Cancel: No Transaction Found")),
    }
}

fn of_refund(records: &Records, now: DateTime<Utc>, refund: &Refund) -> Result<Found, Refusal> {
    let over = matches!(refund.state(refund.looks), "DECLINED" | "VOIDED");
    if over || records.is_canceled(&refund.transaction_id) {
        return Err(refused("833", NOT_CANCELABLE));
    }
    // What was never captured is in no batch.
    let in_batch = !refund.authorised_only || refund.captured_at.is_some();
    if in_batch && now - refund.accepted_at > BATCH_OPEN {
        return Err(refused("829", "Unable to Cancel: Transaction Settled"));
    }
    let id = refund.transaction_id.clone();
    Ok((Target::Refund, id, refund.order_id.clone(), refund.approved))
}

fn of_charge(records: &Records, now: DateTime<Utc>, charge: &Charge) -> Result<Found, Refusal> {
    if records.is_canceled(&charge.transaction_id) {
        return Err(refused("833", NOT_CANCELABLE));
    }
    if charge.is_settled(now) {
        return Err(refused("829", "Unable to Cancel: Transaction Settled"));
    }
    if records.left_of(charge) != charge.amount.minor {
        return Err(refused("827", "Unable to Cancel"));
    }
    let id = charge.transaction_id.clone();
    Ok((Target::Charge, id, charge.order_id.clone(), charge.amount))
}
