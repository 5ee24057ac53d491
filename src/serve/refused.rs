//! Calls that the desk never gets to see: too long, too slow, or more than it can bear.

use crate::desk::receive::Response;

/// Why a call is turned away at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It leads nowhere. Nothing is said about where there is something.
    Nowhere,
    /// Its body is longer than is read.
    TooLong,
    /// Its body did not arrive in time.
    TooSlow,
    /// Its body broke off.
    BrokenOff,
    /// The desk failed over it.
    Failed,
}

impl Refused {
    /// The answer; in the network's own form where a network asked, for it reads no other.
    pub(super) fn response(self, is_network: bool) -> Response {
        let (status, code, description, recoverable) = match self {
            Self::Nowhere => return bare(404),
            Self::TooLong => (413, "STVL-9999", "the body is too long", false),
            Self::TooSlow => (408, "STVL-9999", "the body did not arrive in time", true),
            Self::BrokenOff => (400, "STVL-9999", "the body broke off", true),
            Self::Failed => (500, "SYST-9999", "the call could not be answered", true),
        };
        if !is_network {
            return bare(status);
        }
        let error = serde_json::json!({
            "ReasonCode": code,
            "Description": description,
            "Recoverable": recoverable,
        });
        Response {
            status,
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: serde_json::json!({ "Errors": { "Error": [error] } })
                .to_string()
                .into_bytes(),
        }
    }
}

fn bare(status: u16) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    }
}
