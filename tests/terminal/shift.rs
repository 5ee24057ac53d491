//! A shift at a real terminal: what waits is taken, given away and snoozed, a note is written, a
//! discrepancy closed, the page for the next shift is read, and the list of payments is left as its
//! operator likes it.

use super::rooms::on;
use super::screen::Terminal;
use super::{NARROW, WIDE, confirm};
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

/// Imports a file that says another amount of BIG-1 than is known.
fn contradict(shop: &Shop) {
    let known = std::fs::read_to_string(shop.stock()).unwrap();
    let told = known.replace("BIG-1,900.00", "BIG-1,910.00");
    assert_ne!(told, known);
    let path = shop.write("told.csv", told);
    shop.desk
        .run(["import".as_ref(), path.as_os_str()])
        .exits(0);
}

#[test]
fn what_waits_is_given_away_and_a_discrepancy_closed_with_a_note() {
    let shop = Shop::open();
    shop.refund("Z-6", "10.06", &["--wait", "--as", "mia"])
        .exits(5);
    contradict(&shop);
    let mut ann = desk(&shop, NARROW, "ann");
    ann.keys("3");
    ann.wait_for("needs you:");
    on(&mut ann, "Z-6");
    ann.keys("w");
    ann.wait_for("─ Give it to");
    ann.keys("ben\r");
    ann.wait_for("ben looks after it now");
    ann.wait_until("its owner in the list", |screen| {
        let row = screen.selected().unwrap_or_default();
        row.contains("Z-6") && row.contains(" ben ")
    });
    ann.keys("/BIG-1\r");
    ann.wait_for("/ BIG-1  esc clears");
    on(&mut ann, "BIG-1");
    ann.keys("o");
    ann.wait_for("─ Close a discrepancy");
    ann.keys("y, the file was wrong\r");
    confirm(&mut ann, "Close this discrepancy?");
    ann.wait_for("closed: a file says another amount");
    ann.wait_until("it to be off the list", |screen| {
        screen.selected().is_none()
    });
    ann.keys("\x1b");
    on(&mut ann, "Z-6");
    ann.keys("q");
    ann.assert_left_clean();
    let waits = shop.desk.json(["todo", "--as", "ben"]).exits(0).objects();
    let given = waits.iter().find(|it| it["reference"] == "Z-6").unwrap();
    assert_eq!(given["owner"], "ben");
    let all = shop.desk.json(["discrepancies", "--all"]).exits(0);
    let all = all.objects();
    let closed = all.iter().find(|it| it["kind"] == "file_amount").unwrap();
    assert_eq!(closed["resolved_by"], "ann");
    assert_eq!(closed["note"], "y, the file was wrong");
    assert_eq!(shop.desk.payment("BIG-1")["amount"], "900.00");
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
