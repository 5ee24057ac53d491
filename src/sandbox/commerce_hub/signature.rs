//! The headers every call carries, and the signature over its exact bytes.

use aws_lc_rs::hmac;
use axum::http::HeaderMap;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use chrono::{DateTime, TimeDelta, Utc};

use super::refusal::Refusal;

/// How old a call's `Timestamp` may be.
const OLDEST: TimeDelta = TimeDelta::minutes(5);

/// What the merchant was given to sign with.
pub(in crate::sandbox) struct Credentials {
    pub api_key: String,
    pub api_secret: String,
}

impl Credentials {
    /// Checks a call's headers and signature; the call's `Client-Request-Id` if all is well.
    pub(super) fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<String, Refusal> {
        if !body.is_empty() && !is_json(headers) {
            return Err(Refusal::apim(415, "Content-Type must be application/json"));
        }
        if header(headers, "Api-Key")? != self.api_key {
            return Err(Refusal::apim(401, "Api-Key is not known"));
        }
        if header(headers, "Auth-Token-Type")? != "HMAC" {
            return Err(Refusal::apim(401, "Auth-Token-Type must be HMAC"));
        }
        let id = header(headers, "Client-Request-Id")?;
        let timestamp = header(headers, "Timestamp")?;
        let made_at = timestamp
            .parse()
            .ok()
            .and_then(DateTime::from_timestamp_millis);
        if made_at.is_none_or(|made_at| now - made_at > OLDEST) {
            return Err(Refusal::apim(
                401,
                "Timestamp is missing, not milliseconds, or stale",
            ));
        }
        let authorization = header(headers, "Authorization")?;
        match self.signed(authorization, id, timestamp, body) {
            true => Ok(id.to_owned()),
            false => Err(Refusal::apim(
                401,
                "Authorization does not match the request",
            )),
        }
    }

    /// Both encodings that are seen in the field: of the raw code, and of its hexadecimal text.
    fn signed(&self, authorization: &str, id: &str, timestamp: &str, body: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.api_secret.as_bytes());
        let mut context = hmac::Context::with_key(&key);
        for part in [
            self.api_key.as_bytes(),
            id.as_bytes(),
            timestamp.as_bytes(),
            body,
        ] {
            context.update(part);
        }
        let code = context.sign();
        let hex: String = code
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        authorization == BASE64_STANDARD.encode(code)
            || authorization == BASE64_STANDARD.encode(hex)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = header(headers, "Content-Type").unwrap_or_default();
    media_type
        .split(';')
        .next()
        .is_some_and(|kind| kind.trim() == "application/json")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refusal> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value
        .filter(|value| !value.is_empty())
        .ok_or(Refusal::apim(401, "a required header is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of the fact sheet, section 2.3.
    const BODY: &str = r#"{"referenceTransactionDetails":{"referenceTransactionId":"9f1c2d3e4b5a69788796a5b4c3d2e1f0"},"amount":{"total":12.50,"currency":"USD"},"transactionDetails":{"captureFlag":true,"merchantTransactionId":"rfd-20261121-000042"},"merchantDetails":{"merchantId":"100000000000001","terminalId":"10000001"}}"#;
    const RAW: &str = "Hwhpqrbc9vYLbYHBN5ruxyx3GjeMRmydCqgZDQ2a0+o=";
    const HEX: &str =
        "MWYwODY5YWFiNmRjZjZmNjBiNmQ4MWMxMzc5YWVlYzcyYzc3MWEzNzhjNDY2YzlkMGFhODE5MGQwZDlhZDNlYQ==";
    const EMPTY: &str = "gdy8cCN1etWfIiyCodpohzCBpIrucyHV6X8KnPxFqQ4=";

    fn headers(authorization: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/json"),
            ("api-key", "DemoApiKey0123456789abcdefABCDEF"),
            ("client-request-id", "5c0f5b1e-6a3d-4d2e-9f51-0c8e7f1a2b3c"),
            ("timestamp", "1763690000000"),
            ("auth-token-type", "HMAC"),
            ("authorization", authorization),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    fn verify(headers: &HeaderMap, body: &str, seconds_later: i64) -> Result<String, Refusal> {
        let credentials = Credentials {
            api_key: "DemoApiKey0123456789abcdefABCDEF".to_owned(),
            api_secret: "DemoSecret_not_a_real_one_42".to_owned(),
        };
        let now = DateTime::from_timestamp(1_763_690_000 + seconds_later, 0).unwrap();
        credentials.verify(headers, body.as_bytes(), now)
    }

    #[test]
    fn the_published_vectors_pass_in_both_encodings() {
        for (authorization, body) in [(RAW, BODY), (HEX, BODY), (EMPTY, "")] {
            let id = verify(&headers(authorization), body, 300).unwrap();
            assert_eq!(id, "5c0f5b1e-6a3d-4d2e-9f51-0c8e7f1a2b3c");
        }
    }

    #[test]
    fn one_changed_byte_or_a_prefix_does_not_pass() {
        let shorter = BODY.replace("12.50", "12.5");
        assert_eq!(verify(&headers(RAW), &shorter, 0).unwrap_err().status, 401);
        let prefixed = format!("HMAC {RAW}");
        assert_eq!(
            verify(&headers(&prefixed), BODY, 0).unwrap_err().status,
            401
        );
    }

    #[test]
    fn a_stale_call_and_a_missing_header_do_not_pass() {
        assert_eq!(verify(&headers(RAW), BODY, 301).unwrap_err().status, 401);
        for name in [
            "api-key",
            "client-request-id",
            "timestamp",
            "auth-token-type",
            "authorization",
        ] {
            let mut headers = headers(RAW);
            headers.remove(name);
            assert_eq!(verify(&headers, BODY, 0).unwrap_err().status, 401, "{name}");
        }
        let mut headers = headers(RAW);
        headers.insert("content-type", "text/plain".parse().unwrap());
        assert_eq!(verify(&headers, BODY, 0).unwrap_err().status, 415);
    }
}
