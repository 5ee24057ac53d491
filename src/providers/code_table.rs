//! Providers' codes as tables of their own in `assets`: code, our words, class, tab-separated below one
//! row of names.

use std::collections::HashMap;

/// Words of a description by which what was asked may have been done before: no provider publishes
/// its code of a duplicate.
const OF_DUPLICATES: [&str; 4] = ["duplicate", "already", "in progress", "idempoten"];

struct Entry {
    label: &'static str,
    class: &'static str,
}

/// A table of codes.
pub struct CodeTable(HashMap<&'static str, Entry>);

impl CodeTable {
    /// Reads a table; lines that begin with `#` are remarks.
    pub fn read(text: &'static str) -> Self {
        Self(rows(text).filter_map(entry).collect())
    }

    /// Our words for a code.
    pub fn label(&self, code: &str) -> Option<&'static str> {
        self.0.get(code).map(|entry| entry.label)
    }

    /// The class of a code: what it means for the money.
    pub fn class(&self, code: &str) -> Option<&'static str> {
        self.0.get(code).map(|entry| entry.class)
    }
}

/// Whether a description speaks of something that may exist already.
pub fn speaks_of_a_duplicate(description: &str) -> bool {
    let words = description.to_ascii_lowercase();
    OF_DUPLICATES.iter().any(|it| words.contains(it))
}

fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#')).skip(1)
}

fn entry(row: &'static str) -> Option<(&'static str, Entry)> {
    let mut columns = row.split('\t');
    let code = columns.next()?;
    let (label, class) = (columns.next()?, columns.next()?);
    Some((code, Entry { label, class }))
}

#[cfg(test)]
impl CodeTable {
    /// Every code with its class; panics where a row of the text was not read.
    pub fn checked(&self, text: &'static str) -> Vec<(&'static str, &'static str)> {
        assert_eq!(self.0.len(), rows(text).count());
        self.0.iter().map(|(code, it)| (*code, it.class)).collect()
    }
}
