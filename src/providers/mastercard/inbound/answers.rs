//! What calls are answered (fact sheet 2.3, 3, 4, 6 and 8). The bodies of answers by the debtor's side
//! are inferred.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Inbound;
use crate::providers::mastercard::parts;
use crate::providers::mastercard::wire::time;
use crate::providers::network::{Answer, Message, Received, Response};

/// How a question stands that was taken in (fact sheet 9).
const WILL_FOLLOW: &str = "WFPC";

/// Whether a 200 to it is signed: answers to questions about a status are not.
pub fn are_signed(message: &Message) -> bool {
    match message {
        Message::AccountAdvice { .. }
        | Message::RefundRequested(_)
        | Message::RefundConfirmed { .. } => true,
        Message::RefundStatusAsked { .. } | Message::PaymentStatusAsked { .. } => false,
    }
}

/// The answer to a call.
pub fn of(inbound: &Inbound, received: &Received, answer: &Answer) -> Response {
    let request_id = received.request_id.as_deref();
    let more = match answer {
        Answer::Acknowledged => Map::new(),
        Answer::Account { refund, account } => members(json!({
            "refundRequestLifecycleId": refund,
            "debtorAccount": {
                "accountNumber": account.number,
                "clearingSystem": account.clearing_system,
                "accountName": account.holder,
            },
        })),
        Answer::WillFollow { retrieval } => {
            let (member, id) = question(&received.message, retrieval);
            members(json!({ (member): id, "retrievalRequestStatus": WILL_FOLLOW }))
        }
        Answer::Refused {
            code,
            why,
            recoverable,
        } => {
            let code = code.as_deref().or(inbound.refusal_code.as_deref());
            return inbound.error(400, request_id, code, why, *recoverable);
        }
        Answer::Unavailable => return inbound.unavailable(request_id),
    };
    inbound.agreed(received, more)
}

/// The member that names a question, and its name: the network's own goes before ours.
fn question<'m>(message: &'m Message, ours: &'m str) -> (&'static str, &'m str) {
    let (member, theirs) = match message {
        Message::PaymentStatusAsked { retrieval, .. } => (
            "paymentRequestStatusRetrievalLifecycleId",
            retrieval.as_deref(),
        ),
        Message::RefundStatusAsked { retrieval, .. } => (
            "refundRequestStatusRetrievalLifecycleId",
            retrieval.as_deref(),
        ),
        _ => ("refundRequestStatusRetrievalLifecycleId", None),
    };
    (member, theirs.unwrap_or(ours))
}

/// The members of an object, without those that are null, in their objects too.
fn members(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else {
        return Map::new();
    };
    let each = members.into_iter().filter(|(_, value)| !value.is_null());
    each.map(|(name, value)| match value {
        value @ Value::Object(_) => (name, Value::Object(self::members(value))),
        value => (name, value),
    })
    .collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseBlock<'a> {
    initiating_party_id: &'a str,
    message_id: String,
    creation_date_time: String,
    original_message_id: &'a str,
    #[serde(flatten)]
    more: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    errors: Errors<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Errors<'a> {
    error: [Error<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Error<'a> {
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<&'a str>,
    description: &'a str,
    recoverable: bool,
}

impl Inbound {
    fn agreed(&self, received: &Received, more: Map<String, Value>) -> Response {
        let request_id = received.request_id.as_deref();
        let key = received.idempotency_key.as_deref().unwrap_or_default();
        let block = ResponseBlock {
            initiating_party_id: self.party.id(),
            message_id: parts::derived_id(
                "answer-id",
                &[self.party.id(), &received.message_id, key],
            ),
            creation_date_time: time(self.clock.now()),
            original_message_id: &received.message_id,
            more,
        };
        match serde_json::to_vec(&block) {
            Ok(body) => self.response(200, request_id, body, are_signed(&received.message)),
            Err(_) => self.unavailable(request_id),
        }
    }

    /// We cannot tell now.
    fn unavailable(&self, request_id: Option<&str>) -> Response {
        let said = "this cannot be answered now; ask again";
        self.error(500, request_id, None, said, true)
    }

    /// The network's envelope of errors.
    pub(super) fn error(
        &self,
        status: u16,
        request_id: Option<&str>,
        code: Option<&str>,
        description: &str,
        recoverable: bool,
    ) -> Response {
        let error = Error {
            source: self.party.id(),
            reason_code: code,
            description,
            recoverable,
        };
        let errors = Errors { error: [error] };
        // Texts and a flag: there is nothing in it that has no JSON.
        let body = serde_json::to_vec(&Envelope { errors }).unwrap_or_default();
        self.response(status, request_id, body, false)
    }

    /// Headers, and a signature made now where one is due. Without it the network would not believe the
    /// answer, so that it is none.
    pub(super) fn response(
        &self,
        status: u16,
        request_id: Option<&str>,
        body: Vec<u8>,
        signed: bool,
    ) -> Response {
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("x-participant-id".to_owned(), self.participant_id.clone()),
            ("x-product-id".to_owned(), self.product_id.clone()),
        ];
        let echoed = request_id.map(|id| ("x-request-id".to_owned(), id.to_owned()));
        headers.extend(echoed);
        if signed {
            match self.signer.sign(&body, self.clock.now()) {
                Ok(signature) => headers.push(("x-jws-signature".to_owned(), signature)),
                Err(_) => return self.unavailable(request_id),
            }
        }
        Response {
            status,
            headers,
            body,
        }
    }
}
