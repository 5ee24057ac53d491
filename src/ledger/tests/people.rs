//! Decisions of people, and that the database itself insists on two of them.

use rstest::rstest;
use rusqlite::Connection;

use super::elsewhere::open_discrepancies;
use super::*;
use crate::domain::discrepancy::DiscrepancyKind;
use crate::domain::resolution::{Outcome, Proof};
use crate::domain::state::{
    AbsenceGuard, ApproveGuard, Refused, ResolveGuard, Rule as Numbered, STILL_IN_FLIGHT, Verdict,
};

const APPROVE: ApproveGuard = ApproveGuard {
    checker_is_not_maker: false,
    has_role: true,
    hash_matches: false,
    in_time: false,
};

/// Without roles.
fn anybody() -> Checked {
    Checked::by_anybody(now().date_naive())
}

fn by(actor: &str, id: RefundId, event: Event) -> Record {
    Record {
        actor: actor.into(),
        observation: None,
        ..record(id, event)
    }
}

/// A refund of max that waits for a checker, and the hash a checker sees.
async fn waiting(ledger: &Ledger) -> (RefundId, String) {
    import(ledger, vec![row("a", 1000)]).await;
    let mut reservation = reservation("a", 400);
    reservation.policy.approval_above_main = 1;
    ledger.reserve(reservation.clone()).await.unwrap();
    let refund = ledger.refund(reservation.id).await.unwrap().unwrap().refund;
    assert_eq!(refund.state, State::AwaitingApproval);
    (refund.id, refund.approval_hash)
}

fn guard(refused: &Result<Change, LedgerError>) -> Option<&'static str> {
    match refused {
        Err(LedgerError::Refused(Refused::Guard { why, .. })) => Some(why),
        _ => None,
    }
}

#[tokio::test]
async fn a_checker_approves_what_they_saw_and_in_time() {
    let (_folder, ledger) = open();
    let (id, seen) = waiting(&ledger).await;
    let approve = |actor: &str| by(actor, id, Event::Approve(APPROVE));
    let own = ledger
        .approve(approve("max"), seen.clone(), anybody())
        .await;
    assert!(guard(&own).unwrap().contains("cannot approve"), "{own:?}");
    let other = ledger
        .approve(approve("ben"), "0".repeat(64), anybody())
        .await;
    assert!(guard(&other).unwrap().contains("changed"), "{other:?}");
    let late = Record {
        now: now() + TimeDelta::days(7),
        ..approve("ben")
    };
    let late = ledger.approve(late, seen.clone(), anybody()).await;
    assert!(guard(&late).unwrap().contains("expired"), "{late:?}");

    let done = ledger
        .approve(approve("ben"), seen.clone(), anybody())
        .await
        .unwrap();
    let refund = done.summary.refund;
    assert_eq!(
        (refund.state, refund.next_look_at),
        (State::Approved, Some(now()))
    );
    assert_eq!(refund.checker.as_deref(), Some("ben"));
    let claim = ledger.claim(id, holder(), now()).await.unwrap();
    assert_eq!(claim.approved, Some(seen));
}

#[tokio::test]
async fn a_change_before_sending_voids_the_approval_and_keeps_why() {
    let (_folder, ledger) = open();
    let (id, seen) = waiting(&ledger).await;
    let approve = by("ben", id, Event::Approve(APPROVE));
    ledger
        .approve(approve.clone(), seen.clone(), anybody())
        .await
        .unwrap();
    let mut change = by("desk", id, Event::ChangeFound);
    change.note = Some("less is left".into());
    let back = ledger.record(change).await.unwrap().summary.refund;
    assert_eq!(back.state, State::AwaitingApproval);
    assert_eq!(back.checker, None);
    assert_eq!(back.next_look_at, Some(back.expires_at), "it still expires");
    let decisions = ledger.decisions(id).await.unwrap();
    let voided = decisions.approvals[0].voided.clone();
    assert_eq!(voided, Some((now(), "less is left".to_owned())));
    ledger.approve(approve, seen, anybody()).await.unwrap();
    assert_eq!(ledger.decisions(id).await.unwrap().approvals.len(), 2);
}

