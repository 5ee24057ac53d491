//! What waits for a person, by tab.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::care::{About, Snooze};
use crate::domain::delegation::MayApprove;
use crate::domain::discrepancy::Discrepancy;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::inbound_request::InboundRequest;
use crate::domain::money::Money;
use crate::domain::query::Told;
use crate::domain::todo::{Clocked, Step, Tab};

use super::narrow::Narrow;
use super::payments::scrolled;
use super::refunds::Row;

/// From this long before on, a time is counted down by the second; before, it is shown as a time.
const COUNTED_FROM: TimeDelta = TimeDelta::hours(1);

/// The tabs, in their order.
pub const TABS: [Tab; 4] = [Tab::Mine, Tab::Approvals, Tab::Problems, Tab::Requests];

/// One thing that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What is wrong, what to do, by when, and who may.
    pub step: Step,
    /// The payment.
    pub payment: PaymentId,
    /// The refund; none for a discrepancy of the payment itself.
    pub refund: Option<Row>,
    /// The discrepancy, when it is one.
    pub discrepancy: Option<Discrepancy>,
    /// The request of a network, when it is one.
    pub request: Option<InboundRequest>,
    /// Since when it has waited.
    pub since: DateTime<Utc>,
    /// Who looks after it, where somebody said so.
    pub owner: Option<String>,
    /// Who may approve it, where it waits for a checker and roles say who is one.
    pub may_approve: Option<MayApprove>,
    /// Whoever sits here looks after it.
    pub is_own: bool,
    /// Whoever sits here has put it aside.
    pub aside: Option<Snooze>,
}

/// What an item is about: the cursor holds on to it while others come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A refund.
    Refund(RefundId),
    /// A discrepancy.
    Discrepancy(i64),
    /// A network's request.
    Request(i64),
    /// A payment.
    Payment(PaymentId),
}

impl Item {
    /// What it is about.
    pub fn subject(&self) -> Subject {
        if let Some(request) = &self.request {
            return Subject::Request(request.id);
        }
        match (&self.discrepancy, &self.refund) {
            (Some(discrepancy), _) => Subject::Discrepancy(discrepancy.id),
            (None, Some(row)) => Subject::Refund(row.refund.id),
            (None, None) => Subject::Payment(self.payment),
        }
    }

    /// The same as the desk names it; none for what is only a payment.
    pub fn about(&self) -> Option<About> {
        Some(match self.subject() {
            Subject::Refund(id) => About::Refund(id),
            Subject::Discrepancy(id) => About::Discrepancy(id),
            Subject::Request(id) => About::Request(id),
            Subject::Payment(_) => return None,
        })
    }

    /// On a tab stands what belongs there; on one's own, too, whatever one looks after.
    fn is_on(&self, tab: Tab) -> bool {
        self.step.tab == tab || tab == Tab::Mine && self.is_own
    }

    /// What of it can be looked for.
    fn told(&self) -> Told {
        let mut told = self.refund.as_ref().map(Row::told).unwrap_or_default();
        told.amount = self.amount();
        let texts = &mut told.texts;
        texts.push(self.step.what.clone());
        texts.extend(self.reference().map(str::to_owned));
        texts.extend(self.owner().map(str::to_owned));
        texts.extend(self.amount().map(|amount| amount.to_string()));
        if let Some(discrepancy) = &self.discrepancy {
            texts.extend([discrepancy.account.clone(), discrepancy.said()]);
            told.account = Some(discrepancy.account.clone());
        }
        if let Some(request) = &self.request {
            texts.push(request.account.clone());
            texts.extend(request.refund.clone());
            told.account = Some(request.account.clone());
        }
        told
    }

    /// The payment's reference.
    pub fn reference(&self) -> Option<&str> {
        let refund = self
            .refund
            .as_ref()
            .and_then(|row| row.reference.as_deref());
        let discrepancy = || self.discrepancy.as_ref()?.reference.as_deref();
        let request = || Some(self.request.as_ref()?.provider_payment_id.as_str());
        refund.or_else(discrepancy).or_else(request)
    }

    /// What it is about, where that is one amount.
    pub fn amount(&self) -> Option<Money> {
        let request = self.request.as_ref().map(|request| request.amount);
        request.or(self.refund.as_ref().map(|row| row.refund.content.amount))
    }

    /// Who looks after it.
    pub fn owner(&self) -> Option<&str> {
        let made = || match (&self.discrepancy, &self.refund) {
            (None, Some(row)) => Some(row.refund.content.maker.as_str()),
            _ => None,
        };
        self.owner.as_deref().or_else(made)
    }
}

/// The time that matters for a step.
pub const fn time_of(clocked: Clocked) -> DateTime<Utc> {
    match clocked {
        Clocked::Resend(at) | Clocked::AbsenceFrom(at) | Clocked::Expires(at) => at,
    }
}

/// What is left until then, once it is counted down.
pub fn counted_down(clocked: Clocked, now: DateTime<Utc>) -> Option<TimeDelta> {
    let left = time_of(clocked) - now;
    (left > TimeDelta::zero() && left < COUNTED_FROM).then_some(left)
}

