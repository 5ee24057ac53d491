//! A refund: one business decision with one id for life.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::approval::Basis;
use super::balance::RefundFigures;
use super::cause::Unpaid;
use super::digest::Canonical;
use super::id::{PaymentId, RefundId};
use super::money::Money;
use super::state::State;

/// What kind of giving back it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Money goes back after capture.
    #[default]
    Refund,
    /// An unsettled payment is canceled: the whole of it, while nothing of it is held or went back.
    Void,
    /// Paid by other means after the original instrument failed: no provider is asked, two people
    /// agree, and two state with proof that it was paid.
    Outside,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Refund, Self::Void, Self::Outside];

    /// The name in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::Void => "void",
            Self::Outside => "outside",
        }
    }

    /// What it is called in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::Void => "void",
            Self::Outside => "payment outside this desk",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What was decided: never edited once reserved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The payment it gives back from.
    pub payment: PaymentId,
    /// The provider's id of the capture, where the payment has several.
    pub capture_id: Option<String>,
    /// Refund, void …
    pub kind: Kind,
    /// The principal.
    pub amount: Money,
    /// Paid on top of the principal; same currency.
    pub compensation: Money,
    /// A code of the reason catalogue.
    pub reason: String,
    /// Free text.
    pub note: Option<String>,
    /// The case at the payer's bank or scheme.
    pub case_ref: Option<String>,
    /// Who decided.
    pub maker: String,
}

impl Content {
    /// SHA-256 of everything decided, in hex: what a checker approves.
    pub fn hash(&self) -> String {
        Canonical::new("refund")
            .integer(self.payment.as_i64())
            .optional(self.capture_id.as_deref())
            .text(self.kind.name())
            .integer(self.amount.minor)
            .integer(self.compensation.minor)
            .text(self.amount.currency.code())
            .text(&self.reason)
            .optional(self.note.as_deref())
            .optional(self.case_ref.as_deref())
            .text(&self.maker)
            .hex()
    }
}

/// A refund as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its id for life.
    pub id: RefundId,
    /// The provider account it goes through.
    pub account: String,
    /// What was decided.
    pub content: Content,
    /// The hash of the content.
    pub hash: String,
    /// What a checker's word on it rests on now.
    pub basis: Basis,
    /// What a second person sees and names now: of the decision and its basis, or of the statement
    /// that waits for one.
    pub approval_hash: String,
    /// The version of the policy that routed it.
    pub policy_version: u32,
    /// The caller's id of this decision (`--key`).
    pub caller_key: Option<String>,
    /// The refund it replaces.
    pub supersedes: Option<RefundId>,
    /// Where it stands.
    pub state: State,
    /// The amount the provider reported, when it differs from the amount asked.
    pub reported: Option<Money>,
    /// The amount proven paid.
    pub proven: Option<Money>,
    /// The provider's id of the refund.
    pub provider_refund_id: Option<String>,
    /// What a bank asks for when tracing the refund (for cards: the ARN).
    pub trace: Option<String>,
    /// The last thing that was said about it: a provider's message, or why it waits.
    pub said: Option<String>,
    /// Why it was not paid, where the provider gave a reason that the desk knows.
    pub unpaid: Option<Unpaid>,
    /// The provider's word about settlement, given for the refund it replaces, stands against what
    /// files say.
    pub settlement_told: bool,
    /// The provider has it authorised and pays nothing before it is captured.
    pub authorised: bool,
    /// A later step of it that was sent and has not ended.
    pub later: Option<Later>,
    /// Not sent before this time.
    pub send_after: Option<DateTime<Utc>>,
    /// Unsent by then, it expires.
    pub expires_at: DateTime<Utc>,
    /// Composed offline: no one sends it until a person releases it.
    pub needs_release: bool,
    /// When the desk next sends or asks.
    pub next_look_at: Option<DateTime<Utc>>,
    /// How often the desk asked the provider since the last send.
    pub looks: u32,
    /// How many attempts were made.
    pub attempts: u32,
    /// Whose approval is in force.
    pub checker: Option<String>,
    /// The checker who declined it; withdrawn otherwise.
    pub declined_by: Option<String>,
    /// When it was composed.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Refund {
    /// True where it ended and the customer has nothing: another may take its place (T21).
    pub const fn ended_unpaid(&self) -> bool {
        matches!(
            self.state,
            State::Rejected | State::Failed | State::Reversed
        )
    }

    /// It is open and has not gone out: what a countdown, a checker or a release still holds.
    pub const fn waits_to_go_out(&self) -> bool {
        self.state.is_open() && !self.state.may_have_been_sent()
    }

    /// When its provider is asked about it next. Before it goes out nobody is: that time is its end.
    pub fn next_look(&self) -> Option<DateTime<Utc>> {
        self.next_look_at.filter(|_| !self.waits_to_go_out())
    }

    /// Whether it is paid once a person has it captured: the provider has just the amount asked
    /// authorised.
    pub fn waits_for_capture(&self) -> bool {
        self.authorised && self.state == State::ActionRequired && self.reported.is_none()
    }

    /// What the balance needs to know of it.
    pub fn figures(&self) -> RefundFigures {
        RefundFigures {
            state: self.state,
            requested: self.content.amount,
            reported: self.reported,
            proven: self.proven,
        }
    }
}

