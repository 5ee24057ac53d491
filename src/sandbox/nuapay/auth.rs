//! Who calls: an API key, or a token made for one.
//!
//! A token carries what it says, signed, so that it outlives a restart of the sandbox as the real
//! one outlives theirs.

use aws_lc_rs::hmac;
use axum::http::HeaderMap;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;

use super::data;
use super::error::Error;
use crate::sandbox::answer::Answer;

/// How long a token may be asked to live, in seconds.
const LIFETIMES_S: std::ops::RangeInclusive<i64> = 10..=31_556_926;
const DEFAULT_LIFETIME_S: i64 = 10;

/// A merchant: one account of the desk.
pub(in crate::sandbox) struct Merchant {
    /// The account's name at the desk.
    pub account: &'static str,
    /// The id under which a partner acts for it.
    pub organisation: &'static str,
    pub api_key: String,
}

/// Everyone who has a key.
pub(in crate::sandbox) struct Callers {
    pub merchants: Vec<Merchant>,
    /// The partner has no payments of its own: its key only gets the merchants' tokens.
    pub partner_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenRequest {
    scopes: Vec<String>,
    expires_in: Option<i64>,
}

impl Callers {
    /// The merchant that calls, allowed to use `scope`. A key may do everything.
    pub(super) fn caller(
        &self,
        headers: &HeaderMap,
        scope: &str,
        now: DateTime<Utc>,
    ) -> Result<&Merchant, Error> {
        match authorization(headers)?.strip_prefix("Bearer ") {
            Some(token) => self.bearer(token, scope, now),
            None => self.by_key(headers),
        }
    }

    fn by_key(&self, headers: &HeaderMap) -> Result<&Merchant, Error> {
        let header = authorization(headers)?;
        let known = |merchant: &&Merchant| header == basic(&merchant.api_key);
        let unknown = match header == basic(&self.partner_key) {
            true => Error::bare(403),
            false => Error::bare(401),
        };
        self.merchants.iter().find(known).ok_or(unknown)
    }

    fn bearer(&self, token: &str, scope: &str, now: DateTime<Utc>) -> Result<&Merchant, Error> {
        let unknown = Error::bare(401);
        let (said, signature) = token.rsplit_once('.').ok_or(unknown.clone())?;
        let text = BASE64_URL_SAFE_NO_PAD.decode(said).ok();
        let text = text.and_then(|it| String::from_utf8(it).ok());
        let text = text.ok_or(unknown.clone())?;
        let parts: Vec<&str> = text.split('|').collect();
        let [account, ends_ms, scopes] = parts[..] else {
            return Err(unknown);
        };
        let merchant = self.merchants.iter().find(|it| it.account == account);
        let merchant = merchant.ok_or(unknown.clone())?;
        let ends_ms: i64 = ends_ms.parse().map_err(|_| unknown.clone())?;
        if signed(merchant, said) != signature || now.timestamp_millis() >= ends_ms {
            return Err(unknown);
        }
        match scopes.split(' ').any(|it| it == scope) {
            true => Ok(merchant),
            false => Err(Error::bare(403)),
        }
    }

    /// Answers a merchant's request for a token; only the key itself may ask.
    pub(super) fn token(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Answer, Error> {
        token(self.by_key(headers)?, body, now)
    }

    /// Answers the partner's request for a token of the merchant it acts for (fact sheet 2).
    pub(super) fn merchants_token(
        &self,
        organisation: &str,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Answer, Error> {
        if authorization(headers)? != basic(&self.partner_key) {
            self.by_key(headers)?;
            return Err(Error::bare(403));
        }
        let named = |it: &&Merchant| it.organisation == organisation;
        let merchant = self.merchants.iter().find(named);
        token(merchant.ok_or(Error::bare(404))?, body, now)
    }
}

fn authorization(headers: &HeaderMap) -> Result<&str, Error> {
    let header = headers.get("authorization").and_then(|it| it.to_str().ok());
    header.ok_or(Error::bare(401))
}

fn basic(key: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{key}:")))
}

fn signed(merchant: &Merchant, said: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, merchant.api_key.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, said.as_bytes()))
}

/// A token for a merchant.
fn token(merchant: &Merchant, body: &[u8], now: DateTime<Utc>) -> Result<Answer, Error> {
    let request: TokenRequest = serde_json::from_slice(body)
        .map_err(|_| Error::rule(400, "T0004", "scopes", "the body is not a token request"))?;
    let seconds = request.expires_in.unwrap_or(DEFAULT_LIFETIME_S);
    if request.scopes.is_empty() || !LIFETIMES_S.contains(&seconds) {
        return Err(Error::rule(400, "T0004", "expiresIn", "not allowed"));
    }
    let ends_ms = (now + TimeDelta::seconds(seconds)).timestamp_millis();
    let scopes = request.scopes.join(" ");
    let said = format!("{}|{ends_ms}|{scopes}", merchant.account);
    let said = BASE64_URL_SAFE_NO_PAD.encode(said);
    let access_token = format!("{said}.{}", signed(merchant, &said));
    let token = json!({
        "id": "t1",
        "uri": "/tokens/t1",
        "accessToken": access_token,
        "tokenType": "BEARER",
        "accessType": "CR",
        "parentId": null,
        "expiryTime": ends_ms,
        "scopes": request.scopes,
        "ipFiltering": false,
        "mtlsFilter": false,
        "status": "ACTIVE",
        "createdTimestamp": now.timestamp_millis(),
        "revokedTimestamp": null,
        "links": [],
    });
    Ok(data(201, "/tokens/t1", &token))
}
