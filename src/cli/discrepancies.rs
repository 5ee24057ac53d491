//! `discrepancies` and `external`: what contradicts what is known, and what turns out to be ours.

use super::args;
use super::open::{Session, misanswered};
use super::print::{Align, Column, Output, header, line};
use super::{Exit, Failure, json};
use crate::desk::face::{CloseDiscrepancy, LinkExternal, Reply, Request};
use crate::domain::discrepancy::Discrepancy;
use crate::domain::external::ExternalRefund;
use crate::domain::text::clean;

const COLUMNS: [Column; 6] = [
    ("ID", 5, Align::Right),
    ("OPENED UTC", 16, Align::Left),
    ("PAYMENT", 13, Align::Left),
    ("REFERENCE", 14, Align::Left),
    ("OWNER", 10, Align::Left),
    ("WHAT", 40, Align::Left),
];

/// Lists, closes or assigns discrepancies.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: args::Discrepancies,
) -> Result<Exit, Failure> {
    let request = match arguments.deed {
        None => return list(session, output, arguments.all).await,
        Some(args::DiscrepancyDeed::Resolve { id, note, accept }) => {
            let note = note.unwrap_or_default();
            Request::CloseDiscrepancy(CloseDiscrepancy { id, note, accept })
        }
        Some(args::DiscrepancyDeed::Assign { id, owner }) => {
            Request::AssignDiscrepancy { id, owner }
        }
    };
    let Reply::Discrepancy(discrepancy) = session.ask(request).await? else {
        return Err(misanswered());
    };
    let printed = match output.json {
        true => output.object(&json::discrepancy(&discrepancy)),
        false => output.text(&described(&discrepancy)),
    };
    output.after_deed(printed);
    Ok(Exit::Done)
}

async fn list(session: &Session, output: &Output, closed: bool) -> Result<Exit, Failure> {
    let request = Request::Discrepancies { closed };
    let Reply::Discrepancies(found) = session.ask(request).await? else {
        return Err(misanswered());
    };
    let mut lines: Vec<String> = found
        .iter()
        .map(|it| match output.json {
            true => json::discrepancy(it).to_string(),
            false => text_row(it),
        })
        .collect();
    if !output.json {
        lines.insert(0, header(&COLUMNS));
    }
    if !lines.is_empty() {
        output.text(&lines.join("\n"))?;
    }
    Ok(Exit::Done)
}

fn text_row(it: &Discrepancy) -> String {
    line(
        &COLUMNS,
        &[
            it.id.to_string(),
            it.opened_at.format("%Y-%m-%d %H:%M").to_string(),
            it.payment.to_string(),
            it.reference.clone().unwrap_or_else(|| "-".to_owned()),
            it.owner.clone().unwrap_or_else(|| "-".to_owned()),
            described(it),
        ],
    )
}

/// A discrepancy in a line: what, the facts, and what it holds back or how it ended.
pub(super) fn described(it: &Discrepancy) -> String {
    let refund = it
        .refund
        .map_or_else(String::new, |id| format!(" (refund {})", id.short()));
    let then = match &it.resolution {
        Some(resolution) if resolution.note.is_empty() => {
            format!("; acknowledged by {}", resolution.by)
        }
        Some(resolution) => format!("; closed by {}: {}", resolution.by, resolution.note),
        None if it.blocks_now() => {
            "; nothing is sent on this payment until it is closed".to_owned()
        }
        None if it.kind.is_alert() => format!(
            "; stands until somebody acknowledges it: refund-desk discrepancies resolve {}",
            it.id
        ),
        None => String::new(),
    };
    clean(&format!("{}{refund}{then}", it.said()))
}

/// Links a refund made elsewhere to one of ours, or takes the link off.
pub(super) async fn external(
    session: &Session,
    output: &Output,
    deed: args::External,
) -> Result<Exit, Failure> {
    let link = match deed {
        args::External::Link { id, refund, note } => LinkExternal {
            external: id,
            refund: Some(refund),
            note,
        },
        args::External::Unlink { id, note } => LinkExternal {
            external: id,
            refund: None,
            note,
        },
    };
    let Reply::External(external) = session.ask(Request::LinkExternal(link)).await? else {
        return Err(misanswered());
    };
    let printed = match output.json {
        true => output.object(&json::external(&external)),
        false => output.text(&external_line(&external)),
    };
    output.after_deed(printed);
    Ok(Exit::Done)
}

/// A refund made elsewhere in a line.
pub(super) fn external_line(external: &ExternalRefund) -> String {
    let ours = external
        .linked
        .map_or_else(String::new, |id| format!(", is our refund {id}"));
    clean(&format!(
        "elsewhere {} {} {} {} by {}{ours}",
        external.id,
        external.provider_refund_id.as_deref().unwrap_or("-"),
        external.amounts(),
        external.state.name(),
        external.origin
    ))
}