/// The queue.
#[derive(Clone, Debug, Default)]
pub struct ToDo {
    /// Which tab; none yet: the first that has something.
    pub tab: Option<Tab>,
    /// Everything, by tab and oldest first.
    pub items: Vec<Item>,
    /// It has been answered.
    pub loaded: bool,
    /// Why it could not be read.
    pub failed: Option<String>,
    /// The cursor.
    pub selected: Option<Subject>,
    /// Where the screen begins.
    pub top: usize,
    /// When it was last asked for: a time that passed since makes it old.
    pub asked_at: DateTime<Utc>,
    /// What is being looked at before it is approved.
    pub reviewing: Option<RefundId>,
    /// What was put aside is shown, too.
    pub with_aside: bool,
    /// What narrows the tab down.
    pub narrow: Narrow,
}

impl ToDo {
    /// The tab shown.
    pub fn tab(&self) -> Tab {
        // What a network waits for has seconds, not days.
        let by_haste = || [Tab::Requests].into_iter().chain(TABS);
        let first = || by_haste().find(|tab| self.count(*tab) > 0);
        self.tab.or_else(first).unwrap_or(Tab::Mine)
    }

    /// What is on the tab.
    pub fn listed(&self) -> impl Iterator<Item = &Item> {
        let tab = self.tab();
        let all = self.with_aside;
        let items = self.items.iter();
        let here = items.filter(move |item| item.is_on(tab) && (all || item.aside.is_none()));
        here.filter(|item| self.narrow.shows(|| item.told()))
    }

    /// How many are on a tab.
    pub fn count(&self, tab: Tab) -> usize {
        self.items
            .iter()
            .filter(|item| item.is_on(tab) && item.aside.is_none())
            .count()
    }

    /// How many whoever sits here has put aside.
    pub fn aside(&self) -> usize {
        self.items
            .iter()
            .filter(|item| item.aside.is_some())
            .count()
    }

    /// The cursor's place.
    pub fn cursor(&self) -> Option<usize> {
        let selected = self.selected?;
        self.listed().position(|item| item.subject() == selected)
    }

    /// The selected item.
    pub fn item(&self) -> Option<&Item> {
        self.listed().nth(self.cursor()?)
    }

    /// The step a refund waits for.
    pub fn step(&self, refund: RefundId) -> Option<&Step> {
        let about = |item: &&Item| item.subject() == Subject::Refund(refund);
        self.items.iter().find(about).map(|item| &item.step)
    }

    /// Who may approve a refund, as far as the queue and roles tell.
    pub fn may_approve(&self, refund: RefundId) -> Option<&MayApprove> {
        let about = |item: &&Item| item.subject() == Subject::Refund(refund);
        self.items.iter().find(about)?.may_approve.as_ref()
    }

    /// Moves the cursor by items.
    pub fn move_by(&mut self, items: isize, height: usize) {
        let to = self.cursor().unwrap_or(0).saturating_add_signed(items);
        let last = self.listed().count().saturating_sub(1);
        self.select_at(to.min(last), height);
    }

    /// Puts the cursor on an item.
    pub fn select_at(&mut self, at: usize, height: usize) {
        let subject = self.listed().nth(at).map(Item::subject);
        self.selected = subject;
        self.top = scrolled(self.top, at, height);
    }

    /// Keeps the cursor on its item after they changed; where it went, on what took its place.
    pub fn settle(&mut self, was_at: usize, height: usize) {
        let last = self.listed().count().saturating_sub(1);
        let at = self.cursor().unwrap_or(was_at.min(last));
        self.select_at(at, height);
    }

    /// Opens the tab `steps` further on, round and round.
    pub fn step_tab(&mut self, steps: usize, height: usize) {
        let tab = self.tab();
        let at = TABS.iter().position(|known| *known == tab).unwrap_or(0);
        self.tab = Some(TABS[(at + steps) % TABS.len()]);
        self.top = 0;
        self.select_at(0, height);
    }

    /// True when a time has passed since it was asked for: the step may be another one now.
    pub fn is_old(&self, now: DateTime<Utc>) -> bool {
        let clocked = self.items.iter().filter_map(|item| item.step.clocked);
        let back = self
            .items
            .iter()
            .filter_map(|item| Some(item.aside.as_ref()?.until));
        let mut times = clocked.map(time_of).chain(back);
        times.any(|at| self.asked_at < at && at <= now)
    }

    /// When what is listed on the screen changes by itself.
    pub fn next_change(&self, now: DateTime<Utc>, height: usize) -> Option<Duration> {
        let shown = self.listed().skip(self.top).take(height);
        let selected = self.item().into_iter();
        let times = shown.chain(selected).filter_map(|item| item.step.clocked);
        let left = times.map(|clocked| time_of(clocked) - now);
        let changes = left.filter(|left| *left > TimeDelta::zero()).map(|left| {
            if left >= COUNTED_FROM {
                return left - COUNTED_FROM + TimeDelta::milliseconds(1);
            }
            // Seconds are shown rounded up: the figure changes when a whole one is left.
            TimeDelta::milliseconds((left.num_milliseconds() - 1).rem_euclid(1000) + 1)
        });
        // What was put aside comes back by itself.
        let back = self
            .items
            .iter()
            .filter_map(|item| Some(item.aside.as_ref()?.until));
        let back = back
            .map(|at| at - now)
            .filter(|left| *left > TimeDelta::zero());
        changes.chain(back).min()?.to_std().ok()
    }
}
