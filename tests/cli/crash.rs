//! `kill -9` at many points: what was acknowledged is there, nothing is paid twice, nothing is
//! held by nobody.

use std::fmt::Write;
use std::thread;
use std::time::Duration;

use rstest::rstest;
use serde_json::Value;

use super::desk::Desk;
use super::gate::{Gate, Lets};
use super::process::Process;
use super::shop::{Shop, assert_balance};
use super::stock;

/// Kill points after the start of the process, in milliseconds.
const DELAYS_MS: [u64; 14] = [0, 8, 16, 24, 32, 40, 48, 58, 68, 80, 95, 110, 130, 150];

#[test]
fn a_refund_killed_at_any_time_ends_right() {
    let shop = Shop::with(&one_payment_each());
    let desk = unhurried(&shop);
    for (seed, delay) in DELAYS_MS.into_iter().enumerate() {
        let mut running = desk.start(refund(seed, &key(seed)));
        kill_after(&mut running, delay);
    }
    desk.run(["track", "--until-final", "--timeout", "5s"]);
    for seed in 0..DELAYS_MS.len() {
        assert_agrees_with_the_book(&shop, seed);
    }
    // Said again under its key, each refund is the one that is there, or is made now.
    for seed in 0..DELAYS_MS.len() {
        let ran = desk.run(refund(seed, &key(seed)));
        assert!(matches!(ran.code, Some(0 | 4)), "{ran:#?}");
    }
    desk.run(["track", "--until-final", "--timeout", "3s"]);
    for seed in 0..DELAYS_MS.len() {
        assert_agrees_with_the_book(&shop, seed);
        assert_eq!(
            shop.desk.payment(&reference(seed))["refunds"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
}

fn kill_after(running: &mut Process, delay_ms: u64) {
    thread::sleep(Duration::from_millis(delay_ms));
    running.kill();
}

/// Polls are not what is tested, so they may be many.
fn unhurried(shop: &Shop) -> Desk {
    shop.reconfigured(|text| {
        text.replace(
            "[accounts.prism-us]",
            "polls_per_minute = 60000\n[accounts.prism-us]",
        )
    })
}

fn one_payment_each() -> String {
    let mut text =
        "account,payment_id,reference,amount,currency,captured_at,settled_at,payer\n".to_owned();
    for seed in 0..DELAYS_MS.len() {
        let reference = reference(seed);
        writeln!(
            text,
            "hub-us,pay-{seed},{reference},90.00,USD,@-9,@-8,payer {seed}"
        )
        .unwrap();
    }
    stock::dated(&text)
}

fn reference(seed: usize) -> String {
    format!("K-{seed}")
}

fn key(seed: usize) -> String {
    format!("seed-{seed}")
}

fn refund(seed: usize, key: &str) -> Vec<String> {
    let reference = reference(seed);
    [
        "refund",
        &reference,
        "--amount",
        "12.34",
        "--reason",
        "duplicate",
        "--key",
        key,
    ]
    .map(str::to_owned)
    .to_vec()
}

fn assert_agrees_with_the_book(shop: &Shop, seed: usize) {
    let payment = shop.desk.payment(&reference(seed));
    let refunds = payment["refunds"].as_array().unwrap();
    let paid = shop.payouts(&format!("pay-{seed}"));
    let state = refunds
        .first()
        .map_or("none", |it| it["state"].as_str().unwrap());
    match (state, paid.len()) {
        ("none", 0) => assert_balance(&payment, "0.00", "0.00", "90.00"),
        ("succeeded", 1) => assert_balance(&payment, "12.34", "0.00", "77.66"),
        ("unknown", 0) => assert_balance(&payment, "0.00", "12.34", "77.66"),
        other => panic!(
            "seed {seed}: {other:?} {:#}",
            shop.desk.status(refunds[0]["id"].as_str().unwrap())
        ),
    }
    assert!(refunds.len() <= 1);
}

#[rstest]
#[case(Lets::Connect, 4, "unknown", &[])]
#[case(Lets::Arrive, 4, "unknown", &[])]
#[case(Lets::BePaid, 0, "succeeded", &["12.34"])]
fn killed_while_sending(
    #[case] lets: Lets,
    #[case] code: i32,
    #[case] state: &str,
    #[case] paid: &[&str],
) {
    let shop = Shop::open();
    let gate = Gate::open(lets, &shop.sandbox.address());
    let slow = shop.reconfigured(|text| text.replace(&shop.sandbox.address(), &gate.address));
    let typed = [
        "refund",
        "A-1",
        "--amount",
        "12.34",
        "--reason",
        "duplicate",
    ];
    let mut sending = slow.start(typed);
    gate.wait();

    let sent = only_refund(&shop);
    assert_eq!(
        [&sent["state"], &sent["attempts"]],
        [&"submitting".into(), &Value::from(1)]
    );
    // Its sender lives and holds the lease: another desk leaves it alone.
    shop.desk.run(["track", "--once"]).exits(0);
    assert_eq!(only_refund(&shop)["state"], "submitting");

    sending.kill();
    shop.track("2s").exits(code);
    assert_eq!(only_refund(&shop)["state"], state);
    assert_eq!(shop.payouts("pay-ann"), paid);
    let payment = shop.desk.payment("A-1");
    match state {
        "unknown" => assert_balance(&payment, "0.00", "12.34", "187.66"),
        _ => assert_balance(&payment, "12.34", "0.00", "187.66"),
    }
    let status = shop.desk.status(sent["id"].as_str().unwrap());
    assert_eq!(
        status["attempt_log"][0]["sends"].as_array().unwrap().len(),
        1
    );
}

fn only_refund(shop: &Shop) -> Value {
    let refunds = shop.desk.refunds();
    assert_eq!(refunds.len(), 1, "{refunds:#?}");
    refunds.into_iter().next().unwrap()
}

#[rstest]
#[case(Lets::Arrive, 4, "unknown", &[])]
#[case(Lets::BePaid, 0, "succeeded", &["12.34"])]
fn an_answer_that_never_comes_leaves_the_outcome_unknown(
    #[case] lets: Lets,
    #[case] code: i32,
    #[case] state: &str,
    #[case] paid: &[&str],
) {
    let shop = Shop::open();
    let gate = Gate::open(lets, &shop.sandbox.address());
    let slow = shop.reconfigured(|text| {
        text.replace(&shop.sandbox.address(), &gate.address)
            .replace("[tracking]", "[desk]\ndeadline_seconds = 1\n[tracking]")
    });
    let typed = [
        "refund",
        "A-1",
        "--amount",
        "12.34",
        "--reason",
        "duplicate",
    ];
    let ran = slow.json(typed).exits(4);
    assert_eq!(ran.object()["state"], "unknown");
    assert_eq!(ran.stderr, "");
    assert_balance(&shop.desk.payment("A-1"), "0.00", "12.34", "187.66");
    shop.track("2s").exits(code);
    assert_eq!(only_refund(&shop)["state"], state);
    assert_eq!(shop.payouts("pay-ann"), paid);
}

#[test]
fn a_look_that_was_killed_is_made_again_at_once() {
    let shop = Shop::open();
    shop.refund("A-1", "12.34", &[]).exits(0);
    let gate = Gate::open(Lets::Arrive, &shop.sandbox.address());
    let slow = shop.reconfigured(|text| text.replace(&shop.sandbox.address(), &gate.address));
    let mut looking = slow.start(["track"]);
    gate.wait();
    looking.kill();
    let ran = shop.track("5s");
    let refund = only_refund(&shop);
    assert_eq!(
        ran.code,
        Some(0),
        "{}, next look at {}",
        refund["state"],
        refund["next_look_at"]
    );
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

#[test]
fn an_interrupted_track_leaves_what_it_sends_to_be_found() {
    let shop = Shop::open();
    let gate = Gate::open(Lets::BePaid, &shop.sandbox.address());
    let slow = shop.reconfigured(|text| text.replace(&shop.sandbox.address(), &gate.address));
    let refund = shop
        .refund("A-1", "12.34", &["--offline"])
        .exits(6)
        .object();
    shop.desk
        .json(["release", refund["id"].as_str().unwrap()])
        .exits(0);
    let mut tracking = slow.start(["track"]);
    gate.wait();
    // The second signal does not wait for the answer.
    super::stop::interrupt(&mut tracking, "INT");
    super::process::signal("INT", tracking.child().id());
    tracking.finish();
    shop.track("3s").exits(0);
    assert_eq!(only_refund(&shop)["state"], "succeeded");
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

#[test]
fn an_import_killed_at_any_time_is_made_good_by_the_next() {
    let sample = stock::sample();
    let shop = Shop::bare(&sample);
    let file = shop.stock();
    let typed = ["import", file.to_str().unwrap()];
    for delay in [5, 20, 35, 50, 70, 100] {
        kill_after(&mut shop.desk.start(typed), delay);
    }
    let report = shop.desk.json(typed).exits(0).object();
    assert_eq!(report["rejected"], 80);
    let paid = stock::rows(&sample).filter(|row| row[3] != "0.00").count();
    assert_eq!(shop.desk.json(["payments"]).exits(0).objects().len(), paid);
    let database = rusqlite::Connection::open(shop.desk.data.join("desk.db")).unwrap();
    let check: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}
