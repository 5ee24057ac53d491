//! A JSON object, read leniently: vendors' own samples have `null` nearly everywhere, so every
//! member is optional, unknown ones are ignored, and one of an unexpected shape counts as absent
//! (fact sheet of Nuapay, 3; of Mastercard, 4).

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::domain::money::{Currency, Money};

/// The members of an object, as they stand in the body.
pub struct Fields {
    members: HashMap<String, Box<RawValue>>,
    raw: String,
}

/// An amount in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// None is named.
    Nothing,
    /// An amount.
    Of(Money),
    /// Something that is not an amount in the currency it should be in.
    Unreadable,
}

impl Fields {
    /// Reads an object; none when it is something else.
    pub fn read(text: &str) -> Option<Self> {
        Some(Self {
            members: serde_json::from_str(text).ok()?,
            raw: text.to_owned(),
        })
    }

    /// The text it was read from.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Whether there is such a member, be it null.
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    fn value(&self, name: &str) -> Option<&str> {
        let value = self.members.get(name)?.get();
        (value != "null").then_some(value)
    }

    /// A string, or a number's text; none for null, an empty string, the string `null` that some
    /// bodies have (fact sheet of Nuapay, 12), and any other shape.
    pub fn text(&self, name: &str) -> Option<String> {
        scalar(self.value(name)?)
    }

    /// An object.
    pub fn object(&self, name: &str) -> Option<Self> {
        Self::read(self.value(name)?)
    }

    /// The entries of a list, or a single object as the only one.
    pub fn list(&self, name: &str) -> Option<Vec<&RawValue>> {
        let value = self.value(name)?;
        match value.as_bytes().first() {
            Some(b'[') => serde_json::from_str(value).ok(),
            Some(b'{') => serde_json::from_str(value).ok().map(|one| vec![one]),
            _ => None,
        }
    }

    /// The texts of a list, or a single one.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let Some(value) = self.value(name) else {
            return Vec::new();
        };
        let list: Option<Vec<&RawValue>> = serde_json::from_str(value).ok();
        let each = list.map(|list| list.iter().filter_map(|it| scalar(it.get())).collect());
        each.unwrap_or_else(|| scalar(value).into_iter().collect())
    }

    /// A JSON boolean.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.value(name)?.parse().ok()
    }

    /// A count.
    pub fn count(&self, name: &str) -> Option<u64> {
        self.value(name)?.parse().ok()
    }

    /// A JSON number, or a string of one, as an amount: missing decimals are zeros and superfluous
    /// zeros are none.
    pub fn amount(&self, name: &str, currency: Currency) -> Named {
        match self.value(name) {
            None => Named::Nothing,
            Some(value) => amount(value, currency).map_or(Named::Unreadable, Named::Of),
        }
    }
}

fn scalar(value: &str) -> Option<String> {
    let text = match value.as_bytes().first()? {
        b'"' => serde_json::from_str(value).ok()?,
        b'{' | b'[' => return None,
        _ => value.to_owned(),
    };
    let text = text.trim();
    (!text.is_empty() && text != "null").then(|| text.to_owned())
}

fn amount(value: &str, currency: Currency) -> Option<Money> {
    let text = scalar(value)?;
    let figure = match text.split_once('.') {
        None => text,
        Some((_, "")) => return None,
        Some((main, fraction)) => {
            let places = currency.exponent() as usize;
            let significant = fraction.trim_end_matches('0').len().max(places);
            match fraction.get(..significant).unwrap_or(fraction) {
                "" => main.to_owned(),
                kept => format!("{main}.{kept}"),
            }
        }
    };
    Money::parse(&figure, currency).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn gbp() -> Currency {
        Currency::from_code("GBP").unwrap()
    }

    #[rstest]
    #[case("100.01", Some(10_001))]
    #[case("50", Some(5_000))]
    #[case("40.1", Some(4_010))]
    #[case("40.100", Some(4_010))]
    #[case("\"40.10\"", Some(4_010))]
    #[case("90071992547409.93", Some(9_007_199_254_740_993))]
    #[case("40.105", None)]
    #[case("-1", None)]
    #[case("1e2", None)]
    #[case("\"forty\"", None)]
    #[case("[40]", None)]
    #[case("true", None)]
    fn an_amount_is_its_digits(#[case] value: &str, #[case] minor: Option<i64>) {
        let fields = Fields::read(&format!("{{\"a\":{value}}}")).unwrap();
        let expected = minor.map_or(Named::Unreadable, |it| Named::Of(Money::new(it, gbp())));
        assert_eq!(fields.amount("a", gbp()), expected);
    }

    #[test]
    fn null_is_nothing_wherever_it_stands() {
        let text = r#"{"t":null,"s":"null","e":" ","o":null,"l":null,"a":null,"n":7}"#;
        let fields = Fields::read(text).unwrap();
        for name in ["t", "s", "e", "missing"] {
            assert_eq!(fields.text(name), None, "{name}");
        }
        assert!(fields.object("o").is_none() && fields.list("l").is_none());
        assert_eq!(fields.amount("a", gbp()), Named::Nothing);
        assert_eq!(fields.text("n").as_deref(), Some("7"));
        assert!(fields.has("t") && !fields.has("missing"));
    }

    #[test]
    fn one_stands_for_a_list() {
        let fields = Fields::read(r#"{"d":{"code":"x"},"c":"5016","m":["1",2,null]}"#).unwrap();
        assert_eq!(fields.list("d").unwrap().len(), 1);
        assert_eq!(fields.texts("c"), ["5016"]);
        assert_eq!(fields.texts("m"), ["1", "2"]);
    }
}
