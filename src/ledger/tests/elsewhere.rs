//! Refunds made elsewhere, disputes and discrepancies: the balance follows all of them.

use proptest::prelude::*;
use rstest::rstest;
use rusqlite::Connection;

use super::*;
use crate::domain::discrepancy::{Discrepancy, DiscrepancyKind};
use crate::domain::dispute::{Dispute, Stage};
use crate::domain::external::{ExternalRefund, ExternalSource, ExternalState};

fn cadence() -> Cadence {
    Cadence {
        pace: Pace::REAL,
        spread: 500,
        watch: std::time::Duration::from_hours(960),
        retry_after: None,
    }
}

fn sighting(id: &str, minor: i64, state: ExternalState) -> Sighting {
    Sighting {
        payment: payment_id("a"),
        capture_id: None,
        provider_refund_id: Some(id.into()),
        correlation: None,
        amount: usd(minor),
        state,
        source: ExternalSource::Sync,
        origin: "sync".into(),
        seen_at: now(),
        actor: "desk".into(),
        cadence: cadence(),
        now: now(),
    }
}

fn linking(external: i64, refund: Option<RefundId>) -> Linking {
    Linking {
        external,
        refund,
        note: "the portal shows our reference".into(),
        actor: "cora".into(),
        cadence: cadence(),
        now: now(),
    }
}

fn news(id: &str, amount: Money, stage: Stage) -> DisputeNews {
    DisputeNews {
        payment: payment_id("a"),
        capture_id: None,
        provider_dispute_id: id.into(),
        amount,
        stage,
        deadline: Some(now() + TimeDelta::days(5)),
        actor: "cora".into(),
        now: now(),
    }
}

async fn seen(ledger: &Ledger, id: &str, minor: i64, state: ExternalState) -> ExternalRefund {
    ledger
        .record_external(sighting(id, minor, state))
        .await
        .unwrap()
}

async fn disputed(ledger: &Ledger, id: &str, minor: i64, stage: Stage) -> Dispute {
    ledger
        .record_dispute(news(id, usd(minor), stage))
        .await
        .unwrap()
}

async fn open_discrepancies(ledger: &Ledger) -> Vec<Discrepancy> {
    ledger
        .discrepancies(DiscrepancyFilter::default())
        .await
        .unwrap()
}

async fn kinds(ledger: &Ledger) -> Vec<DiscrepancyKind> {
    open_discrepancies(ledger)
        .await
        .iter()
        .map(|it| it.kind)
        .collect()
}

fn closing(id: i64, actor: &str, accept: bool) -> Closing {
    Closing {
        id,
        note: "found out".into(),
        accept,
        actor: actor.into(),
        now: now(),
    }
}

/// The stored balance is the one the domain computes (invariant 2), whatever happened.
async fn assert_recomputes(ledger: &Ledger, payment: &str) {
    let id = payment_id(payment);
    ledger
        .read(move |connection| {
            let payment = payments::one(connection, id)?.unwrap();
            balance::check(connection, &payment)
        })
        .await
        .unwrap();
}

fn by_hand(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join("desk.db")).unwrap()
}

async fn submitted(ledger: &Ledger, minor: i64) -> RefundId {
    let id = reserve(ledger, "a", minor).await;
    claim_and_begin(ledger, id, attempt(id, 1)).await.unwrap();
    id
}

/// True when the refund may go out now.
async fn goes_out(ledger: &Ledger, id: RefundId) -> bool {
    let Ok(claim) = ledger.claim(id, holder(), now()).await else {
        return false;
    };
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: attempt(id, 1),
        guard: SendGuard::HOLDS,
        now: now(),
    };
    matches!(ledger.begin_send(new).await, Ok(Begun::Written))
}

/// "executed = … + external refunds done", "held = … + external refunds pending".
#[rstest]
#[case(ExternalState::Pending, 700)]
#[case(ExternalState::Done, 700)]
#[case(ExternalState::Failed, 1000)]
#[case(ExternalState::Reversed, 1000)]
#[tokio::test]
async fn a_refund_made_elsewhere_weighs(#[case] state: ExternalState, #[case] left: i64) {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    seen(&ledger, "x1", 300, state).await;
    assert_eq!(available(&ledger, "a").await, left);
    seen(&ledger, "x1", 300, state).await;
    assert_eq!(available(&ledger, "a").await, left, "seen twice is one");
    assert_recomputes(&ledger, "a").await;
}

