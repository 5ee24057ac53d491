//! `refund`

use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use super::args;
use super::awaited::awaited;
use super::open::{Session, misanswered};
use super::print::Output;
use super::refunds::{fetch, print_card, waits_for_release};
use super::{Exit, Failure, json, track};
use crate::desk::face::{
    Class, Draft, Preview, RefundCard, RefundRow, Refusal, Reply, Request, Worked,
};
use crate::domain::id::RefundId;
use crate::domain::refund::Refund;
use crate::domain::sending::Stop;
use crate::domain::state::State;

/// Composes, reserves and queues a refund, and sends it when it may.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: &args::Refund,
) -> Result<Exit, Failure> {
    let mut draft = draft(arguments);
    if arguments.dry_run {
        return dry_run(session, output, draft).await;
    }
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if on_terminal && !arguments.yes {
        draft = confirmed(session, draft).await?;
    }
    let Reply::Composed(composed) = session.ask(Request::Compose(draft)).await? else {
        return Err(misanswered());
    };
    // The refund exists: from here on the exit code is its own, whatever fails beside it.
    Ok(followed(session, output, composed.refund, arguments.wait).await)
}

/// Sends a refund that is decided, when it may be sent, and ends by how far it came.
pub(super) async fn followed(
    session: &Session,
    output: &Output,
    refund: RefundRow,
    limit: Option<Duration>,
) -> Exit {
    match follow(session, refund.refund.id, limit).await {
        Ok(card) => tell(session, output, &card, &stops(session).await),
        Err(failure) => lose_sight(output, refund, &failure),
    }
}

/// Sends the refund when it may be sent, waits when asked to, and reads how far it came.
async fn follow(
    session: &Session,
    id: RefundId,
    limit: Option<Duration>,
) -> Result<RefundCard, Failure> {
    if session.own.is_none() {
        let stops = stops(session).await;
        let is_stopped = |card: &RefundCard| stopped(&card.row.refund, &stops).is_some();
        return awaited(session, id, limit, is_stopped).await;
    }
    if !session.mode.offline {
        let worked = work(session, id).await?;
        if let Some(limit) = limit {
            wait(session, id, worked, limit).await?;
        }
    }
    fetch(session, id.to_string()).await
}

/// Prints how far the refund came, and ends by it.
fn tell(session: &Session, output: &Output, card: &RefundCard, stops: &[Stop]) -> Exit {
    let refund = &card.row.refund;
    output.after_deed(print_card(output, card));
    if let Some(refusal) = stopped(refund, stops).or_else(|| ending(refund, session.mode.offline)) {
        output.failure(&refusal.into());
    }
    exit(refund)
}

/// The refund is held and may be on its way, but how far it came cannot be read. Whoever calls
/// gets its id, and UNKNOWN for a state: what was last read may be wrong by now.
fn lose_sight(output: &Output, mut row: RefundRow, failure: &Failure) -> Exit {
    row.refund.state = State::Unknown;
    let id = row.refund.id;
    let printed = match output.json {
        true => output.object(&json::refund_row(&row)),
        false => output.text(&format!("refund {id} unknown")),
    };
    output.after_deed(printed);
    output.failure(
        &Refusal {
            class: Class::Unknown,
            code: "out_of_sight".to_owned(),
            message: format!("how far refund {id} came cannot be read: {failure}"),
            money: format!("Refund {id} is reserved and may have been sent."),
            next: format!("Do not refund again; ask: refund-desk status {id}"),
        }
        .into(),
    )
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
        kind: arguments.kind.into(),
        delay: false,
        planned: None,
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
    match exit(refund) {
        Exit::Failed => Some(ended(refund)),
        Exit::Unavailable if waits_for_release(refund) => Some(unreleased(offline)),
        Exit::Unavailable => Some(queued(refund, offline)),
        _ => None,
    }
}

fn ended(refund: &Refund) -> Refusal {
    let (money, next) = match refund.state {
        State::Reversed => (
            "It was paid and came back: the customer does not have it.",
            "Find out why, and refund again with --supersedes.",
        ),
        State::Canceled | State::Expired => (
            "Nothing was paid; the amount is available again.",
            "If it is still wanted, compose a new refund, with a new --key if it has one.",
        ),
        _ => (
            "Nothing was paid; the amount is available again.",
            match &refund.unpaid {
                Some(unpaid) => unpaid.advice.as_str(),
                None => "Mend the cause and refund again with --supersedes.",
            },
        ),
    };
    Refusal {
        class: Class::Failed,
        code: refund.state.name().to_owned(),
        message: format!("the refund is {}{}", refund.state.name(), said(refund)),
        money: money.to_owned(),
        next: next.to_owned(),
    }
}

/// Composed offline, now or earlier: no desk sends it by itself.
fn unreleased(offline: bool) -> Refusal {
    let (code, message) = match offline {
        true => (
            "offline",
            "the desk is offline: the refund is queued, not sent",
        ),
        false => (
            "needs_release",
            "the refund was composed offline and waits to be released: it is not sent",
        ),
    };
    Refusal {
        class: Class::Unavailable,
        code: code.to_owned(),
        message: message.to_owned(),
        money: "Nothing was paid; the amount is held.".to_owned(),
        next: "Let it go online with refund-desk release REFUND, or withdraw it with cancel."
            .to_owned(),
    }
}

