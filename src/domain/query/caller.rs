//! Words without a colon: what a caller says of a payment, or text to look for.

use chrono::NaiveDate;

use super::{AmountRange, Days, FilterError, Token, amount, is_short};
use crate::domain::listing::PaymentFilter;

/// What a bare word may be.
struct Reading {
    token: Token,
    day: Option<Days>,
    amount: Option<AmountRange>,
    is_four: bool,
}

impl Reading {
    fn of(token: Token, today: NaiveDate) -> Result<Self, FilterError> {
        let word = token.text.as_str();
        let plain = !token.quoted;
        let day = Days::bare(word, today).filter(|_| plain && word.contains(is_digit));
        let day = day
            .transpose()
            .map_err(|what| token.wrong(0, what, "14nov, 14nov~3 or 2026-11-14"))?;
        let is_four = plain && word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
        let amount = amount::bare(word).filter(|_| plain && day.is_none());
        Ok(Self {
            day,
            amount,
            is_four,
            token,
        })
    }

    fn is_money(&self) -> bool {
        self.amount.is_some() && self.token.text.contains('.')
            || self.amount.is_some_and(|amount| amount.currency.is_some())
    }
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit()
}

/// Reads the bare words into the filter.
pub(super) fn read(
    filter: &mut PaymentFilter,
    bare: Vec<Token>,
    today: NaiveDate,
) -> Result<(), FilterError> {
    let mut readings = bare
        .into_iter()
        .map(|token| Reading::of(token, today))
        .collect::<Result<Vec<_>, _>>()?;
    let four = readings.iter().position(|it| it.is_four);
    let is_amount = |at: usize, it: &Reading| it.amount.is_some() && Some(at) != four;
    let number = readings
        .iter()
        .enumerate()
        .position(|(at, it)| is_amount(at, it));
    let day = readings.iter().position(|it| it.day.is_some());
    let known = [four, number, day];
    if known.iter().flatten().count() >= 2 {
        filter.last4 = four
            .map(|at| readings[at].token.text.clone())
            .or(filter.last4.take());
        filter.paid = number.and_then(|at| readings[at].amount).or(filter.paid);
        filter.paid_on = day.and_then(|at| readings[at].day);
        let mut at = 0;
        readings.retain(|_| {
            at += 1;
            !known.contains(&Some(at - 1))
        });
    } else if let Some(at) = day {
        // Beside other words it is what the caller remembers; alone it is a day of the list.
        let days = readings.remove(at).day;
        match readings.is_empty() && filter.is_empty() {
            true => (filter.from, filter.to) = (days.map(|it| it.from), days.map(|it| it.to)),
            false => filter.paid_on = days,
        }
    } else if let Some(at) = number.filter(|at| readings[*at].is_money()) {
        filter.paid = readings.remove(at).amount;
    }
    words(filter, readings.into_iter().map(|it| it.token));
    Ok(())
}

/// Words are looked for one by one. One too short to be looked for anywhere belongs to the one
/// before it: `jane d` is the beginning of `jane doe`.
fn words(filter: &mut PaymentFilter, tokens: impl Iterator<Item = Token>) {
    let mut open = false;
    for token in tokens {
        match filter.words.last_mut() {
            Some(last) if open && !token.quoted && is_short(&token.text) => {
                last.push(' ');
                last.push_str(&token.text);
            }
            _ => filter.words.push(token.text),
        }
        open = !token.quoted;
    }
}
