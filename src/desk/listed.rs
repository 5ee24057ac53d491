//! What a line of a provider's list of refunds tells, against what is known.

use crate::domain::evidence::{Evidence, Reported};
use crate::domain::external::{ExternalRefund, ExternalState};
use crate::domain::money::Money;
use crate::domain::refund::Refund;
use crate::domain::state::State;
use crate::providers::ListedRefund;

/// What a line tells beyond what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told<'a> {
    /// Nothing, or nothing that the refund's own looks would not tell better.
    Nothing,
    /// One of ours that was taken for not sent, or of which nothing was known, is there. No line is
    /// written beside it: that would go on holding its amount after ours failed.
    OfOurs(&'a Refund, Evidence),
    /// A refund in this state, to be written down.
    Seen(ExternalState),
}

/// What a line tells. `ours` is the refund of ours that it names, `copies` how many lines that have
/// not failed name the same one.
pub(super) fn told<'a>(
    found: &ListedRefund,
    ours: Option<&'a Refund>,
    copies: usize,
    known: &[ExternalRefund],
) -> Told<'a> {
    let mut before = known.iter().filter(|it| is_of(it, found));
    let Some(refund) = ours.filter(|ours| !has_another_id(ours, found)) else {
        return match before.any(|it| says_the_same(it, found)) {
            true => Told::Nothing,
            false => Told::Seen(state_of(found)),
        };
    };
    let state = state_beside(refund, found);
    let waits = state == ExternalState::Pending;
    // Two under one reference may be two payouts; only its own look through them all counts them. One
    // that failed says nothing while another may be paid (T12).
    let others = copies.saturating_sub(usize::from(is_live(found)));
    let is_one_of_many = others > 0 && refund.state.may_have_been_sent();
    if before.clone().any(|it| it.state == ExternalState::Pending) && !waits && !is_one_of_many {
        // Written down while it was on its way: it must not hold on when ours no longer does.
        return Told::Seen(state);
    }
    let is_known = agrees(refund, found)
        || is_one_of_many
        || waits && is_under_way(refund.state)
        || !refund.state.is_open() && before.any(|it| says_the_same(it, found));
    match refund.state {
        _ if is_known => Told::Nothing,
        _ if waits && refund.state.is_open() => word(refund, found),
        _ => Told::Seen(state),
    }
}

/// A refund that nobody has heard the end of, and that is known to be at the provider: a list says
/// nothing new with it. Of no other may a line be passed over: it would be sent again.
const fn is_under_way(state: State) -> bool {
    matches!(
        state,
        State::Submitting | State::Pending | State::ActionRequired
    )
}

/// A status that the provider does not know itself leaves an unknown outcome unknown.
fn word<'a>(refund: &'a Refund, found: &ListedRefund) -> Told<'a> {
    let status = match found.status {
        None if refund.state == State::Unknown => return Told::Nothing,
        Some(Reported::ActionRequired) => Reported::ActionRequired,
        _ => Reported::Pending,
    };
    let amount = Some(found.amount);
    Told::OfOurs(refund, Evidence::Report { status, amount })
}

/// The money of this line has gone, or may still go.
pub(super) const fn is_live(found: &ListedRefund) -> bool {
    !matches!(found.status, Some(Reported::Failed | Reported::Reversed))
}

/// A word that is not known counts as on its way: it holds its amount.
const fn state_of(found: &ListedRefund) -> ExternalState {
    match found.status {
        Some(Reported::Succeeded) => ExternalState::Done,
        Some(Reported::Failed) => ExternalState::Failed,
        Some(Reported::Reversed) => ExternalState::Reversed,
        Some(
            Reported::Pending | Reported::ActionRequired | Reported::Authorised | Reported::Unclear,
        )
        | None => ExternalState::Pending,
    }
}

/// As [`state_of`], but done without the compensation that was asked, or with another, is not done:
/// its own look finds that it needs a person. Money that left after ours was closed counts at once
/// (T23).
fn state_beside(ours: &Refund, found: &ListedRefund) -> ExternalState {
    let closed_unpaid = matches!(
        ours.state,
        State::Failed | State::Rejected | State::Canceled | State::Expired
    );
    match state_of(found) {
        ExternalState::Done if !closed_unpaid && !compensates(ours, found) => {
            ExternalState::Pending
        }
        state => state,
    }
}

fn compensates(ours: &Refund, found: &ListedRefund) -> bool {
    let asked = ours.content.compensation;
    found.compensation.unwrap_or(Money::zero(asked.currency)) == asked
}

fn is_of(known: &ExternalRefund, found: &ListedRefund) -> bool {
    known.provider_refund_id.as_deref() == Some(found.provider_refund_id.as_str())
}

/// What was found elsewhere before stands as it did. One that turned out ours is evidence about
/// ours, and is judged there.
fn says_the_same(known: &ExternalRefund, found: &ListedRefund) -> bool {
    is_of(known, found)
        && known.linked.is_none()
        && (known.amount, known.state) == (found.amount, state_of(found))
        && found.compensation.is_none_or(|it| it == known.compensation)
}

/// The line has the provider's id of a refund of ours.
pub(super) fn is_ours(refund: &Refund, found: &ListedRefund) -> bool {
    refund.provider_refund_id.as_deref() == Some(found.provider_refund_id.as_str())
}

/// It bears our reference, and ours is another: a second payout, as when an attempt that two people
/// found absent turns up after all.
pub(super) fn has_another_id(refund: &Refund, found: &ListedRefund) -> bool {
    refund.provider_refund_id.is_some() && !is_ours(refund, found)
}

/// The provider's list says of a refund of ours what the desk knows: nothing to write down.
fn agrees(refund: &Refund, found: &ListedRefund) -> bool {
    let same = match found.status {
        Some(Reported::Succeeded) => {
            matches!(refund.state, State::Succeeded | State::Settled) && compensates(refund, found)
        }
        Some(
            Reported::Pending | Reported::ActionRequired | Reported::Authorised | Reported::Unclear,
        )
        | None => is_under_way(refund.state),
        Some(Reported::Failed | Reported::Reversed) => matches!(
            refund.state,
            State::Failed | State::Rejected | State::Reversed | State::Canceled
        ),
    };
    let counted = refund.proven.unwrap_or(refund.content.amount);
    is_ours(refund, found) && same && found.amount == counted
}
