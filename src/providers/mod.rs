//! One folder per provider; each turns our words into its wire format and its words into evidence.
//!
//! [`Provider`] and [`RefundFormat`] are all the desk knows of a provider. A provider never decides what follows from a
//! reply, only what the reply proves ([`Evidence`]); anything it does not recognise is doubt.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use crate::domain::ageing::Marks;
use crate::domain::bank::OwnBank;
use crate::domain::cause::Unpaid;
use crate::domain::eligibility::Terms;
use crate::domain::evidence::Evidence;
use crate::domain::money::Money;
use crate::domain::replay::Replay;

mod account;
mod code_table;
pub mod commerce_hub;
mod fields;
pub mod http;
pub mod inbound;
pub mod listing;
pub mod mastercard;
pub mod network;
pub mod nuapay;
mod preparing;
pub mod prism;

pub use account::{ConnectError, Secrets, connect, format, profile};
pub use inbound::Inbound;
pub use listing::{ListedRefund, ListedRefunds, Listing, SoldPayment};
pub use network::Network;

/// How long after it was sent a request may still arrive, where no setting says so (domain.md,
/// Figures).
pub const DELIVERY_BOUND: Duration = Duration::from_mins(30);
/// Card refunds are looked at for 40 days after their success (domain.md, rule 4).
const WATCH_CARDS: Duration = Duration::from_hours(40 * 24);

/// What a provider promises, as settings of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The provider's name as people know it.
    pub name: &'static str,
    /// What a success means: `submitted for settlement`, `paid` …
    pub success_means: &'static str,
    /// Eligibility: window, settlement, currencies.
    pub terms: Terms,
    /// How long after its first send an attempt may go again with the same key and bytes, margin
    /// already taken off. `None`: never.
    pub replay_window: Option<Duration>,
    /// How long after its last send an attempt of unknown outcome may go again, the provider having
    /// found nothing.
    pub replay_wait: Duration,
    /// It cannot be asked about a refund and answers a repeat as it answered the first: one of unknown
    /// outcome goes again without an inquiry.
    pub replay_unasked: bool,
    /// How long after it was sent a request may still arrive.
    pub delivery_bound: Duration,
    /// Nothing found later than that after a send is proof that it never arrived.
    pub absence_is_proof: bool,
    /// When a refund on its way has taken too long.
    pub marks: Marks,
    /// How long after a success the refund is looked at again.
    pub watch: Duration,
    /// Polls and inquiries per minute this account may spend.
    pub polls_per_minute: u32,
    /// It can be asked how a refund stands. Where it cannot, two people may state the end of one
    /// that is on its way (T15).
    pub pollable: bool,
}

impl Profile {
    /// When an attempt of unknown outcome may go again by itself (T13); none: never.
    pub fn replay(&self) -> Option<Replay> {
        Some(Replay {
            wait: TimeDelta::from_std(self.replay_wait).ok()?,
            window: TimeDelta::from_std(self.replay_window?).ok()?,
            unasked: self.replay_unasked,
        })
    }
}

/// A refund as a provider needs to know it to build its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundOrder {
    /// The provider's id of the payment.
    pub provider_payment_id: String,
    /// The provider's id of the capture, where the payment has several.
    pub capture_id: Option<String>,
    /// The principal.
    pub amount: Money,
    /// Paid on top of the principal, in its currency; zero: none.
    pub compensation: Money,
    /// What was captured in all, before any refund.
    pub captured: Money,
    /// A code of our reason catalogue.
    pub reason: String,
    /// The case at the payer's bank or scheme.
    pub case_ref: Option<String>,
    /// The merchant's reference of the payment.
    pub reference: Option<String>,
    /// The order the payment belongs to.
    pub order: Option<String>,
    /// Further references of the payment, by name, as the settlement file has them.
    pub details: Vec<(String, String)>,
    /// Our reference, by which the provider can be asked later.
    pub correlation: String,
    /// The same reference in the form that bank rails carry: at most 31 of `A`–`Z` and `0`–`9`.
    pub end_to_end: String,
    /// The idempotency key, the same on every resend.
    pub idempotency_key: String,
    /// When it is written, for bodies that carry a time.
    pub at: DateTime<Utc>,
    /// The bank transfer that paid it, where a network is told of one.
    pub transfer: Option<PaidTransfer>,
}

