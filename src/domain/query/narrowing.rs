//! What narrows down a list of refunds of which every row is known: words anywhere in what is told
//! of a row, and those terms that a refund has as well.

use chrono::NaiveDate;

use super::{FilterError, TERMS, TermSpec, is_name, read, tokens, unknown};
use crate::domain::listing::PaymentFilter;
use crate::domain::money::Money;
use crate::domain::query::AmountRange;
use crate::domain::state::State;
use crate::domain::text::folded;

/// What a refund has, with an example of each.
const EXAMPLES: &str = "account:NAME, amount:>100, state:unknown";

/// What is told of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What words are looked for in.
    pub texts: Vec<String>,
    /// The provider account.
    pub account: Option<String>,
    /// How much.
    pub amount: Option<Money>,
    /// The state of the refund, where it is about one.
    pub state: Option<State>,
}

/// What was typed, as read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    words: Vec<String>,
    account: Option<String>,
    amount: Option<AmountRange>,
    states: Vec<State>,
}

/// The terms that a refund has.
pub fn terms_of_refunds() -> impl Iterator<Item = &'static TermSpec> {
    let has = |term: &&TermSpec| matches!(term.name, "account" | "amount" | "state");
    TERMS.iter().filter(has)
}

impl Narrowing {
    /// Reads what was typed.
    ///
    /// # Errors
    /// The first term that cannot be read or that only payments have.
    pub fn parse(typed: &str) -> Result<Self, FilterError> {
        let mut terms = PaymentFilter::default();
        let mut words = Vec::new();
        for token in tokens(typed) {
            let named = token.text.split_once(':');
            let named = named.filter(|(name, _)| !token.quoted && is_name(name));
            let Some((name, value)) = named else {
                words.push(folded(&token.text));
                continue;
            };
            if let Some(term) = terms_of_refunds().find(|term| term.name == name) {
                // None of them is about days.
                read(&mut terms, &token, term, value, NaiveDate::default())?;
            } else if TERMS.iter().any(|term| term.name == name) {
                return Err(token.wrong(0, "is a term of payments only", EXAMPLES));
            } else {
                unknown(&token, name)?;
                words.push(folded(&token.text));
            }
        }
        Ok(Self {
            words,
            account: terms.account.map(|name| folded(&name)),
            amount: terms.paid,
            states: terms.states,
        })
    }

    /// True when it leaves nothing out.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// True where each word is in one of the texts and each term holds. An account may be begun only.
    pub fn shows(&self, told: &Told) -> bool {
        let texts: Vec<String> = told.texts.iter().map(|text| folded(text)).collect();
        let is_in = |word: &String| texts.iter().any(|text| text.contains(word.as_str()));
        let account = |begun: &String| {
            let account = told.account.as_deref();
            account.is_some_and(|name| folded(name).starts_with(begun.as_str()))
        };
        let amount = |range: &AmountRange| told.amount.is_some_and(|amount| range.holds(amount));
        let state = || told.state.is_some_and(|state| self.states.contains(&state));
        self.words.iter().all(is_in)
            && self.account.iter().all(account)
            && self.amount.iter().all(amount)
            && (self.states.is_empty() || state())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    fn told() -> Told {
        Told {
            texts: vec!["CD-000012".to_owned(), "José Müller".to_owned()],
            account: Some("hub-us".to_owned()),
            amount: Some(Money::new(5_900, Currency::from_code("USD").unwrap())),
            state: Some(State::Unknown),
        }
    }

    #[test]
    fn words_and_terms_all_hold_whatever_their_case() {
        for (typed, shown) in [
            ("", true),
            ("  ", true),
            ("jose 12", true),
            ("cd-0 MULLER", true),
            ("jose 13", false),
            ("state:unknown", true),
            ("state:pending,unknown", true),
            ("state:open muller", true),
            ("state:failed", false),
            ("account:hub-us amount:>50", true),
            ("account:HUB", true),
            ("account:us", false),
            ("amount:59", true),
            ("amount:59.00usd", true),
            ("amount:59eur", false),
            ("amount:>59", false),
            ("amount:>=59", true),
            ("amount:50..58.99", false),
            // It is in quotes, and in no text.
            ("\"state:unknown\"", false),
        ] {
            let shows = Narrowing::parse(typed).unwrap().shows(&told());
            assert_eq!(shows, shown, "{typed}");
        }
        let nothing = Told::default();
        for typed in ["state:open", "account:h", "amount:>0", "x"] {
            assert!(!Narrowing::parse(typed).unwrap().shows(&nothing), "{typed}");
        }
    }

    #[test]
    fn a_term_it_cannot_have_is_pointed_at() {
        for (typed, at, what) in [
            ("jose state:unknwn", 11, "is no state of a refund"),
            ("can:>0", 0, "is a term of payments only"),
            ("12 settled:2026-11", 3, "is a term of payments only"),
            ("stat:unknown", 0, "is no term of a filter"),
            ("amount:", 0, "has nothing after it"),
        ] {
            let error = Narrowing::parse(typed).unwrap_err();
            assert_eq!((error.at, error.what.as_str()), (at, what), "{typed}");
        }
    }
}
