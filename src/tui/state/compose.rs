//! A refund being composed.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::balance::Figures;
use crate::domain::cause::{Cause, Unpaid};
use crate::domain::eligibility::{Eligibility, WhyNot};
use crate::domain::id::RefundId;
use crate::domain::money::Money;
use crate::domain::parked::{Parked, Typed};
use crate::domain::payment::Payment;
use crate::domain::reason::{self, Need, Reason};
use crate::domain::refund::{Kind, Refund};

use super::edit::LineEdit;

/// A field of the form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field {
    /// How much.
    #[default]
    Amount,
    /// How much on top of it, where the provider pays compensation.
    Compensation,
    /// From which capture, where there are several.
    Capture,
    /// Why.
    Reason,
    /// In the operator's own words.
    Note,
    /// The case at the payer's bank or scheme.
    Case,
}

/// The form and what the desk says about it.
#[derive(Clone, Debug)]
pub struct Compose {
    /// The payment.
    pub payment: Payment,
    /// What can be refunded of it.
    pub eligibility: Eligibility,
    /// In which way money goes back: an unsettled payment can only be voided.
    pub kind: Kind,
    /// Where typing goes.
    pub focus: Field,
    /// An amount expression.
    pub amount: LineEdit,
    /// Compensation can be paid on top of a full refund of this payment.
    pub compensates: bool,
    /// The compensation, an amount expression.
    pub compensation: LineEdit,
    /// Which capture, by its place.
    pub capture: usize,
    /// Which reason, by its place among those offered; none yet at first, so that no reason is
    /// given by accident.
    pub reason: Option<usize>,
    /// The note.
    pub note: LineEdit,
    /// The case reference.
    pub case_ref: LineEdit,
    /// What the desk last said.
    pub preview: Option<Preview>,
    /// The form changed since.
    pub stale: bool,
    /// Go on to the confirm dialog when the desk has answered.
    pub wants_review: bool,
    /// Show the exact request.
    pub shows_request: bool,
    /// The first line of the preview shown.
    pub scroll: usize,
    /// Why the desk could not answer, or refused.
    pub refused: Option<Problem>,
    /// It goes on with a draft that was left then.
    pub resumed: Option<DateTime<Utc>>,
    /// The refund in whose place it is.
    pub supersedes: Option<RefundId>,
    /// What stood in it at first without being typed.
    pub prefilled: Typed,
}

/// What the desk says a refund would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The account it goes through.
    pub account: String,
    /// What can be refunded now.
    pub can_refund: Money,
    /// What is available, limits aside.
    pub available: Option<Money>,
    /// The amount as understood.
    pub amount: Option<Money>,
    /// On top of it.
    pub compensation: Option<Money>,
    /// What would remain.
    pub remaining: Option<Money>,
    /// Each limit.
    pub limits: Vec<Limit>,
    /// The last day of the window.
    pub refundable_until: Option<NaiveDate>,
    /// Who must agree.
    pub approval: Option<String>,
    /// Earlier refunds this may repeat.
    pub duplicates: Vec<String>,
    /// Why it would be refused.
    pub problems: Vec<Problem>,
    /// The exact request.
    pub request: Option<Wire>,
}

/// A limit by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its name.
    pub name: String,
    /// Its figure.
    pub figure: String,
    /// The draft keeps it.
    pub kept: bool,
}

/// Why the desk refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What it means for the money.
    pub money: String,
    /// What to do.
    pub next: String,
}

/// A request as it would go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// HTTP method.
    pub method: String,
    /// Full URL.
    pub url: String,
    /// The body.
    pub body: String,
}

impl Compose {
    /// An empty form; `compensates`: the payment's account can pay compensation.
    pub fn new(payment: Payment, eligibility: Eligibility, compensates: bool) -> Self {
        let kind = match eligibility.why_not {
            Some(WhyNot::Unsettled) => Kind::Void,
            _ => Kind::Refund,
        };
        let figures = payment.figures();
        let untouched = figures == Figures::captured(figures.captured);
        let mut form = Self {
            // Anything held, back or disputed, and it is no full refund any more.
            compensates: compensates && untouched && kind == Kind::Refund,
            compensation: LineEdit::default(),
            payment,
            eligibility,
            kind,
            focus: Field::Amount,
            amount: LineEdit::default(),
            capture: 0,
            reason: None,
            note: LineEdit::default(),
            case_ref: LineEdit::default(),
            preview: None,
            stale: true,
            wants_review: false,
            shows_request: false,
            scroll: 0,
            refused: None,
            resumed: None,
            supersedes: None,
            prefilled: Typed::default(),
        };
        form.begin();
        form
    }

