//! R6: processes that reserve on the same payments of the same database file at the same time.
//!
//! Each is a real process, this test binary again, that calls the library: real file locks, and
//! no time lost in starting a program for every attempt. 8 × 200 attempts on every commit;
//! `REFUND_DESK_LARGE=1` makes it 64 × 1,000.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use refund_desk::clock::Clock;
use refund_desk::config::{self, Environ};
use refund_desk::desk::Desk as _;
use refund_desk::desk::face::{Actor, Draft, Reply, Request};
use refund_desk::desk::local::Local;
use serde::{Deserialize, Serialize};

use super::shop::Shop;
use super::stock;
use crate::seeds::{Draw, large};

const PAYMENTS: u64 = 20;
/// Amounts are drawn from 1 minor unit up to here.
const LARGEST: u64 = 2_000;
/// The test by which a process is one of the racers, and what it needs to know.
const RACER: &str = "cli::racing::one_racing_process";
const FOLDER: &str = "REFUND_DESK_RACE_FOLDER";
const NUMBER: &str = "REFUND_DESK_RACE_NUMBER";
const ATTEMPTS: &str = "REFUND_DESK_RACE_ATTEMPTS";

/// What a racer did, as far as it was told that it is done.
#[derive(Default, Serialize, Deserialize)]
struct Told {
    /// Minor units reserved, by refund.
    reserved: BTreeMap<String, i64>,
    withdrawn: Vec<String>,
    refused: BTreeMap<String, u64>,
    latencies_us: Vec<u64>,
}

#[test]
fn racing_processes_never_overdraw_and_lose_nothing() {
    let (racers, attempts) = if large() { (64, 1_000) } else { (8, 200) };
    let all = racers * attempts;
    // About three quarters of what is asked for is there.
    let captured = all * LARGEST / 2 / PAYMENTS * 3 / 4;
    let shop = Shop::with(&payments(captured));
    let (done, race_over) = mpsc::channel();
    let watch = watch(&shop.desk.data.join("desk.db"), race_over);
    let told = race(&shop, racers, attempts);
    drop(done);
    assert!(watch.join().unwrap() > 0, "nobody looked during the race");

    let reserved: u64 = told.iter().map(|it| it.reserved.len() as u64).sum();
    let refused: u64 = told.iter().flat_map(|it| it.refused.values()).sum();
    assert_eq!(reserved + refused, all, "an attempt had another end");
    let reasons: Vec<_> = told.iter().flat_map(|it| it.refused.keys()).collect();
    assert!(
        reasons
            .iter()
            .all(|it| ["over_available", "all_held"].contains(&it.as_str())),
        "{reasons:?}"
    );
    assert!(refused > 0 && reserved > all / 3, "{reserved} of {all}");
    assert_nothing_is_lost(&shop, &told);
    print_latencies(told, racers, attempts);
}

fn payments(captured: u64) -> String {
    let header = "account,payment_id,reference,amount,currency,captured_at,settled_at,payer\n";
    let amount = format!("{}.{:02}", captured / 100, captured % 100);
    let rows = (0..PAYMENTS).map(|it| format!("hub-us,r-{it},R-{it},{amount},USD,@-9,@-8,p {it}"));
    stock::dated(&(header.to_owned() + &rows.collect::<Vec<_>>().join("\n") + "\n"))
}

/// Looks at the balances, and at what the refunds themselves add up to, until the race is over.
fn watch(database: &Path, over: mpsc::Receiver<()>) -> thread::JoinHandle<u32> {
    let database = rusqlite::Connection::open(database).unwrap();
    thread::spawn(move || {
        let mut looks = 0;
        let mut pause = Duration::from_millis(5);
        while over.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            let begun = Instant::now();
            let lowest: i64 = database
                .query_row(
                    "SELECT min(min(p.available_minor, p.captured_minor - coalesce((
                         SELECT sum(amount_minor) FROM refunds r
                         WHERE r.payment_id = p.id AND r.state <> 'canceled'), 0))) FROM payments p",
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            assert!(lowest >= 0, "overdrawn by {lowest}");
            looks += 1;
            // A look reads every refund; it must not be what the race waits for.
            pause = pause.max(begun.elapsed() * 20);
        }
        looks
    })
}

