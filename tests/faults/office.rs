//! One seed's desk and provider, what happens to them, and what must hold after each step.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use refund_desk::clock::Clock;
use refund_desk::config::{self, Environ, Settings};
use refund_desk::desk::Desk as _;
use refund_desk::desk::face::{Actor, Draft, Import, ImportFile, RefundRow, Reply, Request};
use refund_desk::desk::local::Local;
use refund_desk::domain::id::RefundId;
use refund_desk::domain::listing::RefundFilter;
use refund_desk::domain::state::State;
use refund_desk::sandbox::{self, Options, Running};
use serde_json::Value;
use tempfile::TempDir;

use super::wire::Wire;
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
    /// How long the clock stands between two steps, in seconds: around every figure of the profile.
    waits_s: &'static [u64],
    /// Cents with which this provider pays and later takes back.
    taken_back: Option<i64>,
}

/// Card refunds.
pub const COMMERCE_HUB: Through = Through {
    account: "hub-us",
    currency: "USD",
    waits_s: &[1, 6, 31, 65, 150, 301, 1_900, 7_200],
    taken_back: Some(5),
};

/// Bank transfers, called with tokens. It remembers a key for 24 hours, and nothing is on its way
/// for longer: the waits of all steps stay below that.
pub const NUAPAY: Through = Through {
    account: "nuapay-uk",
    currency: "GBP",
    waits_s: &[1, 6, 31, 65, 301, 900, 1_900, 3_500],
    taken_back: None,
};

/// Cents that make this provider decline, take back or pay another amount; the rest is ordinary.
const CENTS: [u64; 8] = [10, 25, 33, 50, 75, 99, 1, 5];

pub struct Office {
    pub wire: Wire,
    /// How many refunds left UNKNOWN.
    pub left_unknown: usize,
    through: Through,
    draw: Draw,
    clock: Clock,
    settings: Settings,
    desk: Option<Arc<Local>>,
    known: BTreeMap<String, (State, usize)>,
    _provider: Running,
    folder: TempDir,
}

impl Office {
    pub async fn open(seed: u64, through: Through) -> Self {
        let folder = in_memory();
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse().unwrap());
        let stock = folder.path().join("stock.csv");
        let rows = STOCK.replace("ACCOUNT", through.account);
        let rows = rows.replace("CUR", through.currency);
        fs::write(&stock, &rows).unwrap();
        let config = folder.path().join("config.toml");
        let options = Options {
            port: 0,
            payments: vec![stock],
            seeded_payments: 0,
            settlement_to: None,
            config_to: Some(config.clone()),
            book: folder.path().join("book.jsonl"),
            state: folder.path().join("state"),
        };
        let provider = sandbox::start(&options, &clock).unwrap();
        let at = provider.address().to_string();
        let wire = Wire::open(seed, &at);
        let text = fs::read_to_string(&config).unwrap();
        let text = text
            .replace(&at, &wire.address)
            .replace("pace = 100", "pace = 1");
        let settings = config::parse(&config, &text).unwrap();
        let mut office = Self {
            wire,
            left_unknown: 0,
            through,
            draw: Draw::new(seed),
            clock,
            settings,
            desk: None,
            known: BTreeMap::new(),
            _provider: provider,
            folder,
        };
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

    async fn ask(&self, request: Request) -> Option<Reply> {
        let actor = Actor {
            name: "mia".to_owned(),
        };
        let desk = self.desk.as_ref().unwrap();
        desk.ask(&actor, request).await.ok()
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
        self.ask(Request::Compose(draft)).await;
    }