#[tokio::test]
async fn a_release_of_what_was_approved_offline_sends_at_once() {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let mut reservation = reservation("a", 400);
    reservation.policy.approval_above_main = 1;
    reservation.needs_release = true;
    let id = reservation.id;
    ledger.reserve(reservation).await.unwrap();
    let seen = ledger
        .refund(id)
        .await
        .unwrap()
        .unwrap()
        .refund
        .approval_hash;
    let approve = by("ben", id, Event::Approve(APPROVE));
    ledger.approve(approve, seen, anybody()).await.unwrap();
    assert_eq!(
        ledger.due(Queue::Sends, now(), None, 10).await.unwrap(),
        vec![]
    );
    ledger.release(id, "ben".into(), now()).await.unwrap();
    ledger.claim(id, holder(), now()).await.unwrap();
}

/// What hand-written SQL may not do with a refund of max that waits for a checker.
#[rstest]
#[case::move_it("UPDATE refunds SET state = 'approved'")]
#[case::own_word(
    "INSERT INTO approvals (refund_id, checker, hash, at) SELECT id, maker, hash, 1 FROM refunds"
)]
#[case::late_word(
    "INSERT INTO approvals (refund_id, checker, hash, at) SELECT id, 'ben', hash, expires_at FROM refunds"
)]
#[case::born_void(
    "INSERT INTO approvals (refund_id, checker, hash, at, voided_at, void_reason) SELECT id, 'ben', hash, 1, 1, 'x' FROM refunds"
)]
#[case::own_decline("INSERT INTO declines SELECT id, maker, 'no', 1 FROM refunds")]
#[case::state_it(
    "INSERT INTO proposals (refund_id, outcome, evidence_kind, evidence_reference, hash, by_whom, at)
     SELECT id, 'failed', 'x', 'x', hash, 'ben', 1 FROM refunds"
)]
#[case::skip_a_version("INSERT INTO rules VALUES ('policy', 2, 'x', 'eve', 1)")]
#[tokio::test]
async fn by_hand_is_refused(#[case] sql: &str) {
    let (folder, ledger) = open();
    waiting(&ledger).await;
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    assert!(
        connection.execute_batch(sql).is_err(),
        "went through: {sql}"
    );
}

/// The same once ben has approved.
#[rstest]
#[case::change_the_checker("UPDATE approvals SET checker = 'max'")]
#[case::change_the_hash("UPDATE approvals SET hash = printf('%064d', 1)")]
#[case::void_and_change("UPDATE approvals SET checker = 'eve', voided_at = 1, void_reason = 'x'")]
#[case::delete_it("DELETE FROM approvals")]
#[case::replace_it(
    "INSERT OR REPLACE INTO approvals SELECT seq, refund_id, 'eve', hash, at, NULL, NULL FROM approvals"
)]
#[tokio::test]
async fn an_approval_stays_as_it_was_given(#[case] sql: &str) {
    let (folder, ledger) = open();
    let (id, seen) = waiting(&ledger).await;
    let approve = by("ben", id, Event::Approve(APPROVE));
    ledger.approve(approve, seen, anybody()).await.unwrap();
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    assert!(
        connection.execute_batch(sql).is_err(),
        "went through: {sql}"
    );
}

#[tokio::test]
async fn compensation_and_what_came_back_are_never_approved_by_one() {
    let (folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    for status in [Reported::Succeeded, Reported::Reversed] {
        let told = Record {
            fence: Some(1),
            ..record(id, report(status, None))
        };
        ledger.record(told).await.unwrap();
    }
    assert_eq!(state(&ledger, id).await, State::Reversed);
    let mut again = reservation("a", 100);
    again.supersedes = Some(id);
    let Reserved::New(made) = ledger.reserve(again).await.unwrap() else {
        panic!("it was there already");
    };
    assert_eq!(made.refund.state, State::AwaitingApproval);
    assert!(ledger.follows_reversal(made.refund.id).await.unwrap());
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    for more in ["5, NULL", &format!("0, '{id}'")] {
        let sql = format!(
            "INSERT INTO refunds (id, payment_id, capture_seq, account, kind, amount_minor, currency, reason, maker, hash,
                 policy_version, state, expires_at, created_at, updated_at, compensation_minor, supersedes)
             SELECT '0199f0a0-0000-7000-8000-00000000000f', payment_id, capture_seq, account, kind, 1, currency, reason,
                 maker, hash, 1, 'reserved', 0, 0, 0, {more} FROM refunds LIMIT 1;
             UPDATE refunds SET state = 'approved' WHERE amount_minor = 1"
        );
        let transaction = connection.unchecked_transaction().unwrap();
        let outcome = connection.execute_batch(&sql);
        assert!(
            outcome.unwrap_err().to_string().contains("two people"),
            "{more}"
        );
        transaction.rollback().unwrap();
    }
}

