//! Hyperswitch Prism: one gRPC service in front of many connectors, `providers/prism.md`.
//!
//! `wire` is the messages, `auth` who we are to the connector, `client` one call, `token` the OAuth
//! token some connectors want, `currencies` their amounts, `requests` how a refund becomes a request
//! and `outcome` what an answer proves. This file is the account and what it promises: Prism has no
//! memory, so a refund is sent once, and one that may have been made is never sent again.

use std::time::Duration;

use futures_util::future::BoxFuture;
use prost::Message;

use self::auth::Identity;
use self::client::{Answer, Client};
use self::token::Tokens;
use self::wire::{HEALTH, HealthResponse, PAYMENT_GET, REFUND_GET, RefundRequest, State};
use super::http::{Failure, SetupError};
use super::preparing::Preparing;
use super::{Asked, Finding, Inquiry, Profile, Provider, WATCH_CARDS, WireRequest};
use crate::clock::Clock;
use crate::config::prism::Prism as Settings;
use crate::domain::ageing::Marks;
use crate::domain::eligibility::{Terms, Window};
use crate::domain::evidence::Evidence;
use crate::domain::limits::Limits;

mod auth;
mod client;
mod codec;
mod currencies;
mod outcome;
mod requests;
mod token;
mod wire;

pub use auth::Credentials;
pub use requests::Requests;

const NAME: &str = "Prism";
/// `SERVING` of the health service.
const SERVING: i32 = 1;

/// One Prism account, ready to be used.
pub struct Prism {
    requests: Requests,
    client: Client,
    tokens: Option<Tokens>,
    check_payment: bool,
    clock: Clock,
}

impl Prism {
    /// The account of these settings. Blocks while the system's certificates are read.
    ///
    /// # Errors
    /// [`SetupError`] when address or credentials cannot work.
    pub fn new(
        settings: &Settings,
        credentials: &Credentials,
        clock: Clock,
    ) -> Result<Self, SetupError> {
        let requests = Requests::new(settings);
        let identity = Identity::new(settings, credentials)?;
        let deadline = Duration::from_secs(settings.deadline_seconds.into());
        Ok(Self {
            client: Client::new(&settings.base_url, identity, deadline)?,
            tokens: requests
                .token()
                .map(|request| Tokens::new(request, clock.clone())),
            check_payment: settings.check_payment,
            requests,
            clock,
        })
    }

    async fn state(&self) -> Result<Option<State>, Box<Finding>> {
        match &self.tokens {
            Some(tokens) => tokens.state(&self.client).await.map(Some),
            None => Ok(None),
        }
    }

    /// A token that the connector did not take is not used again; nothing is repeated for that.
    fn note(&self, state: Option<&State>, answered: &Result<Answer, Failure>) {
        let Ok(Answer {
            said: Err(refusal), ..
        }) = answered
        else {
            return;
        };
        if let Some((tokens, state)) = self.tokens.as_ref().zip(state)
            && outcome::is_turned_away(refusal)
        {
            tokens.forget(state);
        }
    }

    /// The connector's word that the payment cannot be refunded; none: it may be tried.
    async fn hindrance(&self, request: &WireRequest, state: Option<&State>) -> Option<Finding> {
        if !self.check_payment {
            return None;
        }
        let refund = RefundRequest::decode(&request.body[..]).ok()?;
        let mut look = self.requests.payment_look(&refund);
        look.state = state.cloned();
        let reference = Some(request.correlation.as_str());
        let answered = self.client.look(PAYMENT_GET, &look, reference).await;
        self.note(state, &answered);
        outcome::not_refundable(&answered.ok()?, &refund)
    }

    async fn send_once(&self, request: &WireRequest, asked: Asked) -> Finding {
        let preparing = Preparing::begin(&self.clock);
        let state = match self.state().await {
            Ok(state) => state,
            Err(finding) => return *finding,
        };
        if let Some(hindrance) = self.hindrance(request, state.as_ref()).await {
            return hindrance;
        }
        let answered = self.client.refund(request, state.clone(), &preparing).await;
        self.note(state.as_ref(), &answered);
        match answered {
            Ok(answer) => outcome::of_refund(&answer, self.requests.amounts(), asked.amount),
            Err(failure) => outcome::of_failure(&failure),
        }
    }

