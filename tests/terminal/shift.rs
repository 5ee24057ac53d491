//! A shift at a real terminal: what waits is taken and snoozed, a note is written, the page for the
//! next shift is read, and the list of payments is left as its operator likes it.

use super::screen::Terminal;
use super::{NARROW, WIDE};
use crate::cli::shop::Shop;

fn desk(shop: &Shop, size: super::Size, name: &str) -> Terminal {
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

#[test]
fn a_shift_is_worked_and_handed_over() {
    let shop = Shop::open();
    shop.refund("BIG-1", "300.00", &["--as", "ann"]).exits(5);
    let mut ben = desk(&shop, NARROW, "ben");
    ben.keys("3");
    ben.wait_for("Approvals 1");
    ben.keys("m");
    ben.wait_for("it is yours");
    ben.wait_for("Mine 1");
    ben.keys("n");
    ben.wait_for("Write a note");
    ben.keys("waits for the shop\r");
    ben.wait_for("the note is written");
    ben.keys("z");
    ben.wait_for("Snooze it");
    ben.keys("\rasked the shop\r");
    ben.wait_for("1 snoozed (Z)");
    ben.keys("H");
    ben.wait_for("Handover, ");
    ben.wait_for("1 to approve, holding 300.00 USD");
    ben.keys("G");
    ben.wait_for("waits for the shop");
    ben.wait_for("by ben until");
    ben.keys("1");
    ben.wait_for("all payments");
    ben.keys("q");
    ben.assert_left_clean();
}

#[test]
fn columns_are_found_as_they_were_left() {
    let shop = Shop::open();
    let mut ann = desk(&shop, WIDE, "ann");
    ann.wait_for("payer");
    ann.keys("Cjj ");
    ann.wait_for("[ ] payer");
    ann.keys("q");
    ann.wait_until("no payer among the columns", |screen| {
        screen
            .text()
            .lines()
            .any(|line| line.contains("reference") && !line.contains("payer"))
    });
    ann.keys("q");
    ann.assert_left_clean();
    let again = desk(&shop, WIDE, "ann");
    again.wait_until("the columns as they were left", |screen| {
        screen.text().lines().any(|line| {
            line.contains("settled") && line.contains("can refund") && !line.contains("payer")
        })
    });
}
