//! A participant's call: who it is, whether its headers and signature are right, whether it was made
//! before, and what it comes to.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Uri, header as name};
use axum::middleware;
use axum::response::Response;
use chrono::{DateTime, Utc};

use super::keys::Participant;
use super::reply::{self, Refused, Reply, header};
use super::{
    Answered, BANK, BANK_PARTICIPANT, CREDITOR, CREDITOR_PARTICIPANT, Network, PRODUCT, asked, jws,
};
use crate::sandbox::answer::cut_where_told;
use crate::sandbox::connection::Connection;

/// A call whose caller is known and whose body is proven.
pub(super) struct Call<'a> {
    /// The account of the caller.
    pub account: &'static str,
    /// What follows the role's base.
    pub path: &'a str,
    pub key: &'a str,
    pub message_id: String,
    pub body: &'a [u8],
    pub at: DateTime<Utc>,
}

pub(super) fn router(network: Arc<Network>) -> Router {
    Router::new()
        .fallback(called)
        .layer(middleware::from_fn(cut_where_told))
        .with_state(network)
}

async fn called(
    State(network): State<Arc<Network>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let at = network.clock.now();
    let answered = network.answer(&connection, &method, &uri, &headers, &body, at);
    network.respond(answered, &headers, at)
}

impl Network {
    fn answer(
        self: &Arc<Self>,
        connection: &Connection,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
        at: DateTime<Utc>,
    ) -> Result<Reply, Refused> {
        let role = uri.path().strip_prefix("/zapp/pbarfp/");
        let Some((role, path)) = role.and_then(|it| it.split_at_checked(3)) else {
            return Ok(Reply::Bare(404));
        };
        let account = match role {
            "csp" => CREDITOR,
            "dsp" => BANK,
            _ => return Ok(Reply::Bare(404)),
        };
        if *method != Method::POST {
            return Ok(Reply::Bare(405));
        }
        let participant = self.keys.participant(account);
        if connection.certificate.as_deref() != Some(&participant.certificate[..]) {
            return Err(Refused::security(
                "the certificate is another participant's",
            ));
        }
        let key = self.check(participant, headers, body, at)?;
        let call = Call {
            account,
            path,
            key,
            message_id: asked::block(body, participant_id(account))?,
            body,
            at,
        };
        if let Some(known) = self.repeated(&call) {
            return known;
        }
        self.decide(&call)
    }

    /// Checks headers and signature, and gives the key.
    fn check<'h>(
        &self,
        participant: &Participant,
        headers: &'h HeaderMap,
        body: &[u8],
        at: DateTime<Utc>,
    ) -> Result<&'h str, Refused> {
        let required = |name: &str, most: usize| {
            let value = header(headers, name).filter(|it| (1..=most).contains(&it.len()));
            value.ok_or_else(|| Refused::structure(format!("{name} is missing or too long")))
        };
        required("X-Request-ID", 50)?;
        if required("X-Product-ID", 50)? != PRODUCT {
            return Err(Refused::structure("X-Product-ID is not known"));
        }
        if required("X-Participant-ID", 50)? != participant_id(participant.account) {
            return Err(Refused::rule(
                "AGRM-0001",
                "X-Participant-ID is not the caller's",
            ));
        }
        let kind = header(headers, name::CONTENT_TYPE.as_str()).unwrap_or_default();
        if kind.split(';').next().map(str::trim) != Some("application/json") {
            return Err(Refused::structure("Content-Type is not application/json"));
        }
        let key = required("Idempotency-Key", 36)?;
        if uuid::Uuid::parse_str(key).is_err() {
            return Err(Refused::structure("Idempotency-Key is not a UUID"));
        }
        let signature = required("X-JWS-Signature", 512)?;
        jws::verify(signature, body, participant, at).map_err(Refused::security)?;
        Ok(key)
    }

    /// The same call again gets the first answer again; another one under its key is refused. What the
    /// real side does with that is not published.
    fn repeated(&self, call: &Call<'_>) -> Option<Result<Reply, Refused>> {
        let name = (call.account.to_owned(), call.key.to_owned());
        let kept = self.kept();
        let first = kept.answered.get(&name).cloned();
        let first = first.or_else(|| self.journalled(&kept, call))?;
        let is_same = first.path == call.path && first.request == call.body;
        Some(match is_same {
            true => Ok(Reply::Done {
                body: first.body,
                signed: first.signed,
            }),
            false => Err(Refused::structure(
                "Idempotency-Key was used for another call",
            )),
        })
    }

    fn respond(
        &self,
        answered: Result<Reply, Refused>,
        headers: &HeaderMap,
        at: DateTime<Utc>,
    ) -> Response {
        let mut named = Vec::new();
        for (name, own) in [
            ("x-request-id", header(headers, "x-request-id")),
            ("x-product-id", Some(PRODUCT)),
            ("x-participant-id", header(headers, "x-participant-id")),
        ] {
            named.extend(own.map(|value| (name, value.to_owned())));
        }
        match answered {
            Ok(Reply::Done { body, signed }) => {
                if signed && let Some(value) = jws::sign(&self.keys.network, body.as_bytes(), at) {
                    named.push(("x-jws-signature", value));
                }
                reply::response(200, &named, body)
            }
            Ok(Reply::Bare(status)) => reply::bare(status),
            Ok(Reply::Garbage) => reply::garbage(),
            Ok(Reply::Cut) => reply::cut(),
            Err(refused) => reply::response(refused.status, &named, refused.json().to_string()),
        }
    }

    /// Remembers an answer that changes nothing.
    pub(super) fn remember(&self, call: &Call<'_>, body: String, signed: bool) -> Reply {
        let name = (call.account.to_owned(), call.key.to_owned());
        let answered = Answered {
            path: call.path.to_owned(),
            request: call.body.to_vec(),
            body: body.clone(),
            signed,
        };
        self.kept().answered.insert(name, answered);
        Reply::Done { body, signed }
    }
}

pub(super) fn participant_id(account: &str) -> &'static str {
    match account {
        CREDITOR => CREDITOR_PARTICIPANT,
        _ => BANK_PARTICIPANT,
    }
}
