//! What a response proves (fact sheet 5, 7, 8 and 10; domain.md T8–T12).
//!
//! Every rule here names what it accepts; whatever no rule names is [`Evidence::Doubt`].

use super::codes;
use super::wire::{Complaint, Reply};
use crate::domain::cause::Unpaid;
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::text::clean;
use crate::providers::Finding;
use crate::providers::http::redact::redact;
use crate::providers::http::{Failure, Response, line};

/// Longest id of the network's that is believed to be one (fact sheet 4).
const ID_MAX_CHARS: usize = 35;
/// A status is exactly as long (fact sheet 5.1).
const STATUS_CHARS: usize = 4;
/// The status that says no (fact sheet 9).
const REJECTED: &str = "RJCT";
/// Refused for good, where the body says so (T9).
const REFUSED: u16 = 400;
/// The statuses that say the request was not looked at (T8).
const TURNED_AWAY: [u16; 3] = [401, 403, 429];

/// Evidence and the words for it.
struct Ruling {
    evidence: Evidence,
    said: String,
    refund_id: Option<String>,
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

    fn report(status: Reported, said: impl Into<String>) -> Self {
        let evidence = Evidence::Report {
            status,
            amount: None,
        };
        Self::new(evidence, said)
    }

    fn doubt(why: &str, said: &str) -> Self {
        let said = [why, said].into_iter().filter(|part| !part.is_empty());
        Self::new(Evidence::Doubt, said.collect::<Vec<_>>().join(": "))
    }
}

/// What the answer to a refund account request proves. The request moves no money: what it asks for is
/// the account that we then pay to. `ours` is the request's `messageId`.
pub fn of_refund(response: &Response, ours: &str) -> Finding {
    rule(response, ours, codes::refuses, |reply| {
        let Some(id) = reply.refund_id().filter(|it| is_reference(it)) else {
            return Ruling::doubt("the answer names no refund", "");
        };
        let Some(status) = reply.refund_status().filter(|it| is_status(it)) else {
            return Ruling::doubt("the answer says not how the refund request stands", "");
        };
        let ruling = match status.as_str() {
            // No account will come, and without one nothing can be paid.
            REJECTED => Ruling::report(
                Reported::Failed,
                format!("{status}: the network rejects the request; nothing was paid"),
            ),
            _ => Ruling::report(
                Reported::Pending,
                format!("{status}: asked for the payer's account"),
            ),
        };
        Ruling {
            refund_id: Some(id),
            ..ruling
        }
    })
}

/// What the answer to a confirmation proves. One that speaks of a copy may have been heard before.
pub fn of_confirmation(response: &Response, ours: &str) -> Finding {
    rule(response, ours, codes::refuses, |_| {
        Ruling::report(
            Reported::Succeeded,
            "the network took note that it was paid",
        )
    })
}

/// What became of a question or an advice of ours: taken in, or not. Nothing more is in it (fact sheet
/// 5.5 and 6.3).
pub fn of_errand(response: &Response, ours: &str) -> Finding {
    let asked = Reply::read(&response.body).and_then(|reply| reply.retrieval());
    let finding = rule(
        response,
        ours,
        |_| true,
        |reply| {
            let status = reply.retrieval().map(|(_, status)| status);
            let status = status.map_or(String::new(), |status| format!(", {status}"));
            Ruling::report(Reported::Succeeded, format!("taken in{status}"))
        },
    );
    let id = asked.map(|(id, _)| id).filter(|id| is_reference(id));
    match finding.evidence {
        Evidence::Report { .. } => Finding {
            support_id: id.or(finding.support_id),
            ..finding
        },
        _ => finding,
    }
}

fn rule(
    response: &Response,
    ours: &str,
    refuses: impl Fn(&Complaint) -> bool,
    accepted: impl FnOnce(&Reply) -> Ruling,
) -> Finding {
    let Some(reply) = Reply::read(&response.body) else {
        let what = match response.body.is_empty() {
            true => "the answer is empty",
            false => "the answer cannot be read",
        };
        let ruling = Ruling::doubt(&http_words(response.status), what);
        return finding(response, None, ruling);
    };
    let complaints = reply.complaints();
    let ruling = match (response.status, complaints) {
        (200..=299, None) if !reply.is_error() => match reply.original_message_id() {
            Some(theirs) if theirs == ours => accepted(&reply),
            Some(_) => Ruling::doubt("the answer is about another message", ""),
            None => Ruling::doubt("the answer names no message", ""),
        },
        (200..=299, _) => Ruling::doubt("agreed to, yet with an error", &words(&reply)),
        (REFUSED, Some(complaints)) if complaints.iter().all(refuses) => {
            let codes = complaints.iter().filter_map(|it| it.code.as_deref());
            Ruling {
                unpaid: codes::unpaid(codes),
                ..Ruling::new(Evidence::Refused, told("refused, HTTP 400", &words(&reply)))
            }
        }
        (status, Some(_)) if TURNED_AWAY.contains(&status) => Ruling::new(
            Evidence::TurnedAway,
            told(&format!("turned away, HTTP {status}"), &words(&reply)),
        ),
        (status, _) => Ruling::doubt(&http_words(status), &words(&reply)),
    };
    finding(response, reply.message_id(), ruling)
}

/// What a failed exchange proves about the request it was to send.
pub fn of_failed_send(failure: &Failure) -> Finding {
    let (evidence, status) = match failure {
        Failure::NotSent { .. } => (Evidence::NotSent, None),
        Failure::Doubtful { status, .. } => (Evidence::Doubt, *status),
    };
    Finding {
        http_status: status,
        ..Finding::new(evidence, failure.said())
    }
}

fn http_words(status: u16) -> String {
    format!("HTTP {status}, outcome open")
}

/// Every code and description of an error, our label for a code first. Codes stand as they came.
fn words(reply: &Reply) -> String {
    let complaints = reply.complaints().unwrap_or_default();
    let each = complaints.into_iter().map(|it| {
        let code = it.code.map(|code| match codes::label(&code) {
            Some(label) => format!("{code} {label}"),
            None => code,
        });
        let words = [code, it.description, it.details].into_iter().flatten();
        words.collect::<Vec<_>>().join(" ")
    });
    let each: Vec<String> = each.filter(|it| !it.is_empty()).collect();
    each.join("; ")
}

fn told(what: &str, words: &str) -> String {
    match words {
        "" => what.to_owned(),
        words => format!("{what}: {words}"),
    }
}

fn is_status(text: &str) -> bool {
    text.len() == STATUS_CHARS && text.bytes().all(|it| it.is_ascii_alphanumeric())
}

/// Whether it looks like an id of the network's.
fn is_reference(text: &str) -> bool {
    (1..=ID_MAX_CHARS).contains(&text.chars().count()) && clean(text) == text
}

fn finding(response: &Response, support_id: Option<String>, ruling: Ruling) -> Finding {
    Finding {
        http_status: Some(response.status),
        // In doubt the id may be of something else.
        provider_refund_id: ruling.refund_id,
        unpaid: ruling.unpaid,
        support_id: support_id.filter(|it| is_reference(it)),
        raw: redact(&response.body),
        retry_after: response.retry_after,
        provider_time: response.provider_time,
        ..Finding::new(ruling.evidence, line(&ruling.said))
    }
}

#[cfg(test)]
mod tests;
