//! What the desk tells without being asked: lists stay live, sums are counted anew.

use crate::desk::face::{Notice, RefundRow, Request};
use crate::domain::id::RefundId;
use crate::domain::listing::RefundFilter;
use crate::domain::state::State;
use crate::tui::state::refunds::Tab;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::state::todo::TABS;
use crate::tui::state::{Layer, Screen, layout};

use super::{Turn, convert};

impl Turn<'_> {
    pub(super) fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Refund(row) => self.refund_changed(*row),
            Notice::Changed => self.refresh(),
            Notice::ServiceAway(away) => self.service_away(away),
            Notice::Importing { done, total } => self.goes_on("importing", done, total, "rows"),
            Notice::Syncing {
                account,
                done,
                total,
            } => self.goes_on(&format!("reading {account}"), done, total, "payments"),
        }
    }

    /// Work of the desk, until it is done.
    fn goes_on(&mut self, what: &str, done: u64, total: u64, of: &str) {
        let said = format!("{what}: {done} of {total} {of}");
        self.app.progress = (done < total).then_some(said);
    }

    /// The service went away, or came back: nobody knows what changed meanwhile.
    fn service_away(&mut self, away: bool) {
        self.app.service_away = away;
        if !away {
            self.refresh();
        }
    }

    fn refund_changed(&mut self, row: RefundRow) {
        let row = convert::refund_row(row);
        self.drill_saw(&row.refund);
        let (id, payment) = (row.refund.id, row.refund.content.payment);
        if !row.refund.waits_to_go_out() {
            self.app.toasts.retain(|toast| toast.before != Some(id));
        }
        if row.refund.state == State::Reversed {
            let reference = row.reference.as_deref().unwrap_or("no reference");
            let amount = row.refund.content.amount;
            let said = format!("CAME BACK: {amount} of {reference}; the customer does not have it");
            self.say(Level::Error, said);
        }
        self.app.refunds.update(row);
        self.app.refunds.settle(layout::refund_rows(self.app.size));
        self.ask(Slot::Overview, Request::Overview);
        self.ask_todo();
        self.ask_totals();
        self.forget_cards_near();
        if self.app.card_asked == Some(payment) {
            self.app.card_asked = None;
            self.app.slots.forget(Slot::Card);
        }
        if self.app.wanted_card() != Some(payment)
            && self
                .app
                .payments
                .rows
                .iter()
                .any(|row| row.payment.id == payment)
        {
            self.ask(Slot::Row(payment), Request::Payment(payment.to_string()));
        }
        if self.shows_refund(id) {
            self.ask_refund(id);
        }
        self.ask_call_about(payment);
        self.ask_sheet();
        self.radar_moved();
        self.activity_moved();
        self.providers_moved();
        self.preview_again(payment);
    }

    pub(super) fn shows_refund(&self, id: RefundId) -> bool {
        self.app
            .layers
            .iter()
            .any(|layer| matches!(layer, Layer::Refund(page) if page.row.refund.id == id))
    }

    /// More changed than single notices tell: what is on the screen is asked for again.
    pub(super) fn refresh(&mut self) {
        // Told at the end of it; what broke off on the way is over, too.
        self.app.progress = None;
        self.ask(Slot::Overview, Request::Overview);
        self.ask_todo();
        self.reload_payments();
        self.read_cards_anew();
        if self.app.screen == Screen::Refunds {
            self.ask_refunds();
        }
        self.ask_providers();
        self.activity_moved();
        self.ask_call();
        self.ask_sheet();
        self.ask_radar();
        let mut layers = self.app.layers.iter().rev();
        let shown = layers.find_map(|layer| match layer {
            Layer::Refund(page) => Some(page.row.refund.id),
            _ => None,
        });
        if let Some(id) = shown {
            self.ask_refund(id);
        }
    }

    pub(super) fn ask_refunds(&mut self) {
        let states = self.app.refunds.tab.states();
        self.ask(
            Slot::Refunds,
            Request::Refunds(RefundFilter {
                states,
                payment: None,
            }),
        );
    }

    pub(super) fn ask_refund(&mut self, id: RefundId) {
        self.ask(Slot::Refund, Request::Refund(id.to_string()));
    }

    pub(super) fn step_tab(&mut self, forward: bool) {
        if self.app.screen == Screen::ToDo {
            let steps = if forward { 1 } else { TABS.len() - 1 };
            let height = layout::todo_items(self.app.size);
            self.app.todo.step_tab(steps, height);
            return;
        }
        let steps = if forward { 1 } else { Tab::ALL.len() - 1 };
        let tab = self.app.refunds.tab.step(steps);
        self.open_tab(tab);
    }

    pub(super) fn open_tab(&mut self, tab: Tab) {
        let refunds = &mut self.app.refunds;
        refunds.tab = tab;
        refunds.top = 0;
        // What is known stands until the answer comes, as far as it belongs here.
        refunds.rows.retain(|row| tab.shows(row.refund.state));
        refunds.look();
        refunds.loaded = false;
        refunds.settle(layout::refund_rows(self.app.size));
        self.ask_refunds();
    }
}
