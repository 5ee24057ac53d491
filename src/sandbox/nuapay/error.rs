//! Errors, in the shapes in which the real side's samples have them.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::sandbox::answer::Answer;

/// A request turned away, or one the service failed at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Error {
    pub status: u16,
    code: Option<&'static str>,
    field: &'static str,
    words: &'static str,
    /// What `Retry-After` says.
    retry_after_s: Option<u32>,
}

impl Error {
    /// A rule is broken, with a code of the table.
    pub(super) const fn rule(
        status: u16,
        code: &'static str,
        field: &'static str,
        words: &'static str,
    ) -> Self {
        Self {
            status,
            code: Some(code),
            field,
            words,
            retry_after_s: None,
        }
    }

    /// A status whose sample body is all null.
    pub(super) const fn bare(status: u16) -> Self {
        Self {
            status,
            code: None,
            field: "",
            words: "",
            retry_after_s: None,
        }
    }

    /// Too many calls.
    pub(super) const fn throttled() -> Self {
        Self {
            retry_after_s: Some(1),
            ..Self::bare(429)
        }
    }

    /// The simulator could not keep its own records, so it accepted nothing.
    pub(super) const fn broken() -> Self {
        Self::rule(
            500,
            "TBD",
            "",
            "the simulator cannot write its records; look at its folder and disk",
        )
    }

    /// Business rules give an array of details, all else a single object, and some only nulls: a
    /// client must read them all.
    fn body(&self) -> String {
        let Some(code) = self.code else {
            return json!({ "returnCode": null, "returnDescription": null, "details": null })
                .to_string();
        };
        let detail = json!({ "code": code, "description": self.words, "field": self.field });
        let details = match self.status {
            422 => json!([detail]),
            _ => detail,
        };
        json!({
            "returnCode": "T0000",
            "returnDescription": "see the details",
            "details": details,
        })
        .to_string()
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = Answer::Json(self.status, self.body()).into_response();
        if let Some(seconds) = self.retry_after_s {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
