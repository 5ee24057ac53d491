//! What each action does.

use chrono::TimeDelta;

use crate::desk::face::Request;
use crate::tui::action::Action;
use crate::tui::effect::Effect;
use crate::tui::state::bulk::{Bulk, Field};
use crate::tui::state::edit::Edit;
use crate::tui::state::layout;
use crate::tui::state::palette::{Found, Palette};
use crate::tui::state::refunds::{Page, Row};
use crate::tui::state::sheet::About;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::{Level, Toast};
use crate::tui::state::{Layer, Screen};
use crate::tui::view;

use super::Turn;

/// A hand that paused this long rests.
pub(super) const REST: TimeDelta = TimeDelta::milliseconds(200);

/// How far a key moves.
pub(super) enum Step {
    Rows(isize),
    Pages(isize),
    Halves(isize),
    First,
    Last,
}

impl Turn<'_> {
    pub(super) fn walk(&mut self, action: Action) {
        match action {
            Action::ShowPayments => self.show(Screen::Payments),
            Action::ShowRefunds => self.show(Screen::Refunds),
            Action::ShowToDo => self.show(Screen::ToDo),
            Action::ShowRadar => self.show_radar(),
            Action::ShowActivity => self.show_activity(),
            Action::ShowProviders => self.show_providers(),
            Action::Open => self.open_selected(),
            Action::ShowDrafts => self.show_drafts(),
            Action::DropDraft => self.drop_draft(),
            Action::Filter if self.filter_activity() => {}
            Action::Filter => self.push(Layer::Filter),
            Action::Refund if self.app.refunds_marked() => self.compose_bulk(),
            Action::Refund => self.compose(),
            Action::Again => self.compose_again(),
            Action::Mark => self.mark(),
            Action::MarkRange => self.mark_range(),
            Action::MarkAll => self.mark_all(),
            Action::Undo => self.undo(),
            Action::Explain => self.explain(),
            Action::Sort if self.app.screen == Screen::Refunds => self.sort_refunds(true),
            Action::SortBack if self.app.screen == Screen::Refunds => self.sort_refunds(false),
            Action::Turn if self.app.screen == Screen::Refunds => self.turn_refunds(),
            Action::Sort => self.sort(true),
            Action::SortBack => self.sort(false),
            Action::Complete => self.complete_filter(),
            Action::Turn => self.turn_round(),
            Action::NextTab => self.step_tab(true),
            Action::PreviousTab => self.step_tab(false),
            Action::Refresh => {
                self.back_to_the_newest();
                self.refresh();
            }
            Action::Approve => self.approve(),
            Action::Decline => self.decline(),
            Action::Resolve => self.resolve(),
            Action::Withdraw => self.confirm_withdraw(),
            Action::Capture => self.confirm_capture(),
            Action::Release => self.confirm_release(),
            Action::StopSending => self.stop_sending(),
            Action::ResumeSending => self.resume_sending(),
            Action::Phone => self.open_phone(),
            Action::Order => self.open_order(),
            Action::ShowHandover => self.show_handover(),
            Action::ShowSums => self.open_sheet(About::Sums),
            Action::Messages => self.open_sheet(About::Messages),
            Action::CheckAudit => self.open_sheet(About::Audit),
            Action::AsOf => self.ask_for_day(),
            Action::Trace => self.trace(),
            Action::Copy => self.copy(),
            Action::Reveal => self.reveal(),
            Action::Note => self.write_note(),
            Action::Columns => self.choose_columns(),
            Action::TurnColumn => self.turn_column(),
            Action::ColumnUp => self.carry_column(-1),
            Action::ColumnDown => self.carry_column(1),
            Action::ResetColumns => self.reset_columns(),
            Action::Views => self.show_views(),
            Action::ApplyView => self.apply_view(),
            Action::SaveView => self.write_view(),
            Action::RenameView => self.rename_view(),
            Action::DeleteView => self.delete_view(),
            Action::Take => self.take_on(),
            Action::Give => self.give(),
            Action::Snooze => self.snooze(),
            Action::ShowSnoozed => self.turn_aside(),
            Action::Up => self.step(&Step::Rows(-1)),
            Action::Down => self.step(&Step::Rows(1)),
            Action::PageUp => self.step(&Step::Pages(-1)),
            Action::PageDown => self.step(&Step::Pages(1)),
            Action::HalfUp => self.step(&Step::Halves(-1)),
            Action::HalfDown => self.step(&Step::Halves(1)),
            Action::First => self.step(&Step::First),
            Action::Last => self.step(&Step::Last),
            Action::NextField => self.step_field(1),
            Action::PreviousField => self.step_field(-1),
            Action::NextChoice => self.choose(true),
            Action::PreviousChoice => self.choose(false),
            Action::ShowRequest => self.show_request(),
            Action::Review if self.app.decision().is_some() => self.confirm_decision(),
            Action::Review if self.app.bulk().is_some() => self.review_bulk(),
            Action::Review => self.review(),
            Action::Confirm => self.confirmed(),
            Action::Accept => self.accept(),
            Action::Run => self.run_found(),
            Action::Palette => self.push(Layer::Palette(Palette::default())),
            Action::Help => self.push(Layer::Help { scroll: 0 }),
            Action::Back => self.back(),
            Action::Redraw => self.effects.push(Effect::Redraw),
            Action::Mouse => self.turn_mouse(),
            Action::Drill => self.turn_drill(),
            Action::ActAs => self.change_seats(),
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Quit => self.app.quit = true,
        }
    }

    pub(super) fn show(&mut self, screen: Screen) {
        // What is being made stays in view until it is told what became of it.
        if self.app.bulk().is_some_and(Bulk::is_under_way) {
            return;
        }
        self.leave_all();
        self.app.screen = screen;
        match screen {
            Screen::Payments => {}
            Screen::Refunds => self.ask_refunds(),
            Screen::ToDo => {
                self.keep_tab();
                self.ask_todo();
            }
        }
    }

    fn show_providers(&mut self) {
        self.leave_all();
        self.push(Layer::Providers { scroll: 0 });
        self.ask_providers();
    }

    /// Asks for the accounts, if they are shown.
    pub(super) fn ask_providers(&mut self) {
        let shown = |layer: &Layer| matches!(layer, Layer::Providers { .. });
        if self.app.layers.iter().any(shown) {
            self.ask(Slot::Providers, Request::Providers);
        }
    }

    /// Something happened that may concern them.
    pub(super) fn providers_moved(&mut self) {
        if self.app.slots.may_ask(Slot::Providers) {
            self.ask_providers();
        }
    }

    fn open_selected(&mut self) {
        match (self.app.layers.last(), self.app.screen) {
            (Some(Layer::Drafts), _) => self.resume_chosen(),
            (Some(Layer::Phone(_)), _) => self.open_entry(),
            (_, Screen::Payments) => {
                if let Some(id) = self.app.payments.selected {
                    self.push(Layer::Payment { id, scroll: 0 });
                }
            }
            (_, Screen::Refunds) => {
                if let Some(row) = self.app.refunds.row().cloned() {
                    self.open_refund(row);
                }
            }
            (_, Screen::ToDo) => self.open_item(),
        }
    }

    pub(super) fn open_refund(&mut self, row: Row) {
        let id = row.refund.id;
        self.push(Layer::Refund(Box::new(Page {
            row,
            evidence: None,
            scroll: 0,
        })));
        self.ask_refund(id);
    }

    fn explain(&mut self) {
        if let Some(id) = self.app.focus_payment() {
            // Whoever looks at the balance first does not want the dialog over it.
            if let Some(form) = self.form() {
                form.wants_review = false;
            }
            self.push(Layer::Explain { id, scroll: 0 });
        }
    }

    fn accept(&mut self) {
        match self.app.layers.last() {
            Some(Layer::Filter) => self.accept_filter(),
            Some(Layer::Activity(_)) => self.accept_activity(),
            Some(Layer::Compose(form)) if form.is_at_end() => self.act(Action::Review),
            Some(Layer::Compose(_)) => self.step_field(1),
            Some(Layer::Bulk(bulk)) if bulk.plan.is_some() || bulk.focus == Field::Note => {
                self.act(Action::Review);
            }
            Some(Layer::Bulk(_)) => self.step_field(1),
            Some(Layer::Decide(form)) if form.is_at_end() => self.act(Action::Review),
            Some(Layer::Decide(_)) => self.step_field(1),
            _ => {}
        }
    }

    fn run_found(&mut self) {
        let Some(Layer::Palette(palette)) = self.app.layers.last() else {
            return;
        };
        let found = self.app.offered(palette);
        if let Some(handle) = palette.handle(&found).map(str::to_owned) {
            self.app.layers.pop();
            return self.jump(&handle);
        }
        match found.get(palette.cursor).copied() {
            Some(Found::Command(spec)) => {
                let action = spec.action;
                self.app.layers.pop();
                self.app.recent.retain(|used| *used != action);
                self.app.recent.insert(0, action);
                self.act(action);
            }
            Some(Found::View(view)) => {
                let view = view.clone();
                self.app.layers.pop();
                self.show(Screen::Payments);
                self.apply(view);
            }
            None => {
                self.app.layers.pop();
            }
        }
    }

    /// One step back: what was said, what is typed, what lies on top, the filter.
    fn back(&mut self) {
        let errs = |toast: &Toast| toast.level == Level::Error;
        // A dialog is answered first; what was said stands at the foot of the screen all the while.
        if self.app.confirm().is_none() && self.app.toasts.iter().any(errs) {
            self.app.toasts.clear();
            return;
        }
        if self.back_in_activity() {
            return;
        }
        // The list below is whole again before anything else is left.
        let narrows = matches!(self.app.layers.last(), None | Some(Layer::Filter));
        if narrows && self.clear_narrow() {
            return;
        }
        let typed = self.app.screen == Screen::Payments && !self.app.payments.typed.is_empty();
        match self.app.layers.last() {
            Some(Layer::Filter) if typed => self.clear_filter(),
            Some(Layer::Confirm(confirm)) if confirm.sending => {}
            Some(Layer::Bulk(_)) => self.back_in_bulk(),
            Some(Layer::Compose(_)) => self.leave_compose(),
            Some(Layer::Decide(form)) if form.is_touched() => self.confirm_discard(),
            Some(_) => {
                self.app.layers.pop();
            }
            None if self.app.refunds_marked() => self.drop_marks(),
            None if self.app.screen == Screen::Payments && !self.app.payments.filter.is_empty() => {
                self.clear_filter();
            }
            None => self.app.toasts.clear(),
        }
    }

    fn copy(&mut self) {
        if self.copy_sentence() || self.copy_sheet() {
            return;
        }
        let text = match self.app.focus_refund() {
            Some(row) => Some(row.refund.id.to_string()),
            None => self.app.focus_payment().map(|id| {
                let reference = self
                    .app
                    .payment(id)
                    .and_then(|(known, _)| known.reference.clone());
                reference.unwrap_or_else(|| id.to_string())
            }),
        };
        if let Some(text) = text {
            let said = format!("{text} sent to the terminal's clipboard (it must support OSC 52)");
            self.say(Level::Info, said);
            self.effects.push(Effect::Copy(text));
        }
    }

    /// Asks who paid, in full, for the card that is open.
    fn reveal(&mut self) {
        let subject = match self.app.layers.last() {
            Some(Layer::Payment { id, .. }) => id.to_string(),
            Some(Layer::Refund(page)) => page.row.refund.id.to_string(),
            Some(Layer::Phone(page)) => page.chosen_payment().to_string(),
            _ => return,
        };
        self.ask(Slot::Reveal, Request::Reveal { subject });
    }

    /// Clicks and the wheel are the desk's, or again the terminal's own.
    fn turn_mouse(&mut self) {
        self.app.mouse = !self.app.mouse;
        self.effects.push(Effect::Mouse(self.app.mouse));
        self.say(
            Level::Info,
            match self.app.mouse {
                true => "the mouse works at the desk; hold shift to select text as before",
                false => "the mouse is the terminal's again",
            },
        );
    }

    pub(super) fn step_rows(&mut self, rows: isize) {
        self.step(&Step::Rows(rows));
    }

    fn step(&mut self, step: &Step) {
        let limit = view::scroll_limit(self.app);
        let page = layout::page_rows(self.app.size);
        match self.app.layers.last_mut() {
            Some(
                Layer::Payment { scroll, .. }
                | Layer::Explain { scroll, .. }
                | Layer::Providers { scroll }
                | Layer::Help { scroll },
            ) => scroll_by(scroll, step, page, limit),
            Some(Layer::Activity(shown)) => {
                scroll_by(&mut shown.scroll, step, page, limit);
                self.activity_scrolled(limit);
            }
            Some(Layer::Phone(_)) => self.step_card(step),
            Some(Layer::Radar(shown)) => scroll_by(&mut shown.scroll, step, page, limit),
            Some(Layer::Sheet(shown)) => scroll_by(&mut shown.scroll, step, page, limit),
            Some(Layer::Refund(refund)) => scroll_by(&mut refund.scroll, step, page, limit),
            Some(Layer::Bulk(bulk)) => {
                let rows = bulk.plan.iter().flat_map(|judged| &judged.plan.rows);
                let last = rows.count().saturating_sub(1);
                scroll_by(&mut bulk.cursor, step, page, last);
                let (first, end) = view::chosen_verdict(bulk, self.app.size);
                // No further than the row needs: the sums above stay while they can.
                let scroll = bulk.scroll.max(end.saturating_sub(page)).min(first);
                bulk.scroll = scroll.min(limit);
            }
            Some(Layer::Compose(form)) => scroll_by(&mut form.scroll, step, page / 2, limit),
            Some(Layer::Drafts) => scroll_by(&mut self.app.drafts.cursor, step, page, limit),
            Some(Layer::Palette(palette)) => scroll_by(&mut palette.cursor, step, page, limit),
            Some(Layer::Columns(columns)) => scroll_by(&mut columns.cursor, step, page, limit),
            Some(Layer::Views { cursor }) => scroll_by(cursor, step, page, limit),
            Some(_) => {}
            None => self.step_list(step),
        }
    }

    fn step_list(&mut self, step: &Step) {
        if self.app.screen == Screen::ToDo {
            return self.step_queue(step);
        }
        let payments = self.app.screen == Screen::Payments;
        let height = match payments {
            true => layout::payment_rows(self.app.size),
            false => layout::refund_rows(self.app.size),
        };
        let rows = isize::try_from(height.max(1)).unwrap_or(isize::MAX);
        let (top, selected) = (self.app.payments.top, self.app.payments.selected);
        match *step {
            Step::First if payments => self.first_payment(),
            Step::Last if payments => self.last_payment(),
            Step::Pages(by) if payments => self.app.payments.page_by(by * rows, height),
            Step::Halves(by) if payments => {
                self.app.payments.page_by(by * (rows / 2).max(1), height)
            }
            Step::Rows(by) if payments => self.app.payments.move_by(by, height),
            Step::First => self.app.refunds.select_at(0, height),
            Step::Last => self.app.refunds.move_by(isize::MAX, height),
            Step::Pages(by) => self.app.refunds.move_by(by * rows, height),
            Step::Halves(by) => self.app.refunds.move_by(by * (rows / 2).max(1), height),
            Step::Rows(by) => self.app.refunds.move_by(by, height),
        }
        if payments && self.app.payments.selected != selected {
            self.hand_moved(self.app.payments.top != top);
        }
        self.prefetch();
    }

    /// A single step shows its payment beside the list at once. While the hand goes on, or the list
    /// moves under it, the pane is empty: nobody reads it, and it is most of what would be written.
    fn hand_moved(&mut self, scrolls: bool) {
        let now = self.app.now;
        let stepped = self.app.stepped_at.replace(now);
        let goes_on = stepped.is_some_and(|at| now < at + REST);
        if (goes_on || scrolls) && layout::pane_width(self.app.size) > 0 {
            self.app.moving_until = Some(now + REST);
        }
    }

    fn step_queue(&mut self, step: &Step) {
        let height = layout::todo_items(self.app.size);
        let page = isize::try_from(height.max(1)).unwrap_or(isize::MAX);
        let todo = &mut self.app.todo;
        match *step {
            Step::Rows(by) => todo.move_by(by, height),
            Step::Pages(by) => todo.move_by(by * page, height),
            Step::Halves(by) => todo.move_by(by * (page / 2).max(1), height),
            Step::First => todo.select_at(0, height),
            Step::Last => todo.move_by(isize::MAX, height),
        }
    }

    fn choose(&mut self, forward: bool) {
        if self.choose_decision(forward) {
            return;
        }
        if self.bulk_form().is_some_and(|form| form.choose(forward)) {
            return;
        }
        let edit = if forward { Edit::Right } else { Edit::Left };
        if self.form().is_some_and(|form| form.choose(forward)) {
            self.form_changed();
        } else {
            self.edit(edit);
        }
    }
}

/// Moves a number within its limit.
pub(super) fn scroll_by(scroll: &mut usize, step: &Step, page: usize, limit: usize) {
    let page = isize::try_from(page.max(1)).unwrap_or(isize::MAX);
    let to = match *step {
        Step::Rows(by) => scroll.saturating_add_signed(by),
        Step::Pages(by) => scroll.saturating_add_signed(by * page),
        Step::Halves(by) => scroll.saturating_add_signed(by * (page / 2).max(1)),
        Step::First => 0,
        Step::Last => limit,
    };
    *scroll = to.min(limit);
}
