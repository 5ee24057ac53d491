//! The desk at work against a provider that does what the test says.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tempfile::TempDir;
use tokio::sync::Notify;

use super::Desk;
use super::face::{Actor, Draft, Import, ImportFile, Notice, Reply, Request, Worked};
use super::local::{Local, Mode, Parts};
use crate::clock::Clock;
use crate::config::{self, Environ};
use crate::domain::evidence::{Evidence, Reported};
use crate::domain::id::RefundId;
use crate::domain::refund::Refund;
use crate::domain::state::State;
use crate::ledger::blank;
use crate::providers::{Asked, Finding, Inquiry, Provider, WireRequest};

mod bank;
mod blind;
mod breaker;
mod calls;
mod clocks;
mod inbox;
mod lists;
mod people;
mod proof;
mod receive;
mod review;
mod roles;
mod seat;
mod shift;
mod storm;
mod two_desks;

use seat::Seat;

const CONFIG: &str = r#"environment = "sandbox"
[desk]
deadline_seconds = 5
[tracking]
pace = 10
[accounts.hub]
provider = "commerce-hub"
base_url = "http://127.0.0.1:9/ch"
currencies = ["USD"]
merchant_id = "m"
terminal_id = "t"
api_key = "env:KEY"
api_secret = "env:SECRET"
polls_per_minute = 6000
"#;

type Answers = Box<dyn Fn() -> BoxFuture<'static, Finding> + Send + Sync>;

/// A provider of two closures, that counts.
struct Fake {
    send: Answers,
    look: Answers,
    sends: AtomicUsize,
    looks: AtomicUsize,
}

impl Fake {
    fn new(send: Answers, look: Answers) -> Arc<Self> {
        Arc::new(Self {
            send,
            look,
            sends: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
        })
    }

    fn sends(&self) -> usize {
        self.sends.load(Ordering::SeqCst)
    }
}

impl Provider for Fake {
    fn send<'a>(&'a self, _: &'a WireRequest, _: Asked) -> BoxFuture<'a, Finding> {
        self.sends.fetch_add(1, Ordering::SeqCst);
        (self.send)()
    }

    fn inquire<'a>(&'a self, _: &'a Inquiry, _: Asked) -> BoxFuture<'a, Finding> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        (self.look)()
    }

    fn probe(&self) -> BoxFuture<'_, Finding> {
        (self.look)()
    }
}

fn report(status: Reported) -> Finding {
    let evidence = Evidence::Report {
        status,
        amount: None,
    };
    Finding::new(evidence, "as told")
}

fn at_once(finding: Finding) -> Answers {
    Box::new(move || std::future::ready(finding.clone()).boxed())
}

/// Says nothing until it is let go.
fn held(until: &Arc<Notify>, finding: Finding) -> Answers {
    let until = Arc::clone(until);
    Box::new(move || {
        let (until, finding) = (Arc::clone(&until), finding.clone());
        async move {
            until.notified().await;
            finding
        }
        .boxed()
    })
}

struct Stage {
    folder: TempDir,
    desk: Seat,
    clock: Clock,
}

fn actor() -> Actor {
    Actor::named("mia")
}

impl Stage {
    /// A desk with `payments` payments P0, P1 … of 90.00 USD.
    async fn open(payments: usize) -> Self {
        Self::open_at(payments, Clock::system()).await
    }

    /// The same at another time.
    async fn open_at(payments: usize, clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stage = Self::over(folder, CONFIG, clock);
        stage.import(payments).await;
        stage
    }

    async fn import(&self, payments: usize) {
        let mut text =
            "account,payment_id,reference,amount,currency,captured_at,settled_at\n".to_owned();
        let day = (self.clock.now() - chrono::TimeDelta::days(9)).date_naive();
        for number in 0..payments {
            text +=
                &format!("hub,pay-{number},P{number},90.00,USD,{day}T12:00:00Z,{day}T13:00:00Z\n");
        }
        let import = Import {
            files: vec![ImportFile {
                name: "stock.csv".to_owned(),
                bytes: text.into_bytes(),
            }],
            dry_run: false,
            expect_rows: None,
            expect_sums: Vec::new(),
        };
        self.ask(Request::Import(import)).await;
    }

