//! Mastercard Account to Account Commerce, both sides of a refund, `providers/mastercard-a2a.md`.
//!
//! `jws` signs and verifies, `keys` reads keys and certificates, `wire` is the JSON, `client` one
//! call, `codes` the network's table, `participant` what both sides are made of, `parts` what both
//! write alike, `requests` what the merchant's side writes and `debtor` what the bank's side does,
//! `outcome` what an answer proves, `inbound` the network's calls, `probe` whether it is there. This
//! file is the two accounts and what they promise.

use std::time::Duration;

use futures_util::future::BoxFuture;

use self::debtor::Errands;
use self::inbound::Side;
use self::participant::Participant;
use super::http::{Purpose, SetupError};
use super::network::{Answer, Call, DebtorTerms, Errand, Network, Received, Response};
use super::{
    Asked, DELIVERY_BOUND, Deed, Finding, Inquiry, Profile, Provider, WireRequest, cannot,
};
use crate::clock::Clock;
use crate::config::mastercard::{Creditor, Debtor};
use crate::domain::ageing::Marks;
use crate::domain::eligibility::{Terms, Window};
use crate::domain::evidence::Evidence;
use crate::domain::limits::Limits;

mod client;
mod codes;
mod debtor;
mod inbound;
mod jws;
mod keys;
mod outcome;
mod participant;
mod parts;
mod probe;
mod requests;
mod wire;

pub use debtor::NoRefunds;
pub use participant::Keys;
pub use requests::Requests;

const NAME: &str = "Mastercard A2A";
/// Bank rails are looked at for ten days after a success (domain.md, rule 4).
const WATCH: Duration = Duration::from_hours(10 * 24);
/// Taken off how long the network remembers a request.
const REPLAY_MARGIN: Duration = Duration::from_hours(1);
/// How long after a send of unknown outcome the next may go; each waits twice as long as the last.
const REPLAY_WAIT: Duration = Duration::from_secs(30);

/// One creditor account, ready to be used.
pub struct MastercardCreditor {
    participant: Participant,
    requests: Requests,
}

impl MastercardCreditor {
    /// The account of these settings; one call takes at most `deadline`.
    ///
    /// # Errors
    /// [`SetupError`] when address, certificates or keys cannot work.
    pub fn new(
        settings: &Creditor,
        keys: &Keys,
        clock: Clock,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        let link = settings.link();
        Ok(Self {
            participant: Participant::new(Side::Creditor, &link, None, keys, clock, deadline)?,
            requests: Requests::new(settings),
        })
    }
}

impl Provider for MastercardCreditor {
    fn send<'a>(&'a self, request: &'a WireRequest, asked: Asked) -> BoxFuture<'a, Finding> {
        self.carry_out(Deed::Refund, request, asked)
    }

    fn inquire<'a>(&'a self, _: &'a Inquiry, _: Asked) -> BoxFuture<'a, Finding> {
        Box::pin(async { unasked() })
    }

    /// The network has no question about a creditor's refund (fact sheet 5.5).
    fn can_ask(&self, _: &Inquiry) -> bool {
        false
    }

    fn carry_out<'a>(
        &'a self,
        deed: Deed,
        request: &'a WireRequest,
        _: Asked,
    ) -> BoxFuture<'a, Finding> {
        Box::pin(async move {
            let read = match deed {
                Deed::Refund => outcome::of_refund,
                Deed::Confirm => outcome::of_confirmation,
                Deed::Void | Deed::Stop | Deed::Capture => {
                    return cannot(deed, Evidence::NotSent);
                }
            };
            self.participant
                .send(Purpose::MoveMoney, request, read)
                .await
        })
    }

    fn inquire_about<'a>(&'a self, _: Deed, _: &'a Inquiry, _: Asked) -> BoxFuture<'a, Finding> {
        Box::pin(async { unasked() })
    }

    fn probe(&self) -> BoxFuture<'_, Finding> {
        Box::pin(self.participant.probe())
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }
}

impl Network for MastercardCreditor {
    fn read(&self, call: &Call<'_>) -> Result<Received, Response> {
        self.participant.inbound.read(call)
    }

    fn answer(&self, received: &Received, answer: &Answer) -> Response {
        self.participant.inbound.answer(received, answer)
    }

