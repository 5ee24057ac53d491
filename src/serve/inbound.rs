//! A request becomes a call, and the desk's answer goes back as it is.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response as Reply;
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::Answers;
use super::metrics::{Heard, Metrics};
use super::place::{self, Calls, Place};
use super::refused::Refused;
use crate::clock::Clock;
use crate::desk::receive::{Call, Response};

/// What the door knows.
pub(super) struct Door {
    pub places: Vec<Place>,
    pub answers: Arc<dyn Answers>,
    pub metrics: Arc<Metrics>,
    pub clock: Clock,
    pub max_body: usize,
    pub patience: Duration,
    /// Held by every answer under way.
    pub at_work: mpsc::Sender<()>,
}

pub(super) fn router(door: Door) -> Router {
    // What is called is a question of the configuration, so there is nothing to route by.
    Router::new().fallback(heard).with_state(Arc::new(door))
}

async fn heard(State(door): State<Arc<Door>>, request: Request) -> Reply {
    let began = door.clock.elapsed();
    let (parts, body) = request.into_parts();
    let found = place::find(&door.places, parts.uri.path());
    let (account, kind, response) = match found {
        None => ("none", "other", Refused::Nowhere.response(false)),
        Some(found) => {
            let is_network = matches!(found.place.calls, Calls::Network { .. });
            let answered = door.answer(&found.place.account, found.rest, &parts, body);
            let response = match answered.await {
                Ok(response) => response,
                Err(refused) => {
                    tracing::warn!(
                        account = found.place.account,
                        ?refused,
                        "a call was turned away"
                    );
                    refused.response(is_network)
                }
            };
            (
                found.place.account.as_str(),
                place::kind(found.rest),
                response,
            )
        }
    };
    let (status, took) = (response.status, door.clock.elapsed().saturating_sub(began));
    tracing::info!(account, kind, status, ?took, "a call was answered");
    door.metrics.heard(&Heard {
        account,
        kind,
        status,
        took,
    });
    reply(response)
}

impl Door {
    async fn answer(
        &self,
        account: &str,
        rest: &str,
        parts: &Parts,
        body: Body,
    ) -> Result<Response, Refused> {
        let body = self.read(&parts.headers, body).await?;
        let target = parts.uri.path_and_query();
        let owned = Owned {
            account: account.to_owned(),
            method: parts.method.as_str().to_owned(),
            target: target.map_or_else(String::new, |it| it.as_str().to_owned()),
            path: rest.to_owned(),
            headers: headers(&parts.headers),
            body,
        };
        let answers = Arc::clone(&self.answers);
        let at_work = self.at_work.clone();
        // Whoever asked may hang up; what was begun is finished, and the same call gets the answer.
        let answering = tokio::spawn(async move {
            let _at_work = at_work;
            answers.answer(&owned.account, owned.call()).await
        });
        answering.await.map_err(|error| {
            tracing::error!(account, %error, "a call was not answered");
            Refused::Failed
        })
    }

    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Refused> {
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok())
            .and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|length| length > self.max_body as u64) {
            return Err(Refused::TooLong);
        }
        let collected = collect(body, self.max_body);
        tokio::time::timeout(self.patience, collected)
            .await
            .unwrap_or(Err(Refused::TooSlow))
    }
}

async fn collect(body: Body, most: usize) -> Result<Vec<u8>, Refused> {
    let mut pieces = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Refused::BrokenOff)?;
        if whole.len() + piece.len() > most {
            return Err(Refused::TooLong);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// A call that may outlive its connection.
struct Owned {
    account: String,
    method: String,
    target: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Owned {
    fn call(&self) -> Call<'_> {
        Call {
            method: &self.method,
            target: &self.target,
            path: &self.path,
            headers: &self.headers,
            body: &self.body,
        }
    }
}

/// What is no text cannot be right where it matters, and does not where it is not read.
fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

fn reply(response: Response) -> Reply {
    let mut reply = Reply::new(Body::from(response.body));
    *reply.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &response.headers {
        match (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            (Ok(name), Ok(value)) => _ = reply.headers_mut().append(name, value),
            _ => tracing::error!(name, "a header of an answer cannot be written"),
        }
    }
    reply
}