/// A later step of a refund: sent once, as an attempt of its own (T25).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Later {
    /// Which.
    pub step: LaterStep,
    /// Counted from 1 within the step.
    pub number: u32,
    /// Who asked for it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// It was sent, and what became of it is not known.
    pub unknown: bool,
    /// Inquiries about it that found nothing.
    pub looks: u32,
}

/// The later steps the desk knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaterStep {
    /// Has the provider pay a refund that it only authorised.
    Capture,
    /// Has the provider stop a refund before it is paid (T18).
    Stop,
    /// Tells the network that the bank leg of a refund was paid.
    Confirm,
}

impl LaterStep {
    /// The name in the database and of its attempts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Stop => "stop",
            Self::Confirm => "confirm",
        }
    }

    /// What an observation of an inquiry that found nothing of it is taken to mean.
    pub fn found_nothing(self) -> String {
        format!("{}: not found", self.name())
    }

    /// The step of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Capture, Self::Stop, Self::Confirm]
            .into_iter()
            .find(|step| step.name() == name)
    }
}

/// One submission lineage of one step of a refund: a key, and the exact bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// `refund`, later `confirm`, `capture`, `stop`.
    pub step: String,
    /// Counted from 1 within the step.
    pub number: u32,
    /// Sent as the provider's idempotency key, the same on every resend.
    pub idempotency_key: String,
    /// Our reference by which the provider can be asked.
    pub correlation: String,
    /// HTTP method.
    pub method: String,
    /// Full URL.
    pub url: String,
    /// The exact body.
    #[serde(with = "body_text")]
    pub body: Vec<u8>,
    /// SHA-256 of method, URL, key, correlation and body, in hex.
    pub sha256: String,
    /// When it was committed to disk.
    pub created_at: DateTime<Utc>,
    /// Each time it was sent.
    pub sends: Vec<Send>,
}

impl Attempt {
    /// False for one that a restore took over from the send journal, which has no bytes: it is
    /// asked about and never sent again.
    pub fn has_bytes(&self) -> bool {
        !(self.method.is_empty() && self.url.is_empty() && self.body.is_empty())
    }

    /// What makes a resend the same: SHA-256 of method, URL, key, correlation and body, in hex.
    pub fn fingerprint(&self) -> String {
        Canonical::new("attempt")
            .text(&self.method)
            .text(&self.url)
            .text(&self.idempotency_key)
            .text(&self.correlation)
            .bytes(&self.body)
            .hex()
    }
}

/// One time the bytes of an attempt went out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    /// When.
    pub at: DateTime<Utc>,
    /// True once it is proven that this send was not executed.
    pub not_executed: bool,
}

/// One piece of evidence about a refund, kept for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Reply, inquiry, poll, import, person …
    pub source: ObservationSource,
    /// The attempt it is about.
    pub attempt: Option<u32>,
    /// What it was taken to mean.
    pub meaning: String,
    /// HTTP status, where there was one.
    pub http_status: Option<u16>,
    /// One line for people: code and message.
    pub said: String,
    /// The provider's own id of this exchange, which its support asks for.
    pub support_id: Option<String>,
    /// The body as received, redacted and cut.
    pub raw: Option<String>,
}

/// Where an observation came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObservationSource {
    /// The answer to a send.
    Reply,
    /// The answer to an inquiry by our reference, after an unknown outcome.
    Inquiry,
    /// The answer to a poll of a refund on its way, or one that succeeded.
    Poll,
    /// The desk itself: a lost lease, a restart.
    Desk,
    /// Two people, with evidence.
    Person,
    /// A file or a provider's list named it.
    Import,
    /// A network told it, in a call of its own.
    Message,
}

impl ObservationSource {
    const ALL: [Self; 7] = [
        Self::Reply,
        Self::Inquiry,
        Self::Poll,
        Self::Desk,
        Self::Person,
        Self::Import,
        Self::Message,
    ];

    /// The name in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Inquiry => "inquiry",
            Self::Poll => "poll",
            Self::Desk => "desk",
            Self::Person => "person",
            Self::Import => "import",
            Self::Message => "message",
        }
    }

    /// The source of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}

/// Bodies are text on every provider so far; shown as such, kept as bytes.
mod body_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(body))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(deserializer).map(String::into_bytes)
    }
}
