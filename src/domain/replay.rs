//! When an attempt of unknown outcome may go again by itself (T13).

use chrono::{DateTime, TimeDelta, Utc};

/// What a provider promises about a repeated request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// How long after the last send the next may go, and the inquiry before it counts.
    pub wait: TimeDelta,
    /// How long after the first send the last may go; the margin is already taken off.
    pub window: TimeDelta,
    /// The provider cannot be asked, so that nothing need be found first. It is spared instead: each
    /// send waits as long again as all the sends before it took.
    pub unasked: bool,
}

impl Replay {
    /// From when until when an attempt may go again; none when that never comes.
    pub fn opening(
        &self,
        first_sent: DateTime<Utc>,
        last_sent: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let wait = match self.unasked {
            true => self.wait.max(last_sent - first_sent),
            false => self.wait,
        };
        let from = last_sent.checked_add_signed(wait)?;
        let until = first_sent.checked_add_signed(self.window)?;
        (from < until).then_some((from, until))
    }

    /// True when an attempt may go again at `now`. `found_nothing` is when the newest inquiry about
    /// it came back empty: that must not be older than the opening, where there can be one.
    pub fn is_open(
        &self,
        first_sent: DateTime<Utc>,
        last_sent: DateTime<Utc>,
        found_nothing: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> bool {
        self.opening(first_sent, last_sent)
            .is_some_and(|(from, until)| {
                let asked = self.unasked || found_nothing.is_some_and(|found| found >= from);
                asked && now >= from && now < until
            })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// Commerce Hub: from 30 s after the last send until 4 min after the first.
    #[rstest]
    #[case::too_early(0, 0, 29, 29, false)]
    #[case::asked_too_early(0, 0, 29, 31, false)]
    #[case::first_chance(0, 0, 30, 30, true)]
    #[case::second_send_waits_again(0, 40, 69, 69, false)]
    #[case::second_send_again(0, 40, 70, 70, true)]
    #[case::last_chance(0, 200, 239, 239, true)]
    #[case::too_late(0, 200, 239, 240, false)]
    #[case::no_room_left(0, 210, 240, 240, false)]
    fn the_window(
        #[case] first: i64,
        #[case] last: i64,
        #[case] found: i64,
        #[case] now: i64,
        #[case] open: bool,
    ) {
        let replay = Replay {
            wait: TimeDelta::seconds(30),
            window: TimeDelta::minutes(4),
            unasked: false,
        };
        assert_eq!(
            replay.is_open(at(first), at(last), Some(at(found)), at(now)),
            open
        );
        assert!(!replay.is_open(at(first), at(last), None, at(now)));
    }

    /// Where nobody can be asked, each send waits as long again as those before it took.
    #[rstest]
    #[case::too_early(0, 0, 29, false)]
    #[case::the_second(0, 0, 30, true)]
    #[case::the_third_waits_as_long_again(0, 30, 59, false)]
    #[case::the_third(0, 30, 60, true)]
    #[case::the_sixth_waits_eight_minutes(0, 480, 959, false)]
    #[case::the_sixth(0, 480, 960, true)]
    #[case::the_window_ends(0, 480, 3_600, false)]
    #[case::no_room_left(0, 1_800, 3_599, false)]
    fn the_window_without_asking(
        #[case] first: i64,
        #[case] last: i64,
        #[case] now: i64,
        #[case] open: bool,
    ) {
        let replay = Replay {
            wait: TimeDelta::seconds(30),
            window: TimeDelta::hours(1),
            unasked: true,
        };
        assert_eq!(replay.is_open(at(first), at(last), None, at(now)), open);
    }

    #[test]
    fn a_window_of_nothing_never_opens() {
        let replay = Replay {
            wait: TimeDelta::seconds(1),
            window: TimeDelta::zero(),
            unasked: false,
        };
        assert_eq!(replay.opening(at(0), at(0)), None);
    }
}
