//! Offline, and providers that are not there: queued, held, sent once later.

use super::shop::{Shop, assert_balance};

#[test]
fn offline_a_refund_is_queued_and_goes_out_once_released() {
    let shop = Shop::open();
    let ran = shop.refund("A-1", "12.34", &["--offline"]).exits(6);
    let refund = ran.object();
    assert_eq!(refund["state"], "approved");
    assert_eq!(ran.error()["code"], "offline");
    assert_balance(&shop.desk.payment("A-1"), "0.00", "12.34", "187.66");
    // Nothing goes out without a person's word, however often the desk works.
    shop.desk.run(["track", "--once"]).exits(0);
    shop.desk.run(["track", "--once"]).exits(0);
    assert!(shop.payouts("pay-ann").is_empty());

    let id = refund["id"].as_str().unwrap();
    shop.desk.json(["release", id, "--offline"]).exits(3);
    shop.desk.json(["release", id]).exits(0);
    shop.track("90s").exits(0);
    assert_eq!(shop.desk.status(id)["state"], "succeeded");
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
    shop.track("2s").exits(0);
    shop.desk.json(["release", id]).exits(3).error();
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

#[test]
fn offline_everything_reads_and_nothing_is_asked() {
    let shop = Shop::open();
    let refund = shop.refund("A-1", "12.34", &[]).exits(0).object();
    let id = refund["id"].as_str().unwrap();
    for command in [
        &["payments"][..],
        &["payment", "A-1"],
        &["refunds"],
        &["status", id],
        &["track", "--once"],
        &["audit", "show"],
    ] {
        shop.desk
            .json(command.iter().chain(&["--offline"]))
            .exits(0);
    }
    let status = shop.desk.status(id);
    assert_eq!(status["observations"].as_array().unwrap().len(), 1);
    assert_eq!(status["state"], "pending");
}

#[test]
fn what_waits_for_a_release_is_not_said_to_go_out_by_itself() {
    let mut shop = Shop::open();
    let repeated = |amount: &str, key: &str, more: &[&str]| {
        let ran = shop.refund("A-1", amount, &[&["--key", key], more].concat());
        let error = ran.exits(6).error();
        (error["code"].clone(), error["next"].to_string())
    };
    let (_, next) = repeated("12.34", "off", &["--offline"]);
    assert!(next.contains("refund-desk release"), "{next}");
    let (code, next) = repeated("12.34", "off", &[]);
    assert_eq!(code, "needs_release");
    assert!(
        next.contains("refund-desk release") && !next.contains("track"),
        "{next}"
    );

    shop.sandbox.kill();
    let repeated = |more: &[&str]| {
        let ran = shop.refund("A-1", "5.00", &[&["--key", "on"], more].concat());
        ran.exits(6).error()["next"].to_string()
    };
    for next in [repeated(&[]), repeated(&["--offline"])] {
        assert!(
            next.contains("track") && !next.contains("release"),
            "{next}"
        );
    }
}

#[test]
fn offline_a_queued_refund_can_be_withdrawn() {
    let shop = Shop::open();
    let refund = shop
        .refund("A-1", "12.34", &["--offline"])
        .exits(6)
        .object();
    let id = refund["id"].as_str().unwrap();
    let canceled = shop
        .desk
        .json(["cancel", id, "--offline"])
        .exits(0)
        .object();
    assert_eq!(canceled["state"], "canceled");
    shop.track("2s").exits(0);
    assert_balance(&shop.desk.payment("A-1"), "0.00", "0.00", "200.00");
    assert!(shop.payouts("pay-ann").is_empty());
}

#[test]
fn a_provider_that_is_down_gets_the_refund_once_when_it_is_back() {
    let mut shop = Shop::open();
    shop.sandbox.kill();
    let ran = shop.refund("A-1", "12.34", &["--wait=1s"]).exits(6);
    let refund = ran.object();
    assert_eq!(refund["state"], "approved");
    assert_eq!(ran.error()["code"], "not_sent");
    assert_balance(&shop.desk.payment("A-1"), "0.00", "12.34", "187.66");
    shop.track("1s").exits(6);
    shop.sandbox.restart();
    shop.track("90s").exits(0);
    let status = shop.desk.status(refund["id"].as_str().unwrap());
    assert_eq!(status["state"], "succeeded", "{status:#}");
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

#[test]
fn a_provider_that_goes_away_while_pending_changes_nothing() {
    let mut shop = Shop::open();
    let refund = shop.refund("A-1", "12.34", &[]).exits(0).object();
    shop.sandbox.kill();
    shop.track("1s").exits(6);
    let id = refund["id"].as_str().unwrap();
    assert_eq!(shop.desk.status(id)["state"], "pending");
    assert_balance(&shop.desk.payment("A-1"), "0.00", "12.34", "187.66");
    shop.sandbox.restart();
    shop.track("90s").exits(0);
    assert_eq!(shop.desk.status(id)["state"], "succeeded");
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

#[test]
fn the_sandbox_ends_well_when_asked() {
    let Shop { sandbox, .. } = Shop::open();
    assert_eq!(sandbox.terminate(), Some(0));
}
