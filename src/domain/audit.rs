//! The audit chain: every entry carries the hash of the one before it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::digest::Canonical;
use super::money::{Currency, Money};

/// One thing that was done, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counted from 1 without gaps.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who: a person, or `desk` for what the desk does by itself.
    pub actor: String,
    /// What, as a dotted name: `refund.reserved`.
    pub action: String,
    /// To what: a refund, a payment, a file.
    pub subject: String,
    /// The facts, as one line of `name=value` pairs.
    pub detail: String,
    /// The hash of the entry before, hex; 64 zeros for the first.
    pub previous: String,
    /// The hash of this entry, hex.
    pub hash: String,
}

impl AuditEntry {
    /// A fact of the detail, by its name. What people wrote stands last and may say anything.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.words(name)?.next()
    }

    /// An amount the detail tells: `paid=12.00 USD`.
    pub fn money(&self, name: &str) -> Option<Money> {
        let mut words = self.words(name)?;
        let (amount, code) = (words.next()?, words.next()?);
        Money::parse(amount, Currency::from_code(code).ok()?).ok()
    }

    /// All that is told from a name on, up to what people wrote.
    pub fn after(&self, name: &str) -> Option<String> {
        let words: Vec<&str> = self.words(name)?.collect();
        Some(words.join(" "))
    }

    /// What a person wrote beside it.
    pub fn note(&self) -> Option<&str> {
        let detail = self.detail.strip_prefix("note=");
        let note = detail.or_else(|| Some(self.detail.split_once(" note=")?.1));
        note.map(str::trim).filter(|note| !note.is_empty())
    }

    /// What is told under a name, and all words after it.
    fn words<'a>(&'a self, name: &str) -> Option<impl Iterator<Item = &'a str> + use<'a>> {
        let told = self.detail.split(" note=").next().unwrap_or_default();
        let facts = told.split(" evidence=").next().unwrap_or_default();
        let mut words = facts.split(' ');
        let first = words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='))?;
        Some(std::iter::once(first).chain(words))
    }
}

/// Which entries are asked for; all conditions hold at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFilter {
    /// About this.
    pub subject: Option<String>,
    /// Written at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// By this person, or `desk`.
    pub actor: Option<String>,
    /// Whose action begins with this.
    pub action: Option<String>,
    /// Older than this one.
    #[serde(default)]
    pub before: Option<i64>,
}

/// What the first entry names as the hash before it.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl AuditEntry {
    /// The hash this entry must carry.
    pub fn expected_hash(&self) -> String {
        Canonical::new("audit")
            .integer(self.seq)
            .integer(self.at.timestamp_millis())
            .text(&self.actor)
            .text(&self.action)
            .text(&self.subject)
            .text(&self.detail)
            .text(&self.previous)
            .hex()
    }
}

/// Place and hash of an entry, as it was once told: `SEQ:HASH`. Whoever kept one can prove later
/// that the chain up to it is still the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The place.
    pub seq: i64,
    /// The hash, hex.
    pub hash: String,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = |hash: &str| hash.len() == 64 && hash.bytes().all(|it| it.is_ascii_hexdigit());
        text.split_once(':')
            .filter(|(_, hash)| hex(hash))
            .and_then(|(seq, hash)| Some((seq.parse().ok()?, hash)))
            .filter(|(seq, _)| *seq > 0)
            .map(|(seq, hash)| Self {
                seq,
                hash: hash.to_ascii_lowercase(),
            })
            .ok_or_else(|| {
                format!("{text:?} is not a place and hash; write 17:4fe2… as audit verify told it")
            })
    }
}

/// The end of the chain as it is told outside: one line `TIME COUNT HASH`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// When it was told.
    pub at: DateTime<Utc>,
    /// How many entries there were, and the hash of the last.
    pub anchor: Anchor,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(f, "{at} {} {}", self.anchor.seq, self.anchor.hash)
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{text:?} is no line of heads: a time, a count and a hash");
        let [at, seq, hash] = text.split(' ').collect::<Vec<_>>()[..] else {
            return Err(wrong());
        };
        let at = DateTime::parse_from_rfc3339(at).map_err(|_| wrong())?;
        let anchor = format!("{seq}:{hash}").parse().map_err(|_| wrong())?;
        Ok(Self {
            at: at.to_utc(),
            anchor,
        })
    }
}

/// Where a chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Entries are not there, or not where they were.
    #[error("the audit goes from record {after} to record {found}; what was between is gone")]
    Gap {
        /// The last one before.
        after: i64,
        /// The one found in place of the next.
        found: i64,
    },
    /// Its hash is not that of its fields.
    #[error("record {0} of the audit is not as it was written")]
    Changed(i64),
    /// It follows another entry than the one before it.
    #[error("record {0} of the audit does not follow the one before it")]
    Unlinked(i64),
}

impl Break {
    /// The entry it was noticed at.
    pub const fn seq(self) -> i64 {
        match self {
            Self::Gap { found, .. } => found,
            Self::Changed(seq) | Self::Unlinked(seq) => seq,
        }
    }
}

/// A walk along the chain. It remembers the last entry's place and hash and no more, so that a
/// chain of any length can be checked.
#[derive(Clone, Debug)]
pub struct Walk {
    seq: i64,
    hash: String,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            seq: 0,
            hash: GENESIS.to_owned(),
        }
    }
}

impl Walk {
    /// The next entry as it was found; goes on from there even where the chain is broken.
    ///
    /// # Errors
    /// How it fails to continue the chain.
    pub fn step(&mut self, entry: &AuditEntry) -> Result<(), Break> {
        let before = std::mem::replace(
            self,
            Self {
                seq: entry.seq,
                hash: entry.hash.clone(),
            },
        );
        if entry.seq != before.seq + 1 {
            return Err(Break::Gap {
                after: before.seq,
                found: entry.seq,
            });
        }
        if entry.hash != entry.expected_hash() {
            return Err(Break::Changed(entry.seq));
        }
        if entry.previous != before.hash {
            return Err(Break::Unlinked(entry.seq));
        }
        Ok(())
    }
}
