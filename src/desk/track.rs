//! Tracking: everything that is due, once or for as long as the desk is open.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::{join, join4};
use futures_util::stream::{self, FuturesUnordered, StreamExt};
use tokio::sync::watch;

use super::accounts::Account;
use super::answer::spread;
use super::face::{Notice, Refusal, Worked};
use super::local::Local;
use super::send::{STEP, asked};
use super::{kinds, refusal};
use crate::clock::later;
use crate::domain::evidence::Evidence;
use crate::domain::id::RefundId;
use crate::domain::pulse::Pulse;
use crate::domain::refund::ObservationSource;
use crate::domain::state::{Event, State};
use crate::failpoint;
use crate::ledger::{Cadence, Due, LedgerError, NewLook, Queue, RefundSummary, Task};
use crate::providers::Inquiry;

/// Sends through one account that go on at the same time: a slow provider holds up no other.
const SENDS_AT_ONCE: usize = 8;
/// Looks that go on at the same time.
const LOOKS_AT_ONCE: usize = 8;
/// Sends listed at a time.
const SENDS_LISTED: u32 = 4_096;
/// Looks and closings taken up in one round.
const PER_ROUND: u32 = 256;
/// The longest the desk sleeps: another process may have queued something.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
/// Between looks at a refund that nobody can be asked about.
const UNASKED: Duration = Duration::from_hours(12);
/// No provider may ask to be left alone for longer.
const QUIET_LONGEST: Duration = Duration::from_hours(24);
/// The shortest after a round that did nothing: what is due cannot be done now.
const REST: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Sent,
    Looked,
    Closed,
    Nothing,
    Failed,
}

/// What a round did.
#[derive(Default)]
struct Tally {
    sent: u32,
    looked: u32,
    closed: u32,
    failed: u32,
}

impl Tally {
    fn count(&mut self, done: Done) {
        let counted = match done {
            Done::Sent => &mut self.sent,
            Done::Looked => &mut self.looked,
            Done::Closed => &mut self.closed,
            Done::Failed => &mut self.failed,
            Done::Nothing => return,
        };
        *counted = counted.saturating_add(1);
    }
}

/// What the desk last saw of the ledger as a whole.
#[derive(Default)]
struct Seen {
    version: Option<i64>,
    again_at: Duration,
}

impl Local {
    /// Sends what may be sent and asks about what is due, once. Sends do not wait for looks: as
    /// long as these take, what becomes ready is sent.
    pub(super) async fn work(&self, only: Option<RefundId>) -> Result<Worked, Refusal> {
        self.writable()?;
        let (over, looks_over) = watch::channel(false);
        let looks = async {
            let errands = async {
                match only {
                    None => self.run_errands().await,
                    Some(_) => Ok(()),
                }
            };
            let (tally, errands) = join(self.looks(only), errands).await;
            over.send_replace(true);
            errands.and(tally)
        };
        // All three end before an error is told: an exchange under way is never dropped.
        let (sends, closings, looks, confirmations) = join4(
            self.sends(only, looks_over),
            self.closings(only),
            looks,
            self.confirmations(only),
        )
        .await;
        let (sends, closings, looks) = (sends?, closings?, looks?);
        let confirmations = confirmations?;
        let did = sends.sent + looks.looked + closings.closed + confirmations.sent;
        let failed = sends.failed + looks.failed + closings.failed + confirmations.failed;
        if only.is_none() {
            self.tend().await?;
        }
        Ok(Worked {
            sent: sends.sent + confirmations.sent,
            looked: looks.looked,
            next_at: self.ledger.next_due(only).await?,
            rest_ms: self.rest_ms(did, failed),
            counts: self.ledger.state_counts().await?,
        })
    }

    /// What is looked after besides refunds: accounts closed by a restore, backups.
    async fn tend(&self) -> Result<(), Refusal> {
        let cadence = Cadence {
            pace: self.settings.pace,
            spread: 0,
            watch: Duration::ZERO,
            retry_after: None,
        };
        let now = self.clock.now();
        // Offline nothing is asked, so nothing new is known.
        if !self.mode.offline {
            let opened = self.ledger.settle_restore(cadence, now).await?;
            for account in opened {
                tracing::info!(account, "open for sending again");
                self.tell(Notice::Changed);
            }
        }
        self.back_up_when_due();
        self.tell_head_when_due().await;
        self.ledger.expire_requests(now).await?;
        self.erase_when_due().await?;
        self.erase_what_is_over().await?;
        Ok(())
    }