/// Where people stopped sending. Only words depend on it: where it cannot be read they are fewer.
async fn stops(session: &Session) -> Vec<Stop> {
    match session.ask(Request::Overview).await {
        Ok(Reply::Overview(overview)) => overview.stops,
        _ => Vec::new(),
    }
}

/// People stopped sending: it waits until two of them resume.
fn stopped(refund: &Refund, stops: &[Stop]) -> Option<Refusal> {
    let waits = refund.state == State::Approved && !waits_for_release(refund);
    let stop = stops.iter().find(|stop| stop.concerns(&refund.account))?;
    waits.then(|| Refusal {
        class: Class::Unavailable,
        code: "sending_stopped".to_owned(),
        message: format!("the refund is queued, not sent: {}", stop.sentence()),
        money: "Nothing was paid; the amount is held.".to_owned(),
        next: "It goes out once two people resume sending: refund-desk resume-sending; withdraw it with cancel.".to_owned(),
    })
}

/// Released or never held back: it goes out by itself.
fn queued(refund: &Refund, offline: bool) -> Refusal {
    let (code, message) = match offline {
        true => (
            "offline",
            "the desk is offline: the refund is queued, not sent".to_owned(),
        ),
        false => (
            "not_sent",
            format!("the refund is queued, not sent{}", said(refund)),
        ),
    };
    Refusal {
        class: Class::Unavailable,
        code: code.to_owned(),
        message,
        money: "Nothing was paid; the amount is held.".to_owned(),
        next: "An open desk online or refund-desk track sends it; withdraw it with cancel."
            .to_owned(),
    }
}

fn said(refund: &Refund) -> String {
    let said = refund.said.as_deref();
    said.map_or(String::new(), |said| format!(": {said}"))
}

async fn dry_run(session: &Session, output: &Output, draft: Draft) -> Result<Exit, Failure> {
    let preview = preview(session, &draft).await?;
    let printed = match output.json {
        true => output.object(&json::preview(&preview)),
        false => output.text(&summary(&preview)),
    };
    match refused(&preview, &draft) {
        Some(refusal) => {
            output.after_deed(printed);
            Err(refusal.into())
        }
        None => printed.map(|()| Exit::Done),
    }
}

async fn preview(session: &Session, draft: &Draft) -> Result<Preview, Failure> {
    match session.ask(Request::Preview(draft.clone())).await? {
        Reply::Preview(preview) => Ok(*preview),
        _ => Err(misanswered()),
    }
}

/// Why composing this would be refused, as composing would say it.
fn refused(preview: &Preview, draft: &Draft) -> Option<Refusal> {
    let repeats = preview.duplicates.first().filter(|_| !draft.again);
    let problem = preview.problems.first().cloned();
    problem.or_else(|| repeats.map(|earlier| Refusal::duplicate(earlier)))
}

fn summary(preview: &Preview) -> String {
    let mut lines = vec![format!(
        "payment     {} on {}",
        preview.payment, preview.account
    )];
    if let (Some(amount), Some(remaining)) = (preview.amount, preview.remaining) {
        lines.push(format!("refund      {amount}"));
        let on_top = preview.compensation.iter();
        lines.extend(on_top.map(|it| format!("on top      {it} compensation")));
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
    if let Some(id) = preview.existing {
        lines.push(format!("exists      refund {id}: no other is made"));
    }
    if let Some(request) = &preview.request {
        lines.push(format!("request     {} {}", request.method, request.url));
        lines.push(format!("            {}", request.body));
    }
    lines.join("\n")
}

/// Shows the summary and asks; anything but `yes` is no, and so is a question nobody could read.
/// What comes back is what was shown: a balance that changes meanwhile is refused, not reckoned
/// with anew.
async fn confirmed(session: &Session, draft: Draft) -> Result<Draft, Failure> {
    let preview = preview(session, &draft).await?;
    if let Some(refusal) = refused(&preview, &draft) {
        return Err(refusal.into());
    }
    match ask(&summary(&preview)) {
        Ok(answer) if answer.trim().eq_ignore_ascii_case("yes") => Ok(pinned(draft, &preview)),
        _ => Err(not_confirmed().into()),
    }
}

fn ask(summary: &str) -> io::Result<String> {
    let mut stderr = io::stderr().lock();
    write!(stderr, "{summary}\nSend this refund? Type yes: ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer)
}

/// The draft with every figure and name as the preview understood it.
fn pinned(draft: Draft, preview: &Preview) -> Draft {
    Draft {
        payment: preview.payment.to_string(),
        amount: preview
            .amount
            .map_or(draft.amount, |amount| amount.decimal()),
        compensation: preview
            .compensation
            .map_or(draft.compensation, |on_top| Some(on_top.decimal())),
        // A limit may allow less than is there: what must not change is what is there.
        expect_available: Some(preview.available.unwrap_or(preview.can_refund).decimal()),
        ..draft
    }
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
