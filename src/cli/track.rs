//! `track`

use std::time::Duration;

use tokio::sync::broadcast;

use super::args;
use super::open::{Session, misanswered};
use super::print::Output;
use super::{Exit, Failure, json, signal};
use crate::desk::Desk;
use crate::desk::face::{Closed, Notice, Reply, Request, Worked};
use crate::domain::listing::StateCounts;
use crate::domain::state::State;
use crate::domain::text::clean;

/// The longest sleep between rounds: another process may have queued something.
const LONGEST: Duration = Duration::from_secs(5);
/// The shortest, when what is due cannot be done yet.
const SHORTEST: Duration = Duration::from_millis(20);

/// Sends what may be sent and polls what is due.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: &args::Track,
) -> Result<Exit, Failure> {
    let notices = session.desk.notices();
    tokio::select! {
        exit = rounds(session, arguments) => {
            let exit = exit?;
            print_changes(output, notices)?;
            tell_closed(session).await?;
            session.desk.finish_backup().await;
            Ok(exit)
        }
        stopped = signal::stop() => {
            stopped?;
            Ok(Exit::Done)
        }
    }
}

async fn rounds(session: &Session, arguments: &args::Track) -> Result<Exit, Failure> {
    let started = session.clock.elapsed();
    loop {
        let Reply::Worked(worked) = session.ask(Request::Work { refund: None }).await? else {
            return Err(misanswered());
        };
        if arguments.once || (arguments.until_final && open(&worked.counts) == 0) {
            return Ok(Exit::Done);
        }
        let mut wait = until_next(session, &worked);
        if let Some(timeout) = arguments.timeout {
            let left = (started + timeout).saturating_sub(session.clock.elapsed());
            if left.is_zero() {
                return Ok(out_of_time(&worked.counts));
            }
            wait = wait.min(left);
        }
        tokio::time::sleep(wait).await;
    }
}

fn open(counts: &StateCounts) -> u64 {
    counts.of(&[
        State::Approved,
        State::Submitting,
        State::Pending,
        State::Unknown,
    ])
}

fn out_of_time(counts: &StateCounts) -> Exit {
    if counts.of(&[State::Unknown]) > 0 {
        Exit::Unknown
    } else if open(counts) > 0 {
        Exit::Unavailable
    } else {
        Exit::Done
    }
}

/// How long until there is work again.
pub(super) fn until_next(session: &Session, worked: &Worked) -> Duration {
    let wait = worked.next_at.map_or(LONGEST, |next| {
        (next - session.clock.now()).to_std().unwrap_or_default()
    });
    wait.clamp(SHORTEST, LONGEST)
}

/// Accounts that are still closed for sending: what is queued there waits, and why.
async fn tell_closed(session: &Session) -> Result<(), Failure> {
    let Reply::Safeguards(safeguards) = session.ask(Request::Safeguards).await? else {
        return Err(misanswered());
    };
    for closed in safeguards.closed {
        let account = match closed.account.as_str() {
            "*" => "every account",
            account => account,
        };
        let Closed {
            said,
            next,
            unread,
            unplaced,
            ..
        } = &closed;
        eprintln!(
            "refund-desk: {} is closed for sending: {said}",
            clean(account)
        );
        if *unread > 0 {
            eprintln!("  money: {unread} of its refunds may have been paid and are held");
        }
        if *unplaced > 0 {
            eprintln!(
                "  money: {unplaced} refunds were sent on payments the database lacks: import those"
            );
        }
        eprintln!("  next:  {next}");
    }
    Ok(())
}

/// What changed, once each, as it stands in the end.
fn print_changes(output: &Output, mut notices: broadcast::Receiver<Notice>) -> Result<(), Failure> {
    let mut changed: Vec<crate::desk::face::RefundRow> = Vec::new();
    loop {
        match notices.try_recv() {
            Ok(Notice::Refund(row)) => {
                changed.retain(|known| known.refund.id != row.refund.id);
                changed.push(*row);
            }
            Ok(_) | Err(broadcast::error::TryRecvError::Lagged(_)) => {}
            Err(_) => break,
        }
    }
    for row in changed {
        if output.json {
            output.object(&json::refund_row(&row))?;
        } else {
            let refund = &row.refund;
            output.text(&format!(
                "{} {} {}",
                refund.id,
                refund.content.amount,
                refund.state.name()
            ))?;
        }
    }
    Ok(())
}
