//! A bulk refund in a real pseudo-terminal.

use rstest::rstest;

use super::screen::Size;
use super::{NARROW, WIDE, confirm, refundable};

#[rstest]
#[case(NARROW)]
#[case(WIDE)]
fn two_payments_are_marked_judged_and_refunded(#[case] size: Size) {
    let (_folder, mut desk) = refundable(size);
    desk.keys("  ");
    desk.wait_for("2 marked");
    desk.keys("r");
    desk.wait_for("Refund 2 marked payments");
    // A tenth of each: two amounts that differ are no likely duplicates.
    desk.keys("\x1510%\t\x1b[C");
    desk.wait_for("or its first letter");
    desk.keys("\x13");
    desk.wait_for("what would become of each");
    desk.wait_for("all 2 go");
    // One burst: what was typed before the dialog could be read makes nothing.
    desk.keys("\x13yy");
    desk.wait_for("Give back 2 refunds?");
    desk.wait_for("y yes, give all of it back");
    confirm(&mut desk, "Give back 2 refunds?");
    desk.wait_for("2 of 2 made");
    desk.keys("\x1b");
    desk.wait_until("the page to close", |screen| {
        !screen.text().contains("what became of each") && !screen.text().contains("marked")
    });
    desk.keys("2");
    desk.wait_for("All 2");
    desk.keys("q");
    desk.assert_left_clean();
}
