//! Who looks after what waits for a person, and what somebody has put aside for a while.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use super::digest::Canonical;
use super::id::RefundId;
use super::todo::{Clocked, Step};

/// What holds money is put aside for a day at most, anything else for a week.
const HOLDS_AT_MOST: TimeDelta = TimeDelta::days(1);
const AT_MOST: TimeDelta = TimeDelta::days(7);
/// What was put aside is back this long before its time is over, so that there is time to act.
const BEFORE_DEADLINE: TimeDelta = TimeDelta::hours(1);

/// What waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum About {
    /// A refund.
    Refund(RefundId),
    /// A discrepancy, by our number.
    Discrepancy(i64),
    /// A network's request, by our number.
    Request(i64),
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refund(id) => id.fmt(f),
            Self::Discrepancy(id) => write!(f, "discrepancy {id}"),
            Self::Request(id) => write!(f, "request {id}"),
        }
    }
}

impl FromStr for About {
    type Err = ();

    /// A whole refund id, `discrepancy 3` or `request 3`; a colon may stand for the space.
    fn from_str(text: &str) -> Result<Self, ()> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Refund(id));
        }
        let (kind, id) = text.split_once([' ', ':']).ok_or(())?;
        let id = id.trim().parse().map_err(|_| ())?;
        match kind {
            "discrepancy" => Ok(Self::Discrepancy(id)),
            "request" => Ok(Self::Request(id)),
            _ => Err(()),
        }
    }
}

/// Something put aside: out of one person's list and nobody else's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snooze {
    /// Whose list.
    pub who: String,
    /// What.
    pub about: About,
    /// Until when at the latest.
    pub until: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: DateTime<Utc>,
    /// What was shown then: once it is something else, it is back.
    pub seen: String,
}

/// What a thing that waits looks like: another state or another step is another thing.
pub fn seen(state: &str, step: &Step) -> String {
    Canonical::new("put aside")
        .text(state)
        .text(&step.what)
        .text(&format!("{:?}", step.act))
        .hex()
}

/// Until when, as somebody writes it: `2h`, `30m`, `3d`, `17:00`, `tomorrow`, `tomorrow 14:00`,
/// `2026-11-22`, `2026-11-22 14:00`, in the business time zone; a day alone begins at nine.
pub fn until<Z: TimeZone>(text: &str, now: DateTime<Utc>, zone: &Z) -> Option<DateTime<Utc>> {
    let text = text.trim().to_ascii_lowercase();
    if let Ok(at) = DateTime::parse_from_rfc3339(&text.to_ascii_uppercase()) {
        return Some(at.to_utc());
    }
    if let Some(span) = span(&text) {
        return now.checked_add_signed(span);
    }
    let today = now.with_timezone(zone).date_naive();
    if let Some(time) = time(&text) {
        let at = at(today, time, zone)?;
        return match at > now {
            true => Some(at),
            false => self::at(today.checked_add_days(Days::new(1))?, time, zone),
        };
    }
    let parted = text.split_once(' ').or_else(|| text.split_once('t'));
    let (day, time) = match parted.filter(|_| text.contains(':')) {
        Some((day, clock)) => (day.to_owned(), self::time(clock.trim())?),
        _ => (text.clone(), NaiveTime::from_hms_opt(9, 0, 0)?),
    };
    let day = match day.as_str() {
        "tomorrow" => today.checked_add_days(Days::new(1))?,
        date => date.parse::<NaiveDate>().ok()?,
    };
    at(day, time, zone)
}

/// `2h`, `30m`, `3d`
fn span(text: &str) -> Option<TimeDelta> {
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    match unit {
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        _ => None,
    }
    .filter(|span| *span > TimeDelta::zero())
}

fn time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

fn at<Z: TimeZone>(day: NaiveDate, time: NaiveTime, zone: &Z) -> Option<DateTime<Utc>> {
    let local = zone.from_local_datetime(&day.and_time(time)).earliest()?;
    Some(local.to_utc())
}

/// Until when something can be put aside at most; in the past: not at all.
pub fn latest(step: &Step, holds_money: bool, now: DateTime<Utc>) -> DateTime<Utc> {
    let at_most = match holds_money {
        true => HOLDS_AT_MOST,
        false => AT_MOST,
    };
    by_clock(step, now).map_or(now + at_most, |at| at.min(now + at_most))
}

/// When its own clock brings back what was put aside at `since`, whatever anybody said.
fn by_clock(step: &Step, since: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match step.clocked? {
        // From then on something else can be done. What was so already brings nothing back.
        Clocked::Resend(at) | Clocked::AbsenceFrom(at) => (at > since).then_some(at),
        Clocked::Expires(at) => Some(at - BEFORE_DEADLINE),
    }
}