    async fn work(&self) {
        self.ask(Request::Work { refund: None }).await.unwrap();
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

    /// What must hold whatever happened; how many refunds are in which state.
    pub async fn assert_right(&mut self) -> BTreeMap<String, usize> {
        let payouts = self.payouts();
        let Some(Reply::Refunds(rows)) = self.ask(Request::Refunds(RefundFilter::default())).await
        else {
            panic!("no refunds");
        };
        let mut states = BTreeMap::new();
        for row in &rows {
            let paid: Vec<i64> = payouts
                .iter()
                .filter(|it| is_of(&it.1, row.refund.id))
                .map(|it| it.2)
                .collect();
            assert_fits_the_book(row, &paid, self.through.taken_back);
            self.assert_left_unknown_by_evidence(row).await;
            *states
                .entry(row.refund.state.name().to_owned())
                .or_default() += 1;
        }
        for (_, correlation, _) in &payouts {
            assert!(
                rows.iter().any(|it| is_of(correlation, it.refund.id)),
                "nobody knows of {correlation}"
            );
        }
        self.assert_never_over(&rows, &payouts).await;
        states
    }

    async fn assert_never_over(&self, rows: &[RefundRow], payouts: &[(String, String, i64)]) {
        for (reference, payment_id, captured) in [("A", "pay-a", 10_000), ("B", "pay-b", 6_000)] {
            let paid: i64 = payouts
                .iter()
                // What was taken back is there again.
                .filter(|it| it.0 == payment_id && Some(it.2 % 100) != self.through.taken_back)
                .map(|it| it.2)
                .sum();
            assert!(paid <= captured, "{paid} paid of {captured}");
            let Some(Reply::Payment(card)) = self.ask(Request::Payment(reference.to_owned())).await
            else {
                panic!("no payment");
            };
            let told_otherwise = rows.iter().any(|it| {
                it.refund.content.payment == card.payment.id && it.refund.reported.is_some()
            });
            let left = card.payment.figures().available().minor;
            // Only a provider that says it paid more than it was asked may take it below nothing.
            assert!(left >= 0 || told_otherwise, "{reference}: {left}");
        }
    }

    async fn assert_left_unknown_by_evidence(&mut self, row: &RefundRow) {
        let (id, state) = (row.refund.id.to_string(), row.refund.state);
        let Some(Reply::Refund(card)) = self.ask(Request::Refund(id.clone())).await else {
            panic!("no refund {id}");
        };
        let seen = card.observations.len();
        let before = self.known.insert(id, (state, seen));
        if let Some((State::Unknown, before)) = before
            && state != State::Unknown
        {
            let mut new = card.observations[before..].iter();
            assert!(
                new.any(|it| it.meaning != "in doubt"),
                "left UNKNOWN for {state:?} without evidence: {card:#?}"
            );
            self.left_unknown += 1;
        }
    }
}

/// In memory where the system has that: what is proven here is not that files survive.
fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// Whether a reference at a provider is of an attempt of this refund, in either of its forms.
fn is_of(correlation: &str, id: RefundId) -> bool {
    let plain = format!("rfd-{}-", id.to_string().replace('-', ""));
    let carried = id.end_to_end("refund", 1);
    // Its last three letters count the attempts.
    correlation.starts_with(&plain) || correlation.starts_with(&carried[..28])
}

/// At most one payout, and no state that the book contradicts.
fn assert_fits_the_book(row: &RefundRow, paid: &[i64], taken_back: Option<i64>) {
    let refund = &row.refund;
    let told = format!("{:?}, paid {paid:?}: {refund:#?}", refund.state);
    assert!(paid.len() <= 1, "{told}");
    match refund.state {
        State::Succeeded | State::Settled => {
            let proven = refund.proven.map(|it| it.minor);
            assert!(
                proven.is_some() && paid.first().copied() == proven,
                "{told}"
            );
        }
        // Taken back before the desk had looked: it was paid, and is not any more.
        State::Failed if Some(refund.content.amount.minor % 100) == taken_back => {}
        State::Reserved
        | State::AwaitingApproval
        | State::Approved
        | State::Failed
        | State::Rejected
        | State::Canceled
        | State::Expired => assert!(paid.is_empty(), "{told}"),
        _ => {}
    }
}
