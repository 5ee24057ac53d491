//! Networks that call us and expect an answer: what such a call says, once it is proven to be the
//! network's, and what it is answered. No room outside knows how either is written.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::inbound::Headers;
use super::{Finding, PaidTransfer};
use crate::domain::bank::BankAccount;
use crate::domain::money::Money;

/// A call as it arrived, nothing of it believed yet.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// The path as it was asked for, query included: signatures may cover it.
    pub target: &'a str,
    /// The part of the path that is the network's own, from its first `/` after our base.
    pub path: &'a str,
    /// The headers, names in any case.
    pub headers: Headers<'a>,
    /// The exact bytes.
    pub body: &'a [u8],
}

/// How the requests of a debtor's account are answered; the account's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebtorTerms {
    /// What the rule allows is answered without a person.
    pub automatic: bool,
    /// How long a person has to decide; zero: never, what the rule does not answer is refused.
    pub hold: Duration,
}

impl Default for DebtorTerms {
    fn default() -> Self {
        Self {
            automatic: true,
            hold: Duration::from_secs(20),
        }
    }
}

/// What is sent back.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The exact bytes.
    pub body: Vec<u8>,
}

/// The body may name an account.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.body.len())
    }
}

/// A call that is the network's, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The caller's key: a call with the same key is the same call.
    pub idempotency_key: Option<String>,
    /// The call's own id, which the answer names.
    pub message_id: String,
    /// What the answer must echo besides.
    pub request_id: Option<String>,
    /// What it says.
    pub message: Message,
    /// The body, personal data redacted, cut to a few kilobytes.
    pub raw: String,
}

/// What a network says or asks. Ids are the network's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// To the creditor's side: where the money of a refund is to go.
    AccountAdvice {
        /// The payment.
        payment: String,
        /// The refund.
        refund: String,
        /// The account; none where the call is validly signed but names none that we can read.
        account: Option<BankAccount>,
        /// The debtor's bank declines, in the network's words.
        declined: Option<String>,
    },
    /// To the creditor's side: how does this refund stand? Answered by a confirmation.
    RefundStatusAsked {
        /// The payment.
        payment: String,
        /// The refund.
        refund: String,
        /// The network's id of this question, which the confirmation names.
        retrieval: Option<String>,
    },
    /// To the debtor's side: to which account may this refund be paid?
    RefundRequested(RefundRequested),
    /// To the debtor's side: the creditor's side says whether it has paid.
    RefundConfirmed {
        /// The payment.
        payment: String,
        /// The refund.
        refund: String,
        /// `APPR`, `RJCT` …, verbatim.
        status: String,
        /// Why, verbatim.
        reason: Option<String>,
        /// The bank's reference of the transfer.
        reference: Option<String>,
        /// What was paid.
        amount: Option<Money>,
        /// The question of ours that it answers.
        retrieval: Option<String>,
    },
    /// To the debtor's side: how does this payment stand? Answered by an advice of our own.
    PaymentStatusAsked {
        /// The payment.
        payment: String,
        /// Who paid, where the call names them.
        debtor: Option<String>,
        /// The network's id of this question.
        retrieval: Option<String>,
    },
}

/// A refund that a merchant's side wants to make to one of our customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequested {
    /// The payment it gives back from.
    pub payment: String,
    /// The network's id of the refund, where the call names one.
    pub refund: Option<String>,
    /// How much.
    pub amount: Money,
    /// Why, verbatim.
    pub reason: Option<String>,
    /// By which rail, verbatim.
    pub method: Option<String>,
    /// The merchant's own reference of it.
    pub reference: Option<String>,
    /// The case it belongs to.
    pub case: Option<String>,
    /// Who asks: the creditor's id in the network.
    pub creditor: Option<String>,
    /// Who paid: the debtor's id in the network, which later calls of ours about it must name.
    pub debtor: Option<String>,
}

/// What a call is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was taken in.
    Acknowledged,
    /// The account a refund may be paid to.
    Account {
        /// The network's id of the refund, where the request named one.
        refund: Option<String>,
        /// Where to.
        account: BankAccount,
    },
    /// A question about a status was taken in; its answer follows as a call of ours.
    WillFollow {
        /// Our id of the question where the network named none.
        retrieval: String,
    },
    /// No, by a rule of business or because it cannot be done.
    Refused {
        /// The network's code, where one fits; else the network's general one.
        code: Option<String>,
        /// Why, in a sentence.
        why: String,
        /// The same may be asked again later.
        recoverable: bool,
    },
    /// We cannot tell now: a database that fails. Asked again, it may go well.
    Unavailable,
}

/// What a network is asked or told besides refunds. None of it moves money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// What about.
    pub about: About,
    /// Sent as the idempotency key, the same when it is sent again.
    pub key: String,
    /// When it is written.
    pub at: DateTime<Utc>,
}

/// What an errand is about. Ids are the network's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// From the debtor's side: has the creditor's side paid this refund? The answer follows as a
    /// call of the network's.
    RefundStatus {
        /// The payment.
        payment: String,
        /// The refund.
        refund: String,
        /// Who paid, as the network named them; none: as the account's settings say.
        debtor: Option<String>,
    },
    /// From the creditor's side: this refund was paid, as we were asked.
    RefundPaid {
        /// The payment.
        payment: String,
        /// The refund.
        refund: String,
        /// The id of the question.
        retrieval: String,
        /// How much was paid.
        amount: Money,
        /// With what.
        transfer: PaidTransfer,
    },
    /// From the debtor's side: this is how a payment stands that we were asked about.
    PaymentAdvice {
        /// The payment.
        payment: String,
        /// Who paid, as the network named them; none: as the account's settings say.
        debtor: Option<String>,
        /// The id of the question.
        retrieval: Option<String>,
        /// What was paid; none: we do not know the payment.
        paid: Option<Money>,
    },
}

/// Proves, reads and answers the calls of one account's network.
pub trait Network: Send + Sync {
    /// What a call says.
    ///
    /// # Errors
    /// The answer to a call that is not the network's, or cannot be read. It changes nothing.
    fn read(&self, call: &Call<'_>) -> Result<Received, Response>;

    /// The answer to a call. Signed where the network wants it signed.
    fn answer(&self, received: &Received, answer: &Answer) -> Response;

    /// The answer that was given before, to the same call again: the same body, signed anew.
    fn again(&self, received: &Received, status: u16, body: &[u8]) -> Response;

    /// How requests that come to the debtor's side are answered.
    fn debtor(&self) -> DebtorTerms {
        DebtorTerms::default()
    }

    /// Asks or tells the network something, once.
    fn run<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Finding>;
}
