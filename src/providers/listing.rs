//! What a provider that can list its payments and refunds is asked.

use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::Finding;
use crate::domain::evidence::Reported;
use crate::domain::money::{Currency, Money};

/// The answer to a question about the refunds of one payment.
pub type ListedRefunds<'a> = BoxFuture<'a, Result<Vec<ListedRefund>, Box<Finding>>>;

/// What a list tells.
pub type Listed<'a, T> = BoxFuture<'a, Result<T, NoList>>;

/// Why there is no list.
#[derive(Debug)]
pub enum NoList {
    /// What was found instead.
    Found(Box<Finding>),
    /// It was not asked, or not to its end: no more may be asked for so long.
    NotNow(Duration),
    /// Nor will it be: why.
    Never(String),
}

impl From<Box<Finding>> for NoList {
    fn from(finding: Box<Finding>) -> Self {
        Self::Found(finding)
    }
}

/// When lists may ask. Every exchange with the provider is made in a turn of its own: a list has many
/// windows and pages.
pub trait Turns: Send + Sync {
    /// Returns once one exchange may be made.
    fn next(&self) -> Listed<'_, ()>;

    /// What an exchange brought instead of an answer, and how often it was asked for before; returns
    /// when the same is to be asked again.
    fn failed(&self, finding: Box<Finding>, tries: u32) -> Listed<'_, ()>;
}

/// One exchange of a list, in its turn, as often as it is to be made. What was read before stays read.
pub async fn in_turn<T, E>(turns: &dyn Turns, exchange: impl Fn() -> E) -> Result<T, NoList>
where
    E: Future<Output = Result<T, Box<Finding>>>,
{
    let mut tries = 0;
    loop {
        turns.next().await?;
        match exchange().await {
            Ok(answer) => return Ok(answer),
            Err(finding) => turns.failed(finding, tries).await?,
        }
        tries += 1;
    }
}

/// Turns of a look that was paid for as a whole.
pub struct AtOnce;

impl Turns for AtOnce {
    fn next(&self) -> Listed<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn failed(&self, finding: Box<Finding>, _: u32) -> Listed<'_, ()> {
        Box::pin(async { Err(NoList::Found(finding)) })
    }
}

/// A payment whose refunds are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoldPayment {
    /// The provider's id of it.
    pub provider_payment_id: String,
    /// The provider's ids of its captures, where they have their own.
    pub capture_ids: Vec<String>,
    /// Its currency.
    pub currency: Currency,
}

/// From when to when, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The earliest moment.
    pub from: DateTime<Utc>,
    /// The latest.
    pub to: DateTime<Utc>,
}

/// A payment as its provider lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPayment {
    /// The provider's id of it.
    pub provider_payment_id: String,
    /// What was paid.
    pub amount: Money,
    /// When it was made; its age counts from the UTC date.
    pub captured_at: DateTime<Utc>,
    /// When the money came in; none: not yet, as far as the provider says.
    pub settled_at: Option<DateTime<Utc>>,
    /// The money is the merchant's to give back.
    pub refundable: bool,
    /// The merchant's reference.
    pub reference: Option<String>,
    /// Who paid.
    pub payer: Option<String>,
    /// How.
    pub method: Option<String>,
    /// The last four digits of the account it came from.
    pub last4: Option<String>,
    /// Further references, by name.
    pub details: Vec<(String, String)>,
}

/// The payments of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedPayments {
    /// Those that can be read.
    pub payments: Vec<ListedPayment>,
    /// How many others it has.
    pub left_out: u64,
}

/// A refund as its provider lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRefund {
    /// The provider's id of it.
    pub provider_refund_id: String,
    /// Our reference, where it is one of ours.
    pub correlation: Option<String>,
    /// The principal.
    pub amount: Money,
    /// On top of it.
    pub compensation: Option<Money>,
    /// How it stands; none: the provider does not say, or in a word not known here. It counts.
    pub status: Option<Reported>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// The lists of one provider account. Moves no money. Each walks windows and pages by itself, in turn,
/// and gives each entry once; a list that could not be read to its end is no list.
pub trait Listing: Send + Sync {
    /// Payments made in the span.
    fn payments<'a>(&'a self, span: Span, turns: &'a dyn Turns) -> Listed<'a, ListedPayments>;

    /// One payment, as its provider has it now; none: it cannot be asked for one by one, or cannot be
    /// read.
    fn payment<'a>(
        &'a self,
        _provider_payment_id: &'a str,
        _turns: &'a dyn Turns,
    ) -> Listed<'a, Option<ListedPayment>> {
        Box::pin(async { Ok(None) })
    }

    /// When the money of a payment came in, where its list does not tell; none: not known.
    fn settled_at<'a>(
        &'a self,
        _provider_payment_id: &'a str,
        _turns: &'a dyn Turns,
    ) -> Listed<'a, Option<DateTime<Utc>>> {
        Box::pin(async { Ok(None) })
    }

    /// All refunds of a payment made in the span, whoever made them.
    fn refunds<'a>(
        &'a self,
        provider_payment_id: &'a str,
        span: Span,
        turns: &'a dyn Turns,
    ) -> Listed<'a, Vec<ListedRefund>>;
}
