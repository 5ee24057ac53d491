//! The figures of Radar, by the business days and rails of this desk.

use chrono::{Days, NaiveTime, TimeDelta, TimeZone, Utc};

use super::face::Refusal;
use super::local::Local;
use crate::domain::radar::{
    Ages, DAYS, Day, LATELY_DAYS, PAST_DAYS, Quantiles, REASON_DAYS, Radar, Speed,
};
use crate::ledger::{RadarFigures, Sweep};

impl Local {
    /// How refunds go, as of now.
    pub(super) async fn radar(&self) -> Result<Radar, Refusal> {
        let now = self.clock.now();
        let today = self.business_day(now);
        let first = today
            .checked_sub_days(Days::new(u64::from(DAYS) - 1))
            .unwrap_or(today);
        let midnight = self
            .settings
            .zone
            .from_local_datetime(&first.and_time(NaiveTime::MIN));
        let lately = now - TimeDelta::days(LATELY_DAYS);
        let sweep = Sweep {
            // Where clocks are put forward at midnight, an hour too much is asked for and left out.
            made: midnight
                .earliest()
                .map_or(now - TimeDelta::days(i64::from(DAYS)), |at| {
                    at.with_timezone(&Utc)
                }),
            reasons: now - TimeDelta::days(REASON_DAYS),
            timed: lately - TimeDelta::days(PAST_DAYS),
            lately,
        };
        let figures = self.ledger.radar(sweep).await?;
        let mut days: Vec<Day> = first
            .iter_days()
            .take_while(|it| *it <= today)
            .map(Day::none)
            .collect();
        for made in &figures.made {
            let day = self.business_day(made.from);
            if let Some(known) = days.iter_mut().find(|it| it.day == day) {
                known.add(made.state, made.count);
            }
        }
        Ok(Radar {
            at: now,
            zone: self.settings.zone.name().to_owned(),
            ages: self.ages(&figures),
            days,
            speeds: self.speeds(&figures),
            reasons: figures.reasons,
            causes: figures.causes,
        })
    }

    fn ages(&self, figures: &RadarFigures) -> Vec<Ages> {
        let now = self.clock.now();
        let accounts = self.accounts.iter();
        let mut all: Vec<Ages> = accounts
            .filter(|it| it.profile.terms.can_send)
            .map(|it| Ages::none(&it.name, Some(it.profile.marks.rail())))
            .collect();
        for one in &figures.undecided {
            let at = all.iter().position(|it| it.account == one.account);
            let at = at.unwrap_or_else(|| {
                all.push(Ages::none(&one.account, None));
                all.len() - 1
            });
            let marks = self.account(&one.account).map(|it| &it.profile.marks);
            all[at].add(one.state, one.sent, now, marks, |at| self.business_day(at));
        }
        all
    }

    fn speeds(&self, figures: &RadarFigures) -> Vec<Speed> {
        let mut names: Vec<&str> = figures.took.iter().map(|it| it.account.as_str()).collect();
        names.dedup();
        let place = |name: &str| self.accounts.iter().position(|it| it.name == name);
        names.sort_by_key(|name| place(name).unwrap_or(usize::MAX));
        let quantiles = |name: &str, lately: bool| {
            let took = figures.took.iter();
            let of_it = took.filter(|it| it.account == name && it.lately == lately);
            Quantiles::of(of_it.map(|it| it.ms).collect())
        };
        names
            .into_iter()
            .map(|name| Speed {
                account: name.to_owned(),
                lately: quantiles(name, true),
                before: quantiles(name, false),
            })
            .collect()
    }
}
