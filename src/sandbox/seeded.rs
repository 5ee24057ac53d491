//! Payments out of a seed: what the sandbox knows when no settlement file is given.
//!
//! Dates are whole days back from today, so the same day gives the same bytes.

mod network;
mod stock;

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};

use super::settlement::Row;
use crate::domain::money::{Currency, Money};
use stock::{DESCRIPTIONS, FAMILY_NAMES, FULL_NAMES, GIVEN_NAMES, SCHEMES};

const SEED: u64 = 0x5EED_0F0F_D35C;

/// Numbers that look random and are the same on every machine (splitmix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len() as u64) as usize]
    }

    fn letters(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .map(|_| alphabet[self.below(alphabet.len() as u64) as usize] as char)
            .collect()
    }
}

const HEX: &[u8] = b"0123456789abcdef";
const DIGITS: &[u8] = b"0123456789";
const LETTERS_AND_DIGITS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Accounts of bank transfers and their currencies; the decimals are those of the cards' currency.
const NUAPAY_UK: (&str, &str) = ("nuapay-uk", "GBP");
const NUAPAY_EU: (&str, &str) = ("nuapay-eu", "EUR");

/// Who pays, with which card: a customer keeps both.
#[derive(Clone)]
struct Customer {
    number: u64,
    name: String,
    last4: String,
    scheme: &'static str,
}

/// A payment before it is written down.
#[derive(Clone)]
struct Sale {
    customer: Customer,
    captured_at: DateTime<Utc>,
    amount: Money,
    order: u64,
    description: &'static str,
}

/// `count` payments as settlement rows, oldest first, all captured before `today`.
pub(super) fn payments(count: usize, today: NaiveDate, currency: Currency) -> Vec<Row> {
    let mut draw = Draw(SEED);
    let customers = customers(&mut draw, count / 3 + 1);
    let mut days_back: Vec<u64> = (0..count).map(|_| days_back(&mut draw)).collect();
    days_back.sort_unstable_by(|a, b| b.cmp(a));
    let mut sales: Vec<Sale> = Vec::with_capacity(count);
    for (number, days_back) in days_back.into_iter().enumerate() {
        let day = today
            .checked_sub_days(Days::new(days_back))
            .unwrap_or(today);
        let mut sale = fresh_sale(&mut draw, number as u64, day, currency, &customers);
        if let Some(before) = sales
            .last()
            .filter(|before| before.captured_at.date_naive() == day)
        {
            follow(&mut sale, before, number);
        }
        sales.push(sale);
    }
    sales.sort_by_key(|sale| sale.captured_at);
    let rows = sales.iter().enumerate();
    let mut rows: Vec<Row> = rows
        .map(|(number, sale)| row(&mut draw, number, sale, today))
        .collect();
    network::through(&mut rows);
    rows
}

fn customers(draw: &mut Draw, count: usize) -> Vec<Customer> {
    let customer = |number| Customer {
        number,
        name: match draw.below(8) {
            0 => draw.one_of(&FULL_NAMES).to_owned(),
            _ => format!(
                "{} {}",
                draw.one_of(&GIVEN_NAMES),
                draw.one_of(&FAMILY_NAMES)
            ),
        },
        last4: draw.letters(DIGITS, 4),
        scheme: draw.one_of(&SCHEMES),
    };
    (1..=count as u64).map(customer).collect()
}

/// Most payments are of the last year; one in twenty-five is too old to be refunded.
fn days_back(draw: &mut Draw) -> u64 {
    match draw.below(25) {
        0 => 367 + draw.below(58),
        1 => 1 + draw.below(3),
        _ => 1 + draw.below(360),
    }
}

fn fresh_sale(
    draw: &mut Draw,
    number: u64,
    day: NaiveDate,
    currency: Currency,
    customers: &[Customer],
) -> Sale {
    let time = TimeDelta::seconds(draw.below(20 * 60 * 60) as i64);
    Sale {
        customer: customers[draw.below(customers.len() as u64) as usize].clone(),
        captured_at: day.and_time(chrono::NaiveTime::MIN).and_utc() + time,
        amount: amount(draw, currency),
        order: 55_000 + number,
        description: draw.one_of(&DESCRIPTIONS),
    }
}

