//! What a check of the ledger found wrong: rows that a failing disk changed, or that do not add up.

use serde::{Deserialize, Serialize};

use super::id::{PaymentId, RefundId};

/// One thing that is wrong. What it is about is not to be trusted with money until it is mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of thing.
    pub flaw: Flaw,
    /// The payment it is about; none: it may be about any.
    pub payment: Option<PaymentId>,
    /// The refund it is about.
    pub refund: Option<RefundId>,
    /// What was found, as one plain sentence without a full stop.
    pub detail: String,
}

/// The kinds of things that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// The file is damaged or cannot be read.
    File,
    /// The rules stored in the file are not those of this program.
    Rules,
    /// A row names another that is not there.
    Missing,
    /// A row is not as it was written.
    Seal,
    /// A balance is not the sum of what it comes from (invariant 2).
    Balance,
    /// A refund is not what its maker decided.
    Content,
    /// A refund does not stand where its record says.
    State,
    /// What was sent is not what was written down before.
    Attempt,
    /// The audit is not the chain that was written.
    Audit,
    /// The database lacks what was written last.
    Lost,
}

impl Finding {
    /// Something that may be about any payment.
    pub fn of_all(flaw: Flaw, detail: impl Into<String>) -> Self {
        Self {
            flaw,
            payment: None,
            refund: None,
            detail: detail.into(),
        }
    }

    /// Something about one payment.
    pub fn of_payment(flaw: Flaw, payment: PaymentId, detail: impl Into<String>) -> Self {
        Self {
            payment: Some(payment),
            ..Self::of_all(flaw, detail)
        }
    }

    /// True when money of this payment is not to be moved because of it.
    pub fn concerns(&self, payment: PaymentId) -> bool {
        self.payment.is_none_or(|about| about == payment)
    }
}
