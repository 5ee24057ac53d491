//! The accounts of the configuration, each with its provider ready to be used.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveTime, Utc};
use tokio::sync::Mutex as AsyncMutex;

use super::face::Refusal;
use super::health::Standing;
use super::refusal;
use crate::clock::{Clock, Moment};
use crate::config::{self, Environ, Settings};
use crate::domain::budget::Budget;
use crate::domain::id::RefundId;
use crate::domain::schedule::Pace;
use crate::providers::{
    self, ConnectError, Deed, Finding, Profile, Provider, RefundFormat, Secrets,
};

/// What `[tracking] pace` makes of the waits of an account (product.md, the sandbox).
const SANDBOX_REPLAY_WAIT: Duration = Duration::from_secs(1);
const SANDBOX_DELIVERY_BOUND: Duration = Duration::from_secs(5);

/// One account at the desk.
pub(super) struct Account {
    pub name: String,
    pub profile: Profile,
    /// How its refunds are written.
    pub format: Arc<dyn RefundFormat>,
    settings: config::Provider,
    provider: Mutex<Option<Arc<dyn Provider>>>,
    connecting: AsyncMutex<Tried>,
    /// What it may ask in a minute; what of it is spent stands in the ledger.
    pub budget: Budget,
    /// How its provider stands.
    pub standing: Standing,
    /// How many times as fast as designed the desk polls.
    factor: u32,
    /// The provider asked for no polls until then, on the clock's elapsed time.
    quiet_until: Mutex<Duration>,
}

/// The last try to connect that failed, so that whoever waited for it does not try again.
#[derive(Default)]
struct Tried(Option<(Duration, Refusal)>);

/// What connecting to a provider takes.
pub(super) struct Means<'a> {
    pub settings: &'a Settings,
    pub environ: &'a Environ,
    pub clock: &'a Clock,
}

impl Account {
    pub(super) fn new(account: &config::Account, settings: &Settings) -> Self {
        let mut profile = paced(providers::profile(&account.provider), settings.pace);
        let format = providers::format(&account.provider);
        // On the debtor's side there is nothing to refund.
        profile.terms.can_send &= format.can(Deed::Refund);
        let polls = profile
            .polls_per_minute
            .saturating_mul(settings.pace.factor());
        Self {
            name: account.name.clone(),
            format,
            settings: account.provider.clone(),
            provider: Mutex::default(),
            connecting: AsyncMutex::default(),
            budget: Budget::new(polls),
            standing: Standing::default(),
            factor: settings.pace.factor(),
            quiet_until: Mutex::default(),
            profile,
        }
    }

    /// When its provider closes the day's batch, in the business time zone, as configured.
    pub(super) const fn batch_closes(&self) -> Option<NaiveTime> {
        match &self.settings {
            config::Provider::CommerceHub(hub) => hub.batch_closes,
            _ => None,
        }
    }

    /// The provider, connected on first use: lists need no secrets, so nobody reads them before.
    /// Reading secrets may take seconds and happens off the event loop, once for all who wait. A
    /// failure is not kept, so that a mended secret is found.
    pub(super) async fn provider(&self, means: &Means<'_>) -> Result<Arc<dyn Provider>, Refusal> {
        let asked_at = means.clock.elapsed();
        if let Some(provider) = self.connected() {
            return Ok(provider);
        }
        let mut tried = self.connecting.lock().await;
        if let Some(provider) = self.connected() {
            return Ok(provider);
        }
        if let Some((_, refusal)) = tried.0.as_ref().filter(|(at, _)| *at > asked_at) {
            return Err(refusal.clone());
        }
        let connected = connect(&self.name, &self.settings, means).await;
        match &connected {
            Ok(provider) => *locked(&self.provider) = Some(Arc::clone(provider)),
            Err(refusal) => tried.0 = Some((means.clock.elapsed(), refusal.clone())),
        }
        connected
    }

    fn connected(&self) -> Option<Arc<dyn Provider>> {
        locked(&self.provider).clone()
    }

