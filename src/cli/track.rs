//! `track`

use std::collections::HashMap;
use std::future::Future;
use std::io::{self, Write};
use std::pin::pin;
use std::time::Duration;

use tokio::sync::mpsc;

use super::args;
use super::open::{Session, misanswered};
use super::print::Output;
use super::signal::Stops;
use super::{Exit, Failure, json};
use crate::desk::face::{Closed, Notice, RefundRow, Reply, Request, Worked};
use crate::desk::local::Local;
use crate::domain::id::RefundId;
use crate::domain::listing::StateCounts;
use crate::domain::refund::Refund;
use crate::domain::state::State;
use crate::domain::text::clean;

/// The longest sleep between rounds: another process may have queued something.
const LONGEST: Duration = Duration::from_secs(5);
/// How often a service is asked how far it is.
const AGAIN: Duration = Duration::from_millis(200);
/// The shortest, when what is due cannot be done yet.
const SHORTEST: Duration = Duration::from_millis(20);

/// Sends what may be sent and polls what is due.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: &args::Track,
) -> Result<Exit, Failure> {
    let mut stops = Stops::listen()?;
    let Some(desk) = &session.own else {
        return beside(session, output, arguments, stops).await;
    };
    let mut changes = Changes::follow(output, desk.follow());
    let mut rounds = pin!(rounds(session, desk, arguments));
    let exit = loop {
        tokio::select! {
            biased;
            () = stops.next() => {
                if desk.is_stopped() {
                    return leave_now(session).await;
                }
                desk.stop();
                tell_under_way(desk.exchanges());
            }
            change = changes.next() => if changes.print(change).is_err() {
                // Whoever read our output is gone: what is with a provider is finished all the same.
                desk.stop();
            },
            exit = &mut rounds => break exit?,
        }
    };
    changes.finish()?;
    tell_closed(session).await?;
    desk.finish_backup().await;
    Ok(exit)
}

/// Beside a service, which sends and polls by itself: prints what changes, until there is nothing
/// more to wait for.
async fn beside(
    session: &Session,
    output: &Output,
    arguments: &args::Track,
    mut stops: Stops,
) -> Result<Exit, Failure> {
    let (told, notices) = mpsc::unbounded_channel();
    let mut changes = Changes::follow(output, notices);
    let mut heard = session.desk.notices();
    let mut waited = pin!(until(session, arguments));
    let exit = loop {
        tokio::select! {
            biased;
            () = stops.next() => return leave_now(session).await,
            notice = heard.recv() => if let Ok(notice) = notice {
                let _ = told.send(notice);
            },
            change = changes.next() => if changes.print(change).is_err() {
                break Exit::Done;
            },
            exit = &mut waited => break exit?,
        }
    };
    changes.finish()?;
    tell_closed(session).await?;
    Ok(exit)
}

/// Returns when the service has nothing left to do, or time ran out.
async fn until(session: &Session, arguments: &args::Track) -> Result<Exit, Failure> {
    let started = session.clock.elapsed();
    loop {
        // With --once it is asked to do what is due now; else it does that by itself.
        if arguments.once {
            session.ask(Request::Work { refund: None }).await?;
            return Ok(Exit::Done);
        }
        let Reply::Overview(overview) = session.ask(Request::Overview).await? else {
            return Err(misanswered());
        };
        if arguments.until_final && open(&overview.counts) == 0 {
            return Ok(Exit::Done);
        }
        let waited = session.clock.elapsed() - started;
        if arguments.timeout.is_some_and(|most| waited >= most) {
            return Ok(out_of_time(&overview.counts));
        }
        let rest = arguments.timeout.map_or(AGAIN, |most| most - waited);
        tokio::time::sleep(rest.min(AGAIN)).await;
    }
}

/// Says that the process does not end yet, and why.
pub(super) fn tell_under_way(exchanges: usize) {
    if exchanges > 0 {
        // Nothing can be done about a stderr that cannot be written.
        let _ = writeln!(
            io::stderr(),
            "refund-desk: waiting for {exchanges} answer{} from providers, then it ends; interrupt again to leave at once",
            if exchanges == 1 { "" } else { "s" }
        );
    }
}

/// Leaves what is with a provider to be found as UNKNOWN: its attempt is on disk.
async fn leave_now(session: &Session) -> Result<Exit, Failure> {
    let Reply::Overview(overview) = session.ask(Request::Overview).await? else {
        return Err(misanswered());
    };
    if overview.counts.of(&[State::Submitting]) > 0 {
        return Ok(Exit::Unknown);
    }
    Ok(out_of_time(&overview.counts))
}

async fn rounds(session: &Session, desk: &Local, arguments: &args::Track) -> Result<Exit, Failure> {
    let started = session.clock.elapsed();
    loop {
        let Reply::Worked(worked) = session.ask(Request::Work { refund: None }).await? else {
            return Err(misanswered());
        };
        if desk.is_stopped() {
            return Ok(out_of_time(&worked.counts));
        }
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
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // One more round takes up nothing and counts anew.
            () = desk.stopped() => {}
        }
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
        (next - session.clock.now()).to_std().unwrap_or(SHORTEST)
    });
    let rest = Duration::from_millis(worked.rest_ms);
    wait.clamp(SHORTEST, LONGEST).max(rest)
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

/// Prints each change of a refund when it happens.
struct Changes<'a> {
    output: &'a Output,
    notices: mpsc::UnboundedReceiver<Notice>,
    printed: HashMap<RefundId, Refund>,
    broken: Option<Failure>,
}

impl<'a> Changes<'a> {
    fn follow(output: &'a Output, notices: mpsc::UnboundedReceiver<Notice>) -> Self {
        Self {
            output,
            notices,
            printed: HashMap::new(),
            broken: None,
        }
    }

    /// The next notice; never, once nobody reads what is printed.
    fn next(&mut self) -> impl Future<Output = Option<Notice>> {
        let notices = self.broken.is_none().then_some(&mut self.notices);
        async {
            match notices {
                Some(notices) => notices.recv().await,
                None => std::future::pending().await,
            }
        }
    }

    /// Prints a refund that changed; one that was only looked at again is not repeated.
    fn print(&mut self, notice: Option<Notice>) -> Result<(), ()> {
        let Some(Notice::Refund(row)) = notice else {
            return Ok(());
        };
        let before = self.printed.insert(row.refund.id, row.refund.clone());
        if before.is_some_and(|before| is_same(&before, &row.refund)) {
            return Ok(());
        }
        line(self.output, &row).map_err(|failure| self.broken = Some(failure))
    }

    /// Prints what is left.
    fn finish(mut self) -> Result<(), Failure> {
        while self.broken.is_none()
            && let Ok(notice) = self.notices.try_recv()
        {
            let _ = self.print(Some(notice));
        }
        self.broken.map_or(Ok(()), Err)
    }
}

/// Whether a person would call it unchanged.
fn is_same(before: &Refund, now: &Refund) -> bool {
    let told = |refund: &Refund| {
        let ids = (refund.provider_refund_id.clone(), refund.trace.clone());
        (
            refund.state,
            refund.reported,
            refund.proven,
            refund.said.clone(),
            ids,
        )
    };
    told(before) == told(now)
}

fn line(output: &Output, row: &RefundRow) -> Result<(), Failure> {
    if output.json {
        return output.object(&json::refund_row(row));
    }
    let refund = &row.refund;
    output.text(&format!(
        "{} {} {}",
        refund.id,
        refund.content.amount,
        refund.state.name()
    ))
}
