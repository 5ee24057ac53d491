//! `audit show`.

use super::open::{Session, misanswered};
use super::print::Output;
use super::{Exit, Failure, json};
use crate::desk::face::{Reply, Request};
use crate::domain::text::clean;

/// Shows the newest entries, oldest of them first.
pub(super) async fn show(
    session: &Session,
    output: &Output,
    subject: Option<String>,
    limit: u32,
) -> Result<Exit, Failure> {
    let Reply::Audit(entries) = session.ask(Request::Audit { subject, limit }).await? else {
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
