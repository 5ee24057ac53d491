//! Every room of the desk is entered, used and left at a real terminal.

use super::screen::Terminal;
use super::{NARROW, WIDE, compose, confirm, refundable};
use crate::cli::shop::Shop;

/// Opens what lies over the list, sees what it says, and closes it again.
fn look(desk: &mut Terminal, keys: &str, title: &str, says: &str) {
    desk.keys(keys);
    desk.wait_for(title);
    desk.wait_for(says);
    leave(desk, title);
}

/// Closes what lies on top. What follows an escape at once would be read as one key with it.
pub(super) fn leave(desk: &mut Terminal, title: &str) {
    desk.keys("\x1b");
    desk.wait_until("it to close", |screen| !screen.text().contains(title));
}

#[test]
fn every_room_is_entered_and_used() {
    let (_folder, mut desk) = refundable(WIDE);
    let reference = what_a_payment_tells(&mut desk);
    a_filter_is_mended_and_saved(&mut desk);
    desk.keys("/\x15refundable\r");
    desk.wait_for("/ refundable  esc clears");
    on(&mut desk, &reference);
    compose(&mut desk);
    desk.keys("\x13");
    confirm(&mut desk, "Give back 2.50 USD?");
    desk.wait_for("confirmed (submitted for settlement)");
    desk.keys("t");
    desk.wait_for("trace note sent to the clipboard");
    let note = desk.copied();
    assert!(
        note.contains("2.50 USD") && note.contains(&reference),
        "{note}"
    );
    // Narrower at once, and the rest of the rooms there.
    desk.resize(NARROW);
    // A key that comes in the same instant as the signal is read by crossterm with the next one.
    desk.wait_until("the narrow list", |screen| {
        !screen.text().contains("created")
    });
    how_the_desk_stands(&mut desk);
    desk.keys("q");
    desk.assert_left_clean();
}

/// The pages over a payment; its reference, as it was copied.
fn what_a_payment_tells(desk: &mut Terminal) -> String {
    look(desk, "e", "─ The balance explained", "can refund now: ");
    look(desk, "p", "─ On the phone", "newest first, all accounts");
    look(desk, "O", "─ Order ─", " all accounts");
    look(desk, "=", "─ Sums", "each currency by itself");
    back_then(desk);
    who_paid(desk);
    let row = desk.screen().selected().unwrap();
    desk.keys("y");
    desk.wait_for("sent to the terminal's clipboard");
    let reference = desk.copied();
    assert!(
        !reference.is_empty() && row.contains(&reference),
        "{reference} in {row}"
    );
    reference
}

/// The balance at the end of a day: not of what is no day, nor of one before the desk knew of it.
fn back_then(desk: &mut Terminal) {
    desk.keys("B");
    desk.wait_for("─ The balance at the end of a day");
    desk.keys("\x15someday\r");
    desk.wait_for("write 2026-11-14 or 14nov");
    desk.keys("\x151jan2020\r");
    desk.wait_for("─ The balance back then");
    desk.wait_for("became known to this desk on ");
    leave(desk, "error: ");
    leave(desk, "─ The balance back then");
    desk.keys("Btoday\r");
    desk.wait_for(" at the end of ");
    desk.wait_for("captured ");
    leave(desk, "─ The balance back then");
}

/// Who paid is shown on the payment's page, and only there; the records say who looked.
fn who_paid(desk: &mut Terminal) {
    desk.keys("\r");
    desk.wait_for("─ Payment");
    assert!(!desk.screen().text().contains("paid by"));
    desk.keys("v");
    desk.wait_for("paid by ");
    leave(desk, "─ Payment");
    desk.keys("\r");
    desk.wait_for("─ Payment");
    desk.wait_for("can refund ");
    assert!(!desk.screen().text().contains("paid by "));
    leave(desk, "─ Payment");
}

