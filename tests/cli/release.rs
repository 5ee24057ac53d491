//! `release`: all that were named, or none; and where one fails on the way, which are released.

use serde_json::Value;

use super::shop::Shop;

fn offline(shop: &Shop, payment: &str) -> String {
    let refund = shop
        .refund(payment, "5.00", &["--offline"])
        .exits(6)
        .object();
    refund["id"].as_str().unwrap().to_owned()
}

fn waits(shop: &Shop, refund: &str) -> bool {
    shop.desk.status(refund)["needs_release"] == true
}

#[test]
fn several_are_released_each_once() {
    let shop = Shop::open();
    let (first, second) = (offline(&shop, "A-1"), offline(&shop, "B-1"));
    // The same refund by its id, its end and its payment's reference.
    let typed = ["release", &first, &first[28..], "B-1", "A-1"];
    let released = shop.desk.json(typed).exits(0).objects();
    let ids: Vec<&Value> = released.iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, [&first, &second]);
    shop.track("90s").exits(0);
    assert_eq!(shop.payouts("pay-ann"), ["5.00"]);
    assert_eq!(shop.payouts("pay-bob"), ["5.00"]);
}

#[test]
fn one_that_cannot_be_released_keeps_all() {
    let shop = Shop::open();
    let first = offline(&shop, "A-1");
    let sent = shop.refund("B-1", "2.00", &[]).exits(0).object();
    let withdrawn = offline(&shop, "Z-0");
    shop.desk.json(["cancel", &withdrawn]).exits(0);
    let before = shop.desk.everything();
    for other in ["nosuch", sent["id"].as_str().unwrap(), &withdrawn] {
        let ran = shop.desk.json(["release", &first, other]).exits(3);
        assert_eq!(ran.stdout, "", "{other}");
        ran.error();
        assert!(waits(&shop, &first), "{other}");
    }
    assert_eq!(shop.desk.everything(), before);
}

#[test]
fn a_failure_on_the_way_says_which_are_released() {
    let shop = Shop::open();
    let ids = ["A-1", "B-1", "Z-0"].map(|payment| offline(&shop, payment));
    let stuck = format!(
        "CREATE TRIGGER stuck BEFORE UPDATE ON refunds WHEN OLD.id = '{}'
         BEGIN SELECT RAISE(ABORT, 'stuck'); END",
        ids[1]
    );
    let database = rusqlite::Connection::open(shop.desk.data.join("desk.db")).unwrap();
    database.execute_batch(&stuck).unwrap();
    let typed = ["release", &ids[0], &ids[1], &ids[2]];
    let ran = shop.desk.json(typed).exits(1);
    assert_eq!(ran.object()["id"], *ids[0]);
    let money = ran.error()["money"].as_str().unwrap().to_owned();
    let start = format!("Released: {}. Not released: {}.", ids[0], ids[2]);
    assert!(money.starts_with(&start), "{money}");
    assert!(!money.contains("Nothing"), "{money}");
    let waiting = ids.each_ref().map(|id| waits(&shop, id));
    assert_eq!(waiting, [false, true, true]);
}
