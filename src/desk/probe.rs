//! A harmless question to each provider: is it there, does it take our key, what time is it there?
//! Needs no database, so that a desk can be checked before there is one.

use futures_util::future::join_all;

use super::accounts::{Account, Means};
use super::face::Refusal;
use super::health::health;
use crate::clock::Clock;
use crate::config::{Environ, Settings};
use crate::domain::breaker::Health;
use crate::providers::Finding;

/// What became of asking one account's provider.
#[derive(Clone, Debug)]
pub struct Probed {
    /// The account.
    pub account: String,
    /// Its provider, as people know it.
    pub provider: &'static str,
    /// How it went.
    pub outcome: Outcome,
}

/// How asking a provider went.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Its secrets or settings do not make a connection.
    Unusable(Refusal),
    /// It was not asked.
    NotAsked,
    /// It answered.
    Answered {
        /// In so many milliseconds.
        latency_ms: u128,
        /// Our clock minus the provider's, in milliseconds.
        skew_ms: Option<i64>,
    },
    /// It is there and turns our key away.
    TurnedAway {
        /// What it said.
        said: String,
        /// Our clock minus the provider's, in milliseconds: a clock that is off makes a good key
        /// look wrong.
        skew_ms: Option<i64>,
    },
    /// No answer, or one that it fails.
    Failed(String),
}

/// Reads each account's secrets and, unless `offline`, asks its provider, all at once.
pub async fn probe(
    settings: &Settings,
    environ: &Environ,
    clock: &Clock,
    offline: bool,
) -> Vec<Probed> {
    let means = Means {
        settings,
        environ,
        clock,
    };
    let accounts: Vec<Account> = settings
        .accounts
        .iter()
        .map(|account| Account::new(account, settings))
        .collect();
    join_all(accounts.iter().map(async |account| Probed {
        account: account.name.clone(),
        provider: account.profile.name,
        outcome: ask(account, &means, offline).await,
    }))
    .await
}

async fn ask(account: &Account, means: &Means<'_>, offline: bool) -> Outcome {
    let provider = match account.provider(means).await {
        Ok(provider) => provider,
        Err(refusal) => return Outcome::Unusable(refusal),
    };
    if offline {
        return Outcome::NotAsked;
    }
    let begun = means.clock.moment();
    let finding = provider.probe().await;
    match (finding.http_status, health(&finding)) {
        (Some(401 | 403), _) => Outcome::TurnedAway {
            skew_ms: skew(&finding, means.clock),
            said: finding.said,
        },
        (_, Health::Failed) => Outcome::Failed(finding.said),
        (_, Health::Answered) => Outcome::Answered {
            latency_ms: means.clock.elapsed_since(begun).as_millis(),
            skew_ms: skew(&finding, means.clock),
        },
    }
}

fn skew(finding: &Finding, clock: &Clock) -> Option<i64> {
    let theirs = finding.provider_time?;
    Some((clock.now() - theirs).num_milliseconds())
}
