//! How a refund is written for Nuapay (fact sheet 6): no secret, no network.

use url::Url;

use super::NAME;
use super::client::{METHOD, operation_url};
use super::wire::{RefundRequest, Remittance, number};
use crate::config::nuapay::Nuapay as Settings;
use crate::domain::money::{Currency, Money};
use crate::providers::{BuildError, RefundFormat, RefundOrder, WireRequest};

/// The largest amount, 999999999999.99 (fact sheet 3), in minor units.
const LARGEST_MINOR: i64 = 99_999_999_999_999;
/// Ids may grow to this length (fact sheet 3).
const ID_MAX_CHARS: usize = 255;
/// One rule serves both currencies (fact sheet 8).
const END_TO_END_MAX_CHARS: usize = 31;
/// `Idempotency-Key` (fact sheet 8).
const KEY_MAX_CHARS: usize = 50;
/// `remittanceInformation.reference`: 18 by the page; the schema allows 35 (fact sheet 13, row 15).
const REFERENCE_MAX_CHARS: usize = 18;
/// `remittanceInformation.unstructured`: 140, of which 20 are Nuapay's own (fact sheet 6).
const UNSTRUCTURED_MAX_CHARS: usize = 120;
/// Signs of a GBP reference besides letters and digits (fact sheet 6).
const REFERENCE_SIGNS: &str = "- ,.";
/// Signs of a EUR text besides letters and digits (fact sheet 6).
const UNSTRUCTURED_SIGNS: &str = "/-?:().,'+ ";

/// Writes the requests of one account.
pub struct Requests {
    base: Url,
    currencies: Vec<Currency>,
}

impl Requests {
    /// The requests of the account of these settings.
    pub fn new(settings: &Settings) -> Self {
        Self {
            base: settings.base_url.clone(),
            currencies: settings.currencies.clone(),
        }
    }

    fn body(order: &RefundOrder) -> serde_json::Result<Vec<u8>> {
        let compensation = order.compensation;
        serde_json::to_vec(&RefundRequest {
            refund_amount: number(order.amount)?,
            currency: order.amount.currency,
            compensation_amount: match compensation.is_positive() {
                true => Some(number(compensation)?),
                false => None,
            },
            end_to_end_identification: &order.end_to_end,
            remittance_information: remittance(order),
        })
    }
}

impl RefundFormat for Requests {
    fn check(&self, order: &RefundOrder) -> Result<(), BuildError> {
        check_amounts(order, &self.currencies)?;
        check_id(&order.provider_payment_id)?;
        let reference = &order.end_to_end;
        let fits = (1..=END_TO_END_MAX_CHARS).contains(&reference.len())
            && reference
                .bytes()
                .all(|it| it.is_ascii_uppercase() || it.is_ascii_digit());
        refuse_unless(fits, "our reference", || {
            format!("{reference:?} is not 1 to {END_TO_END_MAX_CHARS} of A to Z and 0 to 9")
        })?;
        let key = &order.idempotency_key;
        let fits =
            (1..=KEY_MAX_CHARS).contains(&key.len()) && key.bytes().all(|it| it.is_ascii_graphic());
        refuse_unless(fits, "idempotency key", || {
            format!("it is not 1 to {KEY_MAX_CHARS} plain characters")
        })
    }

    fn build_refund(&self, order: &RefundOrder) -> Result<WireRequest, BuildError> {
        self.check(order)?;
        let path = ["payments", &order.provider_payment_id, "refunds"];
        Ok(WireRequest {
            method: METHOD.to_owned(),
            url: operation_url(&self.base, path),
            body: Self::body(order).map_err(|error| unfit("request", error.to_string()))?,
            idempotency_key: order.idempotency_key.clone(),
            // What the provider echoes is what it is asked by.
            correlation: order.end_to_end.clone(),
        })
    }
}

/// What the payer reads: the payment's reference, else its order. Reasons and notes never go here.
fn remittance(order: &RefundOrder) -> Option<Remittance> {
    let texts = [&order.reference, &order.order].into_iter().flatten();
    let in_gbp = order.amount.currency.code() == "GBP";
    let (signs, max_chars) = match in_gbp {
        true => (REFERENCE_SIGNS, REFERENCE_MAX_CHARS),
        false => (UNSTRUCTURED_SIGNS, UNSTRUCTURED_MAX_CHARS),
    };
    let mut cleaned = texts.map(|text| fitted(text, signs, max_chars));
    let text = cleaned.find(|text| !text.is_empty())?;
    Some(match in_gbp {
        true => Remittance::Reference(text),
        false => Remittance::Unstructured(text),
    })
}

/// The text in the letters the rail carries: others become a space, of which one is enough.
fn fitted(text: &str, signs: &str, max_chars: usize) -> String {
    let carried = |it: char| it.is_ascii_alphanumeric() || signs.contains(it);
    let text: String = text
        .chars()
        .map(|it| if carried(it) { it } else { ' ' })
        .collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let cut: String = words.join(" ").chars().take(max_chars).collect();
    cut.trim_end().to_owned()
}

fn check_amounts(order: &RefundOrder, allowed: &[Currency]) -> Result<(), BuildError> {
    let (amount, compensation) = (order.amount, order.compensation);
    let currency = amount.currency;
    let in_range = |it: Money| (1..=LARGEST_MINOR).contains(&it.minor);
    refuse_unless(in_range(amount), "amount", || {
        format!("{amount} is not from 0.01 to 999999999999.99")
    })?;
    refuse_unless(allowed.contains(&currency), "currency", || {
        let codes: Vec<&str> = allowed.iter().map(|it| it.code()).collect();
        let codes = codes.join(", ");
        format!("the account is not set up for {currency}, only for {codes}")
    })?;
    let fits =
        compensation.currency == currency && (compensation.minor == 0 || in_range(compensation));
    refuse_unless(fits, "compensation", || {
        format!("{compensation} is not from 0.01 to 999999999999.99 {currency}")
    })
}

fn check_id(id: &str) -> Result<(), BuildError> {
    let length = id.chars().count();
    // A dot segment would change the path.
    let plain = !id.chars().any(char::is_control) && !matches!(id, "." | "..");
    let fits = plain && (1..=ID_MAX_CHARS).contains(&length);
    refuse_unless(fits, "payment id", || {
        format!("it is not a plain text of 1 to {ID_MAX_CHARS} characters")
    })
}

fn refuse_unless(
    holds: bool,
    field: &'static str,
    why: impl FnOnce() -> String,
) -> Result<(), BuildError> {
    match holds {
        true => Ok(()),
        false => Err(unfit(field, why())),
    }
}

fn unfit(field: &'static str, why: String) -> BuildError {
    BuildError::Unfit {
        provider: NAME,
        field,
        why,
    }
}
