//! The desk as a whole, and its accounts: what stands around every list.

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};

use crate::domain::ageing::Marks;
use crate::domain::listing::{AccountFreshness, StateCounts};
use crate::domain::sending::Stop;

/// What the top line and the Payments footer show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// LIVE, TEST or DEMO.
    pub label: String,
    /// The IANA name of the business time zone.
    pub zone: String,
    /// Nothing is sent.
    pub offline: bool,
    /// Nothing is written.
    pub read_only: bool,
    /// How many things the last check of the records found wrong.
    pub damaged: u64,
    /// Where people stopped sending, every account first.
    pub stops: Vec<Stop>,
    /// How many refunds came back and nobody has acknowledged it.
    pub came_back: u64,
    /// How many refunds are in each state.
    pub counts: StateCounts,
    /// Every account of the configuration, in its order.
    pub accounts: Vec<Account>,
    /// Accounts that left the configuration; their payments are still known.
    #[serde(default)]
    pub former: Vec<String>,
    /// How long a refund composed at the desk waits before it is sent, in milliseconds.
    pub send_delay_ms: u64,
    /// A service does the work, for everybody who connects; else this desk is its user's alone.
    #[serde(default)]
    pub shared: bool,
}

/// An account as screens show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its provider, as people know it.
    pub provider: String,
    /// What a success of its refunds means: `submitted for settlement`, `paid` …
    pub success_means: String,
    /// Refunds can be sent through it.
    pub can_send: bool,
    /// Its unsettled payments can be voided.
    pub voids: bool,
    /// Its refunds can be stopped once they are sent, for as long as the provider can.
    pub stops: bool,
    /// Until when on a day, in the business time zone, where that is known.
    #[serde(default)]
    pub batch_closes: Option<NaiveTime>,
    /// Its payments can be given back with compensation on top.
    #[serde(default)]
    pub compensates: bool,
    /// Its provider does not answer: nothing is sent through it but single tries.
    #[serde(default)]
    pub not_answering: bool,
    /// From when on something on its way is slow, on its rail.
    #[serde(default)]
    pub marks: Option<Marks>,
    /// How fresh its data is.
    pub freshness: AccountFreshness,
}
