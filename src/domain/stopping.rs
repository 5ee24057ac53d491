//! Whether a refund can still be stopped, until when, and if not, why not.

use chrono::{DateTime, Days, NaiveTime, TimeZone, Utc};

use super::refund::{Kind, LaterStep, Refund};
use super::state::State;

/// What an account says about stopping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Its provider can be asked to stop a refund that it has accepted.
    pub stops: bool,
    /// When its provider closes the day's batch, in the business time zone, where the configuration
    /// says so: what is in it cannot be stopped any more.
    pub closes: Option<NaiveTime>,
}

/// Whether it can be stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopping {
    /// It was not sent, and can be withdrawn; until then, where it goes out by itself.
    Withdraw(Option<DateTime<Utc>>),
    /// The provider can be asked to stop it until its batch closes; none: nobody here knows when.
    Until(Option<DateTime<Utc>>),
    /// The provider can be asked, and its batch has most likely closed.
    TooLate(DateTime<Utc>),
    /// It cannot, and why.
    No(&'static str),
}

/// Whether a refund can be stopped; none where it has ended without being paid, or is on a statement.
pub fn of<Z: TimeZone>(
    refund: &Refund,
    terms: Terms,
    now: DateTime<Utc>,
    zone: &Z,
) -> Option<Stopping> {
    Some(match refund.state {
        State::Reserved | State::AwaitingApproval => Stopping::Withdraw(None),
        State::Approved => Stopping::Withdraw(goes_out(refund, now)),
        State::Submitting => Stopping::No("it is being sent"),
        State::Unknown => Stopping::No("not known whether the provider has it"),
        State::Pending | State::ActionRequired | State::Succeeded => sent(refund, terms, now, zone),
        State::Draft
        | State::Settled
        | State::Failed
        | State::Rejected
        | State::Reversed
        | State::Canceled
        | State::Expired => return None,
    })
}

fn goes_out(refund: &Refund, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    refund
        .send_after
        .filter(|at| *at > now && !refund.needs_release)
}

fn sent<Z: TimeZone>(refund: &Refund, terms: Terms, now: DateTime<Utc>, zone: &Z) -> Stopping {
    let asked = refund.later.as_ref().map(|later| later.step);
    match asked {
        Some(LaterStep::Stop) => return Stopping::No("the provider was asked to stop it already"),
        Some(_) => return Stopping::No("the provider was just asked something else about it"),
        None => {}
    }
    if refund.content.kind != Kind::Refund {
        return Stopping::No("it is no refund through a provider");
    }
    if !terms.stops {
        return Stopping::No("its provider has no way to stop a refund");
    }
    if refund.provider_refund_id.is_none() {
        return Stopping::No("the provider has given it no id to stop it by");
    }
    // It went out then at the earliest: a batch that closed since may have it.
    let earliest = refund.send_after.unwrap_or(refund.created_at);
    let earliest = earliest.max(refund.created_at);
    match terms
        .closes
        .and_then(|closes| after(earliest, closes, zone))
    {
        Some(at) if at <= now => Stopping::TooLate(at),
        until => Stopping::Until(until),
    }
}

/// The next time of day after an instant.
fn after<Z: TimeZone>(from: DateTime<Utc>, time: NaiveTime, zone: &Z) -> Option<DateTime<Utc>> {
    let today = from.with_timezone(zone).date_naive();
    let days = [Some(today), today.checked_add_days(Days::new(1))];
    let at = |day: chrono::NaiveDate| {
        let local = zone.from_local_datetime(&day.and_time(time)).earliest()?;
        Some(local.to_utc())
    };
    let found = days.into_iter().flatten().filter_map(at);
    found.into_iter().find(|at| *at > from)
}

impl Stopping {
    /// It is worth the key.
    pub const fn is_possible(&self) -> bool {
        matches!(self, Self::Withdraw(_) | Self::Until(_))
    }

    /// The provider can be asked to, and would most likely do it.
    pub const fn is_asked_of_provider(&self) -> bool {
        matches!(self, Self::Until(_))
    }

