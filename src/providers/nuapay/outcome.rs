//! What a response proves about a refund (fact sheet 6 to 9 and 11; domain.md T8–T12).
//!
//! Every rule here names what it accepts; whatever no rule names is [`Evidence::Doubt`].

use std::time::Duration;

use super::client::NoAnswer;
use super::codes;
use super::wire::{Envelope, Named, Refund};
use crate::domain::cause::Unpaid;
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::money::Money;
use crate::domain::text::clean;
use crate::providers::http::redact::redact;
use crate::providers::http::{Failure, Response, line};
use crate::providers::{Asked, Finding};

mod inquiry;

pub use inquiry::{of_list, of_poll};

/// Longest id of the provider's that is believed to be one (fact sheet 3).
const ID_MAX_CHARS: usize = 255;
/// The statuses with which an attempt is refused for good (T9; fact sheet 8 and 11).
const REFUSALS: [u16; 5] = [400, 404, 405, 415, 422];
/// The statuses that say the request was not looked at (T8).
const TURNED_AWAY: [u16; 3] = [401, 403, 429];
/// Too many calls.
const THROTTLED: u16 = 429;
/// A throttled call waits this long unless told otherwise, and no longer or shorter than these
/// (fact sheet 11).
const WAIT: Duration = Duration::from_secs(5);
const WAIT_SHORTEST: Duration = Duration::from_secs(1);
const WAIT_LONGEST: Duration = Duration::from_mins(5);

/// How one refund of the provider's reads.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    /// It says how it stands.
    Stands(Reported, Option<Money>),
    /// Open, and why.
    Open(&'static str),
}

/// Evidence and the words for it.
struct Ruling {
    evidence: Evidence,
    said: String,
    /// What was ruled on, where that is more than the whole body.
    refund_id: Option<String>,
    /// Why nothing was paid, where the codes tell.
    unpaid: Option<Unpaid>,
}

impl Ruling {
    fn new(evidence: Evidence, said: impl Into<String>) -> Self {
        Self {
            evidence,
            said: said.into(),
            refund_id: None,
            unpaid: None,
        }
    }

    fn doubt(why: &str, said: &str) -> Self {
        let said = [why, said].into_iter().filter(|part| !part.is_empty());
        Self::new(Evidence::Doubt, said.collect::<Vec<_>>().join(": "))
    }

    /// What a refund says, in its own words.
    fn on(refund: &Refund, verdict: &Verdict, asked: Asked) -> Self {
        match verdict {
            Verdict::Stands(status, amount) => Self {
                refund_id: refund.id(),
                unpaid: (*status == Reported::Failed)
                    .then(|| codes::unpaid(refund.reasons().iter().map(String::as_str)))
                    .flatten(),
                ..Self::new(
                    Evidence::Report {
                        status: *status,
                        amount: *amount,
                    },
                    describe(refund, asked),
                )
            },
            Verdict::Open(why) => Self::doubt(why, &describe(refund, asked)),
        }
    }
}

/// What the answer to a refund proves.
pub fn of_reply(response: &Response, correlation: &str, asked: Asked) -> Finding {
    let ruling = match Envelope::read(&response.body) {
        Some(reply) => rule_on_reply(response.status, &reply, correlation, asked),
        None => unreadable(response),
    };
    finding(response, ruling)
}

fn rule_on_reply(status: u16, reply: &Envelope, correlation: &str, asked: Asked) -> Ruling {
    match status {
        200..=299 => accepted(reply, correlation, asked),
        _ if REFUSALS.contains(&status) => refusal(status, reply),
        _ if TURNED_AWAY.contains(&status) && is_plain_error(reply) => Ruling::new(
            Evidence::TurnedAway,
            told(&format!("turned away, HTTP {status}"), &complaints(reply)),
        ),
        _ => Ruling::doubt(&http_words(status), &complaints(reply)),
    }
}

