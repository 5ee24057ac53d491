//! How many looks an account may make, whichever process makes them (domain.md, rule 4).
//!
//! What is spent is one time, kept in the ledger: until when the looks made so far have used up the
//! account's share. A look moves it on by one interval, and it never runs further ahead than the
//! burst. So a minute sees at most its polls and what was saved up for it.
//!
//! Lists are read out of the same share. A long one takes only what polls leave; a short one that
//! was begun in its turn is read to its end, and what that takes beyond the share is owed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// This part of a minute's looks may be made at once.
const BURST_PART: u32 = 6;
/// Of this many saved up, lists leave one to polls.
const SPARE_PART: i32 = 2;
/// So many looks may be owed: the windows of one payment's whole period, and some pages.
const OWED_MOST: i32 = 32;

/// An account's share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// One look's share of a minute.
    interval: TimeDelta,
    /// How far ahead of time looks may be made.
    ahead: TimeDelta,
    /// How much of that long lists leave to polls.
    kept: TimeDelta,
}

impl Budget {
    /// So many looks a minute, one at least.
    pub fn new(looks_per_minute: u32) -> Self {
        let looks = i32::try_from(looks_per_minute.max(1)).unwrap_or(i32::MAX);
        // Two at least: one for lists, one they leave.
        let burst = (looks_per_minute / BURST_PART).max(2);
        let burst = i32::try_from(burst).unwrap_or(i32::MAX);
        let interval = TimeDelta::minutes(1) / looks;
        Self {
            interval,
            ahead: interval * burst,
            kept: interval * (burst / SPARE_PART),
        }
    }

    /// Takes one look at `now`, when looks are spent until `spent`: until when they are then, or
    /// how long to wait for one. A clock that was set back costs a burst and what may be owed, not all
    /// the time it lost.
    ///
    /// # Errors
    /// How long to wait.
    pub fn take(
        &self,
        spent: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Duration> {
        self.take_within(self.ahead, spent, now)
    }

    /// As [`Budget::take`], for an exchange that may wait: part of what is saved up is left to polls.
    ///
    /// # Errors
    /// How long to wait.
    pub fn take_spare(
        &self,
        spent: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Duration> {
        self.take_within(self.ahead - self.kept, spent, now)
    }

    /// As [`Budget::take`], for an exchange that goes on with what was begun: it is never refused, and
    /// whoever comes next waits for it.
    pub fn owe(&self, spent: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
        self.known(spent, now) + self.interval
    }

    fn take_within(
        &self,
        ahead: TimeDelta,
        spent: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Duration> {
        let then = self.known(spent, now) + self.interval;
        match (then - now - ahead).to_std() {
            Ok(wait) if !wait.is_zero() => Err(wait),
            _ => Ok(then),
        }
    }

    fn known(&self, spent: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
        let latest = now + self.ahead + self.interval * OWED_MOST;
        spent.unwrap_or(now).clamp(now, latest)
    }

    /// Over how long so many waiting looks are spread, a quarter more than they need: room for
    /// chance.
    pub fn window(&self, looks: usize) -> Duration {
        let interval = self.interval.to_std().unwrap_or_default();
        let looks = u32::try_from(looks).unwrap_or(u32::MAX);
        interval.saturating_mul(looks).saturating_mul(5) / 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_spent_budget_says_how_long_to_wait() {
        let budget = Budget::new(60);
        let mut spent = None;
        for _ in 0..10 {
            spent = Some(budget.take(spent, at(0)).unwrap());
        }
        assert_eq!(budget.take(spent, at(0)), Err(Duration::from_secs(1)));
        spent = Some(budget.take(spent, at(1)).unwrap());
        assert_eq!(budget.take(spent, at(1)), Err(Duration::from_secs(1)));
        // A minute later a burst is saved up again, and no more.
        let taken = (0..60).filter(|_| match budget.take(spent, at(61)) {
            Ok(then) => {
                spent = Some(then);
                true
            }
            Err(_) => false,
        });
        assert_eq!(taken.count(), 10);
    }

    #[test]
    fn a_clock_that_was_set_back_costs_little() {
        let budget = Budget::new(60);
        let spent = Some(at(86_400));
        let wait = budget.take(spent, at(0)).unwrap_err();
        assert_eq!(wait, Duration::from_secs(33));
    }

    /// Of ten at once, lists take five: the others are there for polls, however long lists wait.
    #[test]
    fn lists_leave_polls_their_part() {
        let budget = Budget::new(60);
        let mut spent = None;
        for _ in 0..5 {
            spent = Some(budget.take_spare(spent, at(0)).unwrap());
        }
        let waits = Err(Duration::from_secs(1));
        assert_eq!(budget.take_spare(spent, at(0)), waits);
        for _ in 0..5 {
            spent = Some(budget.take(spent, at(0)).unwrap());
        }
        assert_eq!(budget.take(spent, at(0)), waits);
        assert_eq!(budget.take_spare(spent, at(0)), Err(Duration::from_secs(6)));
    }

    /// What was begun is read to its end, and paid for afterwards.
    #[test]
    fn what_is_owed_is_waited_for() {
        let budget = Budget::new(60);
        let mut spent = Some(budget.take(None, at(0)).unwrap());
        for _ in 0..19 {
            spent = Some(budget.owe(spent, at(0)));
        }
        assert_eq!(budget.take(spent, at(0)), Err(Duration::from_secs(11)));
        assert!(budget.take(spent, at(11)).is_ok());
    }

    #[test]
    fn there_is_always_one() {
        for looks in [0, 1, 5, u32::MAX] {
            assert!(Budget::new(looks).take(None, at(0)).is_ok(), "{looks}");
            assert!(
                Budget::new(looks).take_spare(None, at(0)).is_ok(),
                "{looks}"
            );
        }
    }
}
