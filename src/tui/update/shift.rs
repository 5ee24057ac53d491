//! What people at the desk say and keep beside the money: notes, who looks after what, what is put
//! aside.

use crate::desk::face::{NoteOrder, Request, TendOrder, Tended};
use crate::domain::care::{self, About as Waiting};
use crate::domain::note::Note;
use crate::tui::action::Action;
use crate::tui::state::Layer;
use crate::tui::state::decide::{About, Form};
use crate::tui::state::edit::LineEdit;
use crate::tui::state::layout;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::state::todo::Subject;
use crate::tui::widget::words;

use super::Turn;

impl Turn<'_> {
    /// A note on the refund that is looked at, else on the payment.
    pub(super) fn write_note(&mut self) {
        let row = self.app.refund_at_hand();
        let refund = row.map(|row| Subject::Refund(row.refund.id));
        let payment = || self.app.focus_payment().map(Subject::Payment);
        if let Some(subject) = refund.or_else(payment) {
            let facts = self.facts_of_focus();
            let form = Form::new(About::Note(subject), "Write a note".to_owned(), facts);
            self.push(Layer::Decide(Box::new(form)));
        }
    }

    /// What is looked at, as the head of a form.
    pub(super) fn facts_of_focus(&self) -> Vec<(String, String)> {
        let line = |name: &str, what: String| (name.to_owned(), what);
        let whose = |reference: Option<&str>, payer, last4| {
            let reference = reference.unwrap_or("no reference");
            format!("{reference} · {}", words::payer(payer, last4))
        };
        if let Some(row) = self.app.refund_at_hand() {
            let (payer, last4) = (row.payer.as_deref(), row.last4.as_deref());
            let amount = row.refund.content.amount;
            return vec![
                line("refund", format!("{} of {amount}", row.refund.id.short())),
                line("payment", whose(row.reference.as_deref(), payer, last4)),
            ];
        }
        let known = self.app.focus_payment().and_then(|id| self.app.payment(id));
        let Some((payment, _)) = known else {
            // Of a caller's card at least what it says.
            let entry = self.app.call().and_then(|page| page.chosen());
            let said = entry.map(|it| whose(it.reference.as_deref(), None, None));
            return said.map(|said| line("payment", said)).into_iter().collect();
        };
        let (payer, last4) = (payment.payer.as_deref(), payment.last4.as_deref());
        let whose = whose(payment.reference.as_deref(), payer, last4);
        vec![line("payment", whose)]
    }

    pub(super) fn noted(&mut self, note: &Note) {
        self.close_decision();
        self.read_cards_anew();
        if let Some(id) = note.refund.filter(|id| self.shows_refund(*id)) {
            self.ask_refund(id);
        }
        self.say(Level::Good, "the note is written; it stands on the card");
    }

    /// What was written down counts at once: nothing moves by it.
    pub(super) fn send_plain(&mut self) {
        if self.name_view() || self.day_typed() {
            return;
        }
        let snoozed = self.app.decision().and_then(|form| match form.about {
            About::Snooze(about) => Some((
                about,
                form.until.text().to_owned(),
                form.note.text().to_owned(),
            )),
            _ => None,
        });
        let Some((about, until, reason)) = snoozed else {
            return self.send_decision();
        };
        let Some(until) = care::until(&until, self.app.now, &words::zone(self.app)) else {
            let said =
                "that is no time: write 2h, 17:00, tomorrow, tomorrow 14:00 or 2026-11-25 14:00";
            return self.say(Level::Info, said);
        };
        let order = TendOrder::PutAside {
            about: about.to_string(),
            until,
            reason: reason.trim().to_owned(),
        };
        self.ask(Slot::Decide, Request::Tend(order));
    }

    /// Whoever sits here looks after it.
    pub(super) fn take_on(&mut self) {
        if let Some(about) = self.waiting() {
            let order = TendOrder::Own {
                about: about.to_string(),
                owner: self.app.actor.clone(),
            };
            self.ask(Slot::Decide, Request::Tend(order));
        }
    }

    /// Somebody else is to.
    pub(super) fn give(&mut self) {
        self.write_down(About::Own, "Give it to");
    }

    /// Puts it aside, or takes it back.
    pub(super) fn snooze(&mut self) {
        let aside = self.app.todo.item().is_some_and(|it| it.aside.is_some());
        let Some(about) = self.waiting() else {
            return;
        };
        if !aside {
            return self.write_down(About::Snooze, "Snooze it in your own list");
        }
        let about = about.to_string();
        self.ask(Slot::Decide, Request::Tend(TendOrder::TakeBack { about }));
    }

    /// Shows what was put aside, too, or hides it again.
    pub(super) fn turn_aside(&mut self) {
        let todo = &mut self.app.todo;
        let was_at = todo.cursor().unwrap_or(0);
        todo.with_aside = !todo.with_aside;
        todo.settle(was_at, layout::todo_items(self.app.size));
    }

    fn waiting(&self) -> Option<Waiting> {
        self.app.todo.item()?.about()
    }

    fn write_down(&mut self, what: impl Fn(Waiting) -> About, title: &str) {
        let Some(about) = self.waiting() else {
            return;
        };
        let mut facts = self.facts_of_focus();
        if let Some(item) = self.app.todo.item() {
            let line = |name: &str, what: &str| (name.to_owned(), what.to_owned());
            facts.push(line("what", &item.step.what));
            facts.push(line("owner", item.owner().unwrap_or("nobody")));
        }
        let mut form = Form::new(what(about), title.to_owned(), facts);
        if matches!(form.about, About::Snooze(_)) {
            form.until = LineEdit::offering("2h");
        }
        self.push(Layer::Decide(Box::new(form)));
    }

    pub(super) fn tended(&mut self, tended: &Tended) {
        self.close_decision();
        self.ask_todo();
        let said = match (&tended.owner, tended.until) {
            (Some(owner), _) if *owner == self.app.actor => {
                "it is yours: it stands on Mine, too".to_owned()
            }
            (Some(owner), _) => format!("{owner} looks after it now"),
            (None, Some(until)) => {
                let until = words::moment(self.app, until);
                let key = self.app.keymap.key(Action::ShowSnoozed);
                format!("snoozed until {until}, or until it changes; {key} shows what is")
            }
            (None, None) => "it is back in your list".to_owned(),
        };
        self.say(Level::Good, said);
    }
}

/// The form as the desk reads it.
pub(super) fn own(about: Waiting, form: &Form) -> Request {
    Request::Tend(TendOrder::Own {
        about: about.to_string(),
        owner: form.owner.text().trim().to_owned(),
    })
}

/// The same for a note.
pub(super) fn note(subject: Subject, form: &Form) -> Request {
    let subject = match subject {
        Subject::Refund(id) => id.to_string(),
        Subject::Payment(id) => id.to_string(),
        Subject::Discrepancy(id) | Subject::Request(id) => id.to_string(),
    };
    Request::Note(NoteOrder {
        subject,
        text: form.note.text().trim().to_owned(),
    })
}
