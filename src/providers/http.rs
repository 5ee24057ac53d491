//! HTTP for every provider: one exchange, and what is certain when it fails.
//!
//! A call that moves money goes out on a connection of its own and is never repeated below
//! [`Transport::exchange`], so that one call is at most one request on the wire. An exchange that
//! fails says whether the request is provably unsent; whoever is not sure says doubtful.

use std::time::Duration;

use aws_lc_rs::rand;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, ClientBuilder, Identity, Method, Url, redirect, retry};

use crate::clock::Clock;
use crate::domain::text::{clean, mask_card_numbers};
use crate::failpoint;

pub mod redact;

/// A body beyond this is not read to its end.
const BODY_LIMIT_BYTES: usize = 1 << 20;
/// A connection that takes longer is not going to be one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// No provider may ask us to stay away for longer than this.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);
/// The status of a call that came too soon after others.
const THROTTLED: u16 = 429;
/// What some say instead of `Retry-After`.
const RATE_LIMIT_RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");
/// One line for people.
const LINE_MAX_CHARS: usize = 240;

/// An account's connection to its provider.
pub struct Transport {
    money: Client,
    inquiry: Client,
    clock: Clock,
}

/// What mutual TLS takes, in PEM.
pub struct Mutual<'a> {
    /// Our certificate, with what it is signed by.
    pub certificate: &'a str,
    /// Its key.
    pub key: &'a str,
    /// What the other side's certificate must be signed by.
    pub authorities: &'a str,
}

/// What an exchange is for, which decides the connection it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Moves money: own connection, HTTP/1.1, no retry of any kind.
    MoveMoney,
    /// Only looks: connections are kept.
    Inquire,
}

impl Purpose {
    /// The name of a failpoint, by what the exchange is for.
    const fn point(self, money: &'static str, look: &'static str) -> &'static str {
        match self {
            Self::MoveMoney => money,
            Self::Inquire => look,
        }
    }
}

/// A request as it goes out.
pub struct Outgoing<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Full URL.
    pub url: &'a str,
    /// Headers; their values never reach a log.
    pub headers: Vec<(&'static str, String)>,
    /// The exact body.
    pub body: Vec<u8>,
}

/// A response that arrived whole.
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// How long we are asked to wait, at most a day.
    pub retry_after: Option<Duration>,
    /// What time it was at the provider, where it says so.
    pub provider_time: Option<DateTime<Utc>>,
    /// The body, at most 1 MiB.
    pub body: Vec<u8>,
}

/// An exchange without a whole response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No byte of the request left: DNS, connection refused, TLS failed, request malformed.
    NotSent {
        /// What went wrong, for people.
        said: String,
    },
    /// The request may have arrived.
    Doubtful {
        /// The status, where at least the head of a response arrived.
        status: Option<u16>,
        /// What went wrong, for people.
        said: String,
    },
}

/// The account's settings do not make a connection.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Credentials would travel readable.
    #[error("base_url {0} is not https; plain http is for a sandbox on this machine only")]
    Plaintext(String),
    /// Not a URL that paths can be added to.
    #[error("base_url {0} is not the address of an HTTP service")]
    NotAnAddress(String),
    /// A credential does not fit in a header.
    #[error("the {0} has characters that cannot be sent in an HTTP header")]
    Credential(&'static str),
    /// TLS or resolver could not be set up.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// Certificates or keys for mutual TLS cannot be used.
    #[error("mutual TLS cannot be set up: {0}")]
    Mutual(String),
    /// The same for gRPC.
    #[error("no gRPC channel: {0}")]
    Channel(String),
}

impl Transport {
    /// A transport to the service at `base`, whose exchanges take at most `deadline` each.
    ///
    /// # Errors
    /// [`SetupError`] when `base` is not `https` (or `http` on loopback), or TLS cannot be set up.
    pub fn new(base: &Url, deadline: Duration, clock: Clock) -> Result<Self, SetupError> {
        Self::with(base, deadline, clock, None)
    }

    /// The same with a certificate of our own, trusting nobody but the authorities named.
    ///
    /// # Errors
    /// As [`Transport::new`]; [`SetupError::Mutual`] when certificates or key cannot be used.
    pub fn mutual(
        base: &Url,
        deadline: Duration,
        clock: Clock,
        mutual: &Mutual<'_>,
    ) -> Result<Self, SetupError> {
        let identity = [mutual.certificate, "\n", mutual.key].concat();
        let unusable = |what: &str| SetupError::Mutual(format!("{what} cannot be used"));
        let identity = Identity::from_pem(identity.as_bytes())
            .map_err(|_| unusable("client_certificate or client_key"))?;
        let authorities = Certificate::from_pem_bundle(mutual.authorities.as_bytes())
            .ok()
            .filter(|it| !it.is_empty())
            .ok_or_else(|| unusable("server_ca"))?;
        Self::with(base, deadline, clock, Some((identity, authorities)))
    }

