//! The drill of the demo, gone through as an operator does.

use super::screen::Terminal;
use super::{NARROW, can_refund, compose_amount, confirm};
use crate::folder::in_memory;

/// Puts a filter in force whose payments can be refunded, the first of them selected.
fn find(desk: &mut Terminal, filter: &str) {
    desk.keys("1");
    desk.keys(&format!("/\x15{filter}\r"));
    desk.wait_for(&format!("/ {filter}"));
    desk.wait_until("the first of them", |screen| can_refund(screen) > 26_000);
}

#[test]
fn a_lost_reply_and_a_second_person_are_met_in_the_drill() {
    let folder = in_memory();
    let data = folder.path().to_str().unwrap();
    let mut desk = Terminal::start(NARROW, &["demo", "--as", "ann", "--data-dir", data]);
    desk.wait_for("2 000");
    desk.keys("T");
    desk.wait_for("Drill 1/7");
    find(&mut desk, "account:hub-us can:>300");
    desk.wait_for("Drill 2/7");
    compose_amount(&mut desk, "10.02");
    desk.keys("\x13");
    confirm(&mut desk, "Give back 10.02 USD?");
    desk.wait_for("Drill 4/7");
    desk.wait_for("shows each step");
    desk.keys("\r");
    desk.wait_for("Drill 5/7");
    desk.keys("q");
    find(&mut desk, "account:hub-us can:>300");
    // Another payment: whatever is still heard of the first refund closes no dialog of this one.
    desk.keys("j");
    compose_amount(&mut desk, "260.00");
    desk.keys("\x13");
    desk.wait_for("type 260.00 to go on");
    desk.keys("260.00");
    confirm(&mut desk, "Give back 260.00 USD?");
    desk.wait_for("Drill 6/7");
    // Whoever made it is no second person.
    desk.keys("3\t");
    desk.wait_for("260.00");
    desk.keys("a");
    desk.wait_for("you made it");
    desk.keys("A");
    desk.wait_for("You are ben");
    desk.keys("3");
    desk.wait_for("260.00");
    desk.keys("a");
    desk.wait_for("y yes, do it");
    desk.keys("y");
    desk.wait_for("Drill 7/7");
    // The news may come before the dialog is closed, which knows no other key than its own.
    desk.wait_for("nothing waits for your approval");
    desk.keys("T");
    desk.wait_until("the drill to be gone", |screen| {
        !screen.text().contains("Drill 7/7")
    });
    desk.keys("q");
    desk.assert_left_clean();
    let book = std::fs::read_to_string(folder.path().join("book.jsonl")).unwrap();
    let paid = |amount: &str| book.matches(&format!(r#""amount":"{amount}""#)).count();
    assert_eq!(paid("10.02"), 1, "{book}");
}
