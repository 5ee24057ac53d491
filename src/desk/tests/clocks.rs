//! R16: a clock that is set changes no state, and nothing goes out twice because of it.

use chrono::{DateTime, Utc};
use rstest::rstest;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[rstest]
#[case::a_day_forward("2026-11-21T10:00:00Z", "2026-11-22T10:00:00Z")]
#[case::a_day_back("2026-11-21T10:00:00Z", "2026-11-20T10:00:00Z")]
#[case::five_minutes_forward("2026-11-21T10:00:00Z", "2026-11-21T10:05:00Z")]
#[case::five_minutes_back("2026-11-21T10:00:00Z", "2026-11-21T09:55:00Z")]
#[case::summer_time_begins("2026-03-29T00:59:59Z", "2026-03-29T02:00:01Z")]
#[case::summer_time_ends("2026-10-25T00:59:59Z", "2026-10-25T00:00:01Z")]
#[case::leap_day("2028-02-28T23:59:59Z", "2028-02-29T00:00:01Z")]
#[tokio::test]
async fn setting_the_clock_changes_no_state_and_sends_nothing_twice(
    #[case] from: &str,
    #[case] to: &str,
) {
    let clock = Clock::manual(at(from));
    let stage = Stage::open_at(2, clock.clone()).await;
    let fake = Fake::new(
        at_once(report(Reported::Pending)),
        at_once(report(Reported::Pending)),
    );
    stage.provider(&fake);
    let sent = stage.compose("P0").await;
    stage.work().await;
    let waits = stage.compose_later("P1").await;
    let states = async || {
        let (first, second) = (stage.refund(sent).await, stage.refund(waits).await);
        (first.state, second.state)
    };
    assert_eq!(states().await, (State::Pending, State::Approved));
    clock.set(at(to));
    assert_eq!(states().await, (State::Pending, State::Approved));
    stage.work().await;
    clock.set(at(from));
    for _ in 0..4 {
        clock.advance(Duration::from_secs(10));
        stage.work().await;
    }
    assert_eq!(states().await, (State::Pending, State::Pending));
    assert_eq!(fake.sends(), 2, "each once");
}

#[tokio::test]
async fn a_jump_while_a_send_is_under_way_voids_its_lease_and_pays_nothing_twice() {
    let clock = Clock::manual(at("2026-11-21T10:00:00Z"));
    let stage = Stage::open_at(1, clock.clone()).await;
    let answer = Arc::new(Notify::new());
    let fake = Fake::new(
        held(&answer, report(Reported::Pending)),
        at_once(Finding::new(Evidence::NotFound, "no such refund")),
    );
    stage.provider(&fake);
    let id = stage.compose("P0").await;
    let sending = stage.working();
    while fake.sends() == 0 {
        tokio::task::yield_now().await;
    }
    clock.set(at("2026-11-22T10:00:00Z"));
    // The wall clock says that the lease is long void: whoever works takes the refund for lost,
    // which is doubt and holds the balance. It is asked about, not sent.
    let other = Stage::desk_over(stage.folder.path(), CONFIG, clock.clone());
    let provider: Arc<dyn Provider> = Arc::<Fake>::clone(&fake);
    other.account("hub").unwrap().connect_to(provider);
    for _ in 0..3 {
        let work = Request::Work { refund: None };
        other.ask(&actor(), work).await.unwrap();
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(stage.refund(id).await.state, State::Unknown);
    assert_eq!(fake.sends(), 1);
    // The answer arrives after all, and counts.
    answer.notify_one();
    sending.await.unwrap();
    assert_eq!(stage.refund(id).await.state, State::Pending);
    assert_eq!(fake.sends(), 1);
}

#[tokio::test]
async fn how_far_the_clock_is_off_is_measured_and_kept() {
    let clock = Clock::manual(at("2026-11-21T10:00:00Z"));
    let stage = Stage::open_at(1, clock.clone()).await;
    let theirs = Finding {
        provider_time: Some(at("2026-11-21T10:04:00Z")),
        ..report(Reported::Pending)
    };
    let fake = Fake::new(at_once(theirs.clone()), at_once(theirs));
    stage.provider(&fake);
    stage.compose("P0").await;
    stage.work().await;
    let pulse = stage.desk.ledger.pulses().await.unwrap();
    assert_eq!(pulse["hub"].skew_ms, Some(-240_000));
}
