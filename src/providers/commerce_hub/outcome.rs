//! What a response proves about a refund (fact sheet 6.2, 7, 8.3; domain.md T8–T12).
//!
//! Every rule here names what it accepts; whatever no rule names is [`Evidence::Doubt`].

use super::codes::{self, Signal};
use super::wire::{self, Approved, Envelope, ErrorEntry};
use crate::domain::cause::Unpaid;
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::money::Money;
use crate::domain::text::clean;
use crate::providers::http::redact::redact;
use crate::providers::http::{Failure, Response, line};
use crate::providers::{Deed, Finding};

mod inquiry;
mod order;

pub use inquiry::{of_inquiry, of_probe};
pub use order::{order_of, refunds_of_order};

/// Longest id of the provider's that is believed to be one.
const ID_MAX_CHARS: usize = 128;

/// The statuses of the payments API that may carry a refusal (T9).
const REFUSALS: [u16; 5] = [400, 404, 405, 415, 422];
/// The statuses that say the request was not looked at (T8). The fact sheet would let a 503 of the
/// API gateway in front count too; T11 and the sandbox's `.08` keep every 5xx in doubt.
const TURNED_AWAY: [u16; 3] = [401, 403, 429];
/// The path that the API gateway in front does not know (fact sheet 7.2).
const UNKNOWN_PATH: u16 = 404;

/// What a `transactionState` says about a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StateClass {
    Done,
    Underway,
    NotPaid,
    Undone,
}

/// `transactionState` of a refund (fact sheet 6.2). `GATEWAY_ERROR` and `TIMEOUT` are absent like
/// any state we do not know: their outcome is open.
const STATES: [(&str, StateClass); 15] = [
    ("CAPTURED", StateClass::Done),
    ("SETTLED", StateClass::Done),
    ("APPROVED", StateClass::Done),
    ("SUCCEEDED", StateClass::Done),
    ("AUTHORIZED", StateClass::Underway),
    ("PENDING", StateClass::Underway),
    ("WAITING", StateClass::Underway),
    ("PROCESSING", StateClass::Underway),
    ("INITIALIZED", StateClass::Underway),
    ("READY", StateClass::Underway),
    ("DECLINED", StateClass::NotPaid),
    ("REJECTED", StateClass::NotPaid),
    ("FAILED", StateClass::NotPaid),
    ("CANCELLED", StateClass::NotPaid),
    ("VOIDED", StateClass::Undone),
];

/// What a record is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A refund that was sent to be paid.
    Refund,
    /// A refund that was sent to be authorised, and is paid when it is captured.
    Authorisation,
    /// A refund of which the desk lost what it sent: the record's own flag tells.
    Lost,
    /// The capture of an authorised refund.
    Capture,
    /// A cancel: of a payment, or of a refund.
    Cancel,
}

impl Subject {
    /// The provider's word for a deed, of which `body` was sent. What was sent tells what AUTHORIZED
    /// means: a setting may have changed since, and the flag is not always echoed.
    pub fn of(deed: Deed, body: &[u8]) -> Self {
        match deed {
            Deed::Refund => match wire::captures_at_once(body) {
                Some(true) => Self::Refund,
                Some(false) => Self::Authorisation,
                None => Self::Lost,
            },
            Deed::Capture => Self::Capture,
            Deed::Confirm => Self::Lost,
            Deed::Void | Deed::Stop => Self::Cancel,
        }
    }

    /// Whether an agreed record, not final, is one that waits for its capture.
    fn is_authorised(self, record: &Envelope) -> bool {
        let told = match self {
            Self::Authorisation => true,
            Self::Lost => record.waits_for_capture(),
            Self::Refund | Self::Capture | Self::Cancel => false,
        };
        let state = record.state();
        told && state.is_some_and(|state| state.eq_ignore_ascii_case("AUTHORIZED"))
            && signals(record).all(|signal| signal != Signal::Waits)
    }

    /// False when the record is of another kind of transaction. Refunds are not always named, a
    /// cancel must be: a charge that was authorised looks just like it (fact sheet 5).
    fn fits(self, record: &Envelope) -> bool {
        match self {
            Self::Refund | Self::Authorisation | Self::Lost => record.may_be_refund(),
            Self::Capture => record.may_be_capture(),
            Self::Cancel => record.is_cancel(),
        }
    }

