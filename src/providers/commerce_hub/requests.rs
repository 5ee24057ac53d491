//! How a refund and an inquiry are written for Commerce Hub (fact sheet 4): no secret, no network.

use serde::Serialize;
use url::Url;

use super::NAME;
use super::client::{METHOD, operation_url};
use super::wire::{
    self, Amount, CancelDetails, CancelRequest, CaptureDetails, CaptureRequest, Details,
    InquiryRequest, Merchant, Reference, RefundRequest,
};
use crate::config::commerce_hub::{CommerceHub as Settings, RefundCall, RefundCapture};
use crate::domain::money::{Currency, Money};
use crate::providers::{BuildError, Deed, Inquiry, RefundFormat, RefundOrder, WireRequest};

/// Currencies whose decimals the provider counts otherwise than ISO 4217 (fact sheet 4.3).
const DIFFERING_DECIMALS: [&str; 4] = ["BIF", "GNF", "KMF", "XAF"];

/// The operations of the payments API (fact sheet 3).
const REFUNDS: [&str; 3] = ["payments", "v1", "refunds"];
const CANCELS: [&str; 3] = ["payments", "v1", "cancels"];

/// A reference no refund of ours has.
const NOBODYS: &str = "refund-desk-doctor";

/// Longest values on the wire (fact sheet 4.1, and section 12 row 14: send the smaller).
const TRANSACTION_ID_MAX_CHARS: usize = 40;
const MERCHANT_REFERENCE_MAX_CHARS: usize = 128;
const REQUEST_ID_MAX_CHARS: usize = 64;

/// Writes the requests of one account.
pub struct Requests {
    base: Url,
    currencies: Vec<Currency>,
    merchant_id: String,
    terminal_id: String,
    refund_call: RefundCall,
    refund_capture: RefundCapture,
}

impl Requests {
    /// The requests of the account of these settings.
    pub fn new(settings: &Settings) -> Self {
        Self {
            base: settings.base_url.clone(),
            currencies: settings.currencies.clone(),
            merchant_id: settings.merchant_id.clone(),
            terminal_id: settings.terminal_id.clone(),
            refund_call: settings.refund_call,
            refund_capture: settings.refund_capture,
        }
    }

    fn merchant(&self) -> Merchant<'_> {
        Merchant {
            merchant_id: &self.merchant_id,
            terminal_id: &self.terminal_id,
        }
    }

    fn refund_url(&self, order: &RefundOrder) -> String {
        match self.refund_call {
            RefundCall::Refunds => operation_url(&self.base, REFUNDS),
            RefundCall::ChargeUri => {
                let path = ["payments", "v1", "charges", referenced(order), "refund"];
                operation_url(&self.base, path)
            }
        }
    }

    fn refund_body(&self, order: &RefundOrder) -> serde_json::Result<Vec<u8>> {
        let reference = Reference::Transaction(referenced(order));
        let invoice = order.detail("invoice");
        encode(&RefundRequest {
            reference_transaction_details: (self.refund_call == RefundCall::Refunds)
                .then_some(reference),
            amount: Amount::new(order.amount)?,
            transaction_details: Details {
                capture_flag: self.refund_capture == RefundCapture::AtOnce,
                merchant_transaction_id: &order.correlation,
                merchant_order_id: cut(order.order.as_deref(), MERCHANT_REFERENCE_MAX_CHARS),
                merchant_invoice_number: cut(invoice, wire::INVOICE_MAX_CHARS),
                payment_description: order.reason.to_uppercase(),
            },
            merchant_details: self.merchant(),
        })
    }

    /// A cancel of a charge or of a refund (fact sheet 5). The whole amount, so none is named: a
    /// partial cancel is hardly ever possible (3.2).
    fn cancel_body(&self, transaction_id: &str, correlation: &str) -> serde_json::Result<Vec<u8>> {
        encode(&CancelRequest {
            reference_transaction_details: Reference::Transaction(transaction_id),
            transaction_details: CancelDetails {
                reversal_reason_code: "VOID",
                merchant_transaction_id: correlation,
            },
            merchant_details: self.merchant(),
        })
    }

    /// The second half of a refund that was only authorised: it references the refund itself (fact
    /// sheet 3.4), and names what was approved: without an amount it could be the whole charge (3.3).
    fn capture_body(&self, refund_id: &str, order: &RefundOrder) -> serde_json::Result<Vec<u8>> {
        encode(&CaptureRequest {
            reference_transaction_details: Reference::Transaction(refund_id),
            amount: Amount::new(order.amount)?,
            transaction_details: CaptureDetails {
                capture_flag: true,
                merchant_transaction_id: &order.correlation,
            },
            merchant_details: self.merchant(),
        })
    }

    fn post(
        &self,
        operation: [&str; 3],
        body: serde_json::Result<Vec<u8>>,
        order: &RefundOrder,
    ) -> Result<WireRequest, BuildError> {
        Ok(WireRequest {
            method: METHOD.to_owned(),
            url: operation_url(&self.base, operation),
            body: body.map_err(|error| unfit("request", error.to_string()))?,
            idempotency_key: order.idempotency_key.clone(),
            correlation: order.correlation.clone(),
        })
    }

    /// The body of an inquiry: by the provider's id once it is known, else by our reference.
    ///
    /// # Errors
    /// None that text can cause.
    pub fn inquiry_body(&self, inquiry: &Inquiry) -> serde_json::Result<Vec<u8>> {
        self.inquiry_by(match &inquiry.provider_refund_id {
            Some(id) => Reference::Transaction(id),
            None => Reference::MerchantTransaction(&inquiry.correlation),
        })
    }

    /// The body of an inquiry that finds nothing.
    ///
    /// # Errors
    /// None.
    pub fn probe_body(&self) -> serde_json::Result<Vec<u8>> {
        self.inquiry_by(Reference::MerchantTransaction(NOBODYS))
    }

    /// The body of an inquiry about one transaction.
    ///
    /// # Errors
    /// None that text can cause.
    pub fn transaction_body(&self, transaction_id: &str) -> serde_json::Result<Vec<u8>> {
        self.inquiry_by(Reference::Transaction(transaction_id))
    }

    /// The body of an inquiry about all transactions of an order.
    ///
    /// # Errors
    /// None that text can cause.
    pub fn order_body(&self, order_id: &str) -> serde_json::Result<Vec<u8>> {
        self.inquiry_by(Reference::Order(order_id))
    }

    fn inquiry_by(&self, reference: Reference<'_>) -> serde_json::Result<Vec<u8>> {
        encode(&InquiryRequest {
            reference_transaction_details: reference,
            merchant_details: self.merchant(),
        })
    }
}