fn proof() -> Proof {
    Proof {
        kind: "statement".into(),
        reference: "line 7".into(),
        dated: None,
        file_sha256: None,
    }
}

fn proposal(id: RefundId, outcome: Outcome) -> NewProposal {
    NewProposal {
        id,
        outcome,
        proof: proof(),
        by: "max".into(),
        right: None,
        now: now(),
    }
}

/// A refund of unknown outcome about which max stated something.
async fn stated(ledger: &Ledger, outcome: Outcome) -> (RefundId, String) {
    import(ledger, vec![row("a", 1000)]).await;
    let id = reserve(ledger, "a", 400).await;
    claim_and_begin(ledger, id, attempt(id, 1)).await.unwrap();
    let doubt = record(id, Event::Evidence(Evidence::Doubt));
    ledger.record(doubt).await.unwrap();
    let summary = ledger.propose(proposal(id, outcome)).await.unwrap();
    (id, summary.refund.approval_hash)
}

fn agreement(actor: &str, id: RefundId, seen: &str, event: Event) -> Agreement {
    Agreement {
        record: by(actor, id, event),
        right: None,
        seen: seen.to_owned(),
        evidence: None,
        decided_at: now(),
        delivery_bound: TimeDelta::minutes(30),
    }
}

const PENDING: Evidence = Evidence::Report {
    status: Reported::Pending,
    amount: None,
};
const STATED: Event = Event::Resolve(ResolveGuard {
    verdict: Verdict::Failed,
    agreed: false,
    one_checker: true,
    one_not_maker: false,
    pending_is_stuck: true,
    nothing_in_flight: false,
});
const ABSENT: Event = Event::ProvenAbsent(AbsenceGuard {
    authoritative: true,
    negative_inquiries: 0,
    last_after_decision: false,
    nothing_newer: false,
    two_people: false,
});

#[tokio::test]
async fn two_people_carry_out_what_one_stated() {
    let (_folder, ledger) = open();
    let (id, seen) = stated(&ledger, Outcome::Succeeded { paid: usd(300) }).await;
    let again = ledger.propose(proposal(id, Outcome::Failed)).await;
    assert!(again.is_err(), "one statement at a time");
    let same = ledger.agree(agreement("max", id, &seen, STATED)).await;
    assert!(matches!(same, Err(LedgerError::SamePerson)), "{same:?}");
    let blind = ledger.agree(agreement("ben", id, "0", STATED)).await;
    assert!(matches!(blind, Err(LedgerError::NotFound(_))), "{blind:?}");
    let done = ledger
        .agree(agreement("ben", id, &seen, STATED))
        .await
        .unwrap();
    assert_eq!(done.step.rule, Numbered::T15);
    assert_eq!(state(&ledger, id).await, State::Succeeded);
    assert_eq!(
        available(&ledger, "a").await,
        700,
        "the proven amount, the rest is free"
    );
}

/// T15 completes: "another amount → ACTION_REQUIRED … then T15 with the proven amount" answers the
/// discrepancy about it, in the name of one who did not make the refund.
#[rstest]
#[case::second_person("cora", "ben", "ben")]
#[case::its_maker_agrees("ben", "max", "ben")]
#[tokio::test]
async fn what_two_people_state_closes_what_it_answers(
    #[case] first: &str,
    #[case] second: &str,
    #[case] closed_by: &str,
) {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    let answer = Record {
        fence: Some(1),
        ..record(id, report(Reported::Succeeded, Some(usd(1100))))
    };
    ledger.record(answer).await.unwrap();
    let kinds = async || {
        let open = open_discrepancies(&ledger).await;
        open.iter().map(|it| it.kind).collect::<Vec<_>>()
    };
    let both = [DiscrepancyKind::Evidence, DiscrepancyKind::Overdrawn];
    assert_eq!(kinds().await, both);
    let new = NewProposal {
        by: first.into(),
        ..proposal(id, Outcome::Succeeded { paid: usd(1100) })
    };
    let seen = ledger.propose(new).await.unwrap().refund.approval_hash;
    assert_eq!(kinds().await, both, "one word closes nothing");
    let agreed = ledger.agree(agreement(second, id, &seen, STATED)).await;
    agreed.unwrap();
    assert_eq!(
        kinds().await,
        [DiscrepancyKind::Overdrawn],
        "more than there was is still gone"
    );
    let filter = DiscrepancyFilter {
        refund: Some(id),
        closed: true,
        ..DiscrepancyFilter::default()
    };
    let closed = ledger.discrepancies(filter).await.unwrap();
    let resolution = closed[0].resolution.clone().unwrap();
    assert_eq!(resolution.by, closed_by);
    let named = format!("stated by {first} and {second}: ");
    assert!(resolution.note.contains(&named), "{resolution:?}");
    sound(&ledger).await;
}

