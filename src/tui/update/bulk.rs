//! A bulk refund: rows are marked, one form speaks for all of them, each is judged before anything is
//! made, and then each is made under a key of its own.

use crate::desk::face::{Class, Composed, Draft, PaymentRow, PlanAsk, Refusal, Request};
use crate::domain::id::PaymentId;
use crate::domain::listing::{From, PaymentQuery};
use crate::domain::plan::{Plan, Wanted};
use crate::tui::action::{Action, Context};
use crate::tui::state::bulk::{Bulk, Judged, Outcome, Run, TYPED_FROM_ROWS};
use crate::tui::state::confirm::{Confirm, What};
use crate::tui::state::edit::Edit;
use crate::tui::state::marks::MOST_MARKS;
use crate::tui::state::refunds::Tab;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::state::undo::Dropped;
use crate::tui::state::{App, Layer, Screen};
use crate::tui::widget::words;

use super::decide::dialog;
use super::{Turn, convert};

impl Turn<'_> {
    /// Marks the row, or takes its mark away; the cursor goes on.
    pub(super) fn mark(&mut self) {
        let Some(row) = self.app.payments.row().cloned() else {
            return;
        };
        let id = row.payment.id;
        let marks = &mut self.app.payments.marks;
        if marks.contains(id) {
            marks.remove(id);
        } else if marks.add(&row) {
            marks.from = Some(id);
        } else {
            return self.say_full();
        }
        self.step_rows(1);
    }

    /// Marks everything from the row last marked to this one.
    pub(super) fn mark_range(&mut self) {
        let payments = &mut self.app.payments;
        let place = |id: PaymentId| payments.rows.iter().position(|row| row.payment.id == id);
        let (Some(to), Some(from)) = (payments.cursor(), payments.marks.from.and_then(place))
        else {
            let said = "a range begins at a marked row that is near: mark its first row";
            return self.say(Level::Info, said);
        };
        let range = from.min(to)..=from.max(to);
        let full = payments.rows[range]
            .iter()
            .any(|row| !payments.marks.add(row));
        if full {
            self.say_full();
        }
    }

    /// Asks for all that the filter shows, as many as may be marked.
    pub(super) fn mark_all(&mut self) {
        let payments = &self.app.payments;
        let query = PaymentQuery {
            filter: payments.filter.clone(),
            sort: payments.sort,
            direction: payments.direction,
            from: From::Start,
            limit: u32::try_from(MOST_MARKS + 1).unwrap_or(u32::MAX),
        };
        self.ask(Slot::Marks, Request::Payments(query));
    }

    pub(super) fn marks_answered(&mut self, rows: Vec<PaymentRow>) {
        let rows: Vec<_> = rows.into_iter().map(convert::payment_row).collect();
        let marks = &mut self.app.payments.marks;
        let full = rows.iter().any(|row| !marks.add(row));
        let count = marks.count();
        match full {
            true => self.say_full(),
            false => self.say(Level::Info, format!("{count} payments are marked")),
        }
    }

    fn say_full(&mut self) {
        let said =
            format!("{MOST_MARKS} payments are marked, and no more can be: there are others");
        self.say(Level::Info, said);
    }

    /// The form for all that is marked.
    pub(super) fn compose_bulk(&mut self) {
        let marks = &self.app.payments.marks;
        let form = Bulk::new(marks.ids(), marks.sums());
        self.push(Layer::Bulk(Box::new(form)));
    }

    /// The bulk refund, wherever it lies.
    pub(super) fn bulk(&mut self) -> Option<&mut Bulk> {
        let mut layers = self.app.layers.iter_mut().rev();
        layers.find_map(|layer| match layer {
            Layer::Bulk(bulk) => Some(&mut **bulk),
            _ => None,
        })
    }

    /// The form, when it is on top and takes what is typed.
    pub(super) fn bulk_form(&mut self) -> Option<&mut Bulk> {
        let typing = self.app.context() == Context::Bulk;
        self.bulk().filter(|bulk| typing && !bulk.judging)
    }

    pub(super) fn edit_bulk(&mut self, edit: Edit) {
        if let Some(form) = self.bulk_form()
            && form.line().is_some_and(|line| line.apply(edit))
        {
            form.refused = None;
        }
    }

    /// From the form to the verdicts, from those to the dialog, or on from where it broke off.
    pub(super) fn review_bulk(&mut self) {
        let Some(bulk) = self.bulk() else {
            return;
        };
        match (&bulk.plan, &bulk.run) {
            (None, _) => self.judge_bulk(),
            (Some(_), None) => {
                if let Some(confirm) = confirm(self.app) {
                    self.open_confirm(confirm);
                }
            }
            (Some(_), Some(_)) => self.send_bulk(),
        }
    }

    fn judge_bulk(&mut self) {
        let Some(form) = self.bulk() else {
            return;
        };
        form.judging = true;
        form.refused = None;
        let wanted = |(at, id): (usize, &PaymentId)| Wanted {
            line: at as u64 + 1,
            payment: id.to_string(),
            amount: form.amount.text().trim().to_owned(),
            reason: form.reason().map_or(String::new(), |it| it.code.clone()),
            note: Some(form.note.text().trim().to_owned()).filter(|note| !note.is_empty()),
            ..Wanted::default()
        };
        let ask = PlanAsk {
            rows: form.payments.iter().enumerate().map(wanted).collect(),
            again: false,
        };
        self.ask(Slot::Plan, Request::Plan(ask));
    }

    pub(super) fn plan_answered(&mut self, plan: Plan) {
        if let Some(bulk) = self.bulk() {
            bulk.judging = false;
            (bulk.cursor, bulk.scroll) = (0, 0);
            bulk.plan = Some(Judged {
                hash: plan.hash(),
                totals: plan.totals(),
                plan,
            });
        }
    }

    pub(super) fn plan_refused(&mut self, refusal: Refusal) {
        if let Some(bulk) = self.bulk() {
            bulk.judging = false;
            bulk.refused = Some(convert::problem(refusal));
        }
    }

    /// Makes what the dialog showed, or goes on with it.
    pub(super) fn send_bulk(&mut self) {
        self.close_confirm();
        let Some(bulk) = self.bulk() else {
            return;
        };
        let run = bulk.run.get_or_insert_with(Run::default);
        run.broken = None;
        self.next_of_bulk();
    }

    /// Asks for the next refund of the plan, past those that are left out.
    fn next_of_bulk(&mut self) {
        let Some((judged, run)) = self
            .bulk()
            .and_then(|bulk| Some((bulk.plan.as_ref()?, bulk.run.as_mut()?)))
        else {
            return;
        };
        run.under_way = false;
        while run.outcomes.len() < judged.plan.rows.len() {
            let at = run.outcomes.len();
            if let Some(draft) = Draft::of_plan(&judged.plan, &judged.hash, at, true) {
                run.under_way = true;
                return self.ask(Slot::Bulk, Request::Compose(draft));
            }
            run.outcomes.push(Outcome::LeftOut);
        }
        self.bulk_done();
    }

    pub(super) fn bulk_composed(&mut self, composed: Composed) {
        let refund = composed.refund.refund;
        let (payment, state) = (refund.content.payment, refund.state);
        self.app.payments.marks.remove(payment);
        if let Some(Dropped::Marks(marks)) = &mut self.app.dropped {
            marks.remove(payment);
        }
        self.draft_done(payment);
        self.bulk_outcome(Outcome::Made(state));
    }

    /// A rule concerns one row; whatever else stands against it stands against all that follow.
    pub(super) fn bulk_refused(&mut self, refusal: Refusal) {
        if refusal.class == Class::Rule {
            return self.bulk_outcome(Outcome::Refused(refusal.message));
        }
        if let Some(run) = self.bulk().and_then(|bulk| bulk.run.as_mut()) {
            run.under_way = false;
            run.broken = Some(convert::problem(refusal));
        }
    }

    fn bulk_outcome(&mut self, outcome: Outcome) {
        if let Some(run) = self.bulk().and_then(|bulk| bulk.run.as_mut()) {
            run.outcomes.push(outcome);
            self.next_of_bulk();
        }
    }

    fn bulk_done(&mut self) {
        let made = self.bulk().map_or(0, |bulk| bulk.made());
        let refunds = words::counted(made, "refund");
        let key = self.app.keymap.key(Action::Withdraw);
        let said = match self.app.is_offline() {
            true => format!("{refunds} held, not sent: the desk is offline"),
            false => {
                format!("{refunds} composed; in Refunds {key} withdraws each until it goes out")
            }
        };
        self.say(Level::Good, said);
        self.read_cards_anew();
        self.ask(Slot::Overview, Request::Overview);
        self.reload_payments();
    }

    /// One step back: from the verdicts to the form, from what is done to the list. What is under way
    /// stays in view.
    pub(super) fn back_in_bulk(&mut self) {
        let Some(Layer::Bulk(bulk)) = self.app.layers.last_mut() else {
            return;
        };
        if bulk.is_under_way() {
            return;
        }
        if bulk.plan.is_some() && bulk.run.is_none() {
            bulk.plan = None;
            return;
        }
        let made = bulk.made();
        self.app.layers.pop();
        // Where each can still be withdrawn.
        if made > 0 {
            self.app.screen = Screen::Refunds;
            self.open_tab(Tab::Open);
        }
    }
}