    fn over(folder: TempDir, config: &str, clock: Clock) -> Self {
        Self {
            desk: Self::desk_over(folder.path(), config, clock.clone()).into(),
            folder,
            clock,
        }
    }

    fn desk_over(folder: &std::path::Path, config: &str, clock: Clock) -> Arc<Local> {
        blank::put(&folder.join("desk.db"));
        Self::desk_in(folder, config, clock, Mode::default())
    }

    fn desk_in(folder: &std::path::Path, config: &str, clock: Clock, mode: Mode) -> Arc<Local> {
        let settings = config::parse(&folder.join("config.toml"), config).unwrap();
        let desk = Local::open(Parts {
            settings,
            environ: Environ::new([("KEY".into(), "k".into()), ("SECRET".into(), "s".into())]),
            database: folder.join("desk.db"),
            rejects: folder.join("rejects"),
            mode,
            clock,
            opened_by: actor().name,
        });
        desk.unwrap()
    }

    /// The same data under another config, opened by another desk.
    fn reopened(self, config: &str, clock: Clock) -> Self {
        let Self { folder, desk, .. } = self;
        drop(desk);
        Self::over(folder, config, clock)
    }

    fn provider(&self, fake: &Arc<Fake>) {
        let provider: Arc<dyn Provider> = Arc::<Fake>::clone(fake);
        self.desk.account("hub").unwrap().connect_to(provider);
    }

    async fn ask(&self, request: Request) -> Reply {
        self.desk.ask(&actor(), request).await.unwrap()
    }

    async fn compose(&self, payment: &str) -> RefundId {
        self.composed(payment, false).await
    }

    /// Composed as at a desk: it waits before it goes.
    async fn compose_later(&self, payment: &str) -> RefundId {
        self.composed(payment, true).await
    }

    async fn composed(&self, payment: &str, delay: bool) -> RefundId {
        let draft = Draft {
            delay,
            payment: payment.to_owned(),
            amount: "12.34".to_owned(),
            reason: "customer_request".to_owned(),
            ..Draft::default()
        };
        let Reply::Composed(composed) = self.ask(Request::Compose(draft)).await else {
            panic!("not composed");
        };
        composed.refund.refund.id
    }

    async fn refund(&self, id: RefundId) -> Refund {
        self.desk.ledger.refund(id).await.unwrap().unwrap().refund
    }

    async fn work(&self) -> Worked {
        match self.ask(Request::Work { refund: None }).await {
            Reply::Worked(worked) => worked,
            other => panic!("{other:?}"),
        }
    }

    fn working(&self) -> tokio::task::JoinHandle<Worked> {
        let desk = self.desk.clone();
        tokio::spawn(async move {
            let work = Request::Work { refund: None };
            match desk.ask(&actor(), work).await.unwrap() {
                Reply::Worked(worked) => worked,
                other => panic!("{other:?}"),
            }
        })
    }

    /// Waits for the next change of this refund to a state.
    async fn until(&self, id: RefundId, state: State) {
        let mut notices = self.desk.follow();
        if self.refund(id).await.state == state {
            return;
        }
        while let Some(notice) = notices.recv().await {
            if let Notice::Refund(row) = notice
                && row.refund.id == id
                && row.refund.state == state
            {
                return;
            }
        }
    }

    fn sql(&self, statements: &str) {
        let connection = rusqlite::Connection::open(self.folder.path().join("desk.db")).unwrap();
        connection.execute_batch(statements).unwrap();
    }

    fn due_times(&self) -> Vec<i64> {
        let connection = rusqlite::Connection::open(self.folder.path().join("desk.db")).unwrap();
        let mut rows = connection.prepare("SELECT due_at FROM refunds").unwrap();
        let times = rows.query_map([], |row| row.get(0)).unwrap();
        times.collect::<Result<_, _>>().unwrap()
    }
}

