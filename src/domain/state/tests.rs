//! Every (state × event) pair, against the table written out by hand.

use rstest::rstest;

use super::*;
use crate::domain::money::{Currency, LARGEST_MINOR};

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::from_code("USD").unwrap())
}

const CONFIRM: ConfirmGuard = ConfirmGuard {
    expected_available: true,
    eligible: true,
    reason_complete: true,
};
const APPROVE: ApproveGuard = ApproveGuard {
    checker_is_not_maker: true,
    has_role: true,
    hash_matches: true,
    in_time: true,
};
const RESEND: ResendGuard = ResendGuard {
    replay_safe: true,
    inside_window: true,
    send: SendGuard::HOLDS,
};
const ABSENT: AbsenceGuard = AbsenceGuard {
    authoritative: true,
    negative_inquiries: 3,
    last_after_decision: true,
    nothing_newer: true,
    two_people: true,
};

fn resolve(verdict: Verdict) -> ResolveGuard {
    ResolveGuard {
        verdict,
        agreed: true,
        one_checker: true,
        one_not_maker: true,
        pending_is_stuck: true,
        nothing_in_flight: true,
    }
}

fn report(status: Reported) -> Event {
    Event::Evidence(Evidence::Report {
        status,
        amount: Some(usd(1000)),
    })
}

/// One row: the event, then what follows in each state in the order of [`State::ALL`].
/// `.` refused; a letter is the state that follows; a `!` after it a discrepancy.
#[rustfmt::skip]
pub(crate) fn table() -> Vec<(Event, &'static str)> {
    // States: D R W A S P N U K M F J V C E
    //   Draft Reserved aWaiting Approved Submitting Pending Needs-you Unknown
    //   oK(succeeded) on stateMent(settled) Failed reJected reVersed Canceled Expired
    vec![
        //                                            D  R  W  A  S  P  N  U  K  M  F  J  V  C  E
        (Event::Discard,                             "x  .  .  .  .  .  .  .  .  .  .  .  .  .  ."),
        (Event::Confirm(CONFIRM),                    "R  .  .  .  .  .  .  .  .  .  .  .  .  .  ."),
        (Event::Route { needs_checker: true },       ".  W  .  .  .  .  .  .  .  .  .  .  .  .  ."),
        (Event::Route { needs_checker: false },      ".  A  .  .  .  .  .  .  .  .  .  .  .  .  ."),
        (Event::Approve(APPROVE),                    ".  .  A  .  .  .  .  .  .  .  .  .  .  .  ."),
        (Event::Decline,                             ".  .  C  .  .  .  .  .  .  .  .  .  .  .  ."),
        (Event::Withdraw,                            ".  C  C  C  .  .  .  .  .  .  .  .  .  .  ."),
        (Event::TimeLimit,                           ".  E  E  E  .  .  .  .  .  .  .  .  .  .  ."),
        (Event::Send(SendGuard::HOLDS),              ".  .  .  S  .  .  .  .  .  .  .  .  .  .  ."),
        (Event::ChangeFound,                         ".  .  .  W  .  .  .  .  .  .  .  .  .  .  ."),
        (Event::LeaseLost,                           ".  .  .  .  U  .  .  .  .  .  .  .  .  .  ."),
        (Event::Resend(RESEND),                      ".  .  .  .  .  .  .  S  .  .  .  .  .  .  ."),
        (Event::ProvenAbsent(ABSENT),                ".  .  .  .  .  .  .  A  .  .  .  .  .  .  ."),
        (Event::Resolve(resolve(Verdict::Succeeded { paid: usd(1000) })),
                                                     ".  .  .  .  .  K  K  K  .  .  .  .  .  .  ."),
        (Event::Resolve(resolve(Verdict::Failed)),   ".  .  .  .  .  F  F  F  .  .  .  .  .  .  ."),
        (Event::StopConfirmed,                       ".  .  .  .  .  C  C  .  C  .  .  .  .  .  ."),
        (Event::OnStatement,                         ".  .  .  .  .  .  .  .  M  .  .  .  .  .  ."),
        (Event::Returned,                            ".  .  .  .  .  .  .  .  V  V  .  .  .  .  ."),
        (Event::Restored { sent: false },            ".  R  W  A  U  U  U  U  .  .  .  .  .  .  ."),
        (Event::Restored { sent: true },             ".  U  U  U  U  U  U  U  .  .  .  .  .  .  ."),
        (Event::SendStep(SendGuard::HOLDS),          ".  .  .  .  .  P  N  .  K  .  .  .  .  .  ."),
        (Event::StepDoubt,                           ".  .  .  .  .  P  N  .  K  .  .  .  .  .  ."),
        (Event::Evidence(Evidence::NotSent),         ".  R  W  A  A  P  N  U  K  M  F  J  V  C  E"),
        (Event::Evidence(Evidence::TurnedAway),      ".  R  W  A  A  P  N  U  K  M  F  J  V  C  E"),
        (Event::Evidence(Evidence::Refused),         ".  R  W  A  J  P! N! U  K  M  F  J  V  C  E"),
        (Event::Evidence(Evidence::NotFound),        ".  R  W  A  U  P! N! U  K! M! F  J  V  C  E"),
        (Event::Evidence(Evidence::Doubt),           ".  R  W  A  U  P  N  U  K  M  F  J  V  C  E"),
        (report(Reported::Pending),                  ".  U! U! U! P  P  P  P  K! M! F! J! V! C! E!"),
        (report(Reported::ActionRequired),           ".  U! U! U! N  N  N  N  K! M! F! J! V! C! E!"),
        (report(Reported::Unclear),                  ".  U! U! U! U  P! N! U  K! M! F! J! V! C! E!"),
        (report(Reported::Succeeded),                ".  U! U! U! K  K  K  K  K  M  K! K! V! K! K!"),
        (report(Reported::Failed),                   ".  R  W  A  U  F  F  F  K! M! F  J  V  C  E"),
        (report(Reported::Reversed),                 ".  R  W  A  U  F  F  F  V  V  F  J  V  C  E"),
    ]
}

