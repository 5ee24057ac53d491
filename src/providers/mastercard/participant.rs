//! What both accounts are made of: keys, a connection, and the network's calls.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::client::Client;
use super::inbound::{Inbound, Side};
use super::jws::Signer;
use super::keys::{self, Certificates, KeyError};
use super::probe::Probe;
use super::{outcome, wire};
use crate::clock::Clock;
use crate::config::mastercard::Link;
use crate::domain::evidence::{Evidence, Reported};
use crate::providers::http::{Mutual, Purpose, Response, SetupError, line};
use crate::providers::{BuildError, ConnectError, Finding, Secrets, WireRequest};

/// The secrets and certificates of a participant, in PEM.
pub struct Keys {
    /// Our certificate for mutual TLS, with what it is signed by.
    pub client_certificate: String,
    /// Its key.
    pub client_key: SecretString,
    /// What the network's server certificate must be signed by.
    pub server_ca: String,
    /// What we sign with.
    pub signing_key: SecretString,
    /// What the network signs with: name and certificate.
    pub network: Vec<(String, String)>,
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
pub struct Participant {
    client: Client,
    pub inbound: Inbound,
    probe: Probe,
    certificates: Certificates,
    own_certificate: String,
    clock: Clock,
}

impl Participant {
    pub fn new(
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
    pub async fn send(
        &self,
        purpose: Purpose,
        request: &WireRequest,
        read: impl FnOnce(&Response, &str) -> Finding,
    ) -> Finding {
        let ours = wire::message_id_of(&request.body).unwrap_or_default();
        let sent = self.client.send(purpose, request, self.inbound.signer());
        match sent.await {
            Ok(response) => read(&response, &ours),
            Err(failure) => outcome::of_failed_send(&failure),
        }
    }

    /// None of an errand's answer moves money.
    pub async fn run(&self, built: Result<WireRequest, BuildError>) -> Finding {
        match built {
            Ok(request) => {
                self.send(Purpose::Inquire, &request, outcome::of_errand)
                    .await
            }
            Err(error) => Finding::new(Evidence::NotSent, format!("nothing sent: {error}")),
        }
    }

    /// That a connection came about is all that is proven; with it, what will soon fail.
    pub async fn probe(&self) -> Finding {
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
            Err(said) => Finding::new(Evidence::Doubt, line(&said)),
        }
    }
}