#[tokio::test]
async fn a_send_does_not_wait_for_slow_looks() {
    let stage = Stage::open(2).await;
    let slow = Arc::new(Notify::new());
    let looks = held(&slow, report(Reported::Succeeded));
    let fake = Fake::new(at_once(report(Reported::Pending)), looks);
    stage.provider(&fake);
    let first = stage.compose("P0").await;
    stage.work().await;
    assert_eq!(stage.refund(first).await.state, State::Pending);
    stage.sql("UPDATE refunds SET due_at = 1");
    let working = stage.working();
    while stage.desk.exchanges() == 0 {
        tokio::task::yield_now().await;
    }
    let second = stage.compose("P1").await;
    stage.until(second, State::Pending).await;
    assert!(!working.is_finished(), "the look is still under way");
    slow.notify_one();
    let worked = working.await.unwrap();
    assert_eq!((worked.sent, worked.looked), (1, 1));
}

#[tokio::test]
async fn refunds_of_an_account_that_left_the_config_are_put_off_and_hold_up_nobody() {
    const REFUNDS: usize = 300;
    let stage = Stage::open(REFUNDS + 1).await;
    let pending = at_once(report(Reported::Pending));
    let fake = Fake::new(pending, at_once(report(Reported::Pending)));
    stage.provider(&fake);
    for number in 0..REFUNDS {
        stage.compose(&format!("P{number}")).await;
    }
    while fake.sends() < REFUNDS {
        stage.work().await;
    }
    stage.sql("UPDATE refunds SET due_at = 1");
    let renamed = CONFIG.replace("accounts.hub", "accounts.other");
    let stage = stage.reopened(&renamed, Clock::system());
    let before = stage.clock.now().timestamp_millis();
    // Two rounds take up all of them; then there is nothing to do and nothing is due.
    let worked = stage.work().await;
    assert_eq!((worked.sent, worked.looked), (0, 0));
    assert!(worked.rest_ms >= 50, "{worked:?}");
    stage.work().await;
    let due: BTreeSet<i64> = stage.due_times().into_iter().collect();
    assert!(due.iter().all(|at| *at > before), "all were put off");
    assert!(due.len() > 100, "and not to the same moment: {}", due.len());
}

#[tokio::test]
async fn an_approved_refund_without_its_account_waits_and_is_not_withdrawn() {
    let stage = Stage::open(1).await;
    let id = stage.compose("P0").await;
    let renamed = CONFIG.replace("accounts.hub", "accounts.other");
    let stage = stage.reopened(&renamed, Clock::system());
    let worked = stage.work().await;
    assert_eq!(worked.sent, 0);
    let refund = stage.refund(id).await;
    assert_eq!(refund.state, State::Approved);
    assert!(refund.said.unwrap().contains("no account \"hub\""));
    assert!(refund.next_look_at.unwrap() > stage.clock.now());
    assert!(worked.rest_ms >= 50, "{worked:?}");
}

#[tokio::test]
async fn the_budget_puts_off_the_rest_spread_over_the_time_it_needs() {
    let stage = Stage::open(40).await;
    let pending = at_once(report(Reported::Pending));
    let fake = Fake::new(pending, at_once(report(Reported::Pending)));
    stage.provider(&fake);
    for number in 0..40 {
        stage.compose(&format!("P{number}")).await;
    }
    while fake.sends() < 40 {
        stage.work().await;
    }
    stage.sql("UPDATE refunds SET due_at = 1");
    // 60 polls a minute at pace 1: ten at once, then one a second.
    let config = CONFIG
        .replace("polls_per_minute = 6000", "polls_per_minute = 60")
        .replace("pace = 10", "pace = 1");
    let clock = Clock::manual(Clock::system().now());
    let stage = stage.reopened(&config, clock);
    stage.provider(&fake);
    assert_eq!(stage.work().await.looked, 10);
    let now = stage.clock.now().timestamp_millis();
    let due = stage.due_times();
    assert!(due.iter().all(|at| *at > now));
    let last = due.iter().max().unwrap() - now;
    assert!((10_000..=60_000).contains(&last), "{last}");
}

