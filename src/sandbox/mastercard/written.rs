//! The bodies that the network writes.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::bank::{Account, number_of};
use super::records::{Confirmation, Refund};
use super::{
    BANK_PARTICIPANT, BUSINESS_TYPE, CREDITOR_ID, CREDITOR_PARTICIPANT, NETWORK_PARTICIPANT,
};
use crate::domain::money::Money;

/// An answer: the response block and what belongs to it. The same question has the same answer.
pub(super) fn answer(to: &str, at: DateTime<Utc>, more: Value) -> String {
    let mut body = fields(json!({
        "initiatingPartyId": NETWORK_PARTICIPANT,
        "messageId": message_id(to, "answer"),
        "creationDateTime": written(at),
        "originalMessageId": to,
    }));
    body.extend(fields(more));
    Value::Object(body).to_string()
}

/// The answer to a refund that was taken in.
pub(super) fn taken_in(refund: &Refund) -> String {
    let more = json!({ "refund": {
        "refundRequestLifecycleId": refund.id,
        "refundRequestStatus": "INPR",
    } });
    answer(&refund.message_id, refund.accepted_at, more)
}

/// To the creditor's side: where the money is to go.
pub(super) fn advice(
    refund: &Refund,
    account: &Account,
    message: &str,
    at: DateTime<Utc>,
) -> String {
    call(
        message,
        at,
        json!({
            "paymentRequestLifecycleId": refund.payment_id,
            "refundRequestLifecycleId": refund.id,
            "debtorAccount": {
                "accountNumber": account.number,
                "clearingSystem": refund.method,
                "accountName": account.holder,
                "accountType": "PERS",
            },
        }),
    )
}

/// To the payer's bank: which account may this refund be paid to?
pub(super) fn account_asked(refund: &Refund, message: &str, at: DateTime<Utc>) -> String {
    let mut members = json!({
        "paymentRequestLifecycleId": refund.payment_id,
        "refundRequestLifecycleId": refund.id,
        "refundAmount": amount(refund.amount),
        "refundReason": refund.reason,
        "refundMethod": refund.method,
    });
    for (name, value) in [
        ("creditorRefundReference", &refund.reference),
        ("caseReferenceId", &refund.case),
    ] {
        if let Some(value) = value {
            members[name] = json!(value);
        }
    }
    call(
        message,
        at,
        json!({
            "refundRequestLifecycleId": refund.id,
            "creditor": creditor(),
            "debtor": debtor(&refund.payment_id),
            "refund": members,
        }),
    )
}

/// To the payer's bank: the creditor's side says whether it has paid.
pub(super) fn confirmed(
    refund: &Refund,
    confirmation: &Confirmation,
    retrieval: Option<&str>,
    message: &str,
    at: DateTime<Utc>,
) -> String {
    let mut more = json!({
        "paymentRequestLifecycleId": refund.payment_id,
        "refundRequestLifecycleId": refund.id,
        "creditor": creditor(),
        "status": { "refundStatus": confirmation.status },
    });
    if let Some(reason) = &confirmation.reason {
        more["status"]["refundStatusReason"] = json!(reason);
    }
    if let (Some(reference), Some(paid)) = (&confirmation.reference, confirmation.amount) {
        more["refundPaymentConfirmation"] = json!({
            "refundpaymentReference": reference,
            "clearingSystem": refund.method,
            "refundAmount": amount(paid),
        });
    }
    if let Some(retrieval) = retrieval {
        more["refundRequestStatusRetrievalLifecycleId"] = json!(retrieval);
    }
    call(message, at, more)
}

/// To the creditor's side: how does this refund stand?
pub(super) fn status_asked(
    payment: &str,
    refund: &str,
    retrieval: &str,
    message: &str,
    at: DateTime<Utc>,
) -> String {
    call(
        message,
        at,
        json!({
            "paymentRequestLifecycleId": payment,
            "refundRequestLifecycleId": refund,
            "refundRequestStatusRetrievalLifecycleId": retrieval,
        }),
    )
}

/// A call: the request block and what belongs to it.
fn call(message: &str, at: DateTime<Utc>, more: Value) -> String {
    let mut body = fields(json!({
        "initiatingPartyId": NETWORK_PARTICIPANT,
        "messageId": message,
        "creationDateTime": written(at),
        "businessType": BUSINESS_TYPE,
    }));
    body.extend(fields(more));
    Value::Object(body).to_string()
}

/// An id of 32 hex digits that is the same for the same words.
pub(super) fn message_id(of: &str, what: &str) -> String {
    let (first, second) = (number_of(of, what), number_of(what, of));
    format!("{first:016x}{second:016x}")
}

/// The same as a UUID.
pub(super) fn key(of: &str, what: &str) -> String {
    let id = message_id(of, what);
    format!(
        "{}-{}-4{}-8{}-{}",
        &id[..8],
        &id[8..12],
        &id[13..16],
        &id[17..20],
        &id[20..]
    )
}

fn creditor() -> Value {
    json!({
        "creditorId": CREDITOR_ID,
        "creditorServiceProviderId": CREDITOR_PARTICIPANT,
    })
}

fn debtor(payment: &str) -> Value {
    json!({
        "debtorId": format!("D{:012}", number_of(payment, "debtor") % 1_000_000_000_000),
        "debtorServiceProviderId": BANK_PARTICIPANT,
    })
}

/// The value is a JSON number, digit for digit.
fn amount(money: Money) -> Value {
    // Amounts have at most 14 digits, which JSON's numbers carry unchanged.
    let value = RawValue::from_string(money.decimal()).ok();
    let value = value.and_then(|raw| serde_json::to_value(raw).ok());
    json!({ "currency": money.currency.code(), "value": value })
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
