//! A desk whose service goes away and comes back.

use super::*;

/// The same folder, served anew.
fn again(stage: &Stage) -> Socket {
    listening(&stage.folder, &stage.stub, LONG, true).unwrap()
}

/// The service dies: nothing is finished, nothing is said.
async fn killed(stage: &mut Stage, desk: &Remote) {
    let mut notices = desk.notices();
    let folder = tempfile::tempdir().unwrap();
    let other = listening(&folder, &stage.stub, LONG, true).unwrap();
    let dead = std::mem::replace(&mut stage.socket, other);
    drop(dead);
    while notices.recv().await.unwrap() != Notice::ServiceAway(true) {}
}

#[tokio::test]
async fn questions_and_refunds_are_asked_again_and_decisions_are_not() {
    let mut stage = Stage::open();
    let desk = stage.desk("ann").await;
    let ask = |request: Request| {
        let desk = Arc::clone(&desk);
        tokio::spawn(async move { desk.ask(&Actor::named("ann"), request).await })
    };
    // Under way when the service dies; the answer of each is lost.
    let question = ask(Request::Safeguards);
    let refund = ask(Request::Compose(Draft::default()));
    let decision = ask(Request::Approve {
        refund: "r".to_owned(),
        seen: "h".to_owned(),
    });
    while stage.stub.heard().len() < 3 {
        stage.stub.asked.notified().await;
    }
    killed(&mut stage, &desk).await;
    let refusal = decision.await.unwrap().unwrap_err();
    assert_eq!(
        (refusal.code.as_str(), refusal.class),
        ("in_doubt", Class::Unknown)
    );
    let mut notices = desk.notices();
    let _service = again(&stage);
    while notices.recv().await.unwrap() != Notice::ServiceAway(false) {}
    // It asks anew by itself.
    while stage.stub.heard().len() < 5 {
        stage.stub.asked.notified().await;
    }
    stage.stub.slow.add_permits(5);
    question.await.unwrap().unwrap();
    refund.await.unwrap().unwrap();
    let asked: Vec<Request> = stage.stub.heard().into_iter().map(|it| it.1).collect();
    let of = |kind: fn(&Request) -> bool| asked.iter().filter(|it| kind(it)).collect::<Vec<_>>();
    assert_eq!(of(|it| matches!(it, Request::Safeguards)).len(), 2);
    assert_eq!(of(|it| matches!(it, Request::Approve { .. })).len(), 1);
    let refunds = of(|it| matches!(it, Request::Compose(_)));
    assert_eq!(refunds.len(), 2);
    assert_eq!(refunds[0], refunds[1], "under the same key");
}

#[tokio::test]
async fn without_a_service_it_says_so_once_patience_ends() {
    let mut stage = Stage::open();
    let hasty = Reach {
        patience: Duration::from_millis(50),
        ..stage.reach("ann")
    };
    let desk = Remote::connect(hasty).await.unwrap();
    killed(&mut stage, &desk).await;
    let refusal = desk
        .ask(&Actor::named("ann"), Request::Compose(Draft::default()))
        .await
        .unwrap_err();
    assert_eq!(
        (refusal.code.as_str(), refusal.class),
        ("service_away", Class::Unavailable)
    );
    assert_eq!(desk.actor(), None);
    let _service = again(&stage);
    while desk.ask(&Actor::named("ann"), Request::ToDo).await.is_err() {}
    assert_eq!(desk.actor().unwrap().name, "ann");
}

#[tokio::test]
async fn a_desk_that_only_looks_asks_for_nothing_else() {
    let stage = Stage::open();
    let looks = Reach {
        read_only: true,
        ..stage.reach("ann")
    };
    let desk = Remote::connect(looks).await.unwrap();
    let ann = Actor::named("ann");
    let compose = desk.ask(&ann, Request::Compose(Draft::default())).await;
    assert_eq!(code(compose), "read_only");
    desk.ask(&ann, Request::ToDo).await.unwrap();
    assert_eq!(stage.stub.heard().len(), 1);
}