    fn again(&self, received: &Received, status: u16, body: &[u8]) -> Response {
        self.participant.inbound.again(received, status, body)
    }

    fn run<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Finding> {
        Box::pin(self.participant.run(self.requests.errand(errand)))
    }
}

/// One debtor account, ready to be used.
pub struct MastercardDebtor {
    participant: Participant,
    errands: Errands,
    terms: DebtorTerms,
}

impl MastercardDebtor {
    /// The account of these settings; one call takes at most `deadline`.
    ///
    /// # Errors
    /// [`SetupError`] when address, certificates or keys cannot work.
    pub fn new(
        settings: &Debtor,
        keys: &Keys,
        clock: Clock,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        let (link, code) = (settings.link(), settings.refusal_code.clone());
        Ok(Self {
            participant: Participant::new(Side::Debtor, &link, code, keys, clock, deadline)?,
            errands: Errands::new(settings),
            terms: DebtorTerms {
                automatic: settings.automatic,
                hold: Duration::from_secs(settings.hold_seconds.into()),
            },
        })
    }
}

impl Provider for MastercardDebtor {
    fn send<'a>(&'a self, _: &'a WireRequest, _: Asked) -> BoxFuture<'a, Finding> {
        Box::pin(async { cannot(Deed::Refund, Evidence::NotSent) })
    }

    fn inquire<'a>(&'a self, _: &'a Inquiry, _: Asked) -> BoxFuture<'a, Finding> {
        Box::pin(async { unasked() })
    }

    fn can_ask(&self, _: &Inquiry) -> bool {
        false
    }

    fn probe(&self) -> BoxFuture<'_, Finding> {
        Box::pin(self.participant.probe())
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }
}

impl Network for MastercardDebtor {
    fn read(&self, call: &Call<'_>) -> Result<Received, Response> {
        self.participant.inbound.read(call)
    }

    fn answer(&self, received: &Received, answer: &Answer) -> Response {
        self.participant.inbound.answer(received, answer)
    }

    fn again(&self, received: &Received, status: u16, body: &[u8]) -> Response {
        self.participant.inbound.again(received, status, body)
    }

    fn debtor(&self) -> DebtorTerms {
        self.terms
    }

    fn run<'a>(&'a self, errand: &'a Errand) -> BoxFuture<'a, Finding> {
        Box::pin(self.participant.run(self.errands.build(errand)))
    }
}

fn unasked() -> Finding {
    let said = "the network cannot be asked about a refund; it tells by itself";
    Finding::new(Evidence::Doubt, said)
}

/// What a creditor account of these settings promises; needs no secret.
pub fn creditor_profile(settings: &Creditor) -> Profile {
    let remembered = Duration::from_hours(settings.replay_hours.into());
    let days = Some(settings.refund_days).filter(|days| *days > 0);
    Profile {
        name: NAME,
        success_means: "paid by bank transfer and confirmed to the network",
        terms: Terms {
            can_send: true,
            window: days.map(Window::Days),
            needs_settlement: false,
            currencies: settings.currencies.clone(),
            compensation: false,
            limits: Limits::default(),
            lists: false,
        },
        replay_window: Some(remembered.saturating_sub(REPLAY_MARGIN))
            .filter(|window| !window.is_zero()),
        replay_wait: REPLAY_WAIT,
        replay_unasked: true,
        delivery_bound: DELIVERY_BOUND,
        absence_is_proof: false,
        marks: Marks::FASTER_PAYMENTS,
        watch: WATCH,
        polls_per_minute: settings.polls_per_minute,
        pollable: false,
    }
}

/// What a debtor account promises: it makes no refunds.
pub fn debtor_profile(settings: &Debtor) -> Profile {
    Profile {
        name: NAME,
        success_means: "paid by the merchant's side, as it says",
        terms: Terms {
            can_send: false,
            window: None,
            needs_settlement: false,
            currencies: settings.currencies.clone(),
            compensation: false,
            limits: Limits::default(),
            lists: false,
        },
        replay_window: None,
        replay_wait: Duration::ZERO,
        replay_unasked: false,
        delivery_bound: DELIVERY_BOUND,
        absence_is_proof: false,
        marks: Marks::FASTER_PAYMENTS,
        watch: WATCH,
        polls_per_minute: settings.polls_per_minute,
        pollable: false,
    }
}

#[cfg(test)]
mod tests;
