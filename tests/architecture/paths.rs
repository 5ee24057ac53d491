//! The paths that a file names: `crate::…` and `super::…`, groups opened, made absolute.

use super::source::Source;

/// A path from the crate's root, and the line it stands on.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    /// Its parts: `[ledger, Ledger]`.
    pub parts: Vec<String>,
    /// Counted from 1.
    pub line: usize,
}

/// Every path of this crate that the file names.
pub fn named(source: &Source) -> Vec<Named> {
    let mut found = Vec::new();
    for (at, word) in words(&source.code) {
        let is_first = !source.code[..at].trim_end().ends_with("::");
        let base = match word {
            "crate" | "refund_desk" => Some(Vec::new()),
            "super" => Some(source.module.clone()),
            _ => None,
        };
        let (Some(base), true) = (base, is_first) else {
            continue;
        };
        let line = source.code[..at].matches('\n').count() + 1;
        let mut paths = Vec::new();
        let start = match word {
            "super" => at,
            _ => at + word.len() + leap(&source.code[at + word.len()..]),
        };
        follow(&source.code[start..], base, &mut paths);
        found.extend(paths.into_iter().map(|parts| Named { parts, line }));
    }
    found
}

/// The length of `::` and the space around it.
fn leap(code: &str) -> usize {
    let trimmed = code.trim_start();
    trimmed
        .strip_prefix("::")
        .map_or(0, |rest| code.len() - rest.trim_start().len())
}

/// Follows a path from here; `super` goes up. Returns what is left of the code.
fn follow<'a>(code: &'a str, mut path: Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let code = code.trim_start();
    if let Some(inside) = code.strip_prefix('{') {
        return group(inside, &path, found);
    }
    let end = code
        .find(|it: char| !it.is_alphanumeric() && it != '_')
        .unwrap_or(code.len());
    let (word, rest) = code.split_at(end);
    match word {
        "super" => {
            path.pop();
        }
        "" | "self" => {}
        _ => path.push(word.to_owned()),
    }
    match leap(rest) {
        0 => {
            found.push(path);
            rest.strip_prefix('*').unwrap_or(rest)
        }
        length => follow(&rest[length..], path, found),
    }
}

fn group<'a>(mut code: &'a str, path: &[String], found: &mut Vec<Vec<String>>) -> &'a str {
    loop {
        code = code.trim_start();
        match code.chars().next() {
            None => return code,
            Some('}') => return &code[1..],
            Some(',') => code = &code[1..],
            Some(it) if it.is_alphabetic() || "_{".contains(it) => {
                code = follow(code, path.to_vec(), found);
                // `as name` says nothing about where it comes from.
                let end = code.find([',', '}']).unwrap_or(code.len());
                code = &code[end..];
            }
            Some(it) => code = &code[it.len_utf8()..],
        }
    }
}

/// Every word and where it stands.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    code.split(|it: char| !it.is_alphanumeric() && it != '_')
        .map(move |word| {
            let start = at;
            at += word.len();
            at += code[at..].chars().next().map_or(0, char::len_utf8);
            (start, word)
        })
        .filter(|(_, word)| !word.is_empty())
}

#[test]
fn groups_and_supers_are_resolved() {
    let code = "use crate::{domain::money::Money, ledger::{Ledger, self}};\nuse super::super::config::*;\nfn x() { crate::tui::run() }\nuse super::near;\n";
    let found = named(&Source::new("desk/import/read.rs", code));
    let paths: Vec<(String, usize)> = found
        .iter()
        .map(|it| (it.parts.join("::"), it.line))
        .collect();
    let expected = [
        ("domain::money::Money", 1),
        ("ledger::Ledger", 1),
        ("ledger", 1),
        ("desk::config", 2),
        ("tui::run", 3),
        ("desk::import::near", 4),
    ];
    assert_eq!(paths, expected.map(|(path, line)| (path.to_owned(), line)));
}
