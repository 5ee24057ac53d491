//! The network's calls: proven, read and answered (fact sheet 2, 3, 5.2, 6, 7.2 and 8). Their bodies
//! are not public, so they are read leniently, and a signed account advice is never turned away for
//! its shape.

use chrono::TimeDelta;

use self::body::Body;
use self::route::Route;
use super::jws::{Refused, Signer, Verifier};
use super::keys::Certificates;
use super::parts::{self, Party};
use crate::clock::Clock;
use crate::config::mastercard::Link;
use crate::providers::http::redact::redact;
use crate::providers::inbound::{Headers, header};
use crate::providers::network::{Answer, Call, Received, Response};

mod account;
mod answers;
mod body;
mod route;

pub use route::Side;

/// Form of headers and bodies (fact sheet 8).
const STRUCTURE: &str = "STVL-9999";
/// Signature.
const SECURITY: &str = "SECU-9999";
/// `X-Participant-ID` is not valid.
const NO_PARTICIPANT: &str = "AGRM-0001";
/// `initiatingPartyId` is another than `X-Participant-ID`.
const OTHER_PARTY: &str = "AGRM-0003";
/// `businessType` is not valid.
const BUSINESS_TYPE: &str = "AGRM-0004";
/// The id of the path is another than the body's.
const OTHER_ID: &str = "AGRM-0033";
/// Headers of fact sheet 3.
const HEADER_MAX_CHARS: usize = 50;

/// Reads and answers the calls of one participant's network.
pub struct Inbound {
    side: Side,
    party: Party,
    participant_id: String,
    product_id: String,
    known_participants: Vec<String>,
    check_initiating_party: bool,
    /// What a refusal by a rule of ours is called.
    refusal_code: Option<String>,
    verifier: Verifier,
    signer: Signer,
    clock: Clock,
}

/// Why a call is not answered by the desk.
struct Rejection {
    status: u16,
    code: Option<&'static str>,
    said: String,
}

impl Rejection {
    fn structure(said: impl Into<String>) -> Self {
        Self::rule(STRUCTURE, said)
    }

    fn rule(code: &'static str, said: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: Some(code),
            said: said.into(),
        }
    }

    fn unsigned(refused: Refused) -> Self {
        let (status, code) = match refused.is_of_form() {
            true => (400, STRUCTURE),
            false => (401, SECURITY),
        };
        Self {
            status,
            code: Some(code),
            said: refused.to_string(),
        }
    }
}

/// The headers that a call must have.
struct Named<'h> {
    request_id: Option<&'h str>,
    participant_id: Option<&'h str>,
    idempotency_key: Option<&'h str>,
}

impl Inbound {
    /// The calls of the participant of these settings.
    pub fn new(
        side: Side,
        link: &Link,
        refusal_code: Option<String>,
        certificates: &Certificates,
        signer: Signer,
        clock: Clock,
    ) -> Self {
        Self {
            side,
            party: Party::of(link),
            participant_id: link.participant_id.clone(),
            product_id: link.product_id.clone(),
            known_participants: link.network_participant_ids.clone(),
            check_initiating_party: link.check_initiating_party,
            refusal_code,
            verifier: Verifier {
                keys: certificates.keys(),
                accept_rs256: link.accept_rs256,
                tolerance: TimeDelta::seconds(link.clock_tolerance_seconds.into()),
            },
            signer,
            clock,
        }
    }

    /// What signs all that this participant sends.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// What a call says, once it is proven to be the network's.
    ///
    /// # Errors
    /// The answer to a call that is not, or that cannot be read.
    pub fn read(&self, call: &Call<'_>) -> Result<Received, Response> {
        self.prove(call)
            .and_then(|()| self.understand(call))
            .map_err(|rejection| {
                let request_id = header(call.headers, "x-request-id").filter(|it| is_bounded(it));
                self.error(
                    rejection.status,
                    request_id,
                    rejection.code,
                    &rejection.said,
                    false,
                )
            })
    }

    /// The exact bytes are proven before anything of them is read.
    fn prove(&self, call: &Call<'_>) -> Result<(), Rejection> {
        let signature =
            header(call.headers, "x-jws-signature").ok_or(Rejection::unsigned(Refused::Missing))?;
        let payload = match call.method {
            "GET" => call.target.as_bytes(),
            _ => call.body,
        };
        self.verifier
            .verify(signature, payload, self.clock.now())
            .map_err(Rejection::unsigned)
    }

