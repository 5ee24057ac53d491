//! The refunds the simulator accepted.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::course::Course;
use super::{number, written};
use crate::domain::money::Money;

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
    fn taken(&self) -> i64 {
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

/// Every accepted refund, oldest first.
#[derive(Default)]
pub(super) struct Refunds(Vec<Refund>);

impl Refunds {
    pub(super) fn add(&mut self, refund: Refund) {
        self.0.push(refund);
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn with_key(&self, account: &str, key: &str) -> Option<&Refund> {
        let ours =
            |it: &&Refund| it.account == account && it.idempotency_key.as_deref() == Some(key);
        self.0.iter().rfind(ours)
    }

    pub(super) fn with_id(&self, id: &str) -> Option<&Refund> {
        self.0.iter().find(|it| it.id == id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Refund> {
        self.0.iter_mut().find(|it| it.id == id)
    }

    pub(super) fn of_payment<'a>(
        &'a self,
        account: &'a str,
        payment_id: &'a str,
    ) -> impl Iterator<Item = &'a Refund> {
        self.0
            .iter()
            .filter(move |it| it.account == account && it.payment_id == payment_id)
    }

    /// What refunds have taken from a payment, in minor units.
    pub(super) fn taken_from(&self, account: &str, payment_id: &str) -> i64 {
        self.of_payment(account, payment_id)
            .map(Refund::taken)
            .fold(0, i64::saturating_add)
    }
}
