//! The class table of gRPC statuses (fact sheet 6): *certainly not made*, *perhaps made*, *made, but
//! Prism complains*. One code means different things, so code and text must both fit.

use tonic::Code;

use super::Refusal;
use crate::domain::evidence::Evidence;
use crate::providers::http::line;

/// Before the connector's HTTP status, which is all that is left of its answer.
const CONNECTOR_SAID: &str = "Connector returned an error response with status ";
/// Says that the refund was made and that Prism did not like its amount.
const INTEGRITY: &str = "Integrity check failed";

/// The connector's statuses that prove that there is no refund, each with the code it comes in.
/// Others, 409 and every 5xx among them, prove nothing.
const NOT_MADE: [(u16, Code); 7] = [
    (400, Code::InvalidArgument),
    (401, Code::Unauthenticated),
    (402, Code::Unknown),
    (403, Code::PermissionDenied),
    (404, Code::NotFound),
    (422, Code::Unknown),
    (429, Code::ResourceExhausted),
];
/// Those of them after which the same refund may go again by itself (T8).
const TURNED_AWAY: [u16; 3] = [401, 403, 429];

/// How texts about the request itself begin: Prism asked no connector.
const OWN_TEXTS: [&str; 5] = [
    "Missing ",
    "Invalid data format",
    "Invalid connector configuration",
    "Failed to obtain authentication type",
    "This feature is not implemented",
];
/// The same, anywhere in the text.
const NOT_SUPPORTED: &str = "not supported";
/// The codes in which texts about the request itself come; INTERNAL never proves anything.
const OWN_CODES: [Code; 4] = [
    Code::InvalidArgument,
    Code::FailedPrecondition,
    Code::Unauthenticated,
    Code::Unimplemented,
];

/// What a status in place of an answer to a refund proves.
pub fn of_refund(refusal: &Refusal) -> Evidence {
    if let Some(status) = connector_status(refusal) {
        return match NOT_MADE.contains(&(status, refusal.code)) {
            true if TURNED_AWAY.contains(&status) => Evidence::TurnedAway,
            true => Evidence::Refused,
            false => Evidence::Doubt,
        };
    }
    match is_about_the_request(refusal) || is_unknown_call(refusal) {
        true => Evidence::Refused,
        false => Evidence::Doubt,
    }
}

/// The amounts, asked and made, of a refund that was made with another amount.
pub fn other_amount(refusal: &Refusal) -> Option<(i64, i64)> {
    let text = refusal.message.strip_prefix(INTEGRITY)?;
    let text = text.strip_prefix(" for fields: refund_amount expected ")?;
    let (expected, found) = text.split_once(" but found ")?;
    let is_internal = refusal.code == Code::Internal;
    is_internal.then_some((expected.parse().ok()?, found.parse().ok()?))
}

/// What a status in place of an answer to a look proves about the refund: hardly anything.
pub fn of_look(refusal: &Refusal) -> Evidence {
    match (connector_status(refusal), refusal.code) {
        (Some(404), Code::NotFound) => Evidence::NotFound,
        _ => Evidence::Doubt,
    }
}

/// Whether the connector does not know who calls: its token ended, or the key is wrong.
pub fn is_turned_away(refusal: &Refusal) -> bool {
    connector_status(refusal) == Some(401)
}

/// The connector's HTTP status, where the text is only that.
pub fn connector_status(refusal: &Refusal) -> Option<u16> {
    let number = refusal.message.strip_prefix(CONNECTOR_SAID)?;
    let digits = number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| digits)
}

fn is_about_the_request(refusal: &Refusal) -> bool {
    let text = &refusal.message;
    let named =
        OWN_TEXTS.iter().any(|begin| text.starts_with(begin)) || text.contains(NOT_SUPPORTED);
    named && !text.contains(CONNECTOR_SAID) && OWN_CODES.contains(&refusal.code)
}

/// A server of another age does not know the call (fact sheet 1).
fn is_unknown_call(refusal: &Refusal) -> bool {
    refusal.code == Code::Unimplemented && refusal.message.is_empty()
}

/// The HTTP status that stands for it: the connector's, else the one Prism's own HTTP mode would
/// give (fact sheet 9).
pub fn http_status(refusal: &Refusal) -> u16 {
    connector_status(refusal).unwrap_or(match refusal.code {
        Code::Ok => 200,
        Code::Cancelled => 408,
        Code::InvalidArgument => 400,
        Code::DeadlineExceeded => 504,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::PermissionDenied => 403,
        Code::ResourceExhausted => 429,
        Code::FailedPrecondition => 412,
        Code::OutOfRange => 416,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::Unauthenticated => 401,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
    })
}

/// The status in one line for people.
pub fn words(refusal: &Refusal) -> String {
    let text = refusal.message.as_str();
    let said = match connector_status(refusal) {
        Some(status) => format!("the connector answered HTTP {status}"),
        None if text.starts_with(INTEGRITY) => {
            format!("the refund was made, but not as asked; look at the connector: {text}")
        }
        None if is_unknown_call(refusal) => "the server does not know this call".to_owned(),
        None => format!("{:?}: {text}", refusal.code),
    };
    line(&said)
}
