//! A call at a real terminal: what is said to the payer, copied for them, looked up and withdrawn,
//! and what the desk said meanwhile.

use super::decisions::{compose_for_a_checker, desk, find};
use super::rooms::leave;
use super::screen::{Screen, Terminal};
use super::{WIDE, compose, confirm};
use crate::cli::shop::{Shop, assert_balance};

/// The first line of the card's entry that keys are about.
fn chosen(screen: &Screen) -> String {
    let text = screen.text();
    let entry = text
        .lines()
        .find_map(|line| Some(line.split_once("│ ▸ ")?.1));
    entry.unwrap_or_default().to_owned()
}

/// Waits for the refund of this amount to be what keys are about.
fn on_refund(desk: &Terminal, amount: &str) {
    desk.wait_until(amount, |screen| {
        let entry = chosen(screen);
        entry.contains("REFUND") && entry.contains(amount)
    });
}

/// Which line of a page says this.
fn line_of(screen: &Screen, said: &str) -> Option<usize> {
    let text = screen.text();
    text.lines()
        .position(|line| line.contains('│') && line.contains(said))
}

#[test]
fn a_caller_is_told_what_is_known_of_each_refund() {
    let shop = Shop::open();
    let mut ann = desk(&shop, WIDE, "ann");
    find(&mut ann, "BIG-1");
    compose(&mut ann);
    ann.keys("\x13");
    confirm(&mut ann, "Give back 2.50 USD?");
    ann.wait_for("confirmed (");
    what_was_sent_is_told(&mut ann);
    what_was_said_is_read_again(&mut ann);
    leave(&mut ann, "─ On the phone");

    compose_for_a_checker(&mut ann);
    what_waits_is_withdrawn(&mut ann);
    leave(&mut ann, "─ On the phone");
    ann.keys("q");
    ann.assert_left_clean();
    assert_eq!(shop.payouts("pay-big"), ["2.50"]);
    assert_balance(&shop.desk.payment("BIG-1"), "2.50", "0.00", "897.50");
}

/// The sentence and the note about a refund that was made, and the pages of what is on the card.
fn what_was_sent_is_told(desk: &mut Terminal) {
    desk.keys("p");
    desk.wait_for("─ On the phone");
    desk.wait_for("We sent 2.50 USD on ");
    on_refund(desk, "2.50 USD");
    desk.keys("y");
    desk.wait_for("the sentence about the refund of 2.50 USD was sent");
    let sentence = desk.copied();
    assert!(sentence.starts_with("We sent 2.50 USD on "), "{sentence}");
    desk.keys("t");
    desk.wait_for("trace note sent to the clipboard");
    let note = desk.copied();
    for said in ["Refund of 2.50 USD", "BIG-1", sentence.as_str()] {
        assert!(note.contains(said), "{said}\n{note}");
    }
    desk.keys("\r");
    desk.wait_for("─ Refund ");
    leave(desk, "─ Refund ");
    desk.keys("j\r");
    desk.wait_for("─ Payment ");
    leave(desk, "─ Payment ");
    desk.keys("k");
    on_refund(desk, "2.50 USD");
}

/// What stood at the foot of the screen for seconds can be read later, the newest first.
fn what_was_said_is_read_again(desk: &mut Terminal) {
    desk.keys("!");
    desk.wait_for("─ Messages, newest first");
    desk.wait_until("what was said, the newest first", |screen| {
        let said = [
            "trace note sent to the clipboard",
            "the sentence about the refund of 2.50 USD",
            "2.50 USD composed",
        ];
        let lines = said.map(|it| line_of(screen, it));
        lines.iter().all(Option::is_some) && lines.is_sorted()
    });
    leave(desk, "─ Messages");
}

/// The keys are about the refund that is chosen: one can only be stopped, the other withdrawn.
fn what_waits_is_withdrawn(desk: &mut Terminal) {
    desk.keys("p");
    desk.wait_for("─ On the phone");
    desk.wait_for("Your refund of 300.00 USD waits for a second person");
    on_refund(desk, "300.00 USD");
    desk.keys("y");
    desk.wait_for("the sentence about the refund of 300.00 USD was sent");
    assert_eq!(
        desk.copied(),
        "Your refund of 300.00 USD waits for a second person here to approve it; no money has been sent yet."
    );
    desk.keys("j");
    on_refund(desk, "2.50 USD");
    desk.keys("u");
    desk.wait_for("Stop the refund of 2.50 USD?");
    desk.wait_for("y yes, do it");
    leave(desk, "Stop the refund of 2.50 USD?");
    desk.keys("k");
    on_refund(desk, "300.00 USD");
    desk.keys("u");
    confirm(desk, "Withdraw the refund of 300.00 USD?");
    desk.wait_for("Your refund of 300.00 USD was withdrawn; no money");
}
