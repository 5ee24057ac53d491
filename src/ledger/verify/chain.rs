//! The audit: an unbroken chain, as long as it was.

use std::collections::HashMap;
use std::ops::ControlFlow;

use rusqlite::Connection;

use super::Verdict;
use crate::domain::audit::{AuditEntry, Break, Walk};
use crate::domain::finding::{Finding, Flaw};
use crate::domain::money::Money;
use crate::domain::state::State;
use crate::ledger::audit;
use crate::ledger::error::LedgerError;
use crate::ledger::head::{self, Head};

/// What the audit says of a refund.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// Where it stands.
    pub state: Option<State>,
    /// The amount proven paid, as written.
    pub paid: Option<String>,
    /// The hash of what was decided.
    pub hash: Option<String>,
    /// How often it was sent.
    pub sends: i64,
}

/// What the audit says of money, the last of each counting.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Of each refund.
    pub refunds: HashMap<String, Told>,
    /// What was paid on top of each refund made elsewhere, by our number.
    pub on_top: HashMap<i64, Money>,
}

/// Walks the chain from its first entry; collects what it says of refunds, ours and others.
pub(super) fn check(
    connection: &Connection,
    known: Option<&Head>,
    verdict: &mut Verdict,
) -> Result<Heard, LedgerError> {
    let mut heard = Heard::default();
    walk(connection, verdict, |entry, _| {
        if let Some(event) = entry.action.strip_prefix("refund.") {
            let refund = heard.refunds.entry(entry.subject.clone()).or_default();
            refund.hear(event, &entry.detail);
            let sent = [audit::SEND_TAKEN_OVER, audit::STEP_SENT].contains(&entry.action.as_str());
            refund.sends += i64::from(sent);
        } else if entry.action.starts_with("external.") {
            let id = entry.fact("external").and_then(|id| id.parse().ok());
            heard.on_top.extend(id.zip(entry.money("compensation")));
        }
    })?;
    if let Some(finding) = head::lost(known, connection)? {
        verdict.add(finding);
    }
    Ok(heard)
}

/// Walks the chain from its first entry, whole or broken.
pub(super) fn walk(
    connection: &Connection,
    verdict: &mut Verdict,
    mut look: impl FnMut(&AuditEntry, Option<Break>),
) -> Result<(), LedgerError> {
    let mut walk = Walk::default();
    audit::each_after(connection, 0, |entry| {
        let broken = walk.step(&entry).err();
        if let Some(broken) = broken {
            verdict.add(Finding::of_all(Flaw::Audit, broken.to_string()));
        }
        verdict.entries += 1;
        look(&entry, broken);
        ControlFlow::Continue(())
    })
}

impl Told {
    fn hear(&mut self, event: &str, detail: &str) {
        if let Some(state) = State::from_name(event) {
            self.state = Some(state);
            self.sends += i64::from(state == State::Submitting);
        }
        // A person's note stands last and may say anything.
        let facts = detail.split(" note=").next().unwrap_or_default();
        if let Some(hash) = fact(facts, "hash=") {
            self.hash = Some(hash.to_owned());
        }
        if let Some((_, paid)) = facts.split_once(" paid=") {
            let paid = paid.split(" reported=").next().unwrap_or_default();
            self.paid = Some(paid.to_owned());
        }
    }
}

fn fact<'a>(facts: &'a str, name: &str) -> Option<&'a str> {
    facts
        .split_whitespace()
        .find_map(|word| word.strip_prefix(name))
}
