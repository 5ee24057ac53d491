//! The desk in a real pseudo-terminal, as an operator sees it.

mod bulk;
mod calls;
mod decisions;
mod drafts;
mod drill;
mod feel;
mod forms;
mod network;
mod rooms;
pub mod screen;
mod service;
mod shift;

use crate::folder::in_memory;
use rstest::rstest;
use screen::{Screen, Size, Terminal};

const WIDE: Size = Size {
    rows: 40,
    columns: 120,
};
const NARROW: Size = Size {
    rows: 24,
    columns: 80,
};
const TINY: Size = Size {
    rows: 5,
    columns: 20,
};

/// A demo of its own folder, at its list of payments that can be refunded.
fn refundable(size: Size) -> (tempfile::TempDir, Terminal) {
    let folder = in_memory();
    let mut desk = Terminal::start(
        size,
        &["demo", "--data-dir", folder.path().to_str().unwrap()],
    );
    desk.wait_for("all payments");
    desk.wait_for("2 000");
    desk.keys("/refundable\r");
    desk.wait_for("/ refundable");
    desk.wait_until("the first of them", |screen| {
        screen
            .selected()
            .is_some_and(|row| !row.contains("unsettled") && row.contains("USD"))
    });
    (folder, desk)
}

/// What the selected payment's row says can be refunded, in cents.
fn can_refund(screen: &Screen) -> i64 {
    let row = screen.selected().unwrap_or_default();
    let mut amounts = row.split_whitespace().filter(|word| {
        let figure = word.replace('.', "");
        word.contains('.') && figure.bytes().all(|byte| byte.is_ascii_digit())
    });
    let last = amounts.next_back().map(|amount| amount.replace('.', ""));
    last.map_or(-1, |cents| cents.parse().unwrap())
}

/// A refund of 2.50 for the first reason, not yet confirmed.
fn compose(desk: &mut Terminal) {
    compose_amount(desk, "2.50");
}

/// A refund for the first reason, not yet confirmed.
fn compose_amount(desk: &mut Terminal, amount: &str) {
    desk.keys("r");
    desk.wait_for("Compose a refund");
    desk.keys(amount);
    desk.wait_for(&format!("= {amount} USD"));
    desk.keys("\t\x1b[C");
    desk.wait_until("a reason", |screen| screen.text().contains('<'));
}

/// Says yes to the dialog that asks this, and waits until it is done: a live row may show what
/// became of it before the dialog is gone, and keys typed until then are not for what lies below.
fn confirm(desk: &mut Terminal, question: &str) {
    desk.wait_for(question);
    desk.wait_for("y yes, do it");
    desk.keys("y");
    desk.wait_until("the dialog to close", |screen| {
        let shown = screen.text();
        !shown.contains("[ Cancel ]") && !shown.contains("being done")
    });
}

