//! The form of a refund and its dialog at a real terminal: pages over them and other sizes take
//! nothing away that was typed or asked.

use super::decisions::{desk, find};
use super::rooms::leave;
use super::screen::{Size, Terminal};
use super::{NARROW, WIDE, compose, confirm};
use crate::cli::shop::{Shop, assert_balance};

/// Too small for the dialog to be read in full.
const SMALL: Size = Size {
    rows: 14,
    columns: 60,
};
const NOTE: &str = "call back, ask for Gus";
const QUESTION: &str = "Give back 2.50 USD?";

/// Resizes, and waits until the footer stands on the last line.
fn resized(desk: &mut Terminal, size: Size, footer: &str) {
    desk.resize(size);
    desk.wait_until("the other size", |screen| {
        let text = screen.text();
        let last = text.lines().nth(usize::from(size.rows) - 1);
        last.is_some_and(|line| line.contains(footer))
    });
}

/// Waits until all of this is shown at once.
fn wait_for_all(desk: &Terminal, parts: &[&str]) {
    desk.wait_until(&format!("{parts:?}"), |screen| {
        let shown = screen.text();
        parts.iter().all(|part| shown.contains(part))
    });
}

/// Everything that was typed stands in the form.
fn still_typed(desk: &Terminal) {
    let parts = [
        "─ Compose a refund",
        "= 2.50 USD",
        "Customer asked for it",
        NOTE,
    ];
    wait_for_all(desk, &parts);
}

/// The whole dialog is there and listens, and leaving it is the easier way out.
fn asks(desk: &Terminal) {
    let parts = [
        "─ Give back 2.50 USD? ─",
        "payment       BIG-1 · ",
        "900.00 before → 897.50 after",
        "through       hub-us",
        "reason        Customer asked for it",
        "[ Cancel ] esc, enter",
        "y yes, give it back",
        "y yes, do it",
    ];
    wait_for_all(desk, &parts);
}

#[test]
fn what_is_typed_and_asked_outlives_pages_and_sizes() {
    let shop = Shop::open();
    let mut ann = desk(&shop, WIDE, "ann");
    a_payment_is_voided(&mut ann);
    find(&mut ann, "BIG-1");
    compose(&mut ann);
    ann.keys("\tcall back, ask");
    ann.wait_for("call back, ask");
    the_balance_is_explained_over_the_form(&mut ann);
    // Typing goes on where it was.
    ann.keys(" for Gus");
    still_typed(&ann);
    the_request_is_shown(&mut ann);
    the_dialog_is_resized(&mut ann);
    assert!(shop.payouts("pay-big").is_empty());
    resized(&mut ann, WIDE, "esc back");
    still_typed(&ann);
    ann.keys("\x13");
    asks(&ann);
    resized(&mut ann, NARROW, "esc cancel");
    asks(&ann);
    confirm(&mut ann, QUESTION);
    ann.wait_for("confirmed (");
    ann.keys("q");
    ann.assert_left_clean();
    assert_eq!(shop.payouts("pay-big"), ["2.50"]);
    assert!(shop.payouts("pay-new").is_empty());
    assert_balance(&shop.desk.payment("NEW-1"), "70.00", "0.00", "0.00");
    let refunds = shop.desk.refunds();
    assert_eq!(refunds.len(), 2);
    assert_eq!(refunds[0]["note"], NOTE);
}

/// What has not settled is taken back whole, and the payer is told of no refund.
fn a_payment_is_voided(desk: &mut Terminal) {
    find(desk, "NEW-1");
    desk.keys("r");
    desk.wait_for("─ Void a payment that has not settled");
    desk.keys("\x1b[C");
    desk.wait_for("< Customer asked for it >");
    desk.keys("\x13");
    confirm(desk, "Void 70.00 USD?");
    desk.wait_for("confirmed (canceled before settlement)");
    desk.keys("p");
    desk.wait_for("We canceled your payment of 70.00 USD");
    leave(desk, "─ On the phone");
}

fn the_balance_is_explained_over_the_form(desk: &mut Terminal) {
    desk.keys("\x1bOS");
    desk.wait_for("─ The balance explained");
    desk.wait_for("can refund now: ");
    leave(desk, "─ The balance explained");
}

/// Beside the form where there is room, else in its place until it is hidden again.
fn the_request_is_shown(desk: &mut Terminal) {
    wait_for_all(desk, &["Exact request", "\"total\": 2.50"]);
    resized(desk, NARROW, "esc back");
    still_typed(desk);
    desk.keys("\x12");
    let parts = ["Exact request (ctrl-r hides it)", "/payments/v1/refunds"];
    wait_for_all(desk, &parts);
    desk.keys("\x12");
    desk.wait_until("what the desk says of it", |screen| {
        let shown = screen.text();
        !shown.contains("ctrl-r hides it") && shown.contains("900.00 → 897.50 USD")
    });
    still_typed(desk);
}

/// A dialog that cannot be read in full takes no yes; in every other size it asks the same.
fn the_dialog_is_resized(desk: &mut Terminal) {
    desk.keys("\x13");
    asks(desk);
    resized(desk, WIDE, "esc cancel");
    asks(desk);
    resized(desk, SMALL, "esc cancel");
    desk.wait_until("no yes to be offered", |screen| {
        let shown = screen.text();
        shown.contains("[ Cancel ]") && !shown.contains("y yes, do it")
    });
    desk.keys("y");
    desk.wait_for("enlarge the window");
    resized(desk, NARROW, "esc cancel");
    asks(desk);
    desk.keys("\r");
    desk.wait_until("the dialog to close", |screen| {
        !screen.text().contains(QUESTION)
    });
    still_typed(desk);
}
