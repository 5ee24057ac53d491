//! The states of a refund and every move between them, as one pure function.
//!
//! [`transition`] is the whole table T0–T25 of `design/domain.md`. Guards arrive as facts inside
//! the [`Event`], so the same function serves the desk and the exploration of every interleaving.

use serde::{Deserialize, Serialize};

use super::evidence::{Evidence, Reported};
use super::money::Money;

mod guard;
mod order;
mod words;
pub use guard::{
    AbsenceGuard, ApproveGuard, ConfirmGuard, ResendGuard, ResolveGuard, STILL_IN_FLIGHT,
    SendGuard, Verdict,
};
pub use order::{Order, overtaken};

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Being composed; nothing is held.
    Draft,
    /// Validated, its amount held.
    Reserved,
    /// Waits for a checker.
    AwaitingApproval,
    /// May be sent.
    Approved,
    /// Its attempt is on disk; bytes may be on the wire.
    Submitting,
    /// The provider accepted it; not final.
    Pending,
    /// Waits for a person.
    ActionRequired,
    /// May or may not have happened. Held; time never releases it.
    Unknown,
    /// The provider says done.
    Succeeded,
    /// Matched to a bank or settlement line.
    Settled,
    /// Accepted, later failed.
    Failed,
    /// Refused at the door, provably not executed.
    Rejected,
    /// Was succeeded or settled, then came back.
    Reversed,
    /// Withdrawn or declined before any unresolved send.
    Canceled,
    /// Past its time limit before any unresolved send.
    Expired,
}

impl State {
    /// Every state, in the order of the table.
    pub const ALL: [Self; 15] = [
        Self::Draft,
        Self::Reserved,
        Self::AwaitingApproval,
        Self::Approved,
        Self::Submitting,
        Self::Pending,
        Self::ActionRequired,
        Self::Unknown,
        Self::Succeeded,
        Self::Settled,
        Self::Failed,
        Self::Rejected,
        Self::Reversed,
        Self::Canceled,
        Self::Expired,
    ];

    /// The name in the database, in JSON and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Reserved => "reserved",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Approved => "approved",
            Self::Submitting => "submitting",
            Self::Pending => "pending",
            Self::ActionRequired => "action_required",
            Self::Unknown => "unknown",
            Self::Succeeded => "succeeded",
            Self::Settled => "settled",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Reversed => "reversed",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// What the state does to the balance.
    pub const fn weight(self) -> Weight {
        match self {
            Self::Reserved
            | Self::AwaitingApproval
            | Self::Approved
            | Self::Submitting
            | Self::Pending
            | Self::ActionRequired
            | Self::Unknown => Weight::Held,
            Self::Succeeded | Self::Settled => Weight::Executed,
            Self::Draft
            | Self::Failed
            | Self::Rejected
            | Self::Reversed
            | Self::Canceled
            | Self::Expired => Weight::None,
        }
    }

    /// True while the refund may still change by itself or by a person: everything held.
    pub const fn is_open(self) -> bool {
        matches!(self.weight(), Weight::Held)
    }

    /// True while money may be on its way: such a refund is looked after until it ends.
    pub const fn may_have_been_sent(self) -> bool {
        matches!(
            self,
            Self::Submitting | Self::Pending | Self::ActionRequired | Self::Unknown
        )
    }
}

/// What a state does to the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Nothing.
    None,
    /// Holds the larger of the amounts asked and reported.
    Held,
    /// Counts the amount proven paid.
    Executed,
}

/// What is known of a refund when an event arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// The amount asked.
    pub requested: Money,
    /// True when every *other* send of this refund is proven not executed, or there was none.
    pub other_sends_resolved: bool,
}

impl Standing {
    /// A refund that may be at the provider has one send the evidence is about; every other must
    /// be proven unexecuted for anything to be released. `unresolved` counts the sends that are
    /// not proven unexecuted.
    pub const fn of(state: State, requested: Money, unresolved: u32) -> Self {
        let in_question = if state.may_have_been_sent() { 1 } else { 0 };
        Self {
            state,
            requested,
            other_sends_resolved: unresolved <= in_question,
        }
    }
}

