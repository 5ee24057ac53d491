//! One payment with everything about it.

use crate::domain::discrepancy::Discrepancy;
use crate::domain::dispute::Dispute;
use crate::domain::eligibility::Eligibility;
use crate::domain::external::ExternalRefund;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::money::Money;
use crate::domain::note::Note;
use crate::domain::payment::{Payment, Twin};
use crate::domain::refund::Refund;

/// What the detail pane and the explanation show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The payment.
    pub payment: Payment,
    /// What can be refunded of it.
    pub eligibility: Eligibility,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Refunds of it that were made elsewhere.
    pub external: Vec<ExternalRefund>,
    /// Disputes about it.
    pub disputes: Vec<Dispute>,
    /// What is open about it.
    pub discrepancies: Vec<Discrepancy>,
    /// What people wrote on it and on its refunds, oldest first.
    pub notes: Vec<Note>,
    /// Another that looks like the same paid twice.
    pub twin: Option<Twin>,
    /// The balance line by line.
    pub explained: Vec<Line>,
}

/// Cards that are known and not shown: a step leads to one of them more often than not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Near {
    /// The one that was shown before.
    pub left: Option<Card>,
    /// The next one in the direction the hand went.
    pub ahead: Option<Card>,
}

impl Near {
    /// The card of a payment, where it is known; it is no longer near then.
    pub fn take(&mut self, id: PaymentId) -> Option<Card> {
        let mut places = [&mut self.ahead, &mut self.left].into_iter();
        places.find_map(|it| it.take_if(|card| card.payment.id == id))
    }

    /// None is known any more.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// A line of the balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub label: String,
    /// What it adds or takes away.
    pub amount: Money,
    /// The refund it comes from.
    pub refund: Option<RefundId>,
    /// A sum of the lines above.
    pub is_sum: bool,
}

/// Who paid, in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revealed {
    /// Whose payment.
    pub payment: PaymentId,
    /// In words; `erased` where it was.
    pub lines: Vec<(String, String)>,
}
