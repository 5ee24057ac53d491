//! One signed call to Commerce Hub (fact sheet 2.1).

use std::time::Duration;

use chrono::{DateTime, Utc};
use url::Url;

use super::auth::Signer;
use crate::clock::Clock;
use crate::config::commerce_hub::HmacEncoding;
use crate::config::secret::Credentials;
use crate::providers::WireRequest;
use crate::providers::http::{
    Failure, Outgoing, Purpose, Response, SetupError, Transport, fresh_id,
};

/// Every operation we call is a POST.
pub const METHOD: &str = "POST";
/// The status operation (fact sheet 6.3).
const INQUIRY: [&str; 3] = ["payments", "v1", "transaction-inquiry"];

/// The account's connection, its credentials and its clock.
pub struct Client {
    base: Url,
    transport: Transport,
    signer: Signer,
    clock: Clock,
}

impl Client {
    /// A client of the service at `base`.
    ///
    /// # Errors
    /// [`SetupError`] when address or credentials cannot work.
    pub fn new(
        base: &Url,
        credentials: Credentials,
        encoding: HmacEncoding,
        clock: Clock,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        Ok(Self {
            transport: Transport::new(base, deadline, clock.clone())?,
            signer: Signer::new(credentials, encoding)?,
            base: base.clone(),
            clock,
        })
    }

    /// Sends a committed refund, byte for byte; only timestamp and signature are new.
    ///
    /// # Errors
    /// [`Failure`], which tells what is certain about the request.
    pub async fn refund(&self, request: &WireRequest) -> Result<Response, Failure> {
        self.check_address(&request.url)?;
        let outgoing = self.signed(&request.url, &request.idempotency_key, &request.body);
        let outgoing = Outgoing {
            method: &request.method,
            ..outgoing
        };
        self.transport.exchange(Purpose::MoveMoney, outgoing).await
    }

    /// Asks for transactions. Each inquiry has an id of its own: a repeated one may return a
    /// stored answer.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn inquire(&self, body: &[u8]) -> Result<Response, Failure> {
        let url = operation_url(&self.base, INQUIRY);
        let outgoing = self.signed(&url, &fresh_id()?, body);
        self.transport.exchange(Purpose::Inquire, outgoing).await
    }

    /// How far this machine's clock is ahead of the provider's, in seconds. Its timestamps are
    /// signed, and refused when they are minutes off (fact sheet 2.1, 8.1).
    pub fn seconds_ahead(&self, theirs: DateTime<Utc>) -> i64 {
        (self.clock.now() - theirs).num_seconds()
    }

    /// A request stored under other settings must not take this account's key elsewhere.
    fn check_address(&self, url: &str) -> Result<(), Failure> {
        let ours = operation_url(&self.base, [""]);
        if url.starts_with(&ours) {
            return Ok(());
        }
        let said =
            format!("nothing sent: the request was made for {url}, the account is at {ours}");
        Err(Failure::NotSent { said })
    }

    fn signed<'r>(&self, url: &'r str, request_id: &str, body: &[u8]) -> Outgoing<'r> {
        let timestamp_ms = self.clock.now().timestamp_millis();
        let signature = self.signer.sign(request_id, timestamp_ms, body);
        Outgoing {
            method: METHOD,
            url,
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("api-key", self.signer.api_key().to_owned()),
                ("client-request-id", request_id.to_owned()),
                ("timestamp", timestamp_ms.to_string()),
                ("auth-token-type", "HMAC".to_owned()),
                ("authorization", signature),
            ],
            body: body.to_vec(),
        }
    }
}

/// The URL of an operation of the service at `base`; each segment is percent-encoded.
pub fn operation_url<'s>(base: &Url, segments: impl IntoIterator<Item = &'s str>) -> String {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url.into()
}

#[cfg(test)]
mod tests;
