//! The list of refunds, by tab.

use crate::domain::approval::{Approval, Decline};
use crate::domain::audit::AuditEntry;
use crate::domain::discrepancy::Discrepancy;
use crate::domain::id::RefundId;
use crate::domain::listing::{Direction, StateCounts};
use crate::domain::note::Note;
use crate::domain::query::Told;
use crate::domain::refund::{Attempt, Observation, Refund};
use crate::domain::resolution::Proposal;
use crate::domain::state::State;
use crate::domain::todo::Step;
use crate::domain::transfer::Transfer;

use super::narrow::Narrow;
use super::payments::scrolled;

mod order;

pub use order::Sort;

/// A refund in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The refund.
    pub refund: Refund,
    /// The payment's reference.
    pub reference: Option<String>,
    /// Who paid.
    pub payer: Option<String>,
    /// The last four digits of the card or account.
    pub last4: Option<String>,
}

impl Row {
    /// What of it can be looked for.
    pub fn told(&self) -> Told {
        let refund = &self.refund;
        let mut texts = vec![
            refund.id.to_string(),
            refund.content.amount.to_string(),
            refund.account.clone(),
            refund.state.words().to_owned(),
            refund.state.name().replace('_', " "),
            refund.content.maker.clone(),
        ];
        let names = [&self.reference, &self.payer, &self.last4];
        let names = names.into_iter().chain([&refund.provider_refund_id]);
        texts.extend(names.flatten().cloned());
        Told {
            texts,
            account: Some(refund.account.clone()),
            amount: Some(refund.content.amount),
            state: Some(refund.state),
        }
    }
}

/// Which refunds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Not decided yet.
    #[default]
    Open,
    /// A person must do or know something.
    Attention,
    /// Decided.
    Done,
    /// Every one.
    All,
}

const ATTENTION: [State; 4] = [
    State::AwaitingApproval,
    State::ActionRequired,
    State::Unknown,
    State::Reversed,
];

impl Tab {
    /// The tabs, in their order.
    pub const ALL: [Self; 4] = [Self::Open, Self::Attention, Self::Done, Self::All];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Attention => "Attention",
            Self::Done => "Done",
            Self::All => "All",
        }
    }

    /// The states it shows.
    pub fn states(self) -> Vec<State> {
        let all = State::ALL.into_iter();
        match self {
            Self::Open => all.filter(|state| state.is_open()).collect(),
            Self::Attention => ATTENTION.to_vec(),
            Self::Done => all
                .filter(|state| !state.is_open() && *state != State::Draft)
                .collect(),
            Self::All => Vec::new(),
        }
    }

    /// True when a refund in this state belongs on the tab.
    pub fn shows(self, state: State) -> bool {
        self == Self::All || self.states().contains(&state)
    }

    /// How many refunds it shows.
    pub fn count(self, counts: &StateCounts) -> u64 {
        match self {
            Self::All => counts.of(&State::ALL),
            _ => counts.of(&self.states()),
        }
    }

    /// The tab `steps` further on, round and round.
    pub fn step(self, steps: usize) -> Self {
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        Self::ALL[(at + steps) % Self::ALL.len()]
    }
}

/// The list.
#[derive(Clone, Debug, Default)]
pub struct Refunds {
    /// Which refunds.
    pub tab: Tab,
    /// Newest first. A refund that leaves the tab's states while it is looked at stays until the
    /// tab is opened again, so that an operator sees how it ended.
    pub rows: Vec<Row>,
    /// What narrows them down.
    pub narrow: Narrow,
    /// By what they are sorted.
    pub sort: Sort,
    /// And which way.
    pub direction: Direction,
    /// Which of them are listed, and in which order; none: all as they are. They stay while they are
    /// looked at, as the tab's do.
    left: Option<Vec<usize>>,
    /// The list has been answered.
    pub loaded: bool,
    /// Why it could not be read.
    pub failed: Option<String>,
    /// The cursor.
    pub selected: Option<RefundId>,
    /// Where the screen begins.
    pub top: usize,
}

impl Refunds {
    /// The cursor's place.
    pub fn cursor(&self) -> Option<usize> {
        let selected = self.selected?;
        self.listed_from(0)
            .position(|row| row.refund.id == selected)
    }

    /// The selected row.
    pub fn row(&self) -> Option<&Row> {
        self.listed(self.cursor()?)
    }

    /// How many rows are listed.
    pub fn count(&self) -> usize {
        self.left.as_ref().map_or(self.rows.len(), Vec::len)
    }

