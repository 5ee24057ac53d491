//! Personal data: shown in full once, to whoever asks, and erased by two people.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::FullAccount;
use crate::domain::id::PaymentId;

/// Personal data of a payer in full. The audit says who saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revealed {
    /// Whose payment.
    pub payment: PaymentId,
    /// Who paid; none: not known, or erased.
    pub payer: Option<String>,
    /// Contact data, by name.
    pub contacts: Vec<(String, String)>,
    /// Who files say paid, where that is open.
    pub proposed: Vec<String>,
    /// Where the money of the refund asked about goes, where the desk pays it by transfer.
    pub account: Option<FullAccount>,
    /// Something was erased.
    pub erased: bool,
}

/// One person's word that what is known of a payer is to be erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseOrder {
    /// The payment, as typed.
    pub payment: String,
    /// The request they made: a number of a ticket.
    pub case_ref: String,
}

/// How far an erasure is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Whose payment.
    pub payment: PaymentId,
    /// The request.
    pub case_ref: String,
    /// The first person.
    pub proposed_by: String,
    /// When they proposed it.
    pub proposed_at: DateTime<Utc>,
    /// The second person; none yet: it waits, and nothing is erased.
    pub agreed_by: Option<String>,
    /// How many values are gone.
    pub values: u32,
}
