//! Bank accounts that money goes back to. A full account number is personal data: it is shown only
//! where a person asks for it by name, and never logged.

use std::fmt;
use std::ops::RangeInclusive;

use serde::Deserialize;

use super::money::Currency;

/// What a network takes as an account number.
const LENGTH: RangeInclusive<usize> = 4..=35;

/// An account as a bank or a network names it.
#[derive(Clone, PartialEq, Eq)]
pub struct BankAccount {
    /// IBAN, or sort code and account number in one (8 to 14 digits in the UK), without spaces.
    pub number: String,
    /// The rail that reaches it, in the network's word (`FPS`, `SEPA` …), where it is told.
    pub clearing_system: Option<String>,
    /// Whose it is.
    pub holder: Option<String>,
}

/// What kind of number an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberForm {
    /// ISO 13616, with right check digits.
    Iban,
    /// Six digits of sort code and eight of account number.
    SortCodeAndNumber,
    /// Anything else: a bank's own form.
    Other,
}

/// The account that an account's refunds are paid from, where their bank leg is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnBank {
    /// The account, with its holder's name.
    pub account: BankAccount,
    /// The bank, where it must be named.
    pub bic: Option<String>,
    /// The version of payment files the bank takes.
    pub version: PainVersion,
    /// The bank's code for the rail (`SvcLvl`), where it wants another than the currency's usual.
    pub service_level: Option<String>,
}

impl OwnBank {
    /// The rail, as a payment file names it: SEPA for euros, else an urgent transfer (Faster
    /// Payments in the UK).
    pub fn service_level_for(&self, currency: Currency) -> &str {
        match (&self.service_level, currency.code()) {
            (Some(level), _) => level,
            (None, "EUR") => "SEPA",
            (None, _) => "URNS",
        }
    }
}

/// A version of `pain.001`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum PainVersion {
    /// 2009.
    #[serde(rename = "001.001.03")]
    V03,
    /// 2019.
    #[default]
    #[serde(rename = "001.001.09")]
    V09,
}

impl PainVersion {
    /// As settings and the database name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V03 => "001.001.03",
            Self::V09 => "001.001.09",
        }
    }

    /// The version of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::V03, Self::V09]
            .into_iter()
            .find(|version| version.name() == name)
    }
}

impl BankAccount {
    /// An account of this number, without the spaces and dashes people type.
    pub fn new(number: &str) -> Self {
        let number = number
            .chars()
            .filter(|it| !it.is_whitespace() && *it != '-')
            .map(|it| it.to_ascii_uppercase())
            .collect();
        Self {
            number,
            clearing_system: None,
            holder: None,
        }
    }

    /// What kind of number it is.
    pub fn form(&self) -> NumberForm {
        let digits = self.number.bytes().all(|it| it.is_ascii_digit());
        if digits && self.number.len() == 14 {
            NumberForm::SortCodeAndNumber
        } else if is_iban(&self.number) {
            NumberForm::Iban
        } else {
            NumberForm::Other
        }
    }

    /// Why no bank could have given this number: it is too short or too long for a network, or
    /// begins like an IBAN and is none.
    pub fn mistake(&self) -> Option<&'static str> {
        let number = self.number.as_bytes();
        let plain = number.iter().all(u8::is_ascii_alphanumeric);
        let like_iban = number.iter().take(2).all(u8::is_ascii_alphabetic);
        match () {
            () if !plain || !LENGTH.contains(&number.len()) => {
                Some("that is no account number: it has 4 to 35 letters and digits")
            }
            () if like_iban && self.form() != NumberForm::Iban => {
                Some("the check digits of that IBAN are wrong")
            }
            () => None,
        }
    }

    /// Its last four characters: all that is shown unasked.
    pub fn last4(&self) -> &str {
        let from = self.number.char_indices().rev().nth(3);
        from.map_or("", |(at, _)| &self.number[at..])
    }

    /// How it is shown: `…1234`.
    pub fn masked(&self) -> String {
        format!("…{}", self.last4())
    }
}

impl fmt::Debug for BankAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Country, check digits and up to 30 more; the whole is 1 modulo 97 (ISO 13616, ISO 7064).
fn is_iban(number: &str) -> bool {
    let bytes = number.as_bytes();
    let shaped = (15..=34).contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_alphanumeric)
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit);
    shaped
        && bytes[4..]
            .iter()
            .chain(&bytes[..4])
            .filter_map(|it| char::from(*it).to_digit(36))
            .fold(0, |rest, value| {
                let shift = if value < 10 { 10 } else { 100 };
                (rest * shift + value) % 97
            })
            == 1
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("GB29 NWBK 6016 1331 9268 19", NumberForm::Iban)]
    #[case("DE89370400440532013000", NumberForm::Iban)]
    #[case("de89370400440532013000", NumberForm::Iban)]
    #[case("DE89370400440532013001", NumberForm::Other)]
    #[case("60-16-13 31926819", NumberForm::SortCodeAndNumber)]
    #[case("6016133192681", NumberForm::Other)]
    #[case("", NumberForm::Other)]
    #[case("ÄÖÜ", NumberForm::Other)]
    fn a_number_tells_its_form(#[case] number: &str, #[case] form: NumberForm) {
        assert_eq!(BankAccount::new(number).form(), form);
    }

    #[rstest]
    #[case("GB29 NWBK 6016 1331 9268 19", None)]
    #[case("GB29 NWBK 6016 1331 9268 18", Some("check digits"))]
    #[case("60-16-13 31926819", None)]
    #[case("123", Some("no account number"))]
    #[case("12\u{e9}45", Some("no account number"))]
    fn a_number_that_no_bank_gave_is_told(#[case] number: &str, #[case] said: Option<&str>) {
        let mistake = BankAccount::new(number).mistake();
        assert_eq!(mistake.is_some(), said.is_some());
        assert!(
            mistake
                .unwrap_or_default()
                .contains(said.unwrap_or_default())
        );
    }

    #[test]
    fn only_the_end_of_a_number_is_shown() {
        let account = BankAccount::new("GB29 NWBK 6016 1331 9268 19");
        assert_eq!(account.masked(), "…6819");
        assert_eq!(format!("{account:?}"), "…6819");
        assert_eq!(BankAccount::new("12").masked(), "…");
    }
}