/// A bank transfer that was made, as the bank names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidTransfer {
    /// The bank's reference.
    pub reference: String,
    /// The rail, in the network's word, where it is known.
    pub clearing_system: Option<String>,
}

impl RefundOrder {
    /// A further reference of the payment.
    pub fn detail(&self, name: &str) -> Option<&str> {
        let found = self.details.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What one request asks of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Give money back.
    Refund,
    /// Cancel a payment that has not settled.
    Void,
    /// Stop a refund that is on its way, before it is paid (T18).
    Stop,
    /// Pay a refund that was only authorised (T25).
    Capture,
    /// Tell a network that the bank leg of a refund was paid (T25).
    Confirm,
}

impl Deed {
    /// What it is called in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Refund => "a refund",
            Self::Void => "a void",
            Self::Stop => "stopping a refund",
            Self::Capture => "paying an authorised refund",
            Self::Confirm => "taking note that a refund was paid",
        }
    }
}

/// What was asked for, to be compared with what a provider reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The principal.
    pub amount: Money,
    /// On top of it; zero: none.
    pub compensation: Money,
}

/// The bytes that move money, as they are committed before they go out. A resend differs only
/// in timestamp and signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireRequest {
    /// HTTP method.
    pub method: String,
    /// Full URL.
    pub url: String,
    /// The exact body.
    pub body: Vec<u8>,
    /// The idempotency key.
    pub idempotency_key: String,
    /// Our reference.
    pub correlation: String,
}

/// Whom to ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// The provider's id of the payment.
    pub provider_payment_id: String,
    /// Further references of the payment, by name.
    pub details: Vec<(String, String)>,
    /// The exact body of the attempt; empty where only the send journal knew it.
    pub body: Vec<u8>,
    /// Our reference of the attempt.
    pub correlation: String,
    /// The idempotency key of the attempt.
    pub idempotency_key: String,
    /// The provider's id of the refund, when one was received.
    pub provider_refund_id: Option<String>,
    /// When its bytes first went out; none: they never did.
    pub first_sent_at: Option<DateTime<Utc>>,
}

/// What one exchange with a provider proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The proof.
    pub evidence: Evidence,
    /// HTTP status, where a response arrived.
    pub http_status: Option<u16>,
    /// One line for people: code and message, or what went wrong. Cleaned of control characters.
    pub said: String,
    /// The provider's id of the refund.
    pub provider_refund_id: Option<String>,
    /// What a bank asks for when tracing the refund.
    pub trace: Option<String>,
    /// Why nothing was paid and what to do, where the provider's tables tell.
    pub unpaid: Option<Unpaid>,
    /// The provider's id of this exchange, which its support asks for.
    pub support_id: Option<String>,
    /// The body as received, personal and card data redacted, cut to a few kilobytes.
    pub raw: Option<String>,
    /// How long the provider asked us to wait.
    pub retry_after: Option<Duration>,
    /// What time it was at the provider (HTTP `Date`).
    pub provider_time: Option<DateTime<Utc>>,
}

impl Finding {
    /// A finding that is only its evidence and one line for people.
    pub fn new(evidence: Evidence, said: impl Into<String>) -> Self {
        Self {
            evidence,
            http_status: None,
            said: said.into(),
            provider_refund_id: None,
            trace: None,
            unpaid: None,
            support_id: None,
            raw: None,
            retry_after: None,
            provider_time: None,
        }
    }
}

/// The request cannot be built: nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A value does not fit the provider's wire format.
    #[error("{field} cannot be sent to {provider}: {why}")]
    Unfit {
        /// The provider.
        provider: &'static str,
        /// The field.
        field: &'static str,
        /// Why.
        why: String,
    },
    /// The provider has no such operation, or the desk no request for it.
    #[error("this account's provider cannot be asked for {0}")]
    Cannot(&'static str),
}

/// How an account's refunds are written down for its provider. Needs neither secret nor network,
/// so that a refund that can never be sent is refused before anything is held for it.
pub trait RefundFormat: Send + Sync {
    /// Whether the order can be written at all.
    ///
    /// # Errors
    /// [`BuildError`] names the rule that is broken, and what it allows.
    fn check(&self, order: &RefundOrder) -> Result<(), BuildError>;