#[tokio::test]
async fn an_account_that_asks_for_quiet_is_not_asked_until_then() {
    let stage = Stage::open(2).await;
    let throttled = Finding {
        http_status: Some(429),
        retry_after: Some(Duration::from_secs(3_600)),
        ..Finding::new(Evidence::Doubt, "later")
    };
    let pending = at_once(report(Reported::Pending));
    let fake = Fake::new(pending, at_once(throttled));
    stage.provider(&fake);
    let first = stage.compose("P0").await;
    stage.work().await;
    stage.sql("UPDATE refunds SET due_at = 1");
    assert_eq!(stage.work().await.looked, 1);
    let asked_again = stage.refund(first).await.next_look_at.unwrap() - stage.clock.now();
    assert!(asked_again.num_minutes() >= 59, "{asked_again}");
    // Another refund of the account, due now: the account is left alone.
    let second = stage.compose("P1").await;
    stage.work().await;
    stage.sql("UPDATE refunds SET due_at = 1");
    assert_eq!(stage.work().await.looked, 0);
    let waits = stage.refund(second).await.next_look_at.unwrap() - stage.clock.now();
    assert!(waits.num_minutes() >= 59, "{waits}");
}

#[tokio::test]
async fn a_throttled_send_waits_as_long_as_it_is_asked_to() {
    let stage = Stage::open(1).await;
    let throttled = Finding {
        http_status: Some(429),
        retry_after: Some(Duration::from_secs(1_800)),
        ..Finding::new(Evidence::TurnedAway, "later")
    };
    let fake = Fake::new(at_once(throttled), at_once(report(Reported::Pending)));
    stage.provider(&fake);
    let id = stage.compose("P0").await;
    stage.work().await;
    let refund = stage.refund(id).await;
    assert_eq!((refund.state, fake.sends()), (State::Approved, 1));
    let waits = refund.next_look_at.unwrap() - stage.clock.now();
    assert!(waits.num_minutes() >= 29, "{waits}");
}

