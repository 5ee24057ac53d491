//! The rules the desk explores by: the real ones, or one of them weakened. A weakening never
//! touches the transition function: it lies to it, as a desk without that check would.

use refund_desk::domain::evidence::{Evidence, Reported};
use refund_desk::domain::state::{AbsenceGuard, Event, ResendGuard, Standing, State};

/// Which rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    Real,
    /// An error or a time-out is taken for *refused, not executed*.
    ErrorIsFailed,
    /// What is unknown is tried again under a new key.
    NewKeyOnRetry,
    /// What is unknown for a tick is taken for *not paid*.
    AgedIsFailed,
    /// The amount is held only once the provider has answered.
    NoHold,
    /// T8 does not ask whether earlier sends are proven unexecuted.
    T8Unguarded,
    /// T9 does not.
    T9Unguarded,
    /// T13 does not mind the replay window.
    T13AtAnyAge,
    /// T13 does not ask whether the provider knows keys again.
    T13AnyProvider,
    /// T14 believes the absence at once.
    T14AtOnce,
    /// T14 counts looks made while the request could still be on its way.
    T14EarlyLooks,
    /// T14 takes every provider's silence for proof.
    T14AnyProvider,
    /// T15 does not wait until nothing that was sent can arrive any more.
    T15AtOnce,
    /// An older send's answer, or a slow look, is taken for the answer to the send under way.
    AnyAnswerCounts,
}

impl Rules {
    /// What the desk makes of an exchange that proves nothing.
    pub fn doubt(self) -> Evidence {
        match self {
            Self::ErrorIsFailed => Evidence::Refused,
            _ => Evidence::Doubt,
        }
    }

    /// What evidence becomes that is not the answer to the send under way.
    pub fn beside(self, state: State, evidence: Evidence) -> Evidence {
        match (self, state) {
            (Self::AnyAnswerCounts, _) => evidence,
            (_, State::Submitting) => evidence.beside_the_send(),
            _ => evidence,
        }
    }

    /// The facts of the refund, or the lie about them.
    pub fn standing(self, standing: Standing, event: &Event) -> Standing {
        let Event::Evidence(evidence) = event else {
            return standing;
        };
        let failed = matches!(
            evidence,
            Evidence::Report {
                status: Reported::Failed,
                ..
            }
        );
        let turned = matches!(evidence, Evidence::NotSent | Evidence::TurnedAway);
        let lies = match self {
            Self::T8Unguarded => turned,
            Self::T9Unguarded => *evidence == Evidence::Refused,
            Self::AgedIsFailed => failed,
            _ => false,
        };
        Standing {
            other_sends_resolved: standing.other_sends_resolved || lies,
            ..standing
        }
    }

    pub fn resend(self, guard: ResendGuard) -> ResendGuard {
        ResendGuard {
            replay_safe: guard.replay_safe || self == Self::T13AnyProvider,
            inside_window: guard.inside_window || self == Self::T13AtAnyAge,
            ..guard
        }
    }

    pub fn absence(self, guard: AbsenceGuard) -> AbsenceGuard {
        let at_once = self == Self::T14AtOnce;
        AbsenceGuard {
            authoritative: guard.authoritative || self == Self::T14AnyProvider,
            negative_inquiries: if at_once {
                AbsenceGuard::INQUIRIES
            } else {
                guard.negative_inquiries
            },
            last_after_decision: guard.last_after_decision || at_once,
            ..guard
        }
    }

    /// Whether a refund in this state is left out of the sum that a new hold is checked against.
    pub fn leaves_out(self, state: State) -> bool {
        let unanswered = matches!(
            state,
            State::Reserved | State::Approved | State::Submitting | State::Unknown
        );
        self == Self::NoHold && unanswered
    }
}