#[tokio::test]
async fn it_moves_on_and_older_news_of_it_overrides_nothing() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    seen(&ledger, "x1", 300, ExternalState::Pending).await;
    let later = Sighting {
        seen_at: now() + TimeDelta::hours(1),
        ..sighting("x1", 300, ExternalState::Failed)
    };
    ledger.record_external(later).await.unwrap();
    assert_eq!(available(&ledger, "a").await, 1000);
    let old = seen(&ledger, "x1", 300, ExternalState::Done).await;
    assert_eq!(old.state, ExternalState::Failed);
    let late = Sighting {
        seen_at: now() + TimeDelta::hours(2),
        ..sighting("x1", 300, ExternalState::Done)
    };
    ledger.record_external(late).await.unwrap();
    assert_eq!(available(&ledger, "a").await, 700);
}

/// "Evidence is always stored, even where it drives `available` negative: that opens a Discrepancy,
/// blocks unsent refunds of that payment and shows the negative figure. The block ends when the
/// discrepancy is closed and `available ≥ 0`."
#[tokio::test]
async fn evidence_overdraws_blocks_and_is_cleared_up() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let waiting = reserve(&ledger, "a", 400).await;
    let mut found = Vec::new();
    for (id, minor) in [("x1", 500), ("x2", 300)] {
        found.push(seen(&ledger, id, minor, ExternalState::Done).await);
    }
    assert_eq!(available(&ledger, "a").await, -200);
    assert_eq!(kinds(&ledger).await, [DiscrepancyKind::Overdrawn]);
    assert!(!goes_out(&ledger, waiting).await);
    let later = Sighting {
        seen_at: now() + TimeDelta::hours(1),
        ..sighting("x2", 300, ExternalState::Reversed)
    };
    ledger.record_external(later).await.unwrap();
    assert_eq!(available(&ledger, "a").await, 100);
    let refused = ledger.reserve(reservation("a", 50)).await;
    assert!(matches!(refused, Err(LedgerError::Blocked)), "{refused:?}");
    let id = open_discrepancies(&ledger).await[0].id;
    ledger
        .close_discrepancy(closing(id, "cora", false))
        .await
        .unwrap();
    reserve(&ledger, "a", 50).await;
    let payment = ledger.payment(payment_id("a")).await.unwrap().unwrap();
    assert!(!payment.blocked);
    assert_recomputes(&ledger, "a").await;
}

/// "Linking an external refund makes it an observation of ours, so it counts once."
#[tokio::test]
async fn a_link_by_a_person_counts_once_and_can_be_taken_off() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let ours = submitted(&ledger, 600).await;
    ledger.record(record(ours, Event::LeaseLost)).await.unwrap();
    let theirs = seen(&ledger, "x1", 600, ExternalState::Done).await;
    assert_eq!(available(&ledger, "a").await, -200);
    let own = Linking {
        actor: "max".into(),
        ..linking(theirs.id, Some(ours))
    };
    let refused = ledger.link_external(own).await;
    assert!(
        matches!(refused, Err(LedgerError::NotAllowed(_))),
        "{refused:?}"
    );
    ledger
        .link_external(linking(theirs.id, Some(ours)))
        .await
        .unwrap();
    assert_eq!(available(&ledger, "a").await, 400);
    assert_eq!(
        state(&ledger, ours).await,
        State::Unknown,
        "one person ends nothing"
    );
    let observed = ledger.evidence(ours).await.unwrap().observations;
    assert_eq!(observed.last().unwrap().source, ObservationSource::Import);
    assert_recomputes(&ledger, "a").await;
    ledger
        .link_external(linking(theirs.id, None))
        .await
        .unwrap();
    assert_eq!(available(&ledger, "a").await, -200);
    let told = ledger.audit(None, 100).await.unwrap();
    for action in ["external.found", "external.linked", "external.unlinked"] {
        assert!(told.iter().any(|entry| entry.action == action), "{action}");
    }
}

