//! Who did what: the audit as it was read so far, newest first.

use std::collections::BTreeSet;

use crate::domain::audit::{AuditEntry, AuditFilter};
use crate::domain::query::Completion;

use super::edit::LineEdit;

/// How many entries are read at a time.
pub const PAGE_ENTRIES: u32 = 200;

/// The screen.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// What was typed to leave entries out.
    pub typed: LineEdit,
    /// It is being typed.
    pub typing: bool,
    /// What is asked for.
    pub filter: AuditFilter,
    /// Newest first.
    pub rows: Vec<AuditEntry>,
    /// The newest are asked for once more: what is answered stands in place of all that is here.
    pub anew: bool,
    /// The list has been answered.
    pub loaded: bool,
    /// There is nothing older.
    pub at_end: bool,
    /// Why it could not be read.
    pub failed: Option<String>,
    /// The first line shown.
    pub scroll: usize,
}

impl Activity {
    /// Who the word before the cursor could name after `by:`, of those who did what is listed.
    pub fn completion(&self) -> Completion {
        let before = self.typed.before_cursor();
        let word = before.rsplit(char::is_whitespace).next();
        let Some(part) = word.and_then(|word| word.strip_prefix("by:")) else {
            return Completion::default();
        };
        let fits = |name: &&str| {
            name.starts_with(part) && *name != part && !name.contains(char::is_whitespace)
        };
        let names = self.rows.iter().map(|entry| entry.actor.as_str());
        let names: BTreeSet<&str> = names.filter(fits).collect();
        Completion {
            typed: part.chars().count(),
            choices: names.into_iter().map(str::to_owned).collect(),
            is_one: false,
        }
    }

    /// Reads what was typed: `by:NAME`, and any other words as the payment, refund or file.
    pub fn parse(typed: &str) -> AuditFilter {
        let mut filter = AuditFilter::default();
        let mut words = Vec::new();
        for word in typed.split_whitespace() {
            match word.split_once(':') {
                Some(("by", name)) => filter.actor = Some(name.to_owned()),
                _ => words.push(word),
            }
        }
        filter.subject = Some(words.join(" ")).filter(|subject| !subject.is_empty());
        filter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_a_person_and_what_it_is_about() {
        let filter = Activity::parse("by:ann CD-1");
        assert_eq!(filter.actor.as_deref(), Some("ann"));
        assert_eq!(filter.subject.as_deref(), Some("CD-1"));
        assert_eq!(Activity::parse("  "), AuditFilter::default());
    }
}
