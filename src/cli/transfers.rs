//! `transfers`, `returned` and `reconcile`: the bank leg.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args;
use super::open::{Session, misanswered};
use super::print::{Align, Column, Output, header, line};
use super::refunds::print_card;
use super::{Exit, Failure};
use crate::desk::face::{
    BankAnswer, BankAsk, Class, ImportFile, Reconciled, RefundCard, Refusal, Reply, Request,
    TransferWord, Transfers,
};
use crate::domain::text::clean;
use crate::domain::transfer::{Confirmation, FileState, PaymentFile, Said, Transfer};

const COLUMNS: [Column; 6] = [
    ("REFUND", 8, Align::Left),
    ("AMOUNT", 14, Align::Right),
    ("TO", 6, Align::Left),
    ("REFERENCE", 31, Align::Left),
    ("FILE", 5, Align::Right),
    ("STATE", 40, Align::Left),
];

/// Lists transfers, makes payment files, and takes people's word.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: args::Transfers,
) -> Result<Exit, Failure> {
    if let Some(deed) = arguments.deed {
        return carry_out(session, output, deed).await;
    }
    let Some(to) = arguments.to else {
        let shown = listed(session, arguments.account, arguments.all).await?;
        print_transfers(output, &shown)?;
        return Ok(Exit::Done);
    };
    let open = listed(session, arguments.account.clone(), arguments.file.is_some()).await?;
    let known = open.files.into_iter().find(|it| match arguments.file {
        Some(id) => it.id == id,
        None => arguments
            .currency
            .as_deref()
            .is_none_or(|code| it.sum.currency.code().eq_ignore_ascii_case(code)),
    });
    let file = match (known, arguments.file) {
        (Some(file), _) => file,
        (None, Some(id)) => return Err(no_such_file(id).into()),
        (None, None) => {
            let ask = BankAsk::ProposeFile {
                account: arguments.account,
                currency: arguments.currency,
            };
            let proposed = file_of(session, ask).await?;
            output.after_deed(print_file(output, &proposed, None));
            return Ok(Exit::Waits);
        }
    };
    write(session, output, file, arguments.seen, to).await
}

/// The second person's part: agree by what was looked at, then have it written.
async fn write(
    session: &Session,
    output: &Output,
    file: PaymentFile,
    seen: Option<String>,
    to: PathBuf,
) -> Result<Exit, Failure> {
    let id = file.id;
    if file.state == FileState::Proposed {
        let Some(seen) = seen else {
            print_file(output, &file, None)?;
            return Ok(Exit::Waits);
        };
        let seen = seen.trim().to_lowercase();
        file_of(session, BankAsk::ApproveFile { file: id, seen }).await?;
    }
    // A desk elsewhere would not know where this command was started.
    let to = std::path::absolute(&to)?;
    let written = file_of(
        session,
        BankAsk::WriteFile {
            file: id,
            to: to.clone(),
        },
    )
    .await?;
    output.after_deed(print_file(output, &written, Some(&to)));
    Ok(Exit::Done)
}

async fn carry_out(
    session: &Session,
    output: &Output,
    deed: args::TransferDeed,
) -> Result<Exit, Failure> {
    let word = |refund, said, reference, dated| {
        BankAsk::State(TransferWord {
            refund,
            said,
            reference,
            dated,
        })
    };
    let ask = match deed {
        args::TransferDeed::Paid {
            refund,
            reference,
            date,
        } => word(refund, Said::Paid, reference, date),
        args::TransferDeed::Rejected {
            refund,
            evidence,
            date,
        } => word(refund, Said::Rejected, evidence, date),
        args::TransferDeed::TurnDown { refund, note } => BankAsk::TurnDown { refund, note },
        args::TransferDeed::Confirm { refund } => BankAsk::Confirm { refund },
        args::TransferDeed::Reveal { refund } => return reveal(session, output, refund).await,
        args::TransferDeed::GiveUp { file, note } => {
            let given_up = file_of(session, BankAsk::GiveUpFile { file, note }).await?;
            output.after_deed(print_file(output, &given_up, None));
            return Ok(Exit::Done);
        }
        args::TransferDeed::Explain { id, note } => {
            let BankAnswer::Transfers(left) = asked(session, BankAsk::Explain { id, note }).await?
            else {
                return Err(misanswered());
            };
            output.after_deed(print_transfers(output, &left));
            return Ok(Exit::Done);
        }
    };
    stated(session, output, ask).await
}