#[tokio::test]
async fn by_reference_or_id_it_links_itself_and_never_by_amount() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let ours = submitted(&ledger, 600).await;
    ledger.record(record(ours, Event::LeaseLost)).await.unwrap();
    let same_amount = seen(&ledger, "x0", 100, ExternalState::Pending).await;
    assert_eq!(same_amount.linked, None);
    let by_reference = Sighting {
        correlation: Some(ours.correlation("refund", 1)),
        ..sighting("x1", 600, ExternalState::Done)
    };
    let found = ledger.record_external(by_reference).await.unwrap();
    assert_eq!(found.linked, Some(ours));
    assert_eq!(state(&ledger, ours).await, State::Succeeded);
    assert_eq!(available(&ledger, "a").await, 300);
    assert_recomputes(&ledger, "a").await;
}

#[tokio::test]
async fn what_was_found_before_ours_learned_its_id_is_ours() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let ours = submitted(&ledger, 600).await;
    seen(&ledger, "x1", 600, ExternalState::Pending).await;
    assert_eq!(available(&ledger, "a").await, -200);
    let mut answer = record(ours, report(Reported::Pending, None));
    answer.provider_refund_id = Some("x1".into());
    ledger.record(answer).await.unwrap();
    assert_eq!(available(&ledger, "a").await, 400);
    let found = ledger.externals_of(payment_id("a")).await.unwrap();
    assert_eq!(found[0].linked, Some(ours));
}

/// T23: "proof of payout arrives after closing: counted at once, even below zero; Discrepancy;
/// unsent refunds of that payment are blocked".
#[rstest]
#[case::linked_by_a_person(true)]
#[case::told_by_the_provider(false)]
#[tokio::test]
async fn a_late_payout_counts_at_once(#[case] by_link: bool) {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let ours = submitted(&ledger, 600).await;
    ledger
        .record(record(ours, Event::Evidence(Evidence::Refused)))
        .await
        .unwrap();
    assert_eq!(state(&ledger, ours).await, State::Rejected);
    let waiting = reserve(&ledger, "a", 700).await;
    if by_link {
        let theirs = seen(&ledger, "x1", 600, ExternalState::Done).await;
        ledger
            .link_external(linking(theirs.id, Some(ours)))
            .await
            .unwrap();
    } else {
        ledger
            .record(record(ours, report(Reported::Succeeded, None)))
            .await
            .unwrap();
    }
    assert_eq!(state(&ledger, ours).await, State::Succeeded);
    assert_eq!(available(&ledger, "a").await, -300);
    assert!(kinds(&ledger).await.contains(&DiscrepancyKind::LatePayout));
    assert!(!goes_out(&ledger, waiting).await);
    assert_recomputes(&ledger, "a").await;
    let by_maker = open_discrepancies(&ledger).await;
    let about_ours = by_maker.iter().find(|it| it.refund == Some(ours)).unwrap();
    let refused = ledger
        .close_discrepancy(closing(about_ours.id, "max", false))
        .await;
    assert!(
        matches!(refused, Err(LedgerError::NotAllowed(_))),
        "{refused:?}"
    );
}

/// "`refunded` raises external refunds, never lowers them"; a rise is one that can be linked.
#[tokio::test]
async fn what_a_file_reports_can_be_linked_too() {
    let (_folder, ledger) = open();
    let refunded = |minor| ImportRow {
        refunded: Some(usd(minor)),
        ..row("a", 1000)
    };
    import(&ledger, vec![refunded(100)]).await;
    let ours = submitted(&ledger, 400).await;
    ledger
        .record(record(ours, report(Reported::Succeeded, None)))
        .await
        .unwrap();
    import(&ledger, vec![refunded(500)]).await;
    assert_eq!(
        available(&ledger, "a").await,
        100,
        "the file's 400 may be ours or not"
    );
    let found = ledger.externals_of(payment_id("a")).await.unwrap();
    let amounts: Vec<i64> = found.iter().map(|it| it.amount.minor).collect();
    assert_eq!(amounts, [100, 400]);
    ledger
        .link_external(linking(found[1].id, Some(ours)))
        .await
        .unwrap();
    assert_eq!(available(&ledger, "a").await, 500);
    import(&ledger, vec![refunded(500)]).await;
    assert_eq!(available(&ledger, "a").await, 500);
    assert_recomputes(&ledger, "a").await;
}

