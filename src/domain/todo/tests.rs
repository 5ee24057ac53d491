//! Each refund that waits, and its one step.

use rstest::rstest;

use super::*;
use crate::domain::approval::Basis;
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::money::{Currency, Money};
use crate::domain::refund::{Content, Kind};
use crate::domain::resolution::{Outcome, Proof};

fn at(minutes: i64) -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

pub(crate) fn refund(state: State) -> Refund {
    let amount = Money::new(1003, Currency::from_code("USD").unwrap());
    let content = Content {
        payment: PaymentId::derive("hub-us", "a"),
        capture_id: None,
        kind: Kind::Refund,
        amount,
        compensation: Money::zero(amount.currency),
        reason: "other".into(),
        note: None,
        case_ref: None,
        maker: "mia".into(),
    };
    Refund {
        id: RefundId::new(at(0)),
        account: "hub-us".into(),
        hash: content.hash(),
        basis: Basis {
            available: amount,
            disputed: Money::zero(amount.currency),
            policy_version: 1,
        },
        approval_hash: String::new(),
        content,
        policy_version: 1,
        caller_key: None,
        supersedes: None,
        state,
        reported: None,
        proven: None,
        provider_refund_id: None,
        trace: None,
        said: Some("said".into()),
        unpaid: None,
        settlement_told: false,
        authorised: false,
        later: None,
        send_after: None,
        expires_at: at(7 * 24 * 60),
        needs_release: false,
        next_look_at: None,
        looks: 0,
        attempts: 1,
        checker: None,
        declined_by: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

fn facts(now: i64) -> Facts<'static> {
    Facts {
        proposal: None,
        transfer: None,
        sent: Some((at(0), at(0))),
        found_nothing: 0,
        promise: Promise {
            replay: Some(Replay {
                wait: TimeDelta::seconds(30),
                window: TimeDelta::minutes(4),
                unasked: false,
            }),
            delivery_bound: TimeDelta::minutes(30),
            absence_is_proof: true,
        },
        overdue: false,
        replaced: false,
        viewer: "ben",
        now: at(now),
    }
}

#[rstest]
#[case(State::Reserved)]
#[case(State::Approved)]
#[case(State::Submitting)]
#[case(State::Pending)]
#[case(State::Succeeded)]
#[case(State::Settled)]
#[case(State::Canceled)]
#[case(State::Expired)]
fn what_goes_by_itself_waits_for_nobody(#[case] state: State) {
    assert_eq!(step(&refund(state), &facts(1)), None);
}

#[rstest]
#[case::repeat_first(1, 0, Act::Wait)]
#[case::then_wait(10, 3, Act::Wait)]
#[case::too_few_looks(40, 1, Act::Wait)]
#[case::then_people(40, 2, Act::Resolve)]
fn an_unknown_outcome_has_one_safe_step(
    #[case] now: i64,
    #[case] found_nothing: u32,
    #[case] act: Act,
) {
    let facts = Facts {
        found_nothing,
        ..facts(now)
    };
    let step = step(&refund(State::Unknown), &facts).unwrap();
    assert_eq!((step.tab, step.act), (Tab::Problems, act), "{step:?}");
    let clocked = match now {
        1 => Some(Clocked::Resend(at(0) + TimeDelta::seconds(30))),
        10 => Some(Clocked::AbsenceFrom(at(30))),
        _ => step.clocked,
    };
    assert_eq!(step.clocked, clocked);
}

/// Where nobody can be asked, the desk repeats it by itself, and says so.
#[rstest]
#[case(1, Act::Wait)]
#[case(10, Act::Resolve)]
fn what_cannot_be_asked_about_is_repeated(#[case] now: i64, #[case] act: Act) {
    let promise = facts(now).promise;
    let facts = Facts {
        promise: Promise {
            replay: promise.replay.map(|replay| Replay {
                unasked: true,
                ..replay
            }),
            absence_is_proof: false,
            ..promise
        },
        ..facts(now)
    };
    let step = step(&refund(State::Unknown), &facts).unwrap();
    assert_eq!(step.act, act, "{step:?}");
    let waits = act == Act::Wait;
    assert_eq!(step.next.contains("cannot be asked"), waits, "{step:?}");
    let from = Clocked::Resend(at(0) + TimeDelta::seconds(30));
    assert_eq!(step.clocked, waits.then_some(from));
}

#[test]
fn without_promises_only_people_can_tell() {
    let facts = Facts {
        promise: Promise {
            replay: None,
            delivery_bound: TimeDelta::minutes(30),
            absence_is_proof: false,
        },
        ..facts(1)
    };
    let step = step(&refund(State::Unknown), &facts).unwrap();
    assert_eq!((step.act, step.clocked), (Act::Resolve, None));
}

#[rstest]
#[case("mia", Tab::Mine)]
#[case("ben", Tab::Approvals)]
fn a_card_lies_with_its_checkers(#[case] viewer: &str, #[case] tab: Tab) {
    let facts = Facts { viewer, ..facts(1) };
    let step = step(&refund(State::AwaitingApproval), &facts).unwrap();
    assert_eq!(step.tab, tab);
    assert_eq!(step.who, Who::AnyoneBut("mia".into()));
    assert_eq!(step.clocked, Some(Clocked::Expires(at(7 * 24 * 60))));
}

#[rstest]
#[case("mia", Tab::Approvals)]
#[case("ben", Tab::Mine)]
fn a_statement_waits_for_another_than_its_author(#[case] viewer: &str, #[case] tab: Tab) {
    let proof = Proof {
        kind: "statement".into(),
        reference: "line 7".into(),
        dated: None,
        file_sha256: None,
    };
    let proposal = Proposal {
        outcome: Outcome::Failed,
        proof,
        by: "ben".into(),
        at: at(1),
        hash: String::new(),
        ended: None,
    };
    let facts = Facts {
        proposal: Some(&proposal),
        viewer,
        ..facts(1)
    };
    let step = step(&refund(State::Unknown), &facts).unwrap();
    assert_eq!((step.tab, step.act), (tab, Act::Decide));
    assert!(
        step.what.contains("ben says: not paid (statement: line 7)"),
        "{step:?}"
    );
}

#[test]
fn what_ended_badly_waits_until_it_is_replaced() {
    let back = refund(State::Reversed);
    assert_eq!(step(&back, &facts(1)).unwrap().act, Act::Replace);
    let replaced = Facts {
        replaced: true,
        ..facts(1)
    };
    assert_eq!(step(&back, &replaced), None);
    let failed = refund(State::Failed);
    assert_eq!(step(&failed, &facts(1)), None, "only its maker is told");
    let mine = Facts {
        viewer: "mia",
        ..facts(1)
    };
    assert_eq!(step(&failed, &mine).unwrap().tab, Tab::Mine);
    let old = Facts {
        now: at(31 * 24 * 60),
        ..mine
    };
    assert_eq!(step(&failed, &old), None);
}

#[test]
fn what_takes_too_long_waits_for_a_person() {
    let facts = Facts {
        overdue: true,
        ..facts(1)
    };
    let step = step(&refund(State::Pending), &facts).unwrap();
    assert_eq!((step.tab, step.act), (Tab::Problems, Act::Resolve));
}

/// What is authorised for just the amount asked has one safe step; anything else is found out about.
#[test]
fn what_is_only_authorised_is_captured() {
    let mut refund = refund(State::ActionRequired);
    assert_eq!(step(&refund, &facts(10)).unwrap().act, Act::Resolve);
    refund.authorised = true;
    let to_do = step(&refund, &facts(10)).unwrap();
    assert_eq!((to_do.act, to_do.who), (Act::Capture, Who::Anyone));
    refund.reported = Some(refund.content.amount);
    assert_eq!(step(&refund, &facts(10)).unwrap().act, Act::Resolve);
    refund.reported = None;
    refund.state = State::Pending;
    assert!(step(&refund, &facts(10)).is_none());
}
