//! Who calls: the API key itself, or a token that it was exchanged for (fact sheet 2).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use url::Url;

use super::client::operation_url;
use super::wire::{Envelope, TokenRequest};
use crate::clock::{Clock, Moment};
use crate::config::nuapay::{Auth as Kind, Nuapay as Settings};
use crate::providers::http::{Failure, Outgoing, Purpose, Response, SetupError, Transport, line};

/// What the desk's calls need (fact sheet 2).
const SCOPES: [&str; 4] = [
    "openbanking_pisp",
    "openbanking_pisp_read",
    "openbanking_refund",
    "openbanking_refund_read",
];
/// A token is replaced this long before it ends.
const BEFORE_THE_END: Duration = Duration::from_secs(30);

/// The header that says who calls.
pub enum Auth {
    /// The key with every call.
    ApiKey(SecretString),
    /// A token, asked for with the key.
    Token(Box<Tokens>),
}

/// Tokens of one account: one at a time, asked for by whoever needs it first.
pub struct Tokens {
    basic: SecretString,
    url: String,
    lifetime: Duration,
    transport: Transport,
    clock: Clock,
    current: Mutex<Option<Token>>,
}

struct Token {
    bearer: SecretString,
    asked_at: Moment,
    /// How long after that it is used.
    fresh_for: Duration,
}

/// No token was given: nothing of the call itself was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The status of the answer, where there was one.
    pub status: Option<u16>,
    /// How long we are asked to wait.
    pub retry_after: Option<Duration>,
    /// What went wrong, for people.
    pub said: String,
}

impl Auth {
    /// How the account of these settings authenticates.
    ///
    /// # Errors
    /// [`SetupError`] when key or address cannot work.
    pub fn new(
        settings: &Settings,
        api_key: &SecretString,
        clock: &Clock,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        let basic = basic(api_key)?;
        if settings.auth == Kind::ApiKey {
            return Ok(Self::ApiKey(basic));
        }
        let base = settings.token_base();
        let transport = Transport::new(&base, deadline, clock.clone())?;
        Ok(Self::Token(Box::new(Tokens {
            basic,
            url: token_url(&base, settings.organisation.as_deref()),
            lifetime: Duration::from_secs(settings.token_seconds.into()),
            transport,
            clock: clock.clone(),
            current: Mutex::default(),
        })))
    }

    /// The `Authorization` value for a call.
    ///
    /// # Errors
    /// [`Denied`]: no token was given.
    pub async fn header(&self) -> Result<String, Denied> {
        match self {
            Self::ApiKey(basic) => Ok(basic.expose_secret().to_owned()),
            Self::Token(tokens) => tokens.header().await,
        }
    }

    /// Takes note that a call with this header was turned away; whether another try could go
    /// better.
    pub fn renew(&self, turned_away: &str) -> bool {
        match self {
            Self::ApiKey(_) => false,
            Self::Token(tokens) => {
                tokens.forget(turned_away);
                true
            }
        }
    }
}

/// The key is the user name and the password is empty, colon included.
fn basic(api_key: &SecretString) -> Result<SecretString, SetupError> {
    let key = api_key.expose_secret();
    let plain = key.bytes().all(|it| it.is_ascii_graphic() && it != b':');
    if key.is_empty() || !plain {
        return Err(SetupError::Credential("API key"));
    }
    let encoded = STANDARD.encode(format!("{key}:"));
    Ok(format!("Basic {encoded}").into())
}

/// A partner asks in the name of its merchant (fact sheet 2).
fn token_url(base: &Url, organisation: Option<&str>) -> String {
    match organisation {
        Some(id) => operation_url(base, ["organisations", id, "tokens"]),
        None => operation_url(base, ["tokens"]),
    }
}

impl Tokens {
    /// Single flight: who comes while a token is being asked for waits for that one.
    async fn header(&self) -> Result<String, Denied> {
        let mut current = self.current.lock().await;
        // A token ages while the machine sleeps, too.
        if let Some(token) = &*current
            && self.clock.since(token.asked_at) < token.fresh_for
        {
            return Ok(token.bearer.expose_secret().to_owned());
        }
        let token = self.ask().await?;
        let header = token.bearer.expose_secret().to_owned();
        *current = Some(token);
        Ok(header)
    }

    /// Only the token that was turned away is forgotten, not a newer one. Waits for nobody, as the
    /// answer to a send is not written down yet: who holds the lock for long asks for another token.
    fn forget(&self, turned_away: &str) {
        let Ok(mut current) = self.current.try_lock() else {
            return;
        };
        let same = |token: &Token| token.bearer.expose_secret() == turned_away;
        if current.as_ref().is_some_and(same) {
            *current = None;
        }
    }

