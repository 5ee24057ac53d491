//! The refunds the simulator makes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::charges::ACCOUNT;
use crate::domain::money::Money;
use crate::sandbox::accepted::{Made, Name};
use crate::sandbox::book::Payout;
use crate::sandbox::course::Course;

/// An accepted refund: what its reply said stays what any later reply says, but for its state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Refund {
    pub transaction_id: String,
    pub client_request_id: String,
    pub merchant_transaction_id: Option<String>,
    pub merchant_order_id: Option<String>,
    pub merchant_invoice_number: Option<String>,
    /// The charge it gives back.
    pub charge_id: String,
    pub payment_id: String,
    pub order_id: String,
    pub asked: Money,
    pub approved: Money,
    pub accepted_at: DateTime<Utc>,
    /// Nothing is paid before it is captured.
    #[serde(default)]
    pub authorised_only: bool,
    /// When it was, since.
    #[serde(skip)]
    pub captured_at: Option<DateTime<Utc>>,
    /// How many inquiries have shown it, since its capture if it has one; two are enough to end any
    /// refund.
    #[serde(skip)]
    pub looks: u8,
}

impl Refund {
    pub(super) fn course(&self) -> Course {
        Course::of(self.asked.minor)
    }

    /// The `transactionState` after so many inquiries.
    pub(super) fn state(&self, looks: u8) -> &'static str {
        match (self.authorised_only, self.captured_at.is_some()) {
            (false, _) => self.course().state(looks),
            (true, false) => self.course().authorised_state(looks),
            (true, true) => self.course().captured_state(looks),
        }
    }

    /// The reference the merchant chose, by which a book is matched.
    pub(super) fn correlation(&self) -> &str {
        self.merchant_transaction_id
            .as_deref()
            .unwrap_or(&self.client_request_id)
    }

    /// Minor units that this refund takes from what is left of its charge.
    pub(super) fn taken(&self) -> i64 {
        match self.state(self.looks) {
            "DECLINED" | "VOIDED" => 0,
            _ => self.approved.minor,
        }
    }
}

impl Made for Refund {
    fn id(&self) -> &str {
        &self.transaction_id
    }

    fn names(&self) -> Vec<Name> {
        let merchant = self.merchant_transaction_id.clone();
        let own = [
            ("request", self.client_request_id.clone()),
            ("charge", self.charge_id.clone()),
        ];
        let merchant = merchant.map(|id| ("merchant", id));
        own.into_iter().chain(merchant).collect()
    }

    fn payout(&self) -> Option<Payout<'_>> {
        let captured = !self.authorised_only || self.captured_at.is_some();
        (captured && self.course().pays()).then(|| Payout {
            account: ACCOUNT,
            payment_id: &self.payment_id,
            // What really left, also where that is not what was asked.
            amount: self.approved,
            compensation: None,
            correlation: self.correlation(),
            provider_refund_id: &self.transaction_id,
            at: self.captured_at.unwrap_or(self.accepted_at),
        })
    }

    fn looks_mut(&mut self) -> &mut u8 {
        &mut self.looks
    }
}
