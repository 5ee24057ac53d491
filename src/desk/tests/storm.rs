//! R7: after an outage of a day, ten thousand refunds are asked about within the budget, without a
//! storm, and every one of them is resolved. A virtual clock, the real ledger.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use super::*;

/// The longest step between looks: a cycle.
const CYCLE: Duration = Duration::from_hours(12);
const OUTAGE: Duration = Duration::from_hours(24);
/// Looks a minute that the account may spend, for each refund of the test.
const REFUNDS_PER_POLL: usize = 40;

/// Down while told so; else every refund succeeded. Counts looks by minute.
pub(super) struct Provided {
    clock: Clock,
    pub(super) down: AtomicBool,
    looks: Mutex<BTreeMap<u64, u32>>,
    sends: AtomicUsize,
}

impl Provider for Provided {
    fn send<'a>(&'a self, _: &'a WireRequest, _: Asked) -> BoxFuture<'a, Finding> {
        self.sends.fetch_add(1, Ordering::SeqCst);
        std::future::ready(report(Reported::Pending)).boxed()
    }

    fn inquire<'a>(&'a self, _: &'a Inquiry, _: Asked) -> BoxFuture<'a, Finding> {
        let minute = self.clock.elapsed().as_secs() / 60;
        *self.looks.lock().unwrap().entry(minute).or_default() += 1;
        let finding = match self.down.load(Ordering::SeqCst) {
            true => Finding::new(Evidence::Doubt, "no answer within the time limit"),
            false => report(Reported::Succeeded),
        };
        std::future::ready(finding).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Finding> {
        std::future::ready(report(Reported::Pending)).boxed()
    }
}

impl Provided {
    pub(super) fn new(clock: Clock, down: bool) -> Arc<Self> {
        Arc::new(Self {
            clock,
            down: AtomicBool::new(down),
            looks: Mutex::default(),
            sends: AtomicUsize::new(0),
        })
    }

    pub(super) fn sent(&self) -> usize {
        self.sends.load(Ordering::SeqCst)
    }

    pub(super) fn looked(&self, minutes: std::ops::Range<u64>) -> Vec<u32> {
        let looks = self.looks.lock().unwrap();
        minutes
            .map(|minute| looks.get(&minute).copied().unwrap_or(0))
            .collect()
    }

    pub(super) fn minute(&self) -> u64 {
        self.clock.elapsed().as_secs() / 60
    }
}

/// As many pending refunds as sending them would have made, made by SQL: sending is not the matter.
pub(super) fn pending(stage: &Stage, refunds: usize) {
    let now = stage.clock.now().timestamp_millis();
    let moved =
        |from: &str, to: &str| format!("UPDATE refunds SET state = '{to}' WHERE state = '{from}';");
    let moves = [
        moved("reserved", "approved"),
        moved("approved", "submitting"),
        moved("submitting", "pending"),
    ];
    stage.sql(&format!(
        "BEGIN;
         INSERT INTO refunds (id, payment_id, capture_seq, account, kind, amount_minor, currency, reason,
             maker, hash, policy_version, state, expires_at, due_at, created_at, updated_at)
         SELECT printf('0190a000-0000-7000-8000-%012x', c.seq), p.id, c.seq, p.account, 'refund', 1234, 'USD',
             'other', 'mia', printf('%064d', 0), 1, 'reserved', {now} + 604800000, {now} + (c.seq * 7919) % 5000, {now}, {now}
         FROM captures c JOIN payments p ON p.id = c.payment_id LIMIT {refunds};
         {}
         INSERT INTO attempts (refund_id, step, number, idempotency_key, correlation, method, url, body, sha256, created_at)
         SELECT id, 'refund', 1, id, id, 'POST', 'http://127.0.0.1:9/ch', x'7b7d', '', {now} FROM refunds;
         COMMIT;",
        moves.join("\n")
    ));
}

/// Works as a desk does for a while of virtual time: as soon as something is due, but no oftener
/// than every `step`.
async fn work_for(stage: &Stage, time: Duration, step: Duration) {
    let ends = stage.clock.elapsed() + time;
    while stage.clock.elapsed() < ends {
        let worked = stage.work().await;
        let next = worked.next_at.map_or(time, |next| {
            (next - stage.clock.now()).to_std().unwrap_or_default()
        });
        let left = ends.saturating_sub(stage.clock.elapsed());
        stage.clock.advance(next.max(step).min(left));
    }
}

pub(super) fn open(stage: &Stage) -> i64 {
    let connection = rusqlite::Connection::open(stage.folder.path().join("desk.db")).unwrap();
    connection
        .query_row(
            "SELECT count(*) FROM refunds WHERE state <> 'succeeded'",
            [],
            |row| row.get(0),
        )
        .unwrap()
}

#[tokio::test]
async fn after_a_day_of_outage_nothing_storms_and_all_is_resolved() {
    let refunds = match std::env::var_os("REFUND_DESK_LARGE") {
        Some(_) => 10_000,
        None => 400,
    };
    let per_minute = refunds / REFUNDS_PER_POLL;
    let config = CONFIG
        .replace(
            "polls_per_minute = 6000",
            &format!("polls_per_minute = {per_minute}"),
        )
        .replace("pace = 10", "pace = 1");
    let clock = Clock::manual(Clock::system().now());
    let stage = Stage::open(refunds).await.reopened(&config, clock.clone());
    let provider = Provided::new(clock, true);
    let connected: Arc<dyn Provider> = Arc::<Provided>::clone(&provider);
    stage.desk.account("hub").unwrap().connect_to(connected);
    pending(&stage, refunds);

    work_for(&stage, OUTAGE, Duration::from_mins(3)).await;
    assert_eq!(open(&stage), i64::try_from(refunds).unwrap());
    let during: u32 = provider.looked(1..provider.minute()).iter().sum();
    // One look an interval, of five minutes at most, each anywhere in its interval.
    assert!((150..=800).contains(&during), "{during} probes in a day");

    let recovery = provider.minute();
    provider.down.store(false, Ordering::SeqCst);
    let recovered = stage.clock.elapsed();
    while open(&stage) > 0 {
        work_for(&stage, Duration::from_mins(10), Duration::from_secs(10)).await;
        let took = stage.clock.elapsed() - recovered;
        assert!(took <= 2 * CYCLE, "all resolved within two cycles");
    }
    let after = provider.looked(recovery..provider.minute());
    assert!(after.iter().sum::<u32>() as usize >= refunds);
    assert_eq!(provider.sent(), 0);
    // Within the budget: a minute's polls, and what may have been saved up for it.
    let peak = *after.iter().max().unwrap() as usize;
    assert!(
        peak <= per_minute + per_minute / 6 + 1,
        "{peak} of {per_minute} a minute"
    );
    // No burst: while most of them are asked about, no five minutes see thrice the mean.
    let busy = after
        .iter()
        .scan(0, |sum, looks| {
            *sum += *looks as usize;
            Some(*sum)
        })
        .take_while(|sum| *sum < refunds * 9 / 10)
        .count()
        .max(1);
    let mean = after[..busy].iter().sum::<u32>() as f64 / busy as f64;
    let burst = after[..busy]
        .windows(5)
        .map(|five| f64::from(five.iter().sum::<u32>()) / 5.0)
        .fold(0.0, f64::max);
    assert!(
        burst <= 3.0 * mean,
        "a burst of {burst} over a mean of {mean}"
    );
}
