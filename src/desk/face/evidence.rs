//! Proof for an auditor: one page per refund, and who could do what on a day.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::RefundCard;
use crate::domain::audit::{Anchor, AuditEntry};
use crate::domain::evidence::StatementLine;
use crate::domain::payment::Payment;

/// Which refunds evidence is asked of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EvidenceAsk {
    /// These, as typed.
    Refunds(Vec<String>),
    /// A sample that can be drawn again: `domain::sample`.
    Sample {
        /// How many.
        size: u32,
        /// What draws them.
        seed: u64,
        /// Any day of the month in which they were made, in the business time zone.
        month: NaiveDate,
    },
}

/// Evidence, and the end of the audit when it was collected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When.
    pub at: DateTime<Utc>,
    /// The IANA name of the business time zone.
    pub zone: String,
    /// The newest entry of the audit; every entry in the pages is part of the chain up to it.
    pub head: Option<Anchor>,
    /// How many refunds the sample was drawn from.
    pub population: Option<u64>,
    /// In the order of the refunds' ids for a sample, else as asked.
    pub pages: Vec<EvidencePage>,
}

/// Everything that proves one refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidencePage {
    /// The refund with its attempts, observations and decisions.
    pub card: RefundCard,
    /// Its payment, personal data masked.
    pub payment: Payment,
    /// The policy, the roles and limits and the account's terms in force when it was made.
    pub rules: Vec<RuleInForce>,
    /// What statements say of its bank leg, oldest first.
    pub statement_lines: Vec<StatementLine>,
    /// Every audit entry about it, oldest first.
    pub entries: Vec<AuditEntry>,
    /// As whom those who acted had come, and from where they say, where that was recorded.
    pub came: Vec<AuditEntry>,
}

/// A rule of the configuration as it was in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleInForce {
    /// `policy`, `account NAME`, a role …
    pub subject: String,
    /// Counted from 1.
    pub version: u32,
    /// Its figures in one line.
    pub says: String,
    /// Who opened the desk that brought it.
    pub by: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Who could do what on a day, and who did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessReview {
    /// The day, in the business time zone.
    pub date: NaiveDate,
    /// The IANA name of the business time zone.
    pub zone: String,
    /// When it was asked.
    pub at: DateTime<Utc>,
    /// Everything in force at the end of that day.
    pub rules: Vec<RuleInForce>,
    /// Everyone who had acted by the end of that day, by name.
    pub people: Vec<PersonSeen>,
    /// The newest entry of the audit at the end of that day.
    pub head: Option<Anchor>,
}

/// A person, as far as the audit tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonSeen {
    /// The name; `desk` is the desk itself.
    pub name: String,
    /// When they first did anything.
    pub first: DateTime<Utc>,
    /// When they last did anything, up to that day.
    pub last: DateTime<Utc>,
    /// What they did, and how often.
    pub did: Vec<(String, u64)>,
}
