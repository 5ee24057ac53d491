//! Refunds made elsewhere, disputes and discrepancies: the balance follows all of them.

use rstest::rstest;
use rusqlite::Connection;

use super::*;
use crate::domain::discrepancy::{Discrepancy, DiscrepancyKind};
use crate::domain::dispute::{Dispute, Stage};
use crate::domain::external::{ExternalRefund, ExternalSource, ExternalState};

mod attacks;
mod came_back;
mod closing;
mod disputes;
mod on_top;
mod order;
mod random;

fn cadence() -> Cadence {
    Cadence {
        pace: Pace::REAL,
        spread: 500,
        watch: std::time::Duration::from_hours(960),
        retry_after: None,
    }
}

pub(super) fn sighting(id: &str, minor: i64, state: ExternalState) -> Sighting {
    Sighting {
        payment: payment_id("a"),
        capture_id: None,
        provider_refund_id: Some(id.into()),
        correlation: None,
        amount: usd(minor),
        compensation: None,
        state,
        source: ExternalSource::Sync,
        origin: "sync".into(),
        seen_at: now(),
        actor: "desk".into(),
        cadence: cadence(),
        now: now(),
    }
}

pub(super) fn linking(external: i64, refund: Option<RefundId>) -> Linking {
    Linking {
        external,
        refund,
        note: "the portal shows our reference".into(),
        actor: "cora".into(),
        cadence: cadence(),
        now: now(),
    }
}

pub(super) fn news(id: &str, amount: Money, stage: Stage) -> DisputeNews {
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

pub(super) async fn open_discrepancies(ledger: &Ledger) -> Vec<Discrepancy> {
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

pub(super) fn closing(id: i64, actor: &str, accept: bool) -> Closing {
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
        .read(move |connection| crate::ledger::verify::trust(connection, id))
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
    goes_out_at(ledger, id, now()).await
}

async fn goes_out_at(ledger: &Ledger, id: RefundId, now: DateTime<Utc>) -> bool {
    let Ok(claim) = ledger.claim(id, holder(), now).await else {
        return false;
    };
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: Attempt {
            created_at: now,
            ..attempt(id, 1)
        },
        guard: SendGuard::HOLDS,
        now,
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
    ledger.record(refusal(ours)).await.unwrap();
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
