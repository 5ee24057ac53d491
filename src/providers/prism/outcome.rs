//! What an answer of Prism proves about a refund (fact sheet 2, 3 and 6).
//!
//! Every rule here names what it accepts; whatever no rule names is [`Evidence::Doubt`].

use prost::Message;
use serde_json::json;

use super::client::{Answer, Refusal};
use super::currencies::Amounts;
use super::requests::is_id;
use super::wire::{Amount, ConnectorDetails, ErrorInfo, RefundResponse};
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::money::Money;
use crate::providers::Finding;
use crate::providers::http::redact::redact;
use crate::providers::http::{Failure, line};

mod payment;
mod status;

pub use payment::not_refundable;
pub use status::{http_status, is_turned_away, words};

/// `RefundStatus` (fact sheet 3). Its 0 and every number not listed here leave the outcome open.
const FAILURE: i32 = 1;
const MANUAL_REVIEW: i32 = 2;
const PENDING: i32 = 3;
const SUCCESS: i32 = 4;
const TRANSACTION_FAILURE: i32 = 5;

/// How one answer reads, error and status taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Paid,
    Underway,
    /// The connector waits for a person; it can still be asked.
    InReview,
    NotPaid,
    /// Open, and why.
    Open(&'static str),
}

/// What the answer to a refund proves.
pub fn of_refund(answer: &Answer, amounts: &Amounts, asked: Money) -> Finding {
    let message = match read(answer) {
        Ok(message) => message,
        Err(refusal) => {
            let evidence = made_otherwise(refusal, amounts, asked)
                .unwrap_or_else(|| status::of_refund(refusal));
            return of_status(answer, evidence, refusal);
        }
    };
    let Some(message) = message else {
        return unreadable(answer);
    };
    let evidence = match judge(&message) {
        // The connector answered the refund itself with no: there is none.
        Verdict::NotPaid => Ok(Evidence::Refused),
        verdict => reported(verdict, &message, amounts, asked),
    };
    finding(answer, &message, evidence)
}

/// Made, but Prism complains: what it says was really made is held, where that is certain.
fn made_otherwise(refusal: &Refusal, amounts: &Amounts, asked: Money) -> Option<Evidence> {
    let (expected, found) = status::other_amount(refusal)?;
    let written = amounts.write(asked).ok()?;
    let found = Amount {
        minor_amount: found,
        ..written
    };
    let made = amounts.read(found, asked.currency)?;
    let is_certain = expected == written.minor_amount && made.is_positive();
    is_certain.then_some(Evidence::Report {
        status: Reported::Unclear,
        amount: Some(made),
    })
}

/// What the answer to a look proves about the refund of this id.
pub fn of_look(answer: &Answer, id: &str, amounts: &Amounts, asked: Money) -> Finding {
    let message = match read(answer) {
        Ok(message) => message,
        Err(refusal) => return of_status(answer, status::of_look(refusal), refusal),
    };
    let Some(message) = message else {
        return unreadable(answer);
    };
    let told = &message.connector_refund_id;
    let evidence = match judge(&message) {
        _ if !told.is_empty() && told != id => Err("the answer is about another refund"),
        // It was accepted before, or it would have no id; one that was done before came back.
        Verdict::NotPaid => Ok(Evidence::Report {
            status: Reported::Reversed,
            amount: None,
        }),
        verdict => reported(verdict, &message, amounts, asked),
    };
    finding(answer, &message, evidence)
}

/// What a call without an answer proves.
pub fn of_failure(failure: &Failure) -> Finding {
    let evidence = match failure {
        Failure::NotSent { .. } => Evidence::NotSent,
        Failure::Doubtful { .. } => Evidence::Doubt,
    };
    Finding::new(evidence, failure.said())
}

/// What a look without an answer proves: nothing of the refund.
pub fn of_failed_look(failure: &Failure) -> Finding {
    Finding::new(Evidence::Doubt, failure.said())
}

