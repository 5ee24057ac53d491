//! `refunds`, `status`, `cancel` and `release`.

use chrono::{DateTime, Utc};

use super::args;
use super::open::{Session, misanswered};
use super::payments::payer;
use super::print::{Align, Column, Output, header, line};
use super::{Exit, Failure, discrepancies, json};
use crate::desk::face::{Class, RefundCard, RefundRow, Refusal, Reply, Request};
use crate::domain::id::RefundId;
use crate::domain::listing::RefundFilter;
use crate::domain::refund::{Kind, Refund};
use crate::domain::state::State;
use crate::domain::text::clean;
use crate::domain::timeline;
use crate::domain::todo::Clocked;

const COLUMNS: [Column; 7] = [
    ("ID", 36, Align::Left),
    ("CREATED UTC", 16, Align::Left),
    ("REFERENCE", 14, Align::Left),
    ("PAYER", 20, Align::Left),
    ("AMOUNT", 11, Align::Right),
    ("", 3, Align::Left),
    ("STATE", 17, Align::Left),
];

/// Lists refunds, newest first.
pub(super) async fn list(
    session: &Session,
    output: &Output,
    arguments: &args::Refunds,
) -> Result<Exit, Failure> {
    let payment = match &arguments.payment {
        Some(handle) => {
            let Reply::Payment(card) = session.ask(Request::Payment(handle.clone())).await? else {
                return Err(misanswered());
            };
            Some(card.payment.id)
        }
        None => None,
    };
    let states = match (arguments.state, arguments.open) {
        (Some(state), _) => vec![state],
        (None, true) => State::ALL
            .into_iter()
            .filter(|state| state.is_open())
            .collect(),
        (None, false) => Vec::new(),
    };
    let filter = RefundFilter { states, payment };
    let Reply::Refunds(rows) = session.ask(Request::Refunds(filter)).await? else {
        return Err(misanswered());
    };
    let rows = rows
        .iter()
        .filter(|row| !arguments.open || row.refund.state.is_open());
    let mut lines: Vec<String> = match output.json {
        true => rows.map(|row| json::refund_row(row).to_string()).collect(),
        false => rows.map(text_row).collect(),
    };
    if !output.json {
        lines.insert(0, header(&COLUMNS));
    }
    if !lines.is_empty() {
        output.text(&lines.join("\n"))?;
    }
    Ok(Exit::Done)
}

fn text_row(row: &RefundRow) -> String {
    let refund = &row.refund;
    line(
        &COLUMNS,
        &[
            refund.id.to_string(),
            refund.created_at.format("%Y-%m-%d %H:%M").to_string(),
            row.reference.clone().unwrap_or_else(|| "-".to_owned()),
            payer(row.payer.as_deref(), row.last4.as_deref()),
            refund.content.amount.decimal(),
            refund.content.amount.currency.to_string(),
            refund.state.name().to_owned(),
        ],
    )
}

/// One refund with its evidence.
pub(super) async fn fetch(session: &Session, handle: String) -> Result<RefundCard, Failure> {
    match session.ask(Request::Refund(handle)).await? {
        Reply::Refund(card) => Ok(*card),
        _ => Err(misanswered()),
    }
}

/// Shows one refund with its attempts and observations.
pub(super) async fn status(
    session: &Session,
    output: &Output,
    handle: String,
) -> Result<Exit, Failure> {
    print_card(output, &fetch(session, handle).await?)?;
    Ok(Exit::Done)
}

/// Withdraws a refund, or has it stopped. Whether it was is not always known at once.
pub(super) async fn cancel(
    session: &Session,
    output: &Output,
    refund: String,
    note: Option<String>,
    stop: bool,
) -> Result<Exit, Failure> {
    later_step(session, output, Request::Cancel { refund, note, stop }).await
}

/// Has a refund paid that is only authorised. Whether it was is not always known at once.
pub(super) async fn capture(
    session: &Session,
    output: &Output,
    refund: String,
    note: Option<String>,
) -> Result<Exit, Failure> {
    later_step(session, output, Request::Capture { refund, note }).await
}

async fn later_step(session: &Session, output: &Output, request: Request) -> Result<Exit, Failure> {
    let Reply::Refund(card) = session.ask(request).await? else {
        return Err(misanswered());
    };
    output.after_deed(print_card(output, &card));
    Ok(match card.row.refund.later {
        Some(_) => Exit::Unknown,
        None => Exit::Done,
    })
}

/// Lets refunds go that were composed offline: all of them, or none where one cannot go.
pub(super) async fn release(
    session: &Session,
    output: &Output,
    handles: Vec<String>,
) -> Result<Exit, Failure> {
    let mut waiting: Vec<RefundId> = Vec::new();
    for handle in handles {
        let refund = fetch(session, handle).await?.row.refund;
        if !waits_for_release(&refund) {
            return Err(not_waiting(&refund).into());
        }
        if !waiting.contains(&refund.id) {
            waiting.push(refund.id);
        }
    }
    for (at, id) in waiting.iter().enumerate() {
        let refund = id.to_string();
        match session.ask(Request::Release { refund }).await {
            Ok(Reply::Refund(card)) => output.after_deed(print_card(output, &card)),
            Ok(_) => return Err(released_so_far(misanswered(), &waiting, at)),
            Err(failure) => return Err(released_so_far(failure, &waiting, at)),
        }
    }
    Ok(Exit::Done)
}