fn race(shop: &Shop, racers: u64, attempts: u64) -> Vec<Told> {
    fs::write(
        shop.file("config.toml"),
        fs::read_to_string(&shop.desk.config)
            .unwrap()
            .replace(r#"approval_above = "250""#, r#"approval_above = "1000000""#),
    )
    .unwrap();
    let folder = shop.file("");
    let children: Vec<_> = (0..racers)
        .map(|number| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", RACER, "--ignored", "--nocapture"])
                .env(FOLDER, &folder)
                .env(NUMBER, number.to_string())
                .env(ATTEMPTS, attempts.to_string())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    // All run; closing their input, one after the other and at once, lets them go.
    let children: Vec<_> = children
        .into_iter()
        .map(|mut child| {
            drop(child.stdin.take());
            child
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:#?}");
    }
    (0..racers)
        .map(|number| serde_json::from_slice(&fs::read(report(&folder, number)).unwrap()).unwrap())
        .collect()
}

fn report(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("racer-{number}.json"))
}

/// One of the racers. By itself it is no test.
#[test]
#[ignore = "started by racing_processes_never_overdraw_and_lose_nothing"]
fn one_racing_process() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let number = |name| std::env::var(name).unwrap().parse::<u64>().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let told = runtime.block_on(run(&folder, number(NUMBER), number(ATTEMPTS)));
    let text = serde_json::to_vec(&told).unwrap();
    fs::write(report(&folder, number(NUMBER)), text).unwrap();
}

async fn run(folder: &Path, number: u64, attempts: u64) -> Told {
    let text = fs::read_to_string(folder.join("config.toml")).unwrap();
    let settings = config::parse(&folder.join("sandbox/config.toml"), &text).unwrap();
    let environ = Environ::new([]);
    let data = folder.join("data");
    let desk = Local::open(crate::seeds::parts(
        settings,
        environ,
        &data,
        Clock::system(),
    ))
    .unwrap();
    let mut draw = Draw::new(number);
    let mut told = Told::default();
    for attempt in 0..attempts {
        reserve(&desk, &mut draw, &mut told).await;
        if attempt % 8 == 7 {
            withdraw(&desk, &mut told).await;
        }
    }
    told
}

fn actor() -> Actor {
    Actor::named("mia")
}

async fn reserve(desk: &Arc<Local>, draw: &mut Draw, told: &mut Told) {
    let minor = 1 + draw.below(LARGEST);
    let draft = Draft {
        payment: format!("R-{}", draw.below(PAYMENTS)),
        amount: format!("{}.{:02}", minor / 100, minor % 100),
        reason: "customer_request".to_owned(),
        again: true,
        ..Draft::default()
    };
    let begun = Instant::now();
    let answer = desk.ask(&actor(), Request::Compose(draft)).await;
    told.latencies_us
        .push(u64::try_from(begun.elapsed().as_micros()).unwrap());
    match answer {
        Ok(Reply::Composed(composed)) => {
            let refund = composed.refund.refund;
            told.reserved
                .insert(refund.id.to_string(), refund.content.amount.minor);
        }
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => *told.refused.entry(refusal.code).or_default() += 1,
    }
}

/// Withdraws one of its own refunds, so that room is made while others take it.
async fn withdraw(desk: &Arc<Local>, told: &mut Told) {
    let held = told.reserved.keys();
    let mut held = held.filter(|it| !told.withdrawn.contains(it));
    let Some(refund) = held.next().cloned() else {
        return;
    };
    let cancel = Request::Cancel {
        refund: refund.clone(),
        note: None,
        stop: false,
    };
    desk.ask(&actor(), cancel).await.unwrap();
    told.withdrawn.push(refund);
}

/// Every refund that a process was told of is there, in the state it was told, and no other.
fn assert_nothing_is_lost(shop: &Shop, told: &[Told]) {
    let database = rusqlite::Connection::open(shop.desk.data.join("desk.db")).unwrap();
    let mut rows = database
        .prepare("SELECT id, amount_minor, state = 'canceled' FROM refunds")
        .unwrap();
    let found: BTreeMap<String, (i64, bool)> = rows
        .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let told: BTreeMap<String, (i64, bool)> = told
        .iter()
        .flat_map(|it| {
            it.reserved
                .iter()
                .map(|(id, minor)| (id.clone(), (*minor, it.withdrawn.contains(id))))
        })
        .collect();
    assert_eq!(found, told);
    let held: i64 = found.values().filter(|it| !it.1).map(|it| it.0).sum();
    let balance: i64 = database
        .query_row(
            "SELECT sum(captured_minor - available_minor) FROM payments",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(balance, held, "the balances are what the refunds add up to");
}

fn print_latencies(told: Vec<Told>, racers: u64, attempts: u64) {
    let mut all: Vec<u64> = told.into_iter().flat_map(|it| it.latencies_us).collect();
    all.sort_unstable();
    let at = |percent: usize| all[(all.len() - 1) * percent / 100] / 1_000;
    println!(
        "racing: {racers} processes x {attempts}: a reservation takes {} ms (p50), {} ms (p99), {} ms at most",
        at(50),
        at(99),
        at(100)
    );
}
