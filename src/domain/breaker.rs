//! Whether an account's provider is asked at all: after failures in a row nothing is sent and only
//! single looks probe it, until one is answered (T7, domain.md rule 4).
//!
//! Times are elapsed time, which never jumps.

use std::time::Duration;

/// So many exchanges in a row without an answer open the breaker.
pub const OPENS_AFTER: u32 = 5;
/// The first interval between probes; each failed probe doubles it.
const FIRST_INTERVAL: Duration = Duration::from_secs(15);
/// The longest.
pub const LONGEST_INTERVAL: Duration = Duration::from_mins(5);
/// A probe that has not ended by then is lost with whoever made it.
pub const PROBE_LOST: Duration = Duration::from_secs(120);

/// What an exchange says about the provider, not about the refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answered, whatever it said.
    Answered,
    /// No answer, an answer that it fails (5xx), or our key turned away (401, 403).
    Failed,
}

impl Health {
    /// Of an exchange by its status; none: no response arrived.
    pub const fn of(http_status: Option<u16>) -> Self {
        match http_status {
            None | Some(401 | 403 | 500..) => Self::Failed,
            Some(_) => Self::Answered,
        }
    }
}

/// The state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaker {
    /// The provider is asked.
    Closed {
        /// Failures in a row.
        failures: u32,
    },
    /// It is left alone until the next probe.
    Open {
        /// When a probe may go.
        probe_at: Duration,
        /// Probes that failed so far.
        tries: u32,
    },
    /// One probe is on its way.
    HalfOpen {
        /// Since when.
        since: Duration,
        /// Probes that failed before.
        tries: u32,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// What another process says: it leaves the provider alone for `wait` more, after so many
    /// probes that failed. The later of two times counts; a probe of our own under way goes on. A
    /// wait longer than any is of before a clock was set back: then a probe is due.
    #[must_use]
    pub fn joined(self, wait: Duration, tries: u32, now: Duration) -> Self {
        let theirs = match wait > LONGEST_INTERVAL {
            true => now,
            false => now + wait,
        };
        match self {
            Self::Closed { .. } => Self::Open {
                probe_at: theirs,
                tries,
            },
            Self::Open {
                probe_at,
                tries: ours,
            } => Self::Open {
                probe_at: probe_at.max(theirs),
                tries: ours.max(tries),
            },
            Self::HalfOpen { .. } => self,
        }
    }

    /// T7's fact: refunds may be sent.
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }

    /// Lets one exchange through as the probe, if one is due: open becomes half-open. Always false
    /// while closed, where no probe is needed.
    pub fn take_probe(&mut self, now: Duration) -> bool {
        let tries = match *self {
            Self::Open { probe_at, tries } if probe_at <= now => tries,
            Self::HalfOpen { since, tries } if since + PROBE_LOST <= now => tries,
            _ => return false,
        };
        *self = Self::HalfOpen { since: now, tries };
        true
    }

    /// How long until a probe may go; `None` while closed.
    pub fn wait(&self, now: Duration) -> Option<Duration> {
        let at = match *self {
            Self::Closed { .. } => return None,
            Self::Open { probe_at, .. } => probe_at,
            Self::HalfOpen { since, .. } => since + PROBE_LOST,
        };
        Some(at.saturating_sub(now))
    }

    /// Takes note of how an exchange ended. `spread` in 0..=999 is full jitter over the interval
    /// to the next probe, `factor` how many times as fast as designed the desk polls.
    #[must_use]
    pub fn after(self, health: Health, now: Duration, spread: u16, factor: u32) -> Self {
        let open = |tries: u32| Self::Open {
            probe_at: now + jittered(interval(tries) / factor.max(1), spread),
            tries,
        };
        match (self, health) {
            (_, Health::Answered) => Self::default(),
            (Self::Closed { failures }, Health::Failed) if failures + 1 < OPENS_AFTER => {
                Self::Closed {
                    failures: failures + 1,
                }
            }
            (Self::Closed { .. }, Health::Failed) => open(0),
            // What was under way when it opened says nothing new.
            (Self::Open { .. }, Health::Failed) => self,
            (Self::HalfOpen { tries, .. }, Health::Failed) => open(tries.saturating_add(1)),
        }
    }
}

fn interval(tries: u32) -> Duration {
    let times = 1_u32.checked_shl(tries).unwrap_or(u32::MAX);
    FIRST_INTERVAL.saturating_mul(times).min(LONGEST_INTERVAL)
}

