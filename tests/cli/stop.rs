//! Being told to stop: what is with a provider is finished, nothing more is taken up, and the exit
//! code says how things stand.

use std::io::{BufRead, BufReader, Read};

use rstest::rstest;
use serde_json::Value;

use super::desk::Desk;
use super::process::{Process, signal};
use super::relay::Relay;
use super::shop::{Shop, assert_balance};
use crate::terminal::screen::{Size, Terminal};

/// A refund of 12.34 that may be sent, and a desk that hears no answer until the relay is released.
fn held_back() -> (Shop, Relay, Desk, String) {
    let shop = Shop::open();
    let relay = Relay::open(&shop.sandbox.address());
    let slow = shop.reconfigured(|text| text.replace(&shop.sandbox.address(), &relay.address));
    let refund = shop
        .refund("A-1", "12.34", &["--offline"])
        .exits(6)
        .object();
    let id = refund["id"].as_str().unwrap().to_owned();
    shop.desk.json(["release", &id]).exits(0);
    (shop, relay, slow, id)
}

fn lines(reader: impl Read) -> impl Iterator<Item = String> {
    BufReader::new(reader).lines().map_while(Result::ok)
}

/// Interrupts a process and waits until it says that it noticed.
pub fn interrupt(process: &mut Process, name: &str) -> String {
    let stderr = process.child().stderr.take().unwrap();
    signal(name, process.child().id());
    lines(stderr).next().unwrap()
}

#[rstest]
#[case("INT")]
#[case("TERM")]
fn a_signal_lets_the_exchange_under_way_finish(#[case] name: &str) {
    let (shop, relay, slow, id) = held_back();
    let mut tracking = slow.start(["track", "--until-final", "--json"]);
    relay.wait();
    let said = interrupt(&mut tracking, name);
    assert!(said.contains("waiting for 1 answer"), "{said}");
    relay.release();
    let ended = tracking.finish();
    assert_eq!(ended.status.code(), Some(6), "it is pending");
    let refund = shop.desk.status(&id);
    assert_eq!(refund["state"], "pending");
    assert_eq!(
        refund["observations"][0]["source"], "reply",
        "the answer was heard: {refund:#}"
    );
    let printed = String::from_utf8(ended.stdout).unwrap();
    assert!(printed.contains(r#""state":"submitting""#), "{printed}");
    assert!(printed.contains(r#""state":"pending""#), "{printed}");
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

#[test]
fn a_second_signal_leaves_at_once_and_the_refund_is_found_again() {
    let (shop, relay, slow, id) = held_back();
    let mut tracking = slow.start(["track", "--until-final"]);
    relay.wait();
    interrupt(&mut tracking, "INT");
    signal("INT", tracking.child().id());
    assert_eq!(tracking.finish().status.code(), Some(4), "nobody knows");
    assert_eq!(shop.desk.status(&id)["state"], "submitting");
    assert_balance(&shop.desk.payment("A-1"), "0.00", "12.34", "187.66");
    shop.track("90s").exits(0);
    assert_eq!(shop.desk.status(&id)["state"], "succeeded");
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

#[rstest]
#[case("10.03", &[], 4)]
#[case("10.04", &[], 6)]
#[case("10.00", &["--wait"], 0)]
fn a_signal_ends_track_with_the_code_of_what_is_left(
    #[case] amount: &str,
    #[case] wait: &[&str],
    #[case] code: i32,
) {
    let shop = Shop::open();
    shop.refund("A-1", amount, wait);
    let mut tracking = shop.desk.start(["track", "--json"]);
    let stdout = tracking.child().stdout.take().unwrap();
    // Something is printed: it is at work, and listens.
    lines(stdout).next().unwrap();
    signal("TERM", tracking.child().id());
    assert_eq!(tracking.finish().status.code(), Some(code));
}

#[test]
fn track_prints_each_change_when_it_happens() {
    let shop = Shop::open();
    let refund = shop.refund("A-1", "12.34", &["--offline"]).object();
    let id = refund["id"].as_str().unwrap();
    shop.desk.json(["release", id]).exits(0);
    let mut tracking = shop.desk.start(["track", "--json"]);
    let stdout = tracking.child().stdout.take().unwrap();
    let mut states: Vec<String> = Vec::new();
    for line in lines(stdout) {
        let change: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(change["id"], id);
        states.push(change["state"].as_str().unwrap().to_owned());
        if change["state"] == "succeeded" {
            break;
        }
    }
    states.dedup();
    assert_eq!(states, ["submitting", "pending", "succeeded"]);
    signal("TERM", tracking.child().id());
    tracking.finish();
}

#[test]
fn leaving_the_desk_finishes_the_exchange_under_way() {
    let (shop, relay, slow, id) = held_back();
    let folders = [&slow.config, &slow.data].map(|path| path.to_str().unwrap());
    let typed = ["--config", folders[0], "--data-dir", folders[1]];
    let size = Size {
        rows: 24,
        columns: 80,
    };
    let mut desk = Terminal::start(size, &typed);
    desk.wait_for("all payments");
    relay.wait();
    desk.keys("q");
    // On the shell's own screen, which is not drawn any more.
    desk.wait_until("one line on the plain screen", |screen| {
        screen.text().contains("waiting for 1 answer") && !screen.text().contains("all payments")
    });
    relay.release();
    desk.assert_left_clean();
    let refund = shop.desk.status(&id);
    assert_eq!(refund["state"], "pending", "{refund:#}");
    assert_eq!(refund["observations"][0]["source"], "reply");
}

#[test]
fn a_key_rotated_while_track_runs_is_used() {
    let shop = Shop::open();
    let key = shop.desk.config.with_file_name("hub-us.key");
    let right = std::fs::read_to_string(&key).unwrap();
    std::fs::write(&key, "an-old-key-that-was-revoked").unwrap();
    let ran = shop.refund("A-1", "12.34", &[]).exits(6);
    assert_eq!(ran.object()["state"], "approved");
    let mut tracking = shop
        .desk
        .start(["track", "--until-final", "--timeout", "30s", "--json"]);
    let mut changes = lines(tracking.child().stdout.take().unwrap());
    let turned_away = changes.any(|line| {
        let change: Value = serde_json::from_str(&line).unwrap();
        change["state"] == "approved"
    });
    assert!(turned_away);
    std::fs::write(&key, right).unwrap();
    let states: Vec<String> = changes.collect();
    assert!(states.last().unwrap().contains("succeeded"), "{states:#?}");
    assert_eq!(tracking.finish().status.code(), Some(0));
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}

#[test]
fn an_account_taken_out_of_the_config_floods_nothing() {
    let shop = Shop::open();
    shop.refund("A-1", "12.34", &[]).exits(0);
    let offline = shop.refund("B-1", "12.34", &["--offline"]).object();
    let id = offline["id"].as_str().unwrap();
    shop.desk.json(["release", id]).exits(0);
    let without = shop.reconfigured(|text| text.replace("accounts.hub-us", "accounts.other"));
    without
        .json(["track", "--until-final", "--timeout", "3s"])
        .exits(6);
    let logs = std::fs::read_dir(shop.desk.data.join("logs")).unwrap();
    let said: String = logs
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let warned = said.lines().filter(|line| line.contains("WARN")).count();
    assert!((2..=30).contains(&warned), "{warned} lines:\n{said}");
    // Nothing was decided: back in the config, both go on.
    assert_eq!(shop.desk.status(id)["state"], "approved");
    shop.track("90s").exits(0);
    assert_eq!(shop.payouts("pay-bob"), ["12.34"]);
    assert_eq!(shop.payouts("pay-ann"), ["12.34"]);
}
