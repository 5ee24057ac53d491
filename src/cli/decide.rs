//! `approve`, `decline` and `resolve`: what takes a second person.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};

use super::args;
use super::open::{Session, misanswered};
use super::print::Output;
use super::refund::followed;
use super::refunds::print_card;
use super::{Exit, Failure};
use crate::desk::face::{Class, RefundCard, Refusal, Reply, Request, Resolve, Review};
use crate::domain::digest::{hex, sha256};
use crate::domain::resolution::{Outcome, Proof};
use crate::domain::text::clean;

/// The words that `resolve --as` takes for an outcome; any other is a person.
const OUTCOMES: [&str; 3] = ["succeeded", "failed", "absent"];
/// What a decision not taken leaves of the money.
const UNCHANGED: &str = "Nothing changed: what was held or sent still is.";
/// Options before the command that take a value of their own.
const WITH_VALUE: [&str; 3] = ["--config", "--data-dir", "--as"];

/// Approves a refund as it was seen, and sends it.
pub(super) async fn approve(
    session: &Session,
    output: &Output,
    arguments: &args::Approve,
) -> Result<Exit, Failure> {
    let seen = match &arguments.expect {
        Some(hash) => hash.trim().to_lowercase(),
        None => shown(session, &arguments.refund).await?,
    };
    let refund = arguments.refund.clone();
    let card = decided(session, Request::Approve { refund, seen }).await?;
    Ok(followed(session, output, card.row, arguments.wait).await)
}

/// Declines a refund, or what another person stated about it.
pub(super) async fn decline(
    session: &Session,
    output: &Output,
    refund: String,
    note: String,
) -> Result<Exit, Failure> {
    let card = decided(session, Request::Decline { refund, note }).await?;
    output.after_deed(print_card(output, &card));
    Ok(Exit::Done)
}

/// States what became of a refund.
pub(super) async fn resolve(
    session: &Session,
    output: &Output,
    arguments: &args::Resolve,
) -> Result<Exit, Failure> {
    let resolve = Resolve {
        refund: arguments.refund.clone(),
        stated: arguments.outcome.into(),
        paid: arguments.paid.clone(),
        proof: Proof {
            kind: arguments.evidence_kind.clone(),
            reference: arguments.evidence.clone(),
            dated: arguments.evidence_date,
            file_sha256: match &arguments.evidence_file {
                Some(path) => Some(hex(&sha256(&fs::read(path)?))),
                None => None,
            },
        },
    };
    let card = decided(session, Request::Resolve(resolve)).await?;
    if card
        .proposals
        .iter()
        .any(|proposal| proposal.ended.is_none())
    {
        output.after_deed(print_card(output, &card));
        return Ok(Exit::Waits);
    }
    Ok(followed(session, output, card.row, None).await)
}

async fn decided(session: &Session, request: Request) -> Result<RefundCard, Failure> {
    match session.ask(request).await? {
        Reply::Refund(card) => Ok(*card),
        _ => Err(misanswered()),
    }
}

/// Shows the card on a terminal and asks; what was shown is what is approved.
async fn shown(session: &Session, refund: &str) -> Result<String, Failure> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Err(Refusal {
            class: Class::Usage,
            code: "expect".to_owned(),
            message: "without a terminal, approve needs --expect".to_owned(),
            money: UNCHANGED.to_owned(),
            next: "Give the hash that refund-desk status REFUND --json shows.".to_owned(),
        }
        .into());
    }
    let Reply::Review(review) = session.ask(Request::Review(refund.to_owned())).await? else {
        return Err(misanswered());
    };
    let mut stderr = io::stderr().lock();
    write!(stderr, "{}\nApprove? Type yes: ", text(&review))?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("yes") {
        Ok(review.card.row.refund.approval_hash)
    } else {
        Err(Refusal {
            class: Class::Rule,
            code: "not_confirmed".to_owned(),
            message: "it was not approved".to_owned(),
            money: UNCHANGED.to_owned(),
            next: "Say yes when asked, or name what you saw with --expect.".to_owned(),
        }
        .into())
    }
}

/// What agreeing to a statement does.
const fn agreed(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded { .. } => "it is booked as paid",
        Outcome::Failed => "it is booked as not paid, and its amount is free again",
        Outcome::Absent => {
            "the provider is asked once more; if it knows nothing still, the refund is sent anew"
        }
    }
}

