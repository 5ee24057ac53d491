//! The config file: read with line and key for every mistake, unknown keys refused.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::bounds::within;
use super::commerce_hub::CommerceHub;
use super::{
    Account, AuditOutside, Backups, Environment, KeySetting, Listener, Provider, Screen, Service,
    Settings, keys, retention, roles,
};
use crate::domain::allowance::Amounts;
use crate::domain::digest::{hex, sha256};
use crate::domain::money::{Currency, Money};
use crate::domain::policy::Policy;
use crate::domain::role::Roles;
use crate::domain::schedule::Pace;
use crate::domain::zone::Zone;

/// A config with every setting explained; what `init` writes.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Why a config cannot be used. Nothing was read or written besides it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// There is none.
    #[error("there is no configuration at {}", .0.display())]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("cannot read {}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// It says something that makes no sense.
    #[error("{}, line {line}: {key}{what}", path.display(), key = key.as_ref().map_or(String::new(), |key| format!("{key}: ")))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The key, where it is known.
        key: Option<String>,
        /// What is wrong, and what would be right.
        what: String,
    },
}

/// Reads and checks a config file.
///
/// # Errors
/// [`ConfigError`] names file, line and key.
pub fn load(path: &Path) -> Result<Settings, ConfigError> {
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ConfigError::Missing(path.to_owned()),
        _ => ConfigError::Unreadable {
            path: path.to_owned(),
            why: error.to_string(),
        },
    })?;
    parse(path, &text)
}

/// Checks the text of a config file.
///
/// # Errors
/// [`ConfigError`] names file, line and key.
pub fn parse(path: &Path, text: &str) -> Result<Settings, ConfigError> {
    let reader = Reader { path, text };
    let document = DeTable::parse(text).map_err(|error| reader.wrong(None, &error))?;
    let mut root = document.into_inner();
    let mut accounts = Vec::new();
    if let Some((key, value)) = root.remove_entry("accounts") {
        let DeValue::Table(table) = value.into_inner() else {
            return Err(reader.at(key.span().start, Some("accounts"), "must be a table"));
        };
        // The file's order is the order on screen; the parser's is not.
        let mut tables: Vec<_> = table.into_iter().collect();
        tables.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in tables {
            accounts.push(reader.account(name.get_ref(), value)?);
        }
    }
    let mut grants = Vec::new();
    if let Some((key, value)) = root.remove_entry("roles") {
        let DeValue::Table(table) = value.into_inner() else {
            let what = "must be a table of roles, such as [roles.maker]";
            return Err(reader.at(key.span().start, Some("roles"), what));
        };
        let named = table.into_iter();
        grants.extend(named.map(|(name, value)| (name.get_ref().to_string(), value)));
    }
    let roles = roles::read(&reader, grants)?;
    let keys = match root.remove_entry("keys") {
        Some((key, value)) => keys::read(&reader, (key.span().start, value.into_inner()))?,
        None => Vec::new(),
    };
    let rest: Rest = reader.read(None, Spanned::new(0..text.len(), root))?;
    rest.settle(&reader, accounts, roles, keys)
}

