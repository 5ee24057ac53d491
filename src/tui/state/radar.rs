//! How refunds go.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::radar::Radar;

/// News come by the hundred: the figures are not counted anew for each of them.
const REST: TimeDelta = TimeDelta::seconds(5);

/// The screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The figures, once answered.
    pub radar: Option<Radar>,
    /// Why they could not be counted.
    pub failed: Option<String>,
    /// The first line shown.
    pub scroll: usize,
}

impl Page {
    /// True when news are reason enough to count anew.
    pub fn is_stale(&self, now: DateTime<Utc>) -> bool {
        self.radar
            .as_ref()
            .is_none_or(|radar| now - radar.at >= REST)
    }
}
