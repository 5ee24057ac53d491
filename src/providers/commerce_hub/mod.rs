//! Commerce Hub (Fiserv): card refunds, `providers/commerce-hub.md`.
//!
//! `wire` is the JSON, `auth` the signature, `client` one signed call, `codes` the provider's
//! tables, `requests` how a refund becomes a request and `outcome` what an answer proves. This file
//! is the account and what it promises.

use std::time::Duration;

use futures_util::future::BoxFuture;

use self::client::Client;
use self::outcome::Subject;
use super::http::{Response, SetupError};
use super::{
    Asked, Deed, Finding, Inquiry, ListedRefund, ListedRefunds, Profile, Provider, SoldPayment,
    WATCH_CARDS, WireRequest,
};
use crate::clock::Clock;
use crate::config::commerce_hub::CommerceHub as Settings;
use crate::config::secret::Credentials;
use crate::domain::ageing::Marks;
use crate::domain::eligibility::{Terms, Window};
use crate::domain::evidence::Evidence;
use crate::domain::limits::Limits;

mod auth;
mod client;
mod codes;
mod outcome;
mod requests;
mod wire;

pub use requests::Requests;

const NAME: &str = "Commerce Hub";

/// A clock that differs by more is named as the likely cause of a refused signature.
const CLOCK_OFF_S: i64 = 60;

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

impl CommerceHub {
    async fn ask(&self, what: Subject, inquiry: &Inquiry, asked: Asked) -> Finding {
        let body = match self.requests.inquiry_body(inquiry) {
            Ok(body) => body,
            Err(error) => return Finding::new(Evidence::Doubt, error.to_string()),
        };
        let finding = match self.client.inquire(&body).await {
            Ok(response) => outcome::of_inquiry(what, &response, inquiry, asked.amount),
            Err(failure) => outcome::of_failed_inquiry(&failure),
        };
        self.with_clock(finding)
    }

    async fn order_refunds(
        &self,
        payment: &SoldPayment,
    ) -> Result<Vec<ListedRefund>, Box<Finding>> {
        let charge = &payment.provider_payment_id;
        let captures = payment.capture_ids.iter().map(String::as_str);
        let ours: Vec<&str> = std::iter::once(charge.as_str()).chain(captures).collect();
        let named = ours.last().copied().unwrap_or(charge);
        let about = self.look_up(self.requests.transaction_body(named)).await?;
        let order = outcome::order_of(&about, named)?;
        let all = self.look_up(self.requests.order_body(&order)).await?;
        outcome::refunds_of_order(&all, &ours, payment.currency)
    }

    async fn look_up(&self, body: serde_json::Result<Vec<u8>>) -> Result<Response, Box<Finding>> {
        let body =
            body.map_err(|error| Box::new(Finding::new(Evidence::Doubt, error.to_string())))?;
        let answer = self.client.inquire(&body).await;
        answer.map_err(|failure| Box::new(outcome::of_failed_inquiry(&failure)))
    }

    /// A 401 looks like a wrong key; where the clocks differ, they are the likelier cause (fact
    /// sheet 7.2: check clock and secret).
    fn with_clock(&self, mut finding: Finding) -> Finding {
        let theirs = finding
            .provider_time
            .filter(|_| finding.http_status == Some(401));
        let ahead = theirs.map_or(0, |theirs| self.client.seconds_ahead(theirs));
        if ahead.abs() > CLOCK_OFF_S {
            let side = if ahead < 0 { "behind" } else { "ahead of" };
            let off = ahead.abs();
            finding.said.push_str(&format!(
                "; this machine's clock is {off} s {side} the provider's: set it"
            ));
        }
        finding
    }
}

impl Provider for CommerceHub {
    fn send<'a>(&'a self, request: &'a WireRequest, asked: Asked) -> BoxFuture<'a, Finding> {
        self.carry_out(Deed::Refund, request, asked)
    }

    fn inquire<'a>(&'a self, inquiry: &'a Inquiry, asked: Asked) -> BoxFuture<'a, Finding> {
        self.inquire_about(Deed::Refund, inquiry, asked)
    }

    /// A void and a stop are both the provider's cancel (fact sheet 5), the capture of an
    /// authorised refund is its refund call once more (3.4).
    fn carry_out<'a>(
        &'a self,
        deed: Deed,
        request: &'a WireRequest,
        asked: Asked,
    ) -> BoxFuture<'a, Finding> {
        Box::pin(async move {
            let what = Subject::of(deed, &request.body);
            let finding = match self.client.refund(request).await {
                Ok(response) => {
                    outcome::of_reply(what, &response, &request.correlation, asked.amount)
                }
                Err(failure) => outcome::of_failed_send(&failure),
            };
            self.with_clock(finding)
        })
    }

    fn inquire_about<'a>(
        &'a self,
        deed: Deed,
        inquiry: &'a Inquiry,
        asked: Asked,
    ) -> BoxFuture<'a, Finding> {
        Box::pin(self.ask(Subject::of(deed, &inquiry.body), inquiry, asked))
    }

    /// There is no list of refunds; an order has all transactions of its charge, captures included
    /// (fact sheet 6.3, "Rebuild a balance").
    fn refunds_of<'a>(&'a self, payment: &'a SoldPayment) -> Option<ListedRefunds<'a>> {
        Some(Box::pin(self.order_refunds(payment)))
    }

    fn probe(&self) -> BoxFuture<'_, Finding> {
        Box::pin(async move {
            let body = match self.requests.probe_body() {
                Ok(body) => body,
                Err(error) => return Finding::new(Evidence::Doubt, error.to_string()),
            };
            let finding = match self.client.inquire(&body).await {
                Ok(response) => outcome::of_probe(&response),
                Err(failure) => outcome::of_failed_inquiry(&failure),
            };
            self.with_clock(finding)
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
            limits: Limits::default(),
            lists: false,
        },
        replay_window: Some(Duration::from_secs(settings.replay_seconds.into()))
            .filter(|window| !window.is_zero()),
        replay_wait: Duration::from_secs(settings.replay_wait_seconds.into()),
        replay_unasked: false,
        delivery_bound: Duration::from_mins(settings.absence_after_minutes.into()),
        absence_is_proof: settings.absence_is_proof,
        marks: Marks::COMMERCE_HUB,
        watch: WATCH_CARDS,
        polls_per_minute: settings.polls_per_minute,
        pollable: true,
    }
}

#[cfg(test)]
mod tests;
