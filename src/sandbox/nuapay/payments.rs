//! The payments a merchant was paid.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::written;
use crate::domain::money::Money;
use crate::sandbox::settlement::Row;

/// A payment, and what the console gave back of it before the sandbox was started.
pub(super) struct Payment {
    pub account: String,
    pub id: String,
    pub amount: Money,
    pub made_at: DateTime<Utc>,
    received_at: Option<DateTime<Utc>>,
    pub refunded_before: i64,
    reference: String,
    end_to_end: String,
    payer: String,
    last4: String,
}

impl Payment {
    fn of(row: &Row) -> Option<Self> {
        let text = |column| row.get(column).to_owned();
        let amount = row.amount()?;
        let refunded = Money::parse(row.get("refunded"), amount.currency);
        Some(Self {
            account: text("account"),
            id: text("payment_id"),
            amount,
            made_at: row.captured_at()?,
            received_at: row.settled_at(),
            refunded_before: refunded.map_or(0, |money| money.minor),
            reference: text("reference"),
            end_to_end: text("end_to_end"),
            payer: text("payer"),
            last4: text("last4"),
        })
    }

    /// Only once the money is in the merchant's account is a payment received.
    pub(super) fn status(&self, now: DateTime<Utc>) -> &'static str {
        match self.received_at {
            Some(at) if at <= now => "PAYMENT_RECEIVED",
            _ => "SETTLEMENT_COMPLETE",
        }
    }

    fn in_gbp(&self) -> bool {
        self.amount.currency.code() == "GBP"
    }

    /// As the real side's samples have it: null almost everywhere.
    pub(super) fn json(&self, now: DateTime<Utc>) -> Value {
        let (scheme, account, country) = match self.in_gbp() {
            true => ("UK_FASTER_PAYMENT", "SortCodeAccountNumber", "GB"),
            false => ("SEPA_CREDIT_TRANSFER", "IBAN", "IE"),
        };
        let remittance = match self.in_gbp() {
            true => json!({ "reference": self.reference, "unstructured": null }),
            false => json!({ "reference": null, "unstructured": self.reference }),
        };
        json!({
            "id": self.id,
            "uri": format!("/payments/{}", self.id),
            "userInterfacePaymentId": null,
            "merchantId": "mrch000001",
            "creationDateTime": written(self.made_at),
            "status": self.status(now),
            "amount": super::number(self.amount),
            "currency": self.amount.currency.code(),
            "countryCode": country,
            "language": null,
            "email": null,
            "orderDetails": null,
            "integrationType": "REDIRECT",
            "bankId": null,
            "endToEndIdentification": text_or_null(&self.end_to_end),
            "remittanceInformation": remittance,
            "debtorAccount": {
                "identification": format!("0000001234{}", self.last4),
                "schemeName": account,
                "name": text_or_null(&self.payer),
                "secondaryIdentification": null,
            },
            "creditorAccount": null,
            "paymentScheme": scheme,
            "requestedExecutionDate": null,
            "expectedSettlementDateTime": null,
            "multiAuthorisation": null,
            "links": null,
        })
    }

    /// When it changed its status.
    pub(super) fn history(&self, now: DateTime<Utc>) -> Vec<Value> {
        let steps = [
            ("PENDING", Some(self.made_at)),
            ("AUTHORISED", Some(self.made_at + TimeDelta::seconds(40))),
            (
                "SETTLEMENT_COMPLETE",
                Some(self.made_at + TimeDelta::seconds(60)),
            ),
            ("PAYMENT_RECEIVED", self.received_at.filter(|at| *at <= now)),
        ];
        let entry = |(status, at): (&str, Option<DateTime<Utc>>)| {
            at.map(|at| json!({ "id": null, "status": status, "createDateTime": written(at) }))
        };
        steps.into_iter().filter_map(entry).collect()
    }
}

fn text_or_null(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Every payment of every merchant, in the order of the file.
pub(super) struct Payments {
    pub all: Vec<Payment>,
    by_id: HashMap<(String, String), usize>,
}

impl Payments {
    /// The payments of these accounts among settlement rows; a row that comes again changes
    /// nothing.
    pub(super) fn of(rows: &[Row], accounts: &[&str]) -> Self {
        let mut payments = Self {
            all: Vec::new(),
            by_id: HashMap::new(),
        };
        let ours = rows
            .iter()
            .filter(|row| accounts.contains(&row.get("account")));
        for payment in ours.filter_map(Payment::of) {
            let key = (payment.account.clone(), payment.id.clone());
            let place = payments.all.len();
            if let Entry::Vacant(free) = payments.by_id.entry(key) {
                free.insert(place);
                payments.all.push(payment);
            }
        }
        payments
    }

    pub(super) fn with_id(&self, account: &str, id: &str) -> Option<&Payment> {
        let place = self.by_id.get(&(account.to_owned(), id.to_owned()))?;
        self.all.get(*place)
    }
}
