//! `audit show` and `audit verify`.

use std::fs;
use std::path::Path;

use chrono::{NaiveTime, SecondsFormat};
use serde_json::json;

use super::args::AuditShow;
use super::open::{Session, misanswered};
use super::print::Output;
use super::{Exit, Failure, json};
use crate::desk::face::{AuditVerified, Class, Refusal, Reply, Request};
use crate::domain::audit::{Anchor, AuditFilter, Head};
use crate::domain::text::clean;

/// Findings that are shown one by one.
const SHOWN: usize = 20;

/// Shows the newest entries, oldest of them first.
pub(super) async fn show(
    session: &Session,
    output: &Output,
    arguments: AuditShow,
) -> Result<Exit, Failure> {
    let filter = AuditFilter {
        subject: arguments.subject,
        since: arguments
            .since
            .map(|date| date.and_time(NaiveTime::MIN).and_utc()),
        actor: arguments.actor,
        action: arguments.action,
        before: None,
    };
    let limit = arguments.limit;
    let Reply::Audit(entries) = session.ask(Request::Audit { filter, limit }).await? else {
        return Err(misanswered());
    };
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| match output.json {
            true => json::audit(entry).to_string(),
            false => format!(
                "{:>6} {} {:<12} {:<24} {} {}",
                entry.seq,
                entry.at.format("%Y-%m-%d %H:%M:%S UTC"),
                clean(&entry.actor),
                entry.action,
                clean(&entry.subject),
                clean(&entry.detail)
            ),
        })
        .collect();
    if !lines.is_empty() {
        output.text(&lines.join("\n"))?;
    }
    Ok(Exit::Done)
}

/// Checks the whole log; prints its head whatever was found.
pub(super) async fn verify(
    session: &Session,
    output: &Output,
    earlier: Option<Anchor>,
    against: Option<&Path>,
) -> Result<Exit, Failure> {
    let mut earlier = Vec::from_iter(earlier);
    if let Some(file) = against {
        earlier.extend(heads(file)?);
    }
    let compared = earlier.len();
    let request = Request::VerifyAudit { earlier };
    let Reply::AuditVerified(verified) = session.ask(request).await? else {
        return Err(misanswered());
    };
    if output.json {
        output.object(&object(&verified, compared))?;
    } else {
        output.text(&text(&verified, compared))?;
    }
    match verified.findings.first() {
        None => Ok(Exit::Done),
        Some(first) => Err(Refusal {
            class: Class::Failed,
            code: "audit_broken".to_owned(),
            message: format!("the audit log is not the one that was written: {}", first.detail),
            money: "What the log says of refunds cannot be relied on; the providers know what was paid."
                .to_owned(),
            next: "Stop using this database, keep a copy of the data folder as it is, and tell whoever runs this desk."
                .to_owned(),
        }
        .into()),
    }
}

/// Every line of a file of heads. A line that is none was not written by the desk: nothing is
/// proven by going on without it.
fn heads(file: &Path) -> Result<Vec<Anchor>, Failure> {
    let unusable = |why: String| Refusal {
        class: Class::Failed,
        code: "no_heads".to_owned(),
        message: format!("{}: {why}", file.display()),
        money: "Nothing was compared; this changes no money.".to_owned(),
        next: "Name the file that [audit] head_file of the config names, as it was kept."
            .to_owned(),
    };
    let text = fs::read_to_string(file).map_err(|error| unusable(error.to_string()))?;
    let mut heads = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let head: Head = line
            .parse()
            .map_err(|why| unusable(format!("line {}: {why}", at + 1)))?;
        heads.push(head.anchor);
    }
    match heads.is_empty() {
        true => Err(unusable("there is no line in it".to_owned()).into()),
        false => Ok(heads),
    }
}

fn object(verified: &AuditVerified, compared: usize) -> serde_json::Value {
    let findings: Vec<_> = verified
        .findings
        .iter()
        .map(|it| json!({ "kind": it.flaw, "detail": it.detail }))
        .collect();
    let head = verified.head.as_ref().map(|(anchor, at)| {
        json!({
            "seq": anchor.seq,
            "hash": anchor.hash,
            "at": at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        })
    });
    json!({
        "ok": verified.findings.is_empty(),
        "entries": verified.entries,
        "compared": compared,
        "head": head,
        "first_bad": verified.first_bad,
        "findings": findings,
    })
}

fn text(verified: &AuditVerified, compared: usize) -> String {
    let mut lines = vec![format!("entries  {}", verified.entries)];
    lines.push(match &verified.head {
        Some((anchor, at)) => {
            format!("head     {anchor} {}", at.format("%Y-%m-%d %H:%M:%S UTC"))
        }
        None => "head     none yet".to_owned(),
    });
    if compared > 0 {
        lines.push(format!("compared with {compared} earlier heads"));
    }
    let findings = &verified.findings;
    lines.push(match findings.len() {
        0 => "sound    every entry is as it was written".to_owned(),
        count => format!("BROKEN   {count} found"),
    });
    let shown = findings.iter().take(SHOWN);
    lines.extend(shown.map(|it| format!("         {}", clean(&it.detail))));
    if findings.len() > SHOWN {
        lines.push("         and more".to_owned());
    }
    lines.join("\n")
}
