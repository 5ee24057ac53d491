//! What is said to a payer, what may be given to them, and what Radar counts: at the desk itself and
//! over a socket.

use super::*;
use crate::domain::phone::{Call, What};
use crate::domain::radar::Radar;
use crate::domain::trace::TraceNote;

// A Friday.
const SENT: &str = "2026-11-13T10:00:00Z";

async fn call(stage: &Stage, handle: &str) -> Call {
    match stage.ask(Request::Call(handle.to_owned())).await {
        Reply::Call(call) => *call,
        other => panic!("{other:?}"),
    }
}

fn sentences(call: &Call) -> Vec<&str> {
    let said = call.entries.iter().filter_map(|it| match &it.what {
        What::Refund { said, .. } => Some(said.as_str()),
        _ => None,
    });
    said.collect()
}

async fn trace(stage: &Stage, refund: RefundId) -> TraceNote {
    match stage.ask(Request::Trace(refund.to_string())).await {
        Reply::Trace(note) => *note,
        other => panic!("{other:?}"),
    }
}

async fn radar(stage: &Stage) -> Radar {
    match stage.ask(Request::Radar).await {
        Reply::Radar(radar) => *radar,
        other => panic!("{other:?}"),
    }
}

/// Through its life a refund is told as it is known, and the day named is its rail's.
#[tokio::test]
async fn a_refund_is_told_as_it_is_known() {
    let clock = Clock::manual(SENT.parse().unwrap());
    let stage = Stage::open_at(1, clock.clone()).await;
    let fake = Fake::new(
        at_once(Finding::new(Evidence::Doubt, "no answer")),
        at_once(report(Reported::Succeeded)),
    );
    stage.provider(&fake);
    let id = stage.compose("P0").await;
    assert_eq!(
        sentences(&call(&stage, "P0").await),
        ["Your refund of 12.34 USD is ready to go out; no money has been sent yet."]
    );
    assert_eq!(trace(&stage, id).await.references, []);
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Unknown);
    // By the refund, as by its payment.
    let card = call(&stage, &id.to_string()).await;
    let [said] = sentences(&card)[..] else {
        panic!("{card:?}");
    };
    assert!(
        said.contains("do not know yet") && !said.contains("normally"),
        "{said}"
    );
    let note = trace(&stage, id).await;
    assert_eq!((note.sent_on, note.normally_by), (None, None));
    let figures = radar(&stage).await;
    assert_eq!((figures.ages[0].sent(), figures.ages[0].unknown), (1, 1));
    assert_eq!(figures.ages[0].rail.as_deref(), Some("cards"));

    stage.sql("UPDATE refunds SET due_at = 1");
    clock.advance(Duration::from_hours(1));
    stage.work().await;
    assert_eq!(stage.refund(id).await.state, State::Succeeded);
    assert_eq!(
        sentences(&call(&stage, "P0").await),
        ["We sent 12.34 USD on 13 November; your bank normally shows it by the 18th; the reference is "
            .to_owned()
            + &trace(&stage, id).await.references[0].1
            + "."]
    );
    let figures = radar(&stage).await;
    assert_eq!(figures.days.len(), 14);
    assert_eq!(
        figures.days.last().map(|day| (day.succeeded, day.open)),
        Some((1, 0))
    );
    assert_eq!(figures.speeds[0].lately.p50_ms, Some(3_600_000));
    assert_eq!(figures.ages[0].sent(), 0);
}
