//! Records that a disk damaged: no money is moved on them, and that is said.

use std::fs;

use rstest::rstest;
use rusqlite::Connection;

use super::shop::Shop;

/// Changes records past the rules of the database, the way a disk would.
fn damage(shop: &Shop, sql: &str) {
    let connection = Connection::open(shop.desk.data.join("desk.db")).unwrap();
    connection.execute_batch(sql).unwrap();
}

const DATE_OF_ANN: &str = "UPDATE captures SET captured_at = captured_at + 65536
     WHERE payment_id = (SELECT id FROM payments WHERE provider_payment_id = 'pay-ann')";

#[test]
fn a_refund_of_a_damaged_payment_is_refused_and_others_go() {
    let shop = Shop::open();
    damage(&shop, DATE_OF_ANN);
    let ran = shop.refund("A-1", "12.34", &[]).exits(1);
    let error = ran.error();
    assert_eq!(error["code"], "damaged", "{error:#}");
    assert!(error["message"].as_str().unwrap().contains("payment p"));
    let money = error["money"].as_str().unwrap();
    assert!(money.contains("changed nothing"), "{money}");
    assert_eq!(shop.payouts("pay-ann"), [""; 0]);
    assert_eq!(shop.desk.refunds().len(), 0);
    // What is said of it can still be read.
    shop.desk.payment("A-1");
    let other = shop.desk.json(["payments", "--limit", "100"]).exits(0);
    let sound = other
        .objects()
        .into_iter()
        .find(|payment| payment["reference"] != "A-1" && payment["can_refund"] != "0.00")
        .unwrap();
    let reference = sound["reference"].as_str().unwrap();
    shop.refund(reference, "1.00", &[]).exits(0);
}

#[test]
fn what_was_reserved_before_the_damage_is_not_sent() {
    let shop = Shop::open();
    let refund = shop
        .refund("A-1", "12.34", &["--offline"])
        .exits(6)
        .object();
    damage(&shop, DATE_OF_ANN);
    shop.desk
        .json(["release", refund["id"].as_str().unwrap()])
        .exits(0);
    shop.desk.json(["track", "--once"]);
    assert_eq!(shop.payouts("pay-ann"), [""; 0]);
    assert_eq!(shop.desk.refunds()[0]["state"], "approved");
}

/// The log with the last refund is gone: its payment looks as if nothing had been given back. What
/// was sent is known from the send journal, what was only decided from the file beside it.
#[rstest]
#[case::sent(&[], 0, &["12.34"], 3, "sending_closed")]
#[case::decided(&["--offline"], 6, &[], 1, "damaged")]
fn a_database_that_lost_its_last_refund_sends_nothing(
    #[case] more: &[&str],
    #[case] code: i32,
    #[case] paid: &[&str],
    #[case] refused: i32,
    #[case] why: &str,
) {
    let shop = Shop::open();
    let database = shop.desk.data.join("desk.db");
    let settle = Connection::open(&database).unwrap();
    settle
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    drop(settle);
    let before = fs::read(&database).unwrap();
    shop.refund("A-1", "12.34", more).exits(code);
    assert_eq!(shop.payouts("pay-ann"), paid);
    fs::write(&database, before).unwrap();
    for log in ["desk.db-wal", "desk.db-shm"] {
        let _ = fs::remove_file(shop.desk.data.join(log));
    }
    assert_eq!(shop.desk.refunds().len(), 0);
    let error = shop.refund("A-1", "12.34", &[]).exits(refused).error();
    assert_eq!(error["code"], why, "{error:#}");
    for (told, words) in [("money", "may have been refunded"), ("next", "restore")] {
        assert!(error[told].as_str().unwrap().contains(words), "{error:#}");
    }
    assert_eq!(shop.payouts("pay-ann"), paid);
}
