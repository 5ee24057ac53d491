//! How refunds go: what is on its way and how old it is, what became of those of each day, why they
//! were made and not paid, and how fast each provider is against its own past.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::ageing::{Age, Marks};
use super::state::State;

/// So many days are charted.
pub const DAYS: u32 = 14;
/// Reasons are counted over so many days.
pub const REASON_DAYS: i64 = 30;
/// A provider's speed now is that of the refunds made in so many days …
pub const LATELY_DAYS: i64 = 7;
/// … against those made in so many days before.
pub const PAST_DAYS: i64 = 90;

/// The age buckets, by their upper end.
pub const BUCKETS: [(&str, Option<TimeDelta>); 6] = [
    ("<1h", Some(TimeDelta::hours(1))),
    ("<1d", Some(TimeDelta::days(1))),
    ("1-2d", Some(TimeDelta::days(3))),
    ("3-5d", Some(TimeDelta::days(6))),
    ("6-9d", Some(TimeDelta::days(10))),
    ("10d+", None),
];

/// Everything the screen shows, as of one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Radar {
    /// As of when.
    pub at: DateTime<Utc>,
    /// The IANA name of the zone whose days are charted.
    pub zone: String,
    /// Per account: what is not decided, by age; in the order of the configuration, then those that
    /// left it.
    pub ages: Vec<Ages>,
    /// Refunds by the day they were made, oldest first; every day stands here.
    pub days: Vec<Day>,
    /// Why refunds were made, most first.
    pub reasons: Vec<Counted>,
    /// Why refunds were not paid, most first; `other`: no reason that the desk knows.
    pub causes: Vec<Counted>,
    /// Per account: from the first send to the provider's word that it is done.
    pub speeds: Vec<Speed>,
}

/// What is not decided on one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ages {
    /// The account.
    pub account: String,
    /// Its rail; none: it left the configuration.
    pub rail: Option<String>,
    /// Not sent yet.
    pub unsent: u64,
    /// Sent and not decided, by age since the first send: one figure per bucket.
    pub buckets: [u64; BUCKETS.len()],
    /// Of those, past the rail's first mark.
    pub slow: u64,
    /// Of those, past its last.
    pub overdue: u64,
    /// Of those, UNKNOWN.
    pub unknown: u64,
}

/// What became of the refunds made on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// The day, in the business zone.
    pub day: NaiveDate,
    /// Confirmed or on a statement.
    pub succeeded: u64,
    /// Failed or refused.
    pub failed: u64,
    /// Came back.
    pub reversed: u64,
    /// Not decided yet.
    pub open: u64,
}

/// How often something was the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The code.
    pub code: String,
    /// How often.
    pub count: u64,
}

/// How fast a provider is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speed {
    /// The account.
    pub account: String,
    /// Of refunds made lately.
    pub lately: Quantiles,
    /// Of those before.
    pub before: Quantiles,
}

/// The middle and the slow end of a number of durations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantiles {
    /// How many.
    pub count: u64,
    /// Half were at most so slow, in milliseconds.
    pub p50_ms: Option<u64>,
    /// 95 of 100 were.
    pub p95_ms: Option<u64>,
}

impl Quantiles {
    /// The quantiles by nearest rank; of nothing there are none.
    pub fn of(mut durations_ms: Vec<u64>) -> Self {
        durations_ms.sort_unstable();
        let count = durations_ms.len();
        let rank = |percent: usize| (count * percent).div_ceil(100).saturating_sub(1);
        Self {
            count: count as u64,
            p50_ms: durations_ms.get(rank(50)).copied(),
            p95_ms: durations_ms.get(rank(95)).copied(),
        }
    }
}

impl Speed {
    /// True where what is normal now was slow before: more than half take longer than 95 of 100 did.
    /// A handful proves nothing.
    pub fn is_slower(&self) -> bool {
        const ENOUGH: u64 = 5;
        let enough = self.lately.count >= ENOUGH && self.before.count >= ENOUGH;
        enough && self.lately.p50_ms > self.before.p95_ms
    }
}

impl Ages {
    /// An account on which nothing is open.
    pub fn none(account: &str, rail: Option<&str>) -> Self {
        Self {
            account: account.to_owned(),
            rail: rail.map(str::to_owned),
            unsent: 0,
            buckets: [0; BUCKETS.len()],
            slow: 0,
            overdue: 0,
            unknown: 0,
        }
    }

