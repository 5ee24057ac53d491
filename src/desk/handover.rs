//! The page for the next shift.

use chrono::{DateTime, TimeDelta, Utc};

use super::face::{Actor, Refusal, Reply, ToDoItem};
use super::local::Local;
use crate::domain::handover::{Handover, Kind, Open};
use crate::domain::state::State;

/// A shift, where nobody says since when.
const SHIFT: TimeDelta = TimeDelta::hours(8);

impl Local {
    /// What is open, what must not be forgotten, and what was written since a time.
    pub(super) async fn handover(
        &self,
        actor: &Actor,
        since: Option<DateTime<Utc>>,
    ) -> Result<Reply, Refusal> {
        let at = self.clock.now();
        let since = since.unwrap_or(at - SHIFT);
        let mut open: Vec<Open> = self.to_do(actor).await?.into_iter().map(of_item).collect();
        open.sort_by_key(|it| it.since);
        let counts = self.ledger.state_counts().await?;
        let overdue = open.iter().filter(|it| it.kind == Kind::Overdue).count();
        let sent = counts.of(&[State::Submitting, State::Pending]);
        let waits = counts.of(&[State::Reserved, State::Approved]);
        let unsent = open.iter().filter(|it| it.kind == Kind::Unsent).count();
        Ok(Reply::Handover(Box::new(Handover {
            at,
            by: actor.name.clone(),
            label: self.settings.environment.label().to_owned(),
            zone: self.settings.zone.name().to_owned(),
            since,
            offline: self.mode.offline,
            damaged: self.findings().len() as u64,
            stops: self.ledger.stops().await?,
            under_way: sent.saturating_sub(overdue as u64),
            unsent: waits.saturating_sub(unsent as u64),
            open,
            notes: self.ledger.notes_since(since).await?,
        })))
    }
}

fn of_item(item: ToDoItem) -> Open {
    let held = item.refund.as_ref().filter(|_| item.discrepancy.is_none());
    Open {
        about: item.about(),
        kind: kind(&item),
        reference: item.reference().map(str::to_owned),
        amount: item.amount(),
        held: held.and_then(|row| row.refund.figures().held().ok()),
        owner: item.looked_after_by().map(str::to_owned),
        since: item.since,
        clocked: item.step.clocked,
        what: item.step.what,
        next: item.step.next,
        aside: item.aside,
    }
}

fn kind(item: &ToDoItem) -> Kind {
    if item.request.is_some() {
        return Kind::Request;
    }
    if let Some(discrepancy) = &item.discrepancy {
        return match discrepancy.kind.is_alert() {
            true => Kind::CameBack,
            false => Kind::Contradiction,
        };
    }
    match item.refund.as_ref().map(|row| row.refund.state) {
        Some(State::Unknown) => Kind::Unknown,
        Some(State::Reversed) => Kind::CameBack,
        Some(State::AwaitingApproval) => Kind::Approval,
        Some(State::Approved) => Kind::Unsent,
        Some(State::Pending) => Kind::Overdue,
        Some(State::Failed | State::Rejected) => Kind::NotPaid,
        _ => Kind::NeedsYou,
    }
}