/// Anywhere in the interval, never quite at its beginning.
fn jittered(interval: Duration, spread: u16) -> Duration {
    interval * (u32::from(spread.min(999)) + 1) / 1000
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const fn closed(failures: u32) -> Breaker {
        Breaker::Closed { failures }
    }

    const fn open(probe_at: u64, tries: u32) -> Breaker {
        Breaker::Open {
            probe_at: s(probe_at),
            tries,
        }
    }

    const fn half(since: u64, tries: u32) -> Breaker {
        Breaker::HalfOpen {
            since: s(since),
            tries,
        }
    }

    #[rstest]
    #[case::first_failure(closed(0), Health::Failed, closed(1))]
    #[case::last_before_it_opens(closed(3), Health::Failed, closed(4))]
    #[case::opens(closed(4), Health::Failed, open(115, 0))]
    #[case::an_answer_counts_anew(closed(4), Health::Answered, closed(0))]
    #[case::a_straggler_changes_nothing(open(130, 3), Health::Failed, open(130, 3))]
    #[case::any_answer_closes(open(130, 3), Health::Answered, closed(0))]
    #[case::a_failed_probe_doubles(half(99, 0), Health::Failed, open(130, 1))]
    #[case::and_again(half(99, 1), Health::Failed, open(160, 2))]
    #[case::five_minutes_at_most(half(99, 9), Health::Failed, open(400, 10))]
    #[case::for_ever(half(99, u32::MAX), Health::Failed, open(400, u32::MAX))]
    #[case::a_probe_that_is_answered_closes(half(99, 7), Health::Answered, closed(0))]
    fn moves(#[case] before: Breaker, #[case] health: Health, #[case] after: Breaker) {
        assert_eq!(before.after(health, s(100), 999, 1), after);
    }

    #[rstest]
    #[case::closed_needs_none(closed(4), false, closed(4))]
    #[case::not_yet(open(101, 2), false, open(101, 2))]
    #[case::one_goes(open(100, 2), true, half(100, 2))]
    #[case::and_no_second(half(100, 2), false, half(100, 2))]
    #[case::until_it_counts_as_lost(half(0, 2), false, half(0, 2))]
    fn probes(#[case] before: Breaker, #[case] goes: bool, #[case] after: Breaker) {
        let mut breaker = before;
        assert_eq!(breaker.take_probe(s(100)), goes);
        assert_eq!(breaker, after);
        assert!(!breaker.take_probe(s(100)), "never two");
    }

    #[rstest]
    #[case::opens(closed(3), open(130, 2))]
    #[case::the_later_counts(open(120, 4), open(130, 4))]
    #[case::ours_may_be_later(open(140, 0), open(140, 2))]
    #[case::a_probe_goes_on(half(95, 1), half(95, 1))]
    fn another_process_is_heeded(#[case] before: Breaker, #[case] after: Breaker) {
        assert_eq!(before.joined(s(30), 2, s(100)), after);
    }

    #[test]
    fn a_wait_of_before_a_clock_was_set_back_is_none() {
        assert_eq!(closed(0).joined(s(86_400), 0, s(100)), open(100, 0));
        assert_eq!(closed(0).joined(s(300), 0, s(100)), open(400, 0));
    }

    #[test]
    fn a_lost_probe_holds_nobody_up() {
        let mut breaker = half(0, 2);
        assert!(breaker.take_probe(s(120)));
        assert_eq!(breaker, half(120, 2));
    }

    #[test]
    fn probes_lie_anywhere_in_their_interval() {
        let at = |spread| match closed(4).after(Health::Failed, s(0), spread, 1) {
            Breaker::Open { probe_at, .. } => probe_at.as_millis(),
            other => panic!("{other:?}"),
        };
        assert_eq!((at(0), at(499), at(999)), (15, 7_500, 15_000));
    }

    #[rstest]
    #[case(None, Health::Failed)]
    #[case(Some(200), Health::Answered)]
    #[case(Some(404), Health::Answered)]
    #[case(Some(429), Health::Answered)]
    #[case(Some(401), Health::Failed)]
    #[case(Some(403), Health::Failed)]
    #[case(Some(500), Health::Failed)]
    #[case(Some(503), Health::Failed)]
    fn health_is_about_the_provider(#[case] status: Option<u16>, #[case] health: Health) {
        assert_eq!(Health::of(status), health);
    }
}