    /// The same once more, in place of a refund that was not paid or came back.
    pub fn again(mut self, old: &Refund) -> Self {
        self.supersedes = Some(old.id);
        // What the provider has settled stays so, whatever the file says; what it had not may be since.
        let settled = |unpaid: &Unpaid| unpaid.cause == Cause::SettledMeanwhile;
        if old.unpaid.as_ref().is_some_and(settled) {
            self.kind = Kind::Refund;
        }
        self.begin();
        let content = &old.content;
        let on_top = content.compensation;
        self.fill(&Typed {
            amount: content.amount.decimal(),
            compensation: match on_top.is_positive() {
                true => on_top.decimal(),
                false => String::new(),
            },
            capture_id: content.capture_id.clone(),
            reason: Some(content.reason.clone()),
            note: content.note.clone().unwrap_or_default(),
            case_ref: content.case_ref.clone().unwrap_or_default(),
            supersedes: Some(old.id),
            kind: Some(self.kind),
        });
        self.prefilled = self.typed();
        self
    }

    /// The form without what was typed.
    pub fn emptied(&self) -> Self {
        let mut form = Self::new(self.payment.clone(), self.eligibility, self.compensates);
        form.supersedes = self.prefilled.supersedes;
        form.prefilled.supersedes = form.supersedes;
        if form.supersedes.is_some() {
            form.kind = self.kind;
            form.begin();
        }
        form
    }

    fn begin(&mut self) {
        self.focus = self.fields().first().copied().unwrap_or_default();
    }

    /// The fields of this form, in their order.
    pub fn fields(&self) -> Vec<Field> {
        // A void takes all of it: there is no amount to type.
        let mut fields = match self.kind {
            Kind::Void => Vec::new(),
            Kind::Refund | Kind::Outside => vec![Field::Amount],
        };
        if self.compensates {
            fields.push(Field::Compensation);
        }
        if self.payment.captures.len() > 1 {
            fields.push(Field::Capture);
        }
        fields.extend([Field::Reason, Field::Note, Field::Case]);
        fields
    }

