//! Days and hours of business, in the time zone of the business.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};

/// Business hours are from nine to five, Monday to Friday.
const OPENS: NaiveTime = NaiveTime::from_hms_opt(9, 0, 0).unwrap();
const CLOSES: NaiveTime = NaiveTime::from_hms_opt(17, 0, 0).unwrap();
/// Beyond this nobody counts hours.
const LONGEST_DAYS: u64 = 366;

/// The date in a time zone.
pub fn day<Z: TimeZone>(at: DateTime<Utc>, zone: &Z) -> NaiveDate {
    at.with_timezone(zone).date_naive()
}

/// How much business time lies between two instants; never below zero, and no more than a year's.
pub fn between<Z: TimeZone>(since: DateTime<Utc>, now: DateTime<Utc>, zone: &Z) -> TimeDelta {
    let (first, last) = (day(since, zone), day(now, zone));
    let mut all = TimeDelta::zero();
    let mut date = first;
    let end = first
        .checked_add_days(Days::new(LONGEST_DAYS))
        .map_or(last, |end| end.min(last));
    while date <= end {
        if let Some((opens, closes)) = hours(date, zone) {
            let open = closes.min(now) - opens.max(since);
            all += open.max(TimeDelta::zero());
        }
        let Some(next) = date.succ_opt() else { break };
        date = next;
    }
    all
}

/// When business opens and closes on a date; none at the weekend.
fn hours<Z: TimeZone>(date: NaiveDate, zone: &Z) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    if matches!(date.weekday(), Weekday::Sat | Weekday::Sun) {
        return None;
    }
    // No zone's clocks change in business hours; one that did would lose that day.
    let at = |time| {
        let local = zone.from_local_datetime(&date.and_time(time)).earliest();
        local.map(|local| local.with_timezone(&Utc))
    };
    Some((at(OPENS)?, at(CLOSES)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::domain::zone::Zone;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    // 2026-11-20 is a Friday.
    #[rstest]
    #[case("Europe/London", "2026-11-20T10:00:00Z", "2026-11-20T12:30:00Z", 150)]
    #[case("Europe/London", "2026-11-20T07:00:00Z", "2026-11-20T09:00:00Z", 0)]
    #[case("Europe/London", "2026-11-20T16:00:00Z", "2026-11-23T10:00:00Z", 120)]
    #[case("Europe/London", "2026-11-21T10:00:00Z", "2026-11-22T23:00:00Z", 0)]
    #[case("Europe/London", "2026-11-20T12:00:00Z", "2026-11-20T10:00:00Z", 0)]
    #[case("America/New_York", "2026-11-20T10:00:00Z", "2026-11-20T15:00:00Z", 60)]
    #[case("Asia/Tokyo", "2026-11-20T00:00:00Z", "2026-11-20T12:00:00Z", 480)]
    // Across the end of summer time, 2026-10-25: Friday and Monday have eight hours each.
    #[case("Europe/London", "2026-10-23T00:00:00Z", "2026-10-27T00:00:00Z", 960)]
    fn hours_are_counted_where_business_is(
        #[case] zone: Zone,
        #[case] since: &str,
        #[case] now: &str,
        #[case] minutes: i64,
    ) {
        let counted = between(at(since), at(now), &zone);
        assert_eq!(counted.num_minutes(), minutes);
    }

    #[rstest]
    #[case("Europe/London", "2026-07-01T23:30:00Z", "2026-07-02")]
    #[case("Europe/London", "2026-12-01T23:30:00Z", "2026-12-01")]
    #[case("America/New_York", "2026-12-01T04:59:59Z", "2026-11-30")]
    #[case("Asia/Tokyo", "2026-12-01T15:00:00Z", "2026-12-02")]
    fn a_day_is_the_business_ones(#[case] zone: Zone, #[case] now: &str, #[case] date: &str) {
        assert_eq!(day(at(now), &zone).to_string(), date);
    }

    proptest! {
        #[test]
        fn hours_add_up(first in 0_i64..20_000, second in 0_i64..20_000, third in 0_i64..20_000) {
            let london: Zone = "Europe/London".parse().unwrap();
            let start = at("2026-03-01T00:00:00Z");
            let mut minutes = [first, second, third];
            minutes.sort_unstable();
            let [a, b, c] = minutes.map(|it| start + TimeDelta::minutes(it));
            prop_assert_eq!(
                between(a, b, &london) + between(b, c, &london),
                between(a, c, &london)
            );
            prop_assert!(between(a, c, &london) <= c - a);
        }
    }
}