/// Everything a checker decides on.
fn text(review: &Review) -> String {
    let refund = &review.card.row.refund;
    let content = &refund.content;
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let mut lines = vec![
        ("refund", refund.id.to_string()),
        ("made by", content.maker.clone()),
        (
            "made at",
            refund.created_at.format("%Y-%m-%d %H:%M UTC").to_string(),
        ),
        ("amount", content.amount.to_string()),
        (
            "payment",
            format!(
                "{} {} {}",
                content.payment,
                or_none(&review.card.row.reference),
                or_none(&review.card.row.payer)
            ),
        ),
        ("reason", content.reason.clone()),
        ("note", or_none(&content.note)),
        ("case", or_none(&content.case_ref)),
        ("why", review.why.clone()),
        (
            "available",
            format!("{}, afterwards {}", review.before, review.after),
        ),
        (
            "check code",
            refund.approval_hash.chars().take(12).collect(),
        ),
    ];
    match review.card.proposals.iter().find(|it| it.ended.is_none()) {
        None => lines.push((
            "expires",
            review.expires_at.format("%Y-%m-%d %H:%M UTC").to_string(),
        )),
        Some(it) => {
            let said = format!("{} says: {} ({})", it.by, it.outcome, it.proof);
            lines.extend([("stated", said), ("by yes", agreed(it.outcome).to_owned())]);
        }
    }
    let may = review.card.may_approve.iter();
    lines.extend(may.map(|may| ("may approve", may.to_string())));
    lines.extend(
        review
            .duplicates
            .iter()
            .map(|it| ("duplicate?", it.clone())),
    );
    lines.extend(review.hindrance.iter().map(|it| ("cannot go", it.clone())));
    let lines: Vec<String> = lines
        .iter()
        .map(|(name, value)| format!("{name:<11} {}", clean(value)))
        .collect();
    lines.join("\n")
}

/// `resolve REFUND --as succeeded`: here the first `--as` that names an outcome is the outcome, so
/// that another `--as` can still say who acts. Clap knows it as `--outcome`.
pub(super) fn outcome_of_as(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if command(&arguments).is_none_or(|command| command != "resolve") {
        return arguments;
    }
    for at in 1..arguments.len() {
        let text = arguments[at].to_string_lossy().into_owned();
        if text == "--" {
            break;
        }
        let value = match text.split_once('=') {
            Some(("--as", value)) => Some(value.to_owned()),
            None if text == "--as" => arguments
                .get(at + 1)
                .map(|value| value.to_string_lossy().into_owned()),
            _ => None,
        };
        if let Some(value) = value.filter(|value| OUTCOMES.contains(&value.as_str())) {
            match text.contains('=') {
                true => arguments[at] = format!("--outcome={value}").into(),
                false => arguments[at] = "--outcome".into(),
            }
            break;
        }
    }
    arguments
}

/// The first argument that is neither an option nor an option's value.
fn command(arguments: &[OsString]) -> Option<String> {
    let mut rest = arguments.iter().skip(1);
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        if WITH_VALUE.contains(&text.as_ref()) {
            rest.next();
        } else if !text.starts_with('-') {
            return Some(text.into_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "x resolve R --as succeeded --as ben",
        "x resolve R --outcome succeeded --as ben"
    )]
    #[case(
        "x resolve R --as=absent --as=ben",
        "x resolve R --outcome=absent --as=ben"
    )]
    #[case(
        "x --as ben resolve R --as failed",
        "x --as ben resolve R --outcome failed"
    )]
    #[case(
        "x resolve --as ben --as failed R",
        "x resolve --as ben --outcome failed R"
    )]
    #[case(
        "x resolve R --as failed --as failed",
        "x resolve R --outcome failed --as failed"
    )]
    #[case(
        "x resolve R --outcome failed --as ben",
        "x resolve R --outcome failed --as ben"
    )]
    #[case("x approve R --as failed", "x approve R --as failed")]
    #[case(
        "x --config resolve status R --as failed",
        "x --config resolve status R --as failed"
    )]
    #[case("x resolve R -- --as failed", "x resolve R -- --as failed")]
    #[case("x", "x")]
    fn the_first_as_that_is_an_outcome_is_the_outcome(#[case] typed: &str, #[case] read: &str) {
        let typed = typed.split(' ').map(OsString::from).collect();
        let read: Vec<OsString> = read.split(' ').map(OsString::from).collect();
        assert_eq!(outcome_of_as(typed), read);
    }
}
