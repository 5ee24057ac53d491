//! What we send (fact sheet 4.1, 4.2, 6.3).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::money::{Currency, Money};

/// `merchantInvoiceNumber` in the pages; the schema allows more (fact sheet 12, row 14).
pub const INVOICE_MAX_CHARS: usize = 12;

/// The body of a refund; members in the order of the fact sheet's example.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundRequest<'a> {
    /// The payment; absent where the URL names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_transaction_details: Option<Reference<'a>>,
    /// Always sent: "full" after a partial refund is undefined (fact sheet 3.3).
    pub amount: Amount,
    /// Our references and reason.
    pub transaction_details: Details<'a>,
    /// The account.
    pub merchant_details: Merchant<'a>,
}

/// Exactly one way of naming a transaction.
#[derive(Serialize)]
pub enum Reference<'a> {
    /// The provider's id.
    #[serde(rename = "referenceTransactionId")]
    Transaction(&'a str),
    /// Ours.
    #[serde(rename = "referenceMerchantTransactionId")]
    MerchantTransaction(&'a str),
    /// The provider's id of an order: all its transactions. For inquiries only.
    #[serde(rename = "referenceOrderId")]
    Order(&'a str),
}

/// An amount as a JSON number with exactly its currency's decimals.
#[derive(Serialize)]
pub struct Amount {
    total: Box<RawValue>,
    currency: Currency,
}

impl Amount {
    /// The wire form of an amount.
    ///
    /// # Errors
    /// When the decimal text is not a JSON number, which no [`Money`] gives.
    pub fn new(money: Money) -> serde_json::Result<Self> {
        Ok(Self {
            total: RawValue::from_string(money.decimal())?,
            currency: money.currency,
        })
    }
}

/// `transactionDetails` of a refund.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Details<'a> {
    /// False: the refund is only authorised, and no money moves before its capture (fact sheet 3.4).
    pub capture_flag: bool,
    /// Our reference, unique for ever.
    pub merchant_transaction_id: &'a str,
    /// The order number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant_order_id: Option<&'a str>,
    /// The invoice number, cut to [`INVOICE_MAX_CHARS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant_invoice_number: Option<&'a str>,
    /// The reason: the provider has no field of its own for it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub payment_description: String,
}

/// The body of a cancel (fact sheet 5).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelRequest<'a> {
    /// The charge, or the refund that is to be stopped.
    pub reference_transaction_details: Reference<'a>,
    /// Our reference and the reason.
    pub transaction_details: CancelDetails<'a>,
    /// The account.
    pub merchant_details: Merchant<'a>,
}

/// `transactionDetails` of a cancel.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelDetails<'a> {
    /// `VOID`: the ordinary full undo.
    pub reversal_reason_code: &'a str,
    /// Our reference of the cancel itself: without it an answer that is lost could only be asked
    /// about by request id.
    pub merchant_transaction_id: &'a str,
}

/// The body that captures an authorised refund (fact sheet 3.4).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaptureRequest<'a> {
    /// The refund's own transaction.
    pub reference_transaction_details: Reference<'a>,
    /// The refund's: an absent amount means the original total (fact sheet 3.3).
    pub amount: Amount,
    /// The flag that pays.
    pub transaction_details: CaptureDetails<'a>,
    /// The account.
    pub merchant_details: Merchant<'a>,
}

/// `transactionDetails` of a capture.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaptureDetails<'a> {
    /// True.
    pub capture_flag: bool,
    /// Our reference of the capture itself.
    pub merchant_transaction_id: &'a str,
}

/// Whether a refund of ours was sent to be captured at once; none when its body is not known.
pub fn captures_at_once(body: &[u8]) -> Option<bool> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Sent {
        transaction_details: Flags,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Flags {
        capture_flag: bool,
    }
    let sent: Sent = serde_json::from_slice(body).ok()?;
    Some(sent.transaction_details.capture_flag)
}

/// `merchantDetails`; both ids are always sent (fact sheet 12, row 11).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Merchant<'a> {
    /// The merchant.
    pub merchant_id: &'a str,
    /// The terminal.
    pub terminal_id: &'a str,
}

/// The body of a transaction inquiry.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InquiryRequest<'a> {
    /// Whom to look for.
    pub reference_transaction_details: Reference<'a>,
    /// The account.
    pub merchant_details: Merchant<'a>,
}