/// Something that happened to a refund, with the facts its guard asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The maker throws the draft away (T0).
    Discard,
    /// The maker confirms (T1).
    Confirm(ConfirmGuard),
    /// The policy decides whether a checker is needed (T2).
    Route {
        /// A second person must agree.
        needs_checker: bool,
    },
    /// A checker approves (T3).
    Approve(ApproveGuard),
    /// A checker declines (T4).
    Decline,
    /// The maker or a checker withdraws (T4, T6).
    Withdraw,
    /// The time limit is reached (T5).
    TimeLimit,
    /// The sender is about to send (T7).
    Send(SendGuard),
    /// The check before sending found a change (T7a).
    ChangeFound,
    /// Evidence about a send arrived (T8–T12, T16, T17, T20, T22, T23).
    Evidence(Evidence),
    /// The process that was sending is gone, or lost its lease (T11).
    LeaseLost,
    /// The same key and bytes are about to go again (T13).
    Resend(ResendGuard),
    /// The refund is proven absent at the provider (T14).
    ProvenAbsent(AbsenceGuard),
    /// Two people state the outcome with evidence (T15).
    Resolve(ResolveGuard),
    /// The provider confirms that it stopped the refund (T18).
    StopConfirmed,
    /// A bank or settlement line matched (T19).
    OnStatement,
    /// The money came back (T20).
    Returned,
    /// A backup was restored (T24).
    Restored {
        /// The send journal shows it as sent.
        sent: bool,
    },
    /// A later step (confirm, capture, stop) is about to be sent (T25).
    SendStep(SendGuard),
    /// The outcome of a later step is not known (T25).
    StepDoubt,
}

/// The number of a transition in `design/domain.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the numbers are the documentation")]
pub enum Rule {
    T0,
    T1,
    T2,
    T3,
    T4,
    T5,
    T6,
    T7,
    T7a,
    T8,
    T9,
    T10,
    T11,
    T12,
    T13,
    T14,
    T15,
    T16,
    T17,
    T18,
    T19,
    T20,
    T22,
    T23,
    T24,
    T25,
}

/// What follows from an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// By which rule.
    pub rule: Rule,
    /// The state afterwards; `None`: the draft is deleted.
    pub to: Option<State>,
    /// The amount the provider reported, when it differs from the amount asked.
    pub reported: Option<Money>,
    /// The amount now proven paid.
    pub proven: Option<Money>,
    /// A discrepancy must be opened.
    pub discrepancy: bool,
    /// Any approval given is void.
    pub approval_void: bool,
    /// Someone must be told at once.
    pub alert: bool,
    /// The next send needs a new attempt with a new key.
    pub new_attempt: bool,
    /// The outcome of a later step is unknown.
    pub step_unknown: bool,
}

impl Move {
    const fn to(rule: Rule, to: State) -> Self {
        Self {
            rule,
            to: Some(to),
            reported: None,
            proven: None,
            discrepancy: false,
            approval_void: false,
            alert: false,
            new_attempt: false,
            step_unknown: false,
        }
    }

    const fn with_discrepancy(mut self) -> Self {
        self.discrepancy = true;
        self
    }
}

/// Why an event changes nothing: it must not be acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The table has no such move.
    #[error("a refund that is {} cannot do that", .0.name())]
    NoSuchMove(State),
    /// The move exists, its guard does not hold.
    #[error("{why}")]
    Guard {
        /// The move that was asked for.
        rule: Rule,
        /// What is missing.
        why: &'static str,
    },
}

