//! The charges a merchant can refund.

use std::collections::HashMap;

use chrono::{DateTime, Months, Utc};

use super::cancels::BATCH_OPEN;
use super::envelope::opaque_id;
use super::request::Reference;
use crate::domain::money::Money;
use crate::sandbox::settlement::Row;

/// The account whose payments this simulator knows.
pub(super) const ACCOUNT: &str = "hub-us";

/// A captured payment, or one capture of it.
pub(super) struct Charge {
    /// What a refund refers to: the capture's id where there is one.
    pub transaction_id: String,
    pub payment_id: String,
    /// The gateway's order id, which all refunds of this charge share.
    pub order_id: String,
    /// The merchant's own id of the charge.
    pub reference: String,
    pub merchant_order_id: String,
    pub amount: Money,
    pub captured_at: DateTime<Utc>,
    /// None: it has not settled, and does not settle while the sandbox runs.
    pub settled_at: Option<DateTime<Utc>>,
    /// Given back before the sandbox was started, in minor units.
    pub refunded_before: i64,
    pub last4: String,
    pub scheme: String,
}

impl Charge {
    fn of(row: &Row) -> Option<Self> {
        let text = |column| row.get(column).to_owned();
        let amount = row.amount()?;
        let refunded = Money::parse(row.get("refunded"), amount.currency);
        let transaction_id = match row.get("capture_id") {
            "" => text("payment_id"),
            capture => capture.to_owned(),
        };
        Some(Self {
            order_id: format!("CHG{}", opaque_id(&["order", &transaction_id])),
            transaction_id,
            payment_id: text("payment_id"),
            reference: text("reference"),
            merchant_order_id: text("order"),
            amount,
            captured_at: row.captured_at()?,
            settled_at: row.settled_at(),
            refunded_before: refunded.map_or(0, |money| money.minor),
            last4: text("last4"),
            scheme: text("scheme"),
        })
    }

    /// The gateway refunds for 12 months; the day they are over is already too late.
    pub(super) fn is_too_old(&self, now: DateTime<Utc>) -> bool {
        let over = self
            .captured_at
            .date_naive()
            .checked_add_months(Months::new(12));
        over.is_some_and(|over| now.date_naive() >= over)
    }

    pub(super) fn is_settled(&self, now: DateTime<Utc>) -> bool {
        self.settled_at.is_some_and(|settled| settled <= now)
    }

    /// Captured so lately that no batch has taken it up: it can be canceled, not refunded.
    pub(super) fn is_unbatched(&self, now: DateTime<Utc>) -> bool {
        !self.is_settled(now) && now - self.captured_at < BATCH_OPEN
    }

    pub(super) fn is(&self, reference: Reference<'_>) -> bool {
        match reference {
            Reference::Transaction(id) => self.transaction_id == id,
            Reference::MerchantTransaction(id) => self.reference == id,
            Reference::ClientRequest(_) => false,
            Reference::Order(id) => self.order_id == id,
            Reference::MerchantOrder(id) => self.merchant_order_id == id,
        }
    }
}

/// Every charge of the merchant.
pub(super) struct Charges {
    all: Vec<Charge>,
    by_id: HashMap<String, usize>,
}

impl Charges {
    /// The charges among settlement rows; a row that comes again changes nothing.
    pub(super) fn of(rows: &[Row]) -> Self {
        let mut charges = Self {
            all: Vec::with_capacity(rows.len()),
            by_id: HashMap::with_capacity(rows.len()),
        };
        let ours = rows.iter().filter(|row| row.get("account") == ACCOUNT);
        for charge in ours.filter_map(Charge::of) {
            charges.add(charge);
        }
        charges
    }

    fn add(&mut self, charge: Charge) {
        if self.by_id.contains_key(&charge.transaction_id) {
            return;
        }
        let place = self.all.len();
        self.by_id.insert(charge.transaction_id.clone(), place);
        // The payment's own id means its first capture.
        self.by_id.entry(charge.payment_id.clone()).or_insert(place);
        self.all.push(charge);
    }

    pub(super) fn with_id(&self, transaction_id: &str) -> Option<&Charge> {
        self.by_id
            .get(transaction_id)
            .and_then(|place| self.all.get(*place))
    }

    pub(super) fn found_by(&self, reference: Reference<'_>) -> Vec<&Charge> {
        match reference {
            Reference::Transaction(id) => self.with_id(id).into_iter().collect(),
            _ => self
                .all
                .iter()
                .filter(|charge| charge.is(reference))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(payment_id: &str, capture_id: &str) -> Row {
        Row::new(&[
            ("account", ACCOUNT),
            ("payment_id", payment_id),
            ("capture_id", capture_id),
            ("reference", "INV-1"),
            ("amount", "10.00"),
            ("currency", "USD"),
            ("captured_at", "2025-11-21T23:00:00Z"),
        ])
    }

    #[test]
    fn a_charge_is_found_by_payment_capture_and_reference() {
        let charges = Charges::of(&[
            row("p1", ""),
            row("p2", "c1"),
            row("p2", "c2"),
            row("p1", ""),
        ]);
        assert_eq!(charges.all.len(), 3);
        assert_eq!(charges.with_id("p2").unwrap().transaction_id, "c1");
        assert_eq!(charges.with_id("c2").unwrap().payment_id, "p2");
        assert_eq!(
            charges
                .found_by(Reference::MerchantTransaction("INV-1"))
                .len(),
            3
        );
    }

    #[test]
    fn twelve_months_end_the_day_before() {
        let charges = Charges::of(&[row("p1", "")]);
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert!(!charges.all[0].is_too_old(at("2026-11-20T23:59:59Z")));
        assert!(charges.all[0].is_too_old(at("2026-11-21T00:00:00Z")));
    }
}
