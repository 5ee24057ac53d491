//! Commerce Hub (Fiserv): card refunds, `providers/commerce-hub.md`.
//!
//! `wire` is the JSON, `auth` the signature, `client` one signed call, `codes` the provider's
//! tables and `outcome` what an answer proves. This file is the account: what it promises, and
//! how a refund becomes a request.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;

use self::client::Client;
use self::wire::{Amount, Details, InquiryRequest, Merchant, Reference, RefundRequest};
use super::http::SetupError;
use super::{BuildError, Finding, Inquiry, Profile, Provider, RefundOrder, WireRequest};
use crate::clock::Clock;
use crate::config::commerce_hub::{CommerceHub as Settings, RefundCall};
use crate::config::secret::Credentials;
use crate::domain::ageing::Marks;
use crate::domain::eligibility::{Terms, Window};
use crate::domain::evidence::Evidence;
use crate::domain::money::{Currency, Money};

mod auth;
mod client;
mod codes;
mod outcome;
mod wire;

const NAME: &str = "Commerce Hub";
/// Card refunds are looked at for 40 days after they were submitted (domain.md, rule 4).
const WATCH: Duration = Duration::from_hours(40 * 24);
/// Currencies whose decimals the provider counts otherwise than ISO 4217 (fact sheet 4.3).
const DIFFERING_DECIMALS: [&str; 4] = ["BIF", "GNF", "KMF", "XAF"];

/// Longest values on the wire (fact sheet 4.1, and section 12 row 14: send the smaller).
const TRANSACTION_ID_MAX_CHARS: usize = 40;
const MERCHANT_REFERENCE_MAX_CHARS: usize = 128;
const REQUEST_ID_MAX_CHARS: usize = 64;

/// One Commerce Hub account, ready to be used.
pub struct CommerceHub {
    profile: Profile,
    client: Client,
    merchant_id: String,
    terminal_id: String,
    refund_call: RefundCall,
}

impl CommerceHub {
    /// The account of these settings; one call takes at most `deadline`.
    ///
    /// # Errors
    /// [`SetupError`] when address or credentials cannot work.
    pub fn new(
        settings: &Settings,
        credentials: Credentials,
        clock: Clock,
        deadline: Duration,
    ) -> Result<Self, SetupError> {
        let encoding = settings.hmac_encoding;
        Ok(Self {
            profile: profile(settings),
            client: Client::new(&settings.base_url, credentials, encoding, clock, deadline)?,
            merchant_id: settings.merchant_id.clone(),
            terminal_id: settings.terminal_id.clone(),
            refund_call: settings.refund_call,
        })
    }

    fn merchant(&self) -> Merchant<'_> {
        Merchant {
            merchant_id: &self.merchant_id,
            terminal_id: &self.terminal_id,
        }
    }

    fn check(&self, order: &RefundOrder) -> Result<(), BuildError> {
        let allowed = &self.profile.terms.currencies;
        check_amount(order.amount, allowed)?;
        for (field, value, max_chars) in [
            (
                "transaction id",
                referenced(order),
                TRANSACTION_ID_MAX_CHARS,
            ),
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

    fn refund_url(&self, order: &RefundOrder) -> String {
        match self.refund_call {
            RefundCall::Refunds => self.client.url(["payments", "v1", "refunds"]),
            RefundCall::ChargeUri => {
                let path = ["payments", "v1", "charges", referenced(order), "refund"];
                self.client.url(path)
            }
        }
    }

    fn refund_body(&self, order: &RefundOrder) -> serde_json::Result<Vec<u8>> {
        let reference = Reference::TransactionId(referenced(order));
        let invoice = order.invoice.as_deref();
        encode(&RefundRequest {
            reference_transaction_details: (self.refund_call == RefundCall::Refunds)
                .then_some(reference),
            amount: Amount::new(order.amount)?,
            transaction_details: Details {
                capture_flag: true,
                merchant_transaction_id: &order.correlation,
                merchant_order_id: cut(order.order.as_deref(), MERCHANT_REFERENCE_MAX_CHARS),
                merchant_invoice_number: cut(invoice, wire::INVOICE_MAX_CHARS),
                payment_description: order.reason.to_uppercase(),
            },
            merchant_details: self.merchant(),
        })
    }

    fn inquiry_body(&self, inquiry: &Inquiry) -> serde_json::Result<Vec<u8>> {
        encode(&InquiryRequest {
            reference_transaction_details: match &inquiry.provider_refund_id {
                Some(id) => Reference::TransactionId(id),
                None => Reference::MerchantTransactionId(&inquiry.correlation),
            },
            merchant_details: self.merchant(),
        })
    }
}

impl Provider for CommerceHub {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn build_refund(&self, order: &RefundOrder) -> Result<WireRequest, BuildError> {
        self.check(order)?;
        let body = self
            .refund_body(order)
            .map_err(|error| unfit("request", error.to_string()))?;
        Ok(WireRequest {
            method: client::METHOD.to_owned(),
            url: self.refund_url(order),
            body,
            idempotency_key: order.idempotency_key.clone(),
            correlation: order.correlation.clone(),
        })
    }

    fn send<'a>(&'a self, request: &'a WireRequest, amount: Money) -> BoxFuture<'a, Finding> {
        Box::pin(async move {
            match self.client.refund(request).await {
                Ok(response) => outcome::of_reply(&response, &request.correlation, amount),
                Err(failure) => outcome::of_failed_send(&failure),
            }
        })
    }

    fn inquire<'a>(&'a self, inquiry: &'a Inquiry, amount: Money) -> BoxFuture<'a, Finding> {
        Box::pin(async move {
            let body = match self.inquiry_body(inquiry) {
                Ok(body) => body,
                Err(error) => return Finding::new(Evidence::Doubt, error.to_string()),
            };
            match self.client.inquire(&body).await {
                Ok(response) => outcome::of_inquiry(&response, inquiry, amount),
                Err(failure) => outcome::of_failed_inquiry(&failure),
            }
        })
    }
}

/// What an account of these settings promises; needs no secret.
pub fn profile(settings: &Settings) -> Profile {
    Profile {
        name: NAME,
        success_means: "submitted for settlement",
        terms: Terms {
            can_send: true,
            window: Some(Window::Months(settings.refund_months)),
            needs_settlement: true,
            currencies: settings.currencies.clone(),
            compensation: false,
        },
        replay_window: Some(Duration::from_secs(settings.replay_seconds.into()))
            .filter(|window| !window.is_zero()),
        replay_wait: Duration::from_secs(settings.replay_wait_seconds.into()),
        absence_after: settings
            .absence_is_proof
            .then(|| Duration::from_mins(settings.absence_after_minutes.into())),
        marks: Marks::COMMERCE_HUB,
        watch: WATCH,
        polls_per_minute: settings.polls_per_minute,
    }
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
        format!("the account is not set up for {currency}")
    })?;
    let agrees = !DIFFERING_DECIMALS.contains(&currency.code());
    refuse_unless(agrees, "currency", || {
        format!("the provider counts {currency} with other decimals than ISO 4217")
    })
}

fn check_id(field: &'static str, value: &str, max_chars: usize) -> Result<(), BuildError> {
    let length = value.chars().count();
    refuse_unless((1..=max_chars).contains(&length), field, || {
        format!("it has {length} characters, 1 to {max_chars} fit")
    })?;
    // A dot segment would change the path of the older call.
    let plain = !value.chars().any(char::is_control) && !matches!(value, "." | "..");
    refuse_unless(plain, field, || "it is not a plain text".to_owned())
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

#[cfg(test)]
mod tests;
