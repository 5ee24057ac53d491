//! `inbox`, `answer` and `accounts`: what networks ask of the debtor's side.

use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::args;
use super::import;
use super::json::time;
use super::open::{Session, misanswered};
use super::print::{Align, Column, Output, header, line};
use super::{Exit, Failure};
use crate::desk::face::{AnswerOrder, AnswerWith, Import, Reply, Request};
use crate::domain::inbound_request::{InboundRequest, Standing};
use crate::domain::money::Money;
use crate::domain::text::clean;

const COLUMNS: [Column; 7] = [
    ("ID", 5, Align::Right),
    ("UNTIL UTC", 19, Align::Left),
    ("AMOUNT", 14, Align::Right),
    ("PAYMENT", 20, Align::Left),
    ("ON FILE", 12, Align::Left),
    ("STATE", 8, Align::Left),
    ("WHAT", 40, Align::Left),
];

/// Lists requests, or has the network asked about one.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: args::Inbox,
) -> Result<Exit, Failure> {
    if let Some(args::InboxDeed::Ask { request }) = arguments.deed {
        let asked = session.ask(Request::AskRequest { request }).await?;
        let Reply::Inbound(asked) = asked else {
            return Err(misanswered());
        };
        let said = format!(
            "request {}: the network is asked; its answer is shown by refund-desk inbox --all",
            asked.id
        );
        output.after_deed(told(output, &asked, &said));
        return Ok(Exit::Done);
    }
    let all = arguments.all;
    let Reply::Inbox(found) = session.ask(Request::Inbox { all }).await? else {
        return Err(misanswered());
    };
    let mut lines: Vec<String> = found
        .iter()
        .map(|it| match output.json {
            true => object(it).to_string(),
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

/// Decides a request.
pub(super) async fn answer(
    session: &Session,
    output: &Output,
    arguments: args::Answer,
) -> Result<Exit, Failure> {
    let with = match (arguments.account, arguments.refuse) {
        (Some(account), _) => account_of(account, arguments.clearing_system, arguments.holder)?,
        (None, code) => AnswerWith::Refuse {
            code,
            note: arguments.note,
        },
    };
    let order = AnswerOrder {
        request: arguments.request,
        with,
    };
    let Reply::Inbound(decided) = session.ask(Request::AnswerRequest(order)).await? else {
        return Err(misanswered());
    };
    let said = format!("request {}: {}", decided.id, ended(&decided));
    output.after_deed(told(output, &decided, &said));
    Ok(Exit::Done)
}

/// Takes in files of accounts.
pub(super) async fn import(
    session: &Session,
    output: &Output,
    files: &[PathBuf],
    dry_run: bool,
) -> Result<Exit, Failure> {
    let files = files
        .iter()
        .map(|path| import::read(path))
        .collect::<Result<Vec<_>, _>>()?;
    let import = Import {
        files,
        dry_run,
        expect_rows: None,
        expect_sums: Vec::new(),
    };
    let Reply::Imported(report) = session.ask(Request::ImportAccounts(import)).await? else {
        return Err(misanswered());
    };
    output.after_deed(import::print(output, &report));
    Ok(Exit::Done)
}

/// `f12` is on file, `-` is read from where no shell keeps it, anything else is a number.
fn account_of(
    given: String,
    clearing_system: Option<String>,
    holder: Option<String>,
) -> Result<AnswerWith, Failure> {
    let on_file = given.strip_prefix('f').and_then(|id| id.parse().ok());
    if let Some(id) = on_file {
        return Ok(AnswerWith::OnFile(Some(id)));
    }
    let number = match given.as_str() {
        "-" => typed()?,
        _ => given,
    };
    Ok(AnswerWith::Account {
        number,
        clearing_system,
        holder,
    })
}

fn typed() -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        eprint!("account: ");
    }
    let mut number = String::new();
    io::stdin().lock().read_line(&mut number)?;
    Ok(number.trim().to_owned())
}

fn told(output: &Output, request: &InboundRequest, said: &str) -> Result<(), Failure> {
    match output.json {
        true => output.object(&object(request)),
        false => output.text(&clean(said)),
    }
}

fn text_row(it: &InboundRequest) -> String {
    let on_file = it
        .on_file
        .as_ref()
        .map_or_else(|| "-".to_owned(), |it| format!("f{} …{}", it.id, it.last4));
    line(
        &COLUMNS,
        &[
            it.id.to_string(),
            it.deadline.format("%Y-%m-%d %H:%M:%S").to_string(),
            it.amount.to_string(),
            it.provider_payment_id.clone(),
            on_file,
            it.standing.name().to_owned(),
            ended(it),
        ],
    )
}

/// How it was decided, and what was said since; what stands against the rule while it waits.
fn ended(it: &InboundRequest) -> String {
    let Some(decision) = &it.decision else {
        return clean(&it.found);
    };
    let by = decision.by.as_deref().unwrap_or("the rule");
    let what = match (it.standing, &decision.last4) {
        (Standing::Answered, Some(last4)) => format!("answered by {by} with account …{last4}"),
        (Standing::Expired, _) => "nobody decided in time".to_owned(),
        (standing, _) => {
            let said = decision.said.as_deref().unwrap_or_default();
            let code = decision.code.as_ref();
            let code = code.map_or_else(String::new, |code| format!(" ({code})"));
            format!("{} by {by}{code}: {said}", standing.name())
        }
    };
    let since = it.confirmations.iter().map(|said| {
        let reason = said.reason.as_deref().unwrap_or_default();
        let amount = said.amount.map_or_else(String::new, |it| format!(" {it}"));
        let asked = said.retrieval.as_ref().map_or("", |_| " (as asked)");
        format!("; told {} {reason}{amount}{asked}", said.status)
    });
    clean(&format!("{what}{}", since.collect::<String>()))
}

fn object(it: &InboundRequest) -> Value {
    let decision = it.decision.as_ref();
    let confirmations: Vec<Value> = it
        .confirmations
        .iter()
        .map(|said| {
            json!({
                "status": said.status,
                "reason": said.reason,
                "reference": said.reference,
                "amount": said.amount.map(Money::decimal),
                "currency": said.amount.map(|it| it.currency),
                "asked_for": said.retrieval.is_some(),
                "at": time(said.at),
            })
        })
        .collect();
    json!({
        "id": it.id,
        "account": it.account,
        "provider_payment_id": it.provider_payment_id,
        "payment_id": it.payment(),
        "refund": it.refund,
        "amount": it.amount.decimal(),
        "currency": it.amount.currency,
        "reason": it.reason,
        "method": it.method,
        "reference": it.reference,
        "case": it.case,
        "creditor": it.creditor,
        "found": it.found,
        "received_at": time(it.received_at),
        "deadline": time(it.deadline),
        "state": it.standing,
        "on_file": it.on_file.as_ref().map(|it| format!("f{}", it.id)),
        "on_file_last4": it.on_file.as_ref().map(|it| &it.last4),
        "decided_at": decision.map(|it| time(it.at)),
        "decided_by": decision.map(|it| it.by.as_deref().unwrap_or("rule")),
        "code": decision.and_then(|it| it.code.as_ref()),
        "said": decision.and_then(|it| it.said.as_ref()),
        "account_last4": decision.and_then(|it| it.last4.as_ref()),
        "confirmations": confirmations,
    })
}