    /// What a `transactionState` says. A cancel that went through reads AUTHORIZED or VOIDED (fact
    /// sheet 5).
    fn class_of(self, state: &str) -> Option<StateClass> {
        match (self, class_of(state)?) {
            (Self::Cancel, StateClass::Undone) => Some(StateClass::Done),
            (Self::Cancel, _) if state.eq_ignore_ascii_case("AUTHORIZED") => Some(StateClass::Done),
            (Self::Cancel, StateClass::Done) => None,
            (_, class) => Some(class),
        }
    }

    /// Whether an error code proves that nothing was done.
    fn disproved_by(self, code: &str) -> bool {
        match self {
            Self::Refund | Self::Authorisation | Self::Lost | Self::Capture => {
                codes::proves_not_executed(code)
            }
            Self::Cancel => codes::proves_not_canceled(code),
        }
    }
}

/// How one record of a refund reads, all its signals taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Paid,
    Underway,
    /// Waits for its capture.
    Authorised,
    /// Not paid; `proven` when a code says so, not the state alone.
    NotPaid {
        proven: bool,
    },
    Undone,
    /// Open, and why.
    Open(&'static str),
}

/// Evidence and the words for it.
struct Ruling {
    evidence: Evidence,
    said: String,
}

impl Ruling {
    fn new(evidence: Evidence, said: impl Into<String>) -> Self {
        let said = said.into();
        Self { evidence, said }
    }

    fn doubt(why: &str, said: &str) -> Self {
        let said = [why, said].into_iter().filter(|part| !part.is_empty());
        Self::new(Evidence::Doubt, said.collect::<Vec<_>>().join(": "))
    }

    fn report(status: Reported, amount: Option<Money>, said: String) -> Self {
        Self::new(Evidence::Report { status, amount }, said)
    }
}

/// What the answer to a refund proves.
pub fn of_reply(what: Subject, response: &Response, correlation: &str, asked: Money) -> Finding {
    match Envelope::read(&response.body) {
        Some(reply) if reply.says_something() => {
            let ruling = rule_on_reply(what, response.status, &reply, correlation, asked);
            finding(response, ruling, Some(&reply))
        }
        _ => finding(response, unreadable(response), None),
    }
}

fn rule_on_reply(
    what: Subject,
    status: u16,
    reply: &Envelope,
    correlation: &str,
    asked: Money,
) -> Ruling {
    let said = describe(reply);
    let echoed = reply.merchant_transaction_id();
    if echoed.is_some_and(|echoed| echoed != correlation) {
        return Ruling::doubt("the answer is about another refund", &said);
    }
    match status {
        200..=299 => accepted(what, reply, asked, said),
        _ if REFUSALS.contains(&status) => refusal(what, status, reply, asked, said),
        _ if TURNED_AWAY.contains(&status) && is_unprocessed(reply) => Ruling::new(
            Evidence::TurnedAway,
            format!("turned away, HTTP {status}: {said}"),
        ),
        _ => Ruling::doubt(&http_words(status), &said),
    }
}

fn accepted(what: Subject, reply: &Envelope, asked: Money, said: String) -> Ruling {
    let amount = named_amount(reply, asked);
    match judge(what, reply, asked) {
        Verdict::Paid => Ruling::report(Reported::Succeeded, amount, said),
        Verdict::Underway => Ruling::report(Reported::Pending, amount, said),
        Verdict::Authorised => Ruling::report(Reported::Authorised, amount, said),
        Verdict::Undone => Ruling::report(Reported::Reversed, amount, said),
        Verdict::NotPaid { proven: true } => Ruling::new(Evidence::Refused, said),
        Verdict::NotPaid { proven: false } => Ruling::doubt("refused without a reason", &said),
        Verdict::Open(why) => Ruling::doubt(why, &said),
    }
}

fn refusal(what: Subject, status: u16, reply: &Envelope, asked: Money, said: String) -> Ruling {
    let verdict = match reply.state() {
        Some(_) => judge(what, reply, asked),
        None => not_paid(what, reply, asked),
    };
    let codeless = reply.errors().iter().all(|error| error.code().is_none());
    let path_unknown = status == UNKNOWN_PATH && codeless && is_only_api_gateway(reply);
    if path_unknown && is_unprocessed(reply) || verdict == (Verdict::NotPaid { proven: true }) {
        return Ruling::new(Evidence::Refused, said);
    }
    Ruling::doubt(&http_words(status), &said)
}

