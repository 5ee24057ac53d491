//! A person's decision about a refund that exists: to withdraw it, or to let it go.

use super::compose::tidy;
use super::face::{Actor, Refusal, Reply};
use super::local::Local;
use super::{later, refusal};
use crate::domain::refund::LaterStep;
use crate::domain::state::{Event, State};
use crate::failpoint;

impl Local {
    /// Withdraws a refund that was not sent; of one that was, has the provider stop it, where that is asked for.
    pub(super) async fn cancel(
        &self,
        actor: &Actor,
        handle: &str,
        note: Option<String>,
        stop: bool,
    ) -> Result<Reply, Refusal> {
        self.writable()?;
        let summary = self.refund_named(handle).await?;
        let (id, state) = (summary.refund.id, summary.refund.state);
        let withdrawable = matches!(
            state,
            State::Reserved | State::AwaitingApproval | State::Approved
        );
        let note = note.map(|note| tidy(&note)).transpose()?;
        if !withdrawable {
            let account = self.account(&summary.refund.account);
            let stoppable = later::may_be_stopped(&summary.refund, account);
            if !(stop && stoppable) {
                return Err(too_late(state, stoppable));
            }
            let step = LaterStep::Stop;
            let stopped = self.send_step(actor, &summary, step, note).await?;
            return Ok(self.decided(actor, stopped).await);
        }
        let mut record = self.record_of(&summary, Event::Withdraw, &actor.name);
        record.note = note;
        let written = self.ledger.record(record).await;
        let change = written.map_err(|error| refusal::unwritten(error, id, "withdrawn"))?;
        failpoint::reach("cancel.committed");
        Ok(self.decided(actor, change.summary).await)
    }

    /// Has the provider pay a refund that it only authorised. It was decided and approved before it
    /// was sent, so one person does.
    pub(super) async fn capture(
        &self,
        actor: &Actor,
        handle: &str,
        note: Option<String>,
    ) -> Result<Reply, Refusal> {
        self.writable()?;
        let summary = self.refund_named(handle).await?;
        let note = note.map(|note| tidy(&note)).transpose()?;
        if summary.refund.later.is_none() && !summary.refund.waits_for_capture() {
            return Err(nothing_to_capture(summary.refund.state));
        }
        let step = LaterStep::Capture;
        let captured = self.send_step(actor, &summary, step, note).await?;
        Ok(self.decided(actor, captured).await)
    }

    /// Lets a refund go that was composed offline.
    pub(super) async fn release(&self, actor: &Actor, handle: &str) -> Result<Reply, Refusal> {
        self.writable()?;
        if self.mode.offline {
            return Err(refusal::rule(
                "offline",
                "a refund is released online, so that its balance can be checked",
                "Open the desk without --offline and release it there.",
            ));
        }
        let id = self.refund_named(handle).await?.refund.id;
        let now = self.clock.now();
        let written = self.ledger.release(id, actor.name.clone(), now).await;
        let released = written.map_err(|error| refusal::unwritten(error, id, "released"))?;
        failpoint::reach("release.committed");
        Ok(self.decided(actor, released).await)
    }
}

fn nothing_to_capture(state: State) -> Refusal {
    let (message, money) = match state {
        State::Succeeded | State::Settled => (
            "the provider has already paid it",
            "It is paid, and only once.",
        ),
        _ => (
            "it does not wait to be captured: the provider does not say that it is only authorised",
            "Nothing changed.",
        ),
    };
    Refusal {
        money: money.to_owned(),
        ..refusal::rule(
            "nothing_to_capture",
            message,
            "See how it stands: refund-desk status REFUND",
        )
    }
}

fn too_late(state: State, stoppable: bool) -> Refusal {
    let (message, money, next) = match state {
        State::Canceled | State::Expired => (
            "it was already withdrawn or has expired",
            "Nothing was paid.",
            "Compose a new refund if one is needed.",
        ),
        state if state.is_open() => (
            "it has been sent and cannot be withdrawn",
            "It may have been paid; its amount stays held.",
            "Follow it: refund-desk status REFUND",
        ),
        _ => (
            "it has ended and cannot be withdrawn",
            "Nothing changed.",
            "See how it ended: refund-desk status REFUND",
        ),
    };
    let next = match stoppable {
        true => {
            "Its provider can be asked to stop it, while it still can: refund-desk cancel REFUND --stop"
        }
        false => next,
    };
    Refusal {
        money: money.to_owned(),
        ..refusal::rule("too_late", message, next)
    }
}