/// What follows when `event` meets a refund as it stands.
///
/// # Errors
/// [`Refused`] when the table has no such move or its guard does not hold. Evidence is never
/// refused: at the least it is kept and, where it contradicts, opens a discrepancy.
pub fn transition(standing: &Standing, event: &Event) -> Result<Move, Refused> {
    use State::{
        ActionRequired, Approved, AwaitingApproval, Canceled, Draft, Expired, Pending, Reserved,
        Settled, Submitting, Succeeded, Unknown,
    };
    let state = standing.state;
    match (state, event) {
        (Draft, Event::Discard) => Ok(Move {
            to: None,
            ..Move::to(Rule::T0, Draft)
        }),
        (Draft, Event::Confirm(guard)) => guard.then(Move::to(Rule::T1, Reserved)),
        (Reserved, Event::Route { needs_checker }) => Ok(Move::to(
            Rule::T2,
            if *needs_checker {
                AwaitingApproval
            } else {
                Approved
            },
        )),
        (AwaitingApproval, Event::Approve(guard)) => guard.then(Move::to(Rule::T3, Approved)),
        (AwaitingApproval, Event::Decline | Event::Withdraw) => Ok(Move::to(Rule::T4, Canceled)),
        (Reserved | AwaitingApproval | Approved, Event::TimeLimit) => {
            unsent(standing, Move::to(Rule::T5, Expired))
        }
        (Reserved | Approved, Event::Withdraw) => unsent(standing, Move::to(Rule::T6, Canceled)),
        (Approved, Event::Send(guard)) => guard.then(Move::to(Rule::T7, Submitting)),
        (Approved, Event::ChangeFound) => Ok(Move {
            approval_void: true,
            ..Move::to(Rule::T7a, AwaitingApproval)
        }),
        (Submitting, Event::LeaseLost) => Ok(Move::to(Rule::T11, Unknown)),
        (Unknown, Event::Resend(guard)) => guard.then(Move::to(Rule::T13, Submitting)),
        (Unknown, Event::ProvenAbsent(guard)) => guard.then(Move {
            new_attempt: true,
            approval_void: true,
            ..Move::to(Rule::T14, Approved)
        }),
        (Unknown | ActionRequired | Pending, Event::Resolve(guard)) => guard.then(state),
        (Pending | ActionRequired | Succeeded, Event::StopConfirmed) => {
            Ok(Move::to(Rule::T18, Canceled))
        }
        (Succeeded, Event::OnStatement) => Ok(Move::to(Rule::T19, Settled)),
        (Succeeded | Settled, Event::Returned) => Ok(reversal()),
        (state, Event::Restored { sent }) => restored(state, *sent),
        // T18 also stops what succeeded, so the step that asks for it starts from there too.
        (Pending | ActionRequired | Succeeded, Event::SendStep(guard)) => {
            guard.then(Move::to(Rule::T25, state))
        }
        (Pending | ActionRequired | Succeeded, Event::StepDoubt) => Ok(Move {
            step_unknown: true,
            ..Move::to(Rule::T25, state)
        }),
        (Draft, Event::Evidence(_)) => Err(Refused::NoSuchMove(state)),
        (_, Event::Evidence(evidence)) => Ok(weigh(standing, *evidence)),
        (_, _) => Err(Refused::NoSuchMove(state)),
    }
}

fn unsent(standing: &Standing, then: Move) -> Result<Move, Refused> {
    if standing.other_sends_resolved {
        Ok(then)
    } else {
        Err(Refused::Guard {
            rule: then.rule,
            why: "a send of this refund is not proven unexecuted; it may have been paid",
        })
    }
}

const fn reversal() -> Move {
    Move {
        alert: true,
        ..Move::to(Rule::T20, State::Reversed)
    }
}

fn restored(state: State, sent: bool) -> Result<Move, Refused> {
    match state {
        State::Reserved | State::AwaitingApproval | State::Approved if !sent => Ok(Move {
            approval_void: true,
            ..Move::to(Rule::T24, state)
        }),
        _ if state.is_open() => Ok(Move::to(Rule::T24, State::Unknown)),
        _ => Err(Refused::NoSuchMove(state)),
    }
}

/// Evidence about a refund that may have been sent. Never fails: what does not fit is kept as a
/// discrepancy, and what is not understood is doubt.
fn weigh(standing: &Standing, evidence: Evidence) -> Move {
    match standing.state {
        State::Submitting => answered(standing, evidence),
        State::Unknown => inquired(standing, evidence),
        State::Pending | State::ActionRequired => looked(standing, evidence),
        State::Succeeded | State::Settled => rechecked(standing, evidence),
        State::Reserved | State::AwaitingApproval | State::Approved => {
            unsent_yet(standing, evidence)
        }
        _ => late(standing, evidence),
    }
}

/// Word of a payout while nothing is under way (T22): an earlier send that was taken for unexecuted
/// went out after all, or somebody else sent it. It is not sent on top of that.
fn unsent_yet(standing: &Standing, evidence: Evidence) -> Move {
    match evidence {
        Evidence::Report {
            status:
                Reported::Pending
                | Reported::ActionRequired
                | Reported::Authorised
                | Reported::Unclear
                | Reported::Succeeded,
            ..
        } => Move {
            approval_void: true,
            alert: true,
            ..Move::to(Rule::T22, State::Unknown).with_discrepancy()
        },
        _ => Move::to(Rule::T22, standing.state),
    }
}

/// The answer to a send (T8–T11).
fn answered(standing: &Standing, evidence: Evidence) -> Move {
    let proven_only_send = standing.other_sends_resolved;
    match evidence {
        Evidence::NotSent | Evidence::TurnedAway if proven_only_send => {
            Move::to(Rule::T8, State::Approved)
        }
        Evidence::Refused if proven_only_send => Move::to(Rule::T9, State::Rejected),
        Evidence::Report {
            status:
                status @ (Reported::Pending
                | Reported::ActionRequired
                | Reported::Authorised
                | Reported::Succeeded),
            amount,
        } => reported(Rule::T10, standing, status, amount),
        Evidence::Report {
            status: Reported::Unclear,
            amount,
        } => unclear(Rule::T11, standing, amount),
        _ => Move::to(Rule::T11, State::Unknown),
    }
}

