//! File, environment and flags become one checked set of settings.

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::allowance::Amounts;
use crate::domain::policy::Policy;
use crate::domain::role::Roles;
use crate::domain::schedule::Pace;
use crate::domain::zone::Zone;

mod audit;
mod backup;
mod bounds;
pub mod commerce_hub;
mod file;
mod keys;
mod listener;
pub mod mastercard;
pub mod nuapay;
mod paths;
pub mod prism;
mod retention;
mod roles;
mod screen;
pub mod secret;
mod service;
#[cfg(test)]
mod tests;

pub use audit::{AuditOutside, Syslog};
pub use file::{ConfigError, EXAMPLE, load, parse};
pub use keys::KeySetting;
pub use listener::{Listener, MutualTls};
pub use paths::{Environ, Paths};
pub use retention::Retention;
pub use screen::{Looks, Screen};
pub use service::Service;

/// Everything the desk is told, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file they come from; secrets are relative to it.
    pub file: PathBuf,
    /// The SHA-256 of that file, in hex.
    pub sha256: String,
    /// Sandbox, test or live.
    pub environment: Environment,
    /// The business time zone.
    pub zone: Zone,
    /// How long a refund composed at the desk waits before it is sent.
    pub send_delay: Duration,
    /// How long a provider may take to answer.
    pub deadline: Duration,
    /// How fast the desk polls.
    pub pace: Pace,
    /// Who must agree.
    pub policy: Policy,
    /// How long a refund may wait unsent.
    pub expires_after: chrono::TimeDelta,
    /// How much business time a refund may wait for a checker before others are told; none: as long
    /// as it likes.
    pub escalate_after: Option<chrono::TimeDelta>,
    /// Who may do what; none: everybody is maker and checker.
    pub roles: Roles,
    /// Backups by the clock; none unless asked for.
    pub backups: Option<Backups>,
    /// Where it is called; none: nowhere.
    pub listener: Option<Listener>,
    /// Where desks and commands reach the service.
    pub service: Service,
    /// Where the end of the audit is told outside; none: nowhere.
    pub audit: Option<AuditOutside>,
    /// How long personal data stays.
    pub retention: Retention,
    /// How the screens look and are reached.
    pub screen: Screen,
    /// Other keys for the desk's actions, in the order of the file.
    pub keys: Vec<KeySetting>,
    /// The provider accounts, in the order of the file.
    pub accounts: Vec<Account>,
}

impl Settings {
    /// The account of this name.
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }
}

/// `[backup]`: backups that the open desk takes by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backups {
    /// How often.
    pub every: Duration,
    /// How many are kept.
    pub keep: u32,
    to: PathBuf,
}

impl Backups {
    /// Where they go: as said, or beneath the data folder.
    pub fn folder(&self, data: &std::path::Path) -> PathBuf {
        data.join(&self.to)
    }
}

/// What the database is stamped with. Test and live never share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Simulators on this machine.
    Sandbox,
    /// A provider's test system.
    Test,
    /// Real money.
    Live,
}

impl Environment {
    /// The word in the config and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Test => "test",
            Self::Live => "live",
        }
    }

    /// The word on every screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sandbox => "DEMO",
            Self::Test => "TEST",
            Self::Live => "LIVE",
        }
    }
}

/// One contract with one provider.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name, as in settlement files.
    pub name: String,
    /// Its provider and settings.
    pub provider: Provider,
    /// What may be refunded through it in a business day; none: as much as anybody likes.
    pub cap_per_day: Option<Amounts>,
}

/// The settings of each provider.
#[derive(Clone, Debug)]
pub enum Provider {
    /// Fiserv Commerce Hub.
    CommerceHub(Box<commerce_hub::CommerceHub>),
    /// Mastercard Account to Account Commerce, the merchant's side.
    MastercardCreditor(Box<mastercard::Creditor>),
    /// The same, the side of the bank of those who paid.
    MastercardDebtor(Box<mastercard::Debtor>),
    /// Nuapay Open Banking.
    Nuapay(Box<nuapay::Nuapay>),
    /// Hyperswitch Prism.
    Prism(Box<prism::Prism>),
}
