//! What we send (fact sheet 4, 5 and 6). Members stand in the order of the fact sheet's samples.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::money::{Currency, Money};

/// UTC with milliseconds and `Z`.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The request block, flat at the top of every body.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestBlock {
    /// Who initiates it.
    pub initiating_party_id: String,
    /// 32 hex digits.
    pub message_id: String,
    /// When it was written.
    pub creation_date_time: String,
    /// A number, not a string.
    pub business_type: u32,
}

/// `creditor`.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Creditor {
    /// The merchant.
    pub creditor_id: String,
    /// Who serves it.
    pub creditor_service_provider_id: String,
}

/// `debtor`.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Debtor {
    /// Who paid.
    pub debtor_id: String,
    /// Who serves them.
    pub debtor_service_provider_id: String,
}

/// An amount: currency and a JSON number.
#[derive(Serialize)]
pub struct Amount {
    /// The currency.
    pub currency: Currency,
    /// The number, with the currency's decimals.
    pub value: Box<RawValue>,
}

impl Amount {
    /// An amount as it is written.
    ///
    /// # Errors
    /// When the decimal text is not a JSON number, which no [`Money`] gives.
    pub fn of(money: Money) -> serde_json::Result<Self> {
        Ok(Self {
            currency: money.currency,
            value: RawValue::from_string(money.decimal())?,
        })
    }
}

/// The refund account request (5.1).
#[derive(Serialize)]
pub struct RefundRequest<'a> {
    /// The request block.
    #[serde(flatten)]
    pub block: RequestBlock,
    /// The merchant.
    pub creditor: &'a Creditor,
    /// The refund.
    pub refund: RefundParts<'a>,
}

/// `refund` of a refund account request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundParts<'a> {
    /// The payment, as in the path.
    pub payment_request_lifecycle_id: &'a str,
    /// Our reference.
    pub creditor_refund_reference: &'a str,
    /// How much.
    pub refund_amount: Amount,
    /// Why, in the network's word.
    pub refund_reason: &'a str,
    /// By which rail.
    pub refund_method: &'a str,
    /// Only of a dispute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_reference_id: Option<&'a str>,
}

/// The refund payment confirmation (5.4): ids at the top, and a lower-case `p` in
/// `refundpaymentReference` (fact sheet 11, row 7).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Confirmation<'a> {
    /// The request block.
    #[serde(flatten)]
    pub block: RequestBlock,
    /// The payment.
    pub payment_request_lifecycle_id: &'a str,
    /// The refund.
    pub refund_request_lifecycle_id: &'a str,
    /// The merchant.
    pub creditor: &'a Creditor,
    /// That it was paid.
    pub status: RefundState,
    /// With what.
    pub refund_payment_confirmation: PaidWith<'a>,
    /// The question it answers, where it answers one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_request_status_retrieval_lifecycle_id: Option<&'a str>,
}

/// `status` of a confirmation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundState {
    /// `APPR`.
    pub refund_status: &'static str,
}

/// `refundPaymentConfirmation`.
#[derive(Serialize)]
pub struct PaidWith<'a> {
    /// The bank's reference.
    #[serde(rename = "refundpaymentReference")]
    pub reference: &'a str,
    /// The rail.
    #[serde(rename = "clearingSystem")]
    pub clearing_system: &'a str,
    /// What was paid.
    #[serde(rename = "refundAmount")]
    pub amount: Amount,
}

/// The question whether a refund was paid (6.3).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundStatusRequest<'a> {
    /// The request block.
    #[serde(flatten)]
    pub block: RequestBlock,
    /// The payment.
    pub payment_request_lifecycle_id: &'a str,
    /// The refund.
    pub refund_request_lifecycle_id: &'a str,
    /// Who paid.
    pub debtor: Debtor,
}

/// The answer to a payment status retrieval (6.4). Its body is not public: inferred from 5.4.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentAdvice<'a> {
    /// The request block.
    #[serde(flatten)]
    pub block: RequestBlock,
    /// The payment.
    pub payment_request_lifecycle_id: &'a str,
    /// Who paid.
    pub debtor: Debtor,
    /// Whether it was paid.
    pub status: PaymentState,
    /// What was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_amount: Option<Amount>,
    /// The question it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_request_status_retrieval_lifecycle_id: Option<&'a str>,
}

/// `status` of a payment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentState {
    /// `APPR` or `RJCT`.
    pub transaction_status: &'static str,
}
