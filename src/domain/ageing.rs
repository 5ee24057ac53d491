//! When something on its way has taken too long. Age changes colour and who is asked, never a
//! state (domain.md, rule 5).

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

/// The marks of a rail, in business days (Monday to Friday) after the day something began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    rail: Rail,
    amber_days: u32,
    red_days: u32,
}

/// What money goes back on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rail {
    Cards,
    FasterPayments,
    Sepa,
}

/// How old something on its way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// As it should be.
    Fresh,
    /// Slow.
    Amber,
    /// Somebody must ask.
    Red,
}

impl Marks {
    /// Card refunds through Commerce Hub.
    pub const COMMERCE_HUB: Self = Self {
        rail: Rail::Cards,
        amber_days: 3,
        red_days: 5,
    };
    /// Card refunds elsewhere.
    pub const CARDS: Self = Self {
        rail: Rail::Cards,
        amber_days: 5,
        red_days: 10,
    };

    /// Credit transfers by Faster Payments: there within seconds. The two hours to amber are the rest
    /// of the day they began on.
    pub const FASTER_PAYMENTS: Self = Self {
        rail: Rail::FasterPayments,
        amber_days: 0,
        red_days: 1,
    };
    /// SEPA credit transfers: there on the next business day.
    pub const SEPA: Self = Self {
        rail: Rail::Sepa,
        amber_days: 1,
        red_days: 2,
    };

    /// The rail, as people know it.
    pub const fn rail(&self) -> &'static str {
        match self.rail {
            Rail::Cards => "cards",
            Rail::FasterPayments => "Faster Payments",
            Rail::Sepa => "SEPA",
        }
    }

    /// The last day by which something sent on `since` is normally with the customer.
    pub fn normal_by(&self, since: NaiveDate) -> NaiveDate {
        last_day_within(since, self.amber_days)
    }

    /// How old something is that began on `since`. Both are dates in the business time zone.
    pub fn age(&self, since: NaiveDate, today: NaiveDate) -> Age {
        if today > last_day_within(since, self.red_days) {
            Age::Red
        } else if today > last_day_within(since, self.amber_days) {
            Age::Amber
        } else {
            Age::Fresh
        }
    }

    /// The first day on which something that began on `since` is red.
    pub fn red_from(&self, since: NaiveDate) -> NaiveDate {
        let last = last_day_within(since, self.red_days);
        last.succ_opt().unwrap_or(last)
    }
}

/// The business day up to which something that began on `from` is still within `days`.
fn last_day_within(from: NaiveDate, days: u32) -> NaiveDate {
    let mut day = from;
    let mut left = days;
    while left > 0 {
        let Some(next) = day.checked_add_days(Days::new(1)) else {
            return day;
        };
        day = next;
        if !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            left -= 1;
        }
    }
    day
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    // 2026-11-20 is a Friday.
    #[rstest]
    #[case(Marks::COMMERCE_HUB, "2026-11-20", "2026-11-22", Age::Fresh)]
    #[case(Marks::COMMERCE_HUB, "2026-11-20", "2026-11-25", Age::Fresh)]
    #[case(Marks::COMMERCE_HUB, "2026-11-20", "2026-11-26", Age::Amber)]
    #[case(Marks::COMMERCE_HUB, "2026-11-20", "2026-11-27", Age::Amber)]
    #[case(Marks::COMMERCE_HUB, "2026-11-20", "2026-11-28", Age::Red)]
    #[case(Marks::COMMERCE_HUB, "2026-11-21", "2026-11-27", Age::Amber)]
    #[case(Marks::CARDS, "2026-11-16", "2026-11-30", Age::Amber)]
    #[case(Marks::CARDS, "2026-11-16", "2026-12-01", Age::Red)]
    #[case(Marks::COMMERCE_HUB, "2026-11-20", "2026-11-19", Age::Fresh)]
    fn marks_count_business_days(
        #[case] marks: Marks,
        #[case] since: NaiveDate,
        #[case] today: NaiveDate,
        #[case] age: Age,
    ) {
        assert_eq!(marks.age(since, today), age);
        assert_eq!(today >= marks.red_from(since), age == Age::Red);
        assert_eq!(today <= marks.normal_by(since), age == Age::Fresh);
    }
}
