//! Who looks after what waits for a person, and what somebody puts aside for a while.

use chrono::{DateTime, Utc};

use super::elsewhere::said;
use super::face::{Actor, Notice, Refusal, Reply, TendOrder, Tended, ToDoItem};
use super::local::Local;
use super::refusal;
use crate::domain::care::{self, About, Snooze};
use crate::ledger::{Care, Owning};

impl Local {
    /// Gives it to somebody, puts it aside, or takes it back.
    pub(super) async fn look_after(
        &self,
        actor: &Actor,
        order: TendOrder,
    ) -> Result<Reply, Refusal> {
        self.writable()?;
        let tended = match order {
            TendOrder::Own { about, owner } => self.give(actor, &about, &owner).await?,
            TendOrder::PutAside {
                about,
                until,
                reason,
            } => self.put_aside(actor, &about, until, &reason).await?,
            TendOrder::TakeBack { about } => self.take_back(actor, &about).await?,
        };
        self.tell(Notice::Changed);
        Ok(Reply::Tended(tended))
    }

    async fn give(&self, actor: &Actor, handle: &str, owner: &str) -> Result<Tended, Refusal> {
        let item = self.waiting_item(actor, handle).await?;
        let (about, owner, now) = (item.about(), said(owner)?, self.clock.now());
        let by = actor.name.clone();
        match about {
            About::Discrepancy(id) => {
                let owner = owner.clone();
                self.ledger.assign_discrepancy(id, owner, by, now).await?;
            }
            About::Refund(_) | About::Request(_) => {
                let owning = Owning {
                    about,
                    payment: item.payment,
                    owner: owner.clone(),
                    actor: by,
                    now,
                };
                self.ledger.assign(owning).await?;
            }
        }
        Ok(Tended {
            about,
            owner: Some(owner),
            until: None,
        })
    }

    async fn put_aside(
        &self,
        actor: &Actor,
        handle: &str,
        until: DateTime<Utc>,
        reason: &str,
    ) -> Result<Tended, Refusal> {
        let reason = said(reason)?;
        let item = self.waiting_item(actor, handle).await?;
        let now = self.clock.now();
        self.may_wait(&item, until, now)?;
        let snooze = Snooze {
            who: actor.name.clone(),
            about: item.about(),
            until,
            reason,
            at: now,
            seen: item.seen(),
        };
        let (about, payment) = (snooze.about, item.payment);
        self.ledger.put_aside(payment, snooze).await?;
        Ok(Tended {
            about,
            owner: None,
            until: Some(until),
        })
    }

    /// Nobody looks away past the time there is to act.
    fn may_wait(
        &self,
        item: &ToDoItem,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        if until <= now {
            return Err(refusal::usage(
                "not_ahead",
                "it can only be put aside until a time to come",
                "Name a later time.",
            ));
        }
        let latest = care::latest(&item.step, item.holds_money(), now);
        if latest <= now {
            return Err(refusal::unchanged(
                "too_urgent",
                "its time is nearly over: it cannot be put aside".to_owned(),
                item.step.next.clone(),
            ));
        }
        if until > latest {
            let (zone, latest) = (
                &self.settings.zone,
                latest.with_timezone(&self.settings.zone),
            );
            let why = match item.holds_money() {
                true => "it holds money",
                false => "it must not be forgotten",
            };
            return Err(refusal::unchanged(
                "too_long",
                format!(
                    "it can be put aside until {} ({zone}) at most: {why}",
                    latest.format("%Y-%m-%d %H:%M")
                ),
                "Name an earlier time.".to_owned(),
            ));
        }
        Ok(())
    }

    async fn take_back(&self, actor: &Actor, handle: &str) -> Result<Tended, Refusal> {
        let item = self.waiting_item(actor, handle).await?;
        let (about, who, now) = (item.about(), actor.name.clone(), self.clock.now());
        let was = self.ledger.take_back(item.payment, about, who, now);
        if !was.await? {
            return Err(refusal::unchanged(
                "not_aside",
                "you have not put it aside".to_owned(),
                "It stands in To do.".to_owned(),
            ));
        }
        Ok(Tended {
            about,
            owner: None,
            until: None,
        })
    }

    /// What waits for a person, by `discrepancy N`, `request N`, or a refund as typed.
    async fn waiting_item(&self, actor: &Actor, handle: &str) -> Result<ToDoItem, Refusal> {
        let about = match handle.trim().parse::<About>() {
            Ok(about) => about,
            Err(()) => About::Refund(self.refund_named(handle).await?.refund.id),
        };
        let items = self.to_do(actor).await?;
        let found = items.into_iter().find(|item| item.about() == about);
        found.ok_or_else(|| {
            refusal::unchanged(
                "waits_for_nobody",
                format!("{handle} waits for nobody"),
                "See what does: refund-desk todo".to_owned(),
            )
        })
    }
}

/// Adds to what waits who looks after it, and what people have put aside.
pub(super) fn looked_after(items: &mut [ToDoItem], care: &Care, now: DateTime<Utc>) {
    for item in items {
        let about = item.about();
        let own = item.discrepancy.as_ref().and_then(|it| it.owner.clone());
        item.owner = own.or_else(|| care.owners.get(&about).cloned());
        let seen = item.seen();
        let aside = care.snoozes.iter().filter(|it| it.about == about);
        let aside = aside.filter(|it| it.holds(&seen, &item.step, now));
        item.aside = aside.cloned().collect();
    }
}