/// Whether nothing in the body speaks against the status's word that it was not processed.
fn is_unprocessed(reply: &Envelope) -> bool {
    let open = reply.errors().into_iter().filter_map(ErrorEntry::code);
    reply
        .state()
        .is_none_or(|state| class_of(state) == Some(StateClass::NotPaid))
        && !open.into_iter().any(codes::leaves_outcome_open)
        && signals(reply).all(|signal| matches!(signal, Signal::Declines | Signal::Failed))
}

fn is_only_api_gateway(reply: &Envelope) -> bool {
    let errors = reply.errors();
    !errors.is_empty() && errors.iter().all(|error| error.is_from_api_gateway())
}

fn class_of(state: &str) -> Option<StateClass> {
    let state = state.to_ascii_uppercase();
    let known = STATES.iter().find(|(name, _)| *name == state);
    known.map(|(_, class)| *class)
}

fn signals(record: &Envelope) -> impl Iterator<Item = Signal> {
    let status = record.approval_status().map(codes::of_approval_status);
    let code = record.response_code().map(codes::of_response_code);
    status.into_iter().chain(code)
}

/// Reads one record; signals that contradict each other leave it open.
fn judge(what: Subject, record: &Envelope, asked: Money) -> Verdict {
    let class = record.state().map(|state| what.class_of(state));
    // What refuses a cancel is not always named as one.
    let refuses = class == Some(Some(StateClass::NotPaid)) && record.may_be_cancel();
    if !(what.fits(record) || what == Subject::Cancel && refuses) {
        return Verdict::Open("it is about another kind of transaction");
    }
    match class {
        None => Verdict::Open("no state is given"),
        Some(None) => Verdict::Open("a state the desk does not know"),
        Some(Some(StateClass::NotPaid)) => not_paid(what, record, asked),
        Some(Some(_)) if what == Subject::Cancel && !is_approved(record) => {
            Verdict::Open("a cancel that is not said to be approved")
        }
        Some(Some(class)) => match agreed(class, record, asked) {
            Verdict::Underway if what.is_authorised(record) => Verdict::Authorised,
            verdict => verdict,
        },
    }
}

/// A cancel counts only with the word that it was approved (fact sheet 5).
fn is_approved(record: &Envelope) -> bool {
    let status = record.approval_status().map(codes::of_approval_status);
    matches!(status, Some(Signal::Approves | Signal::Waits))
}

/// A state in which the provider agreed to the refund (fact sheet 6.2, last rule).
fn agreed(class: StateClass, record: &Envelope, asked: Money) -> Verdict {
    let any = |wanted: &[Signal]| signals(record).any(|signal| wanted.contains(&signal));
    let approved = record.approved(asked.currency);
    let objections = [
        (!record.errors().is_empty(), "agreed to, yet with errors"),
        (
            any(&[Signal::Declines, Signal::Duplicate, Signal::Failed]),
            "agreed to and declined at once",
        ),
        (any(&[Signal::Unclear]), "a code the desk does not know"),
        (
            approved == Approved::Unreadable,
            "the approved amount is not one in the currency asked for",
        ),
        (
            any(&[Signal::ApprovesPart]) && approved == Approved::Unnamed,
            "approved in part, without the amount",
        ),
    ];
    if let Some((_, why)) = objections.iter().find(|(holds, _)| *holds) {
        return Verdict::Open(why);
    }
    match class {
        StateClass::Undone => Verdict::Undone,
        StateClass::Done if !any(&[Signal::Waits]) => Verdict::Paid,
        _ => Verdict::Underway,
    }
}

