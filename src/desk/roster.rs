//! Standing in for one another: rights handed on, absences, and who may approve what.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::face::{Actor, Refusal, Reply, RosterAsk};
use super::local::Local;
use super::refusal;
use super::roles::Action;
use crate::domain::business_time;
use crate::domain::delegation::{MayApprove, Roster};
use crate::domain::refund::Refund;
use crate::domain::role::Role;
use crate::ledger::{Checked, NewDelegation};

/// Nobody hands on a right for longer.
const LONGEST: TimeDelta = TimeDelta::days(366);

impl Local {
    /// Answers what is asked or said about who stands in for whom.
    pub(super) async fn roster(&self, actor: &Actor, ask: RosterAsk) -> Result<Reply, Refusal> {
        let now = self.clock.now();
        let today = self.business_day(now);
        match ask {
            RosterAsk::Show => {}
            RosterAsk::Delegate { to, from, until } => {
                self.delegate(actor, to.trim(), (from, until)).await?;
            }
            RosterAsk::EndDelegation { id } => {
                self.writable()?;
                let by = actor.name.clone();
                self.ledger.end_delegation(id, by, now).await?;
            }
            RosterAsk::Away { from, until } => {
                self.writable()?;
                days(from, until, today)?;
                let person = actor.name.clone();
                let away = self.ledger.note_absence(person, Some((from, until)), now);
                away.await?;
            }
            RosterAsk::Back => {
                self.writable()?;
                let back = self.ledger.note_absence(actor.name.clone(), None, now);
                back.await?;
            }
        }
        let roster = self.ledger.roster(today).await?;
        Ok(Reply::Roster(Box::new(roster)))
    }

    async fn delegate(
        &self,
        actor: &Actor,
        to: &str,
        (from, until): (NaiveDate, NaiveDate),
    ) -> Result<(), Refusal> {
        self.writable()?;
        if !self.settings.roles.configured() {
            let next = "Give roles in the config first: see [roles.NAME] in the example.";
            let message = "there are no roles: anybody but the maker may approve";
            return Err(refusal::rule("no_roles", message, next));
        }
        days(from, until, self.business_day(self.clock.now()))?;
        self.may_stand_in(actor, to)?;
        let right = self.standing(actor).checks;
        let right = right.ok_or_else(|| self.no_role(actor, Action::HandOn))?;
        let new = NewDelegation {
            checker: actor.name.clone(),
            right,
            delegate: to.to_owned(),
            from,
            until,
            now: self.clock.now(),
        };
        self.ledger.delegate(new).await?;
        Ok(())
    }

    /// To oneself there is nothing to hand on, and an admin approves nothing.
    fn may_stand_in(&self, actor: &Actor, to: &str) -> Result<(), Refusal> {
        let refused = |why: String| {
            let next = "Name a colleague by their name on this machine.";
            Err(refusal::rule("delegate", why, next))
        };
        if to.is_empty() || to == actor.name {
            return refused("the right to approve is handed on to somebody else".to_owned());
        }
        let theirs = self.settings.roles.standing(to, &[]).roles;
        if theirs.contains(&Role::Admin) {
            return refused(format!("{to} is an admin, and an admin approves nothing"));
        }
        if theirs.contains(&Role::Checker) {
            return refused(format!("{to} is a checker already"));
        }
        Ok(())
    }

    /// By what right somebody approves a refund: their own, or one that was handed on to them.
    pub(super) async fn right_to_approve(
        &self,
        actor: &Actor,
        refund: &Refund,
    ) -> Result<Checked, Refusal> {
        let day = self.business_day(self.clock.now());
        if !self.settings.roles.configured() {
            return Ok(Checked::by_anybody(day));
        }
        if let Some(right) = self.standing(actor).checks {
            return Ok(Checked {
                right: Some(right),
                delegation: None,
                day,
            });
        }
        let maker = &refund.content.maker;
        let delegations = self.delegations_to(actor).await?;
        let held = delegations
            .iter()
            .find(|it| it.lets(&actor.name, maker, day));
        match (held, delegations.first()) {
            (Some(held), _) => Ok(Checked {
                right: Some(held.right.clone()),
                delegation: Some(held.id),
                day,
            }),
            (None, Some(other)) => Err(refusal::unchanged(
                "delegate",
                format!(
                    "{} handed on the right to approve, and made this refund: nobody approves it in their place",
                    other.checker
                ),
                "Another checker must approve it.",
            )),
            (None, None) => Err(self.no_role(actor, Action::Decide)),
        }
    }

    /// Who may approve a refund of `maker`, and who of them is away; none where no roles say so.
    pub(super) fn may_approve_of(&self, maker: &str, roster: &Roster) -> Option<MayApprove> {
        let roles = &self.settings.roles;
        if !roles.configured() {
            return None;
        }
        let today = self.business_day(self.clock.now());
        let checkers = roles.holders(&[Role::Checker], maker);
        let mut away = Vec::new();
        let mut people = Vec::new();
        let standing_in = roster.delegations.iter().filter(|it| {
            let still = roles.still_gives(Role::Checker, &it.checker, &it.right);
            still && it.lets(&it.delegate, maker, today)
        });
        let delegates = standing_in.map(|it| {
            let words = format!("{} for {} until {}", it.delegate, it.checker, it.until);
            (it.delegate.clone(), words)
        });
        for (name, words) in checkers
            .into_iter()
            .map(|name| (name.clone(), name))
            .chain(delegates)
        {
            match roster.away_until(&name, today) {
                Some(until) => away.push(format!("{name} until {until}")),
                None => people.push(words),
            }
        }
        Some(MayApprove { people, away })
    }

    /// What is said of a refund that has waited too long for a checker: how long, and who is next.
    pub(super) fn escalated(
        &self,
        actor: &Actor,
        since: DateTime<Utc>,
        may: Option<&MayApprove>,
    ) -> Option<String> {
        let limit = self.settings.escalate_after?;
        let waited = business_time::between(since, self.clock.now(), &self.settings.zone);
        if waited < limit {
            return None;
        }
        let roles = &self.settings.roles;
        let admins = roles.holders(&[Role::Admin], "");
        let people = may.map(|may| may.people.as_slice());
        let next = match (people, admins.as_slice()) {
            (None, _) => "ask a colleague to approve or decline it".to_owned(),
            (Some([]), []) => "nobody who may approve it is there".to_owned(),
            (Some([]), admins) => {
                format!(
                    "nobody who may approve it is there: tell {}",
                    admins.join(", ")
                )
            }
            (Some(people), _) => format!("next is {}", people.join(", ")),
        };
        let yours = match self.is_admin(actor) {
            true => "; have one of them look at it, an admin approves nothing",
            false => "",
        };
        Some(format!(
            "has waited {} business hours, {} are allowed; {next}{yours}",
            waited.num_hours(),
            limit.num_hours()
        ))
    }

    /// An admin by roles: without any, everybody is everything.
    fn is_admin(&self, actor: &Actor) -> bool {
        self.settings.roles.configured() && self.standing(actor).roles.contains(&Role::Admin)
    }
}

fn days(from: NaiveDate, until: NaiveDate, today: NaiveDate) -> Result<(), Refusal> {
    let wrong = match () {
        () if until < from => Some(format!("{until} is before {from}")),
        () if until < today => Some(format!("{until} is over")),
        () if until - from > LONGEST => Some("that is longer than a year".to_owned()),
        () => None,
    };
    match wrong {
        Some(wrong) => Err(refusal::usage(
            "days",
            wrong,
            "Give the first and the last day, such as --from 2026-12-21 --until 2026-12-31.",
        )),
        None => Ok(()),
    }
}
