//! What a maker decides.

use serde::{Deserialize, Serialize};

use crate::domain::refund::Kind;

/// What a maker decides, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Our id, `ACCOUNT/PROVIDER_ID` or a unique reference.
    pub payment: String,
    /// An amount expression; `all` for a full refund.
    pub amount: String,
    /// On top of the principal.
    pub compensation: Option<String>,
    /// A code of the catalogue.
    pub reason: String,
    /// Free text.
    pub note: Option<String>,
    /// The case at the payer's bank or scheme.
    pub case_ref: Option<String>,
    /// The provider's id of the capture, where the payment has several.
    pub capture_id: Option<String>,
    /// Refuse unless this much can still be refunded (a decimal).
    pub expect_available: Option<String>,
    /// The caller's id of this decision: the same key and content is the same refund.
    pub key: Option<String>,
    /// A likely duplicate is meant.
    pub again: bool,
    /// The refund this one replaces.
    pub supersedes: Option<String>,
    /// In which way the money goes back.
    #[serde(default)]
    pub kind: Kind,
    /// Wait the configured time before sending, so that it can be withdrawn.
    pub delay: bool,
}