/// Says that the bank returned a transfer.
pub(super) async fn returned(
    session: &Session,
    output: &Output,
    arguments: args::Returned,
) -> Result<Exit, Failure> {
    let word = TransferWord {
        refund: arguments.refund,
        said: Said::Returned,
        reference: arguments.evidence,
        dated: arguments.date,
    };
    stated(session, output, BankAsk::State(word)).await
}

async fn stated(session: &Session, output: &Output, ask: BankAsk) -> Result<Exit, Failure> {
    let Reply::Refund(card) = session.ask(Request::Bank(ask)).await? else {
        return Err(misanswered());
    };
    output.after_deed(print_card(output, &card));
    Ok(match waits(&card) {
        true => Exit::Waits,
        false => Exit::Done,
    })
}

fn waits(card: &RefundCard) -> bool {
    card.transfers.iter().any(|it| it.stated.is_some())
}

async fn reveal(session: &Session, output: &Output, refund: String) -> Result<Exit, Failure> {
    let BankAnswer::Account(account) = asked(session, BankAsk::Reveal { refund }).await? else {
        return Err(misanswered());
    };
    match output.json {
        true => output.object(&json!({
            "number": account.number,
            "holder": account.holder,
            "clearing_system": account.clearing_system,
        }))?,
        false => {
            let holder = account.holder.as_deref().map(clean);
            let holder = holder.map_or(String::new(), |it| format!("  {it}"));
            output.text(&format!("{}{holder}", clean(&account.number)))?;
        }
    }
    Ok(Exit::Done)
}

/// Reads files from the bank.
pub(super) async fn reconcile(
    session: &Session,
    output: &Output,
    files: &[PathBuf],
) -> Result<Exit, Failure> {
    let files = files
        .iter()
        .map(|path| read(path))
        .collect::<Result<Vec<_>, _>>()?;
    let BankAnswer::Reconciled(done) = asked(session, BankAsk::Reconcile { files }).await? else {
        return Err(misanswered());
    };
    let lines: Vec<String> = done
        .iter()
        .map(|it| match output.json {
            true => json!(it).to_string(),
            false => reconciled(it),
        })
        .collect();
    output.after_deed(output.text(&lines.join("\n")));
    Ok(Exit::Done)
}

fn read(path: &Path) -> Result<ImportFile, Failure> {
    let bytes = fs::read(path).map_err(|error| Refusal {
        class: Class::Failed,
        code: "unreadable_file".to_owned(),
        message: format!("cannot read {}: {error}", path.display()),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "Check the path and its permissions.".to_owned(),
    })?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    Ok(ImportFile {
        name: name.to_string_lossy().into_owned(),
        bytes,
    })
}

fn reconciled(it: &Reconciled) -> String {
    format!(
        "{}: {}; {} read: {} paid, {} rejected, {} returned, {} known, {} contradict, {} unexplained, {} passed over",
        clean(&it.file),
        it.what,
        it.read,
        it.paid,
        it.rejected,
        it.returned,
        it.known,
        it.contradicts,
        it.unexplained,
        it.passed_over
    )
}

async fn asked(session: &Session, ask: BankAsk) -> Result<BankAnswer, Failure> {
    match session.ask(Request::Bank(ask)).await? {
        Reply::Bank(answer) => Ok(*answer),
        _ => Err(misanswered()),
    }
}

async fn file_of(session: &Session, ask: BankAsk) -> Result<PaymentFile, Failure> {
    match asked(session, ask).await? {
        BankAnswer::File(file) => Ok(file),
        _ => Err(misanswered()),
    }
}

async fn listed(
    session: &Session,
    account: Option<String>,
    ended: bool,
) -> Result<Transfers, Failure> {
    match asked(session, BankAsk::Transfers { account, ended }).await? {
        BankAnswer::Transfers(shown) => Ok(shown),
        _ => Err(misanswered()),
    }
}

