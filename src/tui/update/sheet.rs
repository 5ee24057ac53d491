//! Pages that are read from the top: the handover, an order, sums, what was said, the records
//! checked, a payment back then.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::desk::face::{AuditVerified, PaymentCard, Refusal, Request};
use crate::domain::handover::Handover;
use crate::domain::order::Order;
use crate::domain::query::Days;
use crate::domain::sheet::Sheet;
use crate::tui::effect::Effect;
use crate::tui::state::Layer;
use crate::tui::state::decide;
use crate::tui::state::sheet::{About, Page};
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::view;
use crate::tui::widget::words;

use super::{Turn, told};

impl Turn<'_> {
    pub(super) fn show_handover(&mut self) {
        self.leave_all();
        self.open_sheet(About::Handover);
    }

    pub(super) fn open_order(&mut self) {
        if let Some(payment) = self.app.focus_payment() {
            self.open_sheet(About::Order(payment));
        }
    }

    pub(super) fn open_sheet(&mut self, about: About) {
        // The page that is asked for is the one that is open: no second one below it.
        let open = |layer: &Layer| matches!(layer, Layer::Sheet(page) if page.about == about);
        if self.app.layers.last().is_some_and(open) {
            return;
        }
        self.push(Layer::Sheet(Box::new(Page::of(about))));
        self.ask_sheet();
    }

    /// Asks for the day of which the payment is to be shown.
    pub(super) fn ask_for_day(&mut self) {
        if let Some(payment) = self.app.focus_payment() {
            let facts = self.facts_of_focus();
            let about = decide::About::AsOf(payment);
            let title = "The balance at the end of a day".to_owned();
            self.push(Layer::Decide(Box::new(decide::Form::new(
                about, title, facts,
            ))));
        }
    }

    /// The day was typed; false: the form is about something else.
    pub(super) fn day_typed(&mut self) -> bool {
        let form = self.app.decision();
        let Some((payment, typed)) = form.and_then(|form| match form.about {
            decide::About::AsOf(payment) => Some((payment, form.until.text().trim().to_owned())),
            _ => None,
        }) else {
            return false;
        };
        match Days::parse(&typed, self.app.now.date_naive()) {
            Ok(days) => {
                self.close_decision();
                self.open_sheet(About::AsOf(payment, days.to));
            }
            Err(why) => self.say(
                Level::Info,
                format!("{typed:?} {why}; write 2026-11-14 or 14nov"),
            ),
        }
        true
    }

    fn sheet(&mut self) -> Option<&mut Page> {
        let mut layers = self.app.layers.iter_mut().rev();
        layers.find_map(|layer| match layer {
            Layer::Sheet(page) => Some(&mut **page),
            _ => None,
        })
    }

    /// Asks for the page that is open.
    pub(super) fn ask_sheet(&mut self) {
        let request = match self.sheet().map(|page| page.about) {
            None => return,
            Some(About::Handover) => Request::Handover { since: None },
            Some(About::Order(payment)) => Request::Order(payment.to_string()),
            Some(About::Sums | About::Messages) => return,
            Some(About::Audit) => Request::VerifyAudit {
                earlier: Vec::new(),
            },
            Some(About::AsOf(payment, day)) => Request::PaymentAsOf {
                payment: payment.to_string(),
                at: end_of(day),
            },
        };
        self.ask(Slot::Sheet, request);
    }

    pub(super) fn handover_answered(&mut self, handover: &Handover) {
        let zone = words::zone(self.app);
        self.sheet_answered(handover.sheet(&zone), |about| *about == About::Handover);
    }

    pub(super) fn order_answered(&mut self, order: &Order) {
        let zone = words::zone(self.app);
        let sheet = order.sheet(&zone, |refund| words::stopping_on_paper(self.app, refund));
        self.sheet_answered(sheet, |about| matches!(about, About::Order(_)));
    }

    pub(super) fn audit_checked(&mut self, told: &AuditVerified) {
        let sheet = told::audit(self.app, told);
        self.sheet_answered(sheet, |about| *about == About::Audit);
    }

    pub(super) fn as_of_answered(&mut self, card: &PaymentCard) {
        let day = self.sheet().and_then(|page| match page.about {
            About::AsOf(payment, day) if payment == card.payment.id => Some(day),
            _ => None,
        });
        if let Some(day) = day {
            let sheet = told::back_then(card, day);
            self.sheet_answered(sheet, |about| matches!(about, About::AsOf(..)));
        }
    }

    fn sheet_answered(&mut self, sheet: Sheet, fits: impl Fn(&About) -> bool) {
        if let Some(page) = self.sheet().filter(|page| fits(&page.about)) {
            page.sheet = Some(sheet);
            page.failed = None;
        }
    }

    pub(super) fn sheet_refused(&mut self, refusal: &Refusal) {
        if let Some(page) = self.sheet() {
            page.failed = Some(refusal.message.clone());
        }
        self.say_refusal(refusal);
    }

    /// Copies the page that is open, as text; false: there is none.
    pub(super) fn copy_sheet(&mut self) -> bool {
        let Some(Layer::Sheet(page)) = self.app.layers.last() else {
            return false;
        };
        let Some(text) = view::sheet(self.app, page).map(|sheet| sheet.text()) else {
            return false;
        };
        self.say(
            Level::Info,
            "the page was sent to the terminal's clipboard (it must support OSC 52)",
        );
        self.effects.push(Effect::Copy(text));
        true
    }
}

/// The last instant of a UTC date.
fn end_of(day: NaiveDate) -> DateTime<Utc> {
    let next = day.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0));
    next.map_or(DateTime::<Utc>::MAX_UTC, |next| {
        next.and_utc() - TimeDelta::milliseconds(1)
    })
}