/// Any 2xx with an id is a success, whatever its number (fact sheet 6).
fn accepted(reply: &Envelope, correlation: &str, asked: Asked) -> Ruling {
    let Some(refund) = reply.data().map(Refund::new) else {
        return Ruling::doubt("the answer names no refund", &complaints(reply));
    };
    let echoed = refund.end_to_end();
    let another = echoed.is_some_and(|echoed| echoed != correlation);
    let objections = [
        (reply.complains(), "agreed to, yet with an error"),
        (refund.id().is_none(), "the answer names no refund"),
        (another, "the answer is about another refund"),
    ];
    if let Some((_, why)) = objections.iter().find(|(holds, _)| *holds) {
        return Ruling::doubt(why, &describe(&refund, asked));
    }
    Ruling::on(&refund, &judge(&refund, asked), asked)
}

/// The codes of broken limits are not published, so every readable error counts as the refusal it
/// says it is, but for those that speak of a refund which may exist.
fn refusal(status: u16, reply: &Envelope) -> Ruling {
    let open = reply
        .complaints()
        .iter()
        .any(|it| codes::leaves_outcome_open(it.code.as_deref(), it.description.as_deref()));
    match is_plain_error(reply) && !open {
        true => Ruling {
            unpaid: codes::unpaid(
                reply
                    .complaints()
                    .iter()
                    .filter_map(|it| it.code.as_deref()),
            ),
            ..Ruling::new(
                Evidence::Refused,
                told(&format!("refused, HTTP {status}"), &complaints(reply)),
            )
        },
        false => Ruling::doubt(&http_words(status), &complaints(reply)),
    }
}

/// An error's envelope with nothing beside it that speaks of a refund.
fn is_plain_error(reply: &Envelope) -> bool {
    reply.is_error() && reply.data().is_none() && reply.entries().is_none()
}

/// Reads one refund; what contradicts itself leaves it open (fact sheet 9).
fn judge(refund: &Refund, asked: Asked) -> Verdict {
    let status = match refund.status().as_deref() {
        Some("REFUND_PENDING") => Reported::Pending,
        Some("REFUND_COMPLETE") => Reported::Succeeded,
        // The second is how an old page spells it (fact sheet 13, row 2).
        Some("REFUND_REJECTED" | "REFUND_REFJECTED") => Reported::Failed,
        Some("UNKNOWN") => return Verdict::Open("the provider does not know how it stands"),
        Some(_) => return Verdict::Open("a status the desk does not know"),
        None => return Verdict::Open("no status is given"),
    };
    let currency = asked.amount.currency;
    let amount = match refund.amount(currency) {
        Named::Of(amount) => Some(amount),
        Named::Nothing => None,
        Named::Unreadable => {
            return Verdict::Open("its amount is not one in the currency asked for");
        }
    };
    if status == Reported::Failed {
        return Verdict::Stands(status, None);
    }
    match refund.compensation(currency) {
        Named::Unreadable => Verdict::Open("its compensation is not an amount in the currency"),
        named if compensates(named, asked.compensation) => Verdict::Stands(status, amount),
        // The principal may be right; that the rest is not needs a person.
        _ => Verdict::Stands(Reported::ActionRequired, amount),
    }
}

fn compensates(named: Named, asked: Money) -> bool {
    match named {
        Named::Of(compensation) => compensation == asked,
        _ => asked.minor == 0,
    }
}

/// What a failed exchange proves about the refund it was to send. Without a token nothing of it
/// went out.
pub fn of_failed_send(no_answer: &NoAnswer) -> Finding {
    let evidence = match no_answer {
        NoAnswer::Token(_) | NoAnswer::Exchange(Failure::NotSent { .. }) => Evidence::NotSent,
        NoAnswer::Exchange(Failure::Doubtful { .. }) => Evidence::Doubt,
    };
    let (status, retry_after) = match no_answer {
        NoAnswer::Token(denied) => (denied.status, wait(denied.status, denied.retry_after)),
        NoAnswer::Exchange(Failure::Doubtful { status, .. }) => (*status, None),
        NoAnswer::Exchange(Failure::NotSent { .. }) => (None, None),
    };
    Finding {
        http_status: status,
        retry_after,
        ..Finding::new(evidence, no_answer.said())
    }
}

/// What a failed probe tells: without a token the provider did not answer, whatever was said instead
/// of one.
pub fn of_failed_probe(no_answer: &NoAnswer) -> Finding {
    let found = of_failed_look(no_answer);
    let told = match no_answer {
        NoAnswer::Token(_) => found
            .http_status
            .filter(|status| matches!(status, 401 | 403)),
        NoAnswer::Exchange(_) => found.http_status,
    };
    Finding {
        http_status: told,
        ..found
    }
}