fn letter(state: State) -> char {
    let position = State::ALL.iter().position(|known| *known == state).unwrap();
    "DRWASPNUKMFJVCE".chars().nth(position).unwrap()
}

fn standing(state: State) -> Standing {
    Standing {
        state,
        requested: usd(1000),
        other_sends_resolved: true,
    }
}

fn outcome(state: State, event: &Event) -> String {
    match transition(&standing(state), event) {
        Err(_) => ".".to_owned(),
        Ok(Move { to: None, .. }) => "x".to_owned(),
        Ok(step) => {
            let mark = if step.discrepancy { "!" } else { "" };
            format!("{}{mark}", letter(step.to.unwrap()))
        }
    }
}

#[test]
fn every_pair_is_as_the_table_says() {
    for (event, row) in table() {
        let expected: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(expected.len(), State::ALL.len(), "{event:?}");
        for (state, expected) in State::ALL.into_iter().zip(expected) {
            assert_eq!(
                outcome(state, &event),
                expected,
                "{state:?} meets {event:?}"
            );
        }
    }
}

#[test]
fn names_read_back() {
    for state in State::ALL {
        assert_eq!(State::from_name(state.name()), Some(state));
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(json, format!("{:?}", state.name()));
    }
}

#[test]
fn another_amount_needs_a_person_and_is_remembered() {
    for state in [
        State::Submitting,
        State::Unknown,
        State::Pending,
        State::ActionRequired,
    ] {
        let event = Event::Evidence(Evidence::Report {
            status: Reported::Succeeded,
            amount: Some(usd(1100)),
        });
        let step = transition(&standing(state), &event).unwrap();
        assert_eq!(step.to, Some(State::ActionRequired), "{state:?}");
        assert_eq!(step.reported, Some(usd(1100)));
        assert!(step.discrepancy);
    }
}

/// T8, T9, T12, T17: while another send of the refund is unresolved, nothing that would release
/// its hold is believed.
#[test]
fn an_unresolved_send_keeps_the_hold() {
    let events = [
        Event::Withdraw,
        Event::TimeLimit,
        Event::Evidence(Evidence::NotSent),
        Event::Evidence(Evidence::TurnedAway),
        Event::Evidence(Evidence::Refused),
        Event::Evidence(Evidence::NotFound),
        Event::Evidence(Evidence::Doubt),
        report(Reported::Failed),
        report(Reported::Reversed),
    ];
    let held = State::ALL.into_iter().filter(|state| state.is_open());
    for state in held.filter(|state| *state != State::AwaitingApproval) {
        for event in &events {
            let standing = Standing {
                other_sends_resolved: false,
                ..standing(state)
            };
            if let Ok(step) = transition(&standing, event) {
                assert!(
                    step.to.is_some_and(State::is_open),
                    "{state:?} meets {event:?}"
                );
                assert!(step.to != Some(State::Approved) || state == State::Approved);
            }
        }
    }
}

