//! What a merchant sends, and the checks that need no records.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::refusal::Refusal;
use super::{MERCHANT_ID, TERMINAL_ID};
use crate::domain::money::{Currency, Money};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundRequest {
    #[serde(default)]
    pub reference_transaction_details: References,
    pub amount: Option<Amount>,
    #[serde(default)]
    pub transaction_details: TransactionDetails,
    #[serde(default)]
    merchant_details: MerchantDetails,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CancelRequest {
    #[serde(default)]
    pub reference_transaction_details: References,
    pub amount: Option<Amount>,
    #[serde(default)]
    pub transaction_details: TransactionDetails,
    #[serde(default)]
    merchant_details: MerchantDetails,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InquiryRequest {
    #[serde(default)]
    pub reference_transaction_details: References,
    #[serde(default)]
    merchant_details: MerchantDetails,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct References {
    reference_transaction_id: Option<String>,
    reference_merchant_transaction_id: Option<String>,
    reference_client_request_id: Option<String>,
    reference_order_id: Option<String>,
    reference_merchant_order_id: Option<String>,
}

/// The one thing a request refers to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reference<'a> {
    Transaction(&'a str),
    MerchantTransaction(&'a str),
    ClientRequest(&'a str),
    Order(&'a str),
    MerchantOrder(&'a str),
}

/// `total` keeps the text of its number: no amount passes through a float.
#[derive(Deserialize)]
pub(super) struct Amount {
    total: Option<Box<RawValue>>,
    currency: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct TransactionDetails {
    capture_flag: Option<bool>,
    pub merchant_transaction_id: Option<String>,
    pub merchant_order_id: Option<String>,
    pub merchant_invoice_number: Option<String>,
    payment_description: Option<String>,
    reversal_reason_code: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct MerchantDetails {
    merchant_id: Option<String>,
    terminal_id: Option<String>,
}

/// Reads a request's body.
pub(super) fn parse<Request: DeserializeOwned>(body: &[u8]) -> Result<Request, Refusal> {
    if body.is_empty() {
        return Err(Refusal::gateway(
            "138",
            "body",
            "Missing Body or Header in Request",
        ));
    }
    let malformed = Refusal::gateway("100", "body", "Invalid or Missing Field Data");
    serde_json::from_slice(body).map_err(|_| malformed)
}

impl RefundRequest {
    /// Checks everything that depends on the request alone.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        self.merchant_details.check_merchant()?;
        self.merchant_details.check_terminal()?;
        self.transaction_details.check()
    }
}

impl RefundRequest {
    /// Whether it only reserves: nothing is paid before a capture (fact sheet 3.4).
    pub(super) fn only_authorises(&self) -> bool {
        self.transaction_details.capture_flag == Some(false)
    }
}

/// The reasons for a cancel that an e-commerce merchant may give (fact sheet 5).
const REVERSAL_REASONS: [&str; 3] = ["VOID", "SUSPECTED_FRAUD", "TIMEOUT"];

impl CancelRequest {
    /// Checks everything that depends on the request alone.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        self.merchant_details.check_merchant()?;
        self.merchant_details.check_terminal()?;
        let reason = self.transaction_details.reversal_reason_code.as_deref();
        if reason.is_some_and(|reason| !REVERSAL_REASONS.contains(&reason)) {
            return Err(Refusal::gateway(
                "100",
                "transactionDetails.reversalReasonCode",
                "Invalid or Missing Field Data",
            ));
        }
        self.transaction_details.check()
    }
}

impl InquiryRequest {
    /// Checks the merchant; published samples send no terminal with an inquiry.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        self.merchant_details.check_merchant()?;
        match self.merchant_details.terminal_id {
            None => Ok(()),
            Some(_) => self.merchant_details.check_terminal(),
        }
    }
}

impl References {
    /// The one reference given; none and several are both refused.
    pub(super) fn only(&self) -> Result<Reference<'_>, Refusal> {
        let given = [
            self.reference_transaction_id
                .as_deref()
                .map(Reference::Transaction),
            self.reference_merchant_transaction_id
                .as_deref()
                .map(Reference::MerchantTransaction),
            self.reference_client_request_id
                .as_deref()
                .map(Reference::ClientRequest),
            self.reference_order_id.as_deref().map(Reference::Order),
            self.reference_merchant_order_id
                .as_deref()
                .map(Reference::MerchantOrder),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(reference), None) => Ok(reference),
            (None, _) => Err(refused("803", "Transaction ID Missing")),
            (Some(_), Some(_)) => Err(refused("100", "Invalid or Missing Field Data")),
        }
    }
}

fn refused(code: &'static str, message: &'static str) -> Refusal {
    Refusal::gateway(code, "referenceTransactionDetails", message)
}

impl Amount {
    /// The amount asked: a JSON number with at most the currency's decimals, not a text.
    pub(super) fn money(&self) -> Result<Money, Refusal> {
        let (Some(total), Some(code)) = (&self.total, &self.currency) else {
            return Err(Refusal::gateway(
                "106",
                "amount",
                "Amount or currency missing",
            ));
        };
        let invalid = || Refusal::gateway("105", "amount", "Invalid Amount or Currency");
        let currency = Currency::from_code(code).map_err(|_| invalid())?;
        let money = Money::parse(total.get(), currency).map_err(|_| invalid())?;
        money.is_positive().then_some(money).ok_or_else(invalid)
    }
}

impl TransactionDetails {
    fn check(&self) -> Result<(), Refusal> {
        for (text, longest, code, field) in [
            (
                &self.merchant_transaction_id,
                128,
                "100",
                "merchantTransactionId",
            ),
            (&self.merchant_order_id, 128, "134", "merchantOrderId"),
            (
                &self.merchant_invoice_number,
                12,
                "135",
                "merchantInvoiceNumber",
            ),
            (&self.payment_description, 1024, "100", "paymentDescription"),
        ] {
            if text
                .as_ref()
                .is_some_and(|text| text.chars().count() > longest)
            {
                return Err(Refusal::gateway(
                    code,
                    field,
                    "Invalid or Missing Field Data",
                ));
            }
        }
        Ok(())
    }
}

impl MerchantDetails {
    fn check_merchant(&self) -> Result<(), Refusal> {
        match self.merchant_id.as_deref() {
            Some(MERCHANT_ID) => Ok(()),
            _ => Err(Refusal::gateway(
                "201",
                "merchantDetails.merchantId",
                "Invalid Merchant ID or Setup",
            )),
        }
    }

    fn check_terminal(&self) -> Result<(), Refusal> {
        match self.terminal_id.as_deref() {
            Some(TERMINAL_ID) => Ok(()),
            _ => Err(Refusal::gateway(
                "202",
                "merchantDetails.terminalId",
                "Invalid Terminal ID or Setup",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(r#"{"total":12.50,"currency":"USD"}"#, Some(1250))]
    #[case(r#"{"total":12,"currency":"USD"}"#, Some(1200))]
    #[case(
        r#"{"total":90071992547409.93,"currency":"USD"}"#,
        Some(9_007_199_254_740_993)
    )]
    #[case(r#"{"total":"12.50","currency":"USD"}"#, None)]
    #[case(r#"{"total":12.505,"currency":"USD"}"#, None)]
    #[case(r#"{"total":0,"currency":"USD"}"#, None)]
    #[case(r#"{"total":-1,"currency":"USD"}"#, None)]
    #[case(r#"{"total":1e2,"currency":"USD"}"#, None)]
    #[case(r#"{"total":12.50,"currency":"usd"}"#, None)]
    #[case(r#"{"total":12.50}"#, None)]
    fn only_a_plain_number_is_an_amount(#[case] text: &str, #[case] minor: Option<i64>) {
        let amount: Amount = serde_json::from_str(text).unwrap();
        assert_eq!(amount.money().ok().map(|money| money.minor), minor);
    }

    #[test]
    fn exactly_one_reference_is_taken() {
        let only = |text| {
            serde_json::from_str::<References>(text)
                .unwrap()
                .only()
                .is_ok()
        };
        assert!(only(r#"{"referenceOrderId":"o"}"#));
        assert!(!only("{}"));
        assert!(!only(
            r#"{"referenceOrderId":"o","referenceTransactionId":"t"}"#
        ));
    }
}
