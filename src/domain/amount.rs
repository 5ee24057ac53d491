//! What an operator types as an amount: `12.5`, `50%`, `rest`, `100-8.30`, `3x12.50`, `12.50 USD`.

use std::str::FromStr;

use rust_decimal::Decimal;

use super::money::{Currency, Money, MoneyError};

/// The figures words and percentages refer to. One currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The amount paid: percentages are of it.
    pub paid: Money,
    /// What can be refunded now: `rest` and `all`.
    pub can_refund: Money,
}

/// Why an expression is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// A part is not money.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The expression ends in another currency than the payment's.
    #[error(
        "the payment is in {payment}, not in {typed}; a refund is always in the payment's currency"
    )]
    WrongCurrency {
        /// The currency typed.
        typed: String,
        /// The payment's.
        payment: Currency,
    },
    /// Not one of the forms.
    #[error("{0:?} is not an amount; write 12.50, 50%, rest, all, 100-8.30 or 3x12.50")]
    Syntax(String),
    /// Nothing, or less.
    #[error("{0} is not above zero; a refund gives something back")]
    NotPositive(Money),
}

/// Reads an expression. Each figure must be exact in the currency; only percentages round, down.
///
/// # Errors
/// [`AmountError`] says what was wrong and what would be allowed.
pub fn parse(text: &str, basis: &Basis) -> Result<Money, AmountError> {
    let currency = basis.paid.currency;
    let figure = strip_currency(text.trim(), currency)?;
    if figure.is_empty() {
        return Err(AmountError::Syntax(text.to_owned()));
    }
    let mut total = Money::zero(currency);
    for (sign, term) in terms(figure) {
        let term = parse_term(term.trim(), basis, text)?;
        total = match sign {
            '-' => total.checked_sub(term)?,
            _ => total.checked_add(term)?,
        };
    }
    if total.is_positive() {
        Ok(total)
    } else {
        Err(AmountError::NotPositive(total))
    }
}

/// Takes a currency code off the end; it must be the payment's.
fn strip_currency(text: &str, currency: Currency) -> Result<&str, AmountError> {
    let start = text
        .rfind(|character: char| !character.is_ascii_alphabetic())
        .map_or(0, |at| {
            at + text[at..].chars().next().map_or(1, char::len_utf8)
        });
    let word = &text[start..];
    let is_code = word.len() == 3 && !matches!(word.to_ascii_lowercase().as_str(), "all");
    match is_code {
        true if word.eq_ignore_ascii_case(currency.code()) => Ok(text[..start].trim_end()),
        true => Err(AmountError::WrongCurrency {
            typed: word.to_ascii_uppercase(),
            payment: currency,
        }),
        false => Ok(text),
    }
}

/// Splits at `+` and `-`, keeping the sign before each term.
fn terms(text: &str) -> Vec<(char, &str)> {
    let mut out = Vec::new();
    let (mut sign, mut start) = ('+', 0);
    for (at, character) in text.char_indices() {
        if matches!(character, '+' | '-') {
            out.push((sign, &text[start..at]));
            (sign, start) = (character, at + 1);
        }
    }
    out.push((sign, &text[start..]));
    out
}

fn parse_term(term: &str, basis: &Basis, whole: &str) -> Result<Money, AmountError> {
    let syntax = || AmountError::Syntax(whole.to_owned());
    if matches!(term.to_ascii_lowercase().as_str(), "rest" | "all") {
        return Ok(basis.can_refund);
    }
    if let Some(percent) = term.strip_suffix('%') {
        let percent = percent.trim();
        let plain = !percent.is_empty()
            && percent
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.');
        let percent = Decimal::from_str(percent)
            .ok()
            .filter(|_| plain)
            .ok_or_else(syntax)?;
        return Ok(basis.paid.percent(percent)?);
    }
    if let Some((left, right)) = term.split_once(['x', 'X', '*', '×']) {
        return parse_product(left.trim(), right.trim(), basis).ok_or_else(syntax)?;
    }
    match Money::parse(&ungroup(term), basis.paid.currency) {
        Err(MoneyError::NotAnAmount(_)) => Err(syntax()),
        other => Ok(other?),
    }
}

