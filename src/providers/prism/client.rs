//! One gRPC call (fact sheet 1, 5, 6): what arrived, or what is certain when nothing did.
//!
//! A refund goes out on a connection of its own. The connection is made first, so that a failure to
//! make one proves that nothing left; then the request is handed over once. Neither tonic nor hyper
//! repeats it, and there is no other layer that could.

use std::error::Error as _;
use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use prost::Message;
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};
use url::Url;

use super::auth::Identity;
use super::codec::Bytes;
use super::requests::{METHOD, url_of};
use super::wire::{REFUND, State};
use crate::failpoint;
use crate::providers::WireRequest;
use crate::providers::http::{Failure, SetupError, fresh_id, line};
use crate::providers::preparing::Preparing;

/// A connection that takes longer is not going to be one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A look takes at most this (fact sheet 6).
const LOOK_TIMEOUT: Duration = Duration::from_secs(15);
/// An answer beyond this is not read.
const ANSWER_LIMIT_BYTES: usize = 1 << 20;

/// The account's way to the service.
pub struct Client {
    base: Url,
    endpoint: Endpoint,
    looks: OnceLock<Channel>,
    identity: Identity,
    deadline: Duration,
}

/// What came back, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The bytes of the message, or the status that came in its place.
    pub said: Result<Vec<u8>, Refusal>,
    /// The call's id, by which the server's operators find it in their log.
    pub support_id: Option<String>,
    /// What time it was at the server, where it says so.
    pub provider_time: Option<DateTime<Utc>>,
}

/// A gRPC status other than OK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its code.
    pub code: Code,
    /// Its text: short and fixed, which is all there is to tell causes apart by.
    pub message: String,
}

/// The `state` of a refund alone, to be added to its bytes.
#[derive(Clone, PartialEq, Eq, Message)]
struct StateOfRefund {
    #[prost(message, optional, tag = "13")]
    state: Option<State>,
}

impl Client {
    /// A client of the service at `base`; a refund takes at most `deadline`. Blocks while the
    /// system's certificates are read.
    ///
    /// # Errors
    /// [`SetupError`] when the address cannot work or TLS cannot be set up.
    pub fn new(base: &Url, identity: Identity, deadline: Duration) -> Result<Self, SetupError> {
        let failed = |error: tonic::transport::Error| SetupError::Channel(describe(&error));
        let mut endpoint = Endpoint::from_shared(base.to_string())
            .map_err(failed)?
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true);
        if base.scheme() == "https" {
            let tls = ClientTlsConfig::new().with_native_roots();
            endpoint = endpoint.tls_config(tls).map_err(failed)?;
        }
        Ok(Self {
            base: base.clone(),
            endpoint,
            looks: OnceLock::new(),
            identity,
            deadline,
        })
    }

    /// Sends a committed refund, byte for byte. The connector's token is like a signature: it is
    /// added behind the bytes, where a message may be continued, and is never on disk.
    ///
    /// # Errors
    /// [`Failure`], which tells what is certain about the request.
    pub async fn refund(
        &self,
        request: &WireRequest,
        state: Option<State>,
        preparing: &Preparing<'_>,
    ) -> Result<Answer, Failure> {
        self.check_address(request)?;
        let mut bytes = request.body.clone();
        bytes.extend(StateOfRefund { state }.encode_to_vec());
        let call = self.call(bytes, Some(&request.correlation))?;
        failpoint::reach("send.connect");
        let channel = self.connect().await?;
        preparing.in_time()?;
        let answer = exchange(channel, REFUND, call, self.deadline).await;
        failpoint::reach("send.head_read");
        failpoint::reach("send.body_read");
        answer
    }

    /// Asks; moves no money. Connections are kept.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn look(
        &self,
        path: &'static str,
        message: &impl Message,
        reference: Option<&str>,
    ) -> Result<Answer, Failure> {
        let call = self.call(message.encode_to_vec(), reference)?;
        failpoint::reach("look.connect");
        let channel = self.looks.get_or_init(|| self.endpoint.connect_lazy());
        let deadline = LOOK_TIMEOUT.min(self.deadline);
        let answer = exchange(channel.clone(), path, call, deadline).await;
        failpoint::reach("look.head_read");
        failpoint::reach("look.body_read");
        answer
    }

    async fn connect(&self) -> Result<Channel, Failure> {
        let limit = CONNECT_TIMEOUT.min(self.deadline);
        let why = match tokio::time::timeout(limit, self.endpoint.connect()).await {
            Ok(Ok(channel)) => return Ok(channel),
            Ok(Err(error)) => describe(&error),
            Err(_) => "it took too long".to_owned(),
        };
        Err(Failure::NotSent {
            said: line(&format!("no connection to Prism ({why})")),
        })
    }

    /// A request stored under other settings must not take this account's keys elsewhere.
    fn check_address(&self, request: &WireRequest) -> Result<(), Failure> {
        let ours = url_of(&self.base, REFUND);
        if request.method == METHOD && request.url == ours {
            return Ok(());
        }
        let (method, url) = (&request.method, &request.url);
        let said = format!(
            "nothing sent: the request was made for {method} {url}, the account is at {ours}"
        );
        Err(Failure::NotSent { said })
    }

    fn call(&self, bytes: Vec<u8>, reference: Option<&str>) -> Result<Request<Vec<u8>>, Failure> {
        let mut request = Request::new(bytes);
        let id = fresh_id()?;
        self.identity.add_to(request.metadata_mut(), &id, reference);
        Ok(request)
    }
}

async fn exchange(
    channel: Channel,
    path: &'static str,
    request: Request<Vec<u8>>,
    deadline: Duration,
) -> Result<Answer, Failure> {
    let mut grpc = Grpc::new(channel).max_decoding_message_size(ANSWER_LIMIT_BYTES);
    let doubtful = |said: String| Failure::Doubtful { status: None, said };
    let called = tokio::time::timeout(deadline, async {
        let not_ready = |error| Failure::NotSent {
            said: line(&format!("no connection to Prism ({})", describe(&error))),
        };
        grpc.ready().await.map_err(not_ready)?;
        let path = path.parse().map_err(|_| Failure::NotSent {
            said: "no such call".to_owned(),
        })?;
        Ok(grpc.unary(request, path, Bytes).await)
    })
    .await;
    match called {
        Err(_) => Err(doubtful("no answer within the time limit".to_owned())),
        Ok(Err(failure)) => Err(failure),
        Ok(Ok(Ok(response))) => {
            let (metadata, message, _) = response.into_parts();
            Ok(Answer::new(Ok(message), &metadata))
        }
        // A status with a cause is our own side's: the connection broke.
        Ok(Ok(Err(status))) if status.source().is_some() => {
            let said = format!(
                "the connection broke before an answer ({})",
                deepest(&status)
            );
            Err(doubtful(line(&said)))
        }
        Ok(Ok(Err(status))) => Ok(Answer::of_status(&status)),
    }
}

impl Answer {
    fn new(said: Result<Vec<u8>, Refusal>, metadata: &MetadataMap) -> Self {
        let text = |name| metadata.get(name)?.to_str().ok();
        let date = text("date").and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        Self {
            said,
            support_id: text("x-request-id").map(line),
            provider_time: date.map(|date| date.to_utc()),
        }
    }

    fn of_status(status: &Status) -> Self {
        let refusal = Refusal {
            code: status.code(),
            message: status.message().to_owned(),
        };
        Self::new(Err(refusal), status.metadata())
    }
}

fn describe(error: &tonic::transport::Error) -> String {
    line(&deepest(error))
}

/// What lies beneath: the outer errors only say that something failed.
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
