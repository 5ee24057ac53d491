//! `note`, `todo`, `owner`, `snooze`, and the pages below: what people at the desk say and keep beside the money.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::args::Shift;
use super::open::{Session, misanswered};
use super::print::{Align, Column, Output, header, line};
use super::{Exit, Failure, json};
use crate::desk::face::{Class, NoteOrder, Refusal, Reply, Request, TendOrder, Tended, ToDoItem};
use crate::domain::care;
use crate::domain::note::Note;
use crate::domain::text::clean;
use crate::domain::todo::{Clocked, Tab};
use crate::domain::zone::Zone;

pub(super) use views::named;

mod sheets;
mod views;

/// Does what was asked.
pub(super) async fn run(session: &Session, output: &Output, shift: Shift) -> Result<Exit, Failure> {
    match shift {
        Shift::Note { subject, text } => note(session, output, subject, text).await,
        Shift::Handover { to, hours } => sheets::handover(session, output, to, hours).await,
        Shift::Order { order } => sheets::order(session, output, order).await,
        Shift::Views { deed } => views::run(session, output, deed).await,
        Shift::Todo { snoozed } => todo(session, output, snoozed).await,
        Shift::Owner { what, name } => {
            let owner = name.unwrap_or_else(|| session.actor.name.clone());
            tend(session, output, TendOrder::Own { about: what, owner }).await
        }
        Shift::Snooze {
            what,
            until,
            reason,
            ..
        } => {
            let order = match until {
                None => TendOrder::TakeBack { about: what },
                Some(until) => TendOrder::PutAside {
                    about: what,
                    until: read_time(session, &until).await?,
                    reason: reason.unwrap_or_default(),
                },
            };
            tend(session, output, order).await
        }
    }
}

async fn note(
    session: &Session,
    output: &Output,
    subject: String,
    text: String,
) -> Result<Exit, Failure> {
    let order = NoteOrder { subject, text };
    let Reply::Noted(note) = session.ask(Request::Note(order)).await? else {
        return Err(misanswered());
    };
    let told = match output.json {
        true => output.object(&note_json(&note)),
        false => output.text(&note_line(&note)),
    };
    output.after_deed(told);
    Ok(Exit::Done)
}

/// A note in a line.
pub(super) fn note_line(note: &Note) -> String {
    let on = note
        .refund
        .map_or_else(String::new, |id| format!(" on refund {}", id.short()));
    let at = note.at.format("%Y-%m-%d %H:%M UTC");
    clean(&format!("note {at} {}{on}: {}", note.author, note.said()))
}

/// A note as JSON has it.
pub(super) fn note_json(note: &Note) -> Value {
    json!({
        "id": note.id,
        "payment_id": note.payment,
        "refund_id": note.refund,
        "author": note.author,
        "at": json::time(note.at),
        "text": note.text,
    })
}

async fn read_time(session: &Session, text: &str) -> Result<DateTime<Utc>, Failure> {
    let zone = zone(session).await?;
    let read = care::until(text, session.clock.now(), &zone);
    let unread = || Refusal {
        class: Class::Usage,
        code: "time".to_owned(),
        message: format!("{text:?} is no time"),
        money: "Nothing was written and nothing was sent.".to_owned(),
        next: "Write 2h, 17:00, tomorrow, tomorrow 14:00 or 2026-11-25 14:00.".to_owned(),
    };
    Ok(read.ok_or_else(unread)?)
}

/// The business time zone.
async fn zone(session: &Session) -> Result<Zone, Failure> {
    match session.ask(Request::Overview).await? {
        Reply::Overview(overview) => Ok(overview.zone.parse().unwrap_or(Zone::UTC)),
        _ => Err(misanswered()),
    }
}

async fn tend(session: &Session, output: &Output, order: TendOrder) -> Result<Exit, Failure> {
    let Reply::Tended(tended) = session.ask(Request::Tend(order)).await? else {
        return Err(misanswered());
    };
    let told = match output.json {
        true => output.object(&json!({
            "about": tended.about.to_string(),
            "owner": tended.owner,
            "snoozed_until": tended.until.map(json::time),
        })),
        false => output.text(&told(&tended)),
    };
    output.after_deed(told);
    Ok(Exit::Done)
}

