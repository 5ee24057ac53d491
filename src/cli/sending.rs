//! `stop-sending` and `resume-sending`

use serde_json::{Value, json};

use super::open::{Session, misanswered};
use super::print::Output;
use super::{Exit, Failure, args, json as fields};
use crate::desk::face::{Reply, Request, SendingOrder};
use crate::domain::sending::{Resumption, Stop};
use crate::domain::text::clean;

/// Stops sending, at once.
pub(super) async fn stop(
    session: &Session,
    output: &Output,
    arguments: args::Sending,
) -> Result<Exit, Failure> {
    let request = Request::StopSending(order(arguments));
    let Reply::Stopped(stop) = session.ask(request).await? else {
        return Err(misanswered());
    };
    let printed = match output.json {
        true => output.object(&object(&stop, "stopped")),
        false => output.text(&format!(
            "{}\nrefunds are queued meanwhile; what was with a provider already goes on\nto go on: two people, refund-desk resume-sending{}",
            clean(&stop.sentence()),
            named(&stop)
        )),
    };
    output.after_deed(printed);
    Ok(Exit::Done)
}

/// Proposes to resume, or resumes.
pub(super) async fn resume(
    session: &Session,
    output: &Output,
    arguments: args::Sending,
) -> Result<Exit, Failure> {
    let request = Request::ResumeSending(order(arguments));
    let Reply::Resumption(resumption) = session.ask(request).await? else {
        return Err(misanswered());
    };
    let (stop, state, said, exit) = match &resumption {
        Resumption::Proposed(stop) => (
            stop,
            "resume_proposed",
            format!(
                "proposed to resume; still stopped until another person says: refund-desk resume-sending{}",
                named(stop)
            ),
            Exit::Waits,
        ),
        Resumption::Resumed(stop) => (
            stop,
            "resumed",
            "resumed: what is queued goes out from an open desk or refund-desk track".to_owned(),
            Exit::Done,
        ),
    };
    let printed = match output.json {
        true => output.object(&object(stop, state)),
        false => output.text(&clean(&said)),
    };
    output.after_deed(printed);
    Ok(exit)
}

fn order(arguments: args::Sending) -> SendingOrder {
    SendingOrder {
        account: arguments.account,
        note: arguments.note,
    }
}

fn named(stop: &Stop) -> String {
    stop.account
        .as_ref()
        .map_or(String::new(), |account| format!(" {account}"))
}

fn object(stop: &Stop, sending: &str) -> Value {
    json!({
        "account": stop.account,
        "sending": sending,
        "stopped_by": stop.by,
        "stopped_at": fields::time(stop.at),
        "note": stop.note,
        "resume_proposed_by": stop.proposed.as_ref().map(|it| &it.by),
    })
}