    /// How many were sent and are not decided.
    pub fn sent(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Counts one refund that is not decided. `days` are the business days of `sent` and `now`.
    pub fn add(
        &mut self,
        state: State,
        sent: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        marks: Option<&Marks>,
        day: impl Fn(DateTime<Utc>) -> NaiveDate,
    ) {
        let Some(sent) = sent.filter(|_| state.may_have_been_sent()) else {
            self.unsent += 1;
            return;
        };
        self.buckets[bucket(now - sent)] += 1;
        self.unknown += u64::from(state == State::Unknown);
        match marks.map(|marks| marks.age(day(sent), day(now))) {
            Some(Age::Red) => self.overdue += 1,
            Some(Age::Amber) => self.slow += 1,
            Some(Age::Fresh) | None => {}
        }
    }
}

impl Day {
    /// A day without refunds.
    pub const fn none(day: NaiveDate) -> Self {
        Self {
            day,
            succeeded: 0,
            failed: 0,
            reversed: 0,
            open: 0,
        }
    }

    /// Counts refunds in one state. What was withdrawn or lapsed went nowhere and is left out.
    pub const fn add(&mut self, state: State, count: u64) {
        match state {
            State::Succeeded | State::Settled => self.succeeded += count,
            State::Failed | State::Rejected => self.failed += count,
            State::Reversed => self.reversed += count,
            State::Draft | State::Canceled | State::Expired => {}
            _ => self.open += count,
        }
    }

    /// How many there are in all.
    pub const fn all(&self) -> u64 {
        self.succeeded + self.failed + self.reversed + self.open
    }
}

fn bucket(age: TimeDelta) -> usize {
    let within = |(_, end): &(&str, Option<TimeDelta>)| end.is_none_or(|end| age < end);
    BUCKETS.iter().position(within).unwrap_or(BUCKETS.len() - 1)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-20T10:00:00Z".parse().unwrap()
    }

    #[rstest]
    #[case(0, 0)]
    #[case(59, 0)]
    #[case(60, 1)]
    #[case(24 * 60 - 1, 1)]
    #[case(24 * 60, 2)]
    #[case(3 * 24 * 60, 3)]
    #[case(6 * 24 * 60, 4)]
    #[case(10 * 24 * 60, 5)]
    #[case(-5, 0)]
    fn an_age_is_in_one_bucket(#[case] minutes: i64, #[case] at: usize) {
        assert_eq!(bucket(TimeDelta::minutes(minutes)), at);
    }

    // 2026-11-20 is a Friday.
    #[rstest]
    #[case(State::Approved, Some(0), (1, 0, 0, 0))]
    #[case(State::Pending, None, (1, 0, 0, 0))]
    #[case(State::Pending, Some(1), (0, 0, 0, 0))]
    #[case(State::Pending, Some(4), (0, 1, 0, 0))]
    #[case(State::Pending, Some(3), (0, 0, 0, 0))]
    #[case(State::Unknown, Some(9), (0, 0, 1, 1))]
    fn marks_are_those_of_the_rail(
        #[case] state: State,
        #[case] days: Option<i64>,
        #[case] counted: (u64, u64, u64, u64),
    ) {
        let mut ages = Ages::none("hub", Some("cards"));
        let sent = days.map(|days| now() - TimeDelta::days(days));
        let marks = Some(&Marks::COMMERCE_HUB);
        ages.add(state, sent, now(), marks, |at| at.date_naive());
        assert_eq!(
            (ages.unsent, ages.slow, ages.overdue, ages.unknown),
            counted
        );
        assert_eq!(ages.sent() + ages.unsent, 1);
    }

    #[rstest]
    #[case(vec![], None, None)]
    #[case(vec![7], Some(7), Some(7))]
    #[case(vec![2, 1], Some(1), Some(2))]
    #[case((1..=100).rev().collect(), Some(50), Some(95))]
    #[case((1..=21).collect(), Some(11), Some(20))]
    fn quantiles_are_of_the_nearest_rank(
        #[case] durations: Vec<u64>,
        #[case] p50: Option<u64>,
        #[case] p95: Option<u64>,
    ) {
        let count = durations.len() as u64;
        let all = Quantiles::of(durations);
        assert_eq!((all.count, all.p50_ms, all.p95_ms), (count, p50, p95));
    }

    #[rstest]
    #[case(vec![30; 5], vec![10; 5], true)]
    #[case(vec![30; 4], vec![10; 5], false)]
    #[case(vec![10; 5], vec![10; 5], false)]
    #[case(vec![], vec![], false)]
    fn slower_is_what_would_have_been_slow_before(
        #[case] lately: Vec<u64>,
        #[case] before: Vec<u64>,
        #[case] slower: bool,
    ) {
        let speed = Speed {
            account: "hub".into(),
            lately: Quantiles::of(lately),
            before: Quantiles::of(before),
        };
        assert_eq!(speed.is_slower(), slower);
    }

    #[test]
    fn every_state_counts_at_most_once() {
        let mut day = Day::none(now().date_naive());
        for state in State::ALL {
            day.add(state, 1);
        }
        assert_eq!(
            (day.succeeded, day.failed, day.reversed, day.open),
            (2, 2, 1, 7)
        );
        assert_eq!(day.all(), State::ALL.len() as u64 - 3);
    }
}
