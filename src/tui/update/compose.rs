//! Composing a refund: every change asks the desk what it would be; nothing is written before the
//! second step.

use crate::desk::face::{self, Composed, Draft, PaymentCard, Refusal, Request};
use crate::domain::id::{PaymentId, RefundId};
use crate::domain::money::Money;
use crate::domain::parked::Parked;
use crate::domain::refund::{Kind, Refund};
use crate::tui::action::{Action, spec};
use crate::tui::state::bulk;
use crate::tui::state::compose::{Compose, Field, Preview};
use crate::tui::state::confirm::{Confirm, What};
use crate::tui::state::decide;
use crate::tui::state::edit::{Edit, LineEdit};
use crate::tui::state::refunds::Tab;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::state::{App, Layer, Screen, layout};
use crate::tui::widget::words;

use super::{Turn, convert};

impl Turn<'_> {
    pub(super) fn compose(&mut self) {
        if let Some(form) = self.empty_form() {
            self.open_form(form);
        }
    }

    /// The payment of a refund to be made again is read first: there may be no card of it.
    pub(super) fn compose_again(&mut self) {
        if let Some(refund) = self.app.focus_refund().map(|row| &row.refund) {
            let (slot, payment) = (Slot::Again(refund.id), refund.content.payment);
            self.ask(slot, Request::Payment(payment.to_string()));
        }
    }

    pub(super) fn again_answered(&mut self, old: RefundId, card: PaymentCard) {
        // Whoever looks at something else by now did not mean that.
        let here = spec(Action::Again).is_in(self.app.context());
        let focused = self.app.focus_refund().map(|row| row.refund.clone());
        let focused = focused.filter(|it| here && it.id == old && it.ended_unpaid());
        let Some(old) = focused else {
            return;
        };
        self.app.card_asked = Some(card.payment.id);
        self.card_answered(card);
        let Some(form) = self.empty_form().map(|form| form.again(&old)) else {
            return;
        };
        if form.kind == Kind::Void && old.content.amount != form.payment.figures().captured {
            let said = "it has not settled: only all of it can be voided, a part after settlement";
            return self.say(Level::Info, said);
        }
        self.open_form(form);
    }

    fn empty_form(&self) -> Option<Compose> {
        let id = self.app.focus_payment()?;
        let (payment, eligibility) = self.app.payment(id)?;
        let account = self.app.account(&payment.account);
        let compensates = account.is_some_and(|account| account.compensates);
        Some(Compose::new(payment.clone(), *eligibility, compensates))
    }

    /// A draft of another decision is not gone on with in place of a refund.
    fn open_form(&mut self, mut form: Compose) {
        let draft = self.app.drafts.of(form.payment.id);
        let fits = |draft: &&Parked| {
            form.supersedes.is_none() || form.supersedes == draft.typed.supersedes
        };
        if let Some(draft) = draft.filter(fits) {
            form.resume(draft);
        }
        self.push(Layer::Compose(Box::new(form)));
        self.form_changed();
    }

    pub(super) fn edit_form(&mut self, edit: Edit) {
        let changed = self
            .form()
            .and_then(Compose::line)
            .is_some_and(|line| line.apply(edit));
        if changed {
            self.form_changed();
        }
    }

    pub(super) fn is_on_choice(&mut self) -> bool {
        match self.app.layers.last() {
            Some(Layer::Compose(form)) => form.focus == Field::Reason,
            Some(Layer::Bulk(form)) => form.focus == bulk::Field::Reason,
            Some(Layer::Decide(form)) => form.focus == decide::Field::Outcome,
            _ => false,
        }
    }

    pub(super) fn choose_by_letter(&mut self, letter: char) {
        if let Some(form) = self.decision() {
            form.choose_by_letter(letter);
        } else if let Some(form) = self.bulk_form() {
            form.choose_by_letter(letter);
        } else if self
            .form()
            .is_some_and(|form| form.choose_by_letter(letter))
        {
            self.form_changed();
        }
    }

    pub(super) fn step_field(&mut self, by: isize) {
        if let Some(form) = self.decision() {
            form.step(by);
        } else if let Some(form) = self.bulk_form() {
            form.step(by);
        } else if let Some(form) = self.form() {
            form.step(by);
        }
    }

    pub(super) fn show_request(&mut self) {
        if let Some(form) = self.form() {
            form.shows_request = !form.shows_request;
            form.scroll = 0;
        }
    }

    /// Asks the desk anew; what it said before is shown as old until it answers.
    pub(super) fn form_changed(&mut self) {
        let Some(form) = self.form() else {
            return;
        };
        form.stale = true;
        form.wants_review = false;
        form.refused = None;
        // What is said about it begins anew.
        form.scroll = 0;
        let draft = draft(form);
        self.ask(Slot::Preview, Request::Preview(draft));
    }

    /// The payment changed under the form: what is said about it must be said anew.
    pub(super) fn preview_again(&mut self, payment: PaymentId) {
        let sending = self.app.slots.is_waiting(Slot::Compose);
        let same = self
            .app
            .compose()
            .is_some_and(|form| form.payment.id == payment);
        if same && !sending {
            if self
                .app
                .confirm()
                .is_some_and(|confirm| matches!(confirm.what, What::Compose | What::Void))
            {
                self.close_confirm();
                self.say(Level::Info, "the payment changed meanwhile: look again");
            }
            self.form_changed();
        }
    }

    pub(super) fn preview_answered(&mut self, preview: face::Preview) {
        let Some(form) = self.form() else {
            return;
        };
        form.preview = Some(convert::preview(preview));
        form.stale = false;
        if std::mem::take(&mut form.wants_review) {
            self.review_ready();
        }
    }

    /// The confirm dialog opens on what the desk said last, never on an older answer.
    pub(super) fn review(&mut self) {
        match self.form() {
            Some(form) if form.stale && form.refused.is_none() => form.wants_review = true,
            Some(_) => self.review_ready(),
            None => {}
        }
    }

    fn review_ready(&mut self) {
        if let Err(reason) =
            crate::tui::action::enabled(crate::tui::action::Action::Review, self.app)
        {
            self.say(Level::Info, reason.0);
            return;
        }
        if let Some(confirm) = confirm(self.app) {
            self.open_confirm(confirm);
        }
    }

    /// Sends what the dialog showed, and only that.
    pub(super) fn send_composed(&mut self) {
        let Some(form) = self.form() else {
            return;
        };
        let shown = form.preview.as_ref();
        let draft = Draft {
            // A limit may allow less than is there: what must not change is what is there.
            expect_available: shown
                .map(|preview| preview.available.unwrap_or(preview.can_refund).decimal()),
            again: shown.is_some_and(|preview| !preview.duplicates.is_empty()),
            ..draft(form)
        };
        self.ask(Slot::Compose, Request::Compose(draft));
    }

    pub(super) fn composed(&mut self, composed: Composed) {
        let row = convert::refund_row(composed.refund);
        self.say_composed(&row.refund, composed.existing);
        let (id, payment) = (row.refund.id, row.refund.content.payment);
        self.draft_done(payment);
        self.forget_cards_near();
        self.app.card_asked = self.app.card_asked.filter(|asked| *asked != payment);
        self.app.layers.clear();
        self.app.screen = Screen::Refunds;
        let tab = if Tab::Open.shows(row.refund.state) {
            Tab::Open
        } else {
            Tab::All
        };
        // Words that leave it out would hide what was just done.
        self.app.refunds.narrow.clear();
        self.open_tab(tab);
        self.app.refunds.update(row);
        self.app.refunds.selected = Some(id);
        self.app.refunds.settle(layout::refund_rows(self.app.size));
        self.ask(Slot::Overview, Request::Overview);
        self.ask_totals();
        self.ask(Slot::Row(payment), Request::Payment(payment.to_string()));
    }

    fn say_composed(&mut self, refund: &Refund, existing: bool) {
        let amount = refund.content.amount;
        let said = match (existing, refund.needs_release || self.app.is_offline()) {
            (false, false) if self.app.is_stopped(&refund.account) => {
                format!("{amount} held, not sent: sending is stopped")
            }
            (true, _) => format!("{amount}: this refund was there already"),
            (_, true) => format!("{amount} held, not sent: the desk is offline"),
            _ => format!(
                "{amount} composed; {} withdraws it until it goes out",
                self.app.keymap.key(Action::Withdraw)
            ),
        };
        self.say(Level::Good, said);
        if let Some(toast) = self.app.toasts.last_mut() {
            toast.before = Some(refund.id);
        }
    }

    pub(super) fn compose_refused(&mut self, slot: Slot, refusal: Refusal) {
        if slot == Slot::Compose {
            self.close_confirm();
            self.form_changed();
        }
        if let Some(form) = self.form() {
            form.refused = Some(convert::problem(refusal));
            if slot == Slot::Preview {
                // Without an answer nothing is known; an older one must not pass for it.
                form.preview = None;
                form.stale = false;
            }
            form.wants_review = false;
        }
    }
}

