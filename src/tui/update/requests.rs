//! A network's request: answered with an account, or refused.

use crate::desk::face::{AnswerOrder, AnswerWith, Request};
use crate::domain::bank::BankAccount;
use crate::domain::inbound_request::{InboundRequest, Standing};
use crate::tui::state::Layer;
use crate::tui::state::confirm::What;
use crate::tui::state::decide::{About, Form};
use crate::tui::state::slots::Slot;
use crate::tui::state::toast::Level;
use crate::tui::widget::words;

use super::Turn;
use super::decide::dialog;

impl Turn<'_> {
    /// With the account on file; where there is none, one is typed.
    pub(super) fn answer_request(&mut self) {
        let Some(request) = self.app.focus_request() else {
            return;
        };
        let Some(on_file) = &request.on_file else {
            return self.type_account();
        };
        let mut facts = self.facts(request);
        facts.push(("account".to_owned(), format!("on file, …{}", on_file.last4)));
        let what = What::AnswerOnFile(request.id);
        let confirm = dialog(what, "Give the network this account?".to_owned(), facts);
        self.open_confirm(confirm);
    }

    pub(super) fn type_account(&mut self) {
        let title = "Answer with an account";
        self.decide_request(title, About::Answer);
    }

    pub(super) fn refuse_request(&mut self) {
        self.decide_request("Refuse the request", About::Refuse);
    }

    fn decide_request(&mut self, title: &str, about: impl Fn(i64) -> About) {
        if let Some(request) = self.app.focus_request() {
            let facts = self.facts(request);
            let form = Form::new(about(request.id), title.to_owned(), facts);
            self.push(Layer::Decide(Box::new(form)));
        }
    }

    pub(super) fn answer_on_file(&mut self, id: i64) {
        let with = AnswerWith::OnFile(None);
        let order = AnswerOrder { request: id, with };
        self.ask(Slot::Decide, Request::AnswerRequest(order));
    }

    pub(super) fn request_decided(&mut self, request: &InboundRequest) {
        self.close_confirm();
        self.close_decision();
        self.ask_todo();
        let given = request.decision.as_ref().and_then(|it| it.last4.as_deref());
        let (amount, id) = (request.amount, request.id);
        let said = match (request.standing, given) {
            (Standing::Answered, Some(last4)) => {
                format!("request {id}, {amount}: answered with account …{last4}")
            }
            _ => format!("request {id}, {amount}: {}", request.standing.name()),
        };
        self.say(Level::Good, said);
    }

    fn facts(&self, request: &InboundRequest) -> Vec<(String, String)> {
        let line = |name: &str, what: String| (name.to_owned(), what);
        let told = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
        let mut facts = vec![
            line("amount", request.amount.to_string()),
            line("payment", request.provider_payment_id.clone()),
            line("refund", told(&request.refund)),
            line("asked by", told(&request.creditor)),
            line("through", request.account.clone()),
            line("reason", told(&request.reason)),
        ];
        if let Some(case) = &request.case {
            facts.push(line("case", case.clone()));
        }
        facts.push(line("why asked", request.found.clone()));
        facts.push(line("until", words::clock(self.app, request.deadline)));
        facts
    }
}

/// The account as it is typed.
pub(super) fn account(form: &Form) -> BankAccount {
    BankAccount::new(form.account.0.text())
}

/// The form as the desk reads it.
pub(super) fn answered(id: i64, form: &Form) -> Request {
    Request::AnswerRequest(AnswerOrder {
        request: id,
        with: AnswerWith::Account {
            number: form.account.0.text().trim().to_owned(),
            clearing_system: None,
            holder: None,
        },
    })
}

/// The same for a refusal.
pub(super) fn refused(id: i64, form: &Form) -> Request {
    let typed = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    Request::AnswerRequest(AnswerOrder {
        request: id,
        with: AnswerWith::Refuse {
            code: typed(form.code.text()),
            note: typed(form.note.text()),
        },
    })
}
