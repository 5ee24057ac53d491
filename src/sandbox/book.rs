//! The book: one line for each payout, so that a test can count what was really paid.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::private_file;
use crate::domain::money::Money;

/// Money that left: what a provider accepted to pay out.
pub(super) struct Payout<'a> {
    pub account: &'a str,
    /// The provider's id of the payment.
    pub payment_id: &'a str,
    pub amount: Money,
    /// What left on top of it, where anything did.
    pub compensation: Option<Money>,
    /// The reference the desk chose.
    pub correlation: &'a str,
    pub provider_refund_id: &'a str,
    pub at: DateTime<Utc>,
}

#[derive(Serialize)]
struct Line<'a> {
    account: &'a str,
    payment_id: &'a str,
    amount: String,
    currency: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    compensation: Option<String>,
    correlation: &'a str,
    provider_refund_id: &'a str,
    at: String,
}

/// JSON Lines, only ever added to. A line is one write, so no reader sees half of one.
pub(super) struct Book(File);

impl Book {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        private_file::open_to_append(path).map(Self)
    }

    /// Whether a book already has the payout of this refund.
    pub(super) fn names(path: &Path, provider_refund_id: &str) -> io::Result<bool> {
        let field = format!("\"provider_refund_id\":\"{provider_refund_id}\"");
        fs::read_to_string(path).map(|text| text.contains(&field))
    }

    pub(super) fn enter(&mut self, payout: &Payout<'_>) -> io::Result<()> {
        let mut line = serde_json::to_string(&Line {
            account: payout.account,
            payment_id: payout.payment_id,
            amount: payout.amount.decimal(),
            currency: payout.amount.currency.code(),
            compensation: payout.compensation.map(Money::decimal),
            correlation: payout.correlation,
            provider_refund_id: payout.provider_refund_id,
            at: payout.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        })?;
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    #[test]
    fn a_payout_is_one_line_with_the_amount_as_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.jsonl");
        let mut book = Book::open(&path).unwrap();
        let payout = Payout {
            account: "hub-us",
            payment_id: "p-1",
            amount: Money::new(1230, Currency::from_code("USD").unwrap()),
            compensation: None,
            correlation: "rfd-1",
            provider_refund_id: "r-1",
            at: DateTime::from_timestamp(1_763_690_000, 0).unwrap(),
        };
        book.enter(&payout).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            concat!(
                r#"{"account":"hub-us","payment_id":"p-1","amount":"12.30","currency":"USD","#,
                r#""correlation":"rfd-1","provider_refund_id":"r-1","at":"2025-11-21T01:53:20.000Z"}"#,
                "\n"
            )
        );
        assert!(Book::names(&path, "r-1").unwrap());
        assert!(!Book::names(&path, "r").unwrap());
    }
}