pub(super) struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn account(&self, name: &str, value: Spanned<DeValue<'_>>) -> Result<Account, ConfigError> {
        let span = value.span();
        let place = format!("accounts.{name}");
        let DeValue::Table(mut table) = value.into_inner() else {
            return Err(self.at(span.start, Some(&place), "must be a table"));
        };
        let Some((key, provider)) = table.remove_entry("provider") else {
            return Err(self.at(span.start, Some(&place), "needs a provider"));
        };
        let cap_per_day = match table.remove_entry(CAP_PER_DAY) {
            Some((key, value)) => Some(self.cap_per_day(&place, &key, value)?),
            None => None,
        };
        let table = Spanned::new(span.clone(), table);
        let provider = match provider.get_ref().as_str() {
            Some("commerce-hub") => {
                let settings: CommerceHub = self.read(Some(&place), table)?;
                if let Some(what) = settings.contradiction() {
                    let place = format!("{place}.refund_capture");
                    return Err(self.at(span.start, Some(&place), what));
                }
                Provider::CommerceHub(Box::new(settings))
            }
            Some("mastercard-creditor") => {
                Provider::MastercardCreditor(Box::new(self.read(Some(&place), table)?))
            }
            Some("mastercard-debtor") => {
                Provider::MastercardDebtor(Box::new(self.read(Some(&place), table)?))
            }
            Some("nuapay") => Provider::Nuapay(Box::new(self.read(Some(&place), table)?)),
            Some("prism") => Provider::Prism(Box::new(self.read(Some(&place), table)?)),
            _ => {
                let place = format!("{place}.provider");
                let what = "must be \"commerce-hub\", \"nuapay\", \"prism\", \
                            \"mastercard-creditor\" or \"mastercard-debtor\"";
                return Err(self.at(key.span().start, Some(&place), what));
            }
        };
        Ok(Account {
            name: name.to_owned(),
            provider,
            cap_per_day,
        })
    }

    /// What an account may refund in a day: the same setting whatever its provider.
    fn cap_per_day(
        &self,
        place: &str,
        key: &Spanned<Cow<'_, str>>,
        value: Spanned<DeValue<'_>>,
    ) -> Result<Amounts, ConfigError> {
        let place = format!("{place}.{CAP_PER_DAY}");
        let wrong = |what: &str| self.at(key.span().start, Some(&place), what);
        let read = PerCurrency::deserialize(toml::de::ValueDeserializer::from(value));
        read.map_err(|error| wrong(error.message()))?.amounts(wrong)
    }

    pub(super) fn read<T: DeserializeOwned>(
        &self,
        place: Option<&str>,
        table: Spanned<DeTable<'_>>,
    ) -> Result<T, ConfigError> {
        let deserializer = toml::de::Deserializer::from(table);
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            let path = error.path().to_string();
            let key = match (place, path.as_str()) {
                (Some(place), ".") => Some(place.to_owned()),
                (Some(place), path) => Some(format!("{place}.{path}")),
                (None, ".") => None,
                (None, path) => Some(path.to_owned()),
            };
            self.wrong(key, error.inner())
        })
    }

    fn wrong(&self, key: Option<String>, error: &toml::de::Error) -> ConfigError {
        let offset = error.span().map_or(0, |span| span.start);
        let what = suggest(error.message());
        self.at(offset, key.as_deref(), &what)
    }

    pub(super) fn at(&self, offset: usize, key: Option<&str>, what: &str) -> ConfigError {
        ConfigError::Wrong {
            path: self.path.to_owned(),
            line: self.line(offset),
            key: key.map(str::to_owned),
            what: what.to_owned(),
        }
    }

    /// The line of a place in the text, counted from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }

    /// The line a key stands on, for settings that are checked after reading.
    fn offset_of(&self, key: &str) -> usize {
        self.text.find(key).unwrap_or(0)
    }
}

/// A setting that every account may have.
const CAP_PER_DAY: &str = "cap_per_day";
/// Keys that are read apart from their tables, and are no less known.
const COMMON: [&str; 3] = [CAP_PER_DAY, "roles", "keys"];

/// Adds the nearest known key to the message about an unknown one.
fn suggest(message: &str) -> String {
    let message = message.lines().next().unwrap_or(message);
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let nearest = match names.split_first() {
        Some((unknown, known)) if message.starts_with("unknown ") => known
            .iter()
            .chain(&COMMON)
            .map(|name| (strsim::damerau_levenshtein(unknown, name), name))
            .filter(|(distance, _)| *distance <= 3)
            .min(),
        _ => None,
    };
    match nearest {
        Some((_, name)) => format!("{message}; did you mean `{name}`?"),
        None => message.to_owned(),
    }
}

