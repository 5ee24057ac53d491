//! Money: integer minor units and an ISO 4217 currency, with checked arithmetic.
//!
//! There is no conversion from or to a float anywhere. Text becomes money only here, and a
//! figure with more decimals than its currency has is refused, never rounded.

use std::fmt;
use std::sync::LazyLock;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

/// The largest amount of one capture or refund, in minor units: a trillion in a currency of two
/// decimals. No payment comes near it; what does is a broken file, and kept out so that the sums of
/// a payment stay far within `i64`. Migration V002 holds the same figure.
pub const LARGEST_MINOR: i64 = 100_000_000_000_000;

/// An ISO 4217 currency that has minor units (precious metals and test codes have none).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The currency of an upper-case ISO code, if the desk can hold money in it.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`] for a code that is not ISO 4217, is not upper case, or has
    /// no minor units.
    pub fn from_code(code: &str) -> Result<Self, MoneyError> {
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or_else(|| MoneyError::UnknownCurrency(code.to_owned()))
    }

    /// The currencies that have other than two decimals. All codes there may be are tried, once.
    pub fn uncommon() -> &'static [Self] {
        static UNCOMMON: LazyLock<Vec<Currency>> = LazyLock::new(|| {
            let letters = || b'A'..=b'Z';
            letters()
                .flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])))
                .filter_map(|code| Currency::from_code(std::str::from_utf8(&code).ok()?).ok())
                .filter(|currency| currency.exponent() != 2)
                .collect()
        });
        &UNCOMMON
    }

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals the currency has: 0 for JPY, 2 for USD, 3 for BHD.
    pub fn exponent(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(0))
    }

    /// How many minor units make one main unit: 100 for USD.
    pub fn minor_per_main(self) -> i64 {
        10_i64.pow(self.exponent())
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_code(&code).map_err(serde::de::Error::custom)
    }
}

/// An amount in minor units of one currency. May be negative: a balance can be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: cents for USD, yen for JPY.
    pub minor: i64,
    /// The currency the minor units are of.
    pub currency: Currency,
}

impl Money {
    /// An amount of `minor` units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Reads a plain decimal: digits, at most one point, at most the currency's decimals, no sign.
    ///
    /// # Errors
    /// A comma ([`MoneyError::Comma`]), too many decimals ([`MoneyError::TooManyDecimals`]),
    /// anything else that is not a decimal, and an amount beyond what `i64` holds.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        if text.contains(',') {
            return Err(MoneyError::comma(text));
        }
        let not_an_amount = || MoneyError::NotAnAmount(text.to_owned());
        let (main, fraction) = match text.split_once('.') {
            Some((main, fraction)) if !fraction.is_empty() => (main, fraction),
            Some(_) => return Err(not_an_amount()),
            None => (text, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if main.is_empty() || !all_digits(main) || !all_digits(fraction) {
            return Err(not_an_amount());
        }
        let exponent = currency.exponent() as usize;
        if fraction.len() > exponent {
            return Err(MoneyError::TooManyDecimals {
                text: text.to_owned(),
                currency,
            });
        }
        let digits = format!("{main}{fraction:0<exponent$}");
        let minor = digits
            .parse()
            .map_err(|_| MoneyError::TooLarge(text.to_owned()))?;
        Ok(Self { minor, currency })
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// Two currencies, or a sum beyond `i64`.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference of two amounts of one currency; may be negative.
    ///
    /// # Errors
    /// Two currencies, or a difference beyond `i64`.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    /// The amount a whole number of times.
    ///
    /// # Errors
    /// A product beyond `i64`.
    pub fn checked_mul(self, times: i64) -> Result<Self, MoneyError> {
        let minor = self
            .minor
            .checked_mul(times)
            .ok_or_else(|| MoneyError::TooLarge(format!("{times} x {self}")))?;
        Ok(Self { minor, ..self })
    }

    /// A percentage of the amount, rounded down to minor units.
    ///
    /// # Errors
    /// A negative percentage, or a result beyond `i64`.
    pub fn percent(self, percent: Decimal) -> Result<Self, MoneyError> {
        let too_large = || MoneyError::TooLarge(format!("{percent}% of {self}"));
        if percent.is_sign_negative() {
            return Err(MoneyError::NotAnAmount(format!("{percent}%")));
        }
        let product = Decimal::from(self.minor)
            .checked_mul(percent)
            .and_then(|product| product.checked_div(Decimal::ONE_HUNDRED))
            .ok_or_else(too_large)?;
        let minor = product.floor().to_i64().ok_or_else(too_large)?;
        Ok(Self { minor, ..self })
    }

    /// True for an amount within [`LARGEST_MINOR`], the most one capture or refund may be.
    pub fn is_countable(self) -> bool {
        (-LARGEST_MINOR..=LARGEST_MINOR).contains(&self.minor)
    }

    /// The amount, cut to what the desk counts.
    #[must_use]
    pub fn capped(self) -> Self {
        Self::new(
            self.minor.clamp(-LARGEST_MINOR, LARGEST_MINOR),
            self.currency,
        )
    }

    /// True for an amount above zero.
    pub fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// The larger of two amounts of one currency.
    ///
    /// # Errors
    /// Two currencies.
    pub fn larger(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, |a, b| Some(a.max(b)))
    }

    fn combine(
        self,
        other: Self,
        how: impl Fn(i64, i64) -> Option<i64>,
    ) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::TwoCurrencies(self.currency, other.currency));
        }
        let minor = how(self.minor, other.minor)
            .ok_or_else(|| MoneyError::TooLarge(format!("{self} and {other}")))?;
        Ok(Self { minor, ..self })
    }

    /// The amount without its currency: `1234.50`, `-0.05`, `1000` for JPY.
    pub fn decimal(self) -> String {
        let exponent = self.currency.exponent() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!(
            "{:0>width$}",
            self.minor.unsigned_abs(),
            width = exponent + 1
        );
        let (main, fraction) = digits.split_at(digits.len() - exponent);
        match fraction {
            "" => format!("{sign}{main}"),
            _ => format!("{sign}{main}.{fraction}"),
        }
    }

    /// The amount for reading, thousands set apart by a space: `12 345.60`.
    pub fn grouped(self) -> String {
        let plain = self.decimal();
        let (main, fraction) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
        let (sign, digits) = match main.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", main),
        };
        let mut out = String::from(sign);
        for (position, digit) in digits.chars().enumerate() {
            if position > 0 && (digits.len() - position).is_multiple_of(3) {
                out.push(' ');
            }
            out.push(digit);
        }
        out + fraction
    }
}