/// Each guard with each of its facts made false refuses and says why.
#[test]
fn every_fact_of_every_guard_counts() {
    let sends = [
        SendGuard {
            online: false,
            ..SendGuard::HOLDS
        },
        SendGuard {
            breaker_closed: false,
            ..SendGuard::HOLDS
        },
        SendGuard {
            due: false,
            ..SendGuard::HOLDS
        },
        SendGuard {
            eligible: false,
            ..SendGuard::HOLDS
        },
        SendGuard {
            lease_held: false,
            ..SendGuard::HOLDS
        },
        SendGuard {
            attempt_durable: false,
            ..SendGuard::HOLDS
        },
        SendGuard {
            replay_allowed: false,
            ..SendGuard::HOLDS
        },
    ];
    let resolved = resolve(Verdict::Failed);
    let mut cases: Vec<(State, Event)> = vec![
        (
            State::Draft,
            Event::Confirm(ConfirmGuard {
                expected_available: false,
                ..CONFIRM
            }),
        ),
        (
            State::Draft,
            Event::Confirm(ConfirmGuard {
                eligible: false,
                ..CONFIRM
            }),
        ),
        (
            State::Draft,
            Event::Confirm(ConfirmGuard {
                reason_complete: false,
                ..CONFIRM
            }),
        ),
        (
            State::AwaitingApproval,
            Event::Approve(ApproveGuard {
                checker_is_not_maker: false,
                ..APPROVE
            }),
        ),
        (
            State::AwaitingApproval,
            Event::Approve(ApproveGuard {
                has_role: false,
                ..APPROVE
            }),
        ),
        (
            State::AwaitingApproval,
            Event::Approve(ApproveGuard {
                hash_matches: false,
                ..APPROVE
            }),
        ),
        (
            State::AwaitingApproval,
            Event::Approve(ApproveGuard {
                in_time: false,
                ..APPROVE
            }),
        ),
        (
            State::Unknown,
            Event::Resend(ResendGuard {
                replay_safe: false,
                ..RESEND
            }),
        ),
        (
            State::Unknown,
            Event::Resend(ResendGuard {
                inside_window: false,
                ..RESEND
            }),
        ),
        (
            State::Unknown,
            Event::ProvenAbsent(AbsenceGuard {
                authoritative: false,
                ..ABSENT
            }),
        ),
        (
            State::Unknown,
            Event::ProvenAbsent(AbsenceGuard {
                negative_inquiries: 2,
                ..ABSENT
            }),
        ),
        (
            State::Unknown,
            Event::ProvenAbsent(AbsenceGuard {
                last_after_decision: false,
                ..ABSENT
            }),
        ),
        (
            State::Unknown,
            Event::ProvenAbsent(AbsenceGuard {
                nothing_newer: false,
                ..ABSENT
            }),
        ),
        (
            State::Unknown,
            Event::ProvenAbsent(AbsenceGuard {
                two_people: false,
                ..ABSENT
            }),
        ),
        (
            State::Unknown,
            Event::Resolve(ResolveGuard {
                agreed: false,
                ..resolved
            }),
        ),
        (
            State::Unknown,
            Event::Resolve(ResolveGuard {
                one_checker: false,
                ..resolved
            }),
        ),
        (
            State::Unknown,
            Event::Resolve(ResolveGuard {
                one_not_maker: false,
                ..resolved
            }),
        ),
        (
            State::Unknown,
            Event::Resolve(ResolveGuard {
                nothing_in_flight: false,
                ..resolve(Verdict::Failed)
            }),
        ),
        (
            State::Pending,
            Event::Resolve(ResolveGuard {
                pending_is_stuck: false,
                ..resolved
            }),
        ),
    ];
    for send in sends {
        cases.push((State::Approved, Event::Send(send)));
        cases.push((State::Pending, Event::SendStep(send)));
        cases.push((
            State::Unknown,
            Event::Resend(ResendGuard { send, ..RESEND }),
        ));
    }
    for (state, event) in cases {
        let refused = transition(&standing(state), &event);
        assert!(
            matches!(refused, Err(Refused::Guard { .. })),
            "{state:?} {event:?}: {refused:?}"
        );
    }
}

#[test]
fn a_late_payout_counts_what_was_paid() {
    let event = Event::Evidence(Evidence::Report {
        status: Reported::Succeeded,
        amount: Some(usd(700)),
    });
    let step = transition(&standing(State::Canceled), &event).unwrap();
    assert_eq!(step.rule, Rule::T23);
    assert_eq!(step.proven, Some(usd(700)));
}

/// A provider's word must never widen what is available, nor be too large to be written down.
#[rstest]
#[case(usd(0), None)]
#[case(usd(-700), None)]
#[case(Money::new(700, Currency::from_code("JPY").unwrap()), None)]
#[case(usd(i64::MAX), Some(usd(LARGEST_MINOR)))]
fn an_absurd_amount_counts_as_far_as_it_can(#[case] said: Money, #[case] counted: Option<Money>) {
    let event = |status| {
        Event::Evidence(Evidence::Report {
            status,
            amount: Some(said),
        })
    };
    let pending = standing(State::Pending);
    let step = transition(&pending, &event(Reported::Pending)).unwrap();
    assert_eq!(
        (step.to, step.reported),
        (Some(State::ActionRequired), counted)
    );
    let late = standing(State::Failed);
    let step = transition(&late, &event(Reported::Succeeded)).unwrap();
    assert_eq!(step.proven, Some(counted.unwrap_or(late.requested)));
}
