//! Stopped sending: anyone stops it at once, resuming takes two people (domain.md, rule 3).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Sending that is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The account; `None`: every account.
    pub account: Option<String>,
    /// Who stopped it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Why, where they said so.
    pub note: Option<String>,
    /// Who proposed to resume, once somebody did: one more person is needed, and not the same.
    pub proposed: Option<Proposed>,
}

/// The first of the two who resume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Stop {
    /// True when refunds of this account are not sent because of it.
    pub fn concerns(&self, account: &str) -> bool {
        self.account.as_deref().is_none_or(|only| only == account)
    }

    /// What is stopped and by whom, as a sentence without a full stop.
    pub fn sentence(&self) -> String {
        let place = match &self.account {
            Some(account) => format!("sending on {account}"),
            None => "sending on every account".to_owned(),
        };
        let why = self
            .note
            .as_ref()
            .map_or(String::new(), |note| format!(" ({note})"));
        format!("{place} was stopped by {}{why}", self.by)
    }
}

/// What a word about resuming led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resumption {
    /// It is proposed; a second person is needed.
    Proposed(Stop),
    /// It was stopped so, and goes on.
    Resumed(Stop),
}
