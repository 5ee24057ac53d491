//! Calls that wait for a person. Decisions of this process are heard of at once; one lookout for all
//! who wait looks for those of others.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex as AsyncMutex, watch};

use super::local::Local;

/// Between looks for what other processes decided.
const LOOKOUT: Duration = Duration::from_millis(200);
/// The clock is looked at this often at least.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Calls that wait at the same time: half of the connections that are open at most.
const MOST_AT_ONCE: usize = 256;
/// Between two notices that lists are stale.
const QUIET: Duration = Duration::from_millis(500);
/// Between two looks for what may be erased.
const ERASED_EVERY: Duration = Duration::from_hours(1);

/// What is known of the requests that wait.
pub(super) struct Holds {
    /// Those that wait, as last seen.
    waiting: watch::Sender<Arc<BTreeSet<i64>>>,
    /// Held by whoever looks for all.
    lookout: AsyncMutex<()>,
    told_at: Mutex<Option<Duration>>,
    erased_at: Mutex<Option<Duration>>,
}

impl Default for Holds {
    fn default() -> Self {
        Self {
            waiting: watch::Sender::new(Arc::default()),
            lookout: AsyncMutex::default(),
            told_at: Mutex::default(),
            erased_at: Mutex::default(),
        }
    }
}

impl Holds {
    /// A request waits here: that it no longer does is news, even to a lookout that never saw it.
    fn waits(&self, id: i64) {
        self.waiting.send_if_modified(|waiting| {
            Arc::make_mut(waiting).insert(id);
            false
        });
    }

    /// How long a request may wait: not at all while so many do that they would take up the places
    /// of those that need no person.
    pub(super) fn hold(&self, terms: Duration) -> Duration {
        match self.waiting.receiver_count() < MOST_AT_ONCE {
            true => terms,
            false => Duration::ZERO,
        }
    }

    /// A request was decided here.
    pub(super) fn decided(&self, id: i64) {
        self.waiting.send_modify(|waiting| {
            Arc::make_mut(waiting).remove(&id);
        });
    }

    /// Whether it is time to say again that lists are stale.
    pub(super) fn may_tell(&self, now: Duration) -> bool {
        may(&self.told_at, QUIET, now)
    }

    /// Whether it is time to look for what may be erased.
    pub(super) fn may_erase(&self, now: Duration) -> bool {
        may(&self.erased_at, ERASED_EVERY, now)
    }
}

fn may(last: &Mutex<Option<Duration>>, every: Duration, now: Duration) -> bool {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    let may = last.is_none_or(|at| at + every <= now);
    if may {
        *last = Some(now);
    }
    may
}

impl Local {
    /// Returns when the request may be decided, its time is over or the desk closes. Whoever waits
    /// looks at it again: that it returns proves nothing.
    pub(super) async fn until_decided(&self, id: i64, deadline: DateTime<Utc>) {
        let mut waiting = self.holds.waiting.subscribe();
        self.holds.waits(id);
        loop {
            let left = (deadline - self.clock.now()).to_std().unwrap_or_default();
            if left.is_zero() || self.duty.is_over() {
                return;
            }
            tokio::select! {
                changed = waiting.changed() => {
                    if changed.is_err() || !waiting.borrow_and_update().contains(&id) {
                        return;
                    }
                }
                () = self.look_out() => {}
                () = tokio::time::sleep(left.min(self.settings.pace.scale(LONGEST_WAIT))) => {}
                () = self.duty.over() => return,
            }
        }
    }

    /// Looks for decisions of other processes, on behalf of all who wait; the others wait for it.
    async fn look_out(&self) {
        let _alone = self.holds.lookout.lock().await;
        loop {
            tokio::time::sleep(self.settings.pace.scale(LOOKOUT)).await;
            match self.ledger.waiting_requests().await {
                Ok(now) => {
                    self.holds.waiting.send_if_modified(|waiting| {
                        let news = **waiting != now;
                        if news {
                            *waiting = Arc::new(now);
                        }
                        news
                    });
                }
                Err(error) => tracing::warn!(%error, "cannot look for decisions"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_wait_and_no_more() {
        let holds = Holds::default();
        let hold = Duration::from_secs(20);
        let mut waiting: Vec<_> = (0..MOST_AT_ONCE)
            .map(|_| {
                assert_eq!(holds.hold(hold), hold);
                holds.waiting.subscribe()
            })
            .collect();
        assert_eq!(holds.hold(hold), Duration::ZERO);
        waiting.pop();
        assert_eq!(holds.hold(hold), hold);
    }
}
