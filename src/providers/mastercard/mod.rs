//! Mastercard Account to Account Commerce, both sides of a refund, `providers/mastercard-a2a.md`.
//!
//! `jws` signs and verifies, `keys` reads keys and certificates, `wire` is the JSON, `client` one call,
//! `codes` the network's table, `parts` what both sides write alike, `requests` what the merchant's side
//! writes and `debtor` what the bank's side does, `outcome` what an answer proves, `inbound` the
//! network's calls, `probe` whether it is there. This file is the two accounts and what they promise.

use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

use self::client::Client;
use self::debtor::Errands;
use self::inbound::{Inbound, Side};
use self::jws::Signer;
use self::keys::{Certificates, KeyError};
use self::probe::Probe;
use super::http::{Mutual, Purpose, Response as HttpResponse, SetupError};
use super::network::{Answer, Call, Errand, Network, Received, Response};
use super::{
    Asked, BuildError, ConnectError, DELIVERY_BOUND, Deed, Finding, Inquiry, Profile, Provider,
    Secrets, WireRequest,
};
use crate::clock::Clock;
use crate::config::mastercard::{Creditor, Debtor, Link};
use crate::domain::ageing::Marks;
use crate::domain::eligibility::{Terms, Window};
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::limits::Limits;

mod client;
mod codes;
mod debtor;
mod inbound;
mod jws;
mod keys;
mod outcome;
mod parts;
mod probe;
mod requests;
mod wire;

pub use debtor::NoRefunds;
pub use requests::{RETRIEVAL, Requests};

const NAME: &str = "Mastercard A2A";
/// Bank rails are looked at for ten days after a success (domain.md, rule 4).
const WATCH: Duration = Duration::from_hours(10 * 24);
/// Taken off how long the network remembers a request.
const REPLAY_MARGIN: Duration = Duration::from_hours(1);
/// How long after a send of unknown outcome the next may go; each waits twice as long as the last.
const REPLAY_WAIT: Duration = Duration::from_secs(30);

/// The secrets and certificates of a participant, in PEM.
pub struct Keys {
    client_certificate: String,
    client_key: SecretString,
    server_ca: String,
    signing_key: SecretString,
    network: Vec<(String, String)>,
}

impl Keys {
    /// Reads them; blocks.
    ///
    /// # Errors
    /// [`ConnectError::Secret`] names the key and where it should have come from.
    pub fn read(link: &Link, secrets: &Secrets<'_>) -> Result<Self, ConnectError> {
        let network = link.network_certificates.iter().map(|it| {
            let key = format!("network_certificates ({})", it.kid);
            let pem = secrets.read_public(&key, &it.certificate)?;
            Ok((it.kid.clone(), pem))
        });
        Ok(Self {
            client_certificate: secrets
                .read_public("client_certificate", &link.client_certificate)?,
            client_key: secrets.read("client_key", &link.client_key)?,
            server_ca: secrets.read_public("server_ca", &link.server_ca)?,
            signing_key: secrets.read("signing_key", &link.signing_key)?,
            network: network.collect::<Result<_, _>>()?,
        })
    }

    fn mutual(&self) -> Mutual<'_> {
        Mutual {
            certificate: &self.client_certificate,
            key: self.client_key.expose_secret(),
            authorities: &self.server_ca,
        }
    }
}

impl From<KeyError> for SetupError {
    fn from(error: KeyError) -> Self {
        Self::Mutual(error.to_string())
    }
}

/// What both accounts are made of.
struct Participant {
    client: Client,
    inbound: Inbound,
    probe: Probe,
    certificates: Certificates,
    own_certificate: String,
    clock: Clock,
}

impl Participant {
    fn new(
        side: Side,
        link: &Link,
        refusal_code: Option<String>,
        keys: &Keys,
        clock: Clock,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        let key = keys::private_key("signing_key", keys.signing_key.expose_secret())?;
        let signer = Signer::new(key, &link.signing_kid)
            .map_err(|error| SetupError::Mutual(format!("signing_key, signing_kid: {error}")))?;
        let mut certificates = Certificates::default();
        for (kid, pem) in &keys.network {
            certificates.add(kid, pem)?;
        }
        let mutual = keys.mutual();
        Ok(Self {
            client: Client::new(link, &mutual, &clock, deadline)?,
            probe: Probe::new(&link.base_url, &mutual, deadline)?,
            inbound: Inbound::new(
                side,
                link,
                refusal_code,
                &certificates,
                signer,
                clock.clone(),
            ),
            certificates,
            own_certificate: keys.client_certificate.clone(),
            clock,
        })
    }

    /// Sends a request, and reads its answer with the `messageId` that it names.
    async fn send(
        &self,
        purpose: Purpose,
        request: &WireRequest,
        read: impl FnOnce(&HttpResponse, &str) -> Finding,
    ) -> Finding {
        let ours = wire::message_id_of(&request.body).unwrap_or_default();
        let sent = self.client.send(purpose, request, self.inbound.signer());
        match sent.await {
            Ok(response) => read(&response, &ours),
            Err(failure) => outcome::of_failed_send(&failure),
        }
    }

    /// None of an errand's answer moves money.
    async fn run(&self, built: Result<WireRequest, BuildError>) -> Finding {
        match built {
            Ok(request) => {
                self.send(Purpose::Inquire, &request, outcome::of_errand)
                    .await
            }
            Err(error) => Finding::new(Evidence::NotSent, format!("nothing sent: {error}")),
        }
    }

    /// That a connection came about is all that is proven; with it, what will soon fail.
    async fn probe(&self) -> Finding {
        let now = self.clock.now();
        let mut expired = self.certificates.expired(now);
        if keys::is_expired_pem(&self.own_certificate, now) {
            expired.push("client_certificate".to_owned());
        }
        if !expired.is_empty() {
            let said = format!("past their end: {}; have them renewed", expired.join(", "));
            return Finding::new(Evidence::Doubt, said);
        }
        let probe = self.probe.clone();
        let probed = tokio::task::spawn_blocking(move || probe.run()).await;
        match probed.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(said) => {
                let evidence = Evidence::Report {
                    status: Reported::Unclear,
                    amount: None,
                };
                Finding::new(evidence, said)
            }
            Err(said) => Finding::new(Evidence::Doubt, super::http::line(&said)),
        }
    }
}

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
                    return super::cannot(deed, Evidence::NotSent);
                }
            };
            self.participant
                .send(Purpose::MoveMoney, request, read)
                .await
        })
    }

    fn inquire_about<'a>(
        &'a self,
        _: Deed,
        _: &'a Inquiry,
        _: Asked,
    ) -> BoxFuture<'a, Finding> {
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
        })
    }
}

impl Provider for MastercardDebtor {
    fn send<'a>(&'a self, _: &'a WireRequest, _: Asked) -> BoxFuture<'a, Finding> {
        Box::pin(async { super::cannot(Deed::Refund, Evidence::NotSent) })
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
