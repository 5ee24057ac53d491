//! Days of a filter: `2026-11-14`, `14nov`, `14nov2025`, `2026-11`, `2026`, each day give or take
//! some with `~3`, and `2026-11-01..2026-11-14`.

use chrono::{Datelike, Days as Count, Months, NaiveDate};
use serde::{Deserialize, Serialize};

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
/// More days than this are no slip of memory.
const MOST_AROUND: u64 = 366;
/// In eight years in a row each day of the calendar comes at least once.
const YEARS_BACK: i32 = 8;

/// From one UTC day to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// The first.
    pub from: NaiveDate,
    /// The last.
    pub to: NaiveDate,
}

impl Days {
    /// Reads what stands after `settled:`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, today: NaiveDate) -> Result<Self, String> {
        if let Some((first, last)) = text.split_once("..") {
            let (from, to) = (span(first, today)?.from, span(last, today)?.to);
            return match from <= to {
                true => Ok(Self { from, to }),
                false => Err("ends before it begins".to_owned()),
            };
        }
        match text.split_once('~') {
            None => span(text, today),
            Some((middle, around)) => {
                let middle = day(middle, today).ok_or_else(|| "is not a day".to_owned())?;
                around_day(middle, around)
            }
        }
    }

    /// A bare word that is a day: `14nov`, `14nov~3`, `2026-11-14`. Nothing for any other word.
    pub(super) fn bare(text: &str, today: NaiveDate) -> Option<Result<Self, String>> {
        let (middle, around) = match text.split_once('~') {
            Some((middle, around)) => (middle, around),
            None => (text, "0"),
        };
        match day(middle, today) {
            Some(middle) => Some(around_day(middle, around)),
            None => is_meant(middle).then(|| Err("is no day of that month".to_owned())),
        }
    }
}

/// True of what was meant as a day and is none: `35nov`.
fn is_meant(text: &str) -> bool {
    let figures = text.bytes().take_while(u8::is_ascii_digit).count();
    let (day, month) = text.split_at(figures);
    (1..=2).contains(&day.len()) && MONTHS.contains(&month.to_ascii_lowercase().as_str())
}

fn around_day(middle: NaiveDate, around: &str) -> Result<Days, String> {
    let all_digits = !around.is_empty() && around.bytes().all(|byte| byte.is_ascii_digit());
    let count = around.parse().ok().filter(|count| *count <= MOST_AROUND);
    let count = count
        .filter(|_| all_digits)
        .map(Count::new)
        .ok_or_else(|| "gives no number of days after ~".to_owned())?;
    let bounds = middle
        .checked_sub_days(count)
        .zip(middle.checked_add_days(count));
    bounds
        .map(|(from, to)| Days { from, to })
        .ok_or_else(|| "is not a day".to_owned())
}

/// A day, a month or a year.
fn span(text: &str, today: NaiveDate) -> Result<Days, String> {
    if let Some(day) = day(text, today) {
        return Ok(Days { from: day, to: day });
    }
    let first = |year: &str, month| NaiveDate::from_ymd_opt(digits(year, 4)?, month, 1);
    let (from, months) = match text.split_once('-') {
        Some((year, month)) => {
            let month = digits(month, 2).and_then(|month| u32::try_from(month).ok());
            (month.and_then(|month| first(year, month)), 1)
        }
        None => (first(text, 1), 12),
    };
    let end = |from: NaiveDate| from.checked_add_months(Months::new(months))?.pred_opt();
    from.and_then(|from| end(from).map(|to| Days { from, to }))
        .ok_or_else(|| "is not a date".to_owned())
}

/// A number of just so many digits.
fn digits(text: &str, count: usize) -> Option<i32> {
    let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| fits)
}

fn day(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    match text {
        "today" => return Some(today),
        "yesterday" => return today.pred_opt(),
        _ => {}
    }
    if let [year, month, day] = text.split('-').collect::<Vec<_>>()[..] {
        let part = |text| digits(text, 2).and_then(|number| u32::try_from(number).ok());
        return NaiveDate::from_ymd_opt(digits(year, 4)?, part(month)?, part(day)?);
    }
    by_name(&text.to_ascii_lowercase(), today)
}

/// `14nov`, `nov14`, `14nov2025`.
fn by_name(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let start = text.find(|character: char| character.is_ascii_alphabetic())?;
    let name = text.get(start..start + 3)?;
    let month = MONTHS.iter().position(|known| *known == name)?;
    let month = u32::try_from(month).ok()? + 1;
    let (before, after) = (&text[..start], &text[start + 3..]);
    let (day, year) = match (before, after) {
        ("", day) => (day, ""),
        (day, year) => (day, year),
    };
    let day = digits(day, 1).or_else(|| digits(day, 2))?;
    let day = u32::try_from(day).ok()?;
    match year {
        "" => (0..YEARS_BACK)
            .filter_map(|back| NaiveDate::from_ymd_opt(today.year() - back, month, day))
            .find(|date| *date <= today),
        year => NaiveDate::from_ymd_opt(digits(year, 4)?, month, day),
    }
}
