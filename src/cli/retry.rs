//! `retry`

use serde_json::{Value, json};

use super::open::{Session, misanswered};
use super::print::Output;
use super::{Exit, Failure};
use crate::desk::face::{Reply, Request, Retried, RetryOrder};
use crate::domain::text::clean;

/// Refunds again what was not paid for lack of funds, and sends it when it may.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    order: RetryOrder,
) -> Result<Exit, Failure> {
    let dry_run = order.dry_run;
    let Reply::Retried(all) = session.ask(Request::Retry(order)).await? else {
        return Err(misanswered());
    };
    for one in &all {
        let printed = match output.json {
            true => output.object(&object(one)),
            false => output.text(&line(one, dry_run)),
        };
        match dry_run {
            true => printed?,
            false => output.after_deed(printed),
        }
    }
    if !output.json && all.is_empty() {
        output.text("nothing was left unpaid for lack of funds")?;
    }
    if !dry_run && !session.mode.offline && session.own.is_some() {
        // They are queued whatever becomes of this; an open desk, track or the
        // service sends what is left.
        let made = all.iter().filter_map(|one| one.made.as_ref());
        for row in made {
            let refund = Some(row.refund.id);
            session.ask(Request::Work { refund }).await?;
        }
    }
    Ok(match all.iter().any(|one| one.refused.is_some()) {
        true => Exit::Refused,
        false => Exit::Done,
    })
}

fn object(one: &Retried) -> Value {
    let refund = &one.refund.refund;
    json!({
        "supersedes": refund.id,
        "payment_id": refund.content.payment,
        "account": refund.account,
        "amount": refund.content.amount.decimal(),
        "currency": refund.content.amount.currency,
        "refund": one.made.as_ref().map(|row| row.refund.id),
        "refused": one.refused.as_ref().map(|refusal| &refusal.code),
        "message": one.refused.as_ref().map(|refusal| &refusal.message),
        "next": one.refused.as_ref().map(|refusal| &refusal.next),
    })
}

fn line(one: &Retried, dry_run: bool) -> String {
    let refund = &one.refund.refund;
    let reference = one.refund.reference.as_deref().unwrap_or_default();
    let verdict = match (&one.made, &one.refused) {
        (_, Some(refusal)) => format!("refused: {}. {}", refusal.message, refusal.next),
        (Some(row), _) => format!("again as {}", row.refund.id),
        (None, None) if dry_run => "can be refunded again".to_owned(),
        (None, None) => "not refunded again".to_owned(),
    };
    clean(&format!(
        "{}  {}  {reference}  {verdict}",
        refund.id.short(),
        refund.content.amount
    ))
}
