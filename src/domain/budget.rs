//! How many looks an account may make, whichever process makes them (domain.md, rule 4).
//!
//! What is spent is one time, kept in the ledger: until when the looks made so far have used up the
//! account's share. A look moves it on by one interval, and it never runs further ahead than the
//! burst. So a minute sees at most its polls and what was saved up for it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// This part of a minute's looks may be made at once.
const BURST_PART: u32 = 6;

/// An account's share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// One look's share of a minute.
    interval: TimeDelta,
    /// How far ahead of time looks may be made.
    ahead: TimeDelta,
}

impl Budget {
    /// So many looks a minute, one at least.
    pub fn new(looks_per_minute: u32) -> Self {
        let looks = i32::try_from(looks_per_minute.max(1)).unwrap_or(i32::MAX);
        let burst = i32::try_from((looks_per_minute / BURST_PART).max(1)).unwrap_or(i32::MAX);
        let interval = TimeDelta::minutes(1) / looks;
        Self {
            interval,
            ahead: interval * burst,
        }
    }

    /// Takes one look at `now`, when looks are spent until `spent`: until when they are then, or
    /// how long to wait for one. A clock that was set back costs a burst, not all the time it lost.
    ///
    /// # Errors
    /// How long to wait.
    pub fn take(
        &self,
        spent: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Duration> {
        let spent = spent.unwrap_or(now).clamp(now, now + self.ahead);
        let then = spent + self.interval;
        match (then - now - self.ahead).to_std() {
            Ok(wait) if !wait.is_zero() => Err(wait),
            _ => Ok(then),
        }
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
    fn a_clock_that_was_set_back_costs_a_burst_at_most() {
        let budget = Budget::new(60);
        let spent = Some(at(86_400));
        let wait = budget.take(spent, at(0)).unwrap_err();
        assert_eq!(wait, Duration::from_secs(1));
    }

    #[test]
    fn there_is_always_one() {
        for looks in [0, 1, 5, u32::MAX] {
            assert!(Budget::new(looks).take(None, at(0)).is_ok(), "{looks}");
        }
    }
}
