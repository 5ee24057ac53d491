//! The envelope in which the gateway shows a transaction.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::value::RawValue;

use super::cancels::Cancel;
use super::captures::Capture;
use super::charges::Charge;
use super::refunds::Refund;
use crate::domain::money::Money;
use crate::sandbox::course::Course;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope<'a> {
    gateway_response: GatewayResponse<'a>,
    source: Option<Source<'a>>,
    payment_receipt: PaymentReceipt<'a>,
    transaction_details: TransactionDetails<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GatewayResponse<'a> {
    transaction_type: &'a str,
    transaction_state: &'a str,
    transaction_origin: &'a str,
    transaction_processing_details: ProcessingDetails<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessingDetails<'a> {
    order_id: &'a str,
    transaction_timestamp: String,
    api_trace_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_request_id: Option<&'a str>,
    transaction_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Source<'a> {
    source_type: &'a str,
    card: Card<'a>,
}

#[derive(Serialize)]
struct Card<'a> {
    last4: &'a str,
    scheme: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentReceipt<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_amount: Option<ApprovedAmount<'a>>,
    processor_response_details: ProcessorResponse<'a>,
}

#[derive(Serialize)]
struct ApprovedAmount<'a> {
    total: Box<RawValue>,
    currency: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessorResponse<'a> {
    approval_status: &'a str,
    reference_number: String,
    processor: &'a str,
    host: &'a str,
    response_code: &'a str,
    response_message: &'a str,
    host_response_code: &'a str,
    host_response_message: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransactionDetails<'a> {
    capture_flag: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_transaction_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_order_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_invoice_number: Option<&'a str>,
}

impl<'a> Envelope<'a> {
    /// A refund that stands so.
    pub(super) fn of_refund(
        refund: &'a Refund,
        state: &'a str,
        charge: Option<&'a Charge>,
    ) -> serde_json::Result<Self> {
        Ok(Self {
            gateway_response: GatewayResponse {
                transaction_type: "REFUND",
                transaction_state: state,
                transaction_origin: "ECOM",
                transaction_processing_details: ProcessingDetails {
                    order_id: &refund.order_id,
                    transaction_timestamp: timestamp(refund.accepted_at),
                    api_trace_id: &refund.transaction_id,
                    client_request_id: Some(&refund.client_request_id),
                    transaction_id: &refund.transaction_id,
                },
            },
            source: charge.and_then(Source::of),
            payment_receipt: PaymentReceipt::new(refund.approved, state, &refund.transaction_id)?,
            transaction_details: TransactionDetails {
                capture_flag: refund.captured_at.is_some() || !refund.authorised_only,
                merchant_transaction_id: refund.merchant_transaction_id.as_deref(),
                merchant_order_id: refund.merchant_order_id.as_deref(),
                merchant_invoice_number: refund.merchant_invoice_number.as_deref(),
            },
        })
    }

    /// The capture of a refund, in its state.
    pub(super) fn of_capture(
        capture: &'a Capture,
        state: &'a str,
        charge: Option<&'a Charge>,
    ) -> serde_json::Result<Self> {
        Ok(Self {
            gateway_response: GatewayResponse {
                transaction_type: "REFUND",
                transaction_state: state,
                transaction_origin: "ECOM",
                transaction_processing_details: ProcessingDetails {
                    order_id: &capture.order_id,
                    transaction_timestamp: timestamp(capture.accepted_at),
                    api_trace_id: &capture.transaction_id,
                    client_request_id: Some(&capture.client_request_id),
                    transaction_id: &capture.transaction_id,
                },
            },
            source: charge.and_then(Source::of),
            payment_receipt: PaymentReceipt::new(capture.amount, state, &capture.transaction_id)?,
            transaction_details: TransactionDetails {
                capture_flag: true,
                merchant_transaction_id: capture.merchant_transaction_id.as_deref(),
                merchant_order_id: None,
                merchant_invoice_number: None,
            },
        })
    }

    /// A cancel, in its state.
    pub(super) fn of_cancel(
        cancel: &'a Cancel,
        state: &'a str,
        charge: Option<&'a Charge>,
    ) -> serde_json::Result<Self> {
        // The faulty one names a main unit more than it canceled.
        let more = match cancel.course() {
            Course::OtherAmount => cancel.amount.currency.minor_per_main(),
            _ => 0,
        };
        let named = Money::new(
            cancel.amount.minor.saturating_add(more),
            cancel.amount.currency,
        );
        Ok(Self {
            gateway_response: GatewayResponse {
                transaction_type: "CANCEL",
                transaction_state: state,
                transaction_origin: "ECOM",
                transaction_processing_details: ProcessingDetails {
                    order_id: &cancel.order_id,
                    transaction_timestamp: timestamp(cancel.accepted_at),
                    api_trace_id: &cancel.transaction_id,
                    client_request_id: Some(&cancel.client_request_id),
                    transaction_id: &cancel.transaction_id,
                },
            },
            source: charge.and_then(Source::of),
            payment_receipt: PaymentReceipt::new(named, state, &cancel.transaction_id)?,
            transaction_details: TransactionDetails {
                capture_flag: true,
                merchant_transaction_id: cancel.merchant_transaction_id.as_deref(),
                merchant_order_id: None,
                merchant_invoice_number: None,
            },
        })
    }

