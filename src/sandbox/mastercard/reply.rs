//! What the network answers, and in which words it refuses.

use std::io;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::sandbox::answer::Answer;

/// What goes back on the wire.
pub(super) enum Reply {
    /// An answer, signed where its kind is.
    Done { body: String, signed: bool },
    /// A status and nothing that the network wrote.
    Bare(u16),
    /// A success around something no client can read.
    Garbage,
    /// Nothing: the connection ends.
    Cut,
}

/// Why the network refuses a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refused {
    pub status: u16,
    pub code: &'static str,
    pub why: String,
}

impl Refused {
    /// A header or a member is not as it must be.
    pub(super) fn structure(why: impl Into<String>) -> Self {
        Self::of(400, "STVL-9999", why)
    }

    /// It cannot be proven who asks.
    pub(super) fn security(why: impl Into<String>) -> Self {
        Self::of(401, "SECU-9999", why)
    }

    /// A rule of business says no.
    pub(super) fn rule(code: &'static str, why: impl Into<String>) -> Self {
        Self::of(400, code, why)
    }

    pub(super) fn broken(error: &io::Error) -> Self {
        Self::of(500, "SYST-9999", error.to_string())
    }

    fn of(status: u16, code: &'static str, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { status, code, why }
    }

    pub(super) fn json(&self) -> Value {
        json!({ "Errors": { "Error": [{
            "Source": "ZAPP",
            "ReasonCode": self.code,
            "Description": self.why,
            "Recoverable": self.status == 500,
            "Details": self.why,
        }] } })
    }
}

/// Puts a status, headers and a body together.
pub(super) fn response(status: u16, headers: &[(&'static str, String)], body: String) -> Response {
    let mut response = body.into_response();
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let named = response.headers_mut();
    named.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            named.insert(*name, value);
        }
    }
    response
}

pub(super) fn bare(status: u16) -> Response {
    StatusCode::from_u16(status)
        .unwrap_or_default()
        .into_response()
}

pub(super) fn garbage() -> Response {
    Answer::Garbage.into_response()
}

pub(super) fn cut() -> Response {
    Answer::Cut.into_response()
}

/// The one value of a header.
pub(super) fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
