//! How things stood, from the entries of the audit up to then.
//!
//! Each entry about money tells what followed from it, so what stands is the last that was told.
//! Amounts asked, captured and by whom never change once written; they are not told again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::audit::AuditEntry;
use super::dispute::Stage;
use super::external::ExternalState;
use super::id::RefundId;
use super::money::Money;
use super::state::State;

/// How a refund of ours stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundThen {
    /// Its state.
    pub state: State,
    /// The amount the provider had reported, where it differed.
    pub reported: Option<Money>,
    /// The amount proven paid.
    pub proven: Option<Money>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// How a refund made elsewhere stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalThen {
    /// The amount known of it.
    pub amount: Money,
    /// What was known to be paid on top; none: nothing was said of it.
    pub compensation: Option<Money>,
    /// Its state.
    pub state: ExternalState,
    /// The refund of ours it was linked to.
    pub linked: Option<RefundId>,
}

/// How a dispute stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisputeThen {
    /// How much was disputed.
    pub amount: Money,
    /// How far it had come.
    pub stage: Stage,
    /// Until when it could be answered.
    pub deadline: Option<DateTime<Utc>>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What the entries about a payment and its refunds tell, the last of each counting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Refunds of ours, by id.
    pub refunds: BTreeMap<String, RefundThen>,
    /// Refunds made elsewhere, by our number.
    pub external: BTreeMap<i64, ExternalThen>,
    /// Those of them that were found in this stretch.
    pub found: BTreeSet<i64>,
    /// Disputes, by our number.
    pub disputes: BTreeMap<i64, DisputeThen>,
    /// Captures that became known after the payment did, by our number.
    pub captures: BTreeMap<i64, DateTime<Utc>>,
}

impl History {
    /// What a stretch of entries tells, in their order.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a AuditEntry>) -> Self {
        let mut history = Self::default();
        for entry in entries {
            history.hear(entry);
        }
        history
    }

    fn hear(&mut self, entry: &AuditEntry) {
        let number = |name| entry.fact(name).and_then(|number| number.parse().ok());
        match entry.action.split_once('.') {
            Some(("refund", event)) => self.hear_refund(event, entry),
            Some(("external", event)) => {
                if let (Some(id), Some(then)) = (number("external"), external(entry)) {
                    self.external.insert(id, then);
                    self.found.extend((event == "found").then_some(id));
                }
            }
            Some(("dispute", _)) => {
                if let (Some(id), Some(then)) = (number("dispute"), dispute(entry)) {
                    self.disputes.insert(id, then);
                }
            }
            Some(("payment", "captured")) => {
                self.captures
                    .extend(number("capture").map(|id| (id, entry.at)));
            }
            _ => {}
        }
    }

    fn hear_refund(&mut self, event: &str, entry: &AuditEntry) {
        let Some(state) = state_after(event) else {
            return;
        };
        let before = self.refunds.get(&entry.subject);
        let then = RefundThen {
            state,
            reported: entry
                .money("reported")
                .or(before.and_then(|it| it.reported)),
            proven: entry.money("paid").or(before.and_then(|it| it.proven)),
            since: entry.at,
        };
        self.refunds.insert(entry.subject.clone(), then);
    }
}

/// The state an event of a refund leads to; none: it stays where it is.
fn state_after(event: &str) -> Option<State> {
    match event {
        "declined" => Some(State::Canceled),
        event => State::from_name(event),
    }
}

fn external(entry: &AuditEntry) -> Option<ExternalThen> {
    Some(ExternalThen {
        amount: entry.money("amount")?,
        compensation: entry.money("compensation"),
        state: ExternalState::from_name(entry.fact("state")?)?,
        linked: entry.fact("linked").and_then(|id| id.parse().ok()),
    })
}

fn dispute(entry: &AuditEntry) -> Option<DisputeThen> {
    Some(DisputeThen {
        amount: entry.money("amount")?,
        stage: Stage::from_name(entry.fact("stage")?)?,
        deadline: entry.fact("deadline").and_then(|at| at.parse().ok()),
        since: entry.at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    fn entry(seq: i64, action: &str, detail: &str) -> AuditEntry {
        AuditEntry {
            seq,
            at: DateTime::from_timestamp_millis(seq).unwrap(),
            actor: "desk".into(),
            action: action.into(),
            subject: "r1".into(),
            detail: detail.into(),
            previous: String::new(),
            hash: String::new(),
        }
    }

    fn usd(minor: i64) -> Option<Money> {
        Some(Money::new(minor, Currency::from_code("USD").unwrap()))
    }

    #[test]
    fn the_last_that_was_told_stands() {
        let entries = [
            entry(1, "refund.reserved", "payment=p amount=4.00 USD"),
            entry(2, "refund.action_required", "rule=T10 reported=5.00 USD"),
            entry(3, "refund.observed", "rule=T22"),
            entry(
                4,
                "refund.succeeded",
                "rule=T15 paid=4.50 USD note=paid=9.00 USD",
            ),
        ];
        let then = |count| History::of(&entries[..count]).refunds["r1"];
        assert_eq!((then(1).state, then(1).reported), (State::Reserved, None));
        assert_eq!(then(3).state, State::ActionRequired);
        assert_eq!(then(3).reported, usd(500));
        assert_eq!(then(3).since, entries[1].at);
        assert_eq!(
            (then(4).state, then(4).proven),
            (State::Succeeded, usd(450))
        );
        assert_eq!(History::of(&[]).refunds.len(), 0);
    }

    /// What a provider or a person wrote stands behind the facts and is none.
    #[test]
    fn words_of_others_are_no_facts() {
        let told = "external=7 amount=1.00 USD state=done linked=- source=sync provider_refund=x amount=9.00 USD state=failed";
        let history = History::of(&[entry(1, "external.found", told)]);
        let then = history.external[&7];
        assert_eq!(
            (Some(then.amount), then.state),
            (usd(100), ExternalState::Done)
        );
        assert_eq!(then.linked, None);
    }
}