    /// The reasons to choose from. They stay the same whatever is typed, so that a choice does.
    fn reasons(&self) -> impl Iterator<Item = &'static Reason> + use<> {
        reason::offered(self.compensates)
    }

    /// The reason chosen.
    pub fn reason(&self) -> Option<&'static Reason> {
        self.reasons().nth(self.reason?)
    }

    /// True when the chosen reason requires the field.
    pub fn needs(&self, field: Field) -> bool {
        let need = match field {
            Field::Note => Need::Note,
            Field::Case => Need::Case,
            _ => return false,
        };
        self.reason()
            .is_some_and(|reason| reason.needs.contains(&need))
    }

    /// The line being typed, unless the focus is on a choice.
    pub fn line(&mut self) -> Option<&mut LineEdit> {
        match self.focus {
            Field::Amount => Some(&mut self.amount),
            Field::Compensation => Some(&mut self.compensation),
            Field::Note => Some(&mut self.note),
            Field::Case => Some(&mut self.case_ref),
            Field::Capture | Field::Reason => None,
        }
    }

    /// Moves the focus by fields, stopping at the ends.
    pub fn step(&mut self, by: isize) {
        let fields = self.fields();
        let at = fields
            .iter()
            .position(|field| *field == self.focus)
            .unwrap_or(0);
        let to = at.saturating_add_signed(by).min(fields.len() - 1);
        self.focus = fields[to];
    }

    /// True when something was typed or chosen.
    pub fn is_touched(&self) -> bool {
        let lines = [&self.amount, &self.compensation, &self.note, &self.case_ref];
        self.reason.is_some() || lines.iter().any(|line| !line.is_empty())
    }

    /// What was typed, to be kept.
    pub fn typed(&self) -> Typed {
        let several = self.payment.captures.len() > 1;
        let capture = self.payment.captures.get(self.capture).filter(|_| several);
        let text = |line: &LineEdit| line.text().to_owned();
        Typed {
            amount: text(&self.amount),
            compensation: text(&self.compensation),
            capture_id: capture.and_then(|capture| capture.capture_id.clone()),
            reason: self.reason().map(|reason| reason.code.clone()),
            note: text(&self.note),
            case_ref: text(&self.case_ref),
            supersedes: self.supersedes,
            kind: self.supersedes.map(|_| self.kind),
        }
    }

    /// Goes on with what was typed before.
    pub fn resume(&mut self, draft: &Parked) {
        self.supersedes = self.supersedes.or(draft.typed.supersedes);
        self.kind = draft.typed.kind.unwrap_or(self.kind);
        self.begin();
        self.fill(&draft.typed);
        self.resumed = Some(draft.at);
    }

    /// Fills in what was typed, as far as the form asks for it.
    fn fill(&mut self, typed: &Typed) {
        if self.fields().contains(&Field::Amount) {
            self.amount = LineEdit::new(&typed.amount);
        }
        if self.compensates {
            self.compensation = LineEdit::new(&typed.compensation);
        }
        let mut captures = self.payment.captures.iter();
        let chosen = captures.position(|it| it.capture_id == typed.capture_id);
        self.capture = chosen.unwrap_or(self.capture);
        let code = typed.reason.as_deref();
        self.reason = self.reasons().position(|it| Some(it.code.as_str()) == code);
        self.note = LineEdit::new(&typed.note);
        self.case_ref = LineEdit::new(&typed.case_ref);
    }

    /// True on the last field of the form.
    pub fn is_at_end(&self) -> bool {
        self.focus == Field::Case
    }

    /// Goes through the choices of the focused field; false where there are none.
    pub fn choose(&mut self, forward: bool) -> bool {
        let turn = |at: usize, count: usize| match forward {
            true => (at + 1) % count.max(1),
            false => (at + count.max(1) - 1) % count.max(1),
        };
        let reasons = self.reasons().count();
        match self.focus {
            Field::Reason => {
                self.reason = Some(match (self.reason, forward) {
                    (Some(at), _) => turn(at, reasons),
                    (None, true) => 0,
                    (None, false) => reasons.saturating_sub(1),
                });
            }
            Field::Capture => self.capture = turn(self.capture, self.payment.captures.len()),
            _ => return false,
        }
        true
    }

    /// Chooses the reason that begins with a letter, the next of them when there are several.
    pub fn choose_by_letter(&mut self, letter: char) -> bool {
        let begins = |reason: &Reason| {
            reason
                .label
                .chars()
                .next()
                .is_some_and(|first| first.eq_ignore_ascii_case(&letter))
        };
        let matching: Vec<usize> = self
            .reasons()
            .enumerate()
            .filter_map(|(at, reason)| begins(reason).then_some(at))
            .collect();
        let next = matching
            .iter()
            .find(|at| self.reason.is_none_or(|now| **at > now));
        let Some(found) = next.or(matching.first()) else {
            return false;
        };
        self.reason = Some(*found);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Money;
    use crate::domain::state::State;
    use crate::tui::fixture;

    /// What has not settled is voided, all of it: there is no amount to type.
    #[test]
    fn the_form_of_an_unsettled_payment_asks_for_no_amount() {
        let payment = fixture::payment(1, 4_000, 1);
        let judged = |why_not| Eligibility {
            can_refund: Money::zero(payment.currency),
            why_not,
            refundable_until: None,
            unverified: false,
        };
        let form = Compose::new(payment.clone(), judged(Some(WhyNot::Unsettled)), true);
        assert_eq!((form.kind, form.focus), (Kind::Void, Field::Reason));
        assert!(!form.fields().contains(&Field::Amount));
        assert!(!form.fields().contains(&Field::Compensation));
        let form = Compose::new(payment.clone(), judged(None), false);
        assert_eq!((form.kind, form.focus), (Kind::Refund, Field::Amount));
    }

    /// That it had not settled when it was refused says nothing of today.
    #[test]
    fn what_is_made_again_is_voided_only_while_it_has_not_settled() {
        let payment = fixture::payment(1, 4_000, 1);
        for (why_not, cause, kind) in [
            (None, Cause::NotSettledYet, Kind::Refund),
            (None, Cause::SettledMeanwhile, Kind::Refund),
            (Some(WhyNot::Unsettled), Cause::NotSettledYet, Kind::Void),
            (
                Some(WhyNot::Unsettled),
                Cause::SettledMeanwhile,
                Kind::Refund,
            ),
        ] {
            let judged = Eligibility {
                can_refund: payment.figures().available(),
                unverified: false,
                why_not,
                refundable_until: None,
            };
            let mut old = fixture::refund(1, &payment, 1_000, State::Rejected);
            old.unpaid = Some(Unpaid::of(cause));
            let form = Compose::new(payment.clone(), judged, false).again(&old);
            assert_eq!((form.kind, form.supersedes), (kind, Some(old.id)));
            let typed = kind == Kind::Refund;
            assert_eq!(form.amount.text(), if typed { "10.00" } else { "" });
        }
    }

    /// Compensation is asked for where it can be paid, and only there is goodwill a reason.
    #[test]
    fn compensation_is_a_field_only_where_it_can_be_paid() {
        let asks = |payment: &Payment, compensates| {
            let judged = Eligibility {
                can_refund: payment.figures().available(),
                unverified: false,
                why_not: None,
                refundable_until: None,
            };
            let form = Compose::new(payment.clone(), judged, compensates);
            let goodwill = form.reasons().any(|it| it.code == "goodwill");
            (form.fields().contains(&Field::Compensation), goodwill)
        };
        let mut payment = fixture::payment(1, 4_000, 1);
        payment.captures[0].figures = Figures::captured(payment.figures().captured);
        assert_eq!(asks(&payment, true), (true, true));
        assert_eq!(asks(&payment, false), (false, false));
        payment.captures[0].figures.held.minor = 1;
        assert_eq!(asks(&payment, true), (false, false));
    }
}
