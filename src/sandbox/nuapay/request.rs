//! What a merchant sends to have money given back, and the checks that need no records.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::Error;
use crate::domain::money::{Currency, Money};

/// `yes` where the member stands, be it null.
type Given = Option<Box<RawValue>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundRequest {
    refund_amount: Given,
    currency: Option<String>,
    #[serde(default, deserialize_with = "given")]
    compensation_amount: Given,
    pub end_to_end_identification: Option<String>,
    #[serde(default)]
    pub remittance_information: Option<Remittance>,
}

#[derive(Deserialize)]
pub(super) struct Remittance {
    pub reference: Option<String>,
    pub unstructured: Option<String>,
}

/// A request whose members are all in order.
pub(super) struct Asked {
    pub amount: Money,
    pub compensation: Option<Money>,
}

/// Null counts as given: it breaks the schema.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Given, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

/// Reads a request's body; members it does not know are dropped in silence.
pub(super) fn parse(body: &[u8]) -> Result<RefundRequest, Error> {
    let malformed = Error::rule(400, "T0004", "body", "the body is not a refund request");
    serde_json::from_slice(body).map_err(|_| malformed)
}

impl RefundRequest {
    /// Checks everything that depends on the request alone.
    pub(super) fn check(&self) -> Result<Asked, Error> {
        let code = self.currency.as_deref().unwrap_or_default();
        let wrong = Error::rule(400, "T0004", "currency", "GBP or EUR is required");
        let currency = match code {
            "GBP" | "EUR" => Currency::from_code(code).map_err(|_| wrong)?,
            _ => return Err(wrong),
        };
        let amount = number(self.refund_amount.as_deref(), currency, "refundAmount")?;
        let compensation = match &self.compensation_amount {
            None => None,
            given => Some(number(given.as_deref(), currency, "compensationAmount")?),
        };
        self.check_texts(code)?;
        Ok(Asked {
            amount,
            compensation,
        })
    }

    fn check_texts(&self, code: &str) -> Result<(), Error> {
        let longest = if code == "GBP" { 31 } else { 35 };
        let end_to_end = self.end_to_end_identification.as_deref();
        let fits = end_to_end.is_none_or(|it| (1..=longest).contains(&it.chars().count()));
        check(fits, "endToEndIdentification")?;
        let Some(remittance) = &self.remittance_information else {
            return Ok(());
        };
        let reference = remittance.reference.as_deref().unwrap_or_default();
        let unstructured = remittance.unstructured.as_deref().unwrap_or_default();
        check(
            carried(reference, "- ,.", 18),
            "remittanceInformation.reference",
        )?;
        check(
            carried(unstructured, "/-?:().,'+ ", 120),
            "remittanceInformation.unstructured",
        )?;
        let of_the_other_rail = match code {
            "GBP" => unstructured,
            _ => reference,
        };
        check(of_the_other_rail.is_empty(), "remittanceInformation")
    }
}

fn carried(text: &str, signs: &str, longest: usize) -> bool {
    text.chars().count() <= longest
        && text
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || signs.contains(it))
}

fn check(holds: bool, field: &'static str) -> Result<(), Error> {
    match holds {
        true => Ok(()),
        false => Err(Error::rule(400, "T0004", field, "not valid")),
    }
}

/// A JSON number above zero with at most two decimals, not a text.
fn number(
    value: Option<&RawValue>,
    currency: Currency,
    field: &'static str,
) -> Result<Money, Error> {
    let wrong = || Error::rule(400, "T0016", field, "must be above zero");
    let text = value.ok_or_else(wrong)?.get();
    let money = Money::parse(text, currency).map_err(|_| wrong())?;
    money.is_positive().then_some(money).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn checked(text: &str) -> Result<Asked, Error> {
        parse(text.as_bytes())?.check()
    }

    #[rstest]
    #[case(r#"{"refundAmount":40.10,"currency":"GBP","endToEndIdentification":"RD01","remittanceInformation":{"reference":"INV 4411"}}"#)]
    #[case(r#"{"refundAmount":50,"currency":"EUR","compensationAmount":0.01,"remittanceInformation":{"unstructured":"a/b?"}}"#)]
    #[case(r#"{"refundAmount":50,"currency":"EUR","compensatioinAmount":5}"#)]
    fn what_the_schema_allows_passes(#[case] text: &str) {
        assert!(checked(text).is_ok(), "{text}");
    }

    #[rstest]
    #[case("{}")]
    #[case("not json")]
    #[case(r#"{"refundAmount":"40.10","currency":"GBP"}"#)]
    #[case(r#"{"refundAmount":0,"currency":"GBP"}"#)]
    #[case(r#"{"refundAmount":1.005,"currency":"GBP"}"#)]
    #[case(r#"{"refundAmount":1,"currency":"PLN"}"#)]
    #[case(r#"{"refundAmount":1,"currency":"GBP","compensationAmount":null}"#)]
    #[case(r#"{"refundAmount":1,"currency":"GBP","compensationAmount":0}"#)]
    #[case(r#"{"refundAmount":1,"currency":"GBP","endToEndIdentification":"A2345678901234567890123456789012"}"#)]
    #[case(r#"{"refundAmount":1,"currency":"GBP","remittanceInformation":{"reference":"a_b"}}"#)]
    #[case(r#"{"refundAmount":1,"currency":"GBP","remittanceInformation":{"reference":"1234567890123456789"}}"#)]
    #[case(r#"{"refundAmount":1,"currency":"EUR","remittanceInformation":{"reference":"INV"}}"#)]
    fn what_it_does_not_is_refused(#[case] text: &str) {
        assert!(checked(text).is_err_and(|it| it.status == 400), "{text}");
    }
}
