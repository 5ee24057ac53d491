//! The facts that guard a transition, as data: whoever asks for a move states them.

use super::{Move, Refused, Rule, State};
use crate::domain::money::Money;

/// Turns the first fact that does not hold into the refusal of `then`.
fn require(then: Move, facts: &[(bool, &'static str)]) -> Result<Move, Refused> {
    match facts.iter().find(|(holds, _)| !holds) {
        Some((_, why)) => Err(Refused::Guard {
            rule: then.rule,
            why,
        }),
        None => Ok(then),
    }
}

/// T1: what must hold when the maker confirms, checked in the transaction that reserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfirmGuard {
    /// The available balance is still what the maker saw.
    pub expected_available: bool,
    /// Payment, amount and account allow it.
    pub eligible: bool,
    /// The reason has all its required fields.
    pub reason_complete: bool,
}

impl ConfirmGuard {
    pub(super) fn then(self, then: Move) -> Result<Move, Refused> {
        require(
            then,
            &[
                (
                    self.expected_available,
                    "the available balance has changed since it was shown",
                ),
                (self.eligible, "the payment cannot be refunded this way"),
                (self.reason_complete, "the reason lacks a required field"),
            ],
        )
    }
}

/// T3: what must hold when a checker approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApproveGuard {
    /// The checker is not the maker.
    pub checker_is_not_maker: bool,
    /// The checker may approve.
    pub has_role: bool,
    /// The hash of content, available balance, disputes and policy is what the checker saw.
    pub hash_matches: bool,
    /// The request has not expired.
    pub in_time: bool,
}

impl ApproveGuard {
    pub(super) fn then(self, then: Move) -> Result<Move, Refused> {
        require(
            then,
            &[
                (
                    self.checker_is_not_maker,
                    "whoever made a refund cannot approve it",
                ),
                (self.has_role, "this person may not approve"),
                (
                    self.hash_matches,
                    "the refund or its payment changed since it was shown",
                ),
                (self.in_time, "the request for approval has expired"),
            ],
        )
    }
}

/// T7 and T25: what must hold before bytes that move money leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendGuard {
    /// The desk is online and sending is not stopped.
    pub online: bool,
    /// The account's breaker is closed.
    pub breaker_closed: bool,
    /// The waiting time after composing has passed and no release is outstanding.
    pub due: bool,
    /// The payment can still be refunded.
    pub eligible: bool,
    /// This process holds the lease.
    pub lease_held: bool,
    /// The attempt with its key and bytes is on disk.
    pub attempt_durable: bool,
    /// The attempt is new, or was sent before and is inside its replay window.
    pub replay_allowed: bool,
}

impl SendGuard {
    /// All facts hold.
    pub const HOLDS: Self = Self {
        online: true,
        breaker_closed: true,
        due: true,
        eligible: true,
        lease_held: true,
        attempt_durable: true,
        replay_allowed: true,
    };

    pub(super) fn then(self, then: Move) -> Result<Move, Refused> {
        require(
            then,
            &[
                (self.online, "the desk is offline or sending is stopped"),
                (
                    self.breaker_closed,
                    "the provider is not answering; sending waits",
                ),
                (
                    self.due,
                    "its waiting time has not passed or it waits for a release",
                ),
                (self.eligible, "the payment can no longer be refunded"),
                (self.lease_held, "another desk is sending it"),
                (self.attempt_durable, "the attempt is not on disk"),
                (
                    self.replay_allowed,
                    "the attempt was sent before and its replay window is over",
                ),
            ],
        )
    }
}

/// T13: what must hold before an attempt of unknown outcome goes again, same key, same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResendGuard {
    /// The provider documents replay for this request.
    pub replay_safe: bool,
    /// Now is before first sent + window − margin.
    pub inside_window: bool,
    /// The lease and every other fact of a send.
    pub send: SendGuard,
}

impl ResendGuard {
    pub(super) fn then(self, then: Move) -> Result<Move, Refused> {
        let then = require(
            then,
            &[
                (
                    self.replay_safe,
                    "the provider does not promise that a resend pays once",
                ),
                (self.inside_window, "the provider's replay window is over"),
            ],
        )?;
        self.send.then(then)
    }
}

/// T14: what must hold before absence counts as proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbsenceGuard {
    /// The provider's inquiry is authoritative for absence.
    pub authoritative: bool,
    /// Inquiries that found nothing, made later than last sent + delivery bound.
    pub negative_inquiries: u32,
    /// The last of them was made after the second person's decision.
    pub last_after_decision: bool,
    /// Nothing newer was observed.
    pub nothing_newer: bool,
    /// Two people decided.
    pub two_people: bool,
}

impl AbsenceGuard {
    /// How many negative inquiries proof takes.
    pub const INQUIRIES: u32 = 3;

    pub(super) fn then(self, then: Move) -> Result<Move, Refused> {
        require(
            then,
            &[
                (self.authoritative, "the provider's silence proves nothing"),
                (
                    self.negative_inquiries >= Self::INQUIRIES,
                    "too few inquiries found nothing",
                ),
                (
                    self.last_after_decision,
                    "no inquiry was made since the second decision",
                ),
                (self.nothing_newer, "something newer was observed"),
                (self.two_people, "two people must decide"),
            ],
        )
    }
}

/// What two people state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Paid, this much.
    Succeeded {
        /// The amount proven paid.
        paid: Money,
    },
    /// Not paid.
    Failed,
}

/// Why T15 refuses *not paid* for now.
pub const STILL_IN_FLIGHT: &str = "a copy that was sent may still reach the provider";

/// T15: what must hold when two people state an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResolveGuard {
    /// What they state.
    pub verdict: Verdict,
    /// Both gave the same outcome and amount, with evidence.
    pub agreed: bool,
    /// At least one of them is a checker.
    pub one_checker: bool,
    /// At least one of them is not the maker.
    pub one_not_maker: bool,
    /// For PENDING: it cannot be polled, or is past its red mark.
    pub pending_is_stuck: bool,
    /// For FAILED: no copy of it can still arrive at the provider. Either its provider answered its
    /// only send, or the last send is older than the delivery bound.
    pub nothing_in_flight: bool,
}

impl ResolveGuard {
    pub(super) fn then(self, from: State) -> Result<Move, Refused> {
        let then = match self.verdict {
            Verdict::Succeeded { paid } => Move {
                proven: Some(paid),
                ..Move::to(Rule::T15, State::Succeeded)
            },
            Verdict::Failed => Move::to(Rule::T15, State::Failed),
        };
        require(
            then,
            &[
                (
                    self.agreed,
                    "two people must give the same outcome and amount",
                ),
                (self.one_checker, "one of the two must be a checker"),
                (self.one_not_maker, "one of the two must not be the maker"),
                (
                    from != State::Pending || self.pending_is_stuck,
                    "a pending refund is settled by polling until its red mark",
                ),
                (
                    self.verdict != Verdict::Failed || self.nothing_in_flight,
                    STILL_IN_FLIGHT,
                ),
            ],
        )
    }
}