#[rstest]
#[case(NARROW)]
#[case(WIDE)]
fn a_payment_is_found_refunded_in_part_and_followed_to_its_end(#[case] size: Size) {
    let (folder, mut desk) = refundable(size);
    let before = can_refund(&desk.screen());
    compose(&mut desk);
    desk.keys("\x13");
    confirm(&mut desk, "Give back 2.50 USD?");
    desk.wait_for("confirmed (");
    desk.keys("1");
    desk.wait_for("/ refundable");
    desk.wait_until("the balance to fall by just that", |screen| {
        can_refund(screen) == before - 250
    });
    let book = std::fs::read_to_string(folder.path().join("book.jsonl")).unwrap();
    assert_eq!(book.lines().count(), 1);
    assert!(book.contains(r#""amount":"2.50""#), "{book}");
    desk.keys("q");
    desk.assert_left_clean();
}

#[test]
fn enter_and_what_was_typed_ahead_send_nothing() {
    let (folder, mut desk) = refundable(NARROW);
    compose(&mut desk);
    // One burst: the confirm is opened, and what follows was typed before it could be read.
    desk.keys("\x13yyy\r");
    desk.wait_for("Give back 2.50 USD?");
    desk.wait_for("y yes, do it");
    desk.keys("\r");
    desk.wait_until("the dialog to close", |screen| {
        !screen.text().contains("Give back")
    });
    desk.keys("\x1b");
    desk.wait_for("kept as a draft");
    desk.keys("2");
    desk.wait_for("All 0");
    desk.keys("q");
    desk.assert_left_clean();
    let book = std::fs::read_to_string(folder.path().join("book.jsonl")).unwrap_or_default();
    assert_eq!(book, "");
}

#[test]
fn a_refund_is_withdrawn_before_it_goes_out() {
    let (_folder, mut desk) = refundable(WIDE);
    let before = can_refund(&desk.screen());
    compose(&mut desk);
    desk.keys("\x13");
    confirm(&mut desk, "Give back 2.50 USD?");
    desk.wait_for("goes out");
    desk.keys("u");
    confirm(&mut desk, "Withdraw");
    desk.wait_for("withdrawn");
    desk.keys("1");
    desk.wait_for("/ refundable");
    desk.wait_until("the balance to stand as before", |screen| {
        can_refund(screen) == before
    });
    desk.keys("q");
    desk.assert_left_clean();
}

#[test]
fn a_tiny_terminal_is_told_to_grow_and_then_serves() {
    let folder = in_memory();
    let mut desk = Terminal::start(
        TINY,
        &["demo", "--data-dir", folder.path().to_str().unwrap()],
    );
    desk.wait_for("enlarge");
    desk.resize(NARROW);
    desk.wait_for("all payments");
    desk.resize(TINY);
    desk.wait_for("enlarge");
    desk.keys("\x03");
    desk.assert_left_clean();
}

#[rstest]
#[case("TERM")]
#[case("HUP")]
#[case("INT")]
fn a_signal_leaves_the_terminal_as_it_was(#[case] signal: &str) {
    let folder = in_memory();
    let mut desk = Terminal::start(
        WIDE,
        &["demo", "--data-dir", folder.path().to_str().unwrap()],
    );
    desk.wait_for("all payments");
    desk.signal(signal);
    desk.assert_left_clean();
}

#[test]
fn a_desk_opened_to_look_at_says_so_and_composes_nothing() {
    let folder = in_memory();
    let data = folder.path().to_str().unwrap();
    let mut desk = Terminal::start(NARROW, &["demo", "--data-dir", data]);
    desk.wait_for("2 000");
    desk.keys("q");
    desk.assert_left_clean();
    let config = folder.path().join("config.toml");
    let files = ["--data-dir", data, "--config", config.to_str().unwrap()];
    let looking = [&files[..], &["--read-only"]].concat();
    let mut desk = Terminal::start(NARROW, &looking);
    desk.wait_for("READ-ONLY");
    desk.wait_for("2 000");
    desk.keys("r");
    desk.wait_for("read-only");
    assert!(!desk.screen().text().contains("Compose a refund"));
    desk.keys("q");
    desk.assert_left_clean();
}

#[test]
fn damaged_records_are_said_when_the_desk_opens() {
    let folder = in_memory();
    let data = folder.path().to_str().unwrap();
    let mut desk = Terminal::start(NARROW, &["demo", "--data-dir", data]);
    desk.wait_for("2 000");
    desk.keys("q");
    desk.assert_left_clean();
    let database = rusqlite::Connection::open(folder.path().join("desk.db")).unwrap();
    let one = "UPDATE captures SET captured_at = captured_at + 65536 WHERE seq = 7";
    database.execute(one, []).unwrap();
    drop(database);
    let mut desk = Terminal::start(NARROW, &["demo", "--data-dir", data]);
    desk.wait_for("DAMAGED");
    desk.wait_for("nothing is sent on damaged payments");
    desk.keys("q");
    desk.assert_left_clean();
}