    async fn ask(&self) -> Result<Token, Denied> {
        let asked_at = self.clock.moment();
        let request = TokenRequest {
            scopes: &SCOPES,
            expires_in: u32::try_from(self.lifetime.as_secs()).unwrap_or(u32::MAX),
        };
        let body =
            serde_json::to_vec(&request).map_err(|error| Denied::unanswered(error.to_string()))?;
        let outgoing = Outgoing {
            method: "POST",
            url: &self.url,
            headers: vec![
                ("authorization", self.basic.expose_secret().to_owned()),
                ("content-type", "application/json".to_owned()),
                ("accept", "application/json".to_owned()),
            ],
            body,
        };
        let answered = self.transport.exchange(Purpose::Inquire, outgoing).await;
        let response = answered.map_err(|failure| Denied::from(&failure))?;
        let lifetime = self.lifetime;
        let (bearer, granted) = read(&response).ok_or_else(|| Denied::of(&response))?;
        let lifetime = granted.map_or(lifetime, |granted| granted.min(lifetime));
        Ok(Token {
            bearer: format!("Bearer {bearer}").into(),
            asked_at,
            fresh_for: lifetime.saturating_sub(BEFORE_THE_END),
        })
    }
}

/// The token, and how long it lives by the provider's own clock, where both are told.
fn read(response: &Response) -> Option<(String, Option<Duration>)> {
    let is_success = (200..=299).contains(&response.status);
    let data = Envelope::read(&response.body)
        .filter(|_| is_success)?
        .data()?;
    let kind = data.text("tokenType");
    let bearer = kind.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    let token = data
        .text("accessToken")
        .filter(|it| bearer && it.bytes().all(|byte| byte.is_ascii_graphic()))?;
    let ends_ms = data.count("expiryTime");
    let now_ms = response
        .provider_time
        .and_then(|now| u64::try_from(now.timestamp_millis()).ok());
    let left = ends_ms
        .zip(now_ms)
        .map(|(ends, now)| ends.saturating_sub(now));
    Some((token, left.map(Duration::from_millis)))
}

impl Denied {
    fn unanswered(said: String) -> Self {
        Self {
            status: None,
            retry_after: None,
            said,
        }
    }

    /// An answer without a token in it. Its words are shown, its body is not: it may hold one.
    fn of(response: &Response) -> Self {
        let envelope = Envelope::read(&response.body);
        let complaints = envelope.map(|it| it.complaints()).unwrap_or_default();
        let words = complaints.into_iter().find_map(|it| it.description);
        let words = words.map_or(String::new(), |it| format!(": {it}"));
        Self {
            status: Some(response.status),
            retry_after: response.retry_after,
            said: line(&format!(
                "no token was given, HTTP {}{words}",
                response.status
            )),
        }
    }
}

impl From<&Failure> for Denied {
    fn from(failure: &Failure) -> Self {
        Self::unanswered(format!("no token was given: {}", failure.said()))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// The example of fact sheet 2.
    #[test]
    fn the_key_is_a_user_name_without_password() {
        let header = basic(&SecretString::from("demo-key-0001")).unwrap();
        assert_eq!(header.expose_secret(), "Basic ZGVtby1rZXktMDAwMTo=");
    }

    #[rstest]
    #[case("")]
    #[case("a b")]
    #[case("a:b")]
    #[case("a\n")]
    fn a_key_that_cannot_work_is_refused(#[case] key: &str) {
        assert!(basic(&SecretString::from(key)).is_err());
    }

    #[test]
    fn a_partner_names_its_merchant() {
        let base = Url::parse("https://api.nuapay.com/").unwrap();
        assert_eq!(token_url(&base, None), "https://api.nuapay.com/tokens");
        assert_eq!(
            token_url(&base, Some("o/1")),
            "https://api.nuapay.com/organisations/o%2F1/tokens"
        );
    }

    #[rstest]
    #[case(
        201,
        r#"{"data":{"accessToken":"t","tokenType":"BEARER","expiryTime":1795860060000}}"#,
        Some(60)
    )]
    #[case(
        200,
        r#"{"data":{"accessToken":"t","tokenType":null,"expiryTime":1}}"#,
        Some(0)
    )]
    #[case(401, r#"{"data":{"accessToken":"t"}}"#, None)]
    #[case(201, r#"{"data":{"accessToken":"t","tokenType":"MAC"}}"#, None)]
    #[case(201, r#"{"data":{"accessToken":"a b"}}"#, None)]
    #[case(201, r#"{"data":{"accessToken":null}}"#, None)]
    #[case(201, r#"{"data":null}"#, None)]
    #[case(201, "<html>", None)]
    fn a_token_is_read(#[case] status: u16, #[case] body: &str, #[case] seconds: Option<u64>) {
        let response = Response {
            status,
            retry_after: None,
            provider_time: chrono::DateTime::from_timestamp(1_795_860_000, 0),
            body: body.as_bytes().to_vec(),
        };
        let read = read(&response);
        assert_eq!(read.as_ref().map(|it| it.0.as_str()), seconds.map(|_| "t"));
        assert_eq!(read.and_then(|it| it.1), seconds.map(Duration::from_secs));
    }
}