    fn rest_ms(&self, did: u32, failed: u32) -> u64 {
        let rest = match (did, failed) {
            (0, 0) => REST,
            (0, _) => LONGEST_SLEEP,
            _ => return 0,
        };
        u64::try_from(self.settings.pace.scale(rest).as_millis()).unwrap_or(u64::MAX)
    }

    /// Works until the desk is told to stop, or goes on under another configuration. A failure is logged and tried again.
    pub async fn keep_working(self: Arc<Self>) {
        let _hand = self.duty.hand();
        let mut seen = Seen::default();
        let mut retired = self.retired.subscribe();
        while !self.duty.is_over() && !*self.retired.borrow() {
            self.tell_of_others(&mut seen).await;
            let wait = match self.work(None).await {
                Ok(worked) => self.wait_after(&worked),
                Err(refusal) => {
                    tracing::error!(code = refusal.code, "{}", refusal.message);
                    LONGEST_SLEEP
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.bell.notified() => {}
                () = self.duty.over() => {}
                _ = retired.changed() => {}
            }
        }
    }

    /// Now and then says that lists are stale, when anything was written meanwhile. What this
    /// process wrote is among it; asking again for that costs little.
    async fn tell_of_others(&self, seen: &mut Seen) {
        let now = self.clock.elapsed();
        if now < seen.again_at {
            return;
        }
        seen.again_at = now + LONGEST_SLEEP;
        let Ok(version) = self.ledger.data_version().await else {
            return;
        };
        let before = seen.version.replace(version);
        if before.is_some_and(|before| before != version) {
            self.tell(Notice::Changed);
        }
    }

    fn wait_after(&self, worked: &Worked) -> Duration {
        let until_next = worked.next_at.map_or(LONGEST_SLEEP, |next| {
            (next - self.clock.now()).to_std().unwrap_or(Duration::ZERO)
        });
        let rest = Duration::from_millis(worked.rest_ms);
        until_next.min(LONGEST_SLEEP).max(rest)
    }

    /// Sends what is ready, and what becomes ready until the looks of this round are over.
    async fn sends(
        &self,
        only: Option<RefundId>,
        mut looks_over: watch::Receiver<bool>,
    ) -> Result<Tally, Refusal> {
        let mut tally = Tally::default();
        let mut slots: BTreeMap<String, usize> = BTreeMap::new();
        let mut running = FuturesUnordered::new();
        let mut failure = None;
        let mut tried = BTreeSet::new();
        let mut list = true;
        loop {
            let ready = match list {
                true => self.ready(only, &mut slots, &mut tried).await,
                false => Ok(Vec::new()),
            };
            match ready {
                Ok(ready) => running.extend(ready.into_iter().map(|due| async {
                    let (id, account) = (due.id, due.account.clone());
                    (id, account, self.attend(due).await)
                })),
                Err(refusal) => failure = failure.or(Some(refusal)),
            }
            let over = *looks_over.borrow();
            if over && running.is_empty() {
                return failure.map_or(Ok(tally), Err);
            }
            list = true;
            tokio::select! {
                Some((id, account, done)) = running.next() => {
                    slots.entry(account).and_modify(|taken| *taken -= 1);
                    tally.count(done);
                    // What was turned away may go again before slow looks are over.
                    if done == Done::Sent && !over {
                        tried.remove(&id);
                    }
                }
                _ = looks_over.wait_for(|over| *over), if !over => list = false,
                () = self.bell.notified(), if !over => {}
                // Another process may have queued something.
                () = tokio::time::sleep(self.settings.pace.scale(REST)), if !over => tried.clear(),
            }
        }
    }

    /// What may be sent now, was not tried yet and has a slot, which it takes.
    async fn ready(
        &self,
        only: Option<RefundId>,
        slots: &mut BTreeMap<String, usize>,
        tried: &mut BTreeSet<RefundId>,
    ) -> Result<Vec<Due>, Refusal> {
        if self.mode.offline || self.duty.is_over() {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let due = self.ledger.due(Queue::Sends, now, only, SENDS_LISTED);
        let mut ready = self.admitted(due.await?).await?;
        ready.retain(|due| {
            let taken = slots.entry(due.account.clone()).or_default();
            let goes = *taken < SENDS_AT_ONCE && tried.insert(due.id);
            *taken += usize::from(goes);
            goes
        });
        Ok(ready)
    }

    /// Leaves out what goes through an account whose provider does not answer: it is put off until
    /// a look was answered. Only where there is nothing to look at soon, one send is the probe.
    async fn admitted(&self, ready: Vec<Due>) -> Result<Vec<Due>, Refusal> {
        if !ready.is_empty() {
            self.heed_others().await?;
        }
        let mut admitted = Vec::with_capacity(ready.len());
        let mut put_off = Vec::new();
        let mut looks: BTreeMap<String, bool> = BTreeMap::new();
        for due in ready {
            let account = self.account(&due.account);
            let Some((account, wait)) =
                account.and_then(|account| Some((account, account.standing.wait(&self.clock)?)))
            else {
                admitted.push(due);
                continue;
            };
            if !looks.contains_key(&account.name) {
                let soon = later(self.clock.now(), wait + LONGEST_SLEEP);
                let coming = self.ledger.look_due_by(account.name.clone(), soon);
                looks.insert(account.name.clone(), coming.await?);
            }
            let alone = looks.get(&account.name) == Some(&false);
            if alone && account.standing.take_probe(due.id, &self.clock) {
                admitted.push(due);
                continue;
            }
            let jitter = self.settings.pace.scale(LONGEST_SLEEP * 3) * u32::from(spread(due.id, 0));
            put_off.push((due.id, later(self.clock.now(), wait + jitter / 1_000)));
        }
        if !put_off.is_empty() {
            self.ledger.put_off(put_off).await?;
        }
        Ok(admitted)
    }

    /// What other processes learned of a provider, or this one before it was started again.
    pub(super) async fn heed_others(&self) -> Result<BTreeMap<String, Pulse>, Refusal> {
        let now = self.clock.now();
        let pulses = self.ledger.pulses().await?;
        for (name, pulse) in &pulses {
            let wait = pulse
                .quiet_until
                .and_then(|until| (until - now).to_std().ok());
            let Some(account) = self.account(name) else {
                continue;
            };
            account.standing.heed(pulse.probe, &self.clock);
            self.tell_turned(account);
            if let Some(wait) = wait {
                // A clock that was set back must not turn minutes into days.
                account.keep_quiet(wait.min(QUIET_LONGEST), &self.clock);
            }
        }
        Ok(pulses)
    }

    /// Keeps how the account's provider stands, for people and for other processes.
    pub(super) async fn note_pulse(&self, account: &Account) {
        self.tell_turned(account);
        let Some(mut pulse) = account.standing.to_write(&self.clock) else {
            return;
        };
        let quiet = account.quiet(&self.clock);
        pulse.quiet_until = (!quiet.is_zero()).then(|| later(self.clock.now(), quiet));
        let noted = self.ledger.note_pulse(account.name.clone(), pulse).await;
        if let Err(error) = noted {
            tracing::warn!(account = account.name, %error, "not written down how the provider stands");
        }
    }

    /// Closes what waited too long, and what was being sent by whoever is gone.
    async fn closings(&self, only: Option<RefundId>) -> Result<Tally, Refusal> {
        let now = self.clock.now();
        let due = self.ledger.due(Queue::Closings, now, only, PER_ROUND);
        let mut tally = Tally::default();
        for due in due.await? {
            tally.count(self.attend(due).await);
        }
        Ok(tally)
    }

    async fn looks(&self, only: Option<RefundId>) -> Result<Tally, Refusal> {
        if self.mode.offline || self.duty.is_over() {
            return Ok(Tally::default());
        }
        let now = self.clock.now();
        let due = self.ledger.due(Queue::Looks, now, only, PER_ROUND).await?;
        let due = self.ration(due).await?;
        let looked = stream::iter(due)
            .map(|due| self.attend(due))
            .buffer_unordered(LOOKS_AT_ONCE);
        Ok(looked
            .fold(Tally::default(), async |mut tally, done| {
                tally.count(done);
                tally
            })
            .await)
    }

    /// Keeps what the accounts' budgets allow now. The rest is put off in one go, spread over the
    /// time that the budget needs for it.
    async fn ration(&self, due: Vec<Due>) -> Result<Vec<Due>, Refusal> {
        let pulses = match due.is_empty() {
            true => BTreeMap::new(),
            false => self.heed_others().await?,
        };
        let mut spent: BTreeMap<String, Option<DateTime<Utc>>> = pulses
            .into_iter()
            .map(|(name, pulse)| (name, pulse.looks_until))
            .collect();
        let mut now_due = Vec::new();
        let mut later_due: BTreeMap<String, (Duration, Vec<Due>)> = BTreeMap::new();
        let mut put_off = Vec::new();
        for due in due {
            let Some(account) = self.account(&due.account) else {
                put_off.push((due.id, self.try_again_at(due.id, due.since)));
                continue;
            };
            let spent = spent.entry(due.account.clone()).or_default();
            match account.take_poll(due.id, spent, &self.clock) {
                Ok(()) => now_due.push(due),
                Err(wait) => {
                    let (_, rest) = later_due
                        .entry(due.account.clone())
                        .or_insert((wait, Vec::new()));
                    rest.push(due);
                }
            }
        }
        let without = put_off.len();
        if without > 0 {
            tracing::warn!(refunds = without, "their accounts are not in the config");
        }
        for (name, (wait, rest)) in later_due {
            // Spread over what the budget needs for all that waits, not only for these: else the
            // same refunds are put off again and again.
            let waiting = self.ledger.looks_waiting(name.clone()).await?;
            let window = self.account(&name).map_or(Duration::ZERO, |account| {
                account.budget.window(waiting.max(rest.len()))
            });
            put_off.extend(rest.into_iter().map(|due| {
                let jitter = window * u32::from(spread(due.id, 0)) / 1_000;
                (due.id, later(self.clock.now(), wait + jitter))
            }));
        }
        if !put_off.is_empty() {
            self.ledger.put_off(put_off).await?;
        }
        Ok(now_due)
    }

    /// Tells networks what was paid, and tells them again where that was not heard.
    async fn confirmations(&self, only: Option<RefundId>) -> Result<Tally, Refusal> {
        let mut tally = Tally::default();
        if self.mode.offline || self.duty.is_over() {
            return Ok(tally);
        }
        let now = self.clock.now();
        let due = self.ledger.confirmations_due(now, only, PER_ROUND).await?;
        let mut told = stream::iter(due)
            .map(|due| async move {
                let id = due.id;
                self.confirm(&due).await.unwrap_or_else(|refusal| {
                    tracing::warn!(refund = %id, code = refusal.code, "{}", refusal.message);
                    Done::Failed
                })
            })
            .buffer_unordered(SENDS_AT_ONCE);
        while let Some(done) = told.next().await {
            tally.count(done);
        }
        Ok(tally)
    }

    async fn attend(&self, due: Due) -> Done {
        let id = due.id;
        let outcome = match due.task {
            // Nothing is taken up any more; closing is no more than writing down.
            Task::Send | Task::Look if self.duty.is_over() => Ok(Done::Nothing),
            Task::LeaseLost => self.apply(id, Event::LeaseLost).await,
            Task::Expire => self.apply(id, Event::TimeLimit).await,
            Task::Send => self
                .send(id)
                .await
                .map(|sent| sent.map_or(Done::Nothing, |_| Done::Sent)),
            Task::Look => self.look(&due).await,
        };
        if let Some(account) = self.account(&due.account) {
            account.standing.work_over(id, &self.clock);
        }
        outcome.unwrap_or_else(|refusal| {
            tracing::warn!(refund = %id, code = refusal.code, "{}", refusal.message);
            Done::Failed
        })
    }

    async fn apply(&self, id: RefundId, event: Event) -> Result<Done, Refusal> {
        let summary = self.refund_of(id).await?;
        let record = self.record_of(&summary, event, "desk");
        failpoint::reach("closing.before");
        match self.ledger.record(record).await {
            Ok(change) => {
                failpoint::reach("closing.committed");
                self.changed(change.summary);
            }
            // Another desk was quicker.
            Err(LedgerError::Refused(_)) => return Ok(Done::Nothing),
            Err(error) => return Err(error.into()),
        }
        Ok(Done::Closed)
    }

    async fn tells_by_itself(&self, id: RefundId) -> Result<bool, Refusal> {
        let refund = self.refund_of(id).await?.refund;
        Ok(refund.state != State::Unknown && refund.later.is_none())
    }

    /// Asks the provider how a refund stands.
    async fn look(&self, due: &Due) -> Result<Done, Refusal> {
        let _under_way = self.duty.exchange();
        let account = self
            .account(&due.account)
            .ok_or_else(|| refusal::not_configured(&due.account))?;
        // A network tells by itself: not asking it teaches nothing, and costs no look.
        if account.profile.replay_unasked && self.tells_by_itself(due.id).await? {
            let next = later(self.clock.now(), self.settings.pace.scale(UNASKED));
            self.ledger.put_off(vec![(due.id, next)]).await?;
            return Ok(Done::Nothing);
        }
        let provider = match account.provider(&self.means()).await {
            Ok(provider) => provider,
            Err(refusal) => {
                let later = self.try_again_at(due.id, due.since);
                self.ledger.put_off(vec![(due.id, later)]).await?;
                return Err(refusal);
            }
        };
        let look = NewLook {
            id: due.id,
            account: due.account.clone(),
            holder: self.holder.clone(),
            budget: account.budget,
            is_probe: account.standing.probes(due.id),
            spread: spread(due.id, 0),
            now: self.clock.now(),
        };
        if !self.ledger.take_look(look).await? {
            return Ok(Done::Nothing);
        }
        failpoint::reach("look.lease_committed");
        let summary = self.refund_of(due.id).await?;
        let (summary, step_missing) = match summary.refund.later.clone() {
            Some(later) => self.look_at_step(account, &summary, &later).await?,
            None => (summary, false),
        };
        let deed = kinds::deed(summary.refund.content.kind);
        let over = !summary.refund.state.is_open() && summary.refund.state != State::Succeeded;
        let asked_about = self.inquiry(&summary).await?.filter(|_| !over);
        let Some((deed, (number, inquiry))) = deed.zip(asked_about) else {
            return Ok(Done::Looked);
        };
        let begun = self.clock.moment();
        let finding = provider
            .inquire_about(deed, &inquiry, asked(&summary.refund.content))
            .await;
        if provider.can_ask(&inquiry) {
            account.learn(&provider, &finding, begun, &self.clock);
        }
        let source = match summary.refund.state {
            State::Unknown => ObservationSource::Inquiry,
            _ => ObservationSource::Poll,
        };
        let record = self.evidence_of(&summary, &finding, source, Some(number));
        failpoint::reach("look.answered");
        let change = self.ledger.record(record).await?;
        failpoint::reach("look.committed");
        self.changed(change.summary.clone());
        if let Some(later) = change
            .summary
            .refund
            .later
            .as_ref()
            .filter(|_| step_missing)
        {
            self.plan_step_look(&change.summary, later).await?;
        }
        let unasked = account.profile.replay_unasked && !provider.can_ask(&inquiry);
        let resent = (finding.evidence == Evidence::NotFound || unasked)
            && self
                .may_go_again(account, &provider, &change.summary)
                .await?;
        self.note_pulse(account).await;
        Ok(if resent { Done::Sent } else { Done::Looked })
    }

    /// Whom to ask about: the last attempt, by the provider's id once it is known.
    pub(super) async fn inquiry(
        &self,
        summary: &RefundSummary,
    ) -> Result<Option<(u32, Inquiry)>, Refusal> {
        let refund = &summary.refund;
        let evidence = self.ledger.evidence(refund.id).await?;
        let payment = self.ledger.payment(refund.content.payment).await?;
        Ok(payment
            .zip(evidence.attempts.iter().rfind(|it| it.step == STEP))
            .map(|(payment, attempt)| {
                let inquiry = Inquiry {
                    provider_payment_id: payment.provider_payment_id,
                    details: payment.details,
                    first_sent_at: attempt.sends.first().map(|send| send.at),
                    body: attempt.body.clone(),
                    correlation: attempt.correlation.clone(),
                    idempotency_key: attempt.idempotency_key.clone(),
                    provider_refund_id: refund.provider_refund_id.clone(),
                };
                (attempt.number, inquiry)
            }))
    }
}
