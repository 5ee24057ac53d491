//! Decisions that need words: written down in a form, then confirmed like every other.

use crate::desk::face::{CloseDiscrepancy, Request, Resolve};
use crate::domain::discrepancy::Discrepancy;
use crate::domain::resolution::Proof;
use crate::tui::state::Layer;
use crate::tui::state::confirm::What;
use crate::tui::state::decide::{About, Form, Outcome};
use crate::tui::state::edit::{Edit, LineEdit};
use crate::tui::state::refunds::Row;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;

use super::decide::dialog;
use super::requests::{self, account};
use super::sending;
use super::shift;
use super::{Turn, convert};

impl Turn<'_> {
    pub(super) fn decline(&mut self) {
        if self.app.focus_request().is_some() {
            return self.refuse_request();
        }
        if let Some(row) = self.app.focus_refund() {
            let amount = row.refund.content.amount;
            let title = format!("Decline: {amount}");
            let form = Form::new(About::Decline(row.refund.id), title, about(row));
            self.push(Layer::Decide(Box::new(form)));
        }
    }

    /// States what became of a refund, or closes a discrepancy.
    pub(super) fn resolve(&mut self) {
        if self.app.focus_request().is_some() {
            return self.type_account();
        }
        let form = match (self.app.focus_discrepancy(), self.app.focus_refund()) {
            (Some(discrepancy), _) => closing(discrepancy),
            (None, Some(row)) => {
                let amount = row.refund.content.amount;
                let title = format!("What became of {amount}?");
                Form::new(About::Outcome(row.refund.id), title, about(row))
            }
            (None, None) => return,
        };
        self.push(Layer::Decide(Box::new(form)));
    }

    /// The form when it is on top.
    pub(super) fn decision(&mut self) -> Option<&mut Form> {
        match self.app.layers.last_mut() {
            Some(Layer::Decide(form)) => Some(form),
            _ => None,
        }
    }

    pub(super) fn edit_decision(&mut self, edit: Edit) {
        if let Some(line) = self.decision().and_then(Form::line) {
            line.apply(edit);
        }
    }

    /// True when the key chose something in the form of a decision.
    pub(super) fn choose_decision(&mut self, forward: bool) -> bool {
        self.decision().is_some_and(|form| form.choose(forward))
    }

    /// What was written down is shown once more before it counts.
    pub(super) fn confirm_decision(&mut self) {
        let Some(form) = self.decision() else {
            return;
        };
        if form.about.is_plain() {
            return self.send_plain();
        }
        if form.about == About::ResumeSending {
            return self.confirm_resuming();
        }
        let mut facts = form.facts.clone();
        let mut fact = |name: &str, what: String| facts.push((name.to_owned(), what));
        let (what, title) = match (form.about, form.outcome) {
            (About::Decline(id), _) => {
                fact("note", form.note.text().to_owned());
                (What::Decline(id), "Decline it?")
            }
            (About::Discrepancy(id), _) => {
                fact("note", form.note.text().to_owned());
                let offer = form.offers.clone().filter(|_| form.accept);
                if let Some(proposed) = offer {
                    fact("accepted", proposed);
                }
                (What::Close(id), "Close this discrepancy?")
            }
            (About::Alert(id), _) => {
                if !form.note.is_empty() {
                    fact("note", form.note.text().to_owned());
                }
                (What::Close(id), "You have seen that it came back?")
            }
            (About::Outcome(id), Some(outcome)) => {
                fact("outcome", outcome.words().to_owned());
                if outcome == Outcome::Succeeded {
                    fact("paid", paid(form).unwrap_or_else(|| "as asked".to_owned()));
                }
                fact(
                    "evidence",
                    format!("{}: {}", form.kind.text(), form.evidence.text()),
                );
                fact(
                    "then",
                    format!("another person must agree; {}", outcome.then()),
                );
                (What::Outcome(id, outcome), "State this outcome?")
            }
            (About::Answer(id), _) => {
                fact("account", account(form).masked());
                (What::Answer(id), "Give the network this account?")
            }
            (About::Refuse(id), _) => {
                fact("code", form.code.text().to_owned());
                fact("note", form.note.text().to_owned());
                (What::Refuse(id), "Refuse it?")
            }
            (About::Outcome(_), None) => return,
            (About::Note(_) | About::Own(_) | About::Snooze(_), _)
            | (About::SaveView | About::RenameView | About::AsOf(_), _)
            | (About::StopSending | About::ResumeSending, _) => return,
        };
        let confirm = dialog(what, title.to_owned(), facts);
        self.open_confirm(confirm);
    }

    /// Sends what the dialog showed.
    pub(super) fn send_decision(&mut self) {
        let form = self.app.decision();
        if let Some(request) = form.and_then(request) {
            self.ask(Slot::Decide, request);
        }
    }

    pub(super) fn close_decision(&mut self) {
        self.app
            .layers
            .retain(|layer| !matches!(layer, Layer::Decide(_)));
    }

    pub(super) fn closed(&mut self, discrepancy: &Discrepancy) {
        self.close_confirm();
        self.close_decision();
        self.ask_todo();
        self.read_cards_anew();
        let done = match discrepancy.kind.is_alert() {
            true => "acknowledged",
            false => "closed",
        };
        self.say(Level::Good, format!("{done}: {}", discrepancy.said()));
    }

    /// What was typed is not dropped by one key too many.
    pub(super) fn confirm_discard(&mut self) {
        let facts = vec![("typed".to_owned(), "it is not saved anywhere".to_owned())];
        let confirm = dialog(What::Discard, "Drop what was typed?".to_owned(), facts);
        self.open_confirm(confirm);
    }

    pub(super) fn discard(&mut self) {
        self.close_confirm();
        self.app.layers.pop();
    }
}