/// The form as the desk reads it.
fn draft(form: &Compose) -> Draft {
    let filled =
        |line: &LineEdit| Some(line.text().trim().to_owned()).filter(|text| !text.is_empty());
    let several = form.payment.captures.len() > 1;
    let capture = form.payment.captures.get(form.capture).filter(|_| several);
    Draft {
        payment: form.payment.id.to_string(),
        amount: match form.kind {
            Kind::Void => "all".to_owned(),
            Kind::Refund | Kind::Outside => form.amount.text().trim().to_owned(),
        },
        kind: form.kind,
        compensation: filled(&form.compensation).filter(|_| form.compensates),
        reason: form
            .reason()
            .map(|reason| reason.code.clone())
            .unwrap_or_default(),
        note: filled(&form.note),
        case_ref: filled(&form.case_ref),
        capture_id: capture.and_then(|capture| capture.capture_id.clone()),
        supersedes: form.supersedes.map(|id| id.to_string()),
        delay: true,
        ..Draft::default()
    }
}

/// The dialog for the form as the desk last understood it.
fn confirm(app: &App) -> Option<Confirm> {
    let form = app.compose()?;
    let preview = form.preview.as_ref()?;
    let amount = preview.amount?;
    Some(Confirm {
        what: match form.kind {
            Kind::Void => What::Void,
            Kind::Refund | Kind::Outside => What::Compose,
        },
        title: match form.kind {
            Kind::Void => format!("Void {}?", words::money(amount)),
            Kind::Refund | Kind::Outside => match preview.compensation {
                Some(_) => {
                    let total = leaving(preview, amount);
                    format!("Give back and pay {}?", words::money(total))
                }
                None => format!("Give back {}?", words::money(amount)),
            },
        },
        facts: facts(app, form, preview, amount),
        warnings: warnings(app, preview),
        expected: expected(app, preview, amount),
        typed: LineEdit::default(),
        armed: false,
        sending: false,
    })
}

