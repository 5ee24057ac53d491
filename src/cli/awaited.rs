//! A refund that the service sends: a command waits for what becomes of it, and sends nothing.

use std::time::Duration;

use super::Failure;
use super::open::Session;
use super::refunds::{fetch, waits_for_release};
use crate::desk::face::{Notice, RefundCard};
use crate::domain::id::RefundId;
use crate::domain::state::State;

/// How long the service may take to try a refund that nothing keeps.
const UNTRIED: Duration = Duration::from_secs(10);
/// How long one that is being sent may take: longer than any provider has to answer.
const BEING_SENT: Duration = Duration::from_secs(75);
/// A notice can be missed: it is looked again after this.
const AGAIN: Duration = Duration::from_secs(1);

/// Waits until the service has tried to send the refund; with a limit, until it ends, needs a
/// person, or the time is up. How far it has come then.
pub(super) async fn awaited(
    session: &Session,
    id: RefundId,
    limit: Option<Duration>,
    is_stopped: impl Fn(&RefundCard) -> bool,
) -> Result<RefundCard, Failure> {
    let begun = session.clock.elapsed();
    let mut notices = session.desk.notices();
    loop {
        let card = fetch(session, id.to_string()).await?;
        let patience = match limit {
            _ if is_stopped(&card) => Duration::ZERO,
            Some(limit) => open(&card).map_or(Duration::ZERO, |_| limit),
            None => untried(&card),
        };
        let left = patience.saturating_sub(session.clock.elapsed().saturating_sub(begun));
        if left.is_zero() {
            return Ok(card);
        }
        let changed = async {
            while let Ok(notice) = notices.recv().await {
                match notice {
                    Notice::Refund(row) if row.refund.id != id => {}
                    _ => return,
                }
            }
        };
        // What ends the wait is what is read next.
        let _ = tokio::time::timeout(left.min(AGAIN), changed).await;
    }
}

/// Its state, while the desk goes on with it by itself.
fn open(card: &RefundCard) -> Option<State> {
    let state = card.row.refund.state;
    let going_on = matches!(
        state,
        State::Approved | State::Submitting | State::Pending | State::Unknown
    );
    going_on.then_some(state)
}

fn untried(card: &RefundCard) -> Duration {
    let refund = &card.row.refund;
    match refund.state {
        State::Submitting => BEING_SENT,
        State::Approved
            if card.attempts.is_empty() && refund.said.is_none() && !waits_for_release(refund) =>
        {
            UNTRIED
        }
        _ => Duration::ZERO,
    }
}
