//! `handover` and `order`: pages that are read from the top.

use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::cli::open::{Session, misanswered};
use crate::cli::print::Output;
use crate::cli::{Exit, Failure, json as fields};
use crate::desk::face::{Class, Refusal, Reply, Request};
use crate::domain::handover::{Handover, Kind, Open};
use crate::domain::money::Money;
use crate::domain::order::{Order, Part};
use crate::domain::sheet::Sheet;
use crate::domain::text::clean;
use crate::domain::zone::Zone;

use super::note_json;

/// Prints the page for the next shift, or writes it to a file that is not there yet.
pub(super) async fn handover(
    session: &Session,
    output: &Output,
    to: Option<PathBuf>,
    hours: u32,
) -> Result<Exit, Failure> {
    let since = session.clock.now() - TimeDelta::hours(i64::from(hours));
    let request = Request::Handover { since: Some(since) };
    let Reply::Handover(told) = session.ask(request).await? else {
        return Err(misanswered());
    };
    let text = printed(&told.sheet(&zone(&told.zone)));
    if let Some(file) = &to {
        write(file, &text)?;
    }
    match (output.json, &to) {
        (true, _) => output.object(&handover_json(&told))?,
        (false, Some(file)) => output.text(&format!("written to {}", file.display()))?,
        (false, None) => output.text(text.trim_end())?,
    }
    Ok(Exit::Done)
}

/// Shows everything of an order, with its sums.
pub(super) async fn order(
    session: &Session,
    output: &Output,
    order: String,
) -> Result<Exit, Failure> {
    let Reply::Order(order) = session.ask(Request::Order(order)).await? else {
        return Err(misanswered());
    };
    match output.json {
        true => output.object(&order_json(&order))?,
        false => output.text(printed(&order.sheet(&zone(&order.zone), |_| None)).trim_end())?,
    }
    Ok(Exit::Done)
}

/// The configuration was checked; UTC is what a zone no longer known would be read as.
fn zone(name: &str) -> Zone {
    name.parse().unwrap_or(Zone::UTC)
}

fn printed(sheet: &Sheet) -> String {
    let text = sheet.text();
    let lines: Vec<String> = text.lines().map(clean).collect();
    lines.join("\n")
}

fn write(file: &Path, text: &str) -> Result<(), Refusal> {
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .and_then(|mut open| open.write_all(format!("{text}\n").as_bytes()));
    written.map_err(|error| Refusal {
        class: Class::Failed,
        code: "not_written".to_owned(),
        message: format!("{} cannot be written: {error}", file.display()),
        money: "No money moves by a page.".to_owned(),
        next: "Name a file that is not there yet, in a folder you may write to.".to_owned(),
    })
}

fn handover_json(told: &Handover) -> Value {
    let notes: Vec<Value> = told.notes.iter().map(note_json).collect();
    let open: Vec<Value> = told.open.iter().map(open_json).collect();
    let stops = told.stops.iter().map(|stop| {
        json!({
            "account": stop.account,
            "by": stop.by,
            "at": fields::time(stop.at),
            "note": stop.note,
        })
    });
    json!({
        "at": fields::time(told.at),
        "by": told.by,
        "environment": told.label,
        "zone": told.zone,
        "offline": told.offline,
        "findings": told.damaged,
        "stops": stops.collect::<Vec<_>>(),
        "under_way": told.under_way,
        "unknown": told.of(Kind::Unknown).count(),
        "unknown_holds": told.held(Kind::Unknown).into_iter().map(amount).collect::<Vec<_>>(),
        "open": open,
        "notes_since": fields::time(told.since),
        "notes": notes,
    })
}

fn amount(money: Money) -> Value {
    json!({ "amount": money.decimal(), "currency": money.currency })
}

fn open_json(open: &Open) -> Value {
    let time = |at: DateTime<Utc>| fields::time(at);
    let aside = open
        .aside
        .iter()
        .map(|it| json!({ "who": it.who, "until": time(it.until), "reason": it.reason }));
    json!({
        "about": open.about.to_string(),
        "kind": open.kind,
        "reference": open.reference,
        "amount": open.amount.map(|it| it.decimal()),
        "currency": open.amount.map(|it| it.currency),
        "owner": open.owner,
        "since": time(open.since),
        "what": open.what,
        "next": open.next,
        "snoozed": aside.collect::<Vec<_>>(),
    })
}

fn order_json(order: &Order) -> Value {
    let sums = order.sums().into_iter().map(|sums| {
        json!({
            "currency": sums.paid.currency,
            "payments": sums.count,
            "paid": sums.paid.decimal(),
            "refunded": sums.refunded.decimal(),
            "held": sums.held.decimal(),
            "can_refund": sums.can_refund.decimal(),
        })
    });
    let payments: Vec<Value> = order.payments.iter().map(part_json).collect();
    json!({
        "order": order.name,
        "sums": sums.collect::<Vec<_>>(),
        "payments": payments,
        "more": order.more,
    })
}

fn part_json(part: &Part) -> Value {
    let refunds: Vec<Value> = part.refunds.iter().map(fields::refund).collect();
    let mut payment = fields::payment_fields(&part.payment, &part.eligibility);
    payment.insert("refunds".into(), refunds.into());
    fields::add_elsewhere(&mut payment, &part.external, &part.disputes);
    Value::Object(payment)
}
