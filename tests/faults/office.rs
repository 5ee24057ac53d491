//! One seed's desk and provider, what happens to them, and what must hold after each step.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use refund_desk::clock::Clock;
use refund_desk::config::{self, Environ, Settings};
use refund_desk::desk::Desk as _;
use refund_desk::desk::face::{
    Actor, Draft, Import, ImportFile, RefundRow, Refusal, Reply, Request,
};
use refund_desk::desk::local::Local;
use refund_desk::domain::id::RefundId;
use refund_desk::domain::listing::RefundFilter;
use refund_desk::domain::state::State;
use refund_desk::sandbox::{self, Options, Running};
use serde_json::Value;
use tempfile::TempDir;

use super::grpc;
use super::wire::{Network, Wire};
use crate::folder::{blank_ledger, in_memory};
use crate::seeds::{Draw, parts};

const STOCK: &str = "account,payment_id,reference,amount,currency,captured_at,settled_at,payer
ACCOUNT,pay-a,A,100.00,CUR,2026-11-01T12:00:00Z,2026-11-02T12:00:00Z,Ann
ACCOUNT,pay-b,B,60.00,CUR,2026-11-03T12:00:00Z,2026-11-04T12:00:00Z,Bob
";

/// Whose account the refunds go through.
#[derive(Clone, Copy, Debug)]
pub struct Through {
    account: &'static str,
    currency: &'static str,
    /// Called by gRPC, at an address of its own.
    by_grpc: bool,
    /// How many of the wire's ways befall a request, *none* among them.
    pub faults: usize,
    /// How long the clock stands between two steps, in seconds: around every figure of the profile.
    waits_s: &'static [u64],
    /// Cents with which this provider pays and later takes back.
    pub taken_back: Option<i64>,
    /// How much happens.
    pub steps: u32,
    /// In how many rounds people try to prove that the provider never had it; then they say what the
    /// book says.
    pub tries: u32,
    /// Of what people end there must be this at least in the seeds of a commit: UNKNOWN when all has arrived,
    /// proven absent, stated, and turned away.
    pub at_least: [usize; 4],
}

/// Card refunds.
pub const COMMERCE_HUB: Through = Through {
    account: "hub-us",
    currency: "USD",
    by_grpc: false,
    faults: 9,
    waits_s: &[1, 6, 31, 65, 150, 301, 1_900, 7_200],
    taken_back: Some(5),
    steps: 16,
    tries: 6,
    at_least: [50, 16, 40, 24],
};

/// Bank transfers, called with tokens. It remembers a key for 24 hours, and nothing is on its way
/// for longer: the waits of all steps stay below that.
pub const NUAPAY: Through = Through {
    account: "nuapay-uk",
    currency: "GBP",
    by_grpc: false,
    faults: 9,
    waits_s: &[1, 6, 31, 65, 301, 900, 1_900, 3_500],
    taken_back: None,
    steps: 16,
    tries: 6,
    // For a day it is sent again by itself, so that little is left to people.
    at_least: [10, 0, 10, 5],
};

/// Card refunds through a service without memory: nothing is ever sent again, nothing is proven
/// absent, and what cannot be asked about is left to people.
pub const PRISM: Through = Through {
    account: "prism-us",
    currency: "USD",
    by_grpc: true,
    faults: 8,
    waits_s: &[1, 6, 31, 65, 150, 301, 1_900, 7_200],
    taken_back: Some(5),
    // What is UNKNOWN stays so and is held: little is left to refund after these.
    steps: 12,
    // Always refused, so once is enough.
    tries: 1,
    at_least: [50, 0, 50, 24],
};

/// Cents that make this provider decline, take back or pay another amount; the rest is ordinary.
const CENTS: [u64; 8] = [10, 25, 33, 50, 75, 99, 1, 5];

impl Through {
    /// Where the sandbox's config has the provider, and the network before it.
    fn wire(self, seed: u64, config: &str) -> (String, Box<dyn Network>) {
        let account = config.split(&format!("[accounts.{}]", self.account)).nth(1);
        let base = account.unwrap().split("base_url = \"http://").nth(1);
        let at = base.unwrap().split(['/', '"']).next().unwrap().to_owned();
        let wire: Box<dyn Network> = match self.by_grpc {
            true => Box::new(grpc::Wire::open(seed, &at)),
            false => Box::new(Wire::open(seed, &at)),
        };
        (at, wire)
    }
}

pub struct Office {
    pub wire: Box<dyn Network>,
    /// How many refunds left UNKNOWN.
    pub left_unknown: usize,
    pub through: Through,
    /// Whether all that is due is done at the same time.
    at_once: bool,
    draw: Draw,
    clock: Clock,
    settings: Settings,
    desk: Option<Arc<Local>>,
    /// The refunds that are UNKNOWN, and how much evidence there was of each.
    pub in_doubt: BTreeMap<String, usize>,
    _provider: Running,
    folder: TempDir,
}

