//! The second step: dialogs that stand between a key and the money.

use crate::desk::face::{RefundCard, Request};
use crate::tui::action::may_be_stopped;
use crate::tui::effect::Effect;
use crate::tui::state::Layer;
use crate::tui::state::confirm::{Confirm, What};
use crate::tui::state::edit::{Edit, LineEdit};
use crate::tui::state::layout;
use crate::tui::state::refunds::Row;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::widget::words;

use super::{Turn, convert};

impl Turn<'_> {
    /// Opens a dialog. It takes no key before it was drawn and earlier keys were forgotten.
    pub(super) fn open_confirm(&mut self, confirm: Confirm) {
        // What was said before is no part of the question; what went wrong still is.
        let toasts = &mut self.app.toasts;
        toasts.retain(|toast| toast.level == Level::Error);
        self.push(Layer::Confirm(Box::new(confirm)));
        self.effects.push(Effect::DropTypeAhead);
    }

    pub(super) fn arm(&mut self) {
        if let Some(Layer::Confirm(confirm)) = self.app.layers.last_mut() {
            confirm.armed = true;
        }
    }

    /// Closes the dialog, and what was looked up over it.
    pub(super) fn close_confirm(&mut self) {
        let asks = |layer: &Layer| matches!(layer, Layer::Confirm(_));
        if let Some(at) = self.app.layers.iter().rposition(asks) {
            self.app.layers.truncate(at);
        }
    }

    pub(super) fn edit_confirm(&mut self, edit: Edit) {
        if let Some(Layer::Confirm(confirm)) = self.app.layers.last_mut()
            && confirm.armed
            && confirm.expected.is_some()
        {
            confirm.typed.apply(edit);
        }
    }

    pub(super) fn confirm_withdraw(&mut self) {
        if let Some(row) = &self.app.to_stop() {
            let id = row.refund.id;
            let confirm = match may_be_stopped(self.app, &row.refund) {
                true => Confirm {
                    warnings: vec![
                        "until the provider says it stopped it, it may still be paid".to_owned(),
                    ],
                    ..about(
                        row,
                        What::Stop(id),
                        "Stop",
                        "already; the provider is asked to stop it",
                    )
                },
                false => about(row, What::Withdraw(id), "Withdraw", "never sent"),
            };
            self.open_confirm(confirm);
        }
    }

    pub(super) fn confirm_capture(&mut self) {
        if let Some(row) = self.app.focus_refund() {
            let sent = "already, and authorised; capturing it pays it";
            let confirm = about(row, What::Capture(row.refund.id), "Capture", sent);
            self.open_confirm(confirm);
        }
    }

    pub(super) fn confirm_release(&mut self) {
        if let Some(row) = self.app.focus_refund() {
            let confirm = about(
                row,
                What::Release(row.refund.id),
                "Send",
                "as soon as it may",
            );
            self.open_confirm(confirm);
        }
    }

    /// The dialog was answered with yes.
    pub(super) fn confirmed(&mut self) {
        let Some(Layer::Confirm(confirm)) = self.app.layers.last_mut() else {
            return;
        };
        confirm.sending = true;
        match confirm.what.clone() {
            What::Compose | What::Void => self.send_composed(),
            What::Bulk => self.send_bulk(),
            What::Discard => self.discard(),
            What::Approve { refund, seen } => {
                let refund = refund.to_string();
                self.ask(Slot::Decide, Request::Approve { refund, seen });
            }
            What::AnswerOnFile(id) => self.answer_on_file(id),
            What::Decline(_)
            | What::Outcome(..)
            | What::Close(_)
            | What::Answer(_)
            | What::Refuse(_)
            | What::Resume => self.send_decision(),
            what @ (What::Withdraw(id) | What::Stop(id)) => {
                let request = Request::Cancel {
                    refund: id.to_string(),
                    note: None,
                    stop: matches!(what, What::Stop(_)),
                };
                self.ask(Slot::Decide, request);
            }
            What::Capture(id) => {
                let refund = id.to_string();
                self.ask(Slot::Decide, Request::Capture { refund, note: None });
            }
            What::Release(id) => {
                self.ask(
                    Slot::Decide,
                    Request::Release {
                        refund: id.to_string(),
                    },
                );
            }
        }
    }

    pub(super) fn decided(&mut self, card: RefundCard) {
        let what = self.app.confirm().map(|confirm| confirm.what.clone());
        self.close_confirm();
        self.close_decision();
        let said = done(what, &card);
        let row = convert::refund_row(card.row);
        let id = row.refund.id;
        self.app.refunds.update(row);
        self.app.refunds.settle(layout::refund_rows(self.app.size));
        self.ask(Slot::Overview, Request::Overview);
        self.ask_todo();
        if self.shows_refund(id) {
            self.ask_refund(id);
        }
        self.say(Level::Good, said);
    }
}

/// What was done, for people.
fn done(what: Option<What>, card: &RefundCard) -> String {
    let amount = card.row.refund.content.amount;
    let waits = card.proposals.iter().any(|it| it.ended.is_none());
    match what {
        Some(What::Stop(_)) if card.row.refund.later.is_some() => {
            format!("{amount}: asked to stop; whether it was is not known yet")
        }
        Some(What::Stop(_)) => {
            format!("{amount} stopped: the provider does not pay it")
        }
        Some(What::Capture(_)) if card.row.refund.later.is_some() => {
            format!("{amount}: asked to pay it; whether it was paid is not known yet")
        }
        Some(What::Capture(_)) => format!("{amount} captured: the provider pays it"),
        Some(What::Withdraw(_)) => format!("{amount} withdrawn: it was never sent"),
        Some(What::Approve { .. }) => format!("{amount} approved"),
        Some(What::Decline(_)) => format!("{amount}: declined"),
        Some(What::Outcome(..)) if waits => {
            format!("{amount}: stated; another person must agree")
        }
        Some(What::Outcome(..)) => format!("{amount}: two people agree"),
        _ => format!("{amount} let go"),
    }
}

/// A dialog that has not been drawn yet.
pub(super) fn dialog(what: What, title: String, facts: Vec<(String, String)>) -> Confirm {
    Confirm {
        what,
        title,
        facts,
        warnings: Vec::new(),
        expected: None,
        typed: LineEdit::default(),
        armed: false,
        sending: false,
    }
}

fn about(row: &Row, what: What, verb: &str, sent: &str) -> Confirm {
    let content = &row.refund.content;
    let reference = row.reference.as_deref().unwrap_or("no reference");
    let payer = row.payer.as_deref().map(|payer| format!(" · {payer}"));
    let payer = payer.unwrap_or_default();
    let line = |name: &str, what: String| (name.to_owned(), what);
    let title = format!("{verb} the refund of {}?", words::money(content.amount));
    let facts = vec![
        line("payment", format!("{reference}{payer}")),
        line("refund", row.refund.id.short()),
        line("through", row.refund.account.clone()),
        line("composed", format!("by {}", content.maker)),
        line("sent", sent.to_owned()),
    ];
    dialog(what, title, facts)
}
