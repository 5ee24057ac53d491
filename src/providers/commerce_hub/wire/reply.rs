//! What we receive (fact sheet 6.1, 7.1), read leniently: every member is optional, unknown ones
//! are ignored, and a scalar where a text is expected is taken as its text. A member of another
//! shape makes the body unreadable, which is doubt.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::money::{Currency, Money};

/// A response, or one item of an inquiry's answer.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Envelope {
    gateway_response: Option<Object<GatewayResponse>>,
    payment_receipt: Option<Object<PaymentReceipt>>,
    transaction_details: Option<Object<TransactionDetails>>,
    error: Option<Errors>,
    error_response: Option<Box<Object<Envelope>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GatewayResponse {
    transaction_type: Option<Text>,
    transaction_state: Option<Text>,
    transaction_processing_details: Option<Object<ProcessingDetails>>,
    error: Option<Errors>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ProcessingDetails {
    order_id: Option<Text>,
    transaction_timestamp: Option<Text>,
    api_trace_id: Option<Text>,
    client_request_id: Option<Text>,
    transaction_id: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PaymentReceipt {
    approved_amount: Option<Object<ApprovedAmount>>,
    processor_response_details: Option<Object<ProcessorResponse>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ProcessorResponse {
    approval_status: Option<Text>,
    response_code: Option<Text>,
    response_message: Option<Text>,
    host_response_code: Option<Text>,
    reference_number: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TransactionDetails {
    capture_flag: Option<Text>,
    merchant_transaction_id: Option<Text>,
}

/// `approvedAmount` as it stands in the body.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ApprovedAmount {
    total: Option<Box<RawValue>>,
    currency: Option<Text>,
}

/// One entry of an error list.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct ErrorEntry {
    #[serde(rename = "type")]
    kind: Option<Text>,
    code: Option<Text>,
    field: Option<Text>,
    message: Option<Text>,
}

impl ErrorEntry {
    /// HOST, GATEWAY, NETWORK or APIM, the API gateway in front.
    pub fn is_from_api_gateway(&self) -> bool {
        text(&self.kind).is_some_and(|kind| kind.eq_ignore_ascii_case("APIM"))
    }

    /// The error code.
    pub fn code(&self) -> Option<&str> {
        text(&self.code)
    }

    /// The member that is wrong.
    pub fn field(&self) -> Option<&str> {
        text(&self.field)
    }

    /// The provider's words.
    pub fn message(&self) -> Option<&str> {
        text(&self.message)
    }
}

/// What the provider says was approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approved {
    /// No amount is named.
    Unnamed,
    /// An amount.
    Of(Money),
    /// Something that is not an amount in the currency asked for.
    Unreadable,
}

impl Envelope {
    /// Reads the answer to a refund; `None` when it is not one.
    pub fn read(body: &[u8]) -> Option<Self> {
        let Object(reply) = serde_json::from_slice(body).ok()?;
        Some(reply)
    }

    /// Reads the answer to an inquiry, which is always a list (fact sheet 6.3).
    pub fn read_list(body: &[u8]) -> Option<Vec<Self>> {
        let list: Vec<Object<Self>> = serde_json::from_slice(body).ok()?;
        Some(list.into_iter().map(|Object(record)| record).collect())
    }

    /// The error list, wherever it is (fact sheet 7.1).
    pub fn errors(&self) -> Vec<&ErrorEntry> {
        let nested = self.gateway_response.as_ref().map(|inner| &inner.error);
        let mut all: Vec<&ErrorEntry> = [Some(&self.error), nested]
            .into_iter()
            .flatten()
            .flatten()
            .flat_map(|errors| errors.0.iter().map(Deref::deref))
            .collect();
        if let Some(wrapped) = &self.error_response {
            all.extend(wrapped.errors());
        }
        all
    }

    /// Whether the body has anything of a response of this provider.
    pub fn says_something(&self) -> bool {
        self.gateway().is_some() || !self.errors().is_empty()
    }

    fn gateway(&self) -> Option<&GatewayResponse> {
        let wrapped = self.error_response.as_ref();
        self.gateway_response
            .as_deref()
            .or_else(|| wrapped.and_then(|wrapped| wrapped.gateway()))
    }

    fn processing(&self) -> Option<&ProcessingDetails> {
        self.gateway()?.transaction_processing_details.as_deref()
    }

    fn processor(&self) -> Option<&ProcessorResponse> {
        let receipt = self.payment_receipt.as_ref()?;
        receipt.processor_response_details.as_deref()
    }

    /// `transactionState`.
    pub fn state(&self) -> Option<&str> {
        text(&self.gateway()?.transaction_state)
    }

    /// `transactionType`.
    fn kind(&self) -> Option<&str> {
        self.gateway().and_then(|it| text(&it.transaction_type))
    }

    /// False only when the transaction is named as something else than a refund.
    pub fn may_be_refund(&self) -> bool {
        self.kind()
            .is_none_or(|kind| matches!(&*kind.to_ascii_uppercase(), "REFUND" | "REFUNDS"))
    }

    /// False only when the transaction is named as something else than a refund or a capture.
    pub fn may_be_capture(&self) -> bool {
        let capture = |kind: &str| kind.eq_ignore_ascii_case("CAPTURE");
        self.may_be_refund() || self.kind().is_some_and(capture)
    }

    /// Whether the record says that it waits to be captured; a flag is a text now and then.
    pub fn waits_for_capture(&self) -> bool {
        let details = self.transaction_details.as_ref();
        let flag = details.and_then(|details| text(&details.capture_flag));
        flag.is_some_and(|flag| flag.eq_ignore_ascii_case("false"))
    }

    /// The order of the charge, which its refunds share.
    pub fn order_id(&self) -> Option<&str> {
        text(&self.processing()?.order_id)
    }

    /// When the transaction was made, as written.
    pub fn timestamp(&self) -> Option<&str> {
        text(&self.processing()?.transaction_timestamp)
    }

    /// True when the transaction is named as a charge or its capture: CHARGE, CHARGE_SALE … (fact
    /// sheet 6.3).
    pub fn is_charge(&self) -> bool {
        self.kind().is_some_and(|kind| {
            let kind = kind.to_ascii_uppercase();
            kind.starts_with("CHARGE") || kind == "CAPTURE"
        })
    }

    /// True only when the transaction is named as a refund.
    pub fn is_refund(&self) -> bool {
        self.kind().is_some() && self.may_be_refund()
    }

    /// True only when the transaction is named as a cancel.
    pub fn is_cancel(&self) -> bool {
        self.kind()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("CANCEL"))
    }

    /// False only when the transaction is named as something else than a cancel.
    pub fn may_be_cancel(&self) -> bool {
        self.kind().is_none() || self.is_cancel()
    }

    /// The provider's id of the transaction.
    pub fn transaction_id(&self) -> Option<&str> {
        text(&self.processing()?.transaction_id)
    }

    /// What the provider's support asks for.
    pub fn api_trace_id(&self) -> Option<&str> {
        text(&self.processing()?.api_trace_id)
    }

    /// The `Client-Request-Id` of the request that made the transaction.
    pub fn client_request_id(&self) -> Option<&str> {
        text(&self.processing()?.client_request_id)
    }

    /// Our reference, where it is echoed.
    pub fn merchant_transaction_id(&self) -> Option<&str> {
        text(&self.transaction_details.as_ref()?.merchant_transaction_id)
    }

    /// `approvalStatus`.
    pub fn approval_status(&self) -> Option<&str> {
        text(&self.processor()?.approval_status)
    }

    /// The normalised response code.
    pub fn response_code(&self) -> Option<&str> {
        text(&self.processor()?.response_code)
    }

    /// The provider's words for the response code.
    pub fn response_message(&self) -> Option<&str> {
        text(&self.processor()?.response_message)
    }

    /// The processor's own code.
    pub fn host_response_code(&self) -> Option<&str> {
        text(&self.processor()?.host_response_code)
    }

    /// What a bank asks for when tracing the refund.
    pub fn reference_number(&self) -> Option<&str> {
        text(&self.processor()?.reference_number)
    }

    /// The approved amount, read for a refund in `asked`.
    pub fn approved(&self, asked: Currency) -> Approved {
        let receipt = self.payment_receipt.as_ref();
        let Some(amount) = receipt.and_then(|receipt| receipt.approved_amount.as_ref()) else {
            return Approved::Unnamed;
        };
        let foreign = text(&amount.currency).is_some_and(|currency| currency != asked.code());
        match &amount.total {
            _ if foreign => Approved::Unreadable,
            None => Approved::Unnamed,
            Some(total) => read_total(total, asked).map_or(Approved::Unreadable, Approved::Of),
        }
    }
}

