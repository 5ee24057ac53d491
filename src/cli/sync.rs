//! `sync`

use indicatif::ProgressBar;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::open::{Session, misanswered};
use super::print::Output;
use super::{Exit, Failure, import, json as shapes};
use crate::desk::face::{AccountSync, Notice, Refusal, Reply, Request};

/// Has the desk read the lists, and prints what became of each account.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    accounts: Vec<String>,
) -> Result<Exit, Failure> {
    let bar = import::bar(
        output,
        "reading refunds {bar:40} {pos}/{len} payments {msg}",
    );
    let mut notices = session.desk.notices();
    let mut asked = std::pin::pin!(session.ask(Request::Sync { accounts }));
    let reply = loop {
        tokio::select! {
            reply = &mut asked => break reply,
            notice = notices.recv() => show(&bar, notice),
        }
    };
    bar.finish_and_clear();
    let Reply::Synced(reports) = reply? else {
        return Err(misanswered());
    };
    output.after_deed(print(output, &reports));
    match reports.into_iter().find_map(failure) {
        Some(refusal) => Err(refusal.into()),
        None => Ok(Exit::Done),
    }
}

fn show(bar: &ProgressBar, notice: Result<Notice, broadcast::error::RecvError>) {
    if let Ok(Notice::Syncing {
        account,
        done,
        total,
    }) = notice
    {
        bar.set_length(total);
        bar.set_position(done);
        bar.set_message(account);
    }
}

/// What stopped the account, with its name; the work on the others is done.
fn failure(report: AccountSync) -> Option<Refusal> {
    let AccountSync {
        account, failed, ..
    } = report;
    failed.map(|refusal| Refusal {
        message: format!("{account}: {}", refusal.message),
        money: "Nothing was sent. What was read before, and from other accounts, stays.".to_owned(),
        ..refusal
    })
}

fn print(output: &Output, reports: &[AccountSync]) -> Result<(), Failure> {
    let line = |report: &AccountSync| match output.json {
        true => object(report).to_string(),
        false => text(report),
    };
    let lines: Vec<String> = reports.iter().map(line).collect();
    output.text(&lines.join("\n"))
}

fn object(report: &AccountSync) -> Value {
    let payments = &report.payments;
    json!({
        "account": report.account,
        "provider": report.provider,
        "skipped": report.skipped,
        "since": report.since.map(shapes::time),
        "read": payments.read,
        "new": payments.new,
        "updated": payments.updated,
        "unchanged": payments.unchanged,
        "rejected": payments.rejected,
        "rejects_file": payments.rejects_file,
        "verified": report.verified,
        "refunds": report.refunds,
        "found": report.found,
        "failed": report.failed.as_ref().map(|it| &it.message),
    })
}

fn text(report: &AccountSync) -> String {
    let AccountSync {
        account, payments, ..
    } = report;
    if report.skipped {
        return format!(
            "{account}: skipped, {} cannot list payments; import its settlement files",
            report.provider
        );
    }
    let mut text = format!(
        "{account}: payments new {}, updated {}, unchanged {}, rejected {}; refunds of {} payments read, {} found that were made elsewhere",
        payments.new,
        payments.updated,
        payments.unchanged,
        payments.rejected,
        report.verified,
        report.found
    );
    if let Some(path) = &payments.rejects_file {
        text.push_str(&format!(
            "\n  rejected rows, each with line and reason: {path}"
        ));
    }
    if let Some(refusal) = &report.failed {
        text.push_str(&format!("\n  broke off: {}", refusal.message));
    }
    text
}