    fn with(
        base: &Url,
        deadline: Duration,
        clock: Clock,
        mutual: Option<(Identity, Vec<Certificate>)>,
    ) -> Result<Self, SetupError> {
        let base = Base::check(base)?;
        let client = || match &mutual {
            Some((identity, authorities)) if base.encrypted => base
                .client(deadline)
                .identity(identity.clone())
                .tls_certs_only(authorities.clone()),
            _ => base.client(deadline),
        };
        let money = client()
            .http1_only()
            .pool_max_idle_per_host(0)
            .retry(retry::never());
        Ok(Self {
            money: money.build()?,
            inquiry: client().build()?,
            clock,
        })
    }

    /// Sends one request and waits for the whole response or the deadline.
    ///
    /// # Errors
    /// [`Failure`], which tells what is certain about the request.
    pub async fn exchange(
        &self,
        purpose: Purpose,
        request: Outgoing<'_>,
    ) -> Result<Response, Failure> {
        let client = match purpose {
            Purpose::MoveMoney => &self.money,
            Purpose::Inquire => &self.inquiry,
        };
        let request = request.build().map_err(|said| Failure::NotSent { said })?;
        failpoint::reach(purpose.point("send.connect", "look.connect"));
        let mut response = client.execute(request).await.map_err(Failure::of)?;
        failpoint::reach(purpose.point("send.head_read", "look.head_read"));
        let status = response.status().as_u16();
        let retry_after = retry_after(status, response.headers(), self.clock.now());
        let provider_time = http_date(response.headers(), &DATE);
        let body = read_bounded(&mut response)
            .await
            .map_err(|said| Failure::Doubtful {
                status: Some(status),
                said,
            })?;
        failpoint::reach(purpose.point("send.body_read", "look.body_read"));
        Ok(Response {
            status,
            retry_after,
            provider_time,
            body,
        })
    }
}

/// A base URL whose credentials stay confidential.
struct Base {
    loopback: bool,
    encrypted: bool,
}

impl Base {
    fn check(base: &Url) -> Result<Self, SetupError> {
        let host = base
            .host()
            .ok_or_else(|| SetupError::NotAnAddress(base.to_string()))?;
        let loopback = match host {
            url::Host::Domain(name) => name == "localhost",
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
        };
        let encrypted = base.scheme() == "https";
        match (base.scheme(), loopback) {
            ("https", _) | ("http", true) => Ok(Self {
                loopback,
                encrypted,
            }),
            ("http", false) => Err(SetupError::Plaintext(base.to_string())),
            _ => Err(SetupError::NotAnAddress(base.to_string())),
        }
    }

    fn client(&self, deadline: Duration) -> ClientBuilder {
        let mut client = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT.min(deadline))
            .timeout(deadline);
        if self.loopback {
            // A proxy cannot reach this machine's own loopback.
            client = client.no_proxy();
        }
        if !self.encrypted {
            // Reading the system's certificates takes most of the time a client needs to be made.
            client = client.tls_certs_only([]);
        }
        client
    }
}

impl Outgoing<'_> {
    fn build(self) -> Result<reqwest::Request, String> {
        let method = Method::from_bytes(self.method.as_bytes()).map_err(|e| e.to_string())?;
        let url = Url::parse(self.url).map_err(|e| e.to_string())?;
        let mut request = reqwest::Request::new(method, url);
        for (name, value) in self.headers {
            let mut value = HeaderValue::from_str(&value)
                .map_err(|_| format!("header {name} cannot be sent"))?;
            value.set_sensitive(true);
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|e| e.to_string())?;
            request.headers_mut().insert(name, value);
        }
        if !self.body.is_empty() {
            *request.body_mut() = Some(self.body.into());
        }
        Ok(request)
    }
}

impl Failure {
    /// Only a failure to connect proves that nothing left; the money client never reuses a
    /// connection, so there is no request waiting in one.
    fn of(error: reqwest::Error) -> Self {
        let said = describe(&error);
        if error.is_connect() || error.is_builder() {
            Self::NotSent { said }
        } else {
            Self::Doubtful { status: None, said }
        }
    }

    /// What went wrong, for people.
    pub fn said(&self) -> &str {
        match self {
            Self::NotSent { said } | Self::Doubtful { said, .. } => said,
        }
    }
}

fn describe(error: &reqwest::Error) -> String {
    let what = if error.is_dns() {
        "the provider's name could not be resolved"
    } else if error.is_connect() {
        "no connection to the provider"
    } else if error.is_timeout() {
        "no answer within the time limit"
    } else {
        "the connection broke before an answer"
    };
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    line(&format!("{what} ({cause})"))
}

/// An id for one exchange: a UUID of version 4 from the operating system's randomness.
///
/// # Errors
/// [`Failure::NotSent`]: the system has no randomness.
pub fn fresh_id() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| Failure::NotSent {
        said: "no randomness for a request id".to_owned(),
    })?;
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    Ok(id.to_string())
}

/// Makes text from outside one harmless line: no control characters, no card numbers, not long.
pub fn line(text: &str) -> String {
    let text = mask_card_numbers(&clean(text));
    let mut characters = text.trim().chars();
    let mut line: String = characters.by_ref().take(LINE_MAX_CHARS).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line
}

