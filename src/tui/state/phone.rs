//! What is said to a payer.

use crate::domain::id::PaymentId;
use crate::domain::phone::{Call, Entry, What};
use crate::domain::refund::Refund;

use super::refunds::Row;
use super::{App, Layer};

/// The card of a call, over the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The payment asked about.
    pub payment: PaymentId,
    /// The card, once answered.
    pub call: Option<Call>,
    /// Why it could not be read.
    pub failed: Option<String>,
    /// The entry that keys are about.
    pub cursor: usize,
    /// The first line shown.
    pub scroll: usize,
}

impl Page {
    /// A card that is asked for.
    pub const fn of(payment: PaymentId) -> Self {
        Self {
            payment,
            call: None,
            failed: None,
            cursor: 0,
            scroll: 0,
        }
    }

    /// The entry that keys are about.
    pub fn chosen(&self) -> Option<&Entry> {
        self.call.as_ref()?.entries.get(self.cursor)
    }

    /// The payment that keys are about.
    pub fn chosen_payment(&self) -> PaymentId {
        self.chosen().map_or(self.payment, |entry| entry.payment)
    }

    /// The refund that keys are about.
    pub fn chosen_row(&self) -> Option<Row> {
        let (call, entry) = (self.call.as_ref()?, self.chosen()?);
        match &entry.what {
            What::Refund { refund, .. } => Some(row(call, entry, refund)),
            _ => None,
        }
    }

    /// The card as it is now. The same entry stays chosen; at first it is the newest of the payment
    /// asked about, whatever else of that payer is newer.
    pub fn answered(&mut self, call: Call) {
        let chosen = self.chosen().map(Entry::key);
        let place = |fits: &dyn Fn(&Entry) -> bool| call.entries.iter().position(fits);
        let same = place(&|entry| Some(entry.key()) == chosen);
        let beside = || place(&|entry| entry.payment == self.chosen_payment());
        let asked = || place(&|entry| entry.payment == self.payment);
        self.cursor = same.or_else(beside).or_else(asked).unwrap_or(0);
        self.call = Some(call);
        self.failed = None;
    }
}

/// A refund of a card as a list has it. Only of the payment asked about it is known who paid.
pub fn row(call: &Call, entry: &Entry, refund: &Refund) -> Row {
    let asked = entry.payment == call.payment;
    Row {
        refund: refund.clone(),
        reference: entry.reference.clone(),
        payer: call.payer.clone().filter(|_| asked),
        last4: call.last4.clone().filter(|_| asked),
    }
}

impl App {
    /// The card of a call, if no other page lies over it.
    pub fn call(&self) -> Option<&Page> {
        let is_page = |layer: &&Layer| !matches!(layer, Layer::Help { .. } | Layer::Palette(_));
        match self.layers.iter().rev().find(is_page) {
            Some(Layer::Phone(page)) => Some(page),
            _ => None,
        }
    }

    /// The refund that is looked at, or chosen on a caller's card.
    pub fn refund_at_hand(&self) -> Option<Row> {
        match self.call() {
            Some(page) => page.chosen_row(),
            None => self.focus_refund().cloned(),
        }
    }
}
