//! `reveal` and `erase`: personal data in full, and gone.

use serde_json::json;

use super::args::Erase;
use super::open::{Session, misanswered};
use super::print::Output;
use super::{Exit, Failure, json};
use crate::desk::face::{EraseOrder, Reply, Request};
use crate::domain::text::clean;

/// Shows who paid, in full.
pub(super) async fn reveal(
    session: &Session,
    output: &Output,
    subject: String,
) -> Result<Exit, Failure> {
    let Reply::Revealed(told) = session.ask(Request::Reveal { subject }).await? else {
        return Err(misanswered());
    };
    if output.json {
        let contacts: serde_json::Map<String, serde_json::Value> = told
            .contacts
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        output.object(&json!({
            "payment_id": told.payment,
            "payer": told.payer,
            "contacts": contacts,
            "proposed_payers": told.proposed,
            "account": told.account.as_ref().map(|it| json!({
                "number": it.number,
                "holder": it.holder,
            })),
            "erased": told.erased,
        }))?;
        return Ok(Exit::Done);
    }
    let missing = match told.erased {
        true => "erased",
        false => "not known",
    };
    let mut lines = vec![
        format!("{:<17} {}", "payment", told.payment),
        format!(
            "{:<17} {}",
            "payer",
            clean(told.payer.as_deref().unwrap_or(missing))
        ),
    ];
    let contacts = told.contacts.iter();
    lines.extend(contacts.map(|(name, value)| format!("{name:<17} {}", clean(value))));
    let proposed = told.proposed.iter();
    lines.extend(proposed.map(|name| format!("{:<17} {}", "a file says", clean(name))));
    if let Some(account) = &told.account {
        lines.push(format!("{:<17} {}", "to account", clean(&account.number)));
        let holder = account.holder.iter();
        lines.extend(holder.map(|name| format!("{:<17} {}", "held by", clean(name))));
    }
    lines.push("the audit says that you saw this".to_owned());
    output.text(&lines.join("\n"))?;
    Ok(Exit::Done)
}

/// Proposes to erase a payer, or does it.
pub(super) async fn erase(
    session: &Session,
    output: &Output,
    arguments: Erase,
) -> Result<Exit, Failure> {
    let order = EraseOrder {
        payment: arguments.payment,
        case_ref: arguments.case,
    };
    let Reply::Erasure(erasure) = session.ask(Request::Erase(order)).await? else {
        return Err(misanswered());
    };
    let told = match output.json {
        true => output.object(&json!({
            "payment_id": erasure.payment,
            "case": erasure.case_ref,
            "proposed_by": erasure.proposed_by,
            "proposed_at": json::time(erasure.proposed_at),
            "agreed_by": erasure.agreed_by,
            "values": erasure.values,
        })),
        false => output.text(&match &erasure.agreed_by {
            Some(second) => format!(
                "erased: {} values of payment {}, as {} and {second} agreed",
                erasure.values,
                erasure.payment,
                clean(&erasure.proposed_by)
            ),
            None => format!(
                "proposed: another person agrees with refund-desk erase {} --case {:?}",
                erasure.payment,
                clean(&erasure.case_ref)
            ),
        }),
    };
    output.after_deed(told);
    Ok(match erasure.agreed_by {
        Some(_) => Exit::Done,
        None => Exit::Waits,
    })
}