fn about(row: &Row) -> Vec<(String, String)> {
    let refund = &row.refund;
    let reference = row.reference.as_deref().unwrap_or("no reference");
    let payer = row.payer.as_deref().unwrap_or("unknown payer");
    vec![
        (
            "refund".to_owned(),
            format!("{} by {}", refund.id.short(), refund.content.maker),
        ),
        ("amount".to_owned(), refund.content.amount.to_string()),
        ("payment".to_owned(), format!("{reference} · {payer}")),
        ("through".to_owned(), refund.account.clone()),
    ]
}

fn closing(discrepancy: &Discrepancy) -> Form {
    let reference = discrepancy.reference.as_deref().unwrap_or("no reference");
    let mut facts = vec![
        ("payment".to_owned(), reference.to_owned()),
        ("through".to_owned(), discrepancy.account.clone()),
        ("what".to_owned(), discrepancy.said()),
    ];
    if let Some(refund) = discrepancy.refund {
        facts.push(("refund".to_owned(), refund.short()));
    }
    if discrepancy.blocks_now() {
        let until = "nothing is sent on this payment until it is closed".to_owned();
        facts.push(("holds back".to_owned(), until));
    }
    let (about, title) = match discrepancy.kind.is_alert() {
        true => (
            About::Alert(discrepancy.id),
            "Acknowledge that it came back",
        ),
        false => (About::Discrepancy(discrepancy.id), "Close a discrepancy"),
    };
    Form {
        offers: discrepancy.proposed.clone(),
        ..Form::new(about, title.to_owned(), facts)
    }
}

fn paid(form: &Form) -> Option<String> {
    let filled = |line: &LineEdit| Some(line.text().trim().to_owned());
    filled(&form.paid).filter(|text| !text.is_empty() && form.outcome == Some(Outcome::Succeeded))
}

/// The form as the desk reads it.
fn request(form: &Form) -> Option<Request> {
    let text = |line: &LineEdit| line.text().trim().to_owned();
    Some(match form.about {
        About::Decline(id) => Request::Decline {
            refund: id.to_string(),
            note: text(&form.note),
        },
        About::Discrepancy(id) | About::Alert(id) => Request::CloseDiscrepancy(CloseDiscrepancy {
            id,
            note: text(&form.note),
            accept: form.accept,
        }),
        About::Note(subject) => shift::note(subject, form),
        About::Own(about) => shift::own(about, form),
        About::StopSending => Request::StopSending(sending::order(form)),
        About::ResumeSending => Request::ResumeSending(sending::order(form)),
        // They go another way: a time is read first, a view belongs to the list.
        About::Snooze(_) | About::SaveView | About::RenameView | About::AsOf(_) => return None,
        About::Answer(id) => requests::answered(id, form),
        About::Refuse(id) => requests::refused(id, form),
        About::Outcome(id) => Request::Resolve(Resolve {
            refund: id.to_string(),
            stated: convert::stated(form.outcome?),
            paid: paid(form),
            proof: Proof {
                kind: text(&form.kind),
                reference: text(&form.evidence),
                dated: None,
                file_sha256: None,
            },
        }),
    })
}