/// Between 3.50 and 1800.00, small ones far more often, with the cents that shops like.
fn amount(draw: &mut Draw, currency: Currency) -> Money {
    let main = match draw.below(20) {
        0 => 400 + draw.below(1400),
        1..=4 => 90 + draw.below(310),
        5..=12 => 20 + draw.below(70),
        _ => 3 + draw.below(17),
    };
    let cents = match draw.below(4) {
        0 => draw.below(100),
        1 => 99,
        _ => draw.one_of(&[&0, &25, &49, &50, &75, &90, &95]).to_owned(),
    };
    let minor = (main * 100 + cents).clamp(350, 180_000);
    Money::new(minor as i64, currency)
}

/// Makes a sale the twin of the one before (charged twice), or the second payment of its order.
fn follow(sale: &mut Sale, before: &Sale, number: usize) {
    let soon_after = before.captured_at + TimeDelta::seconds(47 + number as i64 % 600);
    if number.is_multiple_of(40) {
        *sale = Sale {
            captured_at: soon_after,
            order: sale.order,
            ..before.clone()
        };
    } else if number % 40 == 17 {
        sale.captured_at = soon_after;
        sale.order = before.order;
        sale.customer.name.clone_from(&before.customer.name);
        sale.customer.number = before.customer.number;
    }
}

fn row(draw: &mut Draw, number: usize, sale: &Sale, today: NaiveDate) -> Row {
    let (account, payment_id) = match draw.below(14) {
        0 | 1 => (
            "prism-us",
            format!("pi_{}", draw.letters(LETTERS_AND_DIGITS, 24)),
        ),
        2 => return transfer(draw, number, sale, today, NUAPAY_UK),
        3 => return transfer(draw, number, sale, today, NUAPAY_EU),
        _ => ("hub-us", draw.letters(HEX, 32)),
    };
    let settled_at = settled_at(draw, sale.captured_at, today);
    let amount = match account {
        "prism-us" => abroad(sale.amount, number),
        _ => sale.amount,
    };
    Row::new(&[
        ("account", account),
        ("payment_id", &payment_id),
        ("reference", &format!("INV-{}", 100_001 + number)),
        ("amount", &amount.decimal()),
        ("currency", amount.currency.code()),
        ("captured_at", &written(sale.captured_at)),
        ("settled_at", &settled_at),
        ("payer", &sale.customer.name),
        ("method", "card"),
        ("description", sale.description),
        ("order", &format!("SO-{}", sale.order)),
        ("last4", &sale.customer.last4),
        ("scheme", sale.customer.scheme),
        ("customer_id", &format!("C-{:05}", sale.customer.number)),
        ("auth_code", &draw.letters(DIGITS, 6)),
        ("arn", &format!("7{}", draw.letters(DIGITS, 22))),
    ])
}

/// A bank transfer: no card, its own currency, and the end of an account number.
fn transfer(
    draw: &mut Draw,
    number: usize,
    sale: &Sale,
    today: NaiveDate,
    (account, currency): (&str, &str),
) -> Row {
    Row::new(&[
        ("account", account),
        (
            "payment_id",
            &draw.letters(LETTERS_AND_DIGITS, 10).to_lowercase(),
        ),
        ("reference", &format!("INV-{}", 100_001 + number)),
        ("amount", &sale.amount.decimal()),
        ("currency", currency),
        ("captured_at", &written(sale.captured_at)),
        ("settled_at", &settled_at(draw, sale.captured_at, today)),
        ("payer", &sale.customer.name),
        ("method", "bank transfer"),
        ("description", sale.description),
        ("order", &format!("SO-{}", sale.order)),
        ("last4", &sale.customer.last4),
        ("customer_id", &format!("C-{:05}", sale.customer.number)),
        ("end_to_end", &format!("E2E{}", draw.letters(DIGITS, 14))),
    ])
}

/// The connector's account sells in yen and dinars too: currencies without decimals and with three.
fn abroad(amount: Money, number: usize) -> Money {
    let (code, times) = match number % 5 {
        0 => ("JPY", 100),
        1 => ("KWD", 3),
        _ => return amount,
    };
    // What costs a dollar costs a hundred yen, or three hundred fils.
    match Currency::from_code(code) {
        Ok(currency) if code == "JPY" => Money::new(amount.minor / 100 * times, currency),
        Ok(currency) => Money::new(amount.minor / 10 * 10 * times, currency),
        Err(_) => amount,
    }
}

/// In the night after capture, or rarely some nights later. Where that is not before today, some files
/// leave it empty and some announce the day.
fn settled_at(draw: &mut Draw, captured_at: DateTime<Utc>, today: NaiveDate) -> String {
    let nights = match draw.below(12) {
        0 => 2 + draw.below(4) as i64,
        _ => 1,
    };
    let midnight = captured_at.date_naive().and_time(chrono::NaiveTime::MIN);
    let settled_at = midnight.and_utc() + TimeDelta::days(nights) + TimeDelta::minutes(5);
    match settled_at.date_naive() > today && draw.below(2) == 0 {
        true => String::new(),
        false => written(settled_at),
    }
}

fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use chrono::Months;

    use super::*;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 21).unwrap()
    }

    fn two_thousand() -> Vec<Row> {
        payments(2000, today(), Currency::from_code("USD").unwrap())
    }

    #[test]
    fn the_same_day_gives_the_same_payments() {
        assert_eq!(two_thousand(), two_thousand());
    }

    #[test]
    fn dates_run_from_fourteen_months_back_to_yesterday() {
        let rows = two_thousand();
        let days: Vec<NaiveDate> = rows
            .iter()
            .map(|row| row.captured_at().unwrap().date_naive())
            .collect();
        assert!(days.is_sorted());
        assert!(days[0] >= today() - Months::new(14));
        assert_eq!(days.last(), Some(&today().pred_opt().unwrap()));
        let too_old = days
            .iter()
            .filter(|day| **day <= today() - Months::new(12))
            .count();
        assert!((40..160).contains(&too_old), "{too_old}");
        let morning = today().and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(8);
        let morning = written(morning);
        let unsettled = rows.iter().map(|row| row.get("settled_at"));
        let unsettled = unsettled
            .filter(|at| at.is_empty() || *at >= morning.as_str())
            .count();
        assert!((2..40).contains(&unsettled), "{unsettled}");
    }

    #[test]
    fn ids_are_unique_and_most_amounts_choose_no_outcome() {
        let rows = two_thousand();
        let ids: HashSet<&str> = rows.iter().map(|row| row.get("payment_id")).collect();
        let at_the_bank = rows.iter().filter(|row| row.get("account") == "a2a-bank");
        let shared = at_the_bank.count();
        assert_eq!(
            ids.len() + shared,
            rows.len(),
            "only a network's two ends share one"
        );
        let cents = |row: &Row| row.amount().unwrap().minor % 100;
        let plain = rows
            .iter()
            .filter(|row| !(1..=9).contains(&cents(row)))
            .count();
        assert!(plain > 1900, "{plain}");
        let hub = rows
            .iter()
            .filter(|row| row.get("account") == "hub-us")
            .count();
        assert!((1300..1600).contains(&hub), "{hub}");
        for account in ["nuapay-uk", "nuapay-eu"] {
            let ours = rows.iter().filter(|row| row.get("account") == account);
            assert!((80..220).contains(&ours.count()), "{account}");
        }
        for (account, some) in [("a2a-uk", 50..90), ("a2a-bank", 10..30)] {
            let ours = rows.iter().filter(|row| row.get("account") == account);
            assert!(some.contains(&ours.count()), "{account}");
        }
        let minor = |row: &Row| row.amount().unwrap().minor;
        let in_usd = |row: &&Row| row.get("currency") == "USD";
        assert!(
            rows.iter()
                .filter(in_usd)
                .all(|row| (350..=180_000).contains(&minor(row)))
        );
        for (currency, decimals) in [("JPY", 0), ("KWD", 3)] {
            let those = rows.iter().filter(|row| row.get("currency") == currency);
            let fits = |row: &Row| {
                let fraction = row
                    .get("amount")
                    .split_once('.')
                    .map_or(0, |(_, it)| it.len());
                row.get("account") == "prism-us" && fraction == decimals
            };
            assert!(
                those.clone().count() > 20 && those.clone().all(fits),
                "{currency}"
            );
        }
    }

    #[test]
    fn there_are_twins_and_orders_with_two_payments() {
        let rows = two_thousand();
        let mut orders = HashMap::<&str, usize>::new();
        for row in &rows {
            *orders.entry(row.get("order")).or_default() += 1;
        }
        assert!(orders.values().filter(|payments| **payments == 2).count() > 10);
        let like = |a: &Row, b: &Row| {
            ["payer", "last4", "amount"]
                .iter()
                .all(|column| a.get(column) == b.get(column))
        };
        assert!(
            rows.windows(3)
                .filter(|near| like(&near[0], &near[1]))
                .count()
                > 10
        );
    }

    #[test]
    fn a_small_count_is_no_special_case() {
        let usd = Currency::from_code("USD").unwrap();
        assert_eq!(payments(1, today(), usd).len(), 1);
        assert!(payments(0, today(), usd).is_empty());
    }
}
