//! Amounts of a filter: `59`, `59.00`, `>100`, `50..60`, `>=20eur`. Without a currency they are in
//! main units of whatever currency a payment is in.

use serde::{Deserialize, Serialize};

use crate::domain::money::{Currency, Money};

/// ISO 4217 knows no currency with more.
const MOST_DECIMALS: usize = 4;
const MOST_DIGITS: usize = 15;

/// A decimal as typed: its digits, and how many of them stand after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    digits: i64,
    decimals: u32,
}

impl Figure {
    /// Reads digits with at most one point; no sign.
    pub fn parse(text: &str) -> Option<Self> {
        let (main, fraction) = text.split_once('.').unwrap_or((text, ""));
        let pointless = !text.contains('.');
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = main.len() <= MOST_DIGITS && fraction.len() <= MOST_DECIMALS;
        if main.is_empty() || !digits(main) || !digits(fraction) || !fits {
            return None;
        }
        if fraction.is_empty() && !pointless {
            return None;
        }
        Some(Self {
            digits: format!("{main}{fraction}").parse().ok()?,
            decimals: u32::try_from(fraction.len()).ok()?,
        })
    }

    /// The largest whole number of minor units that is not above it, and whether it is just that.
    fn floor(self, exponent: u32) -> (i64, bool) {
        let digits = i128::from(self.digits);
        let (minor, exact) = match exponent.checked_sub(self.decimals) {
            Some(more) => (digits * 10_i128.pow(more), true),
            None => {
                let unit = 10_i128.pow(self.decimals - exponent);
                (digits / unit, digits % unit == 0)
            }
        };
        // More than the desk counts is above every payment all the same.
        (i64::try_from(minor).unwrap_or(i64::MAX - 1), exact)
    }
}

/// An end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// Where.
    pub figure: Figure,
    /// The figure itself belongs to it.
    pub included: bool,
}

/// From an amount to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmountRange {
    /// The lower end; none: from nothing.
    pub from: Option<Bound>,
    /// The upper end; none: without end.
    pub to: Option<Bound>,
    /// Only in this currency.
    pub currency: Option<Currency>,
}

impl AmountRange {
    /// Just this amount.
    pub(super) fn exactly(figure: Figure, currency: Option<Currency>) -> Self {
        let bound = Some(Bound {
            figure,
            included: true,
        });
        Self {
            from: bound,
            to: bound,
            currency,
        }
    }

    /// Reads what stands after `amount:`. The error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (text, currency) = without_currency(text)?;
        let figure = |text: &str| figure(text);
        let bound =
            |text: &str, included| figure(text).map(|figure| Some(Bound { figure, included }));
        let one_end = |from, to| Self { from, to, currency };
        if let Some((low, high)) = text.split_once("..") {
            return Ok(one_end(bound(low, true)?, bound(high, true)?));
        }
        for (sign, included) in [(">=", true), (">", false)] {
            if let Some(low) = text.strip_prefix(sign) {
                return Ok(one_end(bound(low, included)?, None));
            }
        }
        for (sign, included) in [("<=", true), ("<", false)] {
            if let Some(high) = text.strip_prefix(sign) {
                return Ok(one_end(None, bound(high, included)?));
            }
        }
        let exact = text.strip_prefix('=').unwrap_or(text);
        Ok(Self::exactly(figure(exact)?, currency))
    }

    /// The first and the last number of minor units in it, for a currency of `exponent` decimals.
    /// None: no such currency has an amount in it.
    pub fn minor(&self, exponent: u32) -> Option<(i64, i64)> {
        let least = self.from.map_or(i64::MIN, |bound| {
            let (minor, exact) = bound.figure.floor(exponent);
            minor + i64::from(!(exact && bound.included))
        });
        let most = self.to.map_or(i64::MAX, |bound| {
            let (minor, exact) = bound.figure.floor(exponent);
            minor - i64::from(exact && !bound.included)
        });
        (least <= most).then_some((least, most))
    }

    /// True for an amount in it.
    pub fn holds(&self, amount: Money) -> bool {
        let ends = self.minor(amount.currency.exponent());
        let inside = ends.is_some_and(|(least, most)| (least..=most).contains(&amount.minor));
        inside && self.currency.is_none_or(|it| it == amount.currency)
    }

    /// True for one amount only.
    pub fn is_exact(&self) -> bool {
        self.from.is_some() && self.from == self.to
    }

    /// True for everything above nothing.
    pub(super) fn is_above_zero(&self) -> bool {
        let above = |bound: Bound| bound.figure.digits == 0 && !bound.included;
        self.from.is_some_and(above) && self.to.is_none() && self.currency.is_none()
    }
}

fn figure(text: &str) -> Result<Figure, String> {
    if text.contains(',') {
        return Err("has a comma, which may part thousands or decimals: use a point".to_owned());
    }
    let decimals = text
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    if decimals > MOST_DECIMALS {
        return Err("has more decimals than any currency".to_owned());
    }
    Figure::parse(text).ok_or_else(|| "is not an amount".to_owned())
}

/// Takes a currency code off the end.
fn without_currency(text: &str) -> Result<(&str, Option<Currency>), String> {
    let figure = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let code = &text[figure.len()..];
    if code.is_empty() {
        return Ok((text, None));
    }
    match Currency::from_code(&code.to_ascii_uppercase()) {
        Ok(currency) => Ok((figure, Some(currency))),
        Err(_) => Err("is not an amount".to_owned()),
    }
}

/// A bare word that is an amount, with or without a currency: `59`, `59.00`, `59eur`.
pub(super) fn bare(text: &str) -> Option<AmountRange> {
    let (text, currency) = without_currency(text).ok()?;
    Figure::parse(text).map(|figure| AmountRange::exactly(figure, currency))
}
