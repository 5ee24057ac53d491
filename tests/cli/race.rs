//! Several desks at one data folder, at the same instant.

use std::thread;
use std::time::Duration;

use super::book::minor;
use super::desk::Ran;
use super::process::Process;
use super::shop::{Shop, assert_balance};

/// How long every process has to read what it decides on, while none can write. Nothing can be
/// awaited: a process that waits for a lock looks like one that works.
const TIME_TO_READ: Duration = Duration::from_millis(1500);

/// Starts the same number of processes as there are commands, then waits for all.
fn at_once(shop: &Shop, commands: &[Vec<&str>]) -> Vec<Ran> {
    finish(start(shop, commands))
}

/// The same, but all have decided before the first can write.
fn decided_together(shop: &Shop, commands: &[Vec<&str>]) -> Vec<Ran> {
    let database = rusqlite::Connection::open(shop.desk.data.join("desk.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let running = start(shop, commands);
    thread::sleep(TIME_TO_READ);
    database.execute_batch("ROLLBACK").unwrap();
    finish(running)
}

fn start(shop: &Shop, commands: &[Vec<&str>]) -> Vec<Process> {
    let commands = commands.iter();
    commands
        .map(|typed| shop.desk.start(typed.iter().chain(&["--json"])))
        .collect()
}

fn finish(running: Vec<Process>) -> Vec<Ran> {
    running.into_iter().map(|it| it.finish().into()).collect()
}

fn codes(ran: &[Ran]) -> Vec<i32> {
    let mut codes: Vec<i32> = ran.iter().map(|it| it.code.unwrap()).collect();
    codes.sort_unstable();
    codes
}

#[test]
fn eight_desks_want_60_percent_and_one_gets_it() {
    let shop = Shop::open();
    let typed = vec![
        "refund",
        "A-1",
        "--amount",
        "60%",
        "--reason",
        "customer_request",
        "--again",
        "--wait",
    ];
    let ran = decided_together(&shop, &vec![typed; 8]);
    assert_eq!(codes(&ran), [0, 3, 3, 3, 3, 3, 3, 3], "{ran:#?}");
    for refused in ran.iter().filter(|it| it.code == Some(3)) {
        assert_eq!(refused.error()["code"], "over_available");
        assert_eq!(refused.stdout, "");
    }
    assert_eq!(shop.payouts("pay-ann"), ["120.00"]);
    assert_balance(&shop.desk.payment("A-1"), "120.00", "0.00", "80.00");
    assert_eq!(shop.desk.refunds().len(), 1);
}

#[test]
fn parts_that_do_not_all_fit_never_overdraw() {
    let shop = Shop::open();
    let amounts = [
        "25.00", "26.10", "27.20", "28.30", "29.40", "30.50", "31.60", "32.70",
    ];
    let commands: Vec<Vec<&str>> = amounts
        .iter()
        .map(|amount| {
            vec![
                "refund",
                "B-1",
                "--amount",
                amount,
                "--reason",
                "duplicate",
                "--again",
                "--wait",
            ]
        })
        .collect();
    let ran = at_once(&shop, &commands);
    assert!(
        codes(&ran).iter().all(|code| [0, 3].contains(code)),
        "{ran:#?}"
    );
    let payment = shop.desk.payment("B-1");
    assert!(minor(&payment["available"]) >= 0, "{payment:#}");
    let paid: i64 = shop
        .payouts("pay-bob")
        .iter()
        .map(|amount| amount.replace('.', "").parse::<i64>().unwrap())
        .sum();
    assert_eq!(paid, minor(&payment["refunded"]));
    assert!((7_000..=10_000).contains(&paid), "{paid}");
}

#[test]
fn one_key_at_once_is_one_refund() {
    let shop = Shop::open();
    let typed = vec![
        "refund",
        "A-1",
        "--amount",
        "10.00",
        "--reason",
        "duplicate",
        "--key",
        "k",
        "--wait",
    ];
    let ran = decided_together(&shop, &vec![typed; 6]);
    assert_eq!(codes(&ran), [0; 6], "{ran:#?}");
    let ids: std::collections::BTreeSet<String> =
        ran.iter().map(|it| it.object()["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(shop.payouts("pay-ann"), ["10.00"]);
}

#[test]
fn a_likely_duplicate_at_the_same_instant_is_refused_too() {
    let shop = Shop::open();
    let typed = vec![
        "refund",
        "A-1",
        "--amount",
        "10.00",
        "--reason",
        "duplicate",
        "--wait",
    ];
    let ran = decided_together(&shop, &vec![typed; 8]);
    assert_eq!(shop.payouts("pay-ann"), ["10.00"], "{:?}", codes(&ran));
    assert_eq!(codes(&ran), [0, 3, 3, 3, 3, 3, 3, 3]);
}

#[test]
fn slices_at_the_same_instant_do_not_escape_the_limit() {
    let shop = Shop::open();
    let amounts = ["200.00", "201.10", "202.20", "203.30"];
    let commands: Vec<Vec<&str>> = amounts
        .iter()
        .map(|amount| {
            vec![
                "refund",
                "BIG-1",
                "--amount",
                amount,
                "--reason",
                "duplicate",
                "--wait",
            ]
        })
        .collect();
    let ran = decided_together(&shop, &commands);
    assert_eq!(
        codes(&ran),
        [0, 5, 5, 5],
        "paid without a checker: {:?}",
        shop.payouts("pay-big")
    );
}

#[test]
fn many_trackers_send_each_refund_once() {
    let shop = Shop::open();
    let mut ids = Vec::new();
    for (reference, amount) in [("A-1", "11.10"), ("B-1", "22.20"), ("Z-0", "33.30")] {
        let refund = shop
            .refund(reference, amount, &["--offline"])
            .exits(6)
            .object();
        ids.push(refund["id"].as_str().unwrap().to_owned());
    }
    let release: Vec<&str> = ["release"]
        .into_iter()
        .chain(ids.iter().map(String::as_str))
        .collect();
    shop.desk.json(release).exits(0);
    let track = vec!["track", "--until-final", "--timeout", "10s"];
    let ran = at_once(&shop, &vec![track; 6]);
    assert_eq!(codes(&ran), [0; 6], "{ran:#?}");
    for (payment, amount) in [
        ("pay-ann", "11.10"),
        ("pay-bob", "22.20"),
        ("pay-00", "33.30"),
    ] {
        assert_eq!(shop.payouts(payment), [amount]);
    }
}

#[test]
fn eight_desks_open_a_new_database_together() {
    let shop = Shop::bare(&super::stock::dated(super::stock::STOCK));
    let stock = shop.stock();
    let typed = vec!["import", stock.to_str().unwrap()];
    let ran = at_once(&shop, &vec![typed; 8]);
    assert_eq!(codes(&ran), [0; 8], "{ran:#?}");
    let new: u64 = ran
        .iter()
        .map(|it| it.object()["new"].as_u64().unwrap())
        .sum();
    assert_eq!(new, 19);
}