/// "What names no capture is *unallocated* at payment level, and no capture offers more than the
/// payment has."
#[tokio::test]
async fn what_names_no_capture_takes_from_the_payment() {
    let (_folder, ledger) = open();
    let part = |capture: &str| ImportRow {
        capture_id: Some(capture.into()),
        ..row("a", 1000)
    };
    import(&ledger, vec![part("c1"), part("c2")]).await;
    seen(&ledger, "x1", 1500, ExternalState::Done).await;
    let payment = ledger.payment(payment_id("a")).await.unwrap().unwrap();
    assert_eq!(payment.figures().available(), usd(500));
    assert_eq!(payment.captures[0].figures.available(), usd(1000));
    let mut over = reservation("a", 501);
    over.content.capture_id = Some("c1".into());
    let refused = ledger.reserve(over.clone()).await;
    assert!(
        matches!(refused, Err(LedgerError::OverAvailable)),
        "{refused:?}"
    );
    over.content.amount = usd(500);
    ledger.reserve(over).await.unwrap();
    import(&ledger, vec![part("c3")]).await;
    assert_eq!(available(&ledger, "a").await, 1000);
    assert_recomputes(&ledger, "a").await;
}

/// "Disputes: alert or inquiry: no hold … Open, under review: hold. Won, withdrawn: 0. Lost,
/// accepted: counted as paid."
#[rstest]
#[case(Stage::Alert, 1000, 0)]
#[case(Stage::Inquiry, 1000, 0)]
#[case(Stage::Open, 400, 0)]
#[case(Stage::UnderReview, 400, 0)]
#[case(Stage::Won, 1000, 0)]
#[case(Stage::Withdrawn, 1000, 0)]
#[case(Stage::Lost, 400, 600)]
#[case(Stage::Accepted, 400, 600)]
#[tokio::test]
async fn a_dispute_weighs_by_its_stage(#[case] stage: Stage, #[case] left: i64, #[case] paid: i64) {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let dispute = disputed(&ledger, "cb-1", 600, stage).await;
    assert_eq!(dispute.banner().is_some(), stage.is_warning());
    let payment = ledger.payment(payment_id("a")).await.unwrap().unwrap();
    assert_eq!(payment.figures().available(), usd(left));
    assert_eq!(payment.figures().executed, usd(paid));
    assert_recomputes(&ledger, "a").await;
}

/// "A refund against an open dispute is linked to it, needs a checker and may use its disputed
/// amount."
#[tokio::test]
async fn a_refund_answers_a_dispute() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let dispute = disputed(&ledger, "cb-1", 1000, Stage::Open).await;
    assert_eq!(available(&ledger, "a").await, 0);
    let refused = ledger.reserve(reservation("a", 100)).await;
    assert!(
        matches!(refused, Err(LedgerError::OverAvailable)),
        "{refused:?}"
    );
    let answer = Reservation {
        dispute: Some(dispute.id),
        ..reservation("a", 600)
    };
    ledger.reserve(answer.clone()).await.unwrap();
    assert_eq!(state(&ledger, answer.id).await, State::AwaitingApproval);
    let payment = ledger.payment(payment_id("a")).await.unwrap().unwrap();
    let figures = payment.figures();
    assert_eq!((figures.held, figures.disputed), (usd(600), usd(400)));
    assert_recomputes(&ledger, "a").await;
    ledger
        .record(record(answer.id, Event::Withdraw))
        .await
        .unwrap();
    let payment = ledger.payment(payment_id("a")).await.unwrap().unwrap();
    assert_eq!(payment.figures().disputed, usd(1000));
    let known = ledger.disputes_of(payment_id("a")).await.unwrap();
    assert_eq!(known[0].refunds, [answer.id]);
}

