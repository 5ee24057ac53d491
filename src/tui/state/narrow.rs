//! Words that narrow a list down of which every row is known.

use crate::domain::text::folded;

use super::edit::LineEdit;

/// What is typed after `/`.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    /// It as typed.
    pub typed: LineEdit,
    words: Vec<String>,
}

impl Narrow {
    /// Reads what was typed: words, in any order, without case and accents.
    pub fn read(&mut self) {
        let words = self.typed.text().split_whitespace();
        self.words = words.map(folded).collect();
    }

    /// Nothing is left out any more.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// True when it leaves nothing out.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// True where each word is in one of `fields`.
    pub fn shows(&self, fields: impl Fn() -> Vec<String>) -> bool {
        if self.is_empty() {
            return true;
        }
        let fields: Vec<String> = fields().iter().map(|field| folded(field)).collect();
        let is_in = |word: &String| fields.iter().any(|field| field.contains(word.as_str()));
        self.words.iter().all(is_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_somewhere_whatever_its_case() {
        let fields = || vec!["CD-000012".to_owned(), "José Müller".to_owned()];
        let shows = |typed: &str| {
            let mut narrow = Narrow {
                typed: LineEdit::new(typed),
                ..Narrow::default()
            };
            narrow.read();
            narrow.shows(fields)
        };
        for typed in ["", "  ", "jose 12", "cd-0 MULLER"] {
            assert!(shows(typed), "{typed}");
        }
        for typed in ["jose 13", "josé anna"] {
            assert!(!shows(typed), "{typed}");
        }
    }
}
