//! The column "Prism" of product.md: what the last two digits of the amount lead to. Nothing is ever
//! sent again, and what may have been paid waits for people.

use serde_json::Value;

use super::shop::{Shop, assert_balance};
use super::stock;

/// A payment of each currency, large enough for every outcome of the table.
const PAYMENTS: &str = "\
account,payment_id,reference,amount,currency,captured_at,settled_at,payer,order,last4
prism-us,pi_00,P-0,90.00,USD,@-30,@-28,Payer Zero,O-10,1000
prism-us,pi_01,P-1,90.00,USD,@-31,@-29,Payer One,O-11,1001
prism-us,pi_02,P-2,90.00,USD,@-32,@-30,Payer Two,O-12,1002
prism-us,pi_03,P-3,90.00,USD,@-33,@-31,Payer Three,O-13,1003
prism-us,pi_04,P-4,90.00,USD,@-34,@-32,Payer Four,O-14,1004
prism-us,pi_05,P-5,90.00,USD,@-35,@-33,Payer Five,O-15,1005
prism-us,pi_06,P-6,90.00,USD,@-36,@-34,Payer Six,O-16,1006
prism-us,pi_07,P-7,90.00,USD,@-37,@-35,Payer Seven,O-17,1007
prism-us,pi_08,P-8,90.00,USD,@-38,@-36,Payer Eight,O-18,1008
prism-us,pi_09,P-9,90.00,USD,@-39,@-37,Payer Nine,O-19,1009
prism-us,pi_jpy,P-JPY,9000,JPY,@-40,@-38,Payer Yen,O-20,1010
prism-us,pi_kwd,P-KWD,90.000,KWD,@-41,@-39,Payer Dinar,O-21,1011
";

fn shop() -> Shop {
    Shop::with(&stock::dated(PAYMENTS))
}

/// Refunds 10.CC of the payment P-C and waits.
fn refund(shop: &Shop, cents: u8, wait: &str, code: i32) -> Value {
    let (payment, amount) = (format!("P-{cents}"), format!("10.0{cents}"));
    shop.refund(&payment, &amount, &[wait]).exits(code).object()
}

fn seen(refund: &Value, meaning: &str) -> bool {
    let observations = refund["observations"].as_array().unwrap();
    observations
        .iter()
        .any(|it| it["meaning"].as_str().unwrap().contains(meaning))
}

fn sends(refund: &Value) -> usize {
    refund["attempt_log"][0]["sends"].as_array().unwrap().len()
}

#[test]
fn else_pending_then_succeeded() {
    let shop = shop();
    let refund = refund(&shop, 0, "--wait", 0);
    assert!(seen(&refund, "pending"), "{refund:#}");
    assert_eq!(refund["state"], "succeeded");
    assert!(
        refund["provider_refund_id"]
            .as_str()
            .unwrap()
            .starts_with("re_")
    );
    assert_eq!(shop.payouts("pi_00"), ["10.00"]);
    assert_balance(&shop.desk.payment("P-0"), "10.00", "0.00", "80.00");
}

#[test]
fn cents_01_fail_and_give_the_amount_free() {
    let shop = shop();
    let refund = refund(&shop, 1, "--wait", 1);
    assert_eq!(refund["state"], "failed", "{refund:#}");
    assert!(shop.payouts("pi_01").is_empty());
    assert_balance(&shop.desk.payment("P-1"), "0.00", "0.00", "90.00");
}

#[test]
fn cents_02_and_09_are_paid_and_stay_unknown() {
    let shop = shop();
    for cents in [2, 9] {
        let refund = refund(&shop, cents, "--wait=1s", 4);
        assert_eq!(refund["state"], "unknown", "{refund:#}");
        let amount = format!("10.0{cents}");
        assert_eq!(shop.payouts(&format!("pi_0{cents}")), [amount.as_str()]);
    }
    shop.track("3s").exits(4);
    for cents in [2, 9] {
        assert_held(&shop, cents, 1);
    }
}

#[test]
fn cents_03_and_08_are_not_paid_and_stay_unknown() {
    let shop = shop();
    for cents in [3, 8] {
        let refund = refund(&shop, cents, "--wait=1s", 4);
        assert_eq!(refund["state"], "unknown", "{refund:#}");
    }
    shop.track("3s").exits(4);
    for cents in [3, 8] {
        assert!(shop.payouts(&format!("pi_0{cents}")).is_empty());
        assert_held(&shop, cents, 0);
    }
}

/// Sent once, held, and two people may say what became of it.
#[track_caller]
fn assert_held(shop: &Shop, cents: u8, payouts: usize) {
    let held = format!("10.0{cents}");
    let available = format!("79.9{}", 10 - cents);
    assert_balance(
        &shop.desk.payment(&format!("P-{cents}")),
        "0.00",
        &held,
        &available,
    );
    let refunds = shop.desk.refunds();
    let mut ours = refunds.iter().filter(|it| it["amount"] == held.as_str());
    let id = ours.next().unwrap()["id"].as_str().unwrap().to_owned();
    let refund = shop.desk.status(&id);
    assert_eq!(refund["state"], "unknown", "{refund:#}");
    assert_eq!((refund["attempts"].as_u64(), sends(&refund)), (Some(1), 1));
    assert_eq!(shop.payouts(&format!("pi_0{cents}")).len(), payouts);
}

#[test]
fn cents_04_stay_pending() {
    let shop = shop();
    let refund = refund(&shop, 4, "--wait=1s", 0);
    assert_eq!(refund["state"], "pending");
    shop.track("1s").exits(6);
    assert_balance(&shop.desk.payment("P-4"), "0.00", "10.04", "79.96");
    assert_eq!(shop.payouts("pi_04"), ["10.04"]);
}

