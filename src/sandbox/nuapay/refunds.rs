//! The refunds the simulator makes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{number, written};
use crate::domain::money::Money;
use crate::sandbox::accepted::{Made, Name};
use crate::sandbox::book::Payout;
use crate::sandbox::course::Course;

/// An accepted refund.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Refund {
    pub id: String,
    pub account: String,
    pub payment_id: String,
    pub end_to_end: String,
    pub reference: Option<String>,
    pub unstructured: Option<String>,
    pub asked: Money,
    /// What really left.
    pub paid: Money,
    pub compensation: Option<Money>,
    pub idempotency_key: Option<String>,
    /// The body that the key came with.
    pub body: String,
    pub accepted_at: DateTime<Utc>,
    /// How many looks have shown it; two are enough to end any refund.
    #[serde(skip)]
    pub looks: u8,
}

impl Refund {
    pub(super) fn course(&self) -> Course {
        Course::of(self.asked.minor)
    }

    /// Minor units that this refund takes from what is left of its payment.
    pub(super) fn taken(&self) -> i64 {
        match self.course().status(self.looks) {
            "REFUND_REJECTED" => 0,
            _ => self.paid.minor,
        }
    }

    /// As it is shown after so many looks.
    pub(super) fn json(&self, looks: u8) -> Value {
        let status = self.course().status(looks);
        let errors = (status == "REFUND_REJECTED").then(|| json!(["5016"]));
        let at = written(self.accepted_at);
        json!({
            "id": self.id,
            "uri": self.uri(),
            "creationDateTime": at,
            "lastUpdateDateTime": at,
            "status": status,
            "refundAmount": number(self.paid),
            "compensationAmount": self.compensation.map(number),
            "currency": self.asked.currency.code(),
            "remittanceInformation": {
                "reference": self.reference,
                "unstructured": self.unstructured,
            },
            "endToEndIdentification": self.end_to_end,
            "errorDetails": errors,
        })
    }

    pub(super) fn uri(&self) -> String {
        format!("/payments/{}/refunds/{}", self.payment_id, self.id)
    }
}

impl Made for Refund {
    fn id(&self) -> &str {
        &self.id
    }

    fn names(&self) -> Vec<Name> {
        let key = self.idempotency_key.as_ref();
        let key = key.map(|key| with_key(&self.account, key));
        let payment = of_payment(&self.account, &self.payment_id);
        key.into_iter().chain([payment]).collect()
    }

    fn payout(&self) -> Option<Payout<'_>> {
        self.course().pays().then(|| Payout {
            account: &self.account,
            payment_id: &self.payment_id,
            // What really left, also where that is not what was asked.
            amount: self.paid,
            compensation: self.compensation,
            correlation: &self.end_to_end,
            provider_refund_id: &self.id,
            at: self.accepted_at,
        })
    }

    fn looks_mut(&mut self) -> &mut u8 {
        &mut self.looks
    }
}

/// The name of the refunds that an idempotency key asked for.
pub(super) fn with_key(account: &str, key: &str) -> Name {
    ("key", format!("{account} {key}"))
}

/// The name of a payment's refunds.
pub(super) fn of_payment(account: &str, payment_id: &str) -> Name {
    ("payment", format!("{account} {payment_id}"))
}
