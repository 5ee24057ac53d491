//! Whether an action can be done now, and if not, why not.

use crate::domain::eligibility::WhyNot;
use crate::domain::refund::{Kind, Refund};
use crate::domain::state::State;
use crate::domain::todo::{Act, Step};
use crate::tui::state::confirm::What;
use crate::tui::state::slots::Slot;
use crate::tui::state::{App, Layer, Screen};
use crate::tui::view;

use super::{Action, Context};

/// Why an action cannot be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(pub String);

fn no(why: &str) -> Result<(), Reason> {
    Err(Reason(why.to_owned()))
}

/// Says whether an action can be done now.
///
/// # Errors
/// The reason why not, in a sentence for people.
pub fn enabled(action: Action, app: &App) -> Result<(), Reason> {
    match action {
        Action::Refund | Action::Note | Action::AsOf | Action::Phone | Action::Order
            if over_a_decision(app) =>
        {
            no("go back to what you were deciding first")
        }
        Action::Refund => refund(app),
        Action::Again => again(app),
        Action::Withdraw => withdraw(app),
        Action::Capture => capture(app),
        Action::Release => release(app),
        Action::Approve => approve(app),
        Action::Decline => decline(app),
        Action::Resolve => resolve(app),
        Action::Review => review(app),
        Action::Confirm => confirm(app),
        Action::Open if matches!(app.layers.last(), Some(Layer::Drafts)) => {
            match app.drafts.chosen() {
                Some(_) => Ok(()),
                None => no("there is no draft"),
            }
        }
        Action::DropDraft if matches!(app.layers.last(), Some(Layer::Drafts)) => {
            match app.drafts.chosen() {
                Some(_) => Ok(()),
                None => no("there is no draft"),
            }
        }
        Action::Mark | Action::MarkRange | Action::MarkAll if app.payments.rows.is_empty() => {
            no("there is no payment to mark")
        }
        Action::Undo => app.to_undo().map(|_| ()).or_else(no),
        Action::Explain => explain(app),
        Action::Open if selection(app) => no("nothing is selected"),
        Action::Reveal if app.is_read_only() => {
            no("the desk is read-only: who looks is written down, or does not look")
        }
        Action::Note => note(app),
        Action::ApplyView | Action::RenameView | Action::DeleteView
            if app.views.saved.is_empty() =>
        {
            no("there is no saved view yet")
        }
        Action::SaveView | Action::RenameView | Action::DeleteView if app.is_read_only() => {
            no("the desk is read-only")
        }
        Action::Take | Action::Give | Action::Snooze => tend(app),
        Action::StopSending | Action::ResumeSending if app.is_read_only() => {
            no("the desk is read-only")
        }
        Action::ResumeSending if app.overview.as_ref().is_none_or(|it| it.stops.is_empty()) => {
            no("sending is not stopped")
        }
        Action::ShowSnoozed if app.todo.aside() == 0 && !app.todo.with_aside => {
            no("you have snoozed nothing")
        }
        Action::Complete if !completes(app) => no("nothing here can be completed"),
        Action::Drill if !app.may_drill => no("the drill is part of the demo: refund-desk demo"),
        Action::ActAs if app.drill.is_none() => no("only in the drill of a demo"),
        Action::Phone | Action::Order | Action::AsOf if app.focus_payment().is_none() => {
            no("no payment is selected")
        }
        Action::Trace if app.refund_at_hand().is_none() => no("no refund is selected"),
        Action::Copy if matches!(app.layers.last(), Some(Layer::Sheet(_))) => Ok(()),
        Action::Copy if selection(app) => no("nothing is selected"),
        Action::Quit if app.slots.is_waiting(Slot::Bulk) => {
            no("the refunds are being saved; a moment")
        }
        Action::Quit if app.slots.is_waiting(Slot::Compose) => {
            no("the refund is being saved; a moment")
        }
        Action::Quit if app.slots.is_waiting(Slot::Decide) => {
            no("the decision is being saved; a moment")
        }
        _ => Ok(()),
    }
}

/// A filter is typed that has terms.
fn completes(app: &App) -> bool {
    match app.layers.last() {
        Some(Layer::Filter) => true,
        Some(Layer::Activity(page)) => page.typing,
        _ => false,
    }
}

/// A decision is half written below what is looked at.
fn over_a_decision(app: &App) -> bool {
    let decides = |layer: &Layer| matches!(layer, Layer::Decide(_) | Layer::Confirm(_));
    app.layers.iter().rev().skip(1).any(decides)
}

fn note(app: &App) -> Result<(), Reason> {
    match app.focus_payment() {
        _ if app.is_read_only() => no("the desk is read-only"),
        None => no("nothing is selected"),
        Some(_) => Ok(()),
    }
}