#[test]
fn cents_05_are_seen_to_come_back() {
    let shop = shop();
    let refund = refund(&shop, 5, "--wait", 0);
    assert_eq!(refund["state"], "succeeded", "{refund:#}");
    shop.desk.json(["track", "--timeout", "2s"]).exits(0);
    let status = shop.desk.status(refund["id"].as_str().unwrap());
    assert_eq!(status["state"], "reversed", "{status:#}");
    assert_balance(&shop.desk.payment("P-5"), "0.00", "0.00", "90.00");
    assert_eq!(shop.payouts("pi_05"), ["10.05"]);
}

#[test]
fn cents_06_are_made_and_complained_of() {
    let shop = shop();
    let refund = refund(&shop, 6, "--wait=1s", 4);
    assert_eq!(refund["state"], "unknown", "{refund:#}");
    let said = refund["observations"].to_string();
    assert!(said.contains("Integrity check failed"), "{said}");
    assert_eq!(shop.payouts("pi_06"), ["11.06"]);
    // What was really paid is held, the larger of the two.
    assert_eq!(refund["reported"], "11.06", "{refund:#}");
    assert_balance(&shop.desk.payment("P-6"), "0.00", "11.06", "78.94");
    assert_eq!((refund["attempts"].as_u64(), sends(&refund)), (Some(1), 1));
}

#[test]
fn cents_07_are_turned_away_once_and_go_through() {
    let shop = shop();
    let refund = refund(&shop, 7, "--wait", 0);
    assert_eq!(refund["state"], "succeeded", "{refund:#}");
    assert!(seen(&refund, "turned away"), "{refund:#}");
    assert_eq!(shop.payouts("pi_07"), ["10.07"]);
    // Proven not made, and Prism replays nothing: the second send is an attempt of its own.
    assert_eq!(
        (refund["attempts"].as_u64(), sends(&refund)),
        (Some(2), 1),
        "{refund:#}"
    );
}

#[test]
fn other_decimals_go_through_as_they_are() {
    let shop = shop();
    for (payment, id, amount) in [("P-JPY", "pi_jpy", "210"), ("P-KWD", "pi_kwd", "12.500")] {
        let refund = shop.refund(payment, amount, &["--wait"]).exits(0).object();
        assert_eq!(refund["state"], "succeeded", "{refund:#}");
        assert_eq!(shop.payouts(id), [amount]);
    }
    let text = std::fs::read_to_string(&shop.desk.config).unwrap();
    // Named otherwise, an amount that does not fit the connector's decimals is refused at once.
    let other = shop.reconfigured(|text| text.replace("KWD = 3", "KWD = 2"));
    assert!(text.contains("KWD = 3"));
    let refund = [
        "refund",
        "P-KWD",
        "--amount",
        "1.001",
        "--reason",
        "customer_request",
    ];
    let refused = other.json(refund).exits(3);
    assert!(refused.error().to_string().contains("2 decimals"));
}

#[test]
fn two_people_may_say_what_became_of_an_unknown_one() {
    let shop = shop();
    let unknown = refund(&shop, 2, "--wait=1s", 4);
    let id = unknown["id"].as_str().unwrap();
    let claim = [
        "resolve",
        id,
        "--as",
        "absent",
        "--evidence",
        "the connector's dashboard",
    ];
    let refused = shop.desk.json(claim).exits(3);
    assert!(refused.error()["message"].to_string().contains("silence"));
    let claim = [
        "resolve",
        id,
        "--as",
        "succeeded",
        "--evidence",
        "re_1 on the dashboard",
    ];
    let proposed = shop
        .desk
        .json([&["--as", "mia"], &claim[..]].concat())
        .exits(5)
        .object();
    let hash = proposed["hash"].as_str().unwrap();
    shop.desk
        .json(["--as", "otto", "approve", id, "--expect", hash])
        .exits(0);
    assert_eq!(shop.desk.status(id)["state"], "succeeded");
    assert_balance(&shop.desk.payment("P-2"), "10.02", "0.00", "79.98");
}

#[test]
fn what_was_known_outlives_a_restart_and_the_bytes_on_disk_are_kept() {
    let mut shop = shop();
    let pending = refund(&shop, 0, "--wait=0s", 0);
    assert_eq!(pending["attempt_log"][0]["method"], "gRPC");
    assert!(
        pending["attempt_log"][0]["url"]
            .as_str()
            .unwrap()
            .ends_with("/types.PaymentService/Refund")
    );
    shop.sandbox.restart();
    shop.track("90s").exits(0);
    let id = pending["id"].as_str().unwrap();
    assert_eq!(shop.desk.status(id)["state"], "succeeded");
    assert_eq!(shop.payouts("pi_00"), ["10.00"]);
}

#[test]
fn doctor_finds_it_and_says_when_its_key_is_not_taken() {
    let shop = shop();
    let ran = shop.desk.run(["doctor"]);
    assert!(ran.stdout.contains("prism-us"), "{}", ran.stdout);
    let key = shop.desk.config.with_file_name("prism-us.key");
    std::fs::write(&key, "another").unwrap();
    let ran = shop.desk.run(["doctor"]);
    assert!(ran.stdout.contains("HTTP 401"), "{}", ran.stdout);
}

#[test]
fn the_key_stands_nowhere() {
    let shop = shop();
    refund(&shop, 0, "--wait", 0);
    let key = std::fs::read_to_string(shop.desk.config.with_file_name("prism-us.key")).unwrap();
    for entry in std::fs::read_dir(&shop.desk.data).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        let found = bytes.windows(key.len()).any(|part| part == key.as_bytes());
        assert!(!found, "{}", path.display());
    }
}