impl RefundFormat for Requests {
    fn check(&self, order: &RefundOrder) -> Result<(), BuildError> {
        check_amount(order.amount, &self.currencies)?;
        check_ids(referenced(order), order)
    }

    fn build_refund(&self, order: &RefundOrder) -> Result<WireRequest, BuildError> {
        self.check(order)?;
        let body = self
            .refund_body(order)
            .map_err(|error| unfit("request", error.to_string()))?;
        Ok(WireRequest {
            method: METHOD.to_owned(),
            url: self.refund_url(order),
            body,
            idempotency_key: order.idempotency_key.clone(),
            correlation: order.correlation.clone(),
        })
    }

    fn can(&self, deed: Deed) -> bool {
        match deed {
            Deed::Refund | Deed::Void | Deed::Stop => true,
            Deed::Capture => self.refund_call == RefundCall::Refunds,
            Deed::Confirm => false,
        }
    }

    fn build_void(&self, order: &RefundOrder) -> Result<WireRequest, BuildError> {
        self.check(order)?;
        let body = self.cancel_body(referenced(order), &order.correlation);
        self.post(CANCELS, body, order)
    }

    fn build_step(
        &self,
        deed: Deed,
        refund_id: &str,
        order: &RefundOrder,
    ) -> Result<WireRequest, BuildError> {
        check_ids(refund_id, order)?;
        match deed {
            Deed::Stop => self.post(
                CANCELS,
                self.cancel_body(refund_id, &order.correlation),
                order,
            ),
            Deed::Capture if self.can(deed) => {
                check_amount(order.amount, &self.currencies)?;
                self.post(REFUNDS, self.capture_body(refund_id, order), order)
            }
            _ => Err(BuildError::Cannot(deed.words())),
        }
    }
}

/// Ids must fit whatever is asked; the amount is only looked at where one is sent.
fn check_ids(referenced: &str, order: &RefundOrder) -> Result<(), BuildError> {
    for (field, value, max_chars) in [
        ("transaction id", referenced, TRANSACTION_ID_MAX_CHARS),
        (
            "our reference",
            &order.correlation,
            MERCHANT_REFERENCE_MAX_CHARS,
        ),
        ("request id", &order.idempotency_key, REQUEST_ID_MAX_CHARS),
    ] {
        check_id(field, value, max_chars)?;
    }
    let in_header = order
        .idempotency_key
        .bytes()
        .all(|it| it.is_ascii_graphic());
    refuse_unless(in_header, "request id", || {
        "it cannot be a header".to_owned()
    })
}

/// The transaction a refund goes against: the capture where there is one (fact sheet 10).
fn referenced(order: &RefundOrder) -> &str {
    let capture = order.capture_id.as_deref();
    capture.unwrap_or(&order.provider_payment_id)
}

fn encode(body: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(body)
}

fn cut(text: Option<&str>, max_chars: usize) -> Option<&str> {
    let text = text.filter(|text| !text.is_empty())?;
    let end = text.char_indices().nth(max_chars);
    end.map_or(Some(text), |(end, _)| text.get(..end))
}

fn check_amount(amount: Money, allowed: &[Currency]) -> Result<(), BuildError> {
    let currency = amount.currency;
    refuse_unless(amount.is_positive(), "amount", || {
        format!("{amount} is not above zero")
    })?;
    let boarded = allowed.is_empty() || allowed.contains(&currency);
    refuse_unless(boarded, "currency", || {
        let codes: Vec<&str> = allowed.iter().map(|it| it.code()).collect();
        format!(
            "the account is not set up for {currency}, only for {}",
            codes.join(", ")
        )
    })?;
    let agrees = !DIFFERING_DECIMALS.contains(&currency.code());
    refuse_unless(agrees, "currency", || {
        format!(
            "the provider counts {currency} with other decimals than ISO 4217, so that the amount could be misread; the account's other currencies can be sent"
        )
    })
}

fn check_id(field: &'static str, value: &str, max_chars: usize) -> Result<(), BuildError> {
    let length = value.chars().count();
    refuse_unless((1..=max_chars).contains(&length), field, || {
        format!("it has {length} characters; 1 to {max_chars} can be sent")
    })?;
    // A dot segment would change the path of the older call.
    let plain = !value.chars().any(char::is_control) && !matches!(value, "." | "..");
    refuse_unless(plain, field, || {
        "it is not a plain text; letters, digits and signs can be sent".to_owned()
    })
}

fn refuse_unless(
    holds: bool,
    field: &'static str,
    why: impl FnOnce() -> String,
) -> Result<(), BuildError> {
    if holds {
        Ok(())
    } else {
        Err(unfit(field, why()))
    }
}

fn unfit(field: &'static str, why: String) -> BuildError {
    BuildError::Unfit {
        provider: NAME,
        field,
        why,
    }
}
