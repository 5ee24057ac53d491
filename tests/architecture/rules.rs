//! The rules, and what breaks them.

use super::paths::{named, words};
use super::source::Source;

/// Which rooms a room may use, besides itself. The clock is handed to whoever may have one.
const ROOMS: [(&str, &[&str]); 14] = [
    ("domain", &[]),
    ("bank", &["domain"]),
    ("clock", &[]),
    ("failpoint", &[]),
    ("identity", &[]),
    ("config", &["domain", "clock"]),
    ("ledger", &["domain", "clock", "failpoint"]),
    ("providers", &["domain", "config", "clock", "failpoint"]),
    (
        "desk",
        &[
            "domain",
            "config",
            "ledger",
            "providers",
            "bank",
            "clock",
            "failpoint",
        ],
    ),
    ("serve", &["desk", "domain", "config", "identity", "clock"]),
    ("tui", &["desk", "domain", "config", "clock", "failpoint"]),
    ("sandbox", &["domain::money", "clock"]),
    (
        "cli",
        &[
            "desk",
            "domain",
            "config",
            "tui",
            "serve",
            "sandbox",
            "identity",
            "clock",
            "failpoint",
        ],
    ),
    ("main", &["cli"]),
];

/// What the drawing parts of `tui` may use.
const DRAWING: [&str; 8] = [
    "domain",
    "tui::state",
    "tui::action",
    "tui::keymap",
    "tui::theme",
    "tui::caps",
    "tui::widget",
    "tui::view",
];

/// Words that may stand in some places only.
const WORDS: [(&str, &[&str]); 22] = [
    ("quick_xml", &["bank", "sandbox"]),
    ("rusqlite", &["ledger"]),
    ("nix", &["identity"]),
    ("refinery", &["ledger"]),
    ("reqwest", &["providers", "sandbox"]),
    ("tonic", &["providers::prism", "sandbox::prism"]),
    ("prost", &["providers::prism", "sandbox::prism"]),
    ("axum", &["serve", "sandbox"]),
    ("axum_server", &["serve"]),
    ("hyper_util", &["serve"]),
    ("prometheus_client", &["serve"]),
    ("rustls", &["serve", "sandbox", "providers::mastercard"]),
    ("tokio_rustls", &["sandbox"]),
    ("rcgen", &["sandbox"]),
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("SystemTime", &["clock"]),
    ("Instant", &["clock"]),
    ("f32", &["tui", "serve", "sandbox", "cli"]),
    ("f64", &["tui", "serve", "sandbox", "cli"]),
    ("as_f64", &["tui", "serve", "sandbox", "cli"]),
    ("unsafe", &[]),
];

/// The same for what is longer than a word.
const PHRASES: [(&str, &[&str]); 5] = [
    ("Utc::now", &["clock"]),
    ("Local::now", &["clock"]),
    ("env::var", &["main"]),
    ("env::vars", &["main"]),
    ("env::args", &["main"]),
];

/// What has no business where things are only drawn.
const NOT_DRAWING: [&str; 5] = ["async", "await", "tokio", "Clock", "crossterm"];

/// Every rule the file breaks, with file and line.
pub fn broken(source: &Source) -> Vec<String> {
    let mut broken = rooms(source);
    for (at, word) in words(&source.code) {
        let may = WORDS.iter().find(|(known, _)| *known == word);
        if let Some((_, places)) = may
            && !places.iter().any(|place| source.is_in(place))
            && !is_own_type(source, at, word)
        {
            broken.push(told(source, at, word, places));
        }
        if is_drawing(source) && NOT_DRAWING.contains(&word) {
            broken.push(told(source, at, word, &["what is not drawn"]));
        }
    }
    for (phrase, places) in PHRASES {
        let found = source.code.match_indices(phrase);
        let not_here = !places.iter().any(|place| source.is_in(place));
        broken.extend(
            found
                .filter(|_| not_here)
                .map(|(at, _)| told(source, at, phrase, places)),
        );
    }
    broken
}

/// `type Instant = …` of a trait is not the machine's clock.
fn is_own_type(source: &Source, at: usize, word: &str) -> bool {
    word == "Instant" && source.code[..at].trim_end().ends_with("type")
}

