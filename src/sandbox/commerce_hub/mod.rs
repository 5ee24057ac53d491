//! Commerce Hub, as a merchant sees it: refunds, cancels, inquiries, and the signature on every call.

mod acceptance;
mod cancels;
mod captures;
mod charges;
mod course;
mod envelope;
mod inquiry;
mod records;
mod refunds;
mod refusal;
mod request;
mod signature;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::settlement::Row;
use crate::clock::Clock;
use charges::Charges;
use records::Records;
use refusal::Refusal;
pub(super) use signature::Credentials;

/// The merchant that the simulator knows.
pub(super) const MERCHANT_ID: &str = "100000000000001";
/// Its one terminal.
pub(super) const TERMINAL_ID: &str = "10000001";
/// The file with its API key, beside the desk's configuration.
pub(super) const API_KEY_FILE: &str = "hub-us.key";
/// The file with its secret.
pub(super) const API_SECRET_FILE: &str = "hub-us.secret";

/// The simulator: one merchant at the gateway.
pub(super) struct Hub {
    credentials: Credentials,
    clock: Clock,
    records: Mutex<Records>,
}

/// A request whose signature was right.
struct Call {
    /// Its `Client-Request-Id`.
    id: String,
    at: DateTime<Utc>,
}

impl Hub {
    /// A gateway that knows the payments in `rows` and remembers what its journal says.
    pub(super) fn open(
        credentials: Credentials,
        clock: &Clock,
        rows: &[Row],
        journal: &Path,
        book: &Path,
    ) -> io::Result<Self> {
        Ok(Self {
            credentials,
            clock: clock.clone(),
            records: Mutex::new(Records::open(Charges::of(rows), journal, book)?),
        })
    }

    /// The simulator's paths, below `/ch`.
    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/payments/v1/refunds", post(refund))
            .route(
                "/payments/v1/charges/{transaction_id}/refund",
                post(refund_by_path),
            )
            .route("/payments/v1/cancels", post(cancel))
            .route("/payments/v1/transaction-inquiry", post(inquire))
            .route("/status", get(status))
            .fallback(unknown_path)
            .method_not_allowed_fallback(unknown_path)
            .with_state(Arc::new(self))
    }

    /// Verifies a call, answers it from the records, and words a refusal.
    fn answer(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        decide: impl FnOnce(&mut Records, &Call) -> Result<Answer, Refusal>,
    ) -> Answer {
        let at = self.clock.now();
        let decided = self.credentials.verify(headers, body, at).and_then(|id| {
            let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
            decide(&mut records, &Call { id, at })
        });
        decided.unwrap_or_else(|refusal| refused(&refusal, headers, at))
    }
}

fn refused(refusal: &Refusal, headers: &HeaderMap, at: DateTime<Utc>) -> Answer {
    let id = headers
        .get("Client-Request-Id")
        .and_then(|id| id.to_str().ok());
    Answer::Json(refusal.status, refusal.body(id.unwrap_or_default(), at))
}

async fn refund(State(hub): State<Arc<Hub>>, headers: HeaderMap, body: Bytes) -> Answer {
    hub.answer(&headers, &body, |records, call| {
        acceptance::refund(records, call, None, &request::parse(&body)?)
    })
}

async fn refund_by_path(
    State(hub): State<Arc<Hub>>,
    UrlPath(charge_id): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    hub.answer(&headers, &body, |records, call| {
        acceptance::refund(records, call, Some(&charge_id), &request::parse(&body)?)
    })
}

async fn cancel(State(hub): State<Arc<Hub>>, headers: HeaderMap, body: Bytes) -> Answer {
    hub.answer(&headers, &body, |records, call| {
        cancels::cancel(records, call, &request::parse(&body)?)
    })
}

async fn inquire(State(hub): State<Arc<Hub>>, headers: HeaderMap, body: Bytes) -> Answer {
    hub.answer(&headers, &body, |records, _| {
        inquiry::inquire(records, &request::parse(&body)?)
    })
}

async fn status(State(hub): State<Arc<Hub>>, headers: HeaderMap, body: Bytes) -> Answer {
    // No sample of this reply was ever published beyond its purpose: error counts per product.
    let healthy = r#"{"status":"UP","products":[]}"#.to_owned();
    hub.answer(&headers, &body, |_, _| Ok(Answer::Json(200, healthy)))
}

async fn unknown_path(State(hub): State<Arc<Hub>>, headers: HeaderMap) -> Answer {
    let refusal = Refusal::apim(404, "no such resource");
    refused(&refusal, &headers, hub.clock.now())
}
