//! `[backup]` of the config file.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::Backups;

/// More often than this, backups would be most of what the desk does.
const SHORTEST: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_hours(24 * 366);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(deserialize_with = "every")]
    every: Duration,
    #[serde(default = "keep", deserialize_with = "at_least_one")]
    keep: u32,
    #[serde(default = "to")]
    to: PathBuf,
}

fn keep() -> u32 {
    14
}

fn to() -> PathBuf {
    "backups".into()
}

impl<'de> Deserialize<'de> for Backups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Table { every, keep, to } = Table::deserialize(deserializer)?;
        Ok(Self { every, keep, to })
    }
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        0 => Err(D::Error::custom("at least 1 backup is kept")),
        keep => Ok(keep),
    }
}

/// A duration such as `90m`, `24h` or `7d`.
fn every<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let seconds = |unit: char| match unit {
        's' => Some(1_u64),
        'm' => Some(60),
        'h' => Some(3_600),
        'd' => Some(86_400),
        _ => None,
    };
    let mut letters = text.chars();
    let every = letters
        .next_back()
        .and_then(seconds)
        .zip(letters.as_str().parse::<u64>().ok())
        .and_then(|(unit, number)| number.checked_mul(unit))
        .map(Duration::from_secs)
        .ok_or_else(|| {
            D::Error::custom(format!(
                "{text:?} is not a duration; write \"90m\", \"24h\" or \"7d\""
            ))
        })?;
    if (SHORTEST..=LONGEST).contains(&every) {
        Ok(every)
    } else {
        Err(D::Error::custom(format!(
            "{text:?} is not allowed; \"1m\" to \"366d\" is"
        )))
    }
}