/// `12.50 USD`
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not money, or two amounts do not combine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The code is not a currency the desk can hold.
    #[error("{0:?} is not an ISO 4217 currency code with minor units; write it as in USD")]
    UnknownCurrency(String),
    /// The text is not a plain decimal.
    #[error("{0:?} is not an amount; write it as in 12.50")]
    NotAnAmount(String),
    /// A comma may part thousands or decimals; the desk does not guess.
    #[error(
        "{text:?} has a comma: it could mean {as_thousands} or {as_decimal}; write the one you mean with a point"
    )]
    Comma {
        /// What was typed.
        text: String,
        /// The reading with the comma between thousands.
        as_thousands: String,
        /// The reading with the comma before decimals.
        as_decimal: String,
    },
    /// More decimals than the currency has.
    #[error("{text:?} has more decimals than {currency} has ({}); nothing is rounded", currency.exponent())]
    TooManyDecimals {
        /// What was typed.
        text: String,
        /// The currency whose decimals were exceeded.
        currency: Currency,
    },
    /// Beyond what the desk can count.
    #[error("{0} is more than the desk can count")]
    TooLarge(String),
    /// Two currencies never combine.
    #[error("{0} and {1} cannot be combined")]
    TwoCurrencies(Currency, Currency),
}

impl MoneyError {
    fn comma(text: &str) -> Self {
        let as_decimal = match text.rsplit_once(',') {
            Some((main, fraction)) => {
                format!(
                    "{}.{}",
                    main.replace([',', '.'], ""),
                    fraction.replace('.', "")
                )
            }
            None => text.to_owned(),
        };
        Self::Comma {
            text: text.to_owned(),
            as_thousands: text.replace(',', ""),
            as_decimal,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::from_code(code).unwrap()
    }

    #[rstest]
    #[case("12.5", "USD", 1250)]
    #[case("12.50", "USD", 1250)]
    #[case("0.01", "USD", 1)]
    #[case("1000", "JPY", 1000)]
    #[case("1.234", "BHD", 1234)]
    #[case("92233720368547758.07", "USD", i64::MAX)]
    fn reads(#[case] text: &str, #[case] code: &str, #[case] minor: i64) {
        assert_eq!(
            Money::parse(text, currency(code)),
            Ok(Money::new(minor, currency(code)))
        );
    }

    #[rstest]
    #[case("12.345", "USD")]
    #[case("12.500", "USD")]
    #[case("1.0", "JPY")]
    #[case("1.2345", "BHD")]
    fn refuses_too_many_decimals(#[case] text: &str, #[case] code: &str) {
        let refusal = Money::parse(text, currency(code));
        assert!(
            matches!(refusal, Err(MoneyError::TooManyDecimals { .. })),
            "{refusal:?}"
        );
    }

    #[rstest]
    #[case("")]
    #[case(".")]
    #[case("12.")]
    #[case(".5")]
    #[case("-1")]
    #[case("+1")]
    #[case("1e3")]
    #[case("1 2")]
    #[case("٣")]
    #[case("1.2.3")]
    #[case("92233720368547758.08")]
    fn refuses_what_is_no_amount(#[case] text: &str) {
        assert!(Money::parse(text, currency("USD")).is_err());
    }

    #[test]
    fn a_comma_is_refused_with_both_readings() {
        let said = Money::parse("1,50", currency("USD"))
            .unwrap_err()
            .to_string();
        assert!(said.contains("150") && said.contains("1.50"), "{said}");
        let said = Money::parse("1,234.50", currency("USD"))
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("1234.50") && said.contains("1.23450"),
            "{said}"
        );
    }

