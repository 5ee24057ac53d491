//! Two desks on one file are one to the provider: one budget, one breaker.

use super::storm::{Provided, open, pending};
use super::*;

const PER_MINUTE: u32 = 60;

/// Two desks on one file and one clock, asking one provider.
struct Two {
    stage: Stage,
    other: Arc<Local>,
}

impl Two {
    async fn open(payments: usize) -> Self {
        let clock = Clock::manual(Clock::system().now());
        let config = CONFIG
            .replace(
                "polls_per_minute = 6000",
                &format!("polls_per_minute = {PER_MINUTE}"),
            )
            .replace("pace = 10", "pace = 1");
        let stage = Stage::open(payments).await.reopened(&config, clock);
        let other = Stage::desk_over(stage.folder.path(), &config, stage.clock.clone());
        Self { stage, other }
    }

    fn connect(&self, first: Arc<dyn Provider>, second: Arc<dyn Provider>) {
        self.stage.desk.account("hub").unwrap().connect_to(first);
        self.other.account("hub").unwrap().connect_to(second);
    }

    async fn work(desk: &Local) -> Worked {
        let work = Request::Work { refund: None };
        match desk.ask(&actor(), work).await.unwrap() {
            Reply::Worked(worked) => worked,
            other => panic!("{other:?}"),
        }
    }

    fn due_now(&self) {
        self.stage
            .sql("UPDATE refunds SET due_at = 1, send_after = 1 WHERE due_at IS NOT NULL");
    }
}

#[tokio::test]
async fn together_they_stay_within_the_accounts_budget() {
    const REFUNDS: usize = 200;
    let two = Two::open(REFUNDS).await;
    let provider = Provided::new(two.stage.clock.clone(), false);
    two.connect(provider.clone(), provider.clone());
    pending(&two.stage, REFUNDS);
    two.due_now();
    while open(&two.stage) > 0 {
        assert!(provider.minute() < 12, "they get through all of them");
        tokio::join!(Two::work(&two.stage.desk), Two::work(&two.other));
        two.stage.clock.advance(Duration::from_secs(2));
    }
    let looks = provider.looked(0..provider.minute() + 1);
    assert_eq!(looks.iter().sum::<u32>() as usize, REFUNDS);
    let peak = *looks.iter().max().unwrap();
    assert!(peak <= PER_MINUTE + PER_MINUTE / 6, "{looks:?}");
    assert!(peak > PER_MINUTE / 2, "and they use it: {looks:?}");
}

#[tokio::test]
async fn what_one_finds_gone_the_other_leaves_alone() {
    let two = Two::open(9).await;
    let gone = Provided::new(two.stage.clock.clone(), true);
    let well = Fake::new(
        at_once(report(Reported::Pending)),
        at_once(report(Reported::Pending)),
    );
    two.connect(gone.clone(), well.clone());
    for number in 0..6 {
        two.stage.compose(&format!("P{number}")).await;
    }
    Two::work(&two.stage.desk).await;
    two.due_now();
    Two::work(&two.stage.desk).await;
    let asked = gone.looked(0..1)[0];
    assert!(asked >= 5, "the first has found it gone: {asked}");

    // Neither sends nor asks, as an open desk and as a command that sends one refund.
    let waits = two.stage.compose("P7").await;
    two.due_now();
    Two::work(&two.other).await;
    let only = Request::Work {
        refund: Some(waits),
    };
    two.other.ask(&actor(), only).await.unwrap();
    assert_eq!((well.sends(), well.looks.load(Ordering::SeqCst)), (0, 0));
    assert_eq!(two.stage.refund(waits).await.state, State::Approved);
    let Reply::Providers(told) = two.other.ask(&actor(), Request::Providers).await.unwrap() else {
        panic!("no providers");
    };
    assert!(told[0].left_alone);
    let Reply::Overview(told) = two.other.ask(&actor(), Request::Overview).await.unwrap() else {
        panic!("no overview");
    };
    assert!(told.accounts[0].not_answering);

    // One look in all is the probe.
    two.stage.clock.advance(Duration::from_mins(6));
    two.due_now();
    tokio::join!(Two::work(&two.other), Two::work(&two.stage.desk));
    let probes = || well.looks.load(Ordering::SeqCst) + gone.looked(6..7)[0] as usize;
    assert_eq!(probes(), 1, "one probe between them");

    // Once one is answered, the refund goes.
    gone.down.store(false, Ordering::SeqCst);
    two.stage.clock.advance(Duration::from_mins(6));
    for _ in 0..2 {
        two.due_now();
        Two::work(&two.other).await;
    }
    assert_eq!(two.stage.refund(waits).await.state, State::Pending);
    assert!(well.looks.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn a_clock_set_back_does_not_put_the_probe_off_for_as_long() {
    let two = Two::open(1).await;
    let provider = Provided::new(two.stage.clock.clone(), false);
    two.connect(provider.clone(), provider.clone());
    pending(&two.stage, 1);
    let tomorrow = two.stage.clock.now() + chrono::TimeDelta::days(1);
    two.stage.sql(&format!(
        "INSERT INTO account_pulse (account, failing_since, probe_at, looks_until)
         VALUES ('hub', 1, {}, {})",
        tomorrow.timestamp_millis(),
        tomorrow.timestamp_micros()
    ));
    for _ in 0..2 {
        two.due_now();
        Two::work(&two.stage.desk).await;
        two.stage.clock.advance(Duration::from_mins(6));
    }
    assert_eq!(open(&two.stage), 0);
}
