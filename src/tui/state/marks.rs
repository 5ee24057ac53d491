//! The payments marked for a bulk refund: held by id, so that they stay whatever is shown.

use std::collections::BTreeMap;

use crate::domain::id::PaymentId;
use crate::domain::money::{Currency, Money};

use super::payments::Row;

/// Most payments marked at once: what one person can look through before saying yes.
pub const MOST_MARKS: usize = 500;

/// The marks.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// Which they are: when each was marked, and what can be refunded of it, as last known.
    rows: BTreeMap<PaymentId, (u64, Money)>,
    next: u64,
    /// The payment last marked by itself: ranges begin there.
    pub from: Option<PaymentId>,
}

impl Marks {
    /// True where nothing is marked.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many are marked.
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// Whether a payment is marked.
    pub fn contains(&self, id: PaymentId) -> bool {
        self.rows.contains_key(&id)
    }

    /// The marked, in the order in which they were marked.
    pub fn ids(&self) -> Vec<PaymentId> {
        let mut ids: Vec<(u64, PaymentId)> =
            self.rows.iter().map(|(id, (at, _))| (*at, *id)).collect();
        ids.sort_unstable();
        ids.into_iter().map(|(_, id)| id).collect()
    }

    /// Marks a payment; false where there are as many as there may be.
    pub fn add(&mut self, row: &Row) -> bool {
        let room = self.rows.len() < MOST_MARKS || self.contains(row.payment.id);
        if room {
            let at = self.next;
            self.next += 1;
            self.rows
                .entry(row.payment.id)
                .or_insert((at, row.eligibility.can_refund));
        }
        room
    }

    /// Marks no more.
    pub fn remove(&mut self, id: PaymentId) {
        self.rows.remove(&id);
        self.from = self.from.filter(|from| *from != id);
    }

    /// A row was read anew.
    pub fn learn(&mut self, row: &Row) {
        if let Some(known) = self.rows.get_mut(&row.payment.id) {
            known.1 = row.eligibility.can_refund;
        }
    }

    /// Adds those that were taken away, as many as there is room for; what is marked now is known better.
    pub fn join(&mut self, others: Self) {
        let room = MOST_MARKS.saturating_sub(self.rows.len());
        let known = &self.rows;
        let missing = others.rows.into_iter();
        let missing = missing.filter(|(id, _)| !known.contains_key(id)).take(room);
        let missing: Vec<_> = missing.collect();
        self.next = self.next.max(others.next);
        self.from = self.from.or(others.from);
        self.rows.extend(missing);
    }

    /// What can be refunded of all of them, per currency. Sums stop at the ends of `i64`.
    pub fn sums(&self) -> Vec<Money> {
        let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
        for (_, can) in self.rows.values() {
            let sum = sums.entry(can.currency).or_default();
            *sum = sum.saturating_add(can.minor);
        }
        let sums = sums.into_iter();
        sums.map(|(currency, minor)| Money::new(minor, currency))
            .collect()
    }
}