/// A filter that is wrong says what to write, is completed, saved under a name, renamed, used again
/// and forgotten.
fn a_filter_is_mended_and_saved(desk: &mut Terminal) {
    desk.keys("/\x15from:soon");
    desk.wait_for("\"soon\" is not a date; write from:");
    desk.keys("\x15acc\t");
    desk.wait_for("/ account:");
    desk.keys("hub-u\t\r");
    desk.wait_for("/ account:hub-us  esc clears");
    desk.keys("V");
    desk.wait_for("no view is saved yet");
    desk.keys("s");
    desk.wait_for("Save this view");
    desk.keys("american\r");
    desk.wait_for("american         account:hub-us; by settled");
    desk.keys("r");
    desk.wait_for("─ Rename this view");
    desk.keys("\x15overseas\r");
    desk.wait_until("the one view under its other name", |screen| {
        let shown = screen.text();
        shown.contains("overseas         account:hub-us; by settled") && !shown.contains("american")
    });
    leave(desk, "─ Saved views");
    desk.keys("\x1b");
    desk.wait_for("all payments");
    desk.keys("V\r");
    desk.wait_for("view: overseas");
    desk.wait_for("/ account:hub-us  esc clears");
    // A view that is forgotten leaves the list as it is.
    desk.keys("V");
    desk.wait_for("overseas         account:hub-us");
    desk.keys("d");
    desk.wait_for("no view is saved yet");
    desk.wait_for("view overseas is forgotten");
    leave(desk, "─ Saved views");
    desk.wait_for("/ account:hub-us  esc clears");
}

/// The rooms that are about no payment, and a way between them by name.
fn how_the_desk_stands(desk: &mut Terminal) {
    desk.keys("3[");
    desk.wait_for("no network asks for anything");
    desk.keys("4");
    desk.wait_for("─ Radar");
    desk.wait_for("On its way, by age");
    desk.keys("5");
    desk.wait_for("─ Activity");
    desk.wait_for("made a refund, 2.50 USD");
    let looked = "looked at who paid";
    desk.wait_for(looked);
    desk.keys("/by:nobody\r");
    desk.wait_for("nothing was done by them or about it");
    // A name is completed from those who did what is listed.
    desk.keys("/\x15\r");
    desk.wait_for(looked);
    desk.keys("/by:d\t\r");
    desk.wait_until("only what the desk did", |screen| {
        let shown = screen.text();
        shown.contains("/ by:desk") && !shown.contains(looked)
    });
    desk.keys("\x1b");
    desk.wait_for(looked);
    desk.keys("v");
    desk.wait_for("─ The records checked");
    desk.wait_for("sound: every entry is as it was written");
    leave(desk, "─ The records checked");
    desk.keys("6");
    desk.wait_for("hub-us · Commerce Hub");
    desk.wait_for("answering; last");
    desk.keys(":");
    desk.wait_for("─ Commands");
    desk.keys("todo");
    desk.wait_for("what waits for a person");
    desk.keys("\r");
    desk.wait_until("the queue, and nothing over it", |screen| {
        let shown = screen.text();
        shown.contains("no network asks for anything") && !shown.contains("─ Providers")
    });
}

#[test]
fn what_was_sent_is_stopped_and_captured_and_what_waits_is_let_go() {
    let shop = Shop::open();
    shop.refund("A-1", "5.00", &["--offline", "--as", "ann"])
        .exits(6);
    let by_hand = shop.reconfigured(|text| {
        text.replace(
            "merchant_id =",
            "refund_capture = \"by-hand\"\nmerchant_id =",
        )
    });
    let fixed = ["refund", "Z-0", "--amount", "10.00", "--as", "ann"];
    by_hand
        .json(
            fixed
                .iter()
                .chain(&["--reason", "customer_request", "--wait"]),
        )
        .exits(5);
    shop.refund("B-1", "10.00", &["--wait", "--as", "ann"])
        .exits(0);
    let mut desk = at_the_desk(&shop, "ann");
    desk.keys("2[");
    on(&mut desk, "B-1");
    desk.wait_for("can still be stopped");
    let stopped = "10.00 USD stopped: the provider does not pay it";
    decide(&mut desk, "u", "Stop the refund of 10.00 USD?", stopped);
    desk.keys("j");
    on(&mut desk, "Z-0");
    let captured = "10.00 USD captured: the provider pays it";
    decide(&mut desk, "c", "Capture the refund of 10.00 USD?", captured);
    desk.keys("j");
    on(&mut desk, "A-1");
    desk.keys("R");
    confirm(&mut desk, "Send the refund of 5.00 USD?");
    desk.wait_until("it to be paid", |screen| {
        let row = screen.selected().unwrap_or_default();
        row.contains("A-1") && row.contains("confirmed")
    });
    desk.keys("q");
    desk.assert_left_clean();
    let paid = ["pay-ann", "pay-bob", "pay-00"].map(|payment| shop.payouts(payment));
    assert_eq!(paid[0], ["5.00"]);
    assert_eq!(paid[2], ["10.00"]);
}

