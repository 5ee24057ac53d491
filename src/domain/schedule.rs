//! When the desk next asks a provider about a refund.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::state::State;

/// The steps between looks at a refund on its way, in seconds; the last repeats.
const STEPS_S: [u64; 9] = [5, 15, 45, 120, 300, 900, 3_600, 14_400, 43_200];
/// Looks at a refund that succeeded are a day apart.
const WATCH_S: u64 = 86_400;

/// A refund that may be sent again waits no longer than this: what turned it away is mended by
/// people, who then look at the screen.
const RESEND_LONGEST_S: u64 = 300;

/// How fast the desk's clock for polling runs: 1 in earnest, 100 in the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace(u32);

impl Pace {
    /// As designed.
    pub const REAL: Self = Self(1);

    /// `times` as fast; zero counts as one.
    pub const fn times(times: u32) -> Self {
        Self(if times == 0 { 1 } else { times })
    }

    /// How many times as fast as designed.
    pub const fn factor(self) -> u32 {
        self.0
    }

    /// A duration at this pace.
    pub fn scale(self, duration: Duration) -> Duration {
        duration / self.0
    }
}

/// How long to wait before look number `looks` (counted from 0) at a refund in `state`.
///
/// `spread` in 0..=999 is full jitter (domain.md, rule 4): the wait lies anywhere between nothing
/// and the whole step, so that refunds sent together do not ask together.
pub fn wait_before_look(state: State, looks: u32, spread: u16, pace: Pace) -> Duration {
    let seconds = match state {
        // The sandbox watches closely from the start, so that a reversal can be practised.
        State::Succeeded if pace == Pace::REAL => WATCH_S,
        _ => {
            let step = usize::try_from(looks).unwrap_or(usize::MAX);
            STEPS_S[step.min(STEPS_S.len() - 1)]
        }
    };
    let seconds = match state {
        State::Approved => seconds.min(RESEND_LONGEST_S),
        _ => seconds,
    };
    // Never quite nothing: the first look does not come at once.
    pace.scale(Duration::from_secs(seconds)) * (u32::from(spread.min(999)) + 1) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_and_end_at_twelve_hours() {
        let wait = |looks| wait_before_look(State::Pending, looks, 999, Pace::REAL).as_secs();
        let waits: Vec<u64> = (0..11).map(wait).collect();
        assert_eq!(
            waits,
            [5, 15, 45, 120, 300, 900, 3600, 14400, 43200, 43200, 43200]
        );
    }

    #[test]
    fn the_sandbox_is_a_hundred_times_faster() {
        let wait = |looks| wait_before_look(State::Pending, looks, 999, Pace::times(100));
        assert_eq!(wait(0), Duration::from_millis(50));
        assert_eq!(wait(1), Duration::from_millis(150));
    }

    #[test]
    fn jitter_spreads_over_the_whole_step_and_is_never_nothing() {
        let wait = |spread| wait_before_look(State::Unknown, 0, spread, Pace::REAL);
        assert_eq!(wait(0), Duration::from_millis(5));
        assert_eq!(wait(499), Duration::from_millis(2500));
        assert_eq!(wait(999), Duration::from_secs(5));
    }

    #[test]
    fn what_may_be_sent_again_waits_five_minutes_at_most() {
        let wait = |looks| wait_before_look(State::Approved, looks, 999, Pace::REAL).as_secs();
        assert_eq!(
            (0..7).map(wait).collect::<Vec<_>>(),
            [5, 15, 45, 120, 300, 300, 300]
        );
    }
}