fn tend(app: &App) -> Result<(), Reason> {
    match app.todo.item() {
        _ if app.is_read_only() => no("the desk is read-only"),
        None => no("nothing is selected"),
        Some(_) => Ok(()),
    }
}

/// True when nothing is selected.
fn selection(app: &App) -> bool {
    match app.screen {
        Screen::Payments => app.focus_payment().is_none(),
        Screen::Refunds | Screen::ToDo => {
            app.focus_payment().is_none() && app.focus_refund().is_none()
        }
    }
}

fn explain(app: &App) -> Result<(), Reason> {
    match app.confirm() {
        Some(confirm) if confirm.sending => no("it is being done"),
        Some(confirm) if confirm.what == What::Resume => no("this is about no payment"),
        _ if app
            .decision()
            .is_some_and(|form| !form.about.is_of_payment()) =>
        {
            no("this is about no payment")
        }
        _ if app.focus_payment().is_none() => no("no payment is selected"),
        _ => Ok(()),
    }
}

fn refund(app: &App) -> Result<(), Reason> {
    if app.is_read_only() {
        return no("the desk is read-only");
    }
    if app.compose().is_some() {
        return no("a refund is being composed already; go back to it");
    }
    if app.refunds_marked() {
        return Ok(());
    }
    let Some(id) = app.focus_payment() else {
        return no("no payment is selected");
    };
    let Some((payment, eligibility)) = app.payment(id) else {
        return no("its balance is still being read");
    };
    let voids = app.account(&payment.account).is_some_and(|it| it.voids);
    match eligibility.why_not {
        // The form then offers to void all of it.
        Some(WhyNot::Unsettled) if voids => Ok(()),
        Some(why_not) => no(why_not.sentence()),
        None => Ok(()),
    }
}

fn again(app: &App) -> Result<(), Reason> {
    if app.is_read_only() {
        return no("the desk is read-only");
    }
    let refund = app.focus_refund().map(|row| &row.refund);
    let is_outside = refund.is_some_and(|refund| refund.content.kind == Kind::Outside);
    let in_place = refund.is_some_and(|refund| refund.supersedes.is_some());
    match refund.map(|refund| refund.state) {
        None => no("no refund is selected"),
        Some(_) if is_outside => {
            no("it was paid outside this desk: refund --kind outside at a shell")
        }
        Some(_) if refund.is_some_and(Refund::ended_unpaid) => Ok(()),
        Some(State::Canceled | State::Expired) if in_place => {
            no("nothing was paid: refund again the one that it was in place of")
        }
        Some(State::Canceled | State::Expired) => no("nothing was paid: refund the payment itself"),
        Some(state) if state.is_open() => no("it is not decided: it may still be paid"),
        Some(_) => no("it was paid"),
    }
}

fn withdraw(app: &App) -> Result<(), Reason> {
    if app.is_read_only() {
        return no("the desk is read-only");
    }
    let focused = app.to_stop().map(|row| row.refund);
    let focused = focused.as_ref();
    match focused.map(|refund| refund.state) {
        None if matches!(app.context_below(), Context::Payment | Context::Phone) => {
            no("nothing here can be withdrawn or stopped any more")
        }
        None => no("no refund is selected"),
        Some(State::Reserved | State::AwaitingApproval | State::Approved) => Ok(()),
        Some(_) if focused.is_some_and(|refund| may_be_stopped(app, refund)) => {
            match focused.is_some_and(|refund| refund.later.is_some()) {
                _ if app.is_offline() => no("the desk is offline: the provider cannot be asked"),
                true => no("the provider was asked to stop it already"),
                false => Ok(()),
            }
        }
        Some(state) if state.is_open() => {
            no("it may already be on its way: only what was not sent can be withdrawn")
        }
        Some(_) => no("it is decided: only what was not sent can be withdrawn"),
    }
}

/// Whether its provider can be asked to stop it.
pub fn may_be_stopped(app: &App, refund: &Refund) -> bool {
    let sent = matches!(
        refund.state,
        State::Pending | State::ActionRequired | State::Succeeded
    );
    let known = refund.provider_refund_id.is_some() && refund.content.kind == Kind::Refund;
    sent && known && app.account(&refund.account).is_some_and(|it| it.stops)
}

fn capture(app: &App) -> Result<(), Reason> {
    if app.is_read_only() {
        return no("the desk is read-only");
    }
    match app.focus_refund().map(|row| &row.refund) {
        None => no("no refund is selected"),
        Some(refund) if !refund.waits_for_capture() => no("it does not wait to be captured"),
        Some(_) if app.is_offline() => no("the desk is offline: the provider cannot be asked"),
        Some(refund) if refund.later.is_some() => {
            no("the provider was asked to pay or to stop it already")
        }
        Some(_) => Ok(()),
    }
}

