//! Later steps (T25, T18) and kinds: written ahead, proven or not, and told.

use super::*;
use crate::domain::cause::{Cause, Unpaid};
use crate::domain::refund::{LaterStep, Refund};
use crate::domain::state::Rule;
use crate::ledger::StepEnd;

/// A refund of 100 that the provider has accepted.
async fn on_its_way(ledger: &Ledger, reported: Reported) -> RefundId {
    import(ledger, vec![row("a", 1000)]).await;
    let id = reserve(ledger, "a", 100).await;
    claim_and_begin(ledger, id, attempt(id, 1)).await.unwrap();
    let accepted = Record {
        provider_refund_id: Some("r-1".into()),
        ..record(id, report(reported, None))
    };
    ledger.record(accepted).await.unwrap();
    id
}

fn stop_attempt(id: RefundId, number: u32) -> Attempt {
    let mut stop = Attempt {
        step: "stop".into(),
        idempotency_key: id.idempotency_key("stop", number),
        correlation: id.correlation("stop", number),
        url: "http://127.0.0.1/cancels".into(),
        ..attempt(id, number)
    };
    stop.sha256 = stop.fingerprint();
    stop
}

async fn begin_stop(ledger: &Ledger, id: RefundId, number: u32) -> Result<i64, LedgerError> {
    let claim = ledger.claim_step(id, holder(), now()).await?;
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: stop_attempt(id, number),
        guard: SendGuard::HOLDS,
        now: now(),
    };
    ledger
        .begin_step(new, LaterStep::Stop, "rita".into())
        .await?;
    Ok(claim.fence)
}

async fn refund(ledger: &Ledger, id: RefundId) -> Refund {
    ledger.refund(id).await.unwrap().unwrap().refund
}

/// What the step is told of; the event is the step's own.
fn word(id: RefundId, fence: Option<i64>) -> Record {
    Record {
        fence,
        ..record(id, Event::Evidence(Evidence::Doubt))
    }
}

async fn actions(ledger: &Ledger) -> Vec<String> {
    let all = ledger.audit(None, 1_000).await.unwrap();
    all.into_iter().map(|entry| entry.action).collect()
}

#[rstest::rstest]
#[case(Reported::Pending)]
#[case(Reported::ActionRequired)]
#[case(Reported::Succeeded)]
#[tokio::test]
async fn a_proven_stop_ends_the_refund_and_nothing_before_does(#[case] from: Reported) {
    let (_folder, ledger) = open();
    let id = on_its_way(&ledger, from).await;
    let before = refund(&ledger, id).await;
    let fence = begin_stop(&ledger, id, 1).await.unwrap();
    let asked = refund(&ledger, id).await;
    assert_eq!((asked.state, asked.attempts), (before.state, 1));
    assert!(
        asked
            .later
            .is_some_and(|later| !later.unknown && later.by == "rita")
    );
    let again = begin_stop(&ledger, id, 2).await;
    assert!(matches!(again, Err(LedgerError::Leased)), "{again:?}");
    let done = ledger
        .record_step(word(id, Some(fence)), StepEnd::Done, None)
        .await;
    assert_eq!(done.unwrap().step.rule, Rule::T18);
    let stopped = refund(&ledger, id).await;
    assert_eq!((stopped.state, stopped.later), (State::Canceled, None));
    let told = actions(&ledger).await;
    assert!(told.contains(&"refund.step_sent".to_owned()), "{told:?}");
    assert_eq!(told.last().unwrap(), "refund.canceled");
    let payment = ledger.payment(payment_id("a")).await.unwrap().unwrap();
    assert_eq!(payment.figures().available(), usd(1000));
    sound(&ledger).await;
}

/// Until proven the refund keeps state and amount; its own state is proof, too.
#[tokio::test]
async fn an_unknown_stop_is_proven_by_what_becomes_of_the_refund() {
    let (_folder, ledger) = open();
    let id = on_its_way(&ledger, Reported::Pending).await;
    let fence = begin_stop(&ledger, id, 1).await.unwrap();
    for end in [StepEnd::Unknown, StepEnd::NotFound, StepEnd::NotFound] {
        let fence = (end == StepEnd::Unknown).then_some(fence);
        ledger
            .record_step(word(id, fence), end, None)
            .await
            .unwrap();
        let open = refund(&ledger, id).await;
        assert_eq!(open.state, State::Pending);
        assert!(open.later.is_some_and(|later| later.unknown));
    }
    assert_eq!(refund(&ledger, id).await.later.unwrap().looks, 2);
    let waiting = ledger.waiting(now(), vec!["hub-us".into()]).await.unwrap();
    assert_eq!(waiting.len(), 1, "the queue shows it");
    let voided = record(id, report(Reported::Reversed, None));
    let change = ledger.record(voided).await.unwrap();
    assert_eq!(change.step.rule, Rule::T18);
    assert_eq!(change.summary.refund.state, State::Canceled);
    assert_eq!(change.summary.refund.later, None);
    sound(&ledger).await;
}

