//! What is typed in Compose is kept when the form is left, and is there again when it is opened.

use crate::desk::face::{DraftAsk, PaymentCard, Request};
use crate::domain::id::PaymentId;
use crate::domain::parked::Parked;
use crate::tui::action::Action;
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::state::undo::Dropped;
use crate::tui::state::{App, Layer, Screen};

use super::Turn;

impl Turn<'_> {
    pub(super) fn ask_drafts(&mut self) {
        self.ask(Slot::Drafts, Request::Drafts(DraftAsk::List));
    }

    pub(super) fn drafts_answered(&mut self, all: Vec<Parked>) {
        self.app.drafts.put(all);
    }

    /// Leaves the form.
    pub(super) fn leave_compose(&mut self) {
        self.park();
        self.app.layers.pop();
    }

    /// Leaves all that lies over the list, a form below it, too.
    pub(super) fn leave_all(&mut self) {
        self.park();
        self.app.layers.clear();
    }

    /// What was typed in a form stays for later, what was emptied goes.
    fn park(&mut self) {
        if let Some(ask) = parting(self.app) {
            if matches!(ask, DraftAsk::Park { .. }) {
                let key = self.app.keymap.key(Action::Refund);
                let said = format!("kept as a draft: {key} on the payment goes on with it");
                self.say(Level::Info, said);
            }
            self.ask(Slot::Drafts, Request::Drafts(ask));
        }
    }

    /// Forgets the draft that was resumed, or the one chosen in their list.
    pub(super) fn drop_draft(&mut self) {
        let payment = match self.app.layers.last_mut() {
            Some(Layer::Compose(form)) => {
                let id = form.payment.id;
                **form = form.emptied();
                self.say(Level::Info, "the draft is gone; nothing was sent");
                id
            }
            _ => match self.app.drafts.chosen().cloned() {
                Some(draft) => {
                    let gone = Dropped::Draft(draft.payment, draft.typed);
                    self.dropped(gone, "the draft is gone, nothing was sent");
                    draft.payment
                }
                None => return,
            },
        };
        self.forget_draft(payment);
        self.form_changed();
    }

    fn forget_draft(&mut self, payment: PaymentId) {
        let drafts = &mut self.app.drafts;
        let left = drafts.all.iter().filter(|it| it.payment != payment);
        let left = left.cloned().collect();
        drafts.put(left);
        self.ask(Slot::Drafts, Request::Drafts(DraftAsk::Drop { payment }));
    }

    /// The refund was composed: its draft went with it.
    pub(super) fn draft_done(&mut self, payment: PaymentId) {
        self.app.drafts.all.retain(|it| it.payment != payment);
    }

    pub(super) fn show_drafts(&mut self) {
        self.show(Screen::Payments);
        if self.app.layers.is_empty() {
            self.push(Layer::Drafts);
            self.ask_drafts();
        }
    }

    /// Opens the form of the chosen draft, once its payment is read anew.
    pub(super) fn resume_chosen(&mut self) {
        if let Some(draft) = self.app.drafts.chosen() {
            let id = draft.payment.to_string();
            self.ask(Slot::Resume, Request::Payment(id));
        }
    }

    pub(super) fn resumed(&mut self, card: PaymentCard) {
        if !matches!(self.app.layers.last(), Some(Layer::Drafts)) {
            return;
        }
        let id = card.payment.id;
        self.app.card_asked = Some(id);
        self.card_answered(card);
        self.push(Layer::Payment { id, scroll: 0 });
        self.act(Action::Refund);
    }
}

/// What is still to be kept, or forgotten, of the form that is open; none: it is as it was.
pub fn parting(app: &App) -> Option<DraftAsk> {
    let form = app.compose()?;
    let (payment, typed) = (form.payment.id, form.typed());
    let known = app.drafts.of(payment);
    match typed.is_empty() {
        true => known.map(|_| DraftAsk::Drop { payment }),
        false if known.is_some_and(|known| known.typed == typed) => None,
        false if form.prefilled == typed => None,
        false => Some(DraftAsk::Park { payment, typed }),
    }
}
