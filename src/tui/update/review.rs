//! A checker's yes: what is signed is what was shown.

use crate::desk::face::{Request, Review};
use crate::domain::money::Money;
use crate::domain::reason;
use crate::domain::resolution::{self, Proposal};
use crate::tui::state::App;
use crate::tui::state::confirm::{Confirm, What};
use crate::tui::state::decide::Outcome;
use crate::tui::state::slots::Slot;
use crate::tui::widget::words;

use super::Turn;
use super::decide::dialog;

impl Turn<'_> {
    /// Asks what a checker must look at; the dialog opens on the answer.
    pub(super) fn approve(&mut self) {
        if self.app.focus_request().is_some() {
            return self.answer_request();
        }
        if let Some(row) = self.app.focus_refund() {
            let id = row.refund.id;
            self.app.todo.reviewing = Some(id);
            self.ask(Slot::Review, Request::Review(id.to_string()));
        }
    }

    pub(super) fn review_answered(&mut self, review: Review) {
        let id = review.card.row.refund.id;
        let wanted = self.app.todo.reviewing.take() == Some(id);
        if wanted && !self.app.context().is_typing() {
            let confirm = confirm(self.app, &review);
            self.open_confirm(confirm);
        }
    }
}

/// The dialog for what the desk says stands to be decided.
fn confirm(app: &App, review: &Review) -> Confirm {
    let refund = &review.card.row.refund;
    let what = What::Approve {
        refund: refund.id,
        seen: refund.approval_hash.clone(),
    };
    let stated = review.card.proposals.iter().find(|it| it.ended.is_none());
    match stated {
        Some(proposal) => agreement(app, review, proposal, what),
        None => approval(app, review, what),
    }
}

fn line(name: &str, what: String) -> (String, String) {
    (name.to_owned(), what)
}

fn whose(review: &Review) -> (String, String) {
    let row = &review.card.row;
    let reference = row.reference.as_deref().unwrap_or("no reference");
    let payer = words::payer(row.payer.as_deref(), row.last4.as_deref());
    line("payment", format!("{reference} · {payer}"))
}

fn approval(app: &App, review: &Review, what: What) -> Confirm {
    let amount = review.card.row.refund.content.amount;
    let title = format!(
        "Approve the refund of {} {}?",
        amount.grouped(),
        amount.currency
    );
    let mut warnings: Vec<String> = review
        .duplicates
        .iter()
        .map(|earlier| format!("may repeat an earlier refund: {earlier}"))
        .collect();
    let open = review.card.discrepancies.iter();
    warnings.extend(open.map(|it| format!("not cleared up: {}", it.said())));
    let hindrance = review.hindrance.iter();
    warnings.extend(hindrance.map(|why| format!("it could not be sent now: {why}")));
    // What is typed is all that leaves.
    let on_top = review.card.row.refund.content.compensation.minor;
    let total = Money::new(amount.minor.saturating_add(on_top), amount.currency);
    Confirm {
        warnings,
        expected: app.types(total).then(|| total.decimal()),
        ..dialog(what, title, signed(app, review))
    }
}

/// What the checker signs, by name.
fn signed(app: &App, review: &Review) -> Vec<(String, String)> {
    let refund = &review.card.row.refund;
    let content = &refund.content;
    let known = reason::catalogue()
        .iter()
        .find(|reason| reason.code == content.reason);
    let reason = known.map_or(content.reason.as_str(), |reason| reason.label.as_str());
    let mut facts = vec![
        line("made by", content.maker.clone()),
        line("amount", content.amount.to_string()),
    ];
    if content.compensation.is_positive() {
        let more = format!("{}, on top of what was paid", content.compensation);
        facts.push(line("compensation", more));
    }
    facts.push(whose(review));
    facts.push(line("through", refund.account.clone()));
    facts.push(line("reason", reason.to_owned()));
    let written = [("note", &content.note), ("case", &content.case_ref)];
    let written = written.into_iter().filter_map(|(name, text)| {
        let text = text.clone()?;
        Some(line(name, text))
    });
    facts.extend(written);
    facts.push(line(
        "can refund",
        format!(
            "{} before → {} after",
            review.before.grouped(),
            review.after.grouped()
        ),
    ));
    if refund.basis.disputed.is_positive() {
        facts.push(line("in dispute", refund.basis.disputed.to_string()));
    }
    if let Some(may) = &review.card.may_approve {
        facts.push(line("may approve", may.to_string()));
    }
    let why = review.why.trim_start_matches("a checker must approve: ");
    facts.push(line("two people", why.to_owned()));
    facts.push(line("expires", words::clock(app, review.expires_at)));
    facts
}

/// The dialog of the second person: what the first stated, and what follows.
fn agreement(app: &App, review: &Review, proposal: &Proposal, what: What) -> Confirm {
    let refund = &review.card.row.refund;
    let then = match proposal.outcome {
        resolution::Outcome::Succeeded { .. } => Outcome::Succeeded,
        resolution::Outcome::Failed => Outcome::Failed,
        resolution::Outcome::Absent => Outcome::Absent,
    };
    let stated = format!("{}, {}", proposal.by, words::clock(app, proposal.at));
    let mut facts = vec![
        line("asked", refund.content.amount.to_string()),
        whose(review),
        line("through", refund.account.clone()),
        line("stated by", stated),
        line("outcome", proposal.outcome.to_string()),
        line("evidence", proposal.proof.to_string()),
        line("then", then.then().to_owned()),
    ];
    if let Some(reported) = refund.reported {
        facts.insert(1, line("provider said", reported.to_string()));
    }
    let title = format!("Agree with what {} stated?", proposal.by);
    dialog(what, title, facts)
}
