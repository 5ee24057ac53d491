//! One call to Nuapay (fact sheet 1 to 3).

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::auth::{Auth, Denied};
use crate::clock::Clock;
use crate::config::nuapay::Nuapay as Settings;
use crate::providers::WireRequest;
use crate::providers::http::{Failure, Outgoing, Purpose, Response, SetupError, Transport};
use crate::providers::preparing::Preparing;

/// The one operation that moves money is a POST.
pub const METHOD: &str = "POST";
/// The status of a token that ended or a key that is wrong.
const UNAUTHORIZED: u16 = 401;

/// The account's connection and credentials.
pub struct Client {
    base: Url,
    transport: Transport,
    auth: Auth,
    clock: Clock,
}

/// A call without an answer of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// There is no token, so the call was not made.
    Token(Denied),
    /// The exchange failed.
    Exchange(Failure),
}

impl NoAnswer {
    /// What went wrong, for people.
    pub fn said(&self) -> &str {
        match self {
            Self::Token(denied) => &denied.said,
            Self::Exchange(failure) => failure.said(),
        }
    }
}

impl Client {
    /// A client of the account of these settings.
    ///
    /// # Errors
    /// [`SetupError`] when address or credentials cannot work.
    pub fn new(
        settings: &Settings,
        api_key: &SecretString,
        clock: &Clock,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        Ok(Self {
            transport: Transport::new(&settings.base_url, deadline, clock.clone())?,
            auth: Auth::new(settings, api_key, clock, deadline)?,
            base: settings.base_url.clone(),
            clock: clock.clone(),
        })
    }

    /// Sends a committed refund, byte for byte, once. A token that was turned away is forgotten,
    /// but nothing is repeated here.
    ///
    /// # Errors
    /// [`NoAnswer`], which tells what is certain about the request.
    pub async fn refund(&self, request: &WireRequest) -> Result<Response, NoAnswer> {
        let preparing = Preparing::begin(&self.clock);
        self.check_address(&request.url)?;
        let header = self.auth.header().await.map_err(NoAnswer::Token)?;
        let outgoing = Outgoing {
            method: &request.method,
            url: &request.url,
            headers: vec![
                ("authorization", header.clone()),
                ("accept", "application/json".to_owned()),
                ("content-type", "application/json".to_owned()),
                ("idempotency-key", request.idempotency_key.clone()),
            ],
            body: request.body.clone(),
        };
        preparing.in_time().map_err(NoAnswer::Exchange)?;
        let answered = self.transport.exchange(Purpose::MoveMoney, outgoing).await;
        let response = answered.map_err(NoAnswer::Exchange)?;
        if response.status == UNAUTHORIZED {
            self.auth.renew(&header);
        }
        Ok(response)
    }

    /// Reads. With tokens, a 401 is answered once by a new token.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn get(&self, url: &Url) -> Result<Response, NoAnswer> {
        let header = self.auth.header().await.map_err(NoAnswer::Token)?;
        let response = self.get_with(url, header.clone()).await?;
        if response.status != UNAUTHORIZED || !self.auth.renew(&header) {
            return Ok(response);
        }
        let header = self.auth.header().await.map_err(NoAnswer::Token)?;
        self.get_with(url, header).await
    }

    async fn get_with(&self, url: &Url, header: String) -> Result<Response, NoAnswer> {
        let outgoing = Outgoing {
            method: "GET",
            url: url.as_str(),
            headers: vec![
                ("authorization", header),
                ("accept", "application/json".to_owned()),
            ],
            body: Vec::new(),
        };
        let answered = self.transport.exchange(Purpose::Inquire, outgoing).await;
        answered.map_err(NoAnswer::Exchange)
    }

    /// The URL of a resource below `/tpp`; links in bodies are not followed (fact sheet 4).
    pub fn url<'s>(&self, segments: impl IntoIterator<Item = &'s str>) -> Url {
        joined(&self.base, segments)
    }

    /// A request stored under other settings must not take this account's key elsewhere.
    fn check_address(&self, url: &str) -> Result<(), NoAnswer> {
        let ours = operation_url(&self.base, [""]);
        if url.starts_with(&ours) {
            return Ok(());
        }
        let said =
            format!("nothing sent: the request was made for {url}, the account is at {ours}");
        Err(NoAnswer::Exchange(Failure::NotSent { said }))
    }
}

/// The URL of an operation below `base`: one slash between, whether `base` ends in one or not (fact
/// sheet 1), each segment percent-encoded.
pub fn operation_url<'s>(base: &Url, segments: impl IntoIterator<Item = &'s str>) -> String {
    joined(base, segments).into()
}

fn joined<'s>(base: &Url, segments: impl IntoIterator<Item = &'s str>) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}