    /// The provider turned our key away: the next use reads the secrets again, which may have been
    /// rotated. Only the connection it turned away is dropped, not a newer one.
    pub(super) fn disconnect(&self, turned_away: &Arc<dyn Provider>) {
        let mut provider = locked(&self.provider);
        if provider
            .as_ref()
            .is_some_and(|it| Arc::ptr_eq(it, turned_away))
        {
            *provider = None;
        }
    }

    /// Takes note of what an exchange said about the account itself.
    pub(super) fn learn(
        &self,
        provider: &Arc<dyn Provider>,
        finding: &Finding,
        begun: Moment,
        clock: &Clock,
    ) {
        self.standing
            .learn(&self.name, finding, begun, clock, self.factor);
        match finding.http_status {
            Some(401 | 403) => self.disconnect(provider),
            Some(429 | 503) => {
                let asked = finding.retry_after.map(|wait| clock.elapsed() + wait);
                let mut until = locked(&self.quiet_until);
                *until = asked.map_or(*until, |asked| asked.max(*until));
                self.standing.is_news();
            }
            _ => {}
        }
    }

    /// Takes one poll, about this refund, out of what is left of the budget, or says how long to
    /// wait for it. While the provider does not answer, one poll at a time goes through. It counts
    /// only once the ledger has it.
    pub(super) fn take_poll(
        &self,
        id: RefundId,
        spent: &mut Option<DateTime<Utc>>,
        clock: &Clock,
    ) -> Result<(), Duration> {
        let quiet = self.quiet(clock);
        if !quiet.is_zero() {
            return Err(quiet);
        }
        match self.standing.wait(clock) {
            None => self
                .budget
                .take(*spent, clock.now())
                .map(|then| *spent = Some(then)),
            Some(_) if self.standing.take_probe(id, clock) => Ok(()),
            Some(wait) => Err(wait),
        }
    }

    /// How long its provider asked to be left alone.
    pub(super) fn quiet(&self, clock: &Clock) -> Duration {
        locked(&self.quiet_until).saturating_sub(clock.elapsed())
    }

    /// Another process was asked to leave it alone for so long.
    pub(super) fn keep_quiet(&self, wait: Duration, clock: &Clock) {
        let mut until = locked(&self.quiet_until);
        *until = (clock.elapsed() + wait).max(*until);
    }

    #[cfg(test)]
    pub(super) fn connect_to(&self, provider: Arc<dyn Provider>) {
        *locked(&self.provider) = Some(provider);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// In the sandbox waits are short, whatever the pace; windows are the provider's and stay.
fn paced(profile: Profile, pace: Pace) -> Profile {
    match pace {
        Pace::REAL => profile,
        _ => Profile {
            replay_wait: SANDBOX_REPLAY_WAIT,
            delivery_bound: SANDBOX_DELIVERY_BOUND,
            ..profile
        },
    }
}

async fn connect(
    name: &str,
    provider: &config::Provider,
    means: &Means<'_>,
) -> Result<Arc<dyn Provider>, Refusal> {
    let (name, provider) = (name.to_owned(), provider.clone());
    let folder = means.settings.file.parent().map(Path::to_owned);
    let (environ, clock) = (means.environ.clone(), means.clock.clone());
    let deadline = means.settings.deadline;
    // Secrets and certificates are read by blocking calls.
    tokio::task::spawn_blocking(move || {
        let secrets = Secrets {
            account: &name,
            folder: &folder.unwrap_or_default(),
            environ: &environ,
        };
        providers::connect(&provider, &secrets, &clock, deadline).map_err(unconnected)
    })
    .await
    .unwrap_or_else(|error| Err(unusable(error.to_string())))
}

fn unconnected(error: ConnectError) -> Refusal {
    match error {
        ConnectError::Secret { .. } => refusal::unavailable(
            "secret",
            error.to_string(),
            "Mend the secret; what is queued goes out afterwards.",
        ),
        ConnectError::Setup { .. } => unusable(error.to_string()),
    }
}

fn unusable(why: String) -> Refusal {
    refusal::unavailable("account_setup", why, "Mend the account in the config.")
}
