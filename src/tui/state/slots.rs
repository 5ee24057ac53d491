//! Which answers are awaited. Of several requests for one slot only the newest counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::{PaymentId, RefundId};

/// What an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// The top line.
    Overview,
    /// The check of all records.
    Verify,
    /// A page of payments that replaces the window.
    Page,
    /// The page after the window.
    PageAfter,
    /// The page before the window.
    PageBefore,
    /// Count and sums.
    Totals,
    /// The payment looked at.
    Card,
    /// The payment that is likely looked at next.
    Ahead,
    /// The payment whose reference or id was typed.
    Jump,
    /// The same for a refund.
    JumpRefund,
    /// One row of the window that changed.
    Row(PaymentId),
    /// The list of refunds.
    Refunds,
    /// The refund looked at.
    Refund,
    /// What waits for a person.
    ToDo,
    /// What a checker looks at before approving.
    Review,
    /// How the providers stand.
    Providers,
    /// Everything of a payer or order.
    Phone,
    /// What may be given away about a refund.
    Trace,
    /// The handover, or an order.
    Sheet,
    /// How refunds go.
    Radar,
    /// One's own columns and views.
    Views,
    /// Who did what.
    Activity,
    /// Who paid, in full.
    Reveal,
    /// What the draft would be.
    Preview,
    /// Which payments of the window look like one paid twice.
    Twins,
    /// What one was composing and left.
    Drafts,
    /// The payment of a draft to be gone on with.
    Resume,
    /// The payment of a refund to be made again.
    Again(RefundId),
    /// All that the filter shows, to be marked.
    Marks,
    /// What would become of a bulk refund.
    Plan,
    /// The refund of a bulk being composed: money.
    Bulk,
    /// A refund being composed: money.
    Compose,
    /// A decision about a refund that exists: money.
    Decide,
}

impl Slot {
    /// True for a search, which may be ended before it has an answer.
    pub const fn is_search(self) -> bool {
        matches!(
            self,
            Self::Page | Self::PageAfter | Self::PageBefore | Self::Totals
        )
    }

    /// The searches that a new one ends at once: its own, and what would be added to the old list.
    pub const fn ends(self) -> &'static [Self] {
        match self {
            Self::Page => &[Self::Page, Self::PageAfter, Self::PageBefore],
            Self::Totals => &[Self::Totals],
            _ => &[],
        }
    }

    /// True for what stands beside that which is looked for: it may come a moment later.
    pub const fn is_beside(self) -> bool {
        matches!(
            self,
            Self::Overview
                | Self::Verify
                | Self::PageAfter
                | Self::PageBefore
                | Self::Totals
                | Self::Card
                | Self::Ahead
                | Self::Row(_)
                | Self::Twins
        )
    }

    /// True for a request that changes something: it is never dropped or replaced.
    pub const fn is_decision(self) -> bool {
        matches!(self, Self::Compose | Self::Bulk | Self::Decide)
    }
}

/// The requests under way.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    last: u64,
    awaited: BTreeMap<Slot, u64>,
    refused: BTreeMap<Slot, String>,
    again: BTreeSet<Slot>,
}

impl Slots {
    /// A new number for a request of this slot; answers to earlier ones no longer count.
    pub fn next(&mut self, slot: Slot) -> u64 {
        self.last += 1;
        self.again.remove(&slot);
        self.awaited.insert(slot, self.last);
        self.last
    }

    /// Takes an answer in; false when a newer request has been made since.
    pub fn take(&mut self, slot: Slot, seq: u64) -> bool {
        let current = self.awaited.get(&slot) == Some(&seq);
        if current {
            self.awaited.remove(&slot);
            self.refused.remove(&slot);
        }
        current
    }

    /// The answer was no, until the slot is answered again.
    pub fn refuse(&mut self, slot: Slot, why: &str) {
        self.refused.insert(slot, why.to_owned());
    }

    /// Why there is no answer, where it was no and nothing is awaited.
    pub fn refusal(&self, slot: Slot) -> Option<&str> {
        let why = self.refused.get(&slot).map(String::as_str);
        why.filter(|_| !self.is_waiting(slot))
    }

    /// No answer of this slot counts any more.
    pub fn forget(&mut self, slot: Slot) {
        self.awaited.remove(&slot);
    }

    /// True while an answer is awaited.
    pub fn is_waiting(&self, slot: Slot) -> bool {
        self.awaited.contains_key(&slot)
    }

    /// True where it can be asked for now; while it is awaited it is remembered for after the answer: of a
    /// storm of news the last is not missed, and one answer at a time is made.
    pub fn may_ask(&mut self, slot: Slot) -> bool {
        let waiting = self.is_waiting(slot);
        if waiting {
            self.again.insert(slot);
        }
        !waiting
    }

    /// True where an answer was awaited when it was wanted once more.
    pub fn ask_again(&mut self, slot: Slot) -> bool {
        self.again.remove(&slot)
    }

    /// How many answers are awaited.
    pub fn outstanding(&self) -> usize {
        self.awaited.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_request_of_a_slot_counts() {
        let mut slots = Slots::default();
        let first = slots.next(Slot::Preview);
        let second = slots.next(Slot::Preview);
        assert!(!slots.take(Slot::Preview, first));
        assert!(slots.is_waiting(Slot::Preview));
        assert!(slots.take(Slot::Preview, second));
        assert!(!slots.take(Slot::Preview, second));
        assert_eq!(slots.outstanding(), 0);
        slots.refuse(Slot::Preview, "no");
        assert_eq!(slots.refusal(Slot::Preview), Some("no"));
        let third = slots.next(Slot::Preview);
        assert_eq!(slots.refusal(Slot::Preview), None);
        assert!(slots.take(Slot::Preview, third));
        assert_eq!(slots.refusal(Slot::Preview), None);
    }

    #[test]
    fn what_is_wanted_while_it_is_awaited_is_wanted_once_more() {
        let mut slots = Slots::default();
        assert!(slots.may_ask(Slot::Activity) && !slots.ask_again(Slot::Activity));
        slots.next(Slot::Activity);
        assert!(!slots.may_ask(Slot::Activity) && !slots.may_ask(Slot::Activity));
        assert!(slots.ask_again(Slot::Activity));
        assert!(!slots.ask_again(Slot::Activity));
    }
}
