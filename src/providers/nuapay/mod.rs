//! Nuapay Open Banking: bank transfers back to the payer, `providers/nuapay.md`.
//!
//! `wire` is the JSON, `auth` the key and its tokens, `client` one call, `codes` the provider's
//! table, `requests` how a refund becomes a request, `outcome` what an answer proves, `lists` the
//! windows and pages of lists, `listing` what they are read for, and `inbound` the webhooks. This
//! file is the account and what it promises.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use self::client::Client;
use self::inbound::Webhooks;
use self::wire::Refund;
use super::http::SetupError;
use super::inbound::Inbound;
use super::listing::{Listing, Span};
use super::{Asked, Finding, Inquiry, Profile, Provider, WireRequest};
use crate::clock::Clock;
use crate::config::nuapay::Nuapay as Settings;
use crate::domain::ageing::Marks;
use crate::domain::eligibility::Terms;

mod auth;
mod client;
mod codes;
mod inbound;
mod listing;
mod lists;
mod outcome;
mod requests;
mod wire;

pub use requests::Requests;

const NAME: &str = "Nuapay";
/// Bank rails are looked at for ten days after a success (domain.md, rule 4).
const WATCH: Duration = Duration::from_hours(10 * 24);
/// Around the time of our send: clocks differ, and the zone of the query's times is not stated.
const AROUND: TimeDelta = TimeDelta::days(1);

/// One Nuapay account, ready to be used.
pub struct Nuapay {
    client: Client,
    clock: Clock,
    page_size: u32,
    webhooks: Option<Webhooks>,
}

/// The secrets of an account.
pub struct Secrets {
    /// The API key.
    pub api_key: SecretString,
    /// What webhooks are signed with, where any are wanted.
    pub webhook_sign_key: Option<SecretString>,
}

impl Nuapay {
    /// The account of these settings; one call takes at most `deadline`. Blocks while the system's
    /// certificates are read.
    ///
    /// # Errors
    /// [`SetupError`] when address or credentials cannot work.
    pub fn new(
        settings: &Settings,
        secrets: &Secrets,
        clock: Clock,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        let sign_key = secrets.webhook_sign_key.as_ref();
        Ok(Self {
            client: Client::new(settings, &secrets.api_key, &clock, deadline)?,
            clock,
            page_size: settings.page_size,
            webhooks: sign_key.map(Webhooks::new).transpose()?,
        })
    }

    /// The refund of this id: both ids are needed (fact sheet 7).
    async fn poll(&self, refund_id: &str, inquiry: &Inquiry, asked: Asked) -> Finding {
        let path = [
            "payments",
            &inquiry.provider_payment_id,
            "refunds",
            refund_id,
        ];
        match self.client.get(&self.client.url(path)).await {
            Ok(response) => outcome::of_poll(&response, inquiry, asked),
            Err(no_answer) => outcome::of_failed_look(&no_answer),
        }
    }

    /// There is no search by reference: all refunds of the payment made since ours may have been
    /// are looked through (fact sheet 8).
    async fn search(&self, inquiry: &Inquiry, asked: Asked) -> Finding {
        let now = self.clock.now();
        let span = Span {
            from: inquiry.first_sent_at.unwrap_or(now).min(now) - AROUND,
            to: now + AROUND,
        };
        let list = self.refunds_of(&inquiry.provider_payment_id);
        match list.walk(&self.client, span).await {
            Ok(walked) => {
                let refunds: Vec<Refund> = walked.entries.into_iter().map(Refund::new).collect();
                match walked.last {
                    Some(last) => outcome::of_list(&refunds, &last, inquiry, asked),
                    None => outcome::of_nothing("the list has no window"),
                }
            }
            Err(finding) => *finding,
        }
    }
}

impl Provider for Nuapay {
    fn send<'a>(&'a self, request: &'a WireRequest, asked: Asked) -> BoxFuture<'a, Finding> {
        Box::pin(async move {
            match self.client.refund(request).await {
                Ok(response) => outcome::of_reply(&response, &request.correlation, asked),
                Err(no_answer) => outcome::of_failed_send(&no_answer),
            }
        })
    }

    fn inquire<'a>(&'a self, inquiry: &'a Inquiry, asked: Asked) -> BoxFuture<'a, Finding> {
        Box::pin(async move {
            match inquiry.provider_refund_id.as_deref() {
                Some(id) => self.poll(id, inquiry, asked).await,
                None => self.search(inquiry, asked).await,
            }
        })
    }

    fn probe(&self) -> BoxFuture<'_, Finding> {
        Box::pin(async move {
            let mut url = self.client.url(["payments"]);
            url.query_pairs_mut().append_pair("pagesize", "1");
            match self.client.get(&url).await {
                Ok(response) => outcome::of_probe(&response),
                Err(no_answer) => outcome::of_failed_probe(&no_answer),
            }
        })
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }

    fn inbound(&self) -> Option<&dyn Inbound> {
        let webhooks = self.webhooks.as_ref()?;
        Some(webhooks)
    }
}

/// What an account of these settings promises; needs no secret.
pub fn profile(settings: &Settings) -> Profile {
    let limits = settings.limits();
    let by_sepa = settings.currencies.iter().any(|it| it.code() == "EUR");
    Profile {
        name: NAME,
        success_means: "accepted in Nuapay's ledger",
        terms: Terms {
            can_send: true,
            window: limits.window(),
            needs_settlement: true,
            currencies: settings.currencies.clone(),
            compensation: true,
            limits,
            lists: true,
        },
        replay_window: Some(Duration::from_secs(settings.replay_seconds.into()))
            .filter(|window| !window.is_zero()),
        replay_wait: Duration::from_secs(settings.replay_wait_seconds.into()),
        replay_unasked: false,
        delivery_bound: Duration::from_mins(settings.absence_after_minutes.into()),
        absence_is_proof: settings.absence_is_proof,
        marks: match by_sepa {
            true => Marks::SEPA,
            false => Marks::FASTER_PAYMENTS,
        },
        watch: WATCH,
        polls_per_minute: settings.polls_per_minute,
        pollable: true,
    }
}

#[cfg(test)]
mod tests;
