//! The column "Commerce Hub" of product.md: what the last two digits of the amount lead to.

use serde_json::Value;

use super::shop::{Shop, assert_balance};

/// Refunds 10.CC of the payment Z-C and waits.
fn refund(shop: &Shop, cents: u8, wait: &str, code: i32) -> Value {
    let payment = format!("Z-{cents}");
    let amount = format!("10.0{cents}");
    shop.refund(&payment, &amount, &[wait]).exits(code).object()
}

fn seen(refund: &Value, meaning: &str) -> bool {
    let observations = refund["observations"].as_array().unwrap();
    observations
        .iter()
        .any(|it| it["meaning"].as_str().unwrap().contains(meaning))
}

#[test]
fn else_pending_then_succeeded() {
    let shop = Shop::open();
    let refund = refund(&shop, 0, "--wait", 0);
    assert!(seen(&refund, "pending 10.00 USD"));
    assert_eq!(refund["state"], "succeeded");
    assert_eq!(shop.payouts("pay-00"), ["10.00"]);
}

#[test]
fn cents_01_fail_and_give_the_amount_free() {
    let shop = Shop::open();
    let ran = shop.refund("Z-1", "10.01", &["--wait"]).exits(1);
    assert_eq!(ran.object()["state"], "failed");
    assert_eq!(ran.error()["code"], "failed");
    assert!(shop.payouts("pay-01").is_empty());
    assert_balance(&shop.desk.payment("Z-1"), "0.00", "0.00", "90.00");
    let old = ran.object()["id"].as_str().unwrap().to_owned();
    // Nothing came of what was withdrawn: the old one is still to be made good.
    let waits = || {
        let items = shop.desk.json(["todo"]).exits(0).objects();
        items.iter().any(|it| it["refund_id"] == old.as_str())
    };
    assert!(waits(), "{:#?}", shop.desk.json(["todo"]).objects());
    let held = shop.refund("Z-1", "10.10", &["--supersedes", &old, "--offline"]);
    let held = held.exits(6).object();
    assert!(!waits());
    shop.desk
        .json(["cancel", held["id"].as_str().unwrap()])
        .exits(0);
    assert!(waits());
    let more = ["--supersedes", &old, "--again", "--wait"];
    shop.refund("Z-1", "10.10", &more).exits(0);
    assert!(!waits());
    // What is in its place already is named, whatever the amount.
    let twice = shop.refund("Z-1", "5.00", &["--supersedes", &old]).exits(3);
    assert_eq!(twice.error()["code"], "duplicate");
}

#[test]
fn cents_02_and_09_are_unknown_then_found_and_paid_once() {
    let shop = Shop::open();
    for cents in [2, 9] {
        let refund = refund(&shop, cents, "--wait", 0);
        assert_eq!(refund["state"], "succeeded", "{refund:#}");
        assert!(seen(&refund, "in doubt"), "{refund:#}");
        let sends = refund["attempt_log"][0]["sends"].as_array().unwrap().len();
        assert_eq!([refund["attempts"].as_u64().unwrap(), sends as u64], [1, 1]);
        let amount = format!("10.0{cents}");
        assert_eq!(shop.payouts(&format!("pay-0{cents}")), [amount.as_str()]);
        assert_balance(
            &shop.desk.payment(&format!("Z-{cents}")),
            &amount,
            "0.00",
            &left(cents),
        );
    }
}

fn left(cents: u8) -> String {
    format!("79.9{}", 10 - cents)
}

/// T13: an empty inquiry, then the same key and the same bytes go again, without a person.
#[test]
fn cents_03_and_08_are_found_absent_sent_again_and_paid_once() {
    let shop = Shop::open();
    for cents in [3, 8] {
        let amount = format!("10.0{cents}");
        let refund = shop.refund(&format!("Z-{cents}"), &amount, &[]);
        let refund = refund.exits(4).object();
        assert_eq!(refund["state"], "unknown", "{refund:#}");
        assert_eq!(refund["next_step"]["clock"], "resend", "{refund:#}");
        assert!(shop.payouts(&format!("pay-0{cents}")).is_empty());
    }
    shop.track("90s").exits(0);
    for cents in [3, 8] {
        let amount = format!("10.0{cents}");
        assert_eq!(shop.payouts(&format!("pay-0{cents}")), [amount.as_str()]);
        assert_balance(
            &shop.desk.payment(&format!("Z-{cents}")),
            &amount,
            "0.00",
            &left(cents),
        );
    }
    for refund in shop.desk.refunds() {
        let refund = shop.desk.status(refund["id"].as_str().unwrap());
        assert_eq!(refund["state"], "succeeded", "{refund:#}");
        assert!(seen(&refund, "not found"), "{refund:#}");
        assert_eq!(refund["attempts"], 1, "the same key: {refund:#}");
        let sends = refund["attempt_log"][0]["sends"].as_array().unwrap();
        assert_eq!(sends.len(), 2, "{refund:#}");
    }
}

