//! How the gateway decides about the capture of a refund that was only authorised: this pays it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Call;
use super::acceptance::{self, broken, fault_after};
use super::envelope::{Envelope, opaque_id};
use super::records::Records;
use super::refunds::Refund;
use super::refusal::Refusal;
use super::request::{Reference, RefundRequest};
use crate::domain::money::Money;
use crate::sandbox::accepted::Capturing;
use crate::sandbox::answer::Answer;
use crate::sandbox::course::Course;

/// How long a repeated `Client-Request-Id` gets the first answer again.
const REPLAY: TimeDelta = TimeDelta::minutes(5);

/// An accepted capture, of the whole of its refund.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Capture {
    pub transaction_id: String,
    pub client_request_id: String,
    pub merchant_transaction_id: Option<String>,
    pub refund_id: String,
    pub order_id: String,
    pub amount: Money,
    pub accepted_at: DateTime<Utc>,
}

impl Capture {
    /// A family is shown without them: a capture moves no more money than its refund.
    pub(super) fn is(&self, reference: Reference<'_>) -> bool {
        match reference {
            Reference::Transaction(id) => self.transaction_id == id,
            Reference::MerchantTransaction(id) => {
                self.merchant_transaction_id.as_deref() == Some(id)
            }
            Reference::ClientRequest(id) => self.client_request_id == id,
            Reference::Order(_) | Reference::MerchantOrder(_) => false,
        }
    }
}

impl Capturing<Refund> for Capture {
    fn refund_id(&self) -> &str {
        &self.refund_id
    }

    fn mark(&self, refund: &mut Refund) {
        (refund.captured_at, refund.looks) = (Some(self.accepted_at), 0);
    }
}

/// The refund that a refund request refers to, where it refers to one: then it is its capture.
pub(super) fn captured_by(records: &Records, request: &RefundRequest) -> Option<Refund> {
    match request.reference_transaction_details.only().ok()? {
        Reference::Transaction(id) => records.refunds.with_id(id).cloned(),
        _ => None,
    }
}

/// Answers the capture of a refund.
pub(super) fn capture(
    records: &mut Records,
    call: &Call,
    request: &RefundRequest,
    refund: &Refund,
) -> Result<Answer, Refusal> {
    let known = |it: &&Capture| it.client_request_id == call.id;
    if let Some(first) = records.refunds.captures().iter().find(known) {
        return match call.at - first.accepted_at <= REPLAY {
            true => reply(records, first),
            false => Err(not_authorised()),
        };
    }
    let capture = new_capture(records, call, request, refund)?;
    let course = refund.course();
    let one = format!("capture of {}", refund.transaction_id);
    if let Some(fault) = acceptance::strike(records, course, &one)? {
        return Ok(fault);
    }
    if course == Course::Failed {
        return answer(records, &capture, refund, "DECLINED");
    }
    records.refunds.capture(capture.clone()).map_err(broken)?;
    fault_after(course).map_or_else(|| reply(records, &capture), Ok)
}

fn reply(records: &Records, capture: &Capture) -> Result<Answer, Refusal> {
    let Some(refund) = records.refunds.with_id(&capture.refund_id) else {
        return Err(Refusal::broken());
    };
    answer(records, capture, refund, refund.state(0))
}

fn answer(
    records: &Records,
    capture: &Capture,
    refund: &Refund,
    state: &str,
) -> Result<Answer, Refusal> {
    let charge = records.charges.with_id(&refund.charge_id);
    let envelope = Envelope::of_capture(capture, state, charge);
    let text = envelope.and_then(|it| serde_json::to_string(&it));
    Ok(Answer::Json(201, text.map_err(|_| Refusal::broken())?))
}

/// The capture this request makes, if every rule allows it: the whole of a refund that is
/// authorised, once.
fn new_capture(
    records: &Records,
    call: &Call,
    request: &RefundRequest,
    refund: &Refund,
) -> Result<Capture, Refusal> {
    let details = &request.transaction_details;
    let name = details.merchant_transaction_id.as_deref();
    if name.is_some_and(|name| records.is_named(name)) {
        let field = "transactionDetails.merchantTransactionId";
        return Err(Refusal::gateway(
            "757",
            field,
            "Order/Transaction Already Exists in Database",
        ));
    }
    let waits = refund.authorised_only && refund.captured_at.is_none();
    let authorised = waits && refund.state(refund.looks) == "AUTHORIZED";
    let canceled = records.is_canceled(&refund.transaction_id);
    if !authorised || canceled || request.only_authorises() {
        return Err(not_authorised());
    }
    // Absent, it is the total of what was charged (fact sheet 3.3).
    let charge = records.charges.with_id(&refund.charge_id);
    let asked = match &request.amount {
        Some(amount) => Some(amount.money()?),
        None => charge.map(|charge| charge.amount),
    };
    if asked != Some(refund.approved) {
        let message = "Amount is Greater Than Refund/Void";
        return Err(Refusal::gateway("810", "amount.total", message));
    }
    let number = records.refunds.captures().len().to_string();
    Ok(Capture {
        transaction_id: opaque_id(&["capture", &number, &call.id]),
        client_request_id: call.id.clone(),
        merchant_transaction_id: details.merchant_transaction_id.clone(),
        refund_id: refund.transaction_id.clone(),
        order_id: refund.order_id.clone(),
        amount: refund.approved,
        accepted_at: call.at,
    })
}

fn not_authorised() -> Refusal {
    Refusal::gateway(
        "809",
        "referenceTransactionDetails",
        "Amount No Longer Available",
    )
}