    /// The charge itself, which an inquiry by order or by its id shows too.
    pub(super) fn of_charge(charge: &'a Charge, state: &'a str) -> serde_json::Result<Self> {
        let some = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        Ok(Self {
            gateway_response: GatewayResponse {
                transaction_type: "CHARGE",
                transaction_state: state,
                transaction_origin: "ECOM",
                transaction_processing_details: ProcessingDetails {
                    order_id: &charge.order_id,
                    transaction_timestamp: timestamp(charge.captured_at),
                    api_trace_id: &charge.transaction_id,
                    client_request_id: None,
                    transaction_id: &charge.transaction_id,
                },
            },
            source: Source::of(charge),
            payment_receipt: PaymentReceipt::new(charge.amount, state, &charge.transaction_id)?,
            transaction_details: TransactionDetails {
                capture_flag: true,
                merchant_transaction_id: some(&charge.reference),
                merchant_order_id: some(&charge.merchant_order_id),
                merchant_invoice_number: None,
            },
        })
    }
}

impl<'a> Source<'a> {
    fn of(charge: &'a Charge) -> Option<Self> {
        (!charge.last4.is_empty()).then(|| Self {
            source_type: "PaymentCard",
            card: Card {
                last4: &charge.last4,
                scheme: charge.scheme.to_uppercase(),
            },
        })
    }
}

impl<'a> PaymentReceipt<'a> {
    fn new(approved: Money, state: &str, transaction_id: &str) -> serde_json::Result<Self> {
        let declined = state == "DECLINED";
        let approved_amount = match declined {
            true => None,
            false => Some(ApprovedAmount::new(approved)?),
        };
        let [code, message, host_code, host_message] = match declined {
            true => Course::decline(approved.minor),
            false => ["000", "Approved", "00", "APPROVAL"],
        };
        Ok(Self {
            approved_amount,
            processor_response_details: ProcessorResponse {
                approval_status: if declined { "DECLINED" } else { "APPROVED" },
                reference_number: acquirer_reference(transaction_id),
                processor: "FISERV",
                host: "NASHVILLE",
                response_code: code,
                response_message: message,
                host_response_code: host_code,
                host_response_message: host_message,
            },
        })
    }
}

impl ApprovedAmount<'_> {
    /// Real replies drop trailing zeros and are not agreed on whether a total is a number or a
    /// text. Here an odd number of main units makes it a text.
    fn new(amount: Money) -> serde_json::Result<Self> {
        let decimal = amount.decimal();
        let short = match decimal.contains('.') {
            true => decimal
                .trim_end_matches('0')
                .trim_end_matches('.')
                .to_owned(),
            false => decimal,
        };
        let is_text = amount.minor / amount.currency.minor_per_main() % 2 == 1;
        let total = if is_text {
            format!("\"{short}\"")
        } else {
            short
        };
        Ok(Self {
            total: RawValue::from_string(total)?,
            currency: amount.currency.code(),
        })
    }
}

/// An id that says nothing and is the same for the same parts: 32 hexadecimal digits.
pub(super) fn opaque_id(parts: &[&str]) -> String {
    let code = digest(&SHA256, parts.join("\n").as_bytes());
    code.as_ref()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The 23 digits by which a cardholder's bank can trace a refund.
fn acquirer_reference(transaction_id: &str) -> String {
    let code = digest(&SHA256, transaction_id.as_bytes());
    let digits = code.as_ref()[..22]
        .iter()
        .map(|byte| char::from(b'0' + byte % 10));
    std::iter::once('7').chain(digits).collect()
}

/// RFC 3339 in UTC, with the six digits the gateway shows.
pub(super) fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::money::Currency;

    #[rstest]
    #[case(1250, "USD", "12.5")]
    #[case(1200, "USD", "12")]
    #[case(1000, "USD", "10")]
    #[case(1334, "USD", "\"13.34\"")]
    #[case(1000, "JPY", "1000")]
    #[case(9_007_199_254_740_893, "USD", "90071992547408.93")]
    fn totals_are_short_and_now_and_then_text(
        #[case] minor: i64,
        #[case] code: &str,
        #[case] total: &str,
    ) {
        let amount = Money::new(minor, Currency::from_code(code).unwrap());
        assert_eq!(ApprovedAmount::new(amount).unwrap().total.get(), total);
    }

    #[test]
    fn an_acquirer_reference_has_23_digits() {
        let arn = acquirer_reference("x");
        assert!(
            arn.len() == 23 && arn.bytes().all(|byte| byte.is_ascii_digit()),
            "{arn}"
        );
    }
}