#[tokio::test]
async fn a_dispute_lost_after_its_refund_was_paid_twice() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let dispute = disputed(&ledger, "cb-1", 600, Stage::Open).await;
    let answer = Reservation {
        dispute: Some(dispute.id),
        ..reservation("a", 600)
    };
    ledger.reserve(answer).await.unwrap();
    disputed(&ledger, "cb-1", 600, Stage::Lost).await;
    assert_eq!(available(&ledger, "a").await, -200);
    let open = kinds(&ledger).await;
    assert!(open.contains(&DiscrepancyKind::PaidTwice), "{open:?}");
    assert_recomputes(&ledger, "a").await;
}

/// "A dispute in another currency holds all that is left."
#[tokio::test]
async fn a_dispute_in_another_currency_holds_all_that_is_left() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let earlier = submitted(&ledger, 300).await;
    let euros = Money::new(1, Currency::from_code("EUR").unwrap());
    let dispute = ledger
        .record_dispute(news("cb-1", euros, Stage::Open))
        .await
        .unwrap();
    assert_eq!(dispute.holds, usd(700));
    assert_eq!(available(&ledger, "a").await, 0);
    let evidence = record(earlier, Event::Evidence(Evidence::Refused));
    ledger.record(evidence).await.unwrap();
    assert_eq!(
        available(&ledger, "a").await,
        0,
        "what is released is held by it as well"
    );
    assert_recomputes(&ledger, "a").await;
    let refused = ledger.reserve(reservation("a", 100)).await;
    assert!(
        matches!(refused, Err(LedgerError::OverAvailable)),
        "{refused:?}"
    );
    let answer = Reservation {
        dispute: Some(dispute.id),
        ..reservation("a", 1000)
    };
    ledger.reserve(answer).await.unwrap();
    assert_recomputes(&ledger, "a").await;
    ledger
        .record_dispute(news("cb-1", euros, Stage::Won))
        .await
        .unwrap();
    assert_eq!(available(&ledger, "a").await, 0);
}

/// "A file never changes … the payer … of a known payment: that is a Discrepancy, and the old value
/// stays until a checker accepts."
#[tokio::test]
async fn a_files_payer_waits_for_a_checker() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let other = ImportRow {
        payer: Some("John Roe".into()),
        ..row("a", 1000)
    };
    import(&ledger, vec![other]).await;
    let payer = async || {
        ledger
            .payment(payment_id("a"))
            .await
            .unwrap()
            .unwrap()
            .payer
    };
    assert_eq!(payer().await.as_deref(), Some("Jane Doe"));
    let open = open_discrepancies(&ledger).await;
    assert_eq!(open[0].proposed.as_deref(), Some("John Roe"));
    assert!(!open[0].blocks_now());
    let assigned = ledger
        .assign_discrepancy(open[0].id, "cora".into(), "max".into(), now())
        .await
        .unwrap();
    assert_eq!(assigned.owner.as_deref(), Some("cora"));
    let closed = ledger
        .close_discrepancy(closing(open[0].id, "cora", true))
        .await
        .unwrap();
    assert_eq!(closed.resolution.unwrap().by, "cora");
    assert_eq!(payer().await.as_deref(), Some("John Roe"));
    let again = ledger
        .close_discrepancy(closing(open[0].id, "cora", true))
        .await;
    assert!(
        matches!(again, Err(LedgerError::NotAllowed(_))),
        "{again:?}"
    );
}

#[tokio::test]
async fn what_was_captured_is_never_accepted_away() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    import(&ledger, vec![row("a", 2000)]).await;
    let id = open_discrepancies(&ledger).await[0].id;
    let refused = ledger.close_discrepancy(closing(id, "cora", true)).await;
    assert!(
        matches!(refused, Err(LedgerError::NotAllowed(_))),
        "{refused:?}"
    );
    assert_eq!(available(&ledger, "a").await, 1000);
    ledger
        .close_discrepancy(closing(id, "cora", false))
        .await
        .unwrap();
    assert!(open_discrepancies(&ledger).await.is_empty());
}