    fn listed(&self, at: usize) -> Option<&Row> {
        match &self.left {
            None => self.rows.get(at),
            Some(left) => self.rows.get(*left.get(at)?),
        }
    }

    /// The rows that are listed, from a place on.
    pub fn listed_from(&self, at: usize) -> impl Iterator<Item = &Row> {
        (at..self.count()).filter_map(|at| self.listed(at))
    }

    /// Looks which rows are listed: they, or the words, are others.
    pub fn look(&mut self) {
        let narrow = &self.narrow;
        let shown = |(at, row): (usize, &Row)| narrow.shows(|| row.told()).then_some(at);
        let as_they_are = (self.sort, self.direction) == (Sort::Created, Direction::Descending);
        if narrow.is_empty() && as_they_are {
            self.left = None;
            return;
        }
        let left = self.rows.iter().enumerate().filter_map(shown);
        let mut left: Vec<usize> = left.collect();
        let (sort, direction) = (self.sort, self.direction);
        left.sort_by(|one, other| sort.compare(direction, &self.rows[*one], &self.rows[*other]));
        self.left = Some(left);
    }

    /// Sorts them, and begins at the first.
    pub fn sort_by(&mut self, sort: Sort, direction: Direction) {
        (self.sort, self.direction) = (sort, direction);
        self.look();
        self.top = 0;
        self.selected = self.listed(0).map(|row| row.refund.id);
    }

    /// Moves the cursor by rows.
    pub fn move_by(&mut self, rows: isize, height: usize) {
        let to = self.cursor().unwrap_or(0).saturating_add_signed(rows);
        self.select_at(to.min(self.count().saturating_sub(1)), height);
    }

    /// Puts the cursor on a row.
    pub fn select_at(&mut self, at: usize, height: usize) {
        self.selected = self.listed(at).map(|row| row.refund.id);
        self.top = scrolled(self.top, at, height);
    }

    /// Keeps the cursor on its refund after the rows changed.
    pub fn settle(&mut self, height: usize) {
        let at = self.cursor().unwrap_or(0);
        self.select_at(at, height);
    }

    /// Takes the list in as it is now.
    pub fn answered(&mut self, rows: Vec<Row>) {
        let before = std::mem::replace(&mut self.rows, rows);
        let was_loaded = std::mem::replace(&mut self.loaded, true);
        // What is looked at and is known to have ended stays: its end is to be seen.
        let ended = before
            .into_iter()
            .find(|row| Some(row.refund.id) == self.selected && !self.tab.shows(row.refund.state));
        let is_in = |row: &Row| {
            self.rows
                .iter()
                .any(|known| known.refund.id == row.refund.id)
        };
        if let Some(row) = ended.filter(|row| was_loaded && !is_in(row)) {
            self.put_in(row);
        }
        self.look();
    }

    fn put_in(&mut self, row: Row) {
        let at = self
            .rows
            .partition_point(|known| known.refund.id > row.refund.id);
        self.rows.insert(at, row);
    }

    /// Takes a changed refund in: in its place, or on top when it is new and belongs here.
    pub fn update(&mut self, row: Row) {
        match self
            .rows
            .iter_mut()
            .find(|known| known.refund.id == row.refund.id)
        {
            Some(known) => *known = row,
            None if self.tab.shows(row.refund.state) => {
                self.put_in(row);
                self.look();
            }
            None => {}
        }
    }
}

/// One refund with its evidence, over the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The refund.
    pub row: Row,
    /// What was sent, learned and decided, once answered.
    pub evidence: Option<Evidence>,
    /// The first line shown.
    pub scroll: usize,
}

/// Everything that happened to one refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What was sent, oldest first.
    pub attempts: Vec<Attempt>,
    /// What was learned, oldest first.
    pub observations: Vec<Observation>,
    /// Approvals, oldest first, also those that lost their force.
    pub approvals: Vec<Approval>,
    /// A checker's no.
    pub decline: Option<Decline>,
    /// Outcomes that people stated, oldest first.
    pub proposals: Vec<Proposal>,
    /// What is open about it, oldest first.
    pub discrepancies: Vec<Discrepancy>,
    /// What the audit has about it that nothing else here tells, oldest first.
    pub deeds: Vec<AuditEntry>,
    /// What people wrote on it and on its payment, oldest first.
    pub notes: Vec<Note>,
    /// Its bank leg, oldest try first.
    pub transfers: Vec<Transfer>,
    /// The step it waits for, when it waits for a person.
    pub step: Option<Step>,
}
