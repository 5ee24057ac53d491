//! The To do queue: what waits for a person, judged by `domain::todo`.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::care::looked_after;
use super::face::{Actor, Refusal, ToDoItem};
use super::local::{Local, row};
use super::personal::masked_one;
use crate::domain::ageing::Age;
use crate::domain::business_time;
use crate::domain::delegation::{MayApprove, Roster};
use crate::domain::id::RefundId;
use crate::domain::refund::Refund;
use crate::domain::resolution::Absence;
use crate::domain::state::State;
use crate::domain::todo::{self, Facts, Promise, Step};
use crate::ledger::{DiscrepancyFilter, Waiting};
use crate::providers::DELIVERY_BOUND;

/// No rail's red mark comes sooner: younger pending refunds need not be looked at.
const SOONEST_RED: TimeDelta = TimeDelta::days(3);

impl Local {
    /// Everything that waits for a person, oldest first.
    pub(super) async fn to_do(&self, actor: &Actor) -> Result<Vec<ToDoItem>, Refusal> {
        let names = self.accounts.iter().map(|account| account.name.clone());
        let slow_since = self.clock.now() - SOONEST_RED;
        let waiting = self.ledger.waiting(slow_since, names.collect()).await?;
        let open = self.ledger.discrepancies(DiscrepancyFilter::default());
        let open = open.await?;
        let alerted: BTreeSet<RefundId> = open
            .iter()
            .filter(|it| it.kind.is_alert())
            .filter_map(|it| it.refund)
            .collect();
        let today = self.business_day(self.clock.now());
        let roster = self.ledger.roster(today).await?;
        let mut items: Vec<ToDoItem> = waiting
            .into_iter()
            // One thing, one entry: what came back is listed as its alert until that is seen.
            .filter(|waiting| !alerted.contains(&waiting.summary.refund.id))
            .filter_map(|waiting| {
                let mut step = self.step_of(actor, &waiting)?;
                let (may_approve, escalated) =
                    self.checkers_of(actor, &waiting.summary.refund, &roster, &mut step);
                Some(ToDoItem {
                    may_approve,
                    escalated,
                    step,
                    payment: waiting.summary.refund.content.payment,
                    since: since(&waiting),
                    refund: Some(row(waiting.summary)),
                    discrepancy: None,
                    request: None,
                    owner: None,
                    aside: Vec::new(),
                })
            })
            .collect();
        for open in open {
            let refund = match open.refund {
                Some(id) => Some(row(self.refund_of(id).await?)),
                None => None,
            };
            items.push(ToDoItem {
                may_approve: None,
                escalated: None,
                step: todo::discrepancy(&open),
                payment: open.payment,
                refund,
                since: open.opened_at,
                discrepancy: Some(masked_one(open)),
                request: None,
                owner: None,
                aside: Vec::new(),
            });
        }
        items.extend(
            self.inbox(false)
                .await?
                .into_iter()
                .map(|request| ToDoItem {
                    may_approve: None,
                    escalated: None,
                    step: todo::request(&request),
                    payment: request.payment(),
                    refund: None,
                    discrepancy: None,
                    since: request.received_at,
                    request: Some(request),
                    owner: None,
                    aside: Vec::new(),
                }),
        );
        looked_after(&mut items, &self.ledger.care().await?, self.clock.now());
        items.sort_by_key(|item| (item.step.tab, item.since));
        Ok(items)
    }

    /// Who may approve what waits for a checker, and what is said once it has waited too long; the
    /// step says both.
    pub(super) fn checkers_of(
        &self,
        actor: &Actor,
        refund: &Refund,
        roster: &Roster,
        step: &mut Step,
    ) -> (Option<MayApprove>, Option<String>) {
        if refund.state != State::AwaitingApproval {
            return (None, None);
        }
        let may = self.may_approve_of(&refund.content.maker, roster);
        let escalated = self.escalated(actor, refund.updated_at, may.as_ref());
        if let Some(may) = &may {
            step.next
                .push_str(&format!(" It may be approved by {may}."));
        }
        if let Some(escalated) = &escalated {
            step.what = format!("WAITS TOO LONG: {}", step.what);
            step.next.push_str(&format!(" It {escalated}."));
        }
        (may, escalated)
    }

