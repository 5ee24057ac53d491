//! Many desks at once: run by hand, `cargo test --release --lib socket::tests::busy -- --ignored`.
//! `REFUND_DESK_SECONDS` says for how long; 60 unless told.

use std::time::Instant;

use super::*;
use crate::config::{self, Environ};
use crate::desk::face::{Import, ImportFile};
use crate::desk::local::{Local, Mode, Parts};
use crate::domain::listing::PaymentQuery;

const DESKS: usize = 50;
const PER_SECOND: u64 = 200;
const PAYMENTS: usize = 20_000;
const CONFIG: &str = "environment = \"sandbox\"\n[accounts.hub]\nprovider = \"commerce-hub\"\nbase_url = \"http://127.0.0.1:9/ch\"\ncurrencies = [\"USD\"]\nmerchant_id = \"m\"\nterminal_id = \"t\"\napi_key = \"env:KEY\"\napi_secret = \"env:SECRET\"\n";

/// A real desk with payments behind a real socket.
async fn service(folder: &TempDir) -> (Arc<Local>, Socket) {
    let settings = config::parse(&folder.path().join("config.toml"), CONFIG).unwrap();
    let desk = Local::open(Parts {
        settings,
        environ: Environ::new([]),
        database: folder.path().join("desk.db"),
        rejects: folder.path().join("rejects"),
        mode: Mode {
            shared: true,
            ..Mode::default()
        },
        clock: Clock::system(),
        opened_by: "x".to_owned(),
    })
    .unwrap();
    let header = "account,payment_id,reference,amount,currency,captured_at,settled_at\n";
    let day = (chrono::Utc::now() - chrono::TimeDelta::days(9)).date_naive();
    let rows = (0..PAYMENTS)
        .map(|it| format!("hub,pay-{it},P{it},90.00,USD,{day}T12:00:00Z,{day}T13:00:00Z\n"));
    let import = Request::Import(Import {
        files: vec![ImportFile {
            name: "stock.csv".to_owned(),
            bytes: (header.to_owned() + &rows.collect::<String>()).into_bytes(),
        }],
        dry_run: false,
        expect_rows: None,
        expect_sums: Vec::new(),
    });
    desk.ask(&Actor::named("x"), import).await.unwrap();
    let socket = open(Means {
        desk: Arc::clone(&desk) as _,
        clock: Clock::system(),
        path: folder.path().join("desk.sock"),
        group: None,
        sandbox: true,
        patience: LONG,
    });
    (desk, socket.unwrap())
}

async fn reached(folder: &TempDir, name: String) -> Arc<Remote> {
    let reach = Reach {
        socket: folder.path().join("desk.sock"),
        acts: Some(Actor::named(name)),
        origin: None,
        read_only: false,
        patience: LONG,
    };
    Remote::connect(reach).await.unwrap()
}

fn page() -> Request {
    Request::Payments(PaymentQuery {
        limit: 40,
        ..PaymentQuery::default()
    })
}

/// One in ten composes, the others look.
fn request(number: u64) -> Request {
    match number % 10 {
        0 => Request::Compose(Draft {
            payment: format!("P{}", number % PAYMENTS as u64),
            amount: "1.00".to_owned(),
            reason: "customer_request".to_owned(),
            again: true,
            ..Draft::default()
        }),
        1 => Request::ToDo,
        2..5 => Request::Payment(format!("P{number}")),
        5 => Request::Overview,
        _ => page(),
    }
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|it| it.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}

#[tokio::test]
#[ignore = "takes a minute, and figures of debug builds say little"]
async fn fifty_desks_are_answered_in_time_and_miss_nothing() {
    let seconds = std::env::var("REFUND_DESK_SECONDS");
    let seconds: u64 = seconds.map_or(60, |it| it.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (_desk, _socket) = service(&folder).await;
    let mut desks = Vec::new();
    let mut hearing = Vec::new();
    for number in 0..DESKS {
        let desk = reached(&folder, format!("ann{number}")).await;
        let mut notices = desk.notices();
        hearing.push(tokio::spawn(async move {
            let (mut refunds, mut missed) = (0_u64, 0_u64);
            loop {
                match tokio::time::timeout(Duration::from_secs(5), notices.recv()).await {
                    Ok(Ok(Notice::Refund(_))) => refunds += 1,
                    Ok(Ok(_)) => missed += 1,
                    Ok(Err(_)) => missed += 1_000,
                    Err(_) if refunds > 0 => return (refunds, missed),
                    Err(_) => {}
                }
            }
        }));
        desks.push(desk);
    }
    let (begun, mut asked, mut early) = (Instant::now(), Vec::new(), 0);
    for number in 0..seconds * PER_SECOND {
        let due = Duration::from_millis(number * 1_000 / PER_SECOND);
        tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
        let desk = Arc::clone(&desks[usize::try_from(number).unwrap() % DESKS]);
        asked.push(tokio::spawn(async move {
            let begun = Instant::now();
            desk.ask(&Actor::named("x"), request(number)).await.unwrap();
            begun.elapsed()
        }));
        if number == seconds * PER_SECOND / 4 {
            early = resident_kib();
        }
    }
    let mut took = Vec::new();
    for it in asked {
        took.push(it.await.unwrap());
    }
    took.sort();
    let composed = seconds * PER_SECOND / 10;
    let late = resident_kib();
    eprintln!(
        "{} requests of {DESKS} desks: median {:?}, p99 {:?}, longest {:?}; {early} KiB, then {late} KiB",
        took.len(),
        at(&took, 50),
        at(&took, 99),
        at(&took, 100),
    );
    for heard in hearing {
        assert_eq!(heard.await.unwrap(), (composed, 0));
    }
    assert!(late < early + early / 4, "{early} KiB, then {late} KiB");
    if !cfg!(debug_assertions) {
        assert!(at(&took, 99) < Duration::from_millis(50));
    }
}

#[tokio::test]
#[ignore = "a measurement"]
async fn a_page_of_the_list_costs_little_more_than_in_process() {
    const PAGES: usize = 500;
    let folder = tempfile::tempdir().unwrap();
    let (local, _socket) = service(&folder).await;
    let remote = reached(&folder, "ann".to_owned()).await;
    let ann = Actor::named("ann");
    let mut medians = Vec::new();
    for desk in [local as Arc<dyn Desk>, remote] {
        let mut took = Vec::new();
        for _ in 0..PAGES {
            let begun = Instant::now();
            desk.ask(&ann, page()).await.unwrap();
            took.push(begun.elapsed());
        }
        took.sort();
        medians.push(at(&took, 50));
    }
    let more = medians[1].saturating_sub(medians[0]);
    eprintln!(
        "a page: {:?} in process, {:?} over the socket",
        medians[0], medians[1]
    );
    if !cfg!(debug_assertions) {
        assert!(more < Duration::from_millis(1), "{more:?} more");
    }
}
