//! Two people at two desks on the same data: what one makes, the other decides.

use super::screen::Terminal;
use super::{NARROW, WIDE, can_refund, compose_amount, confirm};
use crate::cli::shop::{Shop, assert_balance};

/// A desk on the shop's data, where `name` sits.
pub(super) fn desk(shop: &Shop, size: super::Size, name: &str) -> Terminal {
    let config = shop.desk.config.to_str().unwrap();
    let data = shop.desk.data.to_str().unwrap();
    let desk = Terminal::start(
        size,
        &["--config", config, "--data-dir", data, "--as", name],
    );
    desk.wait_for("all payments");
    desk.wait_for(name);
    desk
}

/// Goes to the one payment of a reference in the list of payments.
pub(super) fn find(desk: &mut Terminal, reference: &str) {
    // What was filtered by before is cleared first.
    desk.keys(&format!("1/\x15{reference}\r"));
    // The only one is opened at once.
    desk.wait_for("? help  esc back");
    desk.keys("\x1b");
    // What follows an escape at once would be read as one key with it.
    desk.wait_until("the list", |screen| {
        !screen.text().contains("? help  esc back")
    });
    desk.wait_for(&format!("/ {reference}"));
    desk.wait_until("the payment", |screen| {
        screen
            .selected()
            .is_some_and(|row| row.contains(reference) && row.contains("USD"))
    });
}

/// Composes so much of BIG-1 that a second person must approve it.
pub(super) fn compose_for_a_checker(desk: &mut Terminal) {
    find(desk, "BIG-1");
    compose_amount(desk, "300.00");
    desk.keys("\x13");
    desk.wait_for("Give back 300.00 USD?");
    desk.wait_for("type 300.00 to go on");
    desk.keys("300.00");
    confirm(desk, "Give back 300.00 USD?");
    desk.wait_for("to approve");
}

#[test]
fn one_makes_it_another_approves_it_and_it_is_paid() {
    let shop = Shop::open();
    let mut ann = desk(&shop, NARROW, "ann");
    compose_for_a_checker(&mut ann);
    ann.keys("3");
    ann.wait_for("Mine 1");
    ann.wait_for("another person must approve or decline it");
    ann.keys("a");
    ann.wait_for("you made it: another person must approve it");

    let mut ben = desk(&shop, WIDE, "ben");
    ben.wait_for("3 To do 1");
    find(&mut ben, "BIG-1");
    ben.wait_until("the amount to be held", |screen| {
        can_refund(screen) == 60_000
    });
    ben.keys("3");
    ben.wait_for("Approvals 1");
    ben.wait_for("look at it, then approve or decline it");
    ben.keys("a");
    ben.wait_for("Approve the refund of 300.00 USD?");
    ben.wait_for("900.00 before → 600.00 after");
    confirm(&mut ben, "made by       ann");
    ben.wait_for("300.00 USD approved");
    ben.wait_for("nothing waits for your approval");
    ben.keys("2[");
    ben.wait_for("confirmed (");
    find(&mut ben, "BIG-1");
    ben.wait_until("the balance to have fallen by just that", |screen| {
        can_refund(screen) == 60_000
    });
    // Ann's desk was told by the other's.
    ann.wait_for("nothing of yours waits");
    assert_eq!(shop.payouts("pay-big"), ["300.00"]);
    for desk in [&mut ann, &mut ben] {
        desk.keys("q");
        desk.assert_left_clean();
    }
    assert_balance(&shop.desk.payment("BIG-1"), "300.00", "0.00", "600.00");
}

#[test]
fn a_decline_gives_the_balance_back_and_pays_nothing() {
    let shop = Shop::open();
    shop.refund("BIG-1", "300.00", &["--as", "ann"]).exits(5);
    let mut ben = desk(&shop, NARROW, "ben");
    ben.wait_for("3 To do 1");
    ben.keys("3");
    ben.wait_for("Approvals 1");
    ben.keys("d");
    ben.wait_for("say why in the note first");
    ben.keys("y, the wrong payment\r");
    confirm(&mut ben, "Decline it?");
    ben.wait_for("300.00 USD: declined");
    ben.wait_for("nothing waits for your approval");
    ben.keys("q");
    ben.assert_left_clean();
    assert!(shop.payouts("pay-big").is_empty());
    assert_balance(&shop.desk.payment("BIG-1"), "0.00", "0.00", "900.00");
    let declined = &shop.desk.refunds()[0];
    assert_eq!(declined["declined_by"], "ben");
}

#[test]
fn an_unknown_refund_is_settled_by_two_people_with_evidence() {
    let mut shop = Shop::open();
    let refund = shop.refund("Z-2", "10.02", &["--as", "mia"]).exits(4);
    let refund = refund.object();
    // From now on nobody can be asked.
    shop.sandbox.kill();
    let mut ann = desk(&shop, NARROW, "ann");
    ann.wait_for("1 UNKNOWN");
    ann.keys("3");
    ann.wait_for("Problems 1");
    ann.wait_for("UNKNOWN: may have been paid, do not refund again; next:");
    ann.keys("o");
    ann.wait_for("What became of 10.02 USD?");
    ann.keys("s\t\tstatement\tline 7 of 20 November\r");
    confirm(&mut ann, "State this outcome?");
    ann.wait_for("stated; another person must agree");
    ann.keys("[[");
    ann.wait_for("ann says: paid, 10.02 USD");

    let mut ben = desk(&shop, WIDE, "ben");
    ben.wait_for("3 To do 1");
    ben.keys("3");
    ben.wait_for("Approvals 1");
    ben.wait_for("UNKNOWN, do not refund again; ann says: paid, 10.02 USD");
    ben.keys("\r");
    ben.wait_for("waits for a second person");
    ben.keys("a");
    ben.wait_for("Agree with what ann stated?");
    confirm(&mut ben, "statement: line 7 of 20 November");
    ben.wait_for("10.02 USD approved");
    ben.wait_for("agreed by ben");
    ben.keys("\x1b");
    ben.wait_for("nothing waits for your approval");
    ben.keys("q");
    ben.assert_left_clean();
    ann.keys("q");
    ann.assert_left_clean();
    let settled = shop.desk.status(refund["id"].as_str().unwrap());
    assert_eq!(settled["state"], "succeeded");
    assert_balance(&shop.desk.payment("Z-2"), "10.02", "0.00", "79.98");
}
