//! What could be typed next.

use super::TermSpec;
use crate::domain::state::State;

/// What the word before the cursor could become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// How many characters of it are typed already.
    pub typed: usize,
    /// What it could be, whole.
    pub choices: Vec<String>,
    /// As typed it is one already.
    pub is_one: bool,
}

impl Completion {
    /// What all choices begin with beyond what is typed. A single choice is taken whole.
    pub fn common(&self) -> String {
        let Some((first, others)) = self.choices.split_first() else {
            return String::new();
        };
        let mut common: Vec<char> = first.chars().collect();
        for other in others {
            let same = common
                .iter()
                .zip(other.chars())
                .take_while(|(a, b)| *a == b);
            let length = same.count();
            common.truncate(length);
        }
        common.into_iter().skip(self.typed).collect()
    }
}

/// Completes the names of terms, and the accounts and states after them.
pub fn complete<'a>(
    before_cursor: &str,
    accounts: &[&str],
    terms: impl Iterator<Item = &'a TermSpec>,
) -> Completion {
    let word = before_cursor
        .rsplit(char::is_whitespace)
        .next()
        .unwrap_or_default();
    let mut names: Vec<String> = match word.split_once(':') {
        Some(("account", _)) => accounts.iter().map(|&name| name.to_owned()).collect(),
        Some(("state", _)) => {
            let named = State::ALL.iter().map(|state| state.name().to_owned());
            named.chain(["open".to_owned()]).collect()
        }
        Some(_) => return Completion::default(),
        None if word.is_empty() => return Completion::default(),
        None => terms.map(|term| written(term.name)).collect(),
    };
    let part = word.rsplit([':', ',']).next().unwrap_or_default();
    let is_one = names.iter().any(|name| name == part);
    names.retain(|name| name.starts_with(part) && name != part);
    Completion {
        typed: part.chars().count(),
        choices: names,
        is_one,
    }
}

fn written(name: &str) -> String {
    match name {
        "refundable" => name.to_owned(),
        _ => format!("{name}:"),
    }
}
