//! `refund`

use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use super::args;
use super::open::{Session, misanswered};
use super::print::Output;
use super::refunds::{fetch, print_card};
use super::{Exit, Failure, json, track};
use crate::desk::face::{Class, Draft, Preview, RefundCard, Refusal, Reply, Request, Worked};
use crate::domain::id::RefundId;
use crate::domain::refund::Refund;
use crate::domain::state::State;

/// Composes, reserves and queues a refund, and sends it when it may.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: &args::Refund,
) -> Result<Exit, Failure> {
    let draft = draft(arguments);
    if arguments.dry_run {
        return dry_run(session, output, draft).await;
    }
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if on_terminal && !arguments.yes && !confirmed(session, &draft).await? {
        return Err(not_confirmed().into());
    }
    let Reply::Composed(composed) = session.ask(Request::Compose(draft)).await? else {
        return Err(misanswered());
    };
    let id = composed.refund.refund.id;
    if !session.mode.offline {
        follow(session, id, arguments.wait).await?;
    }
    outcome(session, output, &fetch(session, id.to_string()).await?)
}

/// Sends it when it may, and follows it for as long as asked.
pub(super) async fn follow(
    session: &Session,
    id: RefundId,
    limit: Option<Duration>,
) -> Result<(), Failure> {
    let worked = work(session, id).await?;
    match limit {
        Some(limit) => wait(session, id, worked, limit).await,
        None => Ok(()),
    }
}

/// Prints a refund; how far it has come is how the command ends.
pub(super) fn outcome(
    session: &Session,
    output: &Output,
    card: &RefundCard,
) -> Result<Exit, Failure> {
    let refund = &card.row.refund;
    print_card(output, card)?;
    match ending(refund, session.mode.offline) {
        Some(refusal) => Err(refusal.into()),
        None => Ok(exit(refund)),
    }
}

fn draft(arguments: &args::Refund) -> Draft {
    Draft {
        payment: arguments.payment.clone(),
        amount: arguments.amount.clone().unwrap_or_else(|| "all".to_owned()),
        compensation: arguments.compensation.clone(),
        reason: arguments.reason.clone(),
        note: arguments.note.clone(),
        case_ref: arguments.case.clone(),
        capture_id: arguments.capture.clone(),
        expect_available: arguments.expect_available.clone(),
        key: arguments.key.clone(),
        again: arguments.again,
        supersedes: arguments.supersedes.clone(),
        delay: false,
    }
}

/// How far a refund has come decides the exit code.
fn exit(refund: &Refund) -> Exit {
    match refund.state {
        State::Pending | State::Succeeded | State::Settled => Exit::Done,
        State::Failed | State::Rejected | State::Reversed | State::Canceled | State::Expired => {
            Exit::Failed
        }
        State::Unknown | State::Submitting => Exit::Unknown,
        State::AwaitingApproval | State::ActionRequired => Exit::Waits,
        State::Draft | State::Reserved | State::Approved => Exit::Unavailable,
    }
}

/// What is told on stderr beside the refund, when it did not get where it should.
fn ending(refund: &Refund, offline: bool) -> Option<Refusal> {
    let said = refund.said.clone().unwrap_or_default();
    match exit(refund) {
        Exit::Failed => Some(Refusal {
            class: Class::Failed,
            code: refund.state.name().to_owned(),
            message: format!("the refund is {}: {said}", refund.state.name()),
            money: "Nothing was paid; the amount is available again.".to_owned(),
            next: "Mend the cause and refund again with --supersedes.".to_owned(),
        }),
        Exit::Unavailable => Some(Refusal {
            class: Class::Unavailable,
            code: if offline { "offline" } else { "not_sent" }.to_owned(),
            message: match offline {
                true => "the desk is offline: the refund is queued, not sent".to_owned(),
                false => format!("the refund is queued, not sent: {said}"),
            },
            money: "Nothing was paid; the amount is held.".to_owned(),
            next: match offline {
                true => {
                    "Let it go online with refund-desk release REFUND, or withdraw it with cancel."
                        .to_owned()
                }
                false => {
                    "It is sent again by refund-desk track; withdraw it with cancel.".to_owned()
                }
            },
        }),
        _ => None,
    }
}

