//! The second step: dialogs that stand between a key and the money.

use crate::desk::face::{RefundCard, Request};
use crate::tui::effect::Effect;
use crate::tui::state::Layer;
use crate::tui::state::confirm::{Confirm, What};
use crate::tui::state::edit::{Edit, LineEdit};
use crate::tui::state::layout;
use crate::tui::state::refunds::Row;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;

use super::{Turn, convert};

impl Turn<'_> {
    /// Opens a dialog. It takes no key before it was drawn and earlier keys were forgotten.
    pub(super) fn open_confirm(&mut self, confirm: Confirm) {
        self.push(Layer::Confirm(Box::new(confirm)));
        self.effects.push(Effect::DropTypeAhead);
    }

    pub(super) fn arm(&mut self) {
        if let Some(Layer::Confirm(confirm)) = self.app.layers.last_mut() {
            confirm.armed = true;
        }
    }

    pub(super) fn close_confirm(&mut self) {
        if matches!(self.app.layers.last(), Some(Layer::Confirm(_))) {
            self.app.layers.pop();
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
        if let Some(row) = self.app.focus_refund() {
            let confirm = about(row, What::Withdraw(row.refund.id), "Withdraw", "never sent");
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
        match confirm.what {
            What::Compose => self.send_composed(),
            What::Withdraw(id) => {
                let request = Request::Cancel {
                    refund: id.to_string(),
                    note: None,
                };
                self.ask(Slot::Decide, request);
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
        let withdrawn = self
            .app
            .confirm()
            .map(|confirm| matches!(confirm.what, What::Withdraw(_)));
        self.close_confirm();
        let row = convert::refund_row(card.row);
        let amount = row.refund.content.amount;
        let id = row.refund.id;
        self.app.refunds.update(row);
        self.app.refunds.settle(layout::refund_rows(self.app.size));
        self.ask(Slot::Overview, Request::Overview);
        if self
            .app
            .layers
            .iter()
            .any(|layer| matches!(layer, Layer::Refund(_)))
        {
            self.ask_refund(id);
        }
        let said = match withdrawn {
            Some(true) => format!("{amount} withdrawn: it was never sent"),
            _ => format!("{amount} let go"),
        };
        self.say(Level::Good, said);
    }
}

fn about(row: &Row, what: What, verb: &str, sent: &str) -> Confirm {
    let content = &row.refund.content;
    let reference = row.reference.as_deref().unwrap_or("no reference");
    let payer = row.payer.as_deref().unwrap_or("unknown payer");
    let line = |name: &str, what: String| (name.to_owned(), what);
    Confirm {
        what,
        title: format!(
            "{verb} the refund of {} {}?",
            content.amount.grouped(),
            content.amount.currency
        ),
        facts: vec![
            line("payment", format!("{reference} · {payer}")),
            line("refund", row.refund.id.short()),
            line("through", row.refund.account.clone()),
            line("composed", format!("by {}", content.maker)),
            line("sent", sent.to_owned()),
        ],
        warnings: Vec::new(),
        expected: None,
        typed: LineEdit::default(),
        armed: false,
        sending: false,
    }
}