fn told(tended: &Tended) -> String {
    let about = tended.about;
    clean(&match (&tended.owner, tended.until) {
        (Some(owner), _) => format!("{about}: {owner} looks after it"),
        (None, Some(until)) => format!("{about}: snoozed until {}", stamp(until)),
        (None, None) => format!("{about}: back in your list"),
    })
}

const COLUMNS: [Column; 7] = [
    ("TAB", 9, Align::Left),
    ("WHAT", 16, Align::Left),
    ("REFERENCE", 14, Align::Left),
    ("AMOUNT", 15, Align::Right),
    ("OWNER", 10, Align::Left),
    ("BY", 20, Align::Left),
    ("NEXT", 40, Align::Left),
];

/// Lists what waits for a person, by tab and oldest first.
async fn todo(session: &Session, output: &Output, snoozed: bool) -> Result<Exit, Failure> {
    let Reply::ToDo(items) = session.ask(Request::ToDo).await? else {
        return Err(misanswered());
    };
    let own = |item: &&ToDoItem| item.aside.iter().any(|it| it.who == session.actor.name);
    let aside = items.iter().filter(own).count();
    let shown = items.iter().filter(|item| snoozed || !own(item));
    let mut lines: Vec<String> = match output.json {
        true => shown.map(|item| item_json(item).to_string()).collect(),
        false => shown.map(item_line).collect(),
    };
    if !output.json {
        lines.insert(0, header(&COLUMNS));
        if aside > 0 && !snoozed {
            lines.push(format!("{aside} snoozed: refund-desk todo --snoozed"));
        }
    }
    if !lines.is_empty() {
        output.text(&lines.join("\n"))?;
    }
    Ok(Exit::Done)
}

const fn tab(tab: Tab) -> &'static str {
    match tab {
        Tab::Mine => "mine",
        Tab::Approvals => "approvals",
        Tab::Problems => "problems",
        Tab::Requests => "requests",
    }
}

fn item_line(item: &ToDoItem) -> String {
    let row = item.refund.as_ref();
    let none = || "-".to_owned();
    let about = match row.filter(|_| item.discrepancy.is_none()) {
        Some(row) => format!("refund {}", row.refund.id.short()),
        None => item.about().to_string(),
    };
    let by = match (item.aside.first(), item.step.clocked) {
        (Some(aside), _) => format!("snoozed {}", aside.until.format("%d %b %H:%M")),
        (None, Some(Clocked::Expires(at))) => stamp(at),
        (None, Some(Clocked::Resend(at) | Clocked::AbsenceFrom(at))) => {
            format!("not before {}", at.format("%H:%M"))
        }
        (None, None) => none(),
    };
    line(
        &COLUMNS,
        &[
            tab(item.step.tab).to_owned(),
            about,
            clean(item.reference().unwrap_or("-")),
            item.amount().map_or_else(none, |it| it.to_string()),
            clean(item.looked_after_by().unwrap_or("-")),
            by,
            clean(&format!("{}: {}", item.step.what, item.step.next)),
        ],
    )
}

fn item_json(item: &ToDoItem) -> Value {
    let aside = item.aside.iter().map(|it| {
        json!({
            "who": it.who,
            "until": json::time(it.until),
            "reason": it.reason,
        })
    });
    json!({
        "about": item.about().to_string(),
        "tab": tab(item.step.tab),
        "payment_id": item.payment,
        "refund_id": item.refund.as_ref().map(|row| row.refund.id),
        "reference": item.reference(),
        "amount": item.amount().map(|it| it.decimal()),
        "currency": item.amount().map(|it| it.currency),
        "owner": item.looked_after_by(),
        "since": json::time(item.since),
        "next_step": json::step(&item.step),
        "snoozed": aside.collect::<Vec<_>>(),
    })
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
