//! The refunds the simulator accepted, found by every id they go by.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::course::Course;
use super::request::Reference;
use crate::domain::money::Money;

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
    /// It was, since.
    #[serde(skip)]
    pub captured: bool,
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
        match (self.authorised_only, self.captured) {
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
    fn taken(&self) -> i64 {
        match self.state(self.looks) {
            "DECLINED" | "VOIDED" => 0,
            _ => self.approved.minor,
        }
    }
}

/// Every accepted refund, oldest first.
#[derive(Default)]
pub(super) struct Refunds {
    all: Vec<Refund>,
    by_id: HashMap<String, usize>,
    by_merchant_id: HashMap<String, usize>,
    by_request_id: HashMap<String, usize>,
    by_charge: HashMap<String, Vec<usize>>,
}

impl Refunds {
    pub(super) fn add(&mut self, refund: Refund) {
        let place = self.all.len();
        self.by_id.insert(refund.transaction_id.clone(), place);
        self.by_request_id
            .insert(refund.client_request_id.clone(), place);
        if let Some(id) = &refund.merchant_transaction_id {
            self.by_merchant_id.insert(id.clone(), place);
        }
        self.by_charge
            .entry(refund.charge_id.clone())
            .or_default()
            .push(place);
        self.all.push(refund);
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    pub(super) fn with_request_id(&self, id: &str) -> Option<&Refund> {
        self.by_request_id.get(id).map(|place| &self.all[*place])
    }

    pub(super) fn with_merchant_id(&self, id: &str) -> Option<&Refund> {
        self.by_merchant_id.get(id).map(|place| &self.all[*place])
    }

    pub(super) fn with_id(&self, id: &str) -> Option<&Refund> {
        self.by_id.get(id).map(|place| &self.all[*place])
    }

    pub(super) fn get_mut(&mut self, transaction_id: &str) -> Option<&mut Refund> {
        self.by_id
            .get(transaction_id)
            .map(|place| &mut self.all[*place])
    }

    /// What refunds have taken from a charge, in minor units, but for those that were canceled.
    pub(super) fn taken_from(&self, charge_id: &str, is_canceled: impl Fn(&str) -> bool) -> i64 {
        let places = self.by_charge.get(charge_id).into_iter().flatten();
        places
            .map(|place| &self.all[*place])
            .filter(|refund| !is_canceled(&refund.transaction_id))
            .map(Refund::taken)
            .fold(0, i64::saturating_add)
    }

    /// The refunds of these charges, and those the reference itself names.
    pub(super) fn found_by(&self, reference: Reference<'_>, charges: &[&str]) -> Vec<&Refund> {
        let named = match reference {
            Reference::Transaction(id) => self.by_id.get(id),
            Reference::MerchantTransaction(id) => self.by_merchant_id.get(id),
            Reference::ClientRequest(id) => self.by_request_id.get(id),
            Reference::Order(_) | Reference::MerchantOrder(_) => {
                return self.family(reference, charges);
            }
        };
        named.map(|place| &self.all[*place]).into_iter().collect()
    }

    fn family(&self, reference: Reference<'_>, charges: &[&str]) -> Vec<&Refund> {
        let of_order = |refund: &&Refund| match reference {
            Reference::Order(id) => refund.order_id == id,
            Reference::MerchantOrder(id) => {
                refund.merchant_order_id.as_deref() == Some(id)
                    || charges.contains(&refund.charge_id.as_str())
            }
            _ => false,
        };
        self.all.iter().filter(of_order).collect()
    }
}