    /// Until when, where that is known.
    pub const fn until(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Withdraw(until) | Self::Until(until) => *until,
            Self::TooLate(_) | Self::No(_) => None,
        }
    }

    /// The sentence for people, without a full stop; `clock` writes a time.
    pub fn said(&self, clock: impl Fn(DateTime<Utc>) -> String) -> String {
        match self {
            Self::Withdraw(None) => "can be withdrawn: it was not sent".to_owned(),
            Self::Withdraw(Some(at)) => format!("can be withdrawn until {}", clock(*at)),
            Self::Until(Some(at)) => format!("can still be stopped until {}", clock(*at)),
            Self::Until(None) => {
                "can still be stopped until its batch closes; the provider alone knows when"
                    .to_owned()
            }
            Self::TooLate(at) => format!(
                "too late to stop: its batch closed {}; the provider decides",
                clock(*at)
            ),
            Self::No(why) => format!("cannot be stopped here: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::refund::Later;
    use crate::domain::todo::tests::refund;
    use crate::domain::zone::Zone;

    fn berlin() -> Zone {
        "Europe/Berlin".parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    const TERMS: Terms = Terms {
        stops: true,
        closes: NaiveTime::from_hms_opt(21, 0, 0),
    };

    /// Made at 19:00 in Berlin, on its way.
    fn sent() -> Refund {
        Refund {
            created_at: at("2026-11-21T18:00:00Z"),
            send_after: None,
            provider_refund_id: Some("r-1".into()),
            ..refund(State::Pending)
        }
    }

    fn told(refund: &Refund, terms: Terms, now: &str) -> String {
        let clock = |at: DateTime<Utc>| at.with_timezone(&berlin()).format("%H:%M").to_string();
        of(refund, terms, at(now), &berlin()).unwrap().said(clock)
    }

    #[test]
    fn until_its_batch_closes_and_not_after() {
        let refund = sent();
        let soon = "2026-11-21T19:59:59Z";
        assert_eq!(
            told(&refund, TERMS, soon),
            "can still be stopped until 21:00"
        );
        let late = "2026-11-21T20:00:00Z";
        assert_eq!(
            told(&refund, TERMS, late),
            "too late to stop: its batch closed 21:00; the provider decides"
        );
        // Made after the close of its day: the next day's batch has it.
        let evening = Refund {
            created_at: at("2026-11-21T20:00:01Z"),
            ..sent()
        };
        let said = of(&evening, TERMS, at("2026-11-22T10:00:00Z"), &berlin());
        assert_eq!(
            said,
            Some(Stopping::Until(Some(at("2026-11-22T20:00:00Z"))))
        );
        // It waited for a checker: it went out when it was let go, not when it was made.
        let approved = Refund {
            send_after: Some(at("2026-11-24T09:00:00Z")),
            ..sent()
        };
        let said = of(&approved, TERMS, at("2026-11-24T10:00:00Z"), &berlin());
        assert_eq!(
            said,
            Some(Stopping::Until(Some(at("2026-11-24T20:00:00Z"))))
        );
        let open = Terms {
            closes: None,
            ..TERMS
        };
        assert!(told(&refund, open, late).contains("the provider alone knows when"));
    }

    #[test]
    fn where_it_cannot_be_stopped_that_is_said() {
        let now = "2026-11-21T18:30:00Z";
        let nameless = Refund {
            provider_refund_id: None,
            ..sent()
        };
        let asked = Refund {
            later: Some(Later {
                step: LaterStep::Stop,
                number: 1,
                by: "ann".into(),
                at: at(now),
                unknown: false,
                looks: 0,
            }),
            ..sent()
        };
        let none = Terms {
            stops: false,
            ..TERMS
        };
        for (refund, terms, why) in [
            (&nameless, TERMS, "no id"),
            (&asked, TERMS, "asked to stop it already"),
            (&sent(), none, "no way to stop"),
            (&refund(State::Unknown), TERMS, "not known whether"),
            (&refund(State::Submitting), TERMS, "being sent"),
        ] {
            let said = told(refund, terms, now);
            assert!(
                said.starts_with("cannot be stopped here: ") && said.contains(why),
                "{said}"
            );
        }
        for state in [
            State::Settled,
            State::Failed,
            State::Canceled,
            State::Reversed,
        ] {
            assert_eq!(of(&refund(state), TERMS, at(now), &berlin()), None);
        }
    }

    #[test]
    fn what_was_not_sent_is_withdrawn() {
        let now = at("2026-11-21T18:30:00Z");
        let waits = refund(State::AwaitingApproval);
        assert_eq!(
            of(&waits, Terms::default(), now, &berlin()),
            Some(Stopping::Withdraw(None))
        );
        let goes = now + TimeDelta::seconds(10);
        let ready = Refund {
            send_after: Some(goes),
            needs_release: false,
            ..refund(State::Approved)
        };
        assert_eq!(
            of(&ready, Terms::default(), now, &berlin()),
            Some(Stopping::Withdraw(Some(goes)))
        );
    }
}