/// A JSON number, or a string of one; missing decimals are zeros and superfluous zeros are none.
fn read_total(total: &RawValue, currency: Currency) -> Option<Money> {
    let raw = total.get();
    let unquoted: String = match raw.starts_with('"') {
        true => serde_json::from_str(raw).ok()?,
        false => raw.to_owned(),
    };
    let figure = match unquoted.split_once('.') {
        Some((main, fraction)) if !fraction.is_empty() => {
            let exponent = currency.exponent() as usize;
            let significant = fraction.trim_end_matches('0').len().max(exponent);
            let fraction = fraction.get(..significant).unwrap_or(fraction);
            match fraction {
                "" => main.to_owned(),
                _ => format!("{main}.{fraction}"),
            }
        }
        _ => unquoted,
    };
    Money::parse(&figure, currency).ok()
}

/// A scalar as text.
#[derive(Clone)]
struct Text(String);

fn text(text: &Option<Text>) -> Option<&str> {
    text.as_ref()
        .map(|text| text.0.trim())
        .filter(|text| !text.is_empty())
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor).map(Self)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number or a boolean")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_u64<E>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_bool<E>(self, truth: bool) -> Result<String, E> {
        Ok(truth.to_string())
    }
}

/// A JSON object and nothing else: serde would also take a list for a struct, member by member.
#[derive(Clone)]
struct Object<T>(T);

impl<T> Deref for Object<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = deserializer.deserialize_map(ObjectVisitor(PhantomData))?;
        Ok(Self(object))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// A list of errors, or one error alone, or only its words.
struct Errors(Vec<Object<ErrorEntry>>);

impl<'de> Deserialize<'de> for Errors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let list = match raw.get().as_bytes().first() {
            Some(b'[') => serde_json::from_str(raw.get()),
            Some(b'{') => serde_json::from_str(raw.get()).map(|one| vec![one]),
            _ => serde_json::from_str(raw.get()).map(|message| {
                vec![Object(ErrorEntry {
                    message: Some(message),
                    ..ErrorEntry::default()
                })]
            }),
        };
        list.map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