/// What a failed look proves: nothing. That the *look* was not made says nothing about the refund.
pub fn of_failed_look(no_answer: &NoAnswer) -> Finding {
    Finding {
        evidence: Evidence::Doubt,
        ..of_failed_send(no_answer)
    }
}

/// What an answer says of the provider itself, and nothing of any refund.
pub fn of_probe(response: &Response) -> Finding {
    let ruling = match Envelope::read(&response.body) {
        Some(reply) => Ruling::doubt(&format!("HTTP {}", response.status), &complaints(&reply)),
        None => unreadable(response),
    };
    finding(response, ruling)
}

/// An answer that cannot be used, and why.
pub fn of_unusable(response: &Response, why: &str) -> Finding {
    finding(response, Ruling::doubt(why, ""))
}

/// No answer at all, and why that is nothing to go by.
pub fn of_nothing(why: &str) -> Finding {
    Finding::new(Evidence::Doubt, why)
}

fn unreadable(response: &Response) -> Ruling {
    let what = match response.body.is_empty() {
        true => "the answer is empty",
        false => "the answer cannot be read",
    };
    Ruling::doubt(&http_words(response.status), what)
}

fn http_words(status: u16) -> String {
    format!("HTTP {status}, outcome open")
}

/// Every code and description of an error, our label for a code first.
fn complaints(reply: &Envelope) -> String {
    let complaints = reply.complaints().into_iter().map(|it| {
        let field = it.field.map(|field| format!("({field})"));
        let code = it.code.as_deref().map(labelled);
        let words = [code, field, it.description].into_iter().flatten();
        words.collect::<Vec<_>>().join(" ")
    });
    let complaints: Vec<String> = complaints.filter(|it| !it.is_empty()).collect();
    complaints.join("; ")
}

fn told(what: &str, words: &str) -> String {
    match words {
        "" => what.to_owned(),
        words => format!("{what}: {words}"),
    }
}

fn labelled(code: &str) -> String {
    match codes::label(code) {
        Some(label) => format!("{code} {label}"),
        None => code.to_owned(),
    }
}

/// Status, reasons, and what differs from what was asked.
fn describe(refund: &Refund, asked: Asked) -> String {
    let mut said = refund.status().unwrap_or_default();
    let reasons = refund.reasons();
    let reasons: Vec<String> = reasons.iter().map(|code| labelled(code)).collect();
    if !reasons.is_empty() {
        said = format!("{said}, {}", reasons.join(", "));
    }
    let compensation = refund.compensation(asked.amount.currency);
    if !compensates(compensation, asked.compensation) {
        let named = match compensation {
            Named::Of(amount) => amount.to_string(),
            _ => "none".to_owned(),
        };
        let asked = asked.compensation;
        said = format!("{said}, compensation is {named} where {asked} was asked");
    }
    said
}

/// A reference of the provider's, when it looks like one.
fn reference(text: Option<String>) -> Option<String> {
    text.filter(|text| text.chars().count() <= ID_MAX_CHARS && clean(text) == *text)
}

fn wait(status: Option<u16>, asked: Option<Duration>) -> Option<Duration> {
    match status {
        Some(THROTTLED) => Some(asked.unwrap_or(WAIT).clamp(WAIT_SHORTEST, WAIT_LONGEST)),
        _ => asked.map(|it| it.clamp(WAIT_SHORTEST, WAIT_LONGEST)),
    }
}

fn finding(response: &Response, ruling: Ruling) -> Finding {
    // In doubt the id may be of something else; the next inquiry then goes by our own reference.
    let names_refund = matches!(ruling.evidence, Evidence::Report { .. });
    Finding {
        http_status: Some(response.status),
        provider_refund_id: reference(ruling.refund_id.filter(|_| names_refund)),
        unpaid: ruling.unpaid,
        raw: redact(&response.body),
        retry_after: wait(Some(response.status), response.retry_after),
        provider_time: response.provider_time,
        ..Finding::new(ruling.evidence, line(&ruling.said))
    }
}

#[cfg(test)]
mod tests;
