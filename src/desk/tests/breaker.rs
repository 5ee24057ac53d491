//! A provider that does not answer is left alone but for single looks.

use super::*;
use crate::domain::breaker::OPENS_AFTER;

fn no_answer() -> Finding {
    Finding::new(Evidence::NotSent, "no connection to the provider")
}

/// A desk on a manual clock, at pace 1.
async fn stage(payments: usize) -> Stage {
    let clock = Clock::manual(Clock::system().now());
    let config = CONFIG.replace("pace = 10", "pace = 1");
    Stage::open(payments).await.reopened(&config, clock)
}

fn due_now(stage: &Stage) {
    stage.sql("UPDATE refunds SET due_at = 1, send_after = 1 WHERE due_at IS NOT NULL");
}

#[tokio::test]
async fn a_provider_that_is_gone_is_sent_one_refund_at_a_time() {
    let stage = stage(20).await;
    let fake = Fake::new(at_once(no_answer()), at_once(report(Reported::Pending)));
    stage.provider(&fake);
    for number in 0..20 {
        stage.compose(&format!("P{number}")).await;
    }
    stage.work().await;
    let opened_after = fake.sends();
    assert!(
        (OPENS_AFTER as usize..20).contains(&opened_after),
        "those under way end, no more begin: {opened_after}"
    );
    // Nothing to look at: one send is the probe, once an interval.
    stage.clock.advance(Duration::from_secs(16));
    due_now(&stage);
    stage.work().await;
    assert_eq!(fake.sends(), opened_after + 1);
    due_now(&stage);
    stage.work().await;
    assert!(fake.sends() <= opened_after + 2);
    assert!(
        stage.due_times().iter().all(|at| *at > 1),
        "the rest was put off"
    );
}

#[tokio::test]
async fn a_look_is_the_probe_where_there_is_one_and_its_answer_lets_sends_go() {
    let stage = stage(8).await;
    let fake = Fake::new(
        at_once(report(Reported::Pending)),
        at_once(Finding::new(
            Evidence::Doubt,
            "no answer within the time limit",
        )),
    );
    stage.provider(&fake);
    for number in 0..6 {
        stage.compose(&format!("P{number}")).await;
    }
    stage.work().await;
    assert_eq!(fake.sends(), 6);
    for _ in 0..3 {
        due_now(&stage);
        stage.work().await;
    }
    let looks = fake.looks.load(Ordering::SeqCst);
    assert!(looks >= OPENS_AFTER as usize);
    // While it does not answer a new refund waits, and so do all looks but one.
    let waits = stage.compose("P6").await;
    stage.clock.advance(Duration::from_mins(6));
    due_now(&stage);
    stage.work().await;
    assert_eq!(fake.sends(), 6);
    assert_eq!(stage.refund(waits).await.state, State::Approved);
    assert_eq!(fake.looks.load(Ordering::SeqCst), looks + 1);
    let pulse = stage.desk.ledger.pulses().await.unwrap();
    assert!(pulse["hub"].failing_since.is_some());
    // It answers again: the next look closes the breaker, then the refund goes.
    let well = Fake::new(
        at_once(report(Reported::Pending)),
        at_once(report(Reported::Pending)),
    );
    stage.provider(&well);
    for _ in 0..3 {
        stage.clock.advance(Duration::from_mins(6));
        due_now(&stage);
        stage.work().await;
    }
    assert_eq!(stage.refund(waits).await.state, State::Pending);
    assert_eq!(well.sends(), 1);
    let pulse = stage.desk.ledger.pulses().await.unwrap();
    assert_eq!(pulse["hub"].failing_since, None);
}

#[tokio::test]
async fn silence_a_provider_asked_for_survives_the_process() {
    let stage = stage(2).await;
    let throttled = Finding {
        http_status: Some(429),
        retry_after: Some(Duration::from_hours(1)),
        ..Finding::new(Evidence::Doubt, "later")
    };
    let fake = Fake::new(at_once(report(Reported::Pending)), at_once(throttled));
    stage.provider(&fake);
    stage.compose("P0").await;
    stage.compose("P1").await;
    stage.work().await;
    stage.sql("UPDATE refunds SET due_at = 1 WHERE seq = 1");
    assert_eq!(stage.work().await.looked, 1);
    let clock = Clock::manual(stage.clock.now());
    let stage = stage.reopened(CONFIG, clock);
    stage.provider(&fake);
    stage.sql("UPDATE refunds SET due_at = 1");
    assert_eq!(stage.work().await.looked, 0);
    stage.clock.advance(Duration::from_mins(61));
    stage.sql("UPDATE refunds SET due_at = 1");
    assert!(stage.work().await.looked > 0);
}

#[tokio::test]
async fn people_are_told_once_that_it_does_not_answer_and_once_that_it_does() {
    let stage = stage(20).await;
    let fake = Fake::new(at_once(no_answer()), at_once(report(Reported::Pending)));
    stage.provider(&fake);
    assert!(!gone(&stage).await);
    for number in 0..20 {
        stage.compose(&format!("P{number}")).await;
    }
    let mut notices = stage.desk.follow();
    let mut told = || {
        let all = std::iter::from_fn(|| notices.try_recv().ok());
        all.filter(|it| *it == Notice::Changed).count()
    };
    stage.work().await;
    assert_eq!(told(), 1);
    assert!(gone(&stage).await);
    stage.clock.advance(Duration::from_secs(16));
    due_now(&stage);
    stage.work().await;
    assert_eq!(told(), 0, "nothing new");
    let well = Fake::new(
        at_once(report(Reported::Pending)),
        at_once(report(Reported::Pending)),
    );
    stage.provider(&well);
    stage.clock.advance(Duration::from_mins(6));
    due_now(&stage);
    stage.work().await;
    assert_eq!(told(), 1);
    assert!(!gone(&stage).await);
}

/// What the top line is made of.
async fn gone(stage: &Stage) -> bool {
    let Reply::Overview(told) = stage.desk.ask(&actor(), Request::Overview).await.unwrap() else {
        panic!("no overview");
    };
    told.accounts[0].not_answering
}