    #[rstest]
    #[case(1_234_567, "USD", "12345.67", "12 345.67")]
    #[case(-5, "USD", "-0.05", "-0.05")]
    #[case(1_000, "JPY", "1000", "1 000")]
    #[case(100, "BHD", "0.100", "0.100")]
    #[case(i64::MIN, "USD", "-92233720368547758.08", "-92 233 720 368 547 758.08")]
    fn writes(#[case] minor: i64, #[case] code: &str, #[case] plain: &str, #[case] read: &str) {
        let money = Money::new(minor, currency(code));
        assert_eq!(money.decimal(), plain);
        assert_eq!(money.grouped(), read);
    }

    #[test]
    fn two_currencies_do_not_combine() {
        let one = Money::new(1, currency("USD"));
        let other = Money::new(1, currency("EUR"));
        assert_eq!(
            one.checked_add(other),
            Err(MoneyError::TwoCurrencies(currency("USD"), currency("EUR")))
        );
    }

    #[test]
    fn metals_and_lower_case_are_not_currencies() {
        for code in ["XAU", "usd", "US", "ZZZ", ""] {
            assert!(Currency::from_code(code).is_err(), "{code}");
        }
    }

    fn any_currency() -> impl Strategy<Value = Currency> {
        prop::sample::select(vec![
            "USD", "EUR", "GBP", "JPY", "KRW", "ISK", "BHD", "KWD", "TND",
        ])
        .prop_map(currency)
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_exactly(minor in 0..=i64::MAX, currency in any_currency()) {
            let money = Money::new(minor, currency);
            prop_assert_eq!(Money::parse(&money.decimal(), currency), Ok(money));
            prop_assert_eq!(money.grouped().replace(' ', ""), money.decimal());
        }

        #[test]
        fn one_decimal_too_many_is_always_refused(minor in 0..=i64::MAX, currency in any_currency()) {
            let point = if currency.exponent() == 0 { "." } else { "" };
            let text = format!("{}{point}0", Money::new(minor, currency).decimal());
            let refused = matches!(
                Money::parse(&text, currency),
                Err(MoneyError::TooManyDecimals { .. })
            );
            prop_assert!(refused, "{}", text);
        }

        #[test]
        fn adding_then_taking_away_changes_nothing(a in any::<i64>(), b in any::<i64>(), currency in any_currency()) {
            let (a, b) = (Money::new(a, currency), Money::new(b, currency));
            if let Ok(sum) = a.checked_add(b) {
                prop_assert_eq!(sum.checked_sub(b), Ok(a));
            } else {
                prop_assert!(a.minor.checked_add(b.minor).is_none());
            }
        }

        #[test]
        fn a_percentage_never_exceeds_and_loses_less_than_one_unit(
            minor in 0..=1_000_000_000_000_i64, hundredths in 0_i64..=10_000, currency in any_currency(),
        ) {
            let part = Money::new(minor, currency).percent(Decimal::new(hundredths, 2)).unwrap();
            let exact = i128::from(minor) * i128::from(hundredths);
            prop_assert!(i128::from(part.minor) * 10_000 <= exact);
            prop_assert!((i128::from(part.minor) + 1) * 10_000 > exact);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}", currency in any_currency()) {
            let _ = Money::parse(&text, currency);
        }
    }
}
