//! A bulk refund: one form for all that is marked, what would become of each, and what did.

use crate::domain::id::PaymentId;
use crate::domain::money::Money;
use crate::domain::plan::{Plan, Total};
use crate::domain::reason::{self, Reason};
use crate::domain::state::State;

use super::compose::Problem;
use super::edit::LineEdit;

/// From this many refunds on, their total is typed before they are made.
pub const TYPED_FROM_ROWS: usize = 10;

/// A field of the form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field {
    /// How much of each.
    #[default]
    Amount,
    /// Why.
    Reason,
    /// In the operator's own words.
    Note,
}

/// The fields, in their order.
pub const FIELDS: [Field; 3] = [Field::Amount, Field::Reason, Field::Note];

/// The form, the plan, and how far it is carried out.
#[derive(Clone, Debug)]
pub struct Bulk {
    /// The payments.
    pub payments: Vec<PaymentId>,
    /// What can be refunded of them, per currency.
    pub can_refund: Vec<Money>,
    /// Where typing goes.
    pub focus: Field,
    /// An amount expression, read for each payment by itself.
    pub amount: LineEdit,
    /// Which reason, by its place among those offered; none yet at first.
    pub reason: Option<usize>,
    /// The note.
    pub note: LineEdit,
    /// The desk is asked what would become of each.
    pub judging: bool,
    /// What would become of each.
    pub plan: Option<Judged>,
    /// What became of each, as far as it went.
    pub run: Option<Run>,
    /// The row the cursor is on, once there are verdicts.
    pub cursor: usize,
    /// The first line shown.
    pub scroll: usize,
    /// Why the desk could not say.
    pub refused: Option<Problem>,
}

/// A plan with what is shown of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The plan.
    pub plan: Plan,
    /// Its hash: what its refunds' keys are made of.
    pub hash: String,
    /// What it comes to, per currency.
    pub totals: Vec<Total>,
}

/// A plan being carried out, row by row.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// What became of the rows so far.
    pub outcomes: Vec<Outcome>,
    /// The next row is under way.
    pub under_way: bool,
    /// Why it stopped before its end; it can go on.
    pub broken: Option<Problem>,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was not to be made.
    LeftOut,
    /// It was made, and stands so.
    Made(State),
    /// The desk said no.
    Refused(String),
}

impl Bulk {
    /// An empty form: all that can be refunded of each.
    pub fn new(payments: Vec<PaymentId>, can_refund: Vec<Money>) -> Self {
        Self {
            payments,
            can_refund,
            focus: Field::default(),
            amount: LineEdit::offering("rest"),
            reason: None,
            note: LineEdit::default(),
            judging: false,
            plan: None,
            run: None,
            cursor: 0,
            scroll: 0,
            refused: None,
        }
    }

    /// The reason chosen.
    pub fn reason(&self) -> Option<&'static Reason> {
        reason::offered(false).nth(self.reason?)
    }

    /// The line being typed, unless the focus is on a choice.
    pub fn line(&mut self) -> Option<&mut LineEdit> {
        match self.focus {
            Field::Amount => Some(&mut self.amount),
            Field::Note => Some(&mut self.note),
            Field::Reason => None,
        }
    }

    /// Moves the focus by fields, stopping at the ends.
    pub fn step(&mut self, by: isize) {
        let at = FIELDS.iter().position(|field| *field == self.focus);
        let to = at.unwrap_or(0).saturating_add_signed(by);
        self.focus = FIELDS[to.min(FIELDS.len() - 1)];
    }

    /// Goes through the choices of the focused field; false where there are none.
    pub fn choose(&mut self, forward: bool) -> bool {
        let count = reason::offered(false).count().max(1);
        if self.focus != Field::Reason {
            return false;
        }
        self.reason = Some(match (self.reason, forward) {
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
            (None, true) => 0,
            (None, false) => count - 1,
        });
        true
    }

    /// Chooses the reason that begins with a letter, the next of them when there are several.
    pub fn choose_by_letter(&mut self, letter: char) {
        let begins = |reason: &Reason| {
            let first = reason.label.chars().next();
            first.is_some_and(|first| first.eq_ignore_ascii_case(&letter))
        };
        let matching: Vec<usize> = reason::offered(false)
            .enumerate()
            .filter_map(|(at, reason)| begins(reason).then_some(at))
            .collect();
        let later = matching
            .iter()
            .find(|at| self.reason.is_none_or(|now| **at > now));
        self.reason = later.or(matching.first()).copied().or(self.reason);
    }

    /// Why it cannot go on yet.
    pub fn missing(&self) -> Option<&'static str> {
        match (&self.plan, &self.run) {
            (_, Some(run)) if run.under_way => Some("the refunds are being made; a moment"),
            (Some(_), Some(run)) if run.broken.is_none() => Some("it is done"),
            (Some(judged), _) if judged.plan.going() == 0 => {
                Some("none of them can be made: go back and change what is asked")
            }
            (Some(_), _) => None,
            (None, _) if self.judging => Some("the desk is asked; a moment"),
            (None, _) if self.amount.text().trim().is_empty() => Some("type an amount first"),
            (None, _) if self.reason.is_none() => Some("choose a reason first"),
            (None, _) => None,
        }
    }

    /// The payment of the row the cursor is on; none before there are verdicts.
    pub fn chosen(&self) -> Option<PaymentId> {
        let row = self.plan.as_ref()?.plan.rows.get(self.cursor)?;
        row.payment.parse().ok()
    }

    /// True while refunds are being made.
    pub fn is_under_way(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.under_way)
    }

    /// How many refunds were made.
    pub fn made(&self) -> usize {
        let outcomes = self.run.iter().flat_map(|run| &run.outcomes);
        outcomes.filter(|it| matches!(it, Outcome::Made(_))).count()
    }
}
