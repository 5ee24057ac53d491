//! What a reply, a poll or a file proves about one send of a refund.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::money::Money;

/// One piece of evidence, already read from a provider's own words.
///
/// Whoever maps a reply chooses [`Evidence::Doubt`] for anything not listed: doubt is never
/// failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// No byte of the request left: DNS, connection refused, TLS failed before the request.
    NotSent,
    /// The provider turned the request away unprocessed and says so: 401, 403, 429.
    TurnedAway,
    /// The provider refused with a code that is on its list of *not executed*.
    Refused,
    /// The provider knows the refund and says how it stands.
    Report {
        /// How it stands.
        status: Reported,
        /// The amount the provider names, when it names one.
        amount: Option<Money>,
    },
    /// An inquiry by our reference found nothing. Not yet proof of absence.
    NotFound,
    /// Anything else: time-out, reset, 5xx, a reply that cannot be read.
    Doubt,
}

impl Evidence {
    /// What is left of it when it is not the answer to the send under way: an older send's late
    /// answer, a look that was slow. A report counts; *not sent* or *refused* speaks of another
    /// exchange and says nothing about bytes that are out now.
    #[must_use]
    pub const fn beside_the_send(self) -> Self {
        match self {
            Self::Report { .. } => self,
            _ => Self::Doubt,
        }
    }
}

/// How a provider says a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reported {
    /// Accepted, not final.
    Pending,
    /// Waits for a person on our side.
    ActionRequired,
    /// Authorised only: nothing is paid before a person has it captured.
    Authorised,
    /// Made, with the amount it names; how it stands, and under which id, it does not say.
    Unclear,
    /// Done, in the sense of the provider's profile.
    Succeeded,
    /// Accepted and later failed; every copy the provider knows of has failed.
    Failed,
    /// Executed and then taken back.
    Reversed,
}

impl Reported {
    /// What it is called where people read what a provider said.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::ActionRequired => "waits for a person",
            Self::Authorised => "authorised",
            Self::Unclear => "unclear",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Reversed => "reversed",
        }
    }
}

/// What proves the end of a bank transfer: a line of a statement or report, or the word of two
/// people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// The number of the try.
    pub transfer: u32,
    /// `paid`, `rejected` or `returned`.
    pub said: String,
    /// `statement`, `report` or `person`.
    pub kind: String,
    /// The bank's reference.
    pub reference: String,
    /// How much, where it is told.
    pub amount: Option<Money>,
    /// The date of the booking, as the bank writes it.
    pub dated: Option<String>,
    /// The file the line stands in, by its SHA-256 in hex.
    pub file_sha256: Option<String>,
    /// Who read the file, or who said so.
    pub by: String,
    /// The second person.
    pub second: Option<String>,
    /// When the desk knew.
    pub at: DateTime<Utc>,
}