fn release(app: &App) -> Result<(), Reason> {
    if app.is_read_only() {
        return no("the desk is read-only");
    }
    match app.focus_refund() {
        Some(row) if !row.refund.needs_release => no("it does not wait to be let go"),
        None => no("no refund is selected"),
        Some(_) if app.is_offline() => no("the desk is offline: nothing is sent"),
        Some(_) => Ok(()),
    }
}

/// The step by which a second person decides on the refund that is looked at.
fn second_step(app: &App) -> Result<(&Step, State), Reason> {
    if app.is_read_only() {
        return Err(Reason("the desk is read-only".to_owned()));
    }
    let Some(refund) = app.focus_refund().map(|row| &row.refund) else {
        return Err(Reason("no refund is selected".to_owned()));
    };
    let step = app.step(refund.id).filter(|step| step.act == Act::Decide);
    match step {
        Some(step) => Ok((step, refund.state)),
        None => Err(Reason("it waits for no second person".to_owned())),
    }
}

/// A network's request that is looked at; whether it can still be decided.
fn request(app: &App) -> Option<Result<(), Reason>> {
    let request = app.focus_request()?;
    Some(match request.is_open(app.now) {
        _ if app.is_read_only() => no("the desk is read-only"),
        true => Ok(()),
        false => no("its time is over: the network was told that nobody decided"),
    })
}

fn approve(app: &App) -> Result<(), Reason> {
    if let Some(answer) = request(app) {
        return answer;
    }
    let (step, state) = second_step(app)?;
    match state {
        _ if app.may_decide(step) => Ok(()),
        State::AwaitingApproval => no("you made it: another person must approve it"),
        _ => no("you stated it: another person must agree"),
    }
}

fn decline(app: &App) -> Result<(), Reason> {
    if let Some(answer) = request(app) {
        return answer;
    }
    let (step, state) = second_step(app)?;
    match state {
        // Whoever stated an outcome may take that back.
        State::AwaitingApproval if !app.may_decide(step) => {
            let key = app.keymap.key(Action::Withdraw);
            no(&format!("you made it: withdraw it instead ({key})"))
        }
        _ => Ok(()),
    }
}

fn resolve(app: &App) -> Result<(), Reason> {
    if let Some(answer) = request(app) {
        return answer;
    }
    if app.is_read_only() {
        return no("the desk is read-only");
    }
    if app.focus_discrepancy().is_some() {
        return Ok(());
    }
    let Some(refund) = app.focus_refund().map(|row| &row.refund) else {
        return no("nothing is selected that people decide");
    };
    let step = app.step(refund.id);
    match refund.state {
        _ if step.is_some_and(|step| step.act == Act::Decide) => {
            let key = |action| app.keymap.key(action);
            let (yes, other) = (key(Action::Approve), key(Action::Decline));
            no(&format!(
                "it waits for a second person: approve ({yes}) or decline ({other})"
            ))
        }
        State::Unknown | State::ActionRequired => Ok(()),
        State::Pending if step.is_some() => Ok(()),
        State::Pending => no("it is not overdue: the desk keeps asking the provider"),
        _ => no("its outcome is not for people to state"),
    }
}

fn review(app: &App) -> Result<(), Reason> {
    if let Some(form) = app.decision() {
        return form.missing().map_or(Ok(()), no);
    }
    if let Some(bulk) = app.bulk() {
        return bulk.missing().map_or(Ok(()), no);
    }
    let Some(form) = app.compose() else {
        return no("nothing is being composed");
    };
    // A void takes all of it: there is no amount to type.
    if form.kind != Kind::Void && form.amount.text().trim().is_empty() {
        return no("type an amount first");
    }
    if form.reason.is_none() {
        return no("choose a reason first");
    }
    let problem = form
        .preview
        .iter()
        .flat_map(|preview| &preview.problems)
        .next();
    match problem.filter(|_| !form.stale) {
        Some(problem) => no(&problem.message),
        None => Ok(()),
    }
}

fn confirm(app: &App) -> Result<(), Reason> {
    match app.confirm() {
        None => no("nothing is to be confirmed"),
        Some(confirm) if confirm.sending => no("it is being done"),
        Some(confirm) if !view::is_readable(confirm, app.size) => {
            no("enlarge the window: the dialog must be read in full")
        }
        Some(confirm) if !confirm.armed => no("read the dialog first"),
        Some(confirm) if !confirm.is_typed() => {
            let expected = confirm.expected.as_deref().unwrap_or_default();
            no(&format!("type {expected} first"))
        }
        Some(_) => Ok(()),
    }
}
