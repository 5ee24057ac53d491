//! The To do queue: each thing that waits for a person, with its one safe next step.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::RefundRow;
use crate::domain::delegation::MayApprove;
use crate::domain::discrepancy::Discrepancy;
use crate::domain::id::PaymentId;
use crate::domain::inbound_request::InboundRequest;
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
}
