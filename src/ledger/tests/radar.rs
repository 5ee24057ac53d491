//! The figures of Radar against real rows.

use super::*;
use crate::domain::radar::Counted;
use crate::ledger::radar::{Made, Sweep, Took, Undecided};

fn sweep() -> Sweep {
    Sweep {
        made: now() - TimeDelta::days(13),
        reasons: now() - TimeDelta::days(30),
        timed: now() - TimeDelta::days(97),
        lately: now() - TimeDelta::days(7),
    }
}

/// A refund made `days` ago, of which the provider says this `seconds` after it was sent.
async fn told(
    ledger: &Ledger,
    payment: &str,
    days: i64,
    evidence: Evidence,
    seconds: i64,
) -> RefundId {
    let mut order = reservation(payment, 100);
    order.now = now() - TimeDelta::days(days);
    order.send_after = order.now;
    let Reserved::New(made) = ledger.reserve(order).await.unwrap() else {
        panic!("not made");
    };
    let id = made.refund.id;
    let fence = claim_and_begin(ledger, id, attempt(id, 1)).await.unwrap();
    let meaning = match evidence {
        Evidence::Report { status, .. } => format!("{status:?} 1.00 USD").to_lowercase(),
        _ => "refused, not executed".to_owned(),
    };
    let mut record = record(id, Event::Evidence(evidence));
    record.fence = Some(fence);
    record.now = now() + TimeDelta::seconds(seconds);
    if let Some(observation) = &mut record.observation {
        observation.at = record.now;
        observation.meaning = meaning;
    }
    ledger.record(record).await.unwrap();
    id
}

fn says(status: Reported) -> Evidence {
    Evidence::Report {
        status,
        amount: None,
    }
}

#[tokio::test]
async fn what_is_undecided_made_reasoned_and_timed_is_counted() {
    let (_folder, ledger) = open();
    let long_ago = ImportRow {
        captured_at: now() - TimeDelta::days(200),
        settled_at: Some(now() - TimeDelta::days(198)),
        ..row("a", 10_000)
    };
    import(&ledger, vec![long_ago]).await;
    let waits = reserve(&ledger, "a", 300).await;
    told(&ledger, "a", 0, says(Reported::Pending), 1).await;
    told(&ledger, "a", 1, says(Reported::Succeeded), 4).await;
    told(&ledger, "a", 10, says(Reported::Succeeded), 60).await;
    told(&ledger, "a", 120, says(Reported::Succeeded), 1).await;
    told(&ledger, "a", 20, Evidence::Refused, 2).await;
    let figures = ledger.radar(sweep()).await.unwrap();

    let undecided = |state, sent| Undecided {
        account: "hub-us".into(),
        state,
        sent,
    };
    let unsent = ledger.refund(waits).await.unwrap().unwrap().refund.state;
    let mut found = figures.undecided;
    found.sort_by_key(|it| it.sent);
    assert_eq!(
        found,
        [
            undecided(unsent, None),
            undecided(State::Pending, Some(now()))
        ]
    );

    let made = |days: i64, state, count| Made {
        from: now() - TimeDelta::days(days),
        state,
        count,
    };
    let mut found = figures.made;
    found.sort_by_key(|it| (it.from, it.state != State::Pending));
    assert_eq!(
        found,
        [
            made(10, State::Succeeded, 1),
            made(1, State::Succeeded, 1),
            made(0, State::Pending, 1),
            made(0, unsent, 1),
        ]
    );

    let counted = |code: &str, count| Counted {
        code: code.into(),
        count,
    };
    // The one of 120 days ago is too old.
    assert_eq!(figures.reasons, [counted("other", 5)]);
    assert_eq!(figures.causes, [counted("other", 1)]);

    let took = |lately, ms| Took {
        account: "hub-us".into(),
        lately,
        ms,
    };
    let mut found = figures.took;
    found.sort_by_key(|it| it.ms);
    assert_eq!(found, [took(true, 4_000), took(false, 60_000)]);
    sound(&ledger).await;
}

#[tokio::test]
async fn an_empty_ledger_has_no_figures() {
    let (_folder, ledger) = open();
    assert_eq!(
        ledger.radar(sweep()).await.unwrap(),
        RadarFigures::default()
    );
}
