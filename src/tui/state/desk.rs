//! What the top line knows of the desk.

use chrono::{DateTime, NaiveTime, Utc};

use crate::domain::ageing::Marks;
use crate::domain::listing::{AccountFreshness, StateCounts};
use crate::domain::sending::Stop;
use crate::domain::state::State;
use crate::domain::zone::Zone;

/// The desk as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// LIVE, TEST or DEMO.
    pub label: String,
    /// The business time zone.
    pub zone: Zone,
    /// Nothing is sent.
    pub offline: bool,
    /// Nothing is written.
    pub read_only: bool,
    /// How many things are wrong with the records.
    pub damaged: u64,
    /// Where people stopped sending, every account first.
    pub stops: Vec<Stop>,
    /// How many refunds came back and nobody has acknowledged it.
    pub came_back: u64,
    /// How many refunds are in each state.
    pub counts: StateCounts,
    /// Every account.
    pub accounts: Vec<Account>,
    /// Accounts that left the configuration.
    pub former: Vec<String>,
    /// A service does the work; else this desk is its user's alone.
    pub shared: bool,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its provider.
    pub provider: String,
    /// What a success of its refunds means.
    pub success_means: String,
    /// Refunds can be sent through it.
    pub can_send: bool,
    /// Its unsettled payments can be voided.
    pub voids: bool,
    /// Its payments can be given back with compensation on top.
    pub compensates: bool,
    /// Its refunds can be stopped once they are sent.
    pub stops: bool,
    /// Until when on a day, where that is known.
    pub batch_closes: Option<NaiveTime>,
    /// Its provider does not answer.
    pub not_answering: bool,
    /// From when on something on its way is slow.
    pub marks: Option<Marks>,
    /// How fresh its data is.
    pub freshness: AccountFreshness,
}

impl Overview {
    /// The names of all accounts whose payments may be known.
    pub fn names(&self) -> Vec<&str> {
        let accounts = self.accounts.iter().map(|it| it.freshness.account.as_str());
        accounts
            .chain(self.former.iter().map(String::as_str))
            .collect()
    }

    /// How many refunds may or may not have been paid.
    pub fn unknown(&self) -> u64 {
        self.counts.of(&[State::Unknown])
    }

    /// How many refunds wait to be sent.
    pub fn to_send(&self) -> u64 {
        self.counts.of(&[State::Reserved, State::Approved])
    }

    /// The accounts whose provider does not answer.
    pub fn not_answering(&self) -> Vec<&str> {
        let gone = self.accounts.iter().filter(|it| it.not_answering);
        gone.map(|it| it.freshness.account.as_str()).collect()
    }

    /// A time in the business time zone.
    pub fn local(&self, at: DateTime<Utc>) -> DateTime<Zone> {
        at.with_timezone(&self.zone)
    }
}