fn is_drawing(source: &Source) -> bool {
    ["tui::view", "tui::widget"]
        .iter()
        .any(|place| source.is_in(place))
}

fn told(source: &Source, at: usize, what: &str, places: &[&str]) -> String {
    let line = source.code[..at].matches('\n').count() + 1;
    format!(
        "src/{}:{line}: {what} belongs in {}",
        source.name,
        places.join(", ")
    )
}

/// Paths into rooms that the file's room may not use.
fn rooms(source: &Source) -> Vec<String> {
    let room = source.room();
    if room == "lib" {
        return Vec::new();
    }
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("src/{}: there is no room {room:?}", source.name)];
    };
    let may = |path: &[String]| match path.first() {
        Some(first) if is_drawing(source) => {
            begins(path, &DRAWING) || first == room && path.len() == 1
        }
        Some(first) => first == room || begins(path, allowed),
        None => true,
    };
    named(source)
        .into_iter()
        .filter(|it| !may(&it.parts))
        .map(|it| {
            let path = it.parts.join("::");
            format!("src/{}:{}: {room} may not use {path}", source.name, it.line)
        })
        .collect()
}

fn begins(path: &[String], places: &[&str]) -> bool {
    places.iter().any(|place| {
        let place: Vec<&str> = place.split("::").collect();
        path.len() >= place.len() && path.iter().zip(&place).all(|(a, b)| a == b)
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("domain/money.rs", "use crate::ledger::Ledger;")]
    #[case("domain/money.rs", "use crate::clock::Clock;")]
    #[case("domain/money.rs", "let x = 1 as f64;")]
    #[case("ledger/mod.rs", "use super::desk::face::Refusal;")]
    #[case("ledger/mod.rs", "let now = chrono::Utc::now();")]
    #[case("providers/http.rs", "use crate::{config::X, sandbox::Y};")]
    #[case("desk/send.rs", "use rusqlite::Connection;")]
    #[case("desk/receive.rs", "use axum_server::Handle;")]
    #[case("cli/serve.rs", "use crate::ledger::Ledger;")]
    #[case("serve/inbound.rs", "use crate::providers::network::Call;")]
    #[case("desk/send.rs", "fn x() { crate::tui::run() }")]
    #[case("desk/send.rs", "let started = std::time::Instant::now();")]
    #[case("sandbox/book.rs", "use crate::domain::state::State;")]
    #[case("sandbox/book.rs", "use crate::providers::Wire;")]
    #[case("cli/open.rs", "use crate::ledger::Ledger;")]
    #[case("cli/open.rs", "let home = std::env::var(x);")]
    #[case("cli/open.rs", "use ratatui::Frame;")]
    #[case("tui/update.rs", "use crate::ledger::Ledger;")]
    #[case("tui/view/list.rs", "use crate::desk::face::Reply;")]
    #[case("tui/view/list.rs", "use super::super::effect::Effect;")]
    #[case("tui/widget/table.rs", "async fn draw() {}")]
    #[case("main.rs", "use refund_desk::ledger::Ledger;")]
    #[case("attic/mod.rs", "fn x() {}")]
    fn a_broken_rule_is_found(#[case] name: &str, #[case] code: &str) {
        let text = format!("//! Fine.\n{code}\n");
        let found = broken(&Source::new(name, &text));
        assert!(!found.is_empty(), "{name}: {code}");
    }

    #[rstest]
    #[case(
        "ledger/import.rs",
        "use rusqlite::Connection; use crate::domain::id::RefundId;"
    )]
    #[case(
        "sandbox/book.rs",
        "use crate::domain::money::Money; use super::private_file;"
    )]
    #[case(
        "desk/send.rs",
        "// Utc::now\n#[cfg(test)]\nmod tests { use crate::sandbox::start; }"
    )]
    #[case(
        "tui/view/list.rs",
        "use crate::tui::state::list::List; use super::super::theme::Theme;"
    )]
    #[case("clock.rs", "let now = Utc::now();")]
    #[case("main.rs", "use refund_desk::cli;")]
    fn a_kept_rule_is_no_news(#[case] name: &str, #[case] code: &str) {
        assert_eq!(broken(&Source::new(name, code)), [""; 0]);
    }
}