/// It was made, and that is all that is known: the outcome is unknown, and the larger amount held.
fn unclear(rule: Rule, standing: &Standing, amount: Option<Money>) -> Move {
    Move {
        reported: countable(standing, amount),
        ..Move::to(rule, State::Unknown)
    }
}

/// The answer to an inquiry about an unknown outcome (T12, T22).
fn inquired(standing: &Standing, evidence: Evidence) -> Move {
    match evidence {
        Evidence::Report {
            status: Reported::Unclear,
            amount,
        } => unclear(Rule::T22, standing, amount),
        Evidence::Report { status, amount } => reported(Rule::T12, standing, status, amount),
        _ => Move::to(Rule::T22, State::Unknown),
    }
}

/// A look at a refund on its way (T16, T17, T22).
fn looked(standing: &Standing, evidence: Evidence) -> Move {
    let same = Move::to(Rule::T22, standing.state);
    match evidence {
        Evidence::Report {
            status: Reported::Unclear,
            amount,
        } => Move {
            reported: countable(standing, amount),
            ..same.with_discrepancy()
        },
        Evidence::Report { status, amount } => {
            let rule = match status {
                Reported::Pending | Reported::ActionRequired | Reported::Authorised => Rule::T16,
                _ => Rule::T17,
            };
            reported(rule, standing, status, amount)
        }
        Evidence::NotFound | Evidence::Refused => same.with_discrepancy(),
        Evidence::NotSent | Evidence::TurnedAway | Evidence::Doubt => same,
    }
}

/// A look at a refund that succeeded (T20, T22).
fn rechecked(standing: &Standing, evidence: Evidence) -> Move {
    let same = Move::to(Rule::T22, standing.state);
    match evidence {
        Evidence::Report {
            status: Reported::Reversed,
            ..
        } => reversal(),
        Evidence::Report {
            status: Reported::Succeeded,
            amount,
        } if agrees(standing, amount) => same,
        Evidence::Report { .. } | Evidence::NotFound => same.with_discrepancy(),
        _ => same,
    }
}

/// Evidence after closing: proof of payout counts at once (T23), anything else is kept.
fn late(standing: &Standing, evidence: Evidence) -> Move {
    let same = Move::to(Rule::T22, standing.state);
    let closed_unpaid = matches!(
        standing.state,
        State::Failed | State::Rejected | State::Canceled | State::Expired
    );
    match evidence {
        Evidence::Report {
            status: Reported::Succeeded,
            amount,
        } if closed_unpaid => Move {
            proven: Some(countable(standing, amount).unwrap_or(standing.requested)),
            alert: true,
            ..Move::to(Rule::T23, State::Succeeded).with_discrepancy()
        },
        Evidence::Report {
            status: Reported::Failed | Reported::Reversed,
            ..
        } => same,
        Evidence::Report { .. } => same.with_discrepancy(),
        _ => same,
    }
}

/// An amount a provider names, as far as the balance can use it: another currency or nothing paid
/// leaves the amount asked, and beyond all measure counts as the most there is.
fn countable(standing: &Standing, amount: Option<Money>) -> Option<Money> {
    amount
        .filter(|amount| amount.currency == standing.requested.currency && amount.is_positive())
        .map(Money::capped)
}

fn agrees(standing: &Standing, amount: Option<Money>) -> bool {
    amount.is_none_or(|amount| amount == standing.requested)
}

/// A provider's word on a refund that is open: another amount than asked needs a person, and
/// holds the larger of the two.
fn reported(rule: Rule, standing: &Standing, status: Reported, amount: Option<Money>) -> Move {
    let not_paid = matches!(status, Reported::Failed | Reported::Reversed);
    if not_paid {
        return closing(rule, standing);
    }
    if !agrees(standing, amount) {
        return Move {
            reported: countable(standing, amount),
            ..Move::to(rule, State::ActionRequired).with_discrepancy()
        };
    }
    match status {
        Reported::Succeeded => Move {
            proven: Some(standing.requested),
            ..Move::to(rule, State::Succeeded)
        },
        Reported::ActionRequired | Reported::Authorised => Move::to(rule, State::ActionRequired),
        _ => Move::to(rule, State::Pending),
    }
}

/// A provider says not paid. Only believed when no other copy can still arrive.
fn closing(rule: Rule, standing: &Standing) -> Move {
    if standing.other_sends_resolved {
        Move::to(rule, State::Failed)
    } else {
        Move::to(Rule::T22, standing.state).with_discrepancy()
    }
}

#[cfg(test)]
pub(crate) mod tests;