/// One side must be a whole number of times.
fn parse_product(left: &str, right: &str, basis: &Basis) -> Option<Result<Money, AmountError>> {
    let times = |text: &str| {
        let whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|_| whole)
    };
    let (count, figure) = match (times(left), times(right)) {
        (Some(count), _) => (count, right),
        (None, Some(count)) => (count, left),
        (None, None) => return None,
    };
    let product = Money::parse(figure, basis.paid.currency)
        .and_then(|one| one.checked_mul(count))
        .map_err(AmountError::from);
    Some(product)
}

/// Takes out the spaces the desk itself writes between thousands, and no others.
fn ungroup(term: &str) -> String {
    let (main, _) = term.split_once('.').unwrap_or((term, ""));
    let groups: Vec<&str> = main.split(' ').collect();
    let grouped = groups.len() > 1
        && (1..=3).contains(&groups[0].len())
        && groups[1..].iter().all(|group| group.len() == 3);
    if grouped {
        term.replace(' ', "")
    } else {
        term.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn basis(code: &str, paid: i64, can_refund: i64) -> Basis {
        let currency = Currency::from_code(code).unwrap();
        Basis {
            paid: Money::new(paid, currency),
            can_refund: Money::new(can_refund, currency),
        }
    }

    #[rstest]
    #[case("12.5", 1250)]
    #[case(" 12.50 ", 1250)]
    #[case("12.50 USD", 1250)]
    #[case("12.50usd", 1250)]
    #[case("50%", 5000)]
    #[case("33.33%", 3333)]
    #[case("rest", 8000)]
    #[case("ALL", 8000)]
    #[case("all USD", 8000)]
    #[case("100-8.30", 9170)]
    #[case("3x12.50", 3750)]
    #[case("12.50*3", 3750)]
    #[case("3 x 12.50 + 1", 3850)]
    #[case("rest-5", 7500)]
    #[case("1 234.50", 123_450)]
    fn reads(#[case] text: &str, #[case] minor: i64) {
        let read = parse(text, &basis("USD", 10_000, 8_000));
        assert_eq!(read.map(|money| money.minor), Ok(minor), "{text}");
    }

    #[rstest]
    #[case("")]
    #[case("USD")]
    #[case("12,50")]
    #[case("12.345")]
    #[case("12.50 EUR")]
    #[case("0")]
    #[case("0.00")]
    #[case("8-8")]
    #[case("5-8")]
    #[case("-5")]
    #[case("--5")]
    #[case("1e3")]
    #[case("2.5x3.5")]
    #[case("rest%")]
    #[case("half")]
    #[case("1 2")]
    #[case("99999999999999999999")]
    fn refuses(#[case] text: &str) {
        assert!(parse(text, &basis("USD", 10_000, 8_000)).is_err(), "{text}");
    }

    #[test]
    fn a_yen_has_no_decimals() {
        assert!(parse("12.5", &basis("JPY", 1000, 1000)).is_err());
        assert_eq!(parse("33%", &basis("JPY", 1000, 1000)).unwrap().minor, 330);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_is_positive(text in ".{0,30}") {
            if let Ok(money) = parse(&text, &basis("USD", 10_000, 8_000)) {
                prop_assert!(money.is_positive());
            }
        }

        #[test]
        fn sums_are_exact(a in 1_i64..1_000_000, b in 0_i64..1_000_000) {
            let basis = basis("USD", 1, 1);
            let text = format!("{}+{}", Money::new(a, basis.paid.currency).decimal(), Money::new(b, basis.paid.currency).decimal());
            prop_assert_eq!(parse(&text, &basis).unwrap().minor, a + b);
        }
    }
}
