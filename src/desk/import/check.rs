//! A raw row becomes a row of the ledger, or the reason why not.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::read::RawRow;
use crate::domain::money::{Currency, LARGEST_MINOR, Money};
use crate::domain::text::{clean, mask_card_numbers};
use crate::ledger::ImportRow;

/// Columns kept as further details, in this order.
const DETAILS: [&str; 7] = [
    "email",
    "customer_id",
    "invoice",
    "auth_code",
    "arn",
    "end_to_end",
    "provider_data",
];
/// Longest text of a field, in characters: nothing longer is shown anywhere.
const LONGEST: usize = 1_000;

/// Checks a row against the accounts the desk knows.
pub(super) fn row(raw: &RawRow, accounts: &[&str]) -> Result<ImportRow, String> {
    let fields = raw.fields.as_ref().map_err(Clone::clone)?;
    if let Some((name, _)) = fields
        .iter()
        .find(|(_, text)| text.chars().count() > LONGEST)
    {
        return Err(format!("{name} has more than {LONGEST} characters"));
    }
    let account = required(fields, "account")?;
    if !accounts.contains(&account) {
        return Err(format!("account {account:?} is not in the configuration"));
    }
    let currency = Currency::from_code(required(fields, "currency")?).map_err(said)?;
    Ok(ImportRow {
        line: raw.line,
        account: account.to_owned(),
        payment_id: id(required(fields, "payment_id")?)?,
        capture_id: fields.get("capture_id").map(|text| id(text)).transpose()?,
        amount: positive(required(fields, "amount")?, currency)?,
        captured_at: time("captured_at", required(fields, "captured_at")?)?,
        settled_at: fields
            .get("settled_at")
            .map(|text| time("settled_at", text))
            .transpose()?,
        reference: identifier(fields, "reference"),
        payer: free_text(fields, "payer"),
        method: free_text(fields, "method"),
        description: free_text(fields, "description"),
        order: identifier(fields, "order"),
        last4: last4(fields),
        scheme: free_text(fields, "scheme"),
        details: details(fields),
        refunded: fields
            .get("refunded")
            .map(|text| countable("refunded", text, currency))
            .transpose()?
            .filter(|refunded| refunded.is_positive()),
    })
}

type Fields = BTreeMap<&'static str, String>;

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn required<'a>(fields: &'a Fields, name: &str) -> Result<&'a str, String> {
    fields
        .get(name)
        .map(String::as_str)
        .ok_or_else(|| format!("{name} is empty"))
}

fn positive(text: &str, currency: Currency) -> Result<Money, String> {
    let amount = countable("amount", text, currency)?;
    if amount.is_positive() {
        Ok(amount)
    } else {
        Err("the amount is zero: there is nothing to refund".to_owned())
    }
}

/// One absurd figure is its row's fault alone; let in, it would spoil the sums of all.
fn countable(name: &str, text: &str, currency: Currency) -> Result<Money, String> {
    let amount = Money::parse(text, currency).map_err(said)?;
    if amount.is_countable() {
        Ok(amount)
    } else {
        let largest = Money::new(LARGEST_MINOR, currency);
        Err(format!(
            "{name} {text} is more than {largest}, the most the desk counts"
        ))
    }
}

fn time(name: &str, text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|_| format!("{name} {text:?} is not a time; write it as 2026-11-21T10:00:00Z"))
}

/// An id goes back to the provider as it came, so one that is not harmless is refused.
fn id(text: &str) -> Result<String, String> {
    if clean(text) == text {
        Ok(text.to_owned())
    } else {
        Err(format!("the id {:?} has control characters", clean(text)))
    }
}

/// An id of the merchant's: never masked, a long number is no card number here.
fn identifier(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).map(|text| clean(text))
}

fn free_text(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).map(|text| mask_card_numbers(&clean(text)))
}

/// Only ever the last four: a file that gives more must not make the desk keep more.
fn last4(fields: &Fields) -> Option<String> {
    let text = clean(fields.get("last4")?);
    let start = text.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    Some(text[start..].to_owned())
}

fn details(fields: &Fields) -> Vec<(String, String)> {
    DETAILS
        .into_iter()
        .filter_map(|name| {
            let text = match name {
                "email" | "provider_data" => free_text(fields, name),
                _ => identifier(fields, name),
            };
            text.map(|text| (name.to_owned(), text))
        })
        .collect()
}