/// Everything besides the accounts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    environment: Environment,
    /// Taken out before the rest is read; known here so that it can be suggested.
    #[serde(default, rename = "accounts")]
    _accounts: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    desk: Desk,
    #[serde(default)]
    tracking: Tracking,
    #[serde(default)]
    policy: PolicyFile,
    backup: Option<Backups>,
    listener: Option<Listener>,
    #[serde(default)]
    service: Service,
    audit: Option<AuditOutside>,
    #[serde(default)]
    retention: retention::Table,
    #[serde(default)]
    screen: Screen,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Desk {
    time_zone: Zone,
    #[serde(deserialize_with = "within::<0, 86_400, _>")]
    send_delay_seconds: u32,
    // The lease of a send is 90 s: its answer must be written down before it ends.
    #[serde(deserialize_with = "within::<1, 60, _>")]
    deadline_seconds: u32,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            time_zone: Zone::UTC,
            send_delay_seconds: 10,
            deadline_seconds: 30,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Tracking {
    #[serde(deserialize_with = "within::<1, 1_000, _>")]
    pace: u32,
}

impl Default for Tracking {
    fn default() -> Self {
        Self { pace: 1 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PolicyFile {
    approval_above: Option<PerCurrency>,
    compensation_cap: Option<PerCurrency>,
    #[serde(deserialize_with = "within::<1, 365, _>")]
    expires_after_days: u32,
    #[serde(deserialize_with = "within::<0, 1_000, _>")]
    escalate_after_hours: u32,
}

impl Default for PolicyFile {
    fn default() -> Self {
        Self {
            approval_above: None,
            compensation_cap: None,
            expires_after_days: 7,
            escalate_after_hours: 8,
        }
    }
}

/// One figure in main units for every currency, or an amount per currency.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a whole number of main units, or a table such as { USD = \"250.00\" }"
)]
pub(super) enum PerCurrency {
    Main(#[serde(deserialize_with = "whole")] i64),
    Amounts(BTreeMap<Currency, String>),
}

/// A whole number, written as a number or as text: never a float.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(i64),
        Text(String),
    }
    let number = match Either::deserialize(deserializer)? {
        Either::Number(number) => Some(number),
        Either::Text(text) => text.parse().ok(),
    };
    number
        .filter(|number| *number >= 0)
        .ok_or_else(|| serde::de::Error::custom("not a whole number"))
}

/// In the sandbox a refund waits this long before it is sent, whatever the pace.
const SANDBOX_SEND_DELAY: Duration = Duration::from_secs(2);

impl Rest {
    fn settle(
        self,
        reader: &Reader<'_>,
        accounts: Vec<Account>,
        roles: Roles,
        keys: Vec<KeySetting>,
    ) -> Result<Settings, ConfigError> {
        let pace = Pace::times(self.tracking.pace);
        if pace != Pace::REAL && self.environment != Environment::Sandbox {
            let what = "only environment \"sandbox\" may poll at another pace than 1";
            return Err(reader.at(reader.offset_of("pace"), Some("tracking.pace"), what));
        }
        let send_delay = match pace {
            Pace::REAL => Duration::from_secs(self.desk.send_delay_seconds.into()),
            _ => SANDBOX_SEND_DELAY,
        };
        let escalate_after = Some(self.policy.escalate_after_hours).filter(|hours| *hours > 0);
        let expires_after = TimeDelta::days(self.policy.expires_after_days.into());
        Ok(Settings {
            file: reader.path.to_owned(),
            sha256: hex(&sha256(reader.text.as_bytes())),
            environment: self.environment,
            zone: self.desk.time_zone,
            send_delay,
            deadline: Duration::from_secs(self.desk.deadline_seconds.into()),
            pace,
            policy: self.policy.policy(reader)?,
            expires_after,
            escalate_after: escalate_after.map(|hours| TimeDelta::hours(hours.into())),
            roles,
            backups: self.backup,
            listener: self.listener,
            service: self.service,
            audit: self.audit,
            retention: self.retention.into(),
            screen: self.screen,
            keys,
            accounts,
        })
    }
}

impl PolicyFile {
    fn policy(self, reader: &Reader<'_>) -> Result<Policy, ConfigError> {
        let mut policy = Policy::default();
        if let Some(limit) = self.approval_above {
            let read = limit.read("approval_above", policy.approval_above_main, reader)?;
            (policy.approval_above, policy.approval_above_main) = read;
        }
        if let Some(cap) = self.compensation_cap {
            let read = cap.read("compensation_cap", policy.compensation_cap_main, reader)?;
            (policy.compensation_cap, policy.compensation_cap_main) = read;
        }
        Ok(policy)
    }
}

impl PerCurrency {
    /// A figure for each currency; a table leaves none for what it does not name.
    pub(super) fn amounts(
        self,
        wrong: impl Fn(&str) -> ConfigError,
    ) -> Result<Amounts, ConfigError> {
        let amounts = match self {
            Self::Main(others_main) => {
                return Ok(Amounts {
                    apart: BTreeMap::new(),
                    others_main,
                });
            }
            Self::Amounts(amounts) => amounts,
        };
        let read = amounts.into_iter().map(|(currency, amount)| {
            let figure = Money::parse(&amount, currency).map_err(|error| wrong(&error.to_string()));
            figure.map(|figure| (currency, figure.minor))
        });
        Ok(Amounts {
            apart: read.collect::<Result<_, _>>()?,
            others_main: 0,
        })
    }

    /// Minor units by currency, and main units for all others.
    fn read(
        self,
        key: &str,
        others: i64,
        reader: &Reader<'_>,
    ) -> Result<(BTreeMap<Currency, i64>, i64), ConfigError> {
        let amounts = match self {
            Self::Main(main) => return Ok((BTreeMap::new(), main)),
            Self::Amounts(amounts) => amounts,
        };
        let read = amounts.into_iter().map(|(currency, amount)| {
            let limit = Money::parse(&amount, currency).map_err(|error| {
                let named = format!("policy.{key}");
                reader.at(reader.offset_of(key), Some(&named), &error.to_string())
            })?;
            Ok((currency, limit.minor))
        });
        Ok((read.collect::<Result<_, _>>()?, others))
    }
}
