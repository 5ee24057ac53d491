//! The To do queue: each thing that waits for a person, with its one safe next step.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::RefundRow;
use crate::domain::care::{self, About, Snooze};
use crate::domain::delegation::MayApprove;
use crate::domain::discrepancy::Discrepancy;
use crate::domain::id::PaymentId;
use crate::domain::inbound_request::InboundRequest;
use crate::domain::money::Money;
use crate::domain::todo::Step;

/// One thing that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToDoItem {
    /// What is wrong, what to do, by when, and who may.
    pub step: Step,
    /// The payment.
    pub payment: PaymentId,
    /// The refund; none for a discrepancy of the payment itself.
    pub refund: Option<RefundRow>,
    /// The discrepancy, when it is one.
    pub discrepancy: Option<Discrepancy>,
    /// The request of a network, when it is one.
    #[serde(default)]
    pub request: Option<InboundRequest>,
    /// Since when it has waited.
    pub since: DateTime<Utc>,
    /// Who may approve it, where it waits for a checker.
    #[serde(default)]
    pub may_approve: Option<MayApprove>,
    /// What is said of one that has waited too long for a checker.
    #[serde(default)]
    pub escalated: Option<String>,
    /// Who looks after it, where somebody said so.
    #[serde(default)]
    pub owner: Option<String>,
    /// By whom it is put aside just now: it is out of their lists.
    #[serde(default)]
    pub aside: Vec<Snooze>,
}

impl ToDoItem {
    /// What it is about. A discrepancy is about itself, also where it is one of a refund.
    pub fn about(&self) -> About {
        match (&self.request, &self.discrepancy, &self.refund) {
            (Some(request), _, _) => About::Request(request.id),
            (_, Some(discrepancy), _) => About::Discrepancy(discrepancy.id),
            (_, _, Some(row)) => About::Refund(row.refund.id),
            // Everything that waits is one of the three.
            (None, None, None) => About::Request(0),
        }
    }

    /// The payment's reference; of a network's request, the payment's own id.
    pub fn reference(&self) -> Option<&str> {
        let refund = self
            .refund
            .as_ref()
            .and_then(|row| row.reference.as_deref());
        let discrepancy = || self.discrepancy.as_ref()?.reference.as_deref();
        let request = || Some(self.request.as_ref()?.provider_payment_id.as_str());
        refund.or_else(discrepancy).or_else(request)
    }

    /// What it is about, where that is one amount.
    pub fn amount(&self) -> Option<Money> {
        let request = self.request.as_ref().map(|request| request.amount);
        request.or(self.refund.as_ref().map(|row| row.refund.content.amount))
    }

    /// Who looks after it: whom somebody named, else who made it.
    pub fn looked_after_by(&self) -> Option<&str> {
        let made = self.refund.as_ref().filter(|_| self.discrepancy.is_none());
        let made = made.map(|row| row.refund.content.maker.as_str());
        self.owner.as_deref().or(made)
    }

    /// What it looks like, to tell whether it has changed.
    pub fn seen(&self) -> String {
        let state = self.refund.as_ref().map(|row| row.refund.state.name());
        care::seen(state.unwrap_or_default(), &self.step)
    }

    /// Money is held by it, or nothing is sent because of it.
    pub fn holds_money(&self) -> bool {
        let held = self
            .refund
            .as_ref()
            .is_some_and(|row| row.refund.state.is_open());
        held || self
            .discrepancy
            .as_ref()
            .is_some_and(Discrepancy::blocks_now)
    }
}