#[tokio::test]
async fn evidence_overtakes_a_statement() {
    let (_folder, ledger) = open();
    let (id, seen) = stated(&ledger, Outcome::Failed).await;
    let found = report(Reported::Succeeded, Some(usd(400)));
    ledger.record(record(id, found)).await.unwrap();
    let late = ledger.agree(agreement("ben", id, &seen, STATED)).await;
    assert!(matches!(late, Err(LedgerError::NotFound(_))), "{late:?}");
    let ended = ledger.decisions(id).await.unwrap().proposals[0]
        .ended
        .clone();
    assert_eq!(ended.unwrap().how.name(), "overtaken");
    assert_eq!(state(&ledger, id).await, State::Succeeded);
}

/// T15: *not paid* releases the hold, so it waits until nothing that was sent can arrive any more;
/// not where the provider has answered the only send.
#[rstest]
#[case::just_sent(Evidence::Doubt, 0, false)]
#[case::within_the_bound(Evidence::Doubt, 30, false)]
#[case::past_it(Evidence::Doubt, 31, true)]
#[case::answered(PENDING, 0, true)]
#[tokio::test]
async fn not_paid_waits_for_what_may_still_arrive(
    #[case] answer: Evidence,
    #[case] minutes: i64,
    #[case] carried_out: bool,
) {
    let (_folder, ledger) = open();
    import(&ledger, vec![row("a", 1000)]).await;
    let id = reserve(&ledger, "a", 400).await;
    claim_and_begin(&ledger, id, attempt(id, 1)).await.unwrap();
    ledger
        .record(record(id, Event::Evidence(answer)))
        .await
        .unwrap();
    let summary = ledger.propose(proposal(id, Outcome::Failed)).await.unwrap();
    let mut agreement = agreement("ben", id, &summary.refund.approval_hash, STATED);
    agreement.record.now = now() + TimeDelta::minutes(minutes);
    let agreed = ledger.agree(agreement).await;
    if carried_out {
        assert_eq!(agreed.unwrap().step.to, Some(State::Failed));
        assert_eq!(available(&ledger, "a").await, 1000);
        return;
    }
    let Err(LedgerError::Refused(Refused::Guard { rule, why })) = agreed else {
        panic!("{agreed:?}");
    };
    assert_eq!((rule, why), (Numbered::T15, STILL_IN_FLIGHT));
    assert_eq!(state(&ledger, id).await, summary.refund.state);
    assert_eq!(available(&ledger, "a").await, 600, "still held");
    let waits = &ledger.decisions(id).await.unwrap().proposals[0];
    assert_eq!(waits.ended, None, "the statement stands");
}

/// What hand-written SQL may not do with a statement of max.
#[rstest]
#[case::both_alone(
    "UPDATE proposals SET second = 'max', ended_as = 'agreed', ended_by = 'max', ended_at = 2"
)]
#[case::agreed_by_none("UPDATE proposals SET ended_as = 'agreed', ended_by = 'ben', ended_at = 2")]
#[case::change_it("UPDATE proposals SET outcome = 'failed'")]
#[case::end_and_change(
    "UPDATE proposals SET by_whom = 'eve', second = 'ben', ended_as = 'agreed', ended_by = 'ben', ended_at = 2"
)]
#[case::delete_it("DELETE FROM proposals")]
#[case::send_anew("UPDATE refunds SET state = 'approved'")]
#[case::send_anew_though_sent(
    "UPDATE proposals SET second = 'ben', ended_as = 'agreed', ended_by = 'ben', ended_at = 9e15;
     UPDATE refunds SET state = 'approved'"
)]
#[case::send_anew_alone("UPDATE sends SET not_executed = 1; UPDATE refunds SET state = 'approved'")]
#[tokio::test]
async fn a_statement_stays_as_it_was_made(#[case] sql: &str) {
    let (folder, ledger) = open();
    stated(&ledger, Outcome::Absent).await;
    let connection = Connection::open(folder.path().join("desk.db")).unwrap();
    assert!(
        connection.execute_batch(sql).is_err(),
        "went through: {sql}"
    );
}

