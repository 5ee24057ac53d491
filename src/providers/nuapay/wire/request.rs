//! What we send (fact sheet 2 and 6).

use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::money::{Currency, Money};

/// The body of a refund; members in the order of the fact sheet's example.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundRequest<'a> {
    /// The principal, a JSON number.
    pub refund_amount: Box<RawValue>,
    /// Always the payment's.
    pub currency: Currency,
    /// Omitted when unused: zero and null both break the schema, and the misspelt name that a page
    /// prints would be dropped in silence (fact sheet 13, rows 1 and 12).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compensation_amount: Option<Box<RawValue>>,
    /// Our reference, echoed in every answer.
    pub end_to_end_identification: &'a str,
    /// What the payer reads on the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remittance_information: Option<Remittance>,
}

/// The payer's text, in the member of its currency.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Remittance {
    /// Faster Payments, GBP.
    Reference(String),
    /// SEPA, EUR.
    Unstructured(String),
}

/// The body with which a token is asked for: JSON, not an OAuth form.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRequest {
    /// What the token may do.
    pub scopes: &'static [&'static str],
    /// Seconds. Always sent: the default is ten (fact sheet 13, row 13).
    pub expires_in: u32,
}

/// An amount as a JSON number with its currency's decimals.
///
/// # Errors
/// When the decimal text is not a JSON number, which no [`Money`] gives.
pub fn number(money: Money) -> serde_json::Result<Box<RawValue>> {
    RawValue::from_string(money.decimal())
}
