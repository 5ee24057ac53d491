//! When a provider's lists are asked for, and what asking costs: each exchange is taken out of what the
//! account may ask in a minute, as polls are.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::accounts::Account;
use super::answer::spread;
use super::face::Refusal;
use super::local::Local;
use super::refusal;
use crate::clock::{Moment, later};
use crate::domain::id::RefundId;
use crate::ledger::Turn;
use crate::providers::listing::{Listed, NoList, Turns};
use crate::providers::{Finding, Provider};

/// A provider that is busy is asked again so often, for each exchange.
const ASKED_AGAIN: u32 = 5;
/// How long it is left alone where it does not say, and the longest that is waited for.
const WAIT: Duration = Duration::from_secs(5);
const WAIT_LONGEST: Duration = Duration::from_mins(5);
/// For a turn is waited as long as it takes; so often is looked whether it came.
const LOOKED_FOR: Duration = Duration::from_mins(1);
/// The account may not be asked now; nothing is wrong.
pub(super) const NOT_NOW: &str = "asked_enough";

/// Whether a provider that asks to be left alone for a while, or was asked enough, is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// No: somebody waits, or a lease runs. What was begun in its turn is read to its end.
    None,
    /// Yes, and then it is asked again.
    Waits,
}

/// Questions to one account that belong together.
pub(super) struct Asking<'a> {
    desk: &'a Local,
    pub account: &'a Account,
    pub provider: &'a Arc<dyn Provider>,
    patience: Patience,
    begun: AtomicBool,
}

impl Local {
    /// Asks lists of an account.
    pub(super) const fn asking<'a>(
        &'a self,
        account: &'a Account,
        provider: &'a Arc<dyn Provider>,
        patience: Patience,
    ) -> Asking<'a> {
        Asking {
            desk: self,
            account,
            provider,
            patience,
            begun: AtomicBool::new(false),
        }
    }

    /// When a refund is tried again of which the account's lists may not be asked now. What waits
    /// together does not come back together.
    pub(super) async fn turn_of(
        &self,
        account: &Account,
        id: RefundId,
    ) -> Result<DateTime<Utc>, Refusal> {
        let now = self.clock.now();
        let pulses = self.ledger.pulses().await?;
        let spent = pulses.get(&account.name).and_then(|it| it.looks_until);
        let wait = account.budget.take(spent, now).err().unwrap_or_default();
        let wait = wait.max(account.quiet(&self.clock));
        let waiting = self.ledger.looks_waiting(account.name.clone()).await?;
        let window = account.budget.window(waiting.max(1));
        let jitter = window * u32::from(spread(id, 0)) / 1_000;
        Ok(later(now, wait + jitter))
    }

    /// Waits, unless that would take too long or the desk is told to stop.
    async fn leave_alone(&self, wait: Duration) -> Result<(), NoList> {
        if wait > WAIT_LONGEST {
            let said = format!("it asks to be left alone for {} s", wait.as_secs());
            return Err(NoList::Never(said));
        }
        self.pause(wait).await
    }

    async fn pause(&self, wait: Duration) -> Result<(), NoList> {
        if !wait.is_zero() {
            tokio::select! {
                () = self.clock.sleep(wait) => {}
                () = self.duty.over() => {}
            }
        }
        match self.duty.is_over() {
            false => Ok(()),
            true => Err(NoList::Never("the desk was told to stop".to_owned())),
        }
    }
}

impl Asking<'_> {
    /// What a provider answers to one question, which moves no money; it asks in turn by itself.
    pub(super) async fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, NoList>>,
    ) -> Result<T, Refusal> {
        let _under_way = self.desk.duty.exchange();
        let begun = self.desk.clock.moment();
        question.await.map_err(|no_list| match no_list {
            NoList::Found(finding) => {
                self.learn(&finding, begun);
                not_answered(&finding.said)
            }
            NoList::NotNow(wait) => asked_enough(wait),
            NoList::Never(said) => not_answered(&said),
        })
    }

    /// The same for a question that is one exchange.
    pub(super) async fn ask_once<T>(
        &self,
        exchange: impl Future<Output = Result<T, Box<Finding>>>,
    ) -> Result<T, Refusal> {
        self.ask(async {
            self.next().await?;
            Ok(exchange.await?)
        })
        .await
    }

    fn learn(&self, finding: &Finding, begun: Moment) {
        let clock = &self.desk.clock;
        self.account.learn(self.provider, finding, begun, clock);
    }

    async fn turn(&self) -> Result<(), NoList> {
        let quiet = self.account.quiet(&self.desk.clock);
        if self.patience == Patience::Waits {
            self.desk.leave_alone(quiet).await?;
            loop {
                match self.take(Turn::Spare).await {
                    Err(NoList::NotNow(wait)) => self.desk.pause(wait.min(LOOKED_FOR)).await?,
                    taken => return taken,
                }
            }
        }
        if !quiet.is_zero() {
            return Err(NoList::NotNow(quiet));
        }
        match self.begun.load(Ordering::Relaxed) {
            true => self.take(Turn::Owed).await,
            false => {
                self.take(Turn::Due).await?;
                self.begun.store(true, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    async fn take(&self, turn: Turn) -> Result<(), NoList> {
        let (name, now) = (self.account.name.clone(), self.desk.clock.now());
        let budget = self.account.budget;
        match self.desk.ledger.take_turn(name, budget, turn, now).await {
            Ok(None) => Ok(()),
            Ok(Some(wait)) => Err(NoList::NotNow(wait)),
            Err(error) => Err(NoList::Never(error.to_string())),
        }
    }

    /// With patience, one that is busy gets the time it asks for and is asked again, a few times.
    async fn again(&self, finding: Box<Finding>, tries: u32) -> Result<(), NoList> {
        let busy = matches!(finding.http_status, Some(429 | 503));
        if !busy || tries == ASKED_AGAIN || self.patience == Patience::None {
            return Err(NoList::Found(finding));
        }
        self.learn(&finding, self.desk.clock.moment());
        let unless_told = self.desk.settings.pace.scale(WAIT);
        let wait = finding.retry_after.unwrap_or(unless_told);
        tracing::info!(
            account = self.account.name,
            ?wait,
            "waiting: {}",
            finding.said
        );
        self.desk.leave_alone(wait).await
    }
}

impl Turns for Asking<'_> {
    fn next(&self) -> Listed<'_, ()> {
        Box::pin(self.turn())
    }

    fn failed(&self, finding: Box<Finding>, tries: u32) -> Listed<'_, ()> {
        Box::pin(self.again(finding, tries))
    }
}

fn asked_enough(wait: Duration) -> Refusal {
    let seconds = wait.as_secs().saturating_add(1);
    refusal::unavailable(
        NOT_NOW,
        "the provider was asked as often as it may be for now",
        format!("Nothing was sent. Try again in {seconds} s; what is queued goes out by itself."),
    )
}

fn not_answered(said: &str) -> Refusal {
    refusal::unavailable(
        "not_answered",
        format!("the provider's list is not to be had: {said}"),
        "What was read before stays. Try again, or compare with the provider's portal.",
    )
}
