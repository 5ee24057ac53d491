//! An outcome that people state, because no provider does (T14, T15).

use std::fmt;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::digest::Canonical;
use super::money::Money;

/// What people say became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Paid, this much.
    Succeeded {
        /// The amount proven paid.
        paid: Money,
    },
    /// Not paid, and it never will be.
    Failed,
    /// The provider never had it: it may be sent again under a new key.
    Absent,
}

impl Outcome {
    /// The name in the database, in JSON and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded { .. } => "succeeded",
            Self::Failed => "failed",
            Self::Absent => "absent",
        }
    }

    /// The amount proven paid.
    pub const fn paid(self) -> Option<Money> {
        match self {
            Self::Succeeded { paid } => Some(paid),
            Self::Failed | Self::Absent => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded { paid } => write!(f, "paid, {paid}"),
            Self::Failed => f.write_str("not paid"),
            Self::Absent => f.write_str("never reached the provider"),
        }
    }
}

/// What a statement rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// What it is: a bank statement, the provider's portal or support …
    pub kind: String,
    /// Where to find it: a line, a ticket, who said it.
    pub reference: String,
    /// Of which day it is.
    pub dated: Option<NaiveDate>,
    /// SHA-256 of a file kept elsewhere, in hex.
    pub file_sha256: Option<String>,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.reference)?;
        match self.dated {
            Some(day) => write!(f, ", of {day}"),
            None => Ok(()),
        }
    }
}

/// One person's statement, waiting for a second or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// What became of the refund.
    pub outcome: Outcome,
    /// Why they say so.
    pub proof: Proof,
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What the second person sees and names, in hex.
    pub hash: String,
    /// How it ended; none: it waits for a second person.
    pub ended: Option<Ended>,
}

/// How a proposal ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How.
    pub how: End,
    /// By whom; `desk` when evidence was quicker.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What they said.
    pub note: Option<String>,
}

/// The ways a proposal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// A second person agreed, and it was carried out.
    Agreed,
    /// Somebody turned it down, or its author took it back.
    Declined,
    /// Evidence arrived meanwhile.
    Overtaken,
}

impl End {
    const ALL: [Self; 3] = [Self::Agreed, Self::Declined, Self::Overtaken];

    /// The name in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::Declined => "declined",
            Self::Overtaken => "overtaken",
        }
    }

    /// The end of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.name() == name)
    }
}

/// What the second person sees and names: SHA-256, in hex, over the refund and the statement.
pub fn hash(content_hash: &str, outcome: Outcome, proof: &Proof, by: &str) -> String {
    let dated = proof.dated.map(|day| day.to_string());
    Canonical::new("proposal")
        .text(content_hash)
        .text(outcome.name())
        .integer(outcome.paid().map_or(0, |paid| paid.minor))
        .text(&proof.kind)
        .text(&proof.reference)
        .optional(dated.as_deref())
        .optional(proof.file_sha256.as_deref())
        .text(by)
        .hex()
}

/// Why a second person's word does not complete a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSecond {
    /// It is the same person.
    SamePerson,
    /// They say something else.
    Differs,
}

impl Proposal {
    /// Whether `by`, saying `outcome`, completes this proposal.
    ///
    /// # Errors
    /// The same person twice, or another outcome or amount.
    pub fn judge_second(&self, by: &str, outcome: Outcome) -> Result<(), NotSecond> {
        if outcome != self.outcome {
            Err(NotSecond::Differs)
        } else if by == self.by {
            Err(NotSecond::SamePerson)
        } else {
            Ok(())
        }
    }
}

/// By when what was sent has arrived at the provider, or never will.
pub fn delivered_by(last_sent: DateTime<Utc>, delivery_bound: TimeDelta) -> DateTime<Utc> {
    last_sent
        .checked_add_signed(delivery_bound)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// How far the inquiries that found nothing go towards proof (T14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absence {
    /// From when on they count; none: nothing was sent, or they prove nothing.
    pub from: Option<DateTime<Utc>>,
    /// How many count.
    pub counted: u32,
}

impl Absence {
    /// Of what was last sent then, and inquiries that found nothing. `delivery_bound` is none where
    /// the provider's silence proves nothing.
    pub fn of(
        last_sent: Option<DateTime<Utc>>,
        delivery_bound: Option<TimeDelta>,
        found_nothing: &[DateTime<Utc>],
    ) -> Self {
        let from = last_sent
            .zip(delivery_bound)
            .map(|(last, bound)| delivered_by(last, bound));
        let later = |at: &&DateTime<Utc>| from.is_some_and(|from| **at > from);
        let counted = found_nothing.iter().filter(later).count();
        Self {
            from,
            counted: u32::try_from(counted).unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::money::Currency;

    fn paid(minor: i64) -> Outcome {
        Outcome::Succeeded {
            paid: Money::new(minor, Currency::from_code("USD").unwrap()),
        }
    }

    fn proposal(outcome: Outcome) -> Proposal {
        let proof = Proof {
            kind: "statement".into(),
            reference: "line 7".into(),
            dated: None,
            file_sha256: None,
        };
        Proposal {
            hash: hash("c", outcome, &proof, "mia"),
            outcome,
            proof,
            by: "mia".into(),
            at: DateTime::UNIX_EPOCH,
            ended: None,
        }
    }

    #[rstest]
    #[case(paid(1106), "ben", paid(1106), Ok(()))]
    #[case(paid(1106), "ben", paid(1006), Err(NotSecond::Differs))]
    #[case(paid(1106), "mia", paid(1106), Err(NotSecond::SamePerson))]
    #[case(Outcome::Failed, "ben", Outcome::Absent, Err(NotSecond::Differs))]
    #[case(Outcome::Absent, "ben", Outcome::Absent, Ok(()))]
    fn two_people_say_the_same(
        #[case] first: Outcome,
        #[case] by: &str,
        #[case] second: Outcome,
        #[case] judged: Result<(), NotSecond>,
    ) {
        assert_eq!(proposal(first).judge_second(by, second), judged);
    }

    #[test]
    fn a_statement_has_its_own_hash() {
        let one = proposal(paid(1106));
        let other = proposal(paid(1006));
        assert_ne!(one.hash, other.hash);
        assert_ne!(one.hash, hash("d", one.outcome, &one.proof, "mia"));
        assert_ne!(one.hash, hash("c", one.outcome, &one.proof, "ben"));
    }
}
