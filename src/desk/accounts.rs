//! The accounts of the configuration, each with its provider ready to be used.

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use governor::clock::{Clock as _, ReasonablyRealtime};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::face::Refusal;
use super::refusal;
use crate::clock::Clock;
use crate::config::secret::{Credentials, SecretSource};
use crate::config::{self, Environ, Settings};
use crate::domain::ageing::Marks;
use crate::domain::eligibility::{Terms, WhyNot};
use crate::domain::schedule::Pace;
use crate::providers::commerce_hub::{self, CommerceHub};
use crate::providers::{Profile, Provider};

/// What `[tracking] pace` makes of the waits of an account (product.md, the sandbox).
const SANDBOX_REPLAY_WAIT: Duration = Duration::from_secs(1);
const SANDBOX_ABSENCE_AFTER: Duration = Duration::from_secs(5);

/// One account at the desk.
pub(super) struct Account {
    pub name: String,
    pub profile: Profile,
    settings: config::Provider,
    provider: OnceLock<Arc<dyn Provider>>,
    budget: Budget,
}

/// What connecting to a provider takes.
pub(super) struct Means<'a> {
    pub settings: &'a Settings,
    pub environ: &'a Environ,
    pub clock: &'a Clock,
}

impl Account {
    pub(super) fn new(account: &config::Account, settings: &Settings, clock: &Clock) -> Self {
        let profile = paced(profile(&account.provider), settings.pace);
        let polls = profile
            .polls_per_minute
            .saturating_mul(settings.pace.factor());
        Self {
            name: account.name.clone(),
            settings: account.provider.clone(),
            provider: OnceLock::new(),
            budget: Budget::new(polls, clock.clone()),
            profile,
        }
    }

    /// The provider, connected on first use: lists need no secrets, so nobody reads them before. A
    /// failure is not kept, so that a mended secret is found.
    pub(super) fn provider(&self, means: &Means<'_>) -> Result<Arc<dyn Provider>, Refusal> {
        if let Some(provider) = self.provider.get() {
            return Ok(Arc::clone(provider));
        }
        let provider = connect(&self.name, &self.settings, means)?;
        Ok(Arc::clone(self.provider.get_or_init(|| provider)))
    }

    /// Takes one poll out of the budget, or says how long to wait for it.
    pub(super) fn take_poll(&self) -> Result<(), Duration> {
        self.budget.take()
    }
}

/// In the sandbox waits are short, whatever the pace; windows are the provider's and stay.
fn paced(profile: Profile, pace: Pace) -> Profile {
    match pace {
        Pace::REAL => profile,
        _ => Profile {
            replay_wait: SANDBOX_REPLAY_WAIT,
            absence_after: profile.absence_after.map(|_| SANDBOX_ABSENCE_AFTER),
            ..profile
        },
    }
}

fn profile(provider: &config::Provider) -> Profile {
    match provider {
        config::Provider::CommerceHub(settings) => commerce_hub::profile(settings),
        config::Provider::Prism(settings) => Profile {
            name: "Prism",
            success_means: "accepted by the connector",
            terms: Terms {
                can_send: false,
                window: None,
                needs_settlement: false,
                currencies: settings.currencies.clone(),
                compensation: false,
            },
            replay_window: None,
            replay_wait: Duration::ZERO,
            absence_after: None,
            marks: Marks::CARDS,
            watch: Duration::ZERO,
            polls_per_minute: 1,
        },
    }
}

fn connect(
    name: &str,
    provider: &config::Provider,
    means: &Means<'_>,
) -> Result<Arc<dyn Provider>, Refusal> {
    match provider {
        config::Provider::CommerceHub(hub) => {
            let credentials = Credentials {
                api_key: secret(name, "api_key", &hub.api_key, means)?,
                api_secret: secret(name, "api_secret", &hub.api_secret, means)?,
            };
            let deadline = means.settings.deadline;
            let hub = CommerceHub::new(hub, credentials, means.clock.clone(), deadline).map_err(
                |error| {
                    let message = format!("account {name} cannot be used: {error}");
                    refusal::unavailable(
                        "account_setup",
                        message,
                        "Mend the account in the config.",
                    )
                },
            )?;
            Ok(Arc::new(hub))
        }
        config::Provider::Prism(_) => Err(WhyNot::NoProvider.into()),
    }
}

fn secret(
    account: &str,
    key: &str,
    source: &SecretSource,
    means: &Means<'_>,
) -> Result<secrecy::SecretString, Refusal> {
    let folder = means.settings.file.parent().unwrap_or_else(|| "".as_ref());
    source.read(folder, means.environ).map_err(|error| {
        refusal::unavailable(
            "secret",
            format!("accounts.{account}.{key} ({source}): {error}"),
            "Mend the secret; what is queued goes out afterwards.",
        )
    })
}

/// How many polls an account may spend, on the desk's own clock.
struct Budget(RateLimiter<NotKeyed, InMemoryState, DeskClock, NoOpMiddleware<Nanos>>);

#[derive(Clone)]
struct DeskClock(Clock);

impl governor::clock::Clock for DeskClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

impl ReasonablyRealtime for DeskClock {}

impl Budget {
    fn new(polls_per_minute: u32, clock: Clock) -> Self {
        let polls = NonZeroU32::new(polls_per_minute).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(polls_per_minute / 6).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(polls).allow_burst(burst);
        Self(RateLimiter::direct_with_clock(quota, DeskClock(clock)))
    }

    fn take(&self) -> Result<(), Duration> {
        self.0
            .check()
            .map_err(|not_until| not_until.wait_time_from(self.0.clock().now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_budget_says_how_long_to_wait() {
        let clock = Clock::manual("2026-11-21T10:00:00Z".parse().unwrap());
        let budget = Budget::new(60, clock.clone());
        let taken = (0..60).filter(|_| budget.take().is_ok()).count();
        assert_eq!(taken, 10);
        let wait = budget.take().unwrap_err();
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
        clock.advance(wait);
        assert!(budget.take().is_ok());
    }
}