/// What the answer to a harmless question says of the account. A connector's own trouble with a
/// refund that does not exist is no trouble of ours.
pub fn of_probe(answer: &Answer) -> Finding {
    let (status, said) = match &answer.said {
        Ok(_) => (200, "it answers".to_owned()),
        Err(refusal) => match (status::connector_status(refusal), http_status(refusal)) {
            (None, 400 | 401 | 403 | 412) => (403, words(refusal)),
            (_, status @ (401 | 403)) => (status, words(refusal)),
            _ => (200, words(refusal)),
        },
    };
    Finding {
        http_status: Some(status),
        support_id: answer.support_id.clone(),
        provider_time: answer.provider_time,
        ..Finding::new(Evidence::Doubt, said)
    }
}

/// The message, where there is one that can be read.
fn read(answer: &Answer) -> Result<Option<RefundResponse>, &Refusal> {
    match &answer.said {
        Ok(bytes) => Ok(RefundResponse::decode(&bytes[..]).ok()),
        Err(refusal) => Err(refusal),
    }
}

/// The connector's HTTP status; 0 where none is told.
const fn is_success(status_code: u32) -> bool {
    matches!(status_code, 0 | 200..=299)
}

/// Error before status (fact sheet 3): beside an error the status may be of another list of words.
/// Before both the connector's HTTP status: an OK reply stands for a 2xx of the connector, and any
/// other beneath it proves nothing, whatever the words around it.
fn judge(message: &RefundResponse) -> Verdict {
    if !is_success(message.status_code) {
        return Verdict::Open("it stands for an answer of the connector that proves nothing");
    }
    let is_named = !message.connector_refund_id.is_empty();
    let stands = matches!(message.status, MANUAL_REVIEW | PENDING | SUCCESS);
    if has_error(message) {
        return match is_named && stands {
            // Documented never to come together.
            true => Verdict::Open("it has both an error and a refund"),
            false => Verdict::NotPaid,
        };
    }
    match message.status {
        _ if stands && message.error.as_ref().is_some_and(has_text) => {
            Verdict::Open("it has both an error and a refund")
        }
        _ if stands && !is_named => Verdict::Open("it names no refund"),
        SUCCESS => Verdict::Paid,
        PENDING => Verdict::Underway,
        MANUAL_REVIEW => Verdict::InReview,
        FAILURE | TRANSACTION_FAILURE => Verdict::NotPaid,
        _ => Verdict::Open("a status the desk does not know"),
    }
}

fn has_error(message: &RefundResponse) -> bool {
    let details = message
        .error
        .as_ref()
        .and_then(|it| it.connector_details.as_ref());
    details.is_some_and(|details| !texts(details).is_empty())
}

/// Later servers also fill other details than the connector's; alone they have never been seen.
fn has_text(error: &ErrorInfo) -> bool {
    let connector = error.connector_details.iter();
    let unified = error
        .unified_details
        .iter()
        .flat_map(|it| [&it.code, &it.message]);
    let issuer = error
        .issuer_details
        .iter()
        .flat_map(|it| [&it.code, &it.message]);
    let mut others = unified.chain(issuer).flatten();
    connector.flat_map(texts).next().is_some() || others.any(|text| !text.is_empty())
}

fn texts(details: &ConnectorDetails) -> Vec<&str> {
    let all = [&details.code, &details.message, &details.reason];
    let mut texts: Vec<&str> = all.into_iter().flatten().map(String::as_str).collect();
    texts.retain(|text| !text.is_empty());
    texts.dedup();
    texts
}

fn reported(
    verdict: Verdict,
    message: &RefundResponse,
    amounts: &Amounts,
    asked: Money,
) -> Result<Evidence, &'static str> {
    let status = match verdict {
        Verdict::Paid => Reported::Succeeded,
        Verdict::Underway => Reported::Pending,
        Verdict::InReview => Reported::ActionRequired,
        Verdict::NotPaid => Reported::Failed,
        Verdict::Open(why) => return Err(why),
    };
    let named = message
        .refund_amount
        .filter(|it| it.currency != 0 || it.minor_amount != 0);
    let amount = named.map(|it| amounts.read(it, asked.currency));
    match amount {
        Some(None) => Err("the amount it names cannot be read"),
        amount => Ok(Evidence::Report {
            status,
            amount: amount.flatten(),
        }),
    }
}

