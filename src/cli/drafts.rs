//! `drafts`

use serde_json::{Value, json};

use super::open::{Session, misanswered};
use super::print::Output;
use super::{Exit, Failure, args};
use crate::desk::face::{DraftAsk, Reply, Request};
use crate::domain::parked::Parked;
use crate::domain::text::clean;

/// Lists one's own drafts, or forgets one.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: args::Drafts,
) -> Result<Exit, Failure> {
    let ask = match arguments.drop {
        None => DraftAsk::List,
        Some(handle) => {
            let Reply::Payment(card) = session.ask(Request::Payment(handle)).await? else {
                return Err(misanswered());
            };
            DraftAsk::Drop {
                payment: card.payment.id,
            }
        }
    };
    let Reply::Drafts(drafts) = session.ask(Request::Drafts(ask)).await? else {
        return Err(misanswered());
    };
    for draft in &drafts {
        match output.json {
            true => output.object(&object(draft))?,
            false => output.text(&line(draft))?,
        }
    }
    if drafts.is_empty() && !output.json {
        output.text("no drafts: what is typed at the desk and left is kept here")?;
    }
    Ok(Exit::Done)
}

fn object(draft: &Parked) -> Value {
    let typed = &draft.typed;
    let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    json!({
        "payment_id": draft.payment,
        "account": draft.account,
        "reference": draft.reference,
        "amount": filled(&typed.amount),
        "compensation": filled(&typed.compensation),
        "currency": draft.currency,
        "reason": typed.reason,
        "note": filled(&typed.note),
        "case": filled(&typed.case_ref),
        "at": super::json::time(draft.at),
    })
}

fn line(draft: &Parked) -> String {
    let typed = &draft.typed;
    clean(&format!(
        "{}  {:<20} {:>14} {}  {:<16} {}  draft: not sent",
        draft.at.format("%Y-%m-%d %H:%M UTC"),
        draft.reference,
        typed.amount,
        draft.currency,
        typed.reason.as_deref().unwrap_or("-"),
        typed.note,
    ))
}