/// The dialog for the plan as it was judged.
fn confirm(app: &App) -> Option<Confirm> {
    let bulk = app.bulk()?;
    let Judged { plan, totals, .. } = bulk.plan.as_ref()?;
    let line = |name: &str, what: String| (name.to_owned(), what);
    let mut facts = Vec::new();
    for total in totals {
        let leaves = words::money(total.leaves);
        let (before, after) = (total.before.grouped(), total.after.grouped());
        let refunds = words::counted(total.rows, "refund");
        let said = format!("in {refunds}; available {before} → {after}");
        facts.push(line(&leaves, said));
    }
    let waiting: usize = totals.iter().map(|total| total.for_checker).sum();
    if waiting > 0 {
        facts.push(line("two people", format!("{waiting} wait for a checker")));
    }
    if plan.refused() > 0 {
        let said = format!("{} of {}, as listed", plan.refused(), plan.rows.len());
        facts.push(line("left out", said));
    }
    if let Some(reason) = bulk.reason() {
        facts.push(line("reason", reason.label.clone()));
    }
    let note = bulk.note.text().trim();
    if !note.is_empty() {
        facts.push(line("note", note.to_owned()));
    }
    facts.push(line("sent", sent(app)));
    Some(Confirm {
        expected: expected(app, bulk),
        ..dialog(
            What::Bulk,
            format!("Give back {}?", words::counted(plan.going(), "refund")),
            facts,
        )
    })
}

fn sent(app: &App) -> String {
    match app.is_offline() {
        true => "held, not sent: the desk is offline".to_owned(),
        false => format!(
            "each after {} s; until then {} withdraws it",
            app.send_delay_ms.div_ceil(1000),
            app.keymap.key(Action::Withdraw)
        ),
    }
}

/// The totals, where they are large, supervised, or of many.
fn expected(app: &App, bulk: &Bulk) -> Option<String> {
    let judged = bulk.plan.as_ref()?;
    let main = app.typed_total_from;
    let large = judged.totals.iter().any(|total| {
        let threshold = main.saturating_mul(total.leaves.currency.minor_per_main());
        total.for_checker > 0 || total.leaves.minor >= threshold
    });
    let many = judged.plan.going() >= TYPED_FROM_ROWS;
    let totals = judged.totals.iter().map(|total| total.leaves.decimal());
    (large || many).then(|| totals.collect::<Vec<_>>().join(" "))
}
