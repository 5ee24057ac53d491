//! A draft with everything that a rule may ask about it.

use chrono::{DateTime, Utc};

use super::face::Refusal;
use crate::domain::compensation::Wanted;
use crate::domain::dispute::Dispute;
use crate::domain::eligibility::{Eligibility, Terms, Way};
use crate::domain::id::RefundId;
use crate::domain::limits;
use crate::domain::money::Money;
use crate::domain::payment::{Capture, Payment};
use crate::domain::policy::Policy;
use crate::ledger::{Likeness, RefundSummary};

/// A draft with everything it is judged on.
pub(super) struct Judged {
    pub(super) payment: Payment,
    pub(super) terms: Terms,
    pub(super) capture: Result<Capture, Refusal>,
    pub(super) eligibility: Eligibility,
    pub(super) amount: Result<Money, Refusal>,
    /// On top of it; zero: none.
    pub(super) compensation: Result<Money, Refusal>,
    pub(super) problems: Vec<Refusal>,
    pub(super) alike: Vec<(Likeness, RefundSummary)>,
    pub(super) approval: Option<String>,
    /// The limits of whoever asks and of the account, as far as they go today.
    pub(super) allowances: Vec<limits::Named>,
    /// The refund it replaces.
    pub(super) replaced: Option<RefundSummary>,
    pub(super) way: Way,
    /// The dispute it answers.
    pub(super) dispute: Option<Dispute>,
    pub(super) now: DateTime<Utc>,
}

impl Judged {
    /// The amount paid that percentages are of.
    pub(super) fn paid(&self) -> Money {
        match &self.capture {
            Ok(capture) => capture.figures.captured,
            Err(_) => self.payment.figures().captured,
        }
    }

    /// What is available, whether or not it is eligible: no capture has more than its payment.
    pub(super) fn left(&self) -> Money {
        let payment = self.payment.figures().available();
        match &self.capture {
            Ok(capture) if capture.figures.available().minor < payment.minor => {
                capture.figures.available()
            }
            _ => payment,
        }
    }

    /// What the provider's limits make of an amount.
    pub(super) fn named(&self, amount: Money) -> Vec<limits::Named> {
        let own = self.compensation.as_ref().map_or(0, |it| it.minor);
        let minor = self.payment.on_top.total().minor.saturating_add(own);
        let on_top = Money::new(minor, amount.currency);
        let limits = &self.terms.limits;
        limits.named(&self.payment.figures(), amount, on_top)
    }

    /// What stands against the compensation, or against an amount because of it.
    pub(super) fn compensated(&self, policy: &Policy) -> Result<(), Refusal> {
        let compensation = self.compensation.clone()?;
        let Ok(amount) = self.amount else {
            return Ok(());
        };
        let wanted = Wanted {
            kind: self.way.kind,
            amount,
            compensation,
            payment: &self.payment.figures(),
            answers_dispute: self.dispute.is_some(),
            earlier: self.payment.on_top,
        };
        let cap = policy.compensation_cap(amount.currency);
        Ok(wanted.check(self.terms.compensation, cap, &self.terms.limits)?)
    }

    /// The same command again: it finds its refund, so no rule stands against it.
    pub(super) fn repeats(&mut self, known: &RefundSummary) -> RefundId {
        self.amount = Ok(known.refund.content.amount);
        self.problems.clear();
        self.alike.clear();
        self.approval = None;
        known.refund.id
    }
}
