//! `delegate` and `away`: who stands in for whom, and who is not there.

use serde_json::{Value, json};

use super::open::{Session, misanswered};
use super::print::Output;
use super::{Exit, Failure, args, json as fields};
use crate::desk::face::{Reply, Request, RosterAsk};
use crate::domain::delegation::{Away, Delegation, Roster};
use crate::domain::role::Through;
use crate::domain::text::clean;

/// Hands on a right to approve, takes it back, or lists who has whose.
pub(super) async fn delegate(
    session: &Session,
    output: &Output,
    arguments: args::Delegate,
) -> Result<Exit, Failure> {
    let days = arguments.from.zip(arguments.until);
    let ask = match (arguments.to.zip(days), arguments.end) {
        (Some((to, (from, until))), _) => RosterAsk::Delegate { to, from, until },
        (None, Some(id)) => RosterAsk::EndDelegation { id },
        (None, None) => RosterAsk::Show,
    };
    let roster = ask_for(session, ask).await?;
    let lines = match output.json {
        true => roster
            .delegations
            .iter()
            .map(|it| delegation_object(it).to_string()),
        false => {
            return told(
                output,
                roster.delegations.iter().map(delegation_line),
                NOBODY,
            );
        }
    };
    told(output, lines, "")
}

const NOBODY: &str = "nobody stands in for anybody";
const ALL_THERE: &str = "nobody is away";

/// Says when one is away, or lists who is.
pub(super) async fn away(
    session: &Session,
    output: &Output,
    arguments: &args::Away,
) -> Result<Exit, Failure> {
    let ask = match (arguments.from.zip(arguments.until), arguments.back) {
        (Some((from, until)), _) => RosterAsk::Away { from, until },
        (None, true) => RosterAsk::Back,
        (None, false) => RosterAsk::Show,
    };
    let roster = ask_for(session, ask).await?;
    match output.json {
        true => told(
            output,
            roster.away.iter().map(|it| json!(it).to_string()),
            "",
        ),
        false => told(output, roster.away.iter().map(away_line), ALL_THERE),
    }
}

async fn ask_for(session: &Session, ask: RosterAsk) -> Result<Roster, Failure> {
    match session.ask(Request::Roster(ask)).await? {
        Reply::Roster(roster) => Ok(*roster),
        _ => Err(misanswered()),
    }
}

fn told(output: &Output, lines: impl Iterator<Item = String>, none: &str) -> Result<Exit, Failure> {
    let lines: Vec<String> = lines.collect();
    match (lines.is_empty(), none.is_empty()) {
        (true, true) => {}
        (true, false) => output.after_deed(output.text(none)),
        (false, _) => output.after_deed(output.text(&lines.join("\n"))),
    }
    Ok(Exit::Done)
}

fn delegation_line(it: &Delegation) -> String {
    clean(&format!(
        "{:>4}  {} approves for {} from {} until {}",
        it.id, it.delegate, it.checker, it.from, it.until
    ))
}

fn away_line(it: &Away) -> String {
    clean(&format!(
        "{} is away from {} until {}",
        it.person, it.from, it.until
    ))
}

fn delegation_object(it: &Delegation) -> Value {
    json!({
        "number": it.id,
        "checker": it.checker,
        "delegate": it.delegate,
        "role": it.right.grant,
        "group": match &it.right.through {
            Through::Name => None,
            Through::Group(group) => Some(group),
        },
        "from": it.from.to_string(),
        "until": it.until.to_string(),
        "at": fields::time(it.at),
    })
}