impl Office {
    pub async fn open(seed: u64, through: Through) -> Self {
        let folder = in_memory();
        let clock = Clock::seeded("2026-11-21T12:00:00Z".parse().unwrap(), seed);
        let stock = folder.path().join("stock.csv");
        let rows = STOCK.replace("ACCOUNT", through.account);
        let rows = rows.replace("CUR", through.currency);
        fs::write(&stock, &rows).unwrap();
        let config = folder.path().join("config.toml");
        let options = Options {
            port: 0,
            payments: vec![stock],
            seeded_payments: 0,
            desk_is_apart: true,
            settlement_to: None,
            config_to: Some(config.clone()),
            book: folder.path().join("book.jsonl"),
            state: folder.path().join("state"),
        };
        let provider = sandbox::start(&options, &clock).unwrap();
        let text = fs::read_to_string(&config).unwrap();
        let (at, wire) = through.wire(seed, &text);
        let text = text
            .replace(&at, wire.address())
            .replace("pace = 100", "pace = 1");
        let settings = config::parse(&config, &text).unwrap();
        let mut office = Self {
            wire,
            left_unknown: 0,
            through,
            at_once: at_once(seed),
            draw: Draw::new(seed),
            clock,
            settings,
            desk: None,
            in_doubt: BTreeMap::new(),
            _provider: provider,
            folder,
        };
        fs::write(office.folder.path().join("desk.db"), blank_ledger()).unwrap();
        office.restart();
        let import = Import {
            files: vec![ImportFile {
                name: "stock.csv".to_owned(),
                bytes: rows.into_bytes(),
            }],
            dry_run: false,
            expect_rows: None,
            expect_sums: Vec::new(),
        };
        office.ask(Request::Import(import)).await.unwrap();
        office
    }

    /// Another desk takes over.
    fn restart(&mut self) {
        self.desk = None;
        let (settings, clock) = (self.settings.clone(), self.clock.clone());
        let parts = parts(settings, Environ::new([]), self.folder.path(), clock);
        self.desk = Some(Local::open(parts).unwrap());
    }

    /// As the maker of every refund.
    pub async fn ask(&self, request: Request) -> Result<Reply, Refusal> {
        self.ask_as("mia", request).await
    }

    pub async fn ask_as(&self, name: &str, request: Request) -> Result<Reply, Refusal> {
        let name = name.to_owned();
        let desk = self.desk.as_ref().unwrap();
        desk.ask(&Actor::named(name), request).await
    }

    /// As a coin falls.
    pub fn chance(&mut self) -> bool {
        self.draw.below(2) == 0
    }

    /// The clock moves.
    pub fn pass(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Something happens.
    pub async fn step(&mut self) {
        match self.draw.below(12) {
            0..=3 => self.compose().await,
            4 => self.wire.deliver(),
            5 => self.restart(),
            6 | 7 => self.wait(),
            _ => {
                self.work().await;
                self.wait();
            }
        }
    }

    fn wait(&mut self) {
        let wait = Duration::from_secs(self.draw.one_of(self.through.waits_s));
        self.clock.advance(wait);
    }

    async fn compose(&mut self) {
        let (main, cents) = (1 + self.draw.below(45), self.draw.one_of(&CENTS));
        let draft = Draft {
            payment: if self.draw.below(2) == 0 { "A" } else { "B" }.to_owned(),
            amount: format!("{main}.{cents:02}"),
            reason: "customer_request".to_owned(),
            again: true,
            ..Draft::default()
        };
        // Where there is too little left it is refused, and should be.
        let _ = self.ask(Request::Compose(draft)).await;
    }

    /// What is due is done: all at once, or one refund after the other, so that the order of the
    /// exchanges is the seed's and not the machine's.
    pub async fn work(&self) {
        if self.at_once {
            self.ask(Request::Work { refund: None }).await.unwrap();
            return;
        }
        let rows = self.rows().await;
        let ended = [State::Failed, State::Rejected, State::Canceled];
        for row in rows
            .iter()
            .rev()
            .filter(|it| !ended.contains(&it.refund.state))
        {
            let refund = Some(row.refund.id);
            self.ask(Request::Work { refund }).await.unwrap();
        }
    }

    /// All refunds, newest first.
    pub async fn rows(&self) -> Vec<RefundRow> {
        match self.ask(Request::Refunds(RefundFilter::default())).await {
            Ok(Reply::Refunds(rows)) => rows,
            other => panic!("no refunds: {other:?}"),
        }
    }

    /// Everything the desk knows of its refunds, and the book, line by line.
    pub async fn told(&self) -> Vec<String> {
        let mut told = format!("{:?}\n", self.payouts());
        for row in self.rows().await {
            let card = self.ask(Request::Refund(row.refund.id.to_string())).await;
            writeln!(told, "{card:#?}").unwrap();
        }
        // The port is the machine's, and what is sealed has it in it.
        let told = told.replace(self.wire.address(), "ADDRESS");
        let lines = told.lines().filter(|it| !it.contains("sha256:"));
        lines.map(str::to_owned).collect()
    }

    /// Everything that was under way arrives, and everything that can be found out is.
    pub async fn come_to_rest(&mut self) {
        self.wire.deliver();
        for _ in 0..6 {
            self.work().await;
            self.clock.advance(Duration::from_secs(7_200));
        }
        self.work().await;
    }

    /// What left: the refund's reference and the minor units, in the order of the book.
    pub fn payouts(&self) -> Vec<(String, String, i64)> {
        let book = fs::read_to_string(self.folder.path().join("book.jsonl")).unwrap();
        let lines = book
            .lines()
            .map(|it| serde_json::from_str::<Value>(it).unwrap());
        lines
            .map(|it| {
                let text = |name: &str| it[name].as_str().unwrap().to_owned();
                let minor = text("amount").replace('.', "").parse().unwrap();
                (text("payment_id"), text("correlation"), minor)
            })
            .collect()
    }
}

/// Every fourth seed has exchanges go on at the same time, as the desk does. Their order is the
/// machine's, so only the others can be run again exactly.
pub fn at_once(seed: u64) -> bool {
    seed % 4 == 3
}

/// Whether a reference at a provider is of an attempt of this refund, in either of its forms.
pub fn is_of(correlation: &str, id: RefundId) -> bool {
    let plain = format!("rfd-{}-", id.to_string().replace('-', ""));
    let carried = id.end_to_end("refund", 1);
    // Its last three letters count the attempts.
    correlation.starts_with(&plain) || correlation.starts_with(&carried[..28])
}
