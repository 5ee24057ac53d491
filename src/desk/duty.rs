//! Whether this desk still takes up work, and what it has under way.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use super::local::Local;

/// The desk's own state of work: on duty until it is told to stop.
pub(super) struct Duty {
    over: watch::Sender<bool>,
    exchanges: AtomicUsize,
    /// Those who keep working.
    hands: AtomicUsize,
}

impl Default for Duty {
    fn default() -> Self {
        Self {
            over: watch::Sender::new(false),
            exchanges: AtomicUsize::new(0),
            hands: AtomicUsize::new(0),
        }
    }
}

/// An exchange with a provider under way, until its answer is written down.
pub(super) struct Exchange<'a>(&'a AtomicUsize);

/// Somebody who sends and polls, until they end in whatever way.
pub(super) struct Hand<'a>(&'a AtomicUsize);

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Duty {
    pub(super) fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    /// Returns once the desk is told to stop.
    pub(super) async fn over(&self) {
        // The sender lives as long as this: there is always an end to wait for.
        let _ = self.over.subscribe().wait_for(|over| *over).await;
    }

    pub(super) fn hand(&self) -> Hand<'_> {
        self.hands.fetch_add(1, Ordering::Relaxed);
        Hand(&self.hands)
    }

    pub(super) fn is_at_work(&self) -> bool {
        self.hands.load(Ordering::Relaxed) > 0
    }

    pub(super) fn exchange(&self) -> Exchange<'_> {
        self.exchanges.fetch_add(1, Ordering::Relaxed);
        Exchange(&self.exchanges)
    }
}

impl Local {
    /// Takes up no more work. What is with a provider goes on until it is answered or its deadline
    /// has passed; whoever works ([`Local::keep_working`], a request to work) returns after that.
    pub fn stop(&self) {
        self.duty.over.send_replace(true);
    }

    /// Returns once [`Local::stop`] was called.
    pub async fn stopped(&self) {
        self.duty.over().await;
    }

    /// Whether [`Local::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.duty.is_over()
    }

    /// How many exchanges with providers are under way.
    pub fn exchanges(&self) -> usize {
        self.duty.exchanges.load(Ordering::Relaxed)
    }
}
