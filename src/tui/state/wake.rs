//! When the screen changes by itself.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::phone::What;
use crate::domain::refund::Refund;
use crate::domain::state::State;
use crate::domain::stopping::Stopping;

use super::{App, Layer, Screen, layout};

impl App {
    /// When the screen changes by itself: the next second of a countdown, the end of a toast, the
    /// moment from which a refund cannot be stopped. None: nothing is written until something happens.
    pub fn next_wake(&self) -> Option<Duration> {
        let toast = self.toasts.iter().filter_map(|toast| toast.until).min();
        let told = self.told_refunds().filter_map(|it| self.next_word_of(it));
        let at = toast.into_iter().chain(told).chain(self.moving_until).min();
        let wait = |at: DateTime<Utc>| (at - self.now).to_std().unwrap_or(Duration::from_millis(1));
        let listed = (self.screen == Screen::ToDo).then(|| {
            self.todo
                .next_change(self.now, layout::todo_items(self.size))
        });
        at.map(wait).into_iter().chain(listed.flatten()).min()
    }

    /// When something else is said of a refund, whatever happens to it.
    fn next_word_of(&self, refund: &Refund) -> Option<DateTime<Utc>> {
        if let Some(left) = countdown(refund, self.now) {
            // Seconds are shown rounded up: the figure changes when a whole one is left.
            let until_change = (left.num_milliseconds() - 1).rem_euclid(1000) + 1;
            return Some(self.now + TimeDelta::milliseconds(until_change));
        }
        match self.stopping(refund)? {
            Stopping::Until(Some(at)) => Some(at),
            _ => None,
        }
    }

    /// The refunds of which lists, cards and pages tell how they stand.
    fn told_refunds(&self) -> impl Iterator<Item = &Refund> {
        let height = layout::refund_rows(self.size);
        let on_screen = self.screen == Screen::Refunds;
        let listed = self.refunds.listed_from(self.refunds.top).take(height);
        let listed = listed.filter(move |_| on_screen).map(|row| &row.refund);
        let wanted = self.wanted_card();
        let card = self.card.iter();
        let card = card.filter(move |card| Some(card.payment.id) == wanted);
        let on_card = card.flat_map(|card| &card.refunds);
        let waits = self.todo.item().filter(|_| self.screen == Screen::ToDo);
        let waits = waits.and_then(|item| item.refund.as_ref());
        let waits = waits.map(|row| &row.refund).into_iter();
        listed
            .chain(on_card)
            .chain(waits)
            .chain(self.told_on_pages())
    }

    fn told_on_pages(&self) -> impl Iterator<Item = &Refund> {
        let page = self.layers.iter().filter_map(|layer| match layer {
            Layer::Refund(page) => Some(&page.row.refund),
            _ => None,
        });
        let call = self.layers.iter().filter_map(|layer| match layer {
            Layer::Phone(page) => page.call.as_ref(),
            _ => None,
        });
        let on_phone = call.flat_map(|call| &call.entries);
        let on_phone = on_phone.filter_map(|entry| match &entry.what {
            What::Refund { refund, .. } => Some(&**refund),
            _ => None,
        });
        page.chain(on_phone)
    }
}

/// How long a refund still waits before it goes out.
pub fn countdown(refund: &Refund, now: DateTime<Utc>) -> Option<TimeDelta> {
    let waits = refund.state == State::Approved && !refund.needs_release;
    let left = refund.send_after.filter(|_| waits)? - now;
    (left > TimeDelta::zero()).then_some(left)
}