fn finding(
    answer: &Answer,
    message: &RefundResponse,
    evidence: Result<Evidence, &'static str>,
) -> Finding {
    let said = describe(message);
    let (evidence, said) = match evidence {
        Ok(evidence) => (evidence, said),
        Err(why) => (Evidence::Doubt, format!("{why}: {said}")),
    };
    let is_report = matches!(evidence, Evidence::Report { .. });
    let id = Some(&message.connector_refund_id).filter(|id| is_report && is_id(id));
    let trace = message.acquirer_reference_number.as_ref();
    let trace = trace.map(|it| line(&it.value)).filter(|it| !it.is_empty());
    Finding {
        http_status: connector_http(message),
        provider_refund_id: id.cloned(),
        trace,
        raw: redact(as_text(message).as_bytes()),
        support_id: answer.support_id.clone(),
        provider_time: answer.provider_time,
        ..Finding::new(evidence, line(&said))
    }
}

/// The connector's HTTP status beneath; 200 stands for the answer we did get.
fn connector_http(message: &RefundResponse) -> Option<u16> {
    let status = u16::try_from(message.status_code).unwrap_or(200);
    Some(if (100..=599).contains(&status) {
        status
    } else {
        200
    })
}

fn describe(message: &RefundResponse) -> String {
    let status = match message.status {
        MANUAL_REVIEW => "REFUND_MANUAL_REVIEW: it waits for a person at the connector".to_owned(),
        status => status_name(status),
    };
    let details = message
        .error
        .as_ref()
        .and_then(|it| it.connector_details.as_ref());
    let texts = details.map(texts).unwrap_or_default();
    match texts.is_empty() {
        true => status,
        false => format!("failed: {}", texts.join(", ")),
    }
}

fn status_name(status: i32) -> String {
    let name = match status {
        0 => "REFUND_STATUS_UNSPECIFIED",
        FAILURE => "REFUND_FAILURE",
        MANUAL_REVIEW => "REFUND_MANUAL_REVIEW",
        PENDING => "REFUND_PENDING",
        SUCCESS => "REFUND_SUCCESS",
        TRANSACTION_FAILURE => "REFUND_TRANSACTION_FAILURE",
        other => return format!("status {other}"),
    };
    name.to_owned()
}

/// The message as text that can be kept: only members that hold neither key nor person.
fn as_text(message: &RefundResponse) -> String {
    let details = message
        .error
        .as_ref()
        .and_then(|it| it.connector_details.as_ref());
    let amount = message.refund_amount.as_ref();
    let text = json!({
        "status": status_name(message.status),
        "connector_refund_id": message.connector_refund_id,
        "connector_transaction_id": message.connector_transaction_id,
        "merchant_refund_id": message.merchant_refund_id,
        "status_code": message.status_code,
        "refund_amount": amount.map(|it| json!({ "minor_amount": it.minor_amount, "currency": it.currency })),
        "error": details.map(|it| json!({ "code": it.code, "message": it.message, "reason": it.reason })),
    });
    text.to_string()
}

fn of_status(answer: &Answer, evidence: Evidence, refusal: &Refusal) -> Finding {
    let text = json!({ "grpc_status": refusal.code as i32, "message": refusal.message });
    Finding {
        http_status: Some(http_status(refusal)),
        raw: redact(text.to_string().as_bytes()),
        support_id: answer.support_id.clone(),
        provider_time: answer.provider_time,
        ..Finding::new(evidence, words(refusal))
    }
}

fn unreadable(answer: &Answer) -> Finding {
    Finding {
        support_id: answer.support_id.clone(),
        provider_time: answer.provider_time,
        http_status: Some(200),
        ..Finding::new(Evidence::Doubt, "the answer cannot be read")
    }
}

#[cfg(test)]
mod tests;