    async fn ask(&self, inquiry: &Inquiry, asked: Asked) -> Finding {
        let mut look = match self.question(inquiry) {
            Ok(look) => look,
            Err(why) => return Finding::new(Evidence::Doubt, why),
        };
        look.state = match self.state().await {
            Ok(state) => state,
            Err(finding) => {
                return Finding {
                    evidence: Evidence::Doubt,
                    ..*finding
                };
            }
        };
        let reference = Some(inquiry.correlation.as_str());
        let answered = self.client.look(REFUND_GET, &look, reference).await;
        self.note(look.state.as_ref(), &answered);
        match answered {
            Ok(answer) => {
                let amounts = self.requests.amounts();
                outcome::of_look(&answer, &look.connector_refund_id, amounts, asked.amount)
            }
            Err(failure) => outcome::of_failed_look(&failure),
        }
    }

    fn question(&self, inquiry: &Inquiry) -> Result<wire::RefundGetRequest, &'static str> {
        if !self.requests.can_poll() {
            return Err(
                "not asked: this connector cannot tell how a refund stands; \
                        look at its own dashboard",
            );
        }
        let look = self.requests.look(inquiry);
        look.ok_or(
            "not asked: the connector's id of the refund is not known, and Prism finds none by our \
             reference; look at the connector's own dashboard",
        )
    }

    async fn greet(&self) -> Finding {
        let answer = match self.client.look(HEALTH, &(), None).await {
            Ok(answer) => answer,
            Err(failure) => return outcome::of_failed_look(&failure),
        };
        let health = answer
            .said
            .as_ref()
            .map(|bytes| HealthResponse::decode(&bytes[..]));
        if !matches!(health, Ok(Ok(HealthResponse { status: SERVING }))) {
            return Finding::new(Evidence::Doubt, "Prism says it is not serving");
        }
        match self.state().await {
            Err(finding) => *finding,
            Ok(None) if self.requests.can_poll() => self.try_keys(&answer).await,
            Ok(_) => outcome::of_probe(&answer),
        }
    }

    /// Whether service and connector take our keys, by a look at a refund that does not exist.
    async fn try_keys(&self, health: &Answer) -> Finding {
        let look = self.requests.nobodys_look();
        match self.client.look(REFUND_GET, &look, None).await {
            Ok(answer) => outcome::of_probe(&answer),
            Err(_) => outcome::of_probe(health),
        }
    }
}

impl Provider for Prism {
    fn send<'a>(&'a self, request: &'a WireRequest, asked: Asked) -> BoxFuture<'a, Finding> {
        Box::pin(self.send_once(request, asked))
    }

    fn inquire<'a>(&'a self, inquiry: &'a Inquiry, asked: Asked) -> BoxFuture<'a, Finding> {
        Box::pin(self.ask(inquiry, asked))
    }

    fn can_ask(&self, inquiry: &Inquiry) -> bool {
        self.question(inquiry).is_ok()
    }

    fn probe(&self) -> BoxFuture<'_, Finding> {
        Box::pin(self.greet())
    }
}

/// What an account of these settings promises; needs no secret. Nothing goes again and nothing is
/// proven absent: Prism keeps no refunds and finds none by our reference (fact sheet 7).
pub fn profile(settings: &Settings) -> Profile {
    let days = Some(settings.refund_days).filter(|days| *days > 0);
    Profile {
        name: NAME,
        success_means: "accepted by the connector",
        terms: Terms {
            can_send: true,
            window: days.map(Window::Days),
            needs_settlement: false,
            currencies: settings.currencies.clone(),
            compensation: false,
            limits: Limits::default(),
            lists: false,
        },
        replay_window: None,
        replay_wait: Duration::ZERO,
        replay_unasked: false,
        delivery_bound: crate::providers::DELIVERY_BOUND,
        absence_is_proof: false,
        marks: Marks::CARDS,
        watch: WATCH_CARDS,
        polls_per_minute: settings.polls_per_minute,
        pollable: requests::can_poll(&settings.connector),
    }
}

#[cfg(test)]
mod tests;
