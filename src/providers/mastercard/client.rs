//! One call to the network: mutual TLS, the headers of fact sheet 3, and a signature made for it.

use std::time::Duration;

use url::Url;

use super::jws::Signer;
use super::wire;
use crate::clock::Clock;
use crate::config::mastercard::Link;
use crate::providers::WireRequest;
use crate::providers::http::{Failure, Mutual, Outgoing, Purpose, Response, SetupError, Transport};
use crate::providers::preparing::Preparing;

/// Every call is a POST.
pub const METHOD: &str = "POST";

/// A participant's connection to the network.
pub struct Client {
    base: Url,
    transport: Transport,
    product_id: String,
    participant_id: String,
    clock: Clock,
}

impl Client {
    /// A client of these settings.
    ///
    /// # Errors
    /// [`SetupError`] when address, certificates or key cannot work.
    pub fn new(
        link: &Link,
        mutual: &Mutual<'_>,
        clock: &Clock,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        Ok(Self {
            transport: Transport::mutual(&link.base_url, deadline, clock.clone(), mutual)?,
            base: link.base_url.clone(),
            product_id: link.product_id.clone(),
            participant_id: link.participant_id.clone(),
            clock: clock.clone(),
        })
    }

    /// Sends a committed request, byte for byte, once. Only the signature is new each time, as it
    /// tells when it was made (fact sheet 10).
    ///
    /// # Errors
    /// [`Failure`], which tells what is certain about the request.
    pub async fn send(
        &self,
        purpose: Purpose,
        request: &WireRequest,
        signer: &Signer,
    ) -> Result<Response, Failure> {
        let preparing = Preparing::begin(&self.clock);
        self.check_address(&request.url)?;
        let unsent = |said: &str| Failure::NotSent {
            said: said.to_owned(),
        };
        // On each resend the same, as it stands in the bytes.
        let request_id = wire::message_id_of(&request.body)
            .ok_or_else(|| unsent("nothing sent: the request has no messageId"))?;
        let signature = signer
            .sign(&request.body, self.clock.now())
            .map_err(|error| unsent(&format!("nothing sent: {error}")))?;
        let outgoing = Outgoing {
            method: &request.method,
            url: &request.url,
            headers: vec![
                ("accept", "application/json".to_owned()),
                ("content-type", "application/json".to_owned()),
                ("idempotency-key", request.idempotency_key.clone()),
                ("x-jws-signature", signature),
                ("x-participant-id", self.participant_id.clone()),
                ("x-product-id", self.product_id.clone()),
                ("x-request-id", request_id),
            ],
            body: request.body.clone(),
        };
        preparing.in_time()?;
        self.transport.exchange(purpose, outgoing).await
    }

    /// A request stored under other settings must not take our certificate elsewhere.
    fn check_address(&self, url: &str) -> Result<(), Failure> {
        let ours = operation_url(&self.base, [""]);
        if url.starts_with(&ours) {
            return Ok(());
        }
        let said =
            format!("nothing sent: the request was made for {url}, the account is at {ours}");
        Err(Failure::NotSent { said })
    }
}

/// The URL of an operation below `base`, each segment percent-encoded.
pub fn operation_url<'s>(base: &Url, segments: impl IntoIterator<Item = &'s str>) -> String {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url.into()
}
