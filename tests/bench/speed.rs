//! Benchmarks: what an operator waits for. `cargo bench --bench speed`.
//!
//! The data is as many made-up payments as the real settlement file has; counts are in rows a
//! second. Timings never decide a test.

#![expect(
    clippy::unwrap_used,
    reason = "what cannot be set up cannot be measured"
)]

use std::path::PathBuf;

use divan::counter::ItemsCount;
use refund_desk::clock::Clock;
use refund_desk::config::{self, Environ};
use refund_desk::desk::Desk;
use refund_desk::desk::face::{Actor, Import, ImportFile, Request};
use refund_desk::desk::local::{Local, Mode, Parts};
use refund_desk::domain::listing::{From, PaymentFilter, PaymentQuery, Place};

const ROWS: usize = 69_659;

fn main() {
    divan::main();
}

const CONFIG: &str = r#"
environment = "test"
[accounts.hub-us]
provider = "commerce-hub"
base_url = "http://127.0.0.1:9/ch"
currencies = ["USD"]
merchant_id = "1"
terminal_id = "1"
api_key = "env:NONE"
api_secret = "env:NONE"
"#;

/// A settlement file of [`ROWS`] payments, spread over a year before the newest.
fn settlement() -> Vec<u8> {
    let mut text =
        String::from("account,payment_id,reference,amount,currency,captured_at,settled_at,payer\n");
    for number in 0..ROWS {
        // A number that is no order: ids and amounts of real files are not sorted either.
        let mixed = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let day = 1 + mixed % 28;
        let month = 1 + mixed / 29 % 11;
        text.push_str(&format!(
            "hub-us,{mixed:032x},CD-{number:06},{}.{:02},USD,2026-{month:02}-{day:02}T10:00:00Z,2026-{month:02}-{day:02}T22:00:00Z,customer {:05}\n",
            3 + mixed % 200,
            mixed % 97,
            number / 3
        ));
    }
    text.into_bytes()
}

struct Bench {
    _folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    desk: std::sync::Arc<Local>,
    actor: Actor,
}

impl Bench {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Local::open(Parts {
            settings: config::parse(&PathBuf::from("bench.toml"), CONFIG).unwrap(),
            environ: Environ::default(),
            database: folder.path().join("desk.db"),
            rejects: folder.path().join("rejects"),
            mode: Mode::default(),
            clock: Clock::manual("2026-11-21T10:00:00Z".parse().unwrap()),
            opened_by: "bench".into(),
        })
        .unwrap();
        Self {
            _folder: folder,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            desk,
            actor: Actor::named("bench"),
        }
    }

    fn filled() -> Self {
        let bench = Self::open();
        bench.ask(import(settlement()));
        bench
    }

    fn ask(&self, request: Request) {
        self.runtime
            .block_on(self.desk.ask(&self.actor, request))
            .unwrap();
    }
}

fn import(bytes: Vec<u8>) -> Request {
    Request::Import(Import {
        files: vec![ImportFile {
            name: "settlement.csv".into(),
            bytes,
        }],
        dry_run: false,
        expect_rows: None,
        expect_sums: Vec::new(),
    })
}

fn page(from: From) -> Request {
    Request::Payments(PaymentQuery {
        from,
        limit: 200,
        ..PaymentQuery::default()
    })
}

#[divan::bench(sample_count = 5)]
fn import_new(bencher: divan::Bencher) {
    bencher
        .counter(ItemsCount::new(ROWS))
        .with_inputs(|| (Bench::open(), settlement()))
        .bench_local_values(|(bench, bytes)| {
            bench.ask(import(bytes));
            bench
        });
}

#[divan::bench(sample_count = 5)]
fn import_again(bencher: divan::Bencher) {
    let bench = Bench::filled();
    bencher
        .counter(ItemsCount::new(ROWS))
        .with_inputs(settlement)
        .bench_local_values(|bytes| bench.ask(import(bytes)));
}

#[divan::bench]
fn first_page(bencher: divan::Bencher) {
    let bench = Bench::filled();
    bencher.bench_local(|| bench.ask(page(From::Start)));
}

#[divan::bench]
fn page_in_the_middle(bencher: divan::Bencher) {
    let bench = Bench::filled();
    // Halfway through the year, whatever id stands there.
    let middle = Place {
        part: 1,
        key: 1_782_000_000_000,
        id: 1 << 59,
    };
    bencher.bench_local(|| bench.ask(page(From::After(middle))));
}

#[divan::bench]
fn search_by_prefix(bencher: divan::Bencher) {
    let bench = Bench::filled();
    bencher.bench_local(|| {
        bench.ask(Request::Payments(PaymentQuery {
            filter: PaymentFilter::word("CD-0123"),
            limit: 200,
            ..PaymentQuery::default()
        }));
    });
}

#[divan::bench]
fn count_and_sums(bencher: divan::Bencher) {
    let bench = Bench::filled();
    bencher.bench_local(|| bench.ask(Request::Totals(PaymentFilter::default())));
}

/// The check of all records, behind the first frame of the desk.
#[divan::bench(sample_count = 5)]
fn verify(bencher: divan::Bencher) {
    let bench = Bench::filled();
    bencher.bench_local(|| {
        bench.ask(Request::Verify {
            unless_lately: false,
        })
    });
}
