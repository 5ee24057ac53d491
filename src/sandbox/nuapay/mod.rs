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
use axum::extract::{Path as UrlPath, RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::routing::{get, post};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::answer::Answer;
use super::settlement::Row;
use crate::clock::Clock;
use crate::domain::money::Money;
use acceptance::Call;
pub(super) use auth::{Callers, Merchant};
use error::Error;
use looks::Query;
use payments::Payments;
use records::Records;

/// The accounts, each with its organisation and the file of its key beside the desk's
/// configuration.
pub(super) const ACCOUNTS: [(&str, &str, &str); 2] = [
    ("nuapay-uk", "org0000001", "nuapay-uk.key"),
    ("nuapay-eu", "org0000002", "nuapay-eu.key"),
];
/// The file with the key of the partner that may act for both.
pub(super) const PARTNER_KEY_FILE: &str = "nuapay-partner.key";

/// The simulator: two merchants of one service.
pub(super) struct Nuapay {
    callers: Callers,
    clock: Clock,
    records: Mutex<Records>,
}

/// What a call comes to.
type Answered = Result<Answer, Error>;

impl Nuapay {
    /// A service that knows the payments in `rows` and remembers what its journal says.
    pub(super) fn open(
        callers: Callers,
        clock: &Clock,
        rows: &[Row],
        journal: &Path,
        book: &Path,
    ) -> io::Result<Self> {
        let accounts: Vec<&str> = callers.merchants.iter().map(|it| it.account).collect();
        let payments = Payments::of(rows, &accounts);
        Ok(Self {
            callers,
            clock: clock.clone(),
            records: Mutex::new(Records::open(payments, journal, book)?),
        })
    }

    /// The simulator's paths, below `/nuapay`.
    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/tokens", post(token))
            .route(
                "/organisations/{organisation}/tokens",
                post(merchants_token),
            )
            .route("/tpp/payments", get(payments))
            .route("/tpp/payments/{payment}", get(payment))
            .route("/tpp/payments/{payment}/history", get(history))
            .route("/tpp/payments/{payment}/refunds", get(refunds).post(create))
            .route("/tpp/payments/{payment}/refunds/{refund}", get(refund))
            .fallback(async || Error::bare(404))
            .method_not_allowed_fallback(async || Error::bare(405))
            .with_state(Arc::new(self))
    }

    /// Verifies who calls, and answers from the records.
    fn answer(
        &self,
        headers: &HeaderMap,
        scope: &str,
        decide: impl FnOnce(&mut Records, &Merchant, DateTime<Utc>) -> Answered,
    ) -> Answered {
        let now = self.clock.now();
        let merchant = self.callers.caller(headers, scope, now)?;
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        decide(&mut records, merchant, now)
    }
}

/// The envelope around one thing.
fn data(status: u16, uri: &str, data: &Value) -> Answer {
    Answer::Json(status, json!({ "uri": uri, "data": data }).to_string())
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

async fn token(State(nuapay): State<Arc<Nuapay>>, headers: HeaderMap, body: Bytes) -> Answered {
    let now = nuapay.clock.now();
    nuapay.callers.token(&headers, &body, now)
}

async fn merchants_token(
    State(nuapay): State<Arc<Nuapay>>,
    UrlPath(organisation): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    let now = nuapay.clock.now();
    let callers = &nuapay.callers;
    callers.merchants_token(&organisation, &headers, &body, now)
}

async fn payments(
    State(nuapay): State<Arc<Nuapay>>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Answered {
    let query = query(raw.as_deref());
    nuapay.answer(&headers, "openbanking_pisp", |records, merchant, now| {
        looks::payments(records, merchant.account, &query, now)
    })
}

async fn payment(
    State(nuapay): State<Arc<Nuapay>>,
    UrlPath(id): UrlPath<String>,
    headers: HeaderMap,
) -> Answered {
    nuapay.answer(&headers, "openbanking_pisp", |records, merchant, now| {
        looks::payment(records, merchant.account, &id, now)
    })
}

async fn history(
    State(nuapay): State<Arc<Nuapay>>,
    UrlPath(id): UrlPath<String>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Answered {
    let query = query(raw.as_deref());
    nuapay.answer(
        &headers,
        "openbanking_pisp_read",
        |records, merchant, now| looks::history(records, merchant.account, &id, &query, now),
    )
}

async fn refunds(
    State(nuapay): State<Arc<Nuapay>>,
    UrlPath(payment): UrlPath<String>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Answered {
    let query = query(raw.as_deref());
    nuapay.answer(
        &headers,
        "openbanking_refund_read",
        |records, merchant, now| looks::refunds(records, merchant.account, &payment, &query, now),
    )
}

async fn refund(
    State(nuapay): State<Arc<Nuapay>>,
    UrlPath((payment, id)): UrlPath<(String, String)>,
    headers: HeaderMap,
) -> Answered {
    nuapay.answer(
        &headers,
        "openbanking_refund_read",
        |records, merchant, _| looks::refund(records, merchant.account, &payment, &id),
    )
}

async fn create(
    State(nuapay): State<Arc<Nuapay>>,
    UrlPath(payment): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    nuapay.answer(&headers, "openbanking_refund", |records, merchant, at| {
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
    })
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
