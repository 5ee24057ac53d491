//! Prism's currencies: its own numbers, and decimals that are not always ISO 4217's (fact sheet 3).

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use super::wire;
use crate::domain::money::{Currency, Money};

const TABLE: &str = include_str!("../../../assets/prism_currencies.tsv");

#[derive(Clone, Copy)]
struct Entry {
    number: i32,
    decimals: u32,
}

fn table() -> &'static HashMap<&'static str, Entry> {
    static ENTRIES: OnceLock<HashMap<&'static str, Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
        rows.filter_map(|row| {
            let mut columns = row.split('\t');
            let code = columns.next()?;
            let number = columns.next()?.parse().ok()?;
            let decimals = columns.next()?.parse().ok()?;
            Some((code, Entry { number, decimals }))
        })
        .collect()
    })
}

/// The amounts of one account: what the config says of decimals wins over both tables.
#[derive(Clone, Debug)]
pub struct Amounts {
    exponents: BTreeMap<Currency, u32>,
}

impl Amounts {
    /// With these decimals given by name.
    pub fn new(exponents: &BTreeMap<Currency, u32>) -> Self {
        Self {
            exponents: exponents.clone(),
        }
    }

    /// An amount as it goes on the wire.
    ///
    /// # Errors
    /// Why it cannot: a currency Prism does not know or whose decimals are in dispute, or an amount
    /// that does not fit its decimals.
    pub fn write(&self, money: Money) -> Result<wire::Amount, String> {
        let currency = money.currency;
        let (entry, decimals) = self.entry(currency)?;
        let minor_amount = rescale(money.minor, currency.exponent(), decimals)
            .ok_or_else(|| format!("{money} cannot be written with {decimals} decimals"))?;
        Ok(wire::Amount {
            minor_amount,
            currency: entry.number,
        })
    }

    /// What an amount on the wire is in money of a currency; none: in another, or not to be told.
    pub fn read(&self, amount: wire::Amount, currency: Currency) -> Option<Money> {
        let (entry, decimals) = self.entry(currency).ok()?;
        (amount.currency == entry.number).then_some(())?;
        let minor = rescale(amount.minor_amount, decimals, currency.exponent())?;
        Some(Money::new(minor, currency))
    }

    fn entry(&self, currency: Currency) -> Result<(Entry, u32), String> {
        let entry = *table()
            .get(currency.code())
            .ok_or_else(|| format!("Prism has no {currency}"))?;
        let (iso, theirs) = (currency.exponent(), entry.decimals);
        match self.exponents.get(&currency) {
            Some(named) => Ok((entry, *named)),
            None if iso == theirs => Ok((entry, iso)),
            None => Err(format!(
                "{currency} has {iso} decimals by ISO 4217 and {theirs} at Prism; set exponents = \
                 {{ {currency} = … }} once the connector has said which it counts with"
            )),
        }
    }
}

/// The code of the currency that Prism gives a number.
pub fn code_of(number: i32) -> Option<&'static str> {
    let mut rows = table().iter();
    rows.find_map(|(code, entry)| (entry.number == number).then_some(*code))
}

/// The same amount with other decimals, unless something would be lost.
fn rescale(minor: i64, from: u32, to: u32) -> Option<i64> {
    let step = 10_i64.checked_pow(from.abs_diff(to))?;
    match to >= from {
        true => minor.checked_mul(step),
        false => (minor % step == 0).then(|| minor / step),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, Currency::from_code(code).unwrap())
    }

    fn named(code: &str, decimals: u32) -> Amounts {
        Amounts::new(&BTreeMap::from([(
            Currency::from_code(code).unwrap(),
            decimals,
        )]))
    }

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = TABLE.lines().filter(|row| !row.starts_with('#')).count() - 1;
        assert_eq!(table().len(), rows);
        assert_eq!(rows, 160);
        let numbers: std::collections::BTreeSet<i32> =
            table().values().map(|it| it.number).collect();
        assert_eq!(numbers, (1..=160).collect());
    }

    #[rstest]
    #[case(1250, "USD", 146)]
    #[case(1000, "JPY", 69)]
    #[case(1234, "KWD", 76)]
    #[case(1, "EUR", 45)]
    #[case(1, "GBP", 48)]
    fn where_both_agree_minor_units_pass(
        #[case] minor: i64,
        #[case] code: &str,
        #[case] number: i32,
    ) {
        let amounts = Amounts::new(&BTreeMap::new());
        let amount = amounts.write(money(minor, code)).unwrap();
        assert_eq!((amount.minor_amount, amount.currency), (minor, number));
        assert_eq!(
            amounts.read(amount, Currency::from_code(code).unwrap()),
            Some(money(minor, code))
        );
    }

    #[rstest]
    #[case("ISK")]
    #[case("IQD")]
    #[case("LYD")]
    #[case("MGA")]
    fn where_they_differ_nothing_is_sent_until_it_is_named(#[case] code: &str) {
        let amounts = Amounts::new(&BTreeMap::new());
        let said = amounts.write(money(1000, code)).unwrap_err();
        assert!(said.contains("set exponents"), "{said}");
        assert!(named(code, 3).write(money(1000, code)).is_ok());
    }

    #[rstest]
    #[case("ISK", 2, 500, Some(50_000))]
    #[case("ISK", 0, 500, Some(500))]
    #[case("KWD", 3, 1_234, Some(1_234))]
    #[case("KWD", 2, 1_230, Some(123))]
    #[case("KWD", 2, 1_234, None)]
    #[case("JPY", 2, i64::MAX, None)]
    fn a_named_exponent_counts_and_nothing_is_lost(
        #[case] code: &str,
        #[case] decimals: u32,
        #[case] minor: i64,
        #[case] sent: Option<i64>,
    ) {
        let amounts = named(code, decimals);
        let amount = amounts.write(money(minor, code)).ok();
        assert_eq!(amount.map(|it| it.minor_amount), sent);
        let back = amount.and_then(|it| amounts.read(it, money(0, code).currency));
        assert_eq!(back, sent.map(|_| money(minor, code)));
    }

    #[test]
    fn an_amount_in_another_currency_is_none_of_ours() {
        let amounts = Amounts::new(&BTreeMap::new());
        let euro = amounts.write(money(100, "EUR")).unwrap();
        assert_eq!(amounts.read(euro, money(0, "USD").currency), None);
        assert!(amounts.write(money(1, "XCG")).is_err(), "not in the table");
    }
}