#[test]
fn what_was_not_paid_is_refunded_again_in_its_place() {
    let shop = Shop::open();
    let old = shop.refund("Z-1", "10.01", &["--wait", "--as", "ann"]);
    let old = old.exits(1).object();
    let mut desk = at_the_desk(&shop, "ann");
    desk.keys("2[");
    on(&mut desk, "Z-1");
    desk.keys("r");
    desk.wait_for("─ Refund again");
    desk.wait_for("in place of 10.01 USD, not paid");
    desk.keys("\x7f\x7f10");
    desk.wait_for("= 10.10 USD");
    desk.keys("\x13");
    confirm(&mut desk, "Give back 10.10 USD?");
    desk.wait_until("it to be paid", |screen| {
        let row = screen.selected().unwrap_or_default();
        row.contains("Z-1") && row.contains("confirmed")
    });
    desk.keys("q");
    desk.assert_left_clean();
    assert_eq!(shop.payouts("pay-01"), ["10.10"]);
    let refunds = shop.desk.refunds();
    let replaces = refunds.iter().filter(|it| it["supersedes"] == old["id"]);
    assert_eq!(replaces.count(), 1);
}

#[test]
fn sending_is_stopped_by_one_and_resumed_by_two() {
    let shop = Shop::open();
    let mut ann = at_the_desk(&shop, "ann");
    ann.keys("X");
    ann.wait_for("─ Stop sending");
    ann.keys("\twrong file\r");
    ann.wait_for("STOPPED: sending on every account was stopped by ann (wrong file)");
    let resumes = |desk: &mut Terminal, said: &str| {
        // The top line, which says that the desk knows.
        desk.wait_for("SENDING STOPPED");
        desk.keys("6");
        desk.wait_for("─ Providers");
        desk.keys("R");
        desk.wait_for("─ Resume sending");
        desk.keys("\x13");
        confirm(desk, "Resume sending?");
        desk.wait_for(said);
    };
    resumes(&mut ann, "proposed to resume; still stopped");
    let mut ben = at_the_desk(&shop, "ben");
    ben.wait_for("STOPPED");
    resumes(&mut ben, "resumed: what is queued goes out");
    for mut desk in [ann, ben] {
        desk.wait_until("the stop to be over", |screen| {
            !screen.text().contains("SENDING STOPPED")
        });
        desk.keys("\x1b");
        desk.wait_until("the list", |screen| !screen.text().contains("─ Providers"));
        desk.keys("q");
        desk.assert_left_clean();
    }
}

/// Somebody's desk on the shop's payments.
fn at_the_desk(shop: &Shop, who: &str) -> Terminal {
    let config = shop.desk.config.to_str().unwrap();
    let data = shop.desk.data.to_str().unwrap();
    let files = ["--config", config, "--data-dir", data, "--as", who];
    let desk = Terminal::start(NARROW, &files);
    desk.wait_for("all payments");
    desk
}

/// Decides, once more where the desk was just asking about the refund by itself.
fn decide(desk: &mut Terminal, key: &str, question: &str, done: &str) {
    let busy = "is just asking";
    loop {
        desk.keys(key);
        confirm(desk, question);
        desk.wait_until(done, |screen| {
            let shown = screen.text();
            shown.contains(done) || shown.contains(busy)
        });
        if desk.screen().text().contains(done) {
            return;
        }
        leave(desk, busy);
    }
}

/// The selection is on the refund of this payment.
pub(super) fn on(desk: &mut Terminal, reference: &str) {
    desk.wait_until(reference, |screen| {
        screen.selected().is_some_and(|row| row.contains(reference))
    });
}
