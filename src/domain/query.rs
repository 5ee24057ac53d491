//! What an operator types to find payments: free words, and terms such as `amount:>100`. One
//! reader for the screen's `/` and for `payments --query`.
//!
//! A caller's own words are read too: `4242 59 14nov~3` is a card that ends in 4242, charged 59.00,
//! on 14 November give or take three days. Numbers are read so only where at least two of the three
//! stand side by side; alone they are text, because references are numbers as well.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::listing::PaymentFilter;
use super::state::State;
use super::text::folded;

mod account;
mod amount;
mod ask;
mod caller;
mod complete;
mod day;
mod narrowing;

pub use account::check_accounts;
pub use amount::{AmountRange, Bound, Figure};
pub use ask::ask_next;
pub use complete::{Completion, complete};
pub use day::Days;
pub use narrowing::{Narrowing, Told, terms_of_refunds};

/// A word shorter than this is only looked for where a text begins; longer ones anywhere in it.
pub const ANYWHERE_FROM: usize = 3;

/// A term: its name and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermSpec {
    /// What stands before the colon.
    pub name: &'static str,
    /// What may stand after it, by example.
    pub examples: &'static str,
}

/// Every term.
pub const TERMS: [TermSpec; 10] = [
    term("account", "account:NAME"),
    term("amount", "amount:59, amount:>100, amount:50..60"),
    term("can", "can:>0, can:>=20"),
    term("email", "email:jane@shop.example"),
    term("from", "from:2026-11-14"),
    term("last4", "last4:4242"),
    term(
        "settled",
        "settled:2026-11, settled:2026-11-14, settled:14nov~3",
    ),
    term("state", "state:unknown, state:pending,failed"),
    term("to", "to:2026-11-14"),
    term("refundable", "refundable"),
];

const fn term(name: &'static str, examples: &'static str) -> TermSpec {
    TermSpec { name, examples }
}

/// What could not be read, where it stands, and what would have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{wrong:?} {what}; write {expected}")]
pub struct FilterError {
    /// The first wrong character, counted from 0.
    pub at: usize,
    /// The wrong part, as typed.
    pub wrong: String,
    /// What is wrong with it.
    pub what: String,
    /// What would be right.
    pub expected: String,
}

/// A word as typed, and where it stands in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    at: usize,
    text: String,
    quoted: bool,
}

impl Token {
    /// The error of a part of it that begins `skip` characters in.
    fn wrong(&self, skip: usize, what: impl Into<String>, expected: &str) -> FilterError {
        FilterError {
            at: self.at + skip,
            wrong: self.text.chars().skip(skip).collect(),
            what: what.into(),
            expected: expected.to_owned(),
        }
    }
}

/// Reads what was typed. `today` is the UTC date: `14nov` is the latest one that is not after it.
///
/// # Errors
/// The first part that cannot be read, and what could stand in its place.
pub fn parse(typed: &str, today: NaiveDate) -> Result<PaymentFilter, FilterError> {
    let mut filter = PaymentFilter::default();
    let mut bare = Vec::new();
    for token in tokens(typed) {
        match token.text.split_once(':') {
            Some((name, value)) if !token.quoted && is_name(name) => {
                match TERMS.iter().find(|term| term.name == name) {
                    Some(term) => read(&mut filter, &token, term, value, today)?,
                    None => unknown(&token, name).map(|()| bare.push(token))?,
                }
            }
            None if !token.quoted && token.text == "refundable" => filter.refundable = true,
            _ => bare.push(token),
        }
    }
    caller::read(&mut filter, bare, today)?;
    Ok(filter)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A reference may have a colon of its own; what is nearly a term is a slip.
fn unknown(token: &Token, name: &str) -> Result<(), FilterError> {
    let near = TERMS
        .iter()
        .find(|term| strsim::damerau_levenshtein(term.name, name) <= name.len().min(6) / 3);
    match near {
        Some(term) => Err(token.wrong(0, "is no term of a filter", term.examples)),
        None => Ok(()),
    }
}

fn read(
    filter: &mut PaymentFilter,
    token: &Token,
    term: &TermSpec,
    value: &str,
    today: NaiveDate,
) -> Result<(), FilterError> {
    let skip = term.name.len() + 1;
    let wrong = |what: String| token.wrong(skip, what, term.examples);
    if value.is_empty() {
        return Err(token.wrong(0, "has nothing after it", term.examples));
    }
    match term.name {
        "account" => filter.account = Some(value.to_owned()),
        "email" => filter.email = Some(value.to_owned()),
        "amount" => filter.paid = Some(AmountRange::parse(value).map_err(wrong)?),
        "can" => match AmountRange::parse(value).map_err(wrong)? {
            range if range.is_above_zero() => filter.refundable = true,
            range => filter.can = Some(range),
        },
        "last4" => filter.last4 = Some(last4(value).map_err(wrong)?),
        "state" => filter.states = states(token, skip, value, term.examples)?,
        "settled" => {
            let days = Days::parse(value, today).map_err(wrong)?;
            (filter.from, filter.to) = (Some(days.from), Some(days.to));
        }
        "from" => filter.from = Some(Days::parse(value, today).map_err(wrong)?.from),
        "to" => filter.to = Some(Days::parse(value, today).map_err(wrong)?.to),
        _ => return Err(token.wrong(0, "takes no value", term.examples)),
    }
    Ok(())
}

fn last4(value: &str) -> Result<String, String> {
    let fits = value.len() <= 4 && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match fits {
        true => Ok(value.to_owned()),
        false => Err("is not the end of a card or account: at most four of them".to_owned()),
    }
}

fn states(
    token: &Token,
    mut skip: usize,
    value: &str,
    examples: &str,
) -> Result<Vec<State>, FilterError> {
    let mut states = Vec::new();
    for name in value.split(',') {
        let lower = name.to_ascii_lowercase().replace('-', "_");
        match (State::from_name(&lower), lower.as_str()) {
            (Some(state), _) => states.push(state),
            (None, "open") => states.extend(State::ALL.into_iter().filter(|state| state.is_open())),
            _ => {
                let mut wrong = token.wrong(skip, "is no state of a refund", examples);
                wrong.wrong = name.to_owned();
                return Err(wrong);
            }
        }
        skip += name.chars().count() + 1;
    }
    Ok(states)
}

/// Parts at spaces, except between double quotes.
fn tokens(typed: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut open: Option<Token> = None;
    let mut inside = false;
    for (at, character) in typed.chars().enumerate() {
        let ends = character.is_whitespace() && !inside;
        if ends {
            tokens.extend(open.take());
            continue;
        }
        let token = open.get_or_insert_with(|| Token {
            at,
            text: String::new(),
            quoted: character == '"',
        });
        match character {
            '"' => inside = !inside,
            _ => token.text.push(character),
        }
    }
    tokens.extend(open);
    tokens.retain(|token| !token.text.is_empty());
    tokens
}

/// True for a word that is only looked for where a text begins.
fn is_short(word: &str) -> bool {
    folded(word).chars().count() < ANYWHERE_FROM
}

#[cfg(test)]
mod tests;
