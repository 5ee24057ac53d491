//! What happened outside this desk: refunds made elsewhere, disputes, discrepancies.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::discrepancy::Discrepancy;
use crate::domain::dispute::{Dispute, Stage};
use crate::domain::external::{ExternalRefund, ExternalSource, ExternalState};
use crate::domain::money::Money;

/// What is known of a payment beside its refunds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// Refunds made elsewhere, in the order they were found.
    pub external: Vec<ExternalRefund>,
    /// Disputes, in the order they were learned of.
    pub disputes: Vec<Dispute>,
    /// Discrepancies that are open, oldest first.
    pub discrepancies: Vec<Discrepancy>,
}

/// A person closes a discrepancy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseDiscrepancy {
    /// Our number of it.
    pub id: i64,
    /// What was found out; an alert may be acknowledged without.
    pub note: String,
    /// What the file says is made so.
    pub accept: bool,
}

/// A refund made elsewhere, as a provider's list or a file names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalNews {
    /// Our id, `ACCOUNT/PROVIDER_ID` or a unique reference.
    pub payment: String,
    /// The provider's id of the capture.
    pub capture_id: Option<String>,
    /// The provider's id of the refund.
    pub provider_refund_id: Option<String>,
    /// Our reference, where the provider echoes it.
    pub correlation: Option<String>,
    /// How much, in the payment's currency.
    pub amount: Money,
    /// What was paid on top; none: it is not said.
    pub compensation: Option<Money>,
    /// How it stands.
    pub state: ExternalState,
    /// Where it was seen.
    pub source: ExternalSource,
    /// The file and line, or the exchange.
    pub origin: String,
    /// When the file or the exchange was begun.
    pub seen_at: DateTime<Utc>,
}

/// A person says that a refund made elsewhere is one of ours, or that it is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkExternal {
    /// Our number of the refund made elsewhere.
    pub external: i64,
    /// The refund of ours; none takes the link off.
    pub refund: Option<String>,
    /// Why.
    pub note: String,
}

/// A dispute, as a provider or a person tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeReport {
    /// Our id, `ACCOUNT/PROVIDER_ID` or a unique reference.
    pub payment: String,
    /// The provider's id of the capture.
    pub capture_id: Option<String>,
    /// The provider's id of the dispute.
    pub provider_dispute_id: String,
    /// How much, in whatever currency.
    pub amount: Money,
    /// How far it has come.
    pub stage: Stage,
    /// Until when it can be answered.
    pub deadline: Option<DateTime<Utc>>,
}
