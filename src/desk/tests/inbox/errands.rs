//! What follows a call: confirmations that are kept, and errands that go out until they are done.

use super::*;

#[tokio::test]
async fn a_confirmation_is_recorded_once_and_another_one_beside_it() {
    let (stage, _) = opened(20).await;
    call(&stage.desk, "k1", "refund pay-0 r-1 1234").await;
    let first = call(&stage.desk, "k2", "confirmed pay-0 r-1 APPR").await;
    assert_eq!(said(&first), (200, "acknowledged".to_owned()));
    for key in ["k2", "k3"] {
        let again = call(&stage.desk, key, "confirmed pay-0 r-1 APPR").await;
        assert_eq!(again.body, first.body);
    }
    // The creditor's side changes its mind: that is news.
    let other = call(&stage.desk, "k4", "confirmed pay-0 r-1 RJCT").await;
    assert_ne!(other.body, first.body);
    // The same, because we asked, is an answer to that.
    call(&stage.desk, "k6", "confirmed pay-0 r-1 RJCT q-1").await;
    // For a refund nobody asked about it is kept all the same.
    call(&stage.desk, "k5", "confirmed pay-0 r-9 APPR").await;
    let found = inbox(&stage).await;
    let said: Vec<&str> = found[0]
        .confirmations
        .iter()
        .map(|it| it.status.as_str())
        .collect();
    assert_eq!(said, ["APPR", "RJCT", "RJCT"]);
    let answers = found[0].confirmations.iter();
    let answers: Vec<Option<&str>> = answers.map(|it| it.retrieval.as_deref()).collect();
    assert_eq!(answers, [None, None, Some("q-1")]);
    assert_eq!(found[0].confirmations[0].amount, Some(usd(1_234)));
}

#[tokio::test]
async fn a_question_about_a_payment_is_answered_by_an_errand_until_it_is_taken() {
    let (stage, words) = opened(20).await;
    *words.status.lock().unwrap() = 500;
    let told = call(&stage.desk, "k1", "status pay-0 q-1").await;
    assert_eq!(said(&told), (200, "will follow q-1".to_owned()));
    let own = call(&stage.desk, "k2", "status pay-1").await;
    assert!(said(&own).1.starts_with("will follow "), "{own:?}");
    let again = call(&stage.desk, "k2", "status pay-1").await;
    assert_eq!(again.body, own.body);
    // One that is not known here was not rejected: nothing is said of it, and it may be asked again.
    let unknown = call(&stage.desk, "k3", "status pay-9").await;
    assert_eq!(unknown.status, 400);
    let ran = || {
        let ran = words.ran.lock().unwrap();
        let mut keys: Vec<String> = ran.iter().map(|it| it.key.clone()).collect();
        keys.sort();
        keys
    };
    stage.work().await;
    let first = ran();
    assert_eq!(first.len(), 2);
    // Not before its time, and then as it was.
    stage.work().await;
    assert_eq!(ran().len(), 2);
    *words.status.lock().unwrap() = 200;
    stage.clock.advance(Duration::from_mins(1));
    stage.work().await;
    let twice = [&first[0], &first[0], &first[1], &first[1]];
    assert_eq!(ran().iter().collect::<Vec<_>>(), twice);
    stage.clock.advance(Duration::from_hours(2));
    stage.work().await;
    assert_eq!(ran().len(), 4, "done is done");
    let ran = words.ran.lock().unwrap();
    let known = About::PaymentAdvice {
        payment: "pay-0".to_owned(),
        retrieval: Some("q-1".to_owned()),
        debtor: Some("D-77".to_owned()),
        paid: Some(usd(9_000)),
    };
    assert!(ran.iter().any(|it| it.about == known), "{ran:?}");
}

#[tokio::test]
async fn the_network_is_asked_about_a_refund_when_a_person_wants_to_know() {
    let (stage, words) = opened(0).await;
    call(&stage.desk, "k1", "refund pay-0 r-1 1234").await;
    call(&stage.desk, "k2", "refund pay-0 - 1").await;
    let found = inbox(&stage).await;
    let ask = |request: i64| Request::AskRequest { request };
    stage.ask(ask(found[1].id)).await;
    for (id, code) in [(found[0].id, "no_refund_id"), (99, "not_found")] {
        let refused = stage.desk.ask(&actor(), ask(id)).await.unwrap_err();
        assert_eq!(refused.code, code);
    }
    stage.work().await;
    let ran = words.ran.lock().unwrap();
    let about = About::RefundStatus {
        payment: "pay-0".to_owned(),
        refund: "r-1".to_owned(),
        debtor: Some("D-77".to_owned()),
    };
    assert_eq!(ran[0].about, about);
}

#[tokio::test]
async fn a_network_that_fails_is_left_alone_and_tried_by_one() {
    let (stage, words) = opened(20).await;
    *words.status.lock().unwrap() = 500;
    for number in 0..8 {
        call(&stage.desk, &format!("k{number}"), "status pay-0").await;
    }
    let ran = || words.ran.lock().unwrap().len();
    stage.work().await;
    // All of one round are under way together; from then on nothing is asked.
    assert_eq!(ran(), 8);
    stage.work().await;
    assert_eq!(ran(), 8);
    stage.clock.advance(Duration::from_secs(30));
    stage.work().await;
    assert_eq!(ran(), 9, "one probes");
    *words.status.lock().unwrap() = 200;
    for _ in 0..20 {
        stage.clock.advance(Duration::from_mins(2));
        stage.work().await;
    }
    assert_eq!(ran(), 17, "each is done");
}
