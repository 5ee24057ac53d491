//! The time zone of the business, by its name in the IANA database that the program carries: the
//! same on every machine, whatever the machine's own says.

use std::fmt;
use std::str::FromStr;

use chrono::{
    FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc,
};
use jiff::Timestamp;
use jiff::tz::{self, AmbiguousOffset, TimeZoneDatabase};
use serde::de::{Deserialize, Deserializer, Error};

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(tz::TimeZone);

/// How far a zone is from UTC at an instant.
#[derive(Clone)]
pub struct ZoneOffset {
    zone: Zone,
    at: Timestamp,
    east: FixedOffset,
}

/// No zone of the database has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time zone; write one of the IANA database, such as Europe/Berlin or UTC")]
pub struct UnknownZone(String);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(tz::TimeZone::UTC);

    /// Its name in the IANA database.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    fn at(&self, at: Timestamp, offset: tz::Offset) -> ZoneOffset {
        ZoneOffset {
            zone: self.clone(),
            at,
            // The database knows none of a day or more.
            east: FixedOffset::east_opt(offset.seconds()).unwrap_or_else(|| Utc.fix()),
        }
    }

    /// The offset of a local time, were it so.
    fn read(&self, local: NaiveDateTime, offset: tz::Offset) -> ZoneOffset {
        let utc = local.and_utc().timestamp() - i64::from(offset.seconds());
        self.at(instant(utc), offset)
    }
}

/// The nearest instant that the database covers: the years -9999 to 9999.
fn instant(seconds: i64) -> Timestamp {
    let within = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(within).unwrap_or_default()
}

/// A local time as the database takes it; none outside of its years.
fn civil(local: NaiveDateTime) -> Option<jiff::civil::DateTime> {
    let seconds = jiff::SignedDuration::from_secs(local.and_utc().timestamp());
    let epoch = jiff::civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    epoch.checked_add(seconds).ok()
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone.clone()
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        let at = instant(utc.and_utc().timestamp());
        self.at(at, self.0.to_offset(at))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<ZoneOffset> {
        let Some(civil) = civil(*local) else {
            return MappedLocalTime::None;
        };
        match self.0.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                MappedLocalTime::Single(self.read(*local, offset))
            }
            AmbiguousOffset::Fold { before, after } => {
                MappedLocalTime::Ambiguous(self.read(*local, before), self.read(*local, after))
            }
            AmbiguousOffset::Gap { .. } => MappedLocalTime::None,
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<ZoneOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        self.east
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What `%Z` prints: CET, or +03 where the zone has no letters.
impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.zone.0.to_offset_info(self.at).abbreviation())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        let unknown = || UnknownZone(name.to_owned());
        let found = TimeZoneDatabase::bundled().get(name);
        let zone = Self(found.map_err(|_| unknown())?);
        // As it is spelled in the database, not in any case: it is compared and shown.
        match zone.name() == name {
            true => Ok(zone),
            false => Err(unknown()),
        }
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        name.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use rstest::rstest;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[rstest]
    #[case("UTC", "2026-07-01T12:00:00Z", "2026-07-01 12:00 UTC")]
    #[case("Europe/Berlin", "2026-07-01T12:00:00Z", "2026-07-01 14:00 CEST")]
    #[case("Europe/Berlin", "2026-12-01T12:00:00Z", "2026-12-01 13:00 CET")]
    #[case("America/New_York", "2026-11-01T05:59:59Z", "2026-11-01 01:59 EDT")]
    #[case("America/New_York", "2026-11-01T06:00:00Z", "2026-11-01 01:00 EST")]
    #[case("Europe/Istanbul", "2026-12-01T12:00:00Z", "2026-12-01 15:00 +03")]
    #[case("Asia/Kathmandu", "2026-12-01T12:00:00Z", "2026-12-01 17:45 +0545")]
    fn an_instant_is_told_by_the_clock_on_the_wall(
        #[case] zone: Zone,
        #[case] at: &str,
        #[case] told: &str,
    ) {
        let local = utc(at).with_timezone(&zone);
        assert_eq!(local.format("%Y-%m-%d %H:%M %Z").to_string(), told);
        assert_eq!(local.to_utc(), utc(at));
    }

    #[rstest]
    #[case("Europe/London", "2026-06-01T09:00:00", &["2026-06-01T08:00:00Z"])]
    // The hour that clocks skip, and the one that they show twice.
    #[case("Europe/London", "2026-03-29T01:30:00", &[])]
    #[case("Europe/London", "2026-10-25T01:30:00", &["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"])]
    fn a_local_time_is_none_one_or_two_instants(
        #[case] zone: Zone,
        #[case] local: NaiveDateTime,
        #[case] instants: &[&str],
    ) {
        let found = zone.from_local_datetime(&local);
        let told = [found.clone().earliest(), found.latest()];
        let mut told: Vec<_> = told.into_iter().flatten().map(|it| it.to_utc()).collect();
        told.dedup();
        let expected: Vec<_> = instants.iter().map(|it| utc(it)).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn the_ends_of_time_are_told() {
        let zone: Zone = "Europe/Berlin".parse().unwrap();
        for at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let east = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
            assert!(east.local_minus_utc().abs() < 86_400);
            let found = zone.offset_from_local_datetime(&at.naive_utc());
            assert!(matches!(found, MappedLocalTime::None));
        }
    }

    #[rstest]
    #[case("")]
    #[case("europe/berlin")]
    #[case("Europe/Atlantis")]
    #[case("CET-1")]
    #[case("/etc/localtime")]
    fn a_name_that_is_no_zone_is_told(#[case] name: &str) {
        let error = name.parse::<Zone>().unwrap_err().to_string();
        assert!(error.contains("is no time zone"), "{error}");
    }
}