/// An inquiry about the stop that found nothing, so long after it was sent.
fn empty_look(id: RefundId, minutes: i64) -> Record {
    let at = now() + TimeDelta::minutes(minutes);
    let mut look = word(id, None);
    look.now = at;
    if let Some(observation) = &mut look.observation {
        observation.at = at;
        observation.source = ObservationSource::Inquiry;
        observation.meaning = LaterStep::Stop.found_nothing();
    }
    look
}

/// Only inquiries later than the delivery bound count, and it takes three of them.
#[tokio::test]
async fn a_step_never_arrived_only_after_three_inquiries_that_count() {
    let (_folder, ledger) = open();
    let id = on_its_way(&ledger, Reported::Pending).await;
    begin_stop(&ledger, id, 1).await.unwrap();
    let bound = Some(TimeDelta::minutes(30));
    for (minutes, open) in [
        (1, true),
        (5, true),
        (30, true),
        (31, true),
        (32, true),
        (33, false),
    ] {
        ledger
            .record_step(empty_look(id, minutes), StepEnd::NotFound, bound)
            .await
            .unwrap();
        let later = refund(&ledger, id).await.later;
        assert_eq!(later.is_some(), open, "{minutes}");
    }
    assert_eq!(actions(&ledger).await.last().unwrap(), "refund.step_unsent");
    // What proves nothing proves nothing, however often.
    begin_stop(&ledger, id, 2).await.unwrap();
    for minutes in 61..70 {
        let look = empty_look(id, minutes);
        let looked = ledger.record_step(look, StepEnd::NotFound, None).await;
        assert!(looked.unwrap().summary.refund.later.is_some());
    }
    sound(&ledger).await;
}

/// A look at the refund itself comes right after one at its step, and must not put that off.
#[tokio::test]
async fn an_open_step_is_asked_about_on_its_own_schedule() {
    let (_folder, ledger) = open();
    let id = on_its_way(&ledger, Reported::Succeeded).await;
    let due = async || refund(&ledger, id).await.next_look_at.unwrap() - now();
    assert!(due().await > TimeDelta::hours(1));
    let fence = begin_stop(&ledger, id, 1).await.unwrap();
    assert!(due().await <= TimeDelta::seconds(90), "the sender may die");
    let doubt = word(id, Some(fence));
    ledger
        .record_step(doubt, StepEnd::Unknown, None)
        .await
        .unwrap();
    let mut waits = Vec::new();
    for _ in 0..4 {
        let again = record(id, report(Reported::Succeeded, None));
        ledger.record(again).await.unwrap();
        waits.push(due().await);
        let look = word(id, None);
        ledger
            .record_step(look, StepEnd::Unknown, None)
            .await
            .unwrap();
    }
    assert!(waits[0] < TimeDelta::seconds(5), "{waits:?}");
    assert!(waits.is_sorted_by(|a, b| a < b), "{waits:?}");
    assert!(waits[3] < TimeDelta::minutes(3), "{waits:?}");
    // The watch is over, the step is not.
    let late = now() + TimeDelta::days(41);
    let mut looked = record(id, report(Reported::Succeeded, None));
    looked.now = late;
    ledger.record(looked).await.unwrap();
    assert!(refund(&ledger, id).await.next_look_at.is_some());
    sound(&ledger).await;
}

/// A stop whose outcome is open never stands in the way of what the provider says of the refund.
#[tokio::test]
async fn the_refunds_own_end_overtakes_its_stop() {
    let (_folder, ledger) = open();
    let id = on_its_way(&ledger, Reported::Pending).await;
    begin_stop(&ledger, id, 1).await.unwrap();
    let failed = record(id, report(Reported::Failed, None));
    let change = ledger.record(failed).await.unwrap();
    assert_eq!(change.summary.refund.state, State::Failed);
    assert_eq!(change.summary.refund.later, None);
    let late = ledger
        .record_step(word(id, None), StepEnd::Done, None)
        .await;
    assert!(matches!(late, Err(LedgerError::NotFound(_))), "{late:?}");
    sound(&ledger).await;
}

#[tokio::test]
async fn a_refused_stop_changes_nothing_and_may_be_asked_again() {
    let (_folder, ledger) = open();
    let id = on_its_way(&ledger, Reported::Pending).await;
    let fence = begin_stop(&ledger, id, 1).await.unwrap();
    ledger
        .record_step(word(id, Some(fence)), StepEnd::Refused, None)
        .await
        .unwrap();
    let still = refund(&ledger, id).await;
    assert_eq!((still.state, still.later), (State::Pending, None));
    assert_eq!(
        actions(&ledger).await.last().unwrap(),
        "refund.step_refused"
    );
    let evidence = ledger.evidence(id).await.unwrap();
    let sent = |step: &str| {
        let attempt = evidence.attempts.iter().find(|it| it.step == step).unwrap();
        attempt.sends[0].not_executed
    };
    assert_eq!([sent("refund"), sent("stop")], [false, true]);
    begin_stop(&ledger, id, 2).await.unwrap();
    sound(&ledger).await;
}