/// An inquiry that found nothing, so many minutes after the send.
async fn ask(ledger: &Ledger, id: RefundId, minutes: i64, attempt: u32) {
    let at = now() + TimeDelta::minutes(minutes);
    let mut found = record(id, Event::Evidence(Evidence::NotFound));
    found.now = at;
    found.observation = Some(Observation {
        at,
        source: ObservationSource::Inquiry,
        attempt: Some(attempt),
        meaning: "not found".into(),
        http_status: Some(200),
        said: "nothing".into(),
        support_id: None,
        raw: None,
    });
    ledger.record(found).await.unwrap();
}

/// T14: at what minutes inquiries found nothing, when the second person decided, and whether that
/// proves it.
#[rstest]
#[case::three_after_the_bound(&[31, 35, 40], 39, None)]
#[case::none_before_it_counts(&[5, 29, 30, 31, 40], 39, Some("too few"))]
#[case::none_after_the_decision(&[31, 35, 40], 41, Some("since the second decision"))]
#[case::two_are_too_few(&[31, 40], 39, Some("too few"))]
#[tokio::test]
async fn absence_is_proven_only_so(
    #[case] asked: &[i64],
    #[case] decided: i64,
    #[case] refused: Option<&str>,
) {
    let (_folder, ledger) = open();
    let (id, seen) = stated(&ledger, Outcome::Absent).await;
    for minutes in asked {
        ask(&ledger, id, *minutes, 1).await;
    }
    let mut agreement = agreement("ben", id, &seen, ABSENT);
    agreement.decided_at = now() + TimeDelta::minutes(decided);
    agreement.record.now = now() + TimeDelta::minutes(42);
    let done = ledger.agree(agreement).await;
    assert_eq!(guard(&done).is_some(), refused.is_some(), "{done:?}");
    match refused {
        Some(why) => {
            assert!(guard(&done).unwrap().contains(why), "{done:?}");
            assert_eq!(state(&ledger, id).await, State::Unknown);
            let waits = ledger.decisions(id).await.unwrap().proposals[0]
                .ended
                .clone();
            assert_eq!(waits, None, "the statement still waits");
        }
        None => assert_eq!(done.unwrap().summary.refund.state, State::Approved),
    }
    assert_eq!(available(&ledger, "a").await, 600);
}

#[tokio::test]
async fn anything_newer_than_the_last_inquiry_keeps_it_unknown() {
    let (_folder, ledger) = open();
    let (id, seen) = stated(&ledger, Outcome::Absent).await;
    for minutes in [31, 35, 40] {
        ask(&ledger, id, minutes, 1).await;
    }
    let doubt = record(id, Event::Evidence(Evidence::Doubt));
    ledger.record(doubt).await.unwrap();
    let mut agreement = agreement("ben", id, &seen, ABSENT);
    agreement.record.now = now() + TimeDelta::minutes(42);
    let done = ledger.agree(agreement).await;
    assert!(guard(&done).is_some(), "{done:?}");
    assert_eq!(state(&ledger, id).await, State::Unknown);
}

#[tokio::test]
async fn what_is_proven_absent_goes_out_under_a_new_key() {
    let (_folder, ledger) = open();
    let (id, seen) = stated(&ledger, Outcome::Absent).await;
    for minutes in [31, 35, 40] {
        ask(&ledger, id, minutes, 1).await;
    }
    let late = now() + TimeDelta::days(8);
    let mut agreement = agreement("ben", id, &seen, ABSENT);
    agreement.record.now = late;
    let refund = ledger.agree(agreement).await.unwrap().summary.refund;
    assert!(
        refund.expires_at > late,
        "two people just decided that it goes"
    );
    let claim = ledger.claim(id, holder(), late).await.unwrap();
    assert!(claim.new_key);
    assert!(claim.attempts[0].sends.iter().all(|send| send.not_executed));
    let new = NewAttempt {
        id,
        fence: claim.fence,
        holder: holder(),
        attempt: attempt(id, 2),
        guard: SendGuard::HOLDS,
        now: late,
    };
    assert_eq!(ledger.begin_send(new).await.unwrap(), Begun::Written);
    let doubt = record(id, Event::Evidence(Evidence::Doubt));
    ledger.record(doubt).await.unwrap();
    let claim = ledger.claim_unknown(id, holder(), late).await.unwrap();
    assert!(!claim.new_key, "the second attempt is not proven absent");
}
