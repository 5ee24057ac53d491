//! A refund that was being composed and was left: only what was typed. It holds nothing, is no refund
//! and is seen by nobody but whoever typed it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::{PaymentId, RefundId};
use super::refund::Kind;

/// What was typed, as it stood in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// An amount expression.
    pub amount: String,
    /// On top of it.
    pub compensation: String,
    /// The provider's id of the capture chosen, where there are several.
    pub capture_id: Option<String>,
    /// A code of the catalogue, once chosen.
    pub reason: Option<String>,
    /// The note.
    pub note: String,
    /// The case reference.
    pub case_ref: String,
    /// The refund it is to replace.
    pub supersedes: Option<RefundId>,
    /// In which way that is replaced.
    pub kind: Option<Kind>,
}

impl Typed {
    /// True where there is nothing worth keeping.
    pub fn is_empty(&self) -> bool {
        let texts = [&self.amount, &self.compensation, &self.note, &self.case_ref];
        self.reason.is_none() && texts.iter().all(|text| text.trim().is_empty())
    }
}

/// A draft with what tells its payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The payment: one draft of one person.
    pub payment: PaymentId,
    /// The account of the payment.
    pub account: String,
    /// How people know the payment.
    pub reference: String,
    /// Its currency's code, which the amount is in.
    pub currency: String,
    /// What was typed.
    pub typed: Typed,
    /// When it was left.
    pub at: DateTime<Utc>,
}