/// Composed offline, and not let go, withdrawn or expired since.
pub(super) fn waits_for_release(refund: &Refund) -> bool {
    let unsent = matches!(
        refund.state,
        State::Reserved | State::AwaitingApproval | State::Approved
    );
    refund.needs_release && unsent
}

fn not_waiting(refund: &Refund) -> Refusal {
    Refusal {
        class: Class::Rule,
        code: "not_waiting".to_owned(),
        message: format!(
            "refund {} does not wait for a release: it is {}",
            refund.id,
            refund.state.words()
        ),
        money: "No refund was released.".to_owned(),
        next: "Leave it out; see what waits: refund-desk refunds --open".to_owned(),
    }
}

/// The release of `waiting[at]` failed: those before it are released, and that must be said.
fn released_so_far(failure: Failure, waiting: &[RefundId], at: usize) -> Failure {
    let names = |ids: &[RefundId]| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        match ids.is_empty() {
            true => "none".to_owned(),
            false => ids.join(", "),
        }
    };
    let (released, failed, left) = (
        names(&waiting[..at]),
        waiting[at],
        names(&waiting[at + 1..]),
    );
    let told = failure.told();
    Refusal {
        message: format!("the release of refund {failed} failed: {}", told.message),
        money: format!(
            "Released: {released}. Not released: {left}. About {failed}: {}",
            told.money
        ),
        ..told
    }
    .into()
}

/// Prints one refund.
pub(super) fn print_card(output: &Output, card: &RefundCard) -> Result<(), Failure> {
    if output.json {
        output.object(&json::refund_card(card))
    } else {
        output.text(&text_card(card))
    }
}

fn text_card(card: &RefundCard) -> String {
    let refund = &card.row.refund;
    let content = &refund.content;
    let text = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".to_owned());
    let mut fields = vec![
        ("refund", refund.id.to_string()),
        ("state", refund.state.name().to_owned()),
        (
            "amount",
            match content.kind {
                Kind::Refund => content.amount.to_string(),
                kind => format!("{} ({})", content.amount, kind.words()),
            },
        ),
        (
            "payment",
            format!("{} {}", content.payment, text(&card.row.reference)),
        ),
        ("account", refund.account.clone()),
        (
            "payer",
            payer(card.row.payer.as_deref(), card.row.last4.as_deref()),
        ),
        ("reason", content.reason.clone()),
        ("maker", content.maker.clone()),
        ("provider refund", text(&refund.provider_refund_id)),
        ("trace", text(&refund.trace)),
        ("said", text(&refund.said)),
        ("hash", refund.approval_hash.clone()),
    ];
    if let Some(reported) = refund.reported {
        fields.push(("provider reports", reported.to_string()));
    }
    if let Some(next) = refund.next_look_at {
        fields.push((
            "next look",
            next.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        ));
    }
    fields.extend(card.transfers.iter().map(|it| {
        let state = it.told();
        (
            "bank transfer",
            format!("{} to …{} {}: {state}", it.amount, it.last4, it.end_to_end),
        )
    }));
    fields.extend(next_step(card));
    fields.extend(card.stop.as_ref().map(|stop| ("stop", stop.said.clone())));
    let mut lines: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name:<17} {}", clean(value)))
        .collect();
    lines.extend(evidence(card));
    lines.join("\n")
}

/// The step it waits for.
fn next_step(card: &RefundCard) -> Option<(&'static str, String)> {
    let step = card.step.as_ref()?;
    let at = match step.clocked {
        Some(Clocked::Resend(at)) => format!(" Not before {}.", stamp(at)),
        Some(Clocked::AbsenceFrom(at)) => format!(" Not before {}.", stamp(at)),
        Some(Clocked::Expires(at)) => format!(" Expires {}.", stamp(at)),
        None => String::new(),
    };
    Some(("next step", format!("{}{at}", step.next)))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn evidence(card: &RefundCard) -> Vec<String> {
    let attempts = card.attempts.iter().map(|attempt| {
        format!(
            "attempt {} {} key {} sent {}x",
            attempt.number,
            attempt.step,
            attempt.idempotency_key,
            attempt.sends.len()
        )
    });
    let happened = timeline::of(&kept(card)).into_iter().map(|moment| {
        let (at, said) = (stamp(moment.at), clean(&moment.said));
        format!("{at} {:<8} {said}", moment.sort.name())
    });
    let open = card.discrepancies.iter().map(|it| {
        let said = discrepancies::described(it);
        format!("discrepancy {} {said}", it.id)
    });
    attempts.chain(happened).chain(open).collect()
}

/// What the timeline is made of.
pub(super) fn kept(card: &RefundCard) -> timeline::Kept<'_> {
    timeline::Kept {
        refund: &card.row.refund,
        attempts: &card.attempts,
        observations: &card.observations,
        approvals: &card.approvals,
        decline: card.decline.as_ref(),
        proposals: &card.proposals,
        // They stand below, with their numbers.
        discrepancies: &[],
        deeds: &card.deeds,
        notes: &card.notes,
    }
}