    /// Builds the exact request of a refund. The same order gives the same bytes.
    ///
    /// # Errors
    /// As [`RefundFormat::check`].
    fn build_refund(&self, order: &RefundOrder) -> Result<WireRequest, BuildError>;

    /// The body of one of this account's requests as people read it, without anything that must not
    /// be shown. Text stands as it is.
    fn readable(&self, wire: &WireRequest) -> String {
        String::from_utf8_lossy(&wire.body).into_owned()
    }

    /// The bank account that refunds of this account are paid from, where their bank leg is ours.
    fn own_bank(&self) -> Option<&OwnBank> {
        None
    }

    /// Whether the provider can be asked to do it.
    fn can(&self, deed: Deed) -> bool {
        deed == Deed::Refund
    }

    /// Builds the exact request that voids the payment of `order`. The same order gives the same
    /// bytes.
    ///
    /// # Errors
    /// As [`RefundFormat::check`]; the provider cannot be asked.
    fn build_void(&self, order: &RefundOrder) -> Result<WireRequest, BuildError> {
        let _ = order;
        Err(BuildError::Cannot(Deed::Void.words()))
    }

    /// Builds the exact request of a later step, [`Deed::Stop`], [`Deed::Capture`] or
    /// [`Deed::Confirm`], of the refund
    /// that the provider calls `refund_id`. Correlation and key in `order` are the step's own.
    ///
    /// # Errors
    /// As [`RefundFormat::check`]; the provider cannot be asked.
    fn build_step(
        &self,
        deed: Deed,
        refund_id: &str,
        order: &RefundOrder,
    ) -> Result<WireRequest, BuildError> {
        let _ = (refund_id, order);
        Err(BuildError::Cannot(deed.words()))
    }
}

fn cannot(deed: Deed, evidence: Evidence) -> Finding {
    let said = format!(
        "this account's provider cannot be asked for {}",
        deed.words()
    );
    Finding::new(evidence, said)
}

/// One provider account, ready to be used.
pub trait Provider: Send + Sync {
    /// Sends a request that moves money: once, without any retry below this call.
    fn send<'a>(&'a self, request: &'a WireRequest, asked: Asked) -> BoxFuture<'a, Finding>;

    /// Asks how a refund stands. Moves no money.
    fn inquire<'a>(&'a self, inquiry: &'a Inquiry, asked: Asked) -> BoxFuture<'a, Finding>;

    /// Whether an inquiry would ask it at all. Where not, [`Provider::inquire`] makes no call: its
    /// finding is doubt, and tells nothing of the provider either.
    fn can_ask(&self, _inquiry: &Inquiry) -> bool {
        true
    }

    /// Sends a request of another deed than a refund: once, without any retry below this call.
    fn carry_out<'a>(
        &'a self,
        deed: Deed,
        request: &'a WireRequest,
        asked: Asked,
    ) -> BoxFuture<'a, Finding> {
        match deed {
            Deed::Refund => self.send(request, asked),
            _ => Box::pin(async move { cannot(deed, Evidence::NotSent) }),
        }
    }

    /// Asks what became of a request of another deed than a refund. Moves no money.
    fn inquire_about<'a>(
        &'a self,
        deed: Deed,
        inquiry: &'a Inquiry,
        asked: Asked,
    ) -> BoxFuture<'a, Finding> {
        match deed {
            Deed::Refund => self.inquire(inquiry, asked),
            _ => Box::pin(async move { cannot(deed, Evidence::Doubt) }),
        }
    }

    /// A harmless question: is it there, does it take our key, what time is it there?
    fn probe(&self) -> BoxFuture<'_, Finding>;

    /// Every refund of one payment, whoever made it; none where the provider cannot tell. Moves no
    /// money.
    fn refunds_of<'a>(&'a self, payment: &'a SoldPayment) -> Option<ListedRefunds<'a>> {
        let _ = payment;
        None
    }

    /// Its lists of payments and refunds, where it has them.
    fn listing(&self) -> Option<&dyn Listing> {
        None
    }

    /// What reads the messages it sends unasked, where it sends any.
    fn inbound(&self) -> Option<&dyn Inbound> {
        None
    }

    /// What reads and answers its calls, where it is a network that makes any.
    fn network(&self) -> Option<&dyn Network> {
        None
    }
}