async fn read_bounded(response: &mut reqwest::Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| describe(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_LIMIT_BYTES {
            return Err("the answer is larger than 1 MiB".to_owned());
        }
    }
    Ok(body)
}

fn header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn http_date(headers: &HeaderMap, name: &HeaderName) -> Option<DateTime<Utc>> {
    let date = DateTime::parse_from_rfc2822(header(headers, name)?).ok()?;
    Some(date.to_utc())
}

/// `Retry-After` in seconds, or as a date that is read against the provider's own clock, ours only
/// where it does not tell its time. Of a throttled call some say it in another header (nuapay.md 11),
/// which elsewhere only counts calls.
fn retry_after(status: u16, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    if status == THROTTLED && !headers.contains_key(RETRY_AFTER) {
        return rate_limit_reset(headers, now);
    }
    let seconds = header(headers, &RETRY_AFTER)?.parse().ok();
    let wait = seconds.map(Duration::from_secs).or_else(|| {
        let asked_at = http_date(headers, &DATE).unwrap_or(now);
        let until = http_date(headers, &RETRY_AFTER)? - asked_at;
        until.max(TimeDelta::zero()).to_std().ok()
    })?;
    Some(wait.min(RETRY_AFTER_MAX))
}

/// Seconds from now, or the second of the epoch, which is far larger.
fn rate_limit_reset(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let figure: u64 = header(headers, &RATE_LIMIT_RESET)?.parse().ok()?;
    let asked_at = http_date(headers, &DATE).unwrap_or(now);
    let wait = match u64::try_from(asked_at.timestamp()) {
        Ok(second) if figure > RETRY_AFTER_MAX.as_secs() => figure.saturating_sub(second),
        _ => figure,
    };
    Some(Duration::from_secs(wait).min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn headers(retry: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            DATE,
            HeaderValue::from_static("Sat, 21 Nov 2026 10:00:00 GMT"),
        );
        headers.insert(RETRY_AFTER, HeaderValue::from_str(retry).unwrap());
        headers
    }

    #[rstest]
    #[case("30", Some(30))]
    #[case("Sat, 21 Nov 2026 10:02:00 GMT", Some(120))]
    #[case("Sat, 21 Nov 2026 09:00:00 GMT", Some(0))]
    #[case("99999999999", Some(86_400))]
    #[case("soon", None)]
    #[case("-1", None)]
    fn retry_after_is_seconds_or_a_date(#[case] value: &str, #[case] seconds: Option<u64>) {
        // Our clock is an hour off: the provider's own counts.
        let ours = "2026-11-21T11:00:00Z".parse().unwrap();
        let wait = retry_after(503, &headers(value), ours);
        assert_eq!(wait, seconds.map(Duration::from_secs));
    }

    #[test]
    fn a_date_without_the_providers_time_is_read_against_ours() {
        let mut headers = headers("Sat, 21 Nov 2026 10:02:00 GMT");
        headers.remove(DATE);
        let ours = "2026-11-21T10:00:30Z".parse().unwrap();
        assert_eq!(
            retry_after(429, &headers, ours),
            Some(Duration::from_secs(90))
        );
    }

    #[rstest]
    #[case(429, "17", Some(17))]
    #[case(429, "1795255217", Some(17))]
    #[case(429, "1", Some(1))]
    #[case(429, "soon", None)]
    #[case(200, "17", None)]
    fn a_throttled_call_may_be_told_in_another_header(
        #[case] status: u16,
        #[case] value: &str,
        #[case] seconds: Option<u64>,
    ) {
        let mut headers = headers("1");
        headers.remove(RETRY_AFTER);
        headers.insert(RATE_LIMIT_RESET, HeaderValue::from_str(value).unwrap());
        let wait = retry_after(status, &headers, "2026-11-21T11:00:00Z".parse().unwrap());
        assert_eq!(wait, seconds.map(Duration::from_secs));
    }

    #[rstest]
    #[case("https://connect.fiservapis.com/ch", true)]
    #[case("http://127.0.0.1:8080/ch", true)]
    #[case("http://localhost:8080/ch", true)]
    #[case("http://[::1]:8080/ch", true)]
    #[case("http://connect.fiservapis.com/ch", false)]
    #[case("http://localhost.example.com/ch", false)]
    #[case("ftp://127.0.0.1/ch", false)]
    #[case("mailto:someone@example.com", false)]
    fn credentials_never_travel_readable(#[case] base: &str, #[case] accepted: bool) {
        let base = Url::parse(base).unwrap();
        assert_eq!(Base::check(&base).is_ok(), accepted);
    }

    #[test]
    fn a_line_is_harmless_and_short() {
        let said = line(&format!(
            "\u{1b}[2J 4111 1111 1111 1111 {}",
            "x".repeat(900)
        ));
        assert!(said.starts_with("\\u{1b}[2J [card ending 1111] xxx"));
        assert_eq!(said.chars().count(), LINE_MAX_CHARS + 1);
    }
}
