//! A refund that a provider holds for a person.

use super::*;

/// T16, T17: what waits for a person is asked about as before, and a success ends it.
#[tokio::test]
async fn what_is_in_review_is_polled_until_it_succeeds() {
    let stage = Stage::open(1).await;
    let asked = AtomicUsize::new(0);
    let looks: Answers = Box::new(move || {
        let status = match asked.fetch_add(1, Ordering::SeqCst) {
            0 => Reported::Pending,
            1 => Reported::ActionRequired,
            _ => Reported::Succeeded,
        };
        std::future::ready(report(status)).boxed()
    });
    let fake = Fake::new(at_once(report(Reported::ActionRequired)), looks);
    stage.provider(&fake);
    let id = stage.compose("P0").await;
    stage.work().await;
    let mut states = vec![stage.refund(id).await.state];
    for _ in 0..3 {
        assert!(stage.refund(id).await.next_look_at.is_some());
        stage.sql("UPDATE refunds SET due_at = 1");
        stage.work().await;
        states.push(stage.refund(id).await.state);
    }
    let told = [
        State::ActionRequired,
        State::Pending,
        State::ActionRequired,
        State::Succeeded,
    ];
    assert_eq!((states, fake.sends()), (told.to_vec(), 1));
}
