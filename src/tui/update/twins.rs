//! Which rows look like one paid twice: asked for once the rows stand, so that no list waits for it.

use crate::desk::face::Request;
use crate::domain::id::PaymentId;
use crate::tui::state::slots::Slot;

use super::Turn;

/// Rows asked about at once.
const ROWS: usize = 100;

impl Turn<'_> {
    /// Asks about rows of which it is not known, those on the screen first.
    pub(super) fn ask_twins(&mut self) {
        if self.app.slots.is_waiting(Slot::Twins) || self.app.slots.is_waiting(Slot::Page) {
            return;
        }
        let payments = &self.app.payments;
        let (before, shown) = payments
            .rows
            .split_at(payments.top.min(payments.rows.len()));
        let ids: Vec<PaymentId> = shown
            .iter()
            .chain(before)
            .filter(|row| row.twice.is_none())
            .map(|row| row.payment.id)
            .take(ROWS)
            .collect();
        if !ids.is_empty() {
            self.app.payments.asked_twice.clone_from(&ids);
            self.ask(Slot::Twins, Request::Twins(ids));
        }
    }

    pub(super) fn twins_answered(&mut self, twice: &[PaymentId]) {
        let payments = &mut self.app.payments;
        let asked = std::mem::take(&mut payments.asked_twice);
        for row in &mut payments.rows {
            let id = row.payment.id;
            if asked.contains(&id) {
                row.twice = Some(twice.contains(&id));
            }
        }
    }

    /// It is a hint: where it cannot be had, nothing is said and nobody asks again.
    pub(super) fn twins_refused(&mut self) {
        self.twins_answered(&[]);
    }
}
