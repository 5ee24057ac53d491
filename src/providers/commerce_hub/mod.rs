//! Commerce Hub (Fiserv): card refunds, `providers/commerce-hub.md`.
//!
//! `wire` is the JSON, `auth` the signature, `client` one signed call, `codes` the provider's
//! tables, `requests` how a refund becomes a request and `outcome` what an answer proves. This file
//! is the account and what it promises.

use std::time::Duration;

use futures_util::future::BoxFuture;

use self::client::Client;
use super::http::SetupError;
use super::{Asked, Finding, Inquiry, Profile, Provider, WireRequest};
use crate::clock::Clock;
use crate::config::commerce_hub::CommerceHub as Settings;
use crate::config::secret::Credentials;
use crate::domain::ageing::Marks;
use crate::domain::eligibility::{Terms, Window};
use crate::domain::evidence::Evidence;

mod auth;
mod client;
mod codes;
mod outcome;
mod requests;
mod wire;

pub use requests::Requests;

const NAME: &str = "Commerce Hub";
/// Card refunds are looked at for 40 days after they were submitted (domain.md, rule 4).
const WATCH: Duration = Duration::from_hours(40 * 24);

/// One Commerce Hub account, ready to be used.
pub struct CommerceHub {
    requests: Requests,
    client: Client,
}

impl CommerceHub {
    /// The account of these settings; one call takes at most `deadline`. Blocks while the system's
    /// certificates are read.
    ///
    /// # Errors
    /// [`SetupError`] when address or credentials cannot work.
    pub fn new(
        settings: &Settings,
        credentials: Credentials,
        clock: Clock,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        let encoding = settings.hmac_encoding;
        Ok(Self {
            requests: Requests::new(settings),
            client: Client::new(&settings.base_url, credentials, encoding, clock, deadline)?,
        })
    }
}

impl Provider for CommerceHub {
    fn send<'a>(&'a self, request: &'a WireRequest, asked: Asked) -> BoxFuture<'a, Finding> {
        Box::pin(async move {
            match self.client.refund(request).await {
                Ok(response) => outcome::of_reply(&response, &request.correlation, asked.amount),
                Err(failure) => outcome::of_failed_send(&failure),
            }
        })
    }

    fn inquire<'a>(&'a self, inquiry: &'a Inquiry, asked: Asked) -> BoxFuture<'a, Finding> {
        Box::pin(async move {
            let body = match self.requests.inquiry_body(inquiry) {
                Ok(body) => body,
                Err(error) => return Finding::new(Evidence::Doubt, error.to_string()),
            };
            match self.client.inquire(&body).await {
                Ok(response) => outcome::of_inquiry(&response, inquiry, asked.amount),
                Err(failure) => outcome::of_failed_inquiry(&failure),
            }
        })
    }

    fn probe(&self) -> BoxFuture<'_, Finding> {
        Box::pin(async move {
            let body = match self.requests.probe_body() {
                Ok(body) => body,
                Err(error) => return Finding::new(Evidence::Doubt, error.to_string()),
            };
            match self.client.inquire(&body).await {
                Ok(response) => outcome::of_probe(&response),
                Err(failure) => outcome::of_failed_inquiry(&failure),
            }
        })
    }
}

/// What an account of these settings promises; needs no secret.
pub fn profile(settings: &Settings) -> Profile {
    Profile {
        name: NAME,
        success_means: "submitted for settlement",
        terms: Terms {
            can_send: true,
            window: Some(Window::Months(settings.refund_months)),
            needs_settlement: true,
            currencies: settings.currencies.clone(),
            compensation: false,
        },
        replay_window: Some(Duration::from_secs(settings.replay_seconds.into()))
            .filter(|window| !window.is_zero()),
        replay_wait: Duration::from_secs(settings.replay_wait_seconds.into()),
        absence_after: settings
            .absence_is_proof
            .then(|| Duration::from_mins(settings.absence_after_minutes.into())),
        marks: Marks::COMMERCE_HUB,
        watch: WATCH,
        polls_per_minute: settings.polls_per_minute,
    }
}

#[cfg(test)]
mod tests;