/// T22: "an older observation never overrides a newer one".
#[tokio::test]
async fn a_look_that_was_overtaken_moves_nothing() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = submitted(&ledger, 400).await;
    let in_exchange = |exchange, event| Record {
        exchange: Some(exchange),
        ..record(id, event)
    };
    let pending = in_exchange(1, report(Reported::Pending, None));
    ledger.record(pending).await.unwrap();
    let (slow, quick) = (2, 3);
    let success = in_exchange(quick, report(Reported::Succeeded, None));
    ledger.record(success).await.unwrap();
    for event in [
        report(Reported::Pending, None),
        Event::Evidence(Evidence::NotFound),
        Event::Evidence(Evidence::Doubt),
    ] {
        ledger.record(in_exchange(slow, event)).await.unwrap();
        assert_eq!(state(&ledger, id).await, State::Succeeded);
    }
    assert!(open_discrepancies(&ledger).await.is_empty());
    let failed = in_exchange(slow, report(Reported::Failed, None));
    ledger.record(failed).await.unwrap();
    assert_eq!(state(&ledger, id).await, State::Succeeded);
    assert_eq!(kinds(&ledger).await, [DiscrepancyKind::Evidence]);
    assert_eq!(ledger.evidence(id).await.unwrap().observations.len(), 6);
    assert_eq!(available(&ledger, "a").await, 600);
}

#[tokio::test]
async fn exchanges_are_counted_by_when_they_begin() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    let claim = ledger.claim(id, holder(), now()).await.unwrap();
    assert_eq!(claim.summary.exchange, 1);
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: attempt(id, 1),
        guard: SendGuard::HOLDS,
        now: now(),
    };
    assert_eq!(ledger.begin_send(new).await.unwrap(), Begun::Written);
    ledger.record(record(id, Event::LeaseLost)).await.unwrap();
    let later = now() + TimeDelta::hours(1);
    assert!(ledger.take_look(id, holder(), later).await.unwrap());
    assert_eq!(ledger.refund(id).await.unwrap().unwrap().exchange, 2);
}

/// T12: "to FAILED only if every copy found has failed and none can still arrive".
#[tokio::test]
async fn failure_is_believed_only_when_no_other_copy_can_arrive() {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = submitted(&ledger, 400).await;
    ledger.record(record(id, Event::LeaseLost)).await.unwrap();
    by_hand(&folder)
        .execute_batch("INSERT INTO sends (refund_id, step, number, send, at) SELECT refund_id, step, number, 2, at FROM sends")
        .unwrap();
    ledger
        .record(record(id, report(Reported::Failed, None)))
        .await
        .unwrap();
    assert_eq!(state(&ledger, id).await, State::Unknown);
    assert_eq!(available(&ledger, "a").await, 600);
}

/// T17: "another amount → ACTION_REQUIRED, hold = the larger".
#[tokio::test]
async fn another_amount_holds_the_larger() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = submitted(&ledger, 400).await;
    ledger
        .record(record(id, report(Reported::Pending, None)))
        .await
        .unwrap();
    ledger
        .record(record(id, report(Reported::Succeeded, Some(usd(450)))))
        .await
        .unwrap();
    assert_eq!(state(&ledger, id).await, State::ActionRequired);
    assert_eq!(available(&ledger, "a").await, 550);
    assert_eq!(kinds(&ledger).await, [DiscrepancyKind::Evidence]);
}

