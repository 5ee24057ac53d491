//! `phone` and `trace`: what is said to a payer, and what may be given to them or their bank.

use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::args::Trace;
use super::open::{Session, misanswered};
use super::payments::{dispute_line, payer};
use super::print::Output;
use super::{Exit, Failure, json};
use crate::desk::face::{Class, Refusal, Reply, Request};
use crate::domain::phone::{Call, Entry, What};
use crate::domain::text::clean;
use crate::domain::trace::TraceNote;

/// Shows everything of a payer or order, with a sentence to read aloud per refund.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    subject: String,
) -> Result<Exit, Failure> {
    let Reply::Call(call) = session.ask(Request::Call(subject)).await? else {
        return Err(misanswered());
    };
    match output.json {
        true => output.object(&call_json(&call))?,
        false => output.text(&call_text(&call))?,
    }
    Ok(Exit::Done)
}

fn call_text(call: &Call) -> String {
    let who = payer(call.payer.as_deref(), call.last4.as_deref());
    let mut lines = vec![format!("{:<17} {}", "payer", clean(&who))];
    if let Some(order) = &call.order {
        lines.push(format!("{:<17} {}", "order", clean(order)));
    }
    lines.push(format!("{:<17} {}", "days in", call.zone));
    for entry in &call.entries {
        lines.push(String::new());
        lines.extend(entry_text(entry));
    }
    if call.more {
        lines.push(String::new());
        lines.push("there are more payments: those closest to this one are shown".to_owned());
    }
    lines.join("\n")
}

fn entry_text(entry: &Entry) -> Vec<String> {
    let (what, said) = match &entry.what {
        What::Payment {
            paid,
            can_refund,
            why_not,
        } => {
            let can = match why_not {
                Some(why) => why.sentence().to_owned(),
                None => format!("can refund {can_refund}"),
            };
            (format!("payment {paid}; {can}"), None)
        }
        What::Refund { refund, said } => {
            let state = refund.state.words();
            let what = format!("refund {} {}; {state}", refund.id, refund.content.amount);
            (what, Some(said))
        }
        What::Elsewhere(external) => {
            let state = external.state.name();
            let what = format!("refund made elsewhere {}; {state}", external.amounts());
            (what, None)
        }
        What::Dispute(dispute) => (dispute_line(dispute), None),
    };
    let at = entry.at.format("%Y-%m-%d %H:%M UTC");
    let mut lines = vec![
        clean(&format!("{at}  {what}")),
        clean(&format!(
            "    {} {} ({})",
            entry.account,
            entry.reference.as_deref().unwrap_or("-"),
            entry.kin.words()
        )),
    ];
    lines.extend(said.map(|said| clean(&format!("    \"{said}\""))));
    lines
}

fn call_json(call: &Call) -> Value {
    let entries: Vec<Value> = call.entries.iter().map(entry_json).collect();
    json!({
        "payment_id": call.payment,
        "payer": call.payer,
        "last4": call.last4,
        "order": call.order,
        "zone": call.zone,
        "more": call.more,
        "entries": entries,
    })
}

fn entry_json(entry: &Entry) -> Value {
    let (kind, what, say) = match &entry.what {
        What::Payment {
            paid,
            can_refund,
            why_not,
        } => {
            let payment = json!({
                "amount": paid.decimal(),
                "currency": paid.currency,
                "can_refund": can_refund.decimal(),
                "why_not": why_not,
            });
            ("payment", payment, None)
        }
        What::Refund { refund, said } => ("refund", json::refund(refund), Some(said)),
        What::Elsewhere(external) => ("external_refund", json::external(external), None),
        What::Dispute(dispute) => ("dispute", json::dispute(dispute), None),
    };
    json!({
        "at": json::time(entry.at),
        "account": entry.account,
        "payment_id": entry.payment,
        "reference": entry.reference,
        "kin": entry.kin.name(),
        "kind": kind,
        kind: what,
        "say": say,
    })
}

/// Prints the note, or writes it to a file that is not there yet.
pub(super) async fn trace(
    session: &Session,
    output: &Output,
    arguments: Trace,
) -> Result<Exit, Failure> {
    let request = Request::Trace(arguments.refund);
    let Reply::Trace(note) = session.ask(request).await? else {
        return Err(misanswered());
    };
    let file = arguments.to;
    if let Some(file) = &file {
        write(file, &note)?;
    }
    match (output.json, &file) {
        (true, file) => output.object(&note_json(&note, file.as_ref()))?,
        (false, Some(file)) => output.text(&format!("written to {}", file.display()))?,
        (false, None) => output.text(&note.text())?,
    }
    Ok(Exit::Done)
}

fn write(file: &PathBuf, note: &TraceNote) -> Result<(), Refusal> {
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .and_then(|mut open| open.write_all(format!("{}\n", note.text()).as_bytes()));
    written.map_err(|error| Refusal {
        class: Class::Failed,
        code: "not_written".to_owned(),
        message: format!("{} cannot be written: {error}", file.display()),
        money: "No money moves by a note.".to_owned(),
        next: "Name a file that is not there yet, in a folder you may write to.".to_owned(),
    })
}

fn note_json(note: &TraceNote, file: Option<&PathBuf>) -> Value {
    let references: serde_json::Map<String, Value> = note
        .references
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    json!({
        "refund_id": note.refund,
        "issued_on": note.issued_on,
        "kind": note.kind,
        "amount": note.amount.decimal(),
        "compensation": note.compensation.decimal(),
        "currency": note.amount.currency,
        "payment_reference": note.payment_reference,
        "order": note.order,
        "paid_on": note.paid_on,
        "last4": note.last4,
        "sent_on": note.sent_on,
        "normally_by": note.normally_by,
        "references": references,
        "say": note.said,
        "text": note.text(),
        "file": file,
    })
}