/// Passes on what is logged.
struct Log(tokio::sync::mpsc::UnboundedSender<String>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = self.0.send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_answer_whose_write_fails_is_kept_and_written_later() {
    let stage = Arc::new(Stage::open(1).await);
    let (log, mut logged) = tokio::sync::mpsc::unbounded_channel();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(Mutex::new(Log(log)))
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let disk_full = "CREATE TRIGGER full BEFORE INSERT ON observations BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    let sabotaged = Arc::clone(&stage);
    let send: Answers = Box::new(move || {
        sabotaged.sql(disk_full);
        std::future::ready(report(Reported::Pending)).boxed()
    });
    let fake = Fake::new(send, at_once(report(Reported::Pending)));
    stage.provider(&fake);
    let id = stage.compose("P0").await;
    let working = stage.working();
    let mut said = String::new();
    while !said.contains("the answer is not written down yet") {
        said = logged.recv().await.unwrap();
    }
    assert!(said.contains("disk full"), "{said}");
    assert_eq!(stage.refund(id).await.state, State::Submitting);
    stage.sql("DROP TRIGGER full");
    working.await.unwrap();
    assert_eq!(stage.refund(id).await.state, State::Pending);
    assert_eq!(fake.sends(), 1);
    while !said.contains("the answer is written down") {
        said = logged.recv().await.unwrap();
    }
    assert!(said.contains("failures="), "{said}");
}

#[tokio::test]
async fn a_process_that_stood_still_before_sending_sends_nothing() {
    let clock = Clock::manual(Clock::system().now());
    let stage = Stage::open(1).await.reopened(CONFIG, clock);
    let fake = Fake::new(
        at_once(report(Reported::Succeeded)),
        at_once(report(Reported::Pending)),
    );
    let id = stage.compose("P0").await;
    let claim = stage
        .desk
        .ledger
        .claim(id, stage.desk.holder.clone(), stage.clock.now())
        .await
        .unwrap();
    let account = stage.desk.account("hub").unwrap();
    let attempt = super::send::attempt_of(&claim, account, stage.clock.now()).unwrap();
    let begun = stage.desk.begin(&claim, account, attempt).await;
    let on_disk = begun.unwrap().unwrap();
    // The laptop sleeps for the evening.
    stage.clock.advance(Duration::from_hours(3));
    let provider: Arc<dyn Provider> = Arc::<Fake>::clone(&fake);
    let sent = stage
        .desk
        .deliver(&claim, account, Some(&provider), on_disk);
    let refund = sent.await.unwrap().refund;
    assert_eq!(fake.sends(), 0);
    assert_eq!(refund.state, State::Approved);
    assert!(refund.said.unwrap().contains("stood still for 10800 s"));
    let evidence = stage.desk.ledger.evidence(id).await.unwrap();
    assert!(evidence.attempts[0].sends[0].not_executed);
}

#[tokio::test]
async fn a_desk_told_to_stop_finishes_its_exchange_and_takes_up_nothing() {
    let stage = Stage::open(2).await;
    let slow = Arc::new(Notify::new());
    let sends = held(&slow, report(Reported::Pending));
    let fake = Fake::new(sends, at_once(report(Reported::Pending)));
    stage.provider(&fake);
    let first = stage.compose("P0").await;
    let keeping = tokio::spawn(Arc::clone(&stage.desk).keep_working());
    stage.until(first, State::Submitting).await;
    stage.desk.stop();
    let second = stage.compose("P1").await;
    assert_eq!(stage.desk.exchanges(), 1);
    slow.notify_one();
    keeping.await.unwrap();
    assert_eq!(stage.refund(first).await.state, State::Pending);
    assert_eq!(stage.refund(second).await.state, State::Approved);
    assert_eq!((stage.desk.exchanges(), fake.sends()), (0, 1));
}

#[tokio::test]
async fn a_key_that_is_turned_away_is_read_again() {
    let stage = Stage::open(1).await;
    let marker = stage.folder.path().join("read");
    let source = format!("command:echo x >> {}; echo k", marker.display());
    let config = CONFIG.replace("env:KEY", &source);
    let stage = stage.reopened(&config, Clock::system());
    let turned_away = Finding {
        http_status: Some(401),
        ..Finding::new(Evidence::TurnedAway, "who are you?")
    };
    let fake = Fake::new(at_once(turned_away), at_once(report(Reported::Pending)));
    stage.provider(&fake);
    let id = stage.compose("P0").await;
    stage.work().await;
    assert!(!marker.exists(), "it was connected");
    assert_eq!(stage.refund(id).await.state, State::Approved);
    stage.sql("UPDATE refunds SET due_at = 1, send_after = 1");
    stage.work().await;
    let read = std::fs::read_to_string(&marker).unwrap();
    assert_eq!(read, "x\n", "the secret was read again, once");
    assert_eq!(fake.sends(), 1, "the old connection is not used again");
}

#[tokio::test]
async fn a_slow_secret_blocks_nobody() {
    let stage = Stage::open(1).await;
    let go = stage.folder.path().join("go");
    let source = format!(
        "command:until [ -e {} ]; do sleep 0.02; done; echo k",
        go.display()
    );
    let config = CONFIG.replace("env:KEY", &source);
    let stage = stage.reopened(&config, Clock::system());
    let id = stage.compose("P0").await;
    let working = stage.working();
    while stage.desk.exchanges() == 0 {
        tokio::task::yield_now().await;
    }
    // Everything else is answered meanwhile, the exact request included.
    let draft = Draft {
        payment: "P0".to_owned(),
        amount: "1.00".to_owned(),
        reason: "customer_request".to_owned(),
        ..Draft::default()
    };
    let Reply::Preview(preview) = stage.ask(Request::Preview(draft)).await else {
        panic!("no preview");
    };
    assert!(preview.request.unwrap().body.contains("1.00"));
    assert!(!working.is_finished());
    std::fs::write(&go, "").unwrap();
    working.await.unwrap();
    // Nobody listens at the address: provably not sent.
    assert_eq!(stage.refund(id).await.state, State::Approved);
}

#[tokio::test]
async fn a_follower_misses_nothing() {
    let stage = Stage::open(0).await;
    let mut all = stage.desk.follow();
    for _ in 0..5_000 {
        stage.desk.tell(Notice::Changed);
    }
    let heard = std::iter::from_fn(|| all.try_recv().ok()).count();
    assert_eq!(heard, 5_000);
}