async fn dry_run(session: &Session, output: &Output, draft: Draft) -> Result<Exit, Failure> {
    let again = draft.again;
    let Reply::Preview(preview) = session.ask(Request::Preview(draft)).await? else {
        return Err(misanswered());
    };
    if output.json {
        output.object(&json::preview(&preview))?;
    } else {
        output.text(&summary(&preview))?;
    }
    match preview.problems.first() {
        Some(problem) => Err(problem.clone().into()),
        None if !again && !preview.duplicates.is_empty() => Ok(Exit::Refused),
        None => Ok(Exit::Done),
    }
}

fn summary(preview: &Preview) -> String {
    let mut lines = vec![format!(
        "payment     {} on {}",
        preview.payment, preview.account
    )];
    if let (Some(amount), Some(remaining)) = (preview.amount, preview.remaining) {
        lines.push(format!("refund      {amount}"));
        lines.push(format!("remains     {remaining} of {}", preview.can_refund));
    }
    for limit in &preview.limits {
        let kept = if limit.kept { "kept" } else { "NOT KEPT" };
        lines.push(format!(
            "limit       {}: {} ({kept})",
            limit.name, limit.figure
        ));
    }
    lines.extend(
        preview
            .approval
            .iter()
            .map(|why| format!("approval    {why}")),
    );
    lines.extend(
        preview
            .duplicates
            .iter()
            .map(|it| format!("duplicate?  {it}")),
    );
    lines.extend(
        preview
            .problems
            .iter()
            .map(|it| format!("problem     {it}")),
    );
    if let Some(request) = &preview.request {
        lines.push(format!("request     {} {}", request.method, request.url));
        lines.push(format!("            {}", request.body));
    }
    lines.join("\n")
}

/// Shows the summary and asks; anything but `yes` is no.
async fn confirmed(session: &Session, draft: &Draft) -> Result<bool, Failure> {
    let Reply::Preview(preview) = session.ask(Request::Preview(draft.clone())).await? else {
        return Err(misanswered());
    };
    if let Some(problem) = preview.problems.first() {
        return Err(problem.clone().into());
    }
    let mut stderr = io::stderr().lock();
    write!(
        stderr,
        "{}\nSend this refund? Type yes: ",
        summary(&preview)
    )?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

pub(super) fn not_confirmed() -> Refusal {
    Refusal {
        class: Class::Rule,
        code: "not_confirmed".to_owned(),
        message: "the refund was not confirmed".to_owned(),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "Say yes when asked, or use --yes.".to_owned(),
    }
}

/// Works on one refund until it ends, needs a person, or the time is up.
async fn wait(
    session: &Session,
    id: RefundId,
    mut worked: Worked,
    limit: Duration,
) -> Result<(), Failure> {
    let ends = session.clock.elapsed() + limit;
    loop {
        let refund = fetch(session, id.to_string()).await?.row.refund;
        let going_on = matches!(
            refund.state,
            State::Approved | State::Submitting | State::Pending | State::Unknown
        );
        let left = ends.saturating_sub(session.clock.elapsed());
        if !going_on || left.is_zero() {
            return Ok(());
        }
        tokio::time::sleep(track::until_next(session, &worked).min(left)).await;
        worked = work(session, id).await?;
    }
}

/// Sends it or asks about it, once.
async fn work(session: &Session, id: RefundId) -> Result<Worked, Failure> {
    match session.ask(Request::Work { refund: Some(id) }).await? {
        Reply::Worked(worked) => Ok(worked),
        _ => Err(misanswered()),
    }
}