#[test]
fn waiting_for_it_is_enough() {
    let shop = Shop::open();
    let refund = refund(&shop, 3, "--wait", 0);
    assert_eq!(refund["state"], "succeeded", "{refund:#}");
    assert_eq!(shop.payouts("pay-03"), ["10.03"]);
}

#[test]
fn cents_04_stay_pending() {
    let shop = Shop::open();
    let refund = refund(&shop, 4, "--wait=1s", 0);
    assert_eq!(refund["state"], "pending");
    shop.track("1s").exits(6);
    assert_balance(&shop.desk.payment("Z-4"), "0.00", "10.04", "79.96");
    assert_eq!(shop.payouts("pay-04"), ["10.04"]);
}

#[test]
fn cents_05_are_seen_to_come_back() {
    let shop = Shop::open();
    let refund = refund(&shop, 5, "--wait", 0);
    shop.desk.json(["track", "--timeout", "2s"]).exits(0);
    let status = shop.desk.status(refund["id"].as_str().unwrap());
    assert_eq!(
        status["state"], "reversed",
        "next look at {}",
        status["next_look_at"]
    );
    assert_balance(&shop.desk.payment("Z-5"), "0.00", "0.00", "90.00");
    assert_eq!(shop.payouts("pay-05"), ["10.05"]);
}

#[test]
fn that_it_came_back_is_told_until_somebody_acknowledges_it() {
    let shop = Shop::open();
    let refund = refund(&shop, 5, "--wait", 0);
    shop.desk.json(["track", "--timeout", "2s"]).exits(0);
    let id = refund["id"].as_str().unwrap();
    let doctor = || {
        let lines = shop.desk.json(["doctor"]).exits(0).objects();
        let line = lines.into_iter().find(|line| line["check"] == "refunds");
        line.unwrap()
    };
    let alert = shop.desk.status(id)["discrepancies"][0].clone();
    assert_eq!(
        (&alert["kind"], &alert["blocks"]),
        (&"came_back".into(), &false.into())
    );
    let said = shop.desk.run(["status", id]).exits(0).stdout;
    assert!(
        said.contains("CAME BACK, the customer does not have it"),
        "{said}"
    );
    assert_eq!(doctor()["status"], "warning");
    let number = alert["id"].to_string();
    let resolve = ["discrepancies", "resolve", &number];
    assert!(
        doctor()["fix"]
            .as_str()
            .unwrap()
            .ends_with(&resolve.join(" "))
    );

    let before = shop.desk.everything();
    shop.desk
        .json(resolve.iter().chain(&["--read-only"]))
        .exits(3);
    assert_eq!(shop.desk.everything(), before);
    let seen = shop
        .desk
        .json(resolve.iter().chain(&["--as", "mia"]))
        .exits(0)
        .object();
    assert_eq!(
        (&seen["resolved_by"], &seen["note"]),
        (&"mia".into(), &"".into())
    );
    assert_eq!(doctor()["status"], "ok");
    let told = shop
        .desk
        .json(["audit", "show", "--action", "discrepancy.resolved"]);
    assert_eq!(told.exits(0).objects()[0]["actor"], "mia");
    shop.desk.json(["audit", "verify"]).exits(0);
}

#[test]
fn cents_06_need_a_person_and_hold_the_larger_amount() {
    let shop = Shop::open();
    let refund = refund(&shop, 6, "--wait", 5);
    assert_eq!(refund["state"], "action_required");
    assert_eq!(refund["reported"], "11.06");
    assert_eq!(shop.payouts("pay-06"), ["11.06"]);
    assert_balance(&shop.desk.payment("Z-6"), "0.00", "11.06", "78.94");
}

#[test]
fn cents_07_are_turned_away_once_and_go_through() {
    let shop = Shop::open();
    let refund = refund(&shop, 7, "--wait", 0);
    assert_eq!(refund["state"], "succeeded", "{refund:#}");
    assert!(seen(&refund, "turned away"), "{refund:#}");
    assert_eq!(shop.payouts("pay-07"), ["10.07"]);
    let sends = refund["attempt_log"][0]["sends"].as_array().unwrap();
    assert_eq!(
        [&sends[0]["not_executed"], &sends[1]["not_executed"]],
        [true, false]
    );
}

#[test]
fn every_outcome_at_once_ends_right() {
    let shop = Shop::open();
    for cents in 0..10 {
        shop.refund(&format!("Z-{cents}"), &format!("10.0{cents}"), &[]);
    }
    shop.track("8s").exits(6);
    let mut states: Vec<(String, String)> = shop
        .desk
        .refunds()
        .iter()
        .map(|it| (text(&it["amount"]), text(&it["state"])))
        .collect();
    states.sort();
    let states: Vec<&str> = states.iter().map(|(_, state)| state.as_str()).collect();
    assert_eq!(
        states,
        [
            "succeeded",
            "failed",
            "succeeded",
            "succeeded",
            "pending",
            "reversed",
            "action_required",
            "succeeded",
            "succeeded",
            "succeeded"
        ]
    );
    assert_eq!(super::book::read(&shop.sandbox.book()).len(), 9);
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