/// A state, or a status, by which the refund was not made.
fn not_paid(what: Subject, record: &Envelope, asked: Money) -> Verdict {
    let any = |wanted: &[Signal]| signals(record).any(|signal| wanted.contains(&signal));
    let errors = record.errors();
    let mut codes = errors.iter().filter_map(|error| error.code());
    let all_prove = errors
        .iter()
        .all(|error| error.code().is_some_and(|code| what.disproved_by(code)));
    let duplicate = any(&[Signal::Duplicate])
        || record.host_response_code() == Some(codes::HOST_DUPLICATE)
        || codes.any(codes::leaves_outcome_open);
    let objections = [
        (duplicate, "an equal refund may exist"),
        (
            any(&[Signal::Approves, Signal::ApprovesPart, Signal::Waits]),
            "refused and approved at once",
        ),
        (!all_prove, "an error that leaves the outcome open"),
        (
            record.approved(asked.currency) == Approved::Unreadable,
            "refused with an amount that cannot be read",
        ),
    ];
    if let Some((_, why)) = objections.iter().find(|(holds, _)| *holds) {
        return Verdict::Open(why);
    }
    Verdict::NotPaid {
        proven: !any(&[Signal::Unclear]) && (any(&[Signal::Declines]) || !errors.is_empty()),
    }
}

fn named_amount(record: &Envelope, asked: Money) -> Option<Money> {
    match record.approved(asked.currency) {
        Approved::Of(amount) => Some(amount),
        Approved::Unnamed | Approved::Unreadable => None,
    }
}

/// What a failed exchange proves about the refund it was to send.
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

/// What a failed inquiry proves: nothing. That the *inquiry* was not sent says nothing about the
/// refund.
pub fn of_failed_inquiry(failure: &Failure) -> Finding {
    Finding {
        evidence: Evidence::Doubt,
        ..of_failed_send(failure)
    }
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

/// State, code and message, with our label for the code first.
fn describe(record: &Envelope) -> String {
    let errors = record.errors();
    let mut parts: Vec<String> = errors.iter().map(|error| describe_error(error)).collect();
    if let Some(code) = record.response_code() {
        let words = codes::response_label(code).or_else(|| record.response_message());
        parts.push(format!("{code} {}", words.unwrap_or_default()));
    }
    let state = record.state().unwrap_or_default();
    match (state, parts.is_empty()) {
        ("", _) => parts.join("; "),
        (state, true) => state.to_owned(),
        (state, false) => format!("{state}, {}", parts.join("; ")),
    }
}

fn describe_error(error: &ErrorEntry) -> String {
    let code = error.code().unwrap_or_default();
    let label = codes::error_label(code);
    let message = error.message().filter(|message| label != Some(message));
    let field = error.field().map(|field| format!("({field})"));
    let words = [
        (!code.is_empty()).then_some(code),
        label,
        field.as_deref(),
        message,
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Why nothing was paid: by the first code that our tables give a next step for.
fn why_unpaid(record: &Envelope) -> Option<Unpaid> {
    let errors = record.errors();
    let by_error = errors
        .iter()
        .filter_map(|error| codes::unpaid_by_error(error.code()?));
    let by_response = record.response_code().and_then(codes::unpaid_by_response);
    by_error.chain(by_response).next()
}

/// A reference of the provider's, when it looks like one.
fn reference(text: Option<&str>) -> Option<String> {
    text.filter(|text| text.chars().count() <= ID_MAX_CHARS && clean(text) == *text)
        .map(str::to_owned)
}

fn finding(response: &Response, ruling: Ruling, source: Option<&Envelope>) -> Finding {
    // In doubt the id may be of something else; the next inquiry then goes by our own reference.
    let names_refund = matches!(ruling.evidence, Evidence::Report { .. } | Evidence::Refused);
    let refund = source.filter(|_| names_refund);
    let unpaid = matches!(
        ruling.evidence,
        Evidence::Refused
            | Evidence::Report {
                status: Reported::Failed,
                ..
            }
    );
    Finding {
        unpaid: source.filter(|_| unpaid).and_then(why_unpaid),
        http_status: Some(response.status),
        provider_refund_id: reference(refund.and_then(Envelope::transaction_id)),
        trace: reference(refund.and_then(Envelope::reference_number)),
        support_id: reference(source.and_then(Envelope::api_trace_id)),
        raw: redact(&response.body),
        retry_after: response.retry_after,
        provider_time: response.provider_time,
        ..Finding::new(ruling.evidence, line(&ruling.said))
    }
}

#[cfg(test)]
mod cancel_tests;
#[cfg(test)]
mod tests;