fn print_transfers(output: &Output, shown: &Transfers) -> Result<(), Failure> {
    if output.json {
        return output.object(&json!({
            "transfers": shown.transfers.iter().map(transfer).collect::<Vec<_>>(),
            "files": shown.files.iter().map(file).collect::<Vec<_>>(),
            "unexplained": shown.unexplained,
        }));
    }
    let mut lines = vec![header(&COLUMNS)];
    lines.extend(shown.transfers.iter().map(text_row));
    lines.extend(shown.files.iter().map(|it| file_line(it, None)));
    lines.extend(
        shown
            .unexplained
            .iter()
            .map(|it| format!("unexplained {}: {}", it.id, clean(&it.detail))),
    );
    output.text(&lines.join("\n"))
}

fn text_row(it: &Transfer) -> String {
    line(
        &COLUMNS,
        &[
            it.refund.short(),
            it.amount.to_string(),
            format!("…{}", it.last4),
            it.end_to_end.clone(),
            it.file.map_or_else(|| "-".to_owned(), |id| id.to_string()),
            clean(&it.told()),
        ],
    )
}

fn print_file(output: &Output, it: &PaymentFile, to: Option<&Path>) -> Result<(), Failure> {
    match output.json {
        true => output.object(&file(it)),
        false => output.text(&file_line(it, to)),
    }
}

fn file_line(it: &PaymentFile, to: Option<&Path>) -> String {
    let what = format!(
        "payment file {}: {} {}, {}, {}, SHA-256 {}",
        it.id,
        it.count,
        if it.count == 1 {
            "transfer"
        } else {
            "transfers"
        },
        it.sum,
        it.account,
        it.sha256
    );
    let then = match (it.state, to) {
        (FileState::Proposed, _) => format!(
            "proposed by {}; another person agrees and has it written: refund-desk transfers --file {} --to FILE.xml --seen {}",
            it.proposed_by, it.id, it.sha256
        ),
        (FileState::Approved, _) => format!(
            "agreed; write it: refund-desk transfers --file {} --to FILE.xml",
            it.id
        ),
        (FileState::Written, Some(to)) => format!("written to {}", to.display()),
        (FileState::Written, None) => "written".to_owned(),
        (FileState::GivenUp, _) => "given up; its transfers are due again".to_owned(),
    };
    format!("{what}; {then}")
}

/// A transfer as programs read it.
pub(super) fn transfer(it: &Transfer) -> Value {
    let (confirmation, why) = match &it.confirmation {
        Confirmation::NotYet => ("not_yet", None),
        Confirmation::Due(_) => ("due", None),
        Confirmation::Stuck(why) => ("stuck", Some(why.clone())),
        Confirmation::Done => ("done", None),
    };
    json!({
        "refund": it.refund,
        "account": it.account,
        "number": it.number,
        "end_to_end": it.end_to_end,
        "amount": it.amount.decimal(),
        "currency": it.amount.currency.code(),
        "state": it.state,
        "last4": it.last4,
        "account_kept": it.account_kept,
        "file": it.file,
        "since": super::json::time(it.since),
        "reference": it.reference,
        "confirmation": confirmation,
        "not_confirmed": why,
        "stated": it.stated.as_ref().map(|stated| json!({
            "said": stated.said,
            "reference": stated.reference,
            "dated": stated.dated,
            "by": stated.by,
            "at": super::json::time(stated.at),
        })),
    })
}

fn file(it: &PaymentFile) -> Value {
    json!({
        "file": it.id,
        "message_id": it.message_id,
        "account": it.account,
        "transfers": it.count,
        "sum": it.sum.decimal(),
        "currency": it.sum.currency.code(),
        "sha256": it.sha256,
        "state": it.state,
        "proposed_by": it.proposed_by,
        "proposed_at": super::json::time(it.proposed_at),
        "approved_by": it.approved_by,
        "written_at": it.written_at.map(super::json::time),
    })
}

fn no_such_file(id: i64) -> Refusal {
    Refusal {
        class: Class::Rule,
        code: "not_found".to_owned(),
        message: format!("there is no payment file {id}"),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "See which there are: refund-desk transfers --all".to_owned(),
    }
}