fn facts(app: &App, form: &Compose, preview: &Preview, amount: Money) -> Vec<(String, String)> {
    let payment = &form.payment;
    let reference = payment
        .reference
        .as_deref()
        .unwrap_or(&payment.provider_payment_id);
    let payer = payment.payer.as_deref().unwrap_or("unknown payer");
    let provider = app
        .account(&preview.account)
        .map_or(String::new(), |account| format!(" ({})", account.provider));
    let remaining = preview.remaining.map_or("?".to_owned(), Money::grouped);
    let line = |name: &str, what: String| (name.to_owned(), what);
    let is_void = form.kind == Kind::Void;
    let mut facts = vec![
        line("payment", format!("{reference} · {payer}")),
        line("amount", words::money(amount)),
        line(
            if is_void { "can void" } else { "can refund" },
            format!(
                "{} before → {remaining} after",
                preview.can_refund.grouped()
            ),
        ),
        line("through", format!("{}{provider}", preview.account)),
    ];
    if let Some(on_top) = preview.compensation {
        let said = format!("{}, on top of what was paid", words::money(on_top));
        facts.insert(2, line("compensation", said));
    }
    if let Some(old) = words::replaced(app, form) {
        facts.push(line("in place of", old));
    }
    if let Some(reason) = form.reason() {
        facts.push(line("reason", reason.label.clone()));
    }
    facts.push(line("sent", sent(app, preview)));
    facts
}

fn sent(app: &App, preview: &Preview) -> String {
    match &preview.approval {
        _ if app.is_offline() => "held, not sent: the desk is offline".to_owned(),
        _ if app.is_stopped(&preview.account) => "held, not sent: sending is stopped".to_owned(),
        Some(who) => format!("not before approval: {who}"),
        None => format!(
            "after {} s; until then {} withdraws it",
            app.send_delay_ms.div_ceil(1000),
            app.keymap.key(Action::Withdraw)
        ),
    }
}

fn warnings(app: &App, preview: &Preview) -> Vec<String> {
    let mut warnings: Vec<String> = preview
        .duplicates
        .iter()
        .map(|earlier| format!("may repeat an earlier refund: {earlier}"))
        .collect();
    if app.is_offline() {
        warnings.push("offline: a person must let it go once the desk is online".to_owned());
    }
    warnings
}

/// Everything that would leave: the principal, and what is paid on top.
fn leaving(preview: &Preview, amount: Money) -> Money {
    let on_top = preview.compensation.map_or(0, |it| it.minor);
    Money::new(amount.minor.saturating_add(on_top), amount.currency)
}

/// What must be typed: the total of a large or supervised refund, and `again` for a likely repeat.
fn expected(app: &App, preview: &Preview, amount: Money) -> Option<String> {
    let total = leaving(preview, amount);
    let mut words = Vec::new();
    if preview.approval.is_some() || app.types(total) {
        words.push(total.decimal());
    }
    if !preview.duplicates.is_empty() {
        words.push("again".to_owned());
    }
    (!words.is_empty()).then(|| words.join(" "))
}