impl Snooze {
    /// It still keeps what waits out of the list.
    pub fn holds(&self, seen: &str, step: &Step, now: DateTime<Utc>) -> bool {
        now < self.until && self.seen == seen && by_clock(step, self.at).is_none_or(|at| now < at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::todo::{Act, Tab, Who};
    use crate::domain::zone::Zone;

    fn now() -> DateTime<Utc> {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    fn step(clocked: Option<Clocked>) -> Step {
        Step {
            tab: Tab::Problems,
            what: "it may have been paid".into(),
            next: "Wait.".into(),
            act: Act::Wait,
            clocked,
            who: Who::Desk,
        }
    }

    fn snooze(step: &Step, until: DateTime<Utc>) -> Snooze {
        Snooze {
            who: "ann".into(),
            about: About::Discrepancy(3),
            until,
            reason: "asked their bank".into(),
            at: now(),
            seen: seen("unknown", step),
        }
    }

    #[test]
    fn what_waits_is_named_as_it_is_written() {
        let id: RefundId = "0199f0a0-0000-7000-8000-00005e01a000".parse().unwrap();
        for about in [About::Refund(id), About::Discrepancy(3), About::Request(-1)] {
            assert_eq!(about.to_string().parse(), Ok(about));
        }
        assert_eq!("discrepancy:3".parse(), Ok(About::Discrepancy(3)));
        for other in ["", "3", "discrepancy", "refund 3", "discrepancy three"] {
            assert_eq!(other.parse::<About>(), Err(()), "{other}");
        }
    }

    #[test]
    fn a_time_is_read_as_it_is_written() {
        let zone: Zone = "Europe/Berlin".parse().unwrap();
        let read = |text: &str| until(text, now(), &zone).map(|at| at.to_rfc3339());
        for (text, at) in [
            ("2h", "2026-11-21T12:00:00+00:00"),
            ("30m", "2026-11-21T10:30:00+00:00"),
            ("3d", "2026-11-24T10:00:00+00:00"),
            ("17:00", "2026-11-21T16:00:00+00:00"),
            ("9:30", "2026-11-22T08:30:00+00:00"),
            ("tomorrow", "2026-11-22T08:00:00+00:00"),
            ("Tomorrow 14:00", "2026-11-22T13:00:00+00:00"),
            ("2026-11-25", "2026-11-25T08:00:00+00:00"),
            ("2026-11-25 14:15", "2026-11-25T13:15:00+00:00"),
            ("2026-11-25T14:15", "2026-11-25T13:15:00+00:00"),
            ("2026-11-25T14:15:00Z", "2026-11-25T14:15:00+00:00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(at), "{text}");
        }
        for text in [
            "",
            "soon",
            "h",
            "-2h",
            "0m",
            "25:00",
            "2026-13-01",
            "tomorrow noon",
            "ä",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_is_put_aside_past_its_time() {
        let hour = TimeDelta::hours(1);
        assert_eq!(latest(&step(None), true, now()), now() + HOLDS_AT_MOST);
        assert_eq!(latest(&step(None), false, now()), now() + AT_MOST);
        let expires = step(Some(Clocked::Expires(now() + hour * 5)));
        assert_eq!(latest(&expires, false, now()), now() + hour * 4);
        let asks = step(Some(Clocked::Expires(now() + TimeDelta::minutes(5))));
        assert!(latest(&asks, false, now()) < now(), "a network waits");
        let asked = step(Some(Clocked::AbsenceFrom(now() - hour)));
        assert_eq!(latest(&asked, true, now()), now() + HOLDS_AT_MOST);
        let resend = step(Some(Clocked::Resend(now() + TimeDelta::minutes(4))));
        assert_eq!(latest(&resend, true, now()), now() + TimeDelta::minutes(4));
    }

    #[test]
    fn it_comes_back_by_time_by_change_and_by_its_own_clock() {
        let waits = step(None);
        let aside = snooze(&waits, now() + TimeDelta::hours(2));
        let shown = seen("unknown", &waits);
        assert!(aside.holds(&shown, &waits, now()));
        assert!(!aside.holds(&shown, &waits, aside.until));
        assert!(!aside.holds(&seen("pending", &waits), &waits, now()));
        let other = Step {
            what: "two people say so".into(),
            ..waits.clone()
        };
        assert!(!aside.holds(&seen("unknown", &other), &other, now()));
        // A deadline that came after it was put aside counts all the same.
        let late = step(Some(Clocked::Expires(now() + TimeDelta::minutes(59))));
        assert!(!aside.holds(&shown, &late, now()));
    }
}