#[rstest]
#[case::forget_one("DELETE FROM external_refunds")]
#[case::shrink_one("UPDATE external_refunds SET amount_minor = 1")]
#[case::undo_one("UPDATE external_refunds SET state = 'pending'")]
#[case::fail_one("UPDATE external_refunds SET state = 'failed'")]
#[case::link_across_payments(
    "UPDATE external_refunds SET linked_refund = (SELECT id FROM refunds WHERE amount_minor = 70)"
)]
#[case::begin_linked(
    "INSERT INTO external_refunds (payment_id, account, amount_minor, currency, state, source, origin, first_seen, last_seen, linked_refund)
     SELECT payment_id, account, 1, currency, 'done', 'sync', '', 0, 0, id FROM refunds"
)]
#[case::replace_one(
    "INSERT OR REPLACE INTO external_refunds (payment_id, account, provider_refund_id, amount_minor, currency, state, source, origin, first_seen, last_seen)
     SELECT payment_id, account, provider_refund_id, 1, currency, 'failed', 'sync', '', 0, 0 FROM external_refunds"
)]
#[case::lower_the_files_figure(
    "UPDATE captures SET external_minor = external_minor - 1 WHERE external_minor > 0"
)]
#[case::free_the_disputed("UPDATE captures SET disputed_minor = 0")]
#[case::free_the_payment("UPDATE payments SET disputed_minor = 0 WHERE disputed_minor > 0")]
#[case::forget_a_dispute("DELETE FROM disputes")]
#[case::undo_a_chargeback("UPDATE disputes SET stage = 'alert'")]
#[case::move_a_dispute(
    "UPDATE disputes SET payment_id = (SELECT id FROM payments WHERE provider_payment_id = 'b')"
)]
#[case::answer_afterwards("INSERT INTO dispute_refunds SELECT id, 1 FROM refunds LIMIT 1")]
#[case::close_without_a_word("UPDATE discrepancies SET resolved_at = 1")]
#[case::close_ones_own(
    "UPDATE discrepancies SET resolved_at = 1, resolved_by = 'max', note = 'fine'"
)]
#[case::rewrite_a_discrepancy("UPDATE discrepancies SET kind = 'evidence'")]
#[case::forget_a_discrepancy("DELETE FROM discrepancies")]
#[case::send_while_blocked("UPDATE refunds SET state = 'submitting' WHERE state = 'approved'")]
#[case::hold_while_blocked(
    "INSERT INTO refunds (id, payment_id, capture_seq, account, kind, amount_minor, currency, reason, maker, hash,
         policy_version, state, expires_at, created_at, updated_at)
     SELECT '0199f0a0-0000-7000-8000-00000000000f', payment_id, capture_seq, account, kind, 1, currency, reason, maker,
         hash, 1, 'reserved', 0, 0, 0 FROM refunds WHERE amount_minor = 600"
)]
#[tokio::test]
async fn refused_by_hand(#[case] sql: &str) {
    let (folder, ledger) = open();
    let refunded = ImportRow {
        refunded: Some(usd(50)),
        ..row("b", 5_000)
    };
    import(&ledger, vec![row("a", 10_000), refunded]).await;
    let closed = submitted(&ledger, 600).await;
    let refused = record(closed, Event::Evidence(Evidence::Refused));
    ledger.record(refused).await.unwrap();
    ledger
        .record(record(closed, report(Reported::Succeeded, None)))
        .await
        .unwrap();
    disputed(&ledger, "cb-1", 100, Stage::Open).await;
    seen(&ledger, "x1", 300, ExternalState::Done).await;
    reserve(&ledger, "b", 70).await;
    let connection = by_hand(&folder);
    connection
        .pragma_update(None, "recursive_triggers", true)
        .unwrap();
    // What waits on the blocked payment was reserved before it was blocked.
    assert_eq!(kinds(&ledger).await, [DiscrepancyKind::LatePayout]);
    if sql.contains("'submitting'") {
        connection
            .execute_batch("UPDATE discrepancies SET owner = 'cora'; DROP TRIGGER discrepancies_fixed;
                UPDATE discrepancies SET payment_id = (SELECT id FROM payments WHERE provider_payment_id = 'b'), refund_id = NULL")
            .unwrap();
    }
    let outcome = connection.execute_batch(sql);
    assert!(outcome.is_err(), "went through: {sql}");
}

/// What may happen to a payment, by this desk or by others.
#[derive(Clone, Debug)]
enum Happening {
    Reserve(i64),
    Send(usize),
    Event(usize, Event),
    Elsewhere(u8, i64, usize),
    Link(usize, Option<usize>),
    Dispute(u8, i64, usize, bool),
    File(i64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let reported = prop::sample::select(vec![
        Reported::Pending,
        Reported::Succeeded,
        Reported::Failed,
        Reported::Reversed,
    ]);
    let amount = prop_oneof![3 => Just(None), 1 => (1_i64..600).prop_map(|minor| Some(usd(minor)))];
    let event = prop_oneof![
        (reported, amount).prop_map(|(status, amount)| report(status, amount)),
        Just(Event::LeaseLost),
        Just(Event::Withdraw),
        Just(Event::Evidence(Evidence::Refused)),
        Just(Event::Evidence(Evidence::NotSent)),
    ];
    prop_oneof![
        3 => (1_i64..600).prop_map(Happening::Reserve),
        3 => (0_usize..6).prop_map(Happening::Send),
        4 => (0_usize..6, event).prop_map(|(at, event)| Happening::Event(at, event)),
        2 => (0_u8..3, 1_i64..500, 0_usize..4).prop_map(|(id, minor, state)| Happening::Elsewhere(id, minor, state)),
        2 => (0_usize..4, prop::option::of(0_usize..6)).prop_map(|(at, refund)| Happening::Link(at, refund)),
        2 => (0_u8..2, 1_i64..700, 0_usize..8, prop::bool::weighted(0.2))
            .prop_map(|(id, minor, stage, foreign)| Happening::Dispute(id, minor, stage, foreign)),
        1 => (1_i64..400).prop_map(Happening::File),
    ]
}

struct Life {
    ledger: Ledger,
    refunds: Vec<RefundId>,
    step: i64,
}

impl Life {
    fn refund(&self, at: usize) -> Option<RefundId> {
        self.refunds.get(at % self.refunds.len().max(1)).copied()
    }

    /// What the desk refuses is refused; what happened elsewhere is written down.
    async fn meets(&mut self, happening: Happening) {
        self.step += 1;
        let ledger = &self.ledger;
        match happening {
            Happening::Reserve(minor) => {
                let before = available(ledger, "a").await;
                let new = reservation("a", minor);
                let id = new.id;
                if ledger.reserve(new).await.is_ok() {
                    assert!(minor <= before, "{minor} of {before}");
                    assert!(available(ledger, "a").await >= 0);
                    self.refunds.push(id);
                }
            }
            Happening::Send(at) => {
                if let Some(id) = self.refund(at) {
                    let before = available(ledger, "a").await;
                    let sent = goes_out(ledger, id).await;
                    assert!(!sent || before >= 0, "sent while overdrawn");
                }
            }
            Happening::Event(at, event) => {
                if let Some(id) = self.refund(at) {
                    let _ = ledger.record(record(id, event)).await;
                }
            }
            Happening::Elsewhere(id, minor, state) => {
                let sighting = Sighting {
                    seen_at: now() + TimeDelta::seconds(self.step),
                    ..sighting(&format!("x{id}"), minor, ExternalState::ALL[state])
                };
                ledger.record_external(sighting).await.unwrap();
            }
            Happening::Link(at, refund) => {
                let found = ledger.externals_of(payment_id("a")).await.unwrap();
                if let Some(found) = found.get(at) {
                    let refund = refund.and_then(|at| self.refund(at));
                    let _ = ledger.link_external(linking(found.id, refund)).await;
                }
            }
            Happening::Dispute(id, minor, stage, foreign) => {
                let code = if foreign { "EUR" } else { "USD" };
                let id = format!("cb-{code}-{id}");
                let amount = Money::new(minor, Currency::from_code(code).unwrap());
                ledger
                    .record_dispute(news(&id, amount, Stage::ALL[stage]))
                    .await
                    .unwrap();
            }
            Happening::File(minor) => {
                let row = ImportRow {
                    refunded: Some(usd(minor)),
                    ..row("a", 1000)
                };
                import(ledger, vec![row]).await;
            }
        }
    }

    /// R6 and invariants 1 and 2.
    async fn holds(&self) {
        assert_recomputes(&self.ledger, "a").await;
        let payment = self.ledger.payment(payment_id("a")).await.unwrap().unwrap();
        let overdrawn = payment.figures().available().minor < 0;
        assert!(
            !overdrawn || payment.blocked,
            "overdrawn, and nothing says so"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// R6: whatever happens in whatever order, imported facts included, the stored balance is the
    /// computed one, no action of this desk overdraws it, and what overdrew it blocks.
    #[test]
    fn invariants_hold_after_every_step(happenings in prop::collection::vec(happening(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, ledger) = open();
            import(&ledger, vec![row("a", 1000)]).await;
            let mut life = Life { ledger, refunds: Vec::new(), step: 0 };
            for happening in happenings {
                life.meets(happening).await;
                life.holds().await;
            }
        });
    }
}