    fn understand(&self, call: &Call<'_>) -> Result<Received, Rejection> {
        let route = Route::of(self.side, call.method, call.path).ok_or_else(|| Rejection {
            status: 404,
            ..Rejection::structure("there is no such operation here")
        })?;
        let named = self.headers(call.headers, route.is_lenient())?;
        let body = Body::read(call.body, route.is_lenient()).map_err(Rejection::structure)?;
        self.check_block(&body, &named, route.is_lenient())?;
        check_ids(&body, &route)?;
        let message_id = body
            .message_id()
            .map_or_else(|| unnamed(call, &named), str::to_owned);
        let message = body.message(&route).map_err(Rejection::structure)?;
        Ok(Received {
            idempotency_key: named.idempotency_key.map(str::to_owned),
            message_id,
            request_id: named.request_id.map(str::to_owned),
            raw: kept(call.body, &body),
            message,
        })
    }

    fn headers<'h>(&self, headers: Headers<'h>, lenient: bool) -> Result<Named<'h>, Rejection> {
        let bounded = |name: &'static str| {
            let value = header(headers, name).filter(|it| is_bounded(it));
            match value {
                None if !lenient => Err(Rejection::structure(format!(
                    "{name} must be there once, with 1 to {HEADER_MAX_CHARS} characters"
                ))),
                value => Ok(value),
            }
        };
        let request_id = bounded("x-request-id")?;
        bounded("x-product-id")?;
        let participant_id = bounded("x-participant-id")?;
        let key = header(headers, "idempotency-key").filter(|it| is_uuid(it));
        if key.is_none() && !lenient {
            return Err(Rejection::structure("idempotency-key must be a UUID"));
        }
        let known = &self.known_participants;
        let is_known = |id: &str| known.is_empty() || known.iter().any(|it| it == id);
        match participant_id.is_none_or(is_known) {
            true => Ok(Named {
                request_id,
                participant_id,
                idempotency_key: key,
            }),
            false => Err(Rejection::rule(
                NO_PARTICIPANT,
                "X-Participant-ID is not one that may call here",
            )),
        }
    }

    /// The request block (fact sheet 4), and who may say what (fact sheet 8).
    fn check_block(&self, body: &Body, named: &Named<'_>, lenient: bool) -> Result<(), Rejection> {
        if !lenient {
            body.check_block().map_err(Rejection::structure)?;
            if !body.has_business_type() {
                return Err(Rejection::rule(
                    BUSINESS_TYPE,
                    "businessType is not a number from 1 to 999",
                ));
            }
        }
        let parties = body.initiating_party().zip(named.participant_id);
        match parties.is_none_or(|(party, participant)| party == participant) {
            false if self.check_initiating_party => Err(Rejection::rule(
                OTHER_PARTY,
                "initiatingPartyId differs from X-Participant-ID",
            )),
            _ => Ok(()),
        }
    }

    /// The answer to a call.
    pub fn answer(&self, received: &Received, answer: &Answer) -> Response {
        answers::of(self, received, answer)
    }

    /// The answer that was given before, signed anew.
    pub fn again(&self, received: &Received, status: u16, body: &[u8]) -> Response {
        let signed = status == 200 && answers::are_signed(&received.message);
        self.response(
            status,
            received.request_id.as_deref(),
            body.to_vec(),
            signed,
        )
    }
}

fn check_ids(body: &Body, route: &Route) -> Result<(), Rejection> {
    let differs = |named: Vec<&str>, path: Option<&str>| {
        path.is_some_and(|path| named.iter().any(|it| *it != path))
    };
    let payment = differs(body.payments(), Some(route.payment()));
    let refund = differs(body.refunds(), route.refund());
    match (payment, refund) {
        (true, _) => Err(Rejection::rule(
            OTHER_ID,
            "paymentRequestLifecycleId differs from the path's",
        )),
        (_, true) => Err(Rejection::rule(
            OTHER_ID,
            "refundRequestLifecycleId differs from the path's",
        )),
        _ => Ok(()),
    }
}

/// An answer must name its message: one without a name of its own gets one that follows from it.
fn unnamed(call: &Call<'_>, named: &Named<'_>) -> String {
    let text = String::from_utf8_lossy(call.body);
    let key = named.idempotency_key.unwrap_or_default();
    parts::derived_id("unnamed-message", &[call.path, key, &text])
}

/// The body as it may be kept: the account stands in it nowhere, whatever the member is called.
fn kept(bytes: &[u8], body: &Body) -> String {
    let mut raw = redact(bytes).unwrap_or_default();
    for number in body.account_texts() {
        raw = raw.replace(&number, "[removed]");
    }
    raw
}

fn is_bounded(value: &str) -> bool {
    (1..=HEADER_MAX_CHARS).contains(&value.len()) && value.bytes().all(|it| it.is_ascii_graphic())
}

/// 36 characters with dashes.
fn is_uuid(value: &str) -> bool {
    value.len() == 36 && uuid::Uuid::try_parse(value).is_ok()
}

#[cfg(test)]
mod tests;
