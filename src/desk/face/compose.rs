//! A refund being composed: what it would be, and what became of it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{RefundRow, Refusal};
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::money::Money;

/// What a refund would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The payment's id.
    pub payment: PaymentId,
    /// The account it would go through.
    pub account: String,
    /// What can be refunded now.
    pub can_refund: Money,
    /// What is available: more than that where a limit allows less. It is what a draft expects.
    #[serde(default)]
    pub available: Option<Money>,
    /// The amount as understood, when it could be.
    pub amount: Option<Money>,
    /// On top of it, when there is any.
    #[serde(default)]
    pub compensation: Option<Money>,
    /// What would remain.
    pub remaining: Option<Money>,
    /// Each limit by name, with its figure.
    pub limits: Vec<Limit>,
    /// The last UTC date of the window.
    pub refundable_until: Option<NaiveDate>,
    /// Who must agree, when anyone must.
    pub approval: Option<String>,
    /// Earlier refunds this may repeat.
    pub duplicates: Vec<String>,
    /// The refund that its key names already: composing makes no other.
    pub existing: Option<RefundId>,
    /// Why it would be refused; empty: it would go.
    pub problems: Vec<Refusal>,
    /// The exact request that would be sent.
    pub request: Option<WirePreview>,
}

/// A limit by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Its name.
    pub name: String,
    /// Its figure.
    pub figure: String,
    /// The draft keeps it.
    pub kept: bool,
}

/// A request as it would go out, secrets left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WirePreview {
    /// HTTP method.
    pub method: String,
    /// Full URL.
    pub url: String,
    /// The body as text.
    pub body: String,
}

/// A composed refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Composed {
    /// The refund.
    pub refund: RefundRow,
    /// It was there already, under the same key.
    pub existing: bool,
}
