//! Who stands in for a checker, and who is away. Dates are business days.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::role::Right;

/// A checker's right to approve, handed on to one person for some days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Our number of it.
    pub id: i64,
    /// Whose right it is.
    pub checker: String,
    /// By what right the checker approves.
    pub right: Right,
    /// Who may approve in their place.
    pub delegate: String,
    /// The first day.
    pub from: NaiveDate,
    /// The last day, included.
    pub until: NaiveDate,
    /// When it was handed on.
    pub at: DateTime<Utc>,
    /// When it was taken back early.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Delegation {
    /// Whether it holds on a day.
    pub fn holds(&self, day: NaiveDate) -> bool {
        self.ended_at.is_none() && (self.from..=self.until).contains(&day)
    }

    /// Whether it lets `person` approve, on a day, what `maker` made: never the maker, and never what
    /// the checker made, who could not approve it either.
    pub fn lets(&self, person: &str, maker: &str, day: NaiveDate) -> bool {
        self.holds(day) && self.delegate == person && maker != person && maker != self.checker
    }
}

/// Somebody is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Who.
    pub person: String,
    /// The first day.
    pub from: NaiveDate,
    /// The last day, included.
    pub until: NaiveDate,
}

impl Away {
    /// Whether they are away on a day.
    pub fn holds(&self, day: NaiveDate) -> bool {
        (self.from..=self.until).contains(&day)
    }
}

/// Delegations and absences, as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Rights handed on, that hold now or will, oldest first.
    pub delegations: Vec<Delegation>,
    /// Who is away, or will be, by name.
    pub away: Vec<Away>,
}

impl Roster {
    /// Until when somebody is away, if they are on a day.
    pub fn away_until(&self, person: &str, day: NaiveDate) -> Option<NaiveDate> {
        let theirs = self.away.iter();
        let now = theirs.filter(|it| it.person == person && it.holds(day));
        now.map(|it| it.until).max()
    }
}

/// Who may approve a refund, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MayApprove {
    /// Users, groups, and who stands in for one of them.
    pub people: Vec<String>,
    /// Those of them who are away, and until when.
    pub away: Vec<String>,
}

impl fmt::Display for MayApprove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.people.as_slice() {
            [] => f.write_str("nobody who is there")?,
            people => f.write_str(&people.join(", "))?,
        }
        match self.away.as_slice() {
            [] => Ok(()),
            away => write!(f, "; away: {}", away.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::role::Through;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[rstest]
    #[case("cy", "ann", "2026-11-20", true)]
    #[case("cy", "ann", "2026-11-22", true)]
    #[case("cy", "ann", "2026-11-19", false)]
    #[case("cy", "ann", "2026-11-23", false)]
    #[case("cy", "cy", "2026-11-21", false)]
    #[case("cy", "ben", "2026-11-21", false)]
    #[case("dan", "ann", "2026-11-21", false)]
    fn a_right_is_handed_on_to_one_person_for_some_days(
        #[case] person: &str,
        #[case] maker: &str,
        #[case] day: &str,
        #[case] may: bool,
    ) {
        let mut delegation = Delegation {
            id: 1,
            checker: "ben".to_owned(),
            right: Right {
                grant: "checker".to_owned(),
                through: Through::Name,
            },
            delegate: "cy".to_owned(),
            from: date("2026-11-20"),
            until: date("2026-11-22"),
            at: "2026-11-19T10:00:00Z".parse().unwrap(),
            ended_at: None,
        };
        assert_eq!(delegation.lets(person, maker, date(day)), may);
        delegation.ended_at = Some(delegation.at);
        assert!(!delegation.lets(person, maker, date(day)));
    }
}
