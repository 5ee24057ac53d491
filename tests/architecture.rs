//! The house rules of `design/architecture.md`, checked on the source itself: who may depend on
//! whom, which crate is used where, who reads the clock, and how long a file may be. Tests are
//! exempt.

use std::fs;
use std::path::{Path, PathBuf};

mod paths;
mod rules;
mod source;
mod unit;
mod writes;

use source::Source;

/// No file is longer.
const LONGEST_FILE: usize = 600;

/// What stands at the top, besides dot files and `target`.
const TOP: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "assets",
    "config.example.toml",
    "migrations",
    "src",
    "tests",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn sources() -> Vec<Source> {
    let folder = root().join("src");
    rust_files(&folder)
        .iter()
        .map(|path| {
            let name = path.strip_prefix(&folder).unwrap().to_str().unwrap();
            Source::new(name, &fs::read_to_string(path).unwrap())
        })
        .filter(|source| !source.is_test())
        .collect()
}

#[test]
fn every_room_keeps_to_what_it_may_use() {
    let sources = sources();
    assert!(sources.len() > 50, "the source was not found");
    let broken: Vec<String> = sources.iter().flat_map(rules::broken).collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn every_write_is_told_or_says_why_not() {
    let wrong = writes::unlisted(&sources());
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    for folder in ["src", "tests"] {
        for path in rust_files(&root().join(folder)) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert!(
                lines <= LONGEST_FILE,
                "{} has {lines} lines",
                path.display()
            );
        }
    }
}

#[test]
fn nothing_else_stands_at_the_top() {
    let mut found: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.') && name != "target")
        .collect();
    found.sort();
    assert_eq!(found, TOP);
}

#[test]
fn main_is_short() {
    let lines = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(lines.lines().count() < 60);
}
