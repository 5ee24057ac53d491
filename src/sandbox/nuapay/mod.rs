//! Nuapay, as a merchant sees it: tokens, payments, refunds and their lists.

mod acceptance;
mod auth;
mod course;
mod error;
mod looks;
mod payments;
mod records;
mod refunds;
mod request;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path as UrlPath, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::connection::Connection;
use super::settlement::Row;
use crate::clock::Clock;
use crate::domain::money::Money;
use acceptance::Call;
pub(super) use auth::Merchant;
use error::Error;
use looks::Query;
use payments::Payments;
use records::Records;

/// The accounts, each with the file of its key beside the desk's configuration.
pub(super) const ACCOUNTS: [(&str, &str); 2] = [
    ("nuapay-uk", "nuapay-uk.key"),
    ("nuapay-eu", "nuapay-eu.key"),
];

/// The simulator: two merchants of one service.
pub(super) struct Nuapay {
    merchants: Vec<Merchant>,
    clock: Clock,
    records: Mutex<Records>,
}

/// What goes back on the wire.
enum Answer {
    Json(u16, String),
    /// A success status around something no client can read.
    Garbage,
    /// Nothing: the connection ends.
    Cut,
}

impl Nuapay {
    /// A service that knows the payments in `rows` and remembers what its journal says.
    pub(super) fn open(
        merchants: Vec<Merchant>,
        clock: &Clock,
        rows: &[Row],
        journal: &Path,
        book: &Path,
    ) -> io::Result<Self> {
        let accounts: Vec<&str> = merchants.iter().map(|it| it.account).collect();
        let payments = Payments::of(rows, &accounts);
        Ok(Self {
            merchants,
            clock: clock.clone(),
            records: Mutex::new(Records::open(payments, journal, book)?),
        })
    }

    /// The simulator's paths, below `/nuapay`.
    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/tokens", post(token))
            .route("/tpp/payments", get(payments))
            .route("/tpp/payments/{payment}", get(payment))
            .route("/tpp/payments/{payment}/history", get(history))
            .route("/tpp/payments/{payment}/refunds", get(refunds).post(create))
            .route("/tpp/payments/{payment}/refunds/{refund}", get(refund))
            .fallback(async || refused(&Error::bare(404)))
            .method_not_allowed_fallback(async || refused(&Error::bare(405)))
            .with_state(Arc::new(self))
    }

    /// Verifies who calls, and answers from the records.
    fn answer(
        &self,
        headers: &HeaderMap,
        scope: &str,
        decide: impl FnOnce(&mut Records, &Merchant, DateTime<Utc>) -> Result<Answer, Error>,
    ) -> Result<Answer, Error> {
        let now = self.clock.now();
        let merchant = auth::caller(&self.merchants, headers, scope, now)?;
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        decide(&mut records, merchant, now)
    }
}

impl Answer {
    /// The envelope around one thing.
    fn data(status: u16, uri: &str, data: &Value) -> Self {
        Self::Json(status, json!({ "uri": uri, "data": data }).to_string())
    }

    fn on(self, connection: Option<&Connection>) -> Response {
        match self {
            Self::Json(status, body) => {
                let status = StatusCode::from_u16(status).unwrap_or_default();
                (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
            }
            Self::Garbage => "<html><body>upstream connect error".into_response(),
            Self::Cut => {
                if let Some(connection) = connection {
                    connection.cut();
                }
                StatusCode::OK.into_response()
            }
        }
    }
}

fn refused(error: &Error) -> Response {
    let mut response = Answer::Json(error.status, error.body()).on(None);
    if let Some(seconds) = error.retry_after_s {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn responded(answer: Result<Answer, Error>) -> Response {
    answer.map_or_else(|error| refused(&error), |answer| answer.on(None))
}

/// An amount as a JSON number, digit for digit.
fn number(money: Money) -> Value {
    // Amounts have at most 14 digits, which JSON's numbers carry unchanged.
    RawValue::from_string(money.decimal())
        .ok()
        .and_then(|raw| serde_json::to_value(raw).ok())
        .unwrap_or(Value::Null)
}

/// RFC 3339 as the samples have it: two digits of a second.
fn written(time: DateTime<Utc>) -> String {
    let text = time.to_rfc3339_opts(SecondsFormat::Millis, true);
    text.replace("0Z", "Z")
}

fn query(raw: Option<&str>) -> Query {
    let pairs = form_urlencoded::parse(raw.unwrap_or_default().as_bytes());
    Query(pairs.into_owned().collect())
}

async fn token(State(nuapay): State<Arc<Nuapay>>, headers: HeaderMap, body: Bytes) -> Response {
    let now = nuapay.clock.now();
    let token = auth::token(&nuapay.merchants, &headers, &body, now);
    responded(token.map(|text| Answer::Json(201, text)))
}

async fn payments(
    State(nuapay): State<Arc<Nuapay>>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query(raw.as_deref());
    responded(
        nuapay.answer(&headers, "openbanking_pisp", |records, merchant, now| {
            looks::payments(records, merchant.account, &query, now)
        }),
    )
}

async fn payment(
    State(nuapay): State<Arc<Nuapay>>,
    UrlPath(id): UrlPath<String>,
    headers: HeaderMap,
) -> Response {
    responded(
        nuapay.answer(&headers, "openbanking_pisp", |records, merchant, now| {
            looks::payment(records, merchant.account, &id, now)
        }),
    )
}

async fn history(
    State(nuapay): State<Arc<Nuapay>>,
    UrlPath(id): UrlPath<String>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query(raw.as_deref());
    responded(nuapay.answer(
        &headers,
        "openbanking_pisp_read",
        |records, merchant, now| looks::history(records, merchant.account, &id, &query, now),
    ))
}

async fn refunds(
    State(nuapay): State<Arc<Nuapay>>,
    UrlPath(payment): UrlPath<String>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query(raw.as_deref());
    responded(nuapay.answer(
        &headers,
        "openbanking_refund_read",
        |records, merchant, now| looks::refunds(records, merchant.account, &payment, &query, now),
    ))
}

async fn refund(
    State(nuapay): State<Arc<Nuapay>>,
    UrlPath((payment, id)): UrlPath<(String, String)>,
    headers: HeaderMap,
) -> Response {
    responded(nuapay.answer(
        &headers,
        "openbanking_refund_read",
        |records, merchant, _| looks::refund(records, merchant.account, &payment, &id),
    ))
}

async fn create(
    State(nuapay): State<Arc<Nuapay>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    UrlPath(payment): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = nuapay.answer(&headers, "openbanking_refund", |records, merchant, at| {
        check_content_type(&headers)?;
        let key = headers
            .get("idempotency-key")
            .and_then(|it| it.to_str().ok());
        let call = Call {
            account: merchant.account,
            payment_id: &payment,
            key,
            body: &body,
            at,
        };
        acceptance::refund(records, &call)
    });
    match answer {
        Ok(answer) => answer.on(Some(&connection)),
        Err(error) => refused(&error),
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Error> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|it| it.to_str().ok())
        .and_then(|it| it.split(';').next());
    match kind.map(str::trim) {
        Some("application/json") => Ok(()),
        _ => Err(Error::bare(415)),
    }
}