    /// The step a refund waits for, as `actor` sees it.
    pub(super) fn step_of(&self, actor: &Actor, waiting: &Waiting) -> Option<Step> {
        let refund = &waiting.summary.refund;
        let promise = self.promise(&refund.account);
        todo::step(
            refund,
            &Facts {
                proposal: waiting.proposal.as_ref(),
                transfer: waiting.transfer.as_ref(),
                sent: waiting.sent,
                found_nothing: self.absence(waiting).counted,
                promise,
                overdue: refund.state == State::Pending
                    && self.is_overdue(refund, waiting.sent.map(|(_, last)| last)),
                replaced: waiting.replaced,
                viewer: &actor.name,
                now: self.clock.now(),
            },
        )
    }

    /// How far the inquiries about a refund go towards proof that it never arrived.
    pub(super) fn absence(&self, waiting: &Waiting) -> Absence {
        let bound = self
            .promise(&waiting.summary.refund.account)
            .absence_after();
        let last = waiting.sent.map(|(_, last)| last);
        Absence::of(last, bound, &waiting.found_nothing)
    }

    /// What an account's provider promises; one that left the configuration promises nothing.
    pub(super) fn promise(&self, account: &str) -> Promise {
        let profile = self.account(account).map(|account| &account.profile);
        let bound = profile.map_or(DELIVERY_BOUND, |profile| profile.delivery_bound);
        Promise {
            replay: profile.and_then(crate::providers::Profile::replay),
            delivery_bound: TimeDelta::from_std(bound).unwrap_or(TimeDelta::MAX),
            absence_is_proof: profile.is_some_and(|profile| profile.absence_is_proof),
        }
    }

    /// Whether a refund on its way is past the red mark of its rail, or cannot be asked about.
    pub(super) fn is_overdue(&self, refund: &Refund, sent: Option<DateTime<Utc>>) -> bool {
        let (Some(account), Some(sent)) = (self.account(&refund.account), sent) else {
            return true;
        };
        let today = self.business_day(self.clock.now());
        !account.profile.pollable
            || account.profile.marks.age(self.business_day(sent), today) == Age::Red
    }

    /// The date in the business time zone.
    pub(super) fn business_day(&self, at: DateTime<Utc>) -> NaiveDate {
        business_time::day(at, &self.settings.zone)
    }
}

/// Since when a refund waits. Each look at the provider changes it, and none of them makes it newer.
fn since(waiting: &Waiting) -> DateTime<Utc> {
    let refund = &waiting.summary.refund;
    match refund.state {
        State::AwaitingApproval | State::Approved => refund.created_at,
        State::Unknown | State::Pending | State::ActionRequired => {
            waiting.sent.map_or(refund.updated_at, |(first, _)| first)
        }
        _ => refund.updated_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::todo::tests::refund;
    use crate::ledger::RefundSummary;

    #[test]
    fn a_look_makes_nothing_wait_anew() {
        let mut refund = refund(State::Unknown);
        let sent = refund.created_at + TimeDelta::minutes(1);
        refund.updated_at = sent + TimeDelta::hours(5);
        let mut waiting = Waiting {
            summary: RefundSummary {
                refund,
                reference: None,
                payer: None,
                last4: None,
                exchange: 1,
            },
            proposal: None,
            transfer: None,
            sent: Some((sent, sent + TimeDelta::minutes(2))),
            found_nothing: Vec::new(),
            replaced: false,
        };
        assert_eq!(since(&waiting), sent);
        waiting.summary.refund.state = State::AwaitingApproval;
        assert_eq!(since(&waiting), waiting.summary.refund.created_at);
        waiting.summary.refund.state = State::Failed;
        assert_eq!(since(&waiting), waiting.summary.refund.updated_at);
    }
}
