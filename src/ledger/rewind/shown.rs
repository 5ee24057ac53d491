//! What the journal shows of sends that the database may lack.

use std::collections::{BTreeMap, BTreeSet};

use super::super::journal::{Contents, Line, SendName, Sent};
use crate::domain::id::RefundId;

/// The journal beyond the part that was taken over before.
pub(super) struct Shown<'a> {
    pub sent: Vec<&'a Sent>,
    pub disproved: BTreeSet<&'a SendName>,
    pub damaged: Vec<u64>,
    last_attempts: BTreeMap<(RefundId, &'a str), u32>,
}

impl<'a> Shown<'a> {
    pub(super) fn of(journal: Option<&'a Contents>, handled: u64) -> Self {
        let mut shown = Self {
            sent: Vec::new(),
            disproved: BTreeSet::new(),
            damaged: journal.map(|it| it.damaged.clone()).unwrap_or_default(),
            last_attempts: BTreeMap::new(),
        };
        for placed in journal.map(|it| it.lines.as_slice()).unwrap_or_default() {
            match &placed.line {
                Line::Sent(sent) if placed.offset >= handled => shown.add(sent),
                Line::NotExecuted(name) => {
                    shown.disproved.insert(name);
                }
                _ => {}
            }
        }
        shown
    }

    fn add(&mut self, sent: &'a Sent) {
        let name = &sent.name;
        let last = self
            .last_attempts
            .entry((name.refund, name.step.as_str()))
            .or_default();
        *last = name.number.max(*last);
        self.sent.push(sent);
    }

    /// The refunds of which something may have reached a provider.
    pub(super) fn may_have_gone(&self) -> BTreeSet<RefundId> {
        let unresolved = self.sent.iter().filter(|sent| !self.is_disproved(sent));
        unresolved.map(|sent| sent.name.refund).collect()
    }

    /// By its own line, or because a later attempt exists: a new key is made only when every
    /// earlier send of the step is proven unexecuted.
    pub(super) fn is_disproved(&self, sent: &Sent) -> bool {
        let name = &sent.name;
        let last = self.last_attempts.get(&(name.refund, name.step.as_str()));
        self.disproved.contains(name) || last.is_some_and(|last| *last > name.number)
    }
}