#[tokio::test]
async fn nothing_is_stopped_before_it_was_sent_or_after_it_ended() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 100).await;
    assert!(matches!(
        begin_stop(&ledger, id, 1).await,
        Err(LedgerError::Leased)
    ));
    ledger.record(record(id, Event::Withdraw)).await.unwrap();
    assert!(begin_stop(&ledger, id, 1).await.is_err());
}

fn of_kind(kind: Kind, minor: i64) -> Reservation {
    let plain = reservation("a", minor);
    Reservation {
        content: Content {
            kind,
            ..plain.content
        },
        ..plain
    }
}

/// A void takes the whole of what nobody touched; the database itself says so.
#[tokio::test]
async fn a_void_is_whole_or_not_at_all() {
    let (_folder, ledger) = open();
    let unsettled = ImportRow {
        settled_at: None,
        ..row("a", 1000)
    };
    import(&ledger, vec![unsettled]).await;
    assert!(ledger.reserve(of_kind(Kind::Void, 999)).await.is_err());
    ledger.reserve(of_kind(Kind::Void, 1000)).await.unwrap();
    assert!(ledger.reserve(of_kind(Kind::Void, 1000)).await.is_err());
    assert!(ledger.reserve(of_kind(Kind::Refund, 1)).await.is_err());
    sound(&ledger).await;
}

/// T21: paid outside only in place of what ended unpaid, and always by two.
#[tokio::test]
async fn what_is_paid_outside_replaces_what_failed_and_takes_two() {
    let (_folder, ledger) = open();
    let id = on_its_way(&ledger, Reported::Pending).await;
    assert!(ledger.reserve(of_kind(Kind::Outside, 100)).await.is_err());
    let unpaid = Unpaid::of(Cause::AccountGone);
    let failed = Record {
        unpaid: Some(unpaid.clone()),
        ..record(id, report(Reported::Failed, None))
    };
    ledger.record(failed).await.unwrap();
    assert_eq!(refund(&ledger, id).await.unpaid, Some(unpaid));
    assert!(ledger.unpaid(Cause::NoFunds).await.unwrap().is_empty());
    assert_eq!(ledger.unpaid(Cause::AccountGone).await.unwrap().len(), 1);
    let outside = Reservation {
        supersedes: Some(id),
        ..of_kind(Kind::Outside, 100)
    };
    let Reserved::New(made) = ledger.reserve(outside).await.unwrap() else {
        panic!("it is new");
    };
    assert_eq!(made.refund.state, State::AwaitingApproval);
    assert!(ledger.unpaid(Cause::AccountGone).await.unwrap().is_empty());
    sound(&ledger).await;
}

/// Only what the provider said it has authorised, for the amount asked, is captured; SQL typed by
/// hand is held to it.
#[rstest::rstest]
#[case(Reported::Authorised, None, true)]
#[case(Reported::Authorised, Some(90), false)]
#[case(Reported::ActionRequired, None, false)]
#[case(Reported::Pending, None, false)]
#[tokio::test]
async fn only_what_is_authorised_waits_for_its_capture(
    #[case] reported: Reported,
    #[case] named: Option<i64>,
    #[case] waits: bool,
) {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 100).await;
    claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    let told = report(reported, named.map(usd));
    ledger.record(record(id, told)).await.unwrap();
    assert_eq!(refund(&ledger, id).await.waits_for_capture(), waits);
    let sql = format!(
        "INSERT INTO later_steps (refund_id, step, number, by_whom, at) VALUES ('{id}', 'capture', 9, 'x', 1)"
    );
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    assert_eq!(connection.execute(&sql, []).is_ok(), waits);
    connection.execute_batch("ROLLBACK").unwrap();
    drop(connection);
    let claim = ledger.claim_step(id, holder(), now()).await.unwrap();
    let mut capture = stop_attempt(id, 1);
    capture.step = "capture".into();
    capture.sha256 = capture.fingerprint();
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: capture,
        guard: SendGuard::HOLDS,
        now: now(),
    };
    let begun = ledger.begin_step(new, LaterStep::Capture, "rita".into());
    assert_eq!(begun.await.is_ok(), waits);
    if waits {
        let paid = Record {
            fence: Some(claim.fence),
            ..record(id, report(Reported::Succeeded, None))
        };
        let done = ledger.record_step(paid, StepEnd::Done, None).await.unwrap();
        assert_eq!(done.summary.refund.state, State::Succeeded);
        assert!(!done.summary.refund.authorised && done.summary.refund.later.is_none());
    }
    sound(&ledger).await;
}
