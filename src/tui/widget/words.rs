//! What is said on screen about payments, refunds and times: the words of `design/domain.md`.

use chrono::{DateTime, Utc};

use crate::domain::ageing::Age;
use crate::domain::id::RefundId;
use crate::domain::money::Money;
use crate::domain::payment::{self, Payment};
use crate::domain::refund::{Kind, Refund};
use crate::domain::state::State;
use crate::domain::stopping::Stopping;
use crate::domain::todo::{Act, Clocked, Step};
use crate::domain::zone::Zone;
use crate::tui::action::Action;
use crate::tui::state::App;
use crate::tui::state::compose::Compose;
use crate::tui::state::todo::{counted_down, time_of};
use crate::tui::state::wake::countdown;
use crate::tui::theme::Role;

use super::text;

/// How a refund stands, in full and for narrow columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The whole sentence.
    pub long: String,
    /// The same in a few words.
    pub short: String,
    /// How it is meant.
    pub role: Role,
}

/// The refund in whose place another is composed, and how it ended.
pub fn replaced(app: &App, form: &Compose) -> Option<String> {
    let id = form.supersedes?;
    let card = app.card.iter().find(|it| it.payment.id == form.payment.id);
    let old = card.and_then(|card| card.refunds.iter().find(|it| it.id == id));
    Some(match old {
        Some(old) => format!("{}, {}", old.content.amount, standing(app, old).short),
        None => format!("refund {id}"),
    })
}

/// How a refund stands.
pub fn standing(app: &App, refund: &Refund) -> Standing {
    let (long, short, role) = match refund.state {
        State::AwaitingApproval => return to_approve(app, refund),
        State::Approved => return approved(app, refund),
        State::Unknown => return unknown(app, refund),
        State::Draft => ("draft: not sent".to_owned(), "", Role::Dim),
        State::Reserved => (with_said(refund, "held: not sent"), "", Role::Text),
        State::Submitting => ("sending".to_owned(), "", Role::Warn),
        State::Pending => (
            "on its way: not yet with the customer".to_owned(),
            "on its way",
            Role::Warn,
        ),
        State::ActionRequired if refund.waits_for_capture() => (
            format!(
                "needs you: authorised only, not paid before it is captured ({})",
                app.keymap.key(Action::Capture)
            ),
            "needs you: capture it",
            Role::Bad,
        ),
        State::ActionRequired => (with_said(refund, "needs you"), "", Role::Bad),
        State::Succeeded => (confirmed(app, refund), "confirmed", Role::Good),
        State::Settled => (on_statement(app, refund), "", Role::Good),
        State::Failed | State::Rejected => (with_said(refund, "not paid"), "", Role::Bad),
        State::Reversed => (
            "CAME BACK: the customer does not have it".to_owned(),
            "CAME BACK",
            Role::Alarm,
        ),
        State::Canceled => (canceled(refund), "", Role::Dim),
        State::Expired => (expired(app, refund), "expired", Role::Dim),
    };
    // Where there is no shorter way to say it, the sentence is cut where the column ends.
    let short = if short.is_empty() {
        long.clone()
    } else {
        short.to_owned()
    };
    Standing { long, short, role }
}

fn with_said(refund: &Refund, words: &str) -> String {
    match refund.said.as_deref() {
        None | Some("") => words.to_owned(),
        Some(said) => format!("{words}: {said}"),
    }
}

/// A success in the provider's sense of it: accepted, submitted or paid.
fn confirmed(app: &App, refund: &Refund) -> String {
    let means = match refund.content.kind {
        Kind::Refund => app
            .account(&refund.account)
            .map(|it| it.success_means.as_str()),
        Kind::Void => Some("canceled before settlement"),
        Kind::Outside => Some("paid by other means, stated by two people"),
    };
    means.map_or_else(
        || "confirmed by the provider".to_owned(),
        |means| format!("confirmed ({means})"),
    )
}

/// Nothing moves a refund on a statement but its return: it changed last when it was matched.
fn on_statement(app: &App, refund: &Refund) -> String {
    let matched = refund.updated_at.with_timezone(&zone(app));
    format!("on statement, {}", matched.format("%Y-%m-%d"))
}

/// Who ended it, and why. The records say so in these words; those of earlier versions only why.
fn canceled(refund: &Refund) -> String {
    let said = refund.said.as_deref().unwrap_or_default();
    match (&refund.declined_by, &refund.provider_refund_id) {
        _ if said.starts_with("declined by ") || said.starts_with("withdrawn by ") => {
            said.to_owned()
        }
        (Some(checker), _) => with_said(refund, &format!("declined by {checker}")),
        (None, Some(_)) => with_said(refund, "stopped by the provider"),
        (None, None) => with_said(refund, "withdrawn"),
    }
}

fn expired(app: &App, refund: &Refund) -> String {
    let until = refund.expires_at.with_timezone(&zone(app));
    let until = until.format("%Y-%m-%d %H:%M");
    format!("expired: it had not gone out by {until}")
}

fn approved(app: &App, refund: &Refund) -> Standing {
    let key = |action| app.keymap.key(action);
    let (long, short) = if refund.needs_release {
        (
            format!(
                "held: composed offline, not sent until let go ({})",
                key(Action::Release)
            ),
            format!("held: let go with {}", key(Action::Release)),
        )
    } else if app.is_stopped(&refund.account) {
        let held = "held, not sent: sending is stopped";
        (held.to_owned(), "held: stopped".to_owned())
    } else if let Some(left) = countdown(refund, app.now) {
        let seconds = (left.num_milliseconds() + 999) / 1000;
        let words = format!("ready: goes out in {seconds} s");
        let long = format!("{words}; {} withdraws it", key(Action::Withdraw));
        (long, words)
    } else {
        let why = refund.said.as_deref().unwrap_or("goes out next");
        (format!("ready: {why}"), "ready".to_owned())
    };
    Standing {
        long,
        short,
        role: Role::Text,
    }
}

fn to_approve(app: &App, refund: &Refund) -> Standing {
    let (long, short) = match app.step(refund.id) {
        Some(step) if app.may_decide(step) => (
            format!("to approve, you can {}", decide(app, "approve")),
            "you can approve".to_owned(),
        ),
        _ => {
            let names = checkers(app, refund);
            (
                format!("to approve: waits for {names}"),
                format!("to approve: {names}"),
            )
        }
    };
    let why = refund.said.as_deref().unwrap_or_default();
    let why = why.trim_start_matches("a checker must approve: ");
    let why = if why.is_empty() {
        String::new()
    } else {
        format!("; {why}")
    };
    Standing {
        long: format!("{long}{why}"),
        short,
        role: Role::Warn,
    }
}

/// Who may approve it: by name where roles say so, else whoever did not make it.
fn checkers(app: &App, refund: &Refund) -> String {
    match app.todo.may_approve(refund.id) {
        Some(may) if may.people.is_empty() && may.away.is_empty() => {
            "a checker, and there is none".to_owned()
        }
        Some(may) if may.people.is_empty() => {
            format!("whoever is back first: {}", may.away.join(", "))
        }
        Some(may) => may.to_string(),
        None => format!("anyone but {}", refund.content.maker),
    }
}

/// What a second person may do, with the keys for it.
fn decide(app: &App, agree: &str) -> String {
    let (yes, no) = (
        app.keymap.key(Action::Approve),
        app.keymap.key(Action::Decline),
    );
    format!("{agree} ({yes}) or decline ({no})")
}

/// What to do first on a desk that has made no refund and has nothing to do; none once it has.
pub fn first_step(app: &App) -> Option<String> {
    let overview = app.overview.as_ref()?;
    let is_empty = overview.counts.of(&State::ALL) == 0 && app.todo.items.is_empty();
    let (payments, refund) = (
        app.keymap.key(Action::ShowPayments),
        app.keymap.key(Action::Refund),
    );
    is_empty.then(|| format!("{payments} shows the payments; {refund} composes a refund"))
}

/// The key that shows the other tabs of a list.
pub fn other_tabs(app: &App) -> String {
    format!("{} shows the others", app.keymap.key(Action::NextTab))
}

/// What to do where the words of a filter fit nothing on this tab.
pub fn other_words(app: &App) -> String {
    let key = |action| app.keymap.key(action);
    format!(
        "{} shows all; {} looks on the next tab",
        key(Action::Back),
        key(Action::NextTab)
    )
}

/// A step in a sentence: what to do, and until or from when.
pub fn next_step(app: &App, step: &Step) -> String {
    match step.clocked {
        Some(clocked) => format!("{} ({})", step.next, timing(app, clocked)),
        None => step.next.clone(),
    }
}

/// Until or from when, counted down when it is soon.
pub fn timing(app: &App, clocked: Clocked) -> String {
    let at = time_of(clocked);
    let left = counted_down(clocked, app.now).map(|left| {
        let seconds = (left.num_milliseconds() + 999) / 1000;
        match seconds {
            0..60 => format!("in {seconds} s"),
            _ => format!("in {} min {} s", seconds / 60, seconds % 60),
        }
    });
    let past = at <= app.now;
    match (clocked, left) {
        (Clocked::Resend(_), _) if past => "again any moment".to_owned(),
        (Clocked::Resend(_), Some(left)) => format!("again {left}"),
        (Clocked::Resend(_), None) => format!("again {}", clock(app, at)),
        (Clocked::AbsenceFrom(_), _) if past => "being asked".to_owned(),
        (Clocked::AbsenceFrom(_), Some(left)) => format!("provable {left}"),
        (Clocked::AbsenceFrom(_), None) => format!("provable {}", clock(app, at)),
        (Clocked::Expires(_), _) if past => "expires now".to_owned(),
        (Clocked::Expires(_), Some(left)) => format!("expires {left}"),
        (Clocked::Expires(_), None) => format!("expires {}", clock(app, at)),
    }
}

fn unknown(app: &App, refund: &Refund) -> Standing {
    let decides = |step: &&Step| step.act == Act::Decide;
    let next = match (app.step(refund.id).filter(decides), refund.next_look_at) {
        (Some(step), _) if app.may_decide(step) => {
            format!("next: you can {}", decide(app, "agree"))
        }
        (Some(_), _) => "next: another person must agree".to_owned(),
        (None, Some(at)) => format!("next look {}", clock(app, at)),
        (None, None) => format!(
            "next: two people with evidence ({})",
            app.keymap.key(Action::Resolve)
        ),
    };
    Standing {
        long: format!("UNKNOWN: may have been paid, do not refund again; {next}"),
        short: "UNKNOWN: do not refund".to_owned(),
        role: Role::Alarm,
    }
}

/// How a payment stands, in a word or two.
pub fn status(payment: &Payment, now: DateTime<Utc>) -> (&'static str, Role) {
    let standing = payment.standing(now);
    let role = match standing {
        payment::Standing::Blocked | payment::Standing::Disputed => Role::Bad,
        payment::Standing::Refunding => Role::Warn,
        payment::Standing::PartBack => Role::Text,
        payment::Standing::AllBack | payment::Standing::Unsettled | payment::Standing::Settled => {
            Role::Dim
        }
    };
    (standing.word(), role)
}

/// Who paid, in `room` cells: the name gives way, the last four digits tell people apart.
pub fn payer_in(room: usize, payer: Option<&str>, last4: Option<&str>) -> String {
    match (payer, last4) {
        (Some(name), Some(last4)) => {
            let digits = format!(" ·{last4}");
            let name = text::truncate(name, room.saturating_sub(text::width(&digits)));
            // A masked name ends in one already.
            name.replace("……", "…") + &digits
        }
        _ => self::payer(payer, last4),
    }
}

/// An amount with its currency, for reading.
pub fn money(money: Money) -> String {
    format!("{} {}", money.grouped(), money.currency)
}

/// An amount in `room` cells, grouped for reading where that fits.
pub fn money_in(room: usize, money: Money) -> String {
    let grouped = money.grouped();
    if grouped.len() <= room {
        grouped
    } else {
        money.decimal()
    }
}

/// Who paid: name and last four digits.
pub fn payer(payer: Option<&str>, last4: Option<&str>) -> String {
    match (payer, last4) {
        (Some(payer), Some(last4)) => format!("{payer} ·{last4}"),
        (Some(payer), None) => payer.to_owned(),
        (None, Some(last4)) => format!("·{last4}"),
        (None, None) => "–".to_owned(),
    }
}

/// So many of a thing whose plural is regular.
pub fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        more => format!("{more} {thing}s"),
    }
}

/// How long ago, in the largest unit that fits.
pub fn age(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let seconds = (now - at).num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// The word for what takes longer than is normal.
pub const fn late(age: Age) -> Option<(&'static str, Role)> {
    match age {
        Age::Fresh => None,
        Age::Amber => Some(("slow", Role::Warn)),
        Age::Red => Some(("LATE", Role::Bad)),
    }
}

/// The business time zone, UTC until the desk has said which.
pub fn zone(app: &App) -> Zone {
    app.overview
        .as_ref()
        .map_or(Zone::UTC, |overview| overview.zone.clone())
}

/// A time of today by the clock on the wall; of another day with its date.
pub fn clock(app: &App, at: DateTime<Utc>) -> String {
    let (local, today) = (
        at.with_timezone(&zone(app)),
        app.now.with_timezone(&zone(app)),
    );
    if local.date_naive() == today.date_naive() {
        local.format("%H:%M:%S").to_string()
    } else {
        local.format("%d %b %H:%M").to_string()
    }
}

/// Whether something can be stopped, with the key that does it.
pub fn stopping(app: &App, stopping: &Stopping) -> (String, Role) {
    let (said, role) = stopping_elsewhere(app, stopping);
    match works(app, stopping) {
        true => (
            format!("{said} ({})", app.keymap.key(Action::Withdraw)),
            role,
        ),
        false => (said, role),
    }
}

/// The key for it does something now.
fn works(app: &App, stopping: &Stopping) -> bool {
    let asks = app.is_offline() && stopping.is_asked_of_provider();
    stopping.is_possible() && !app.is_read_only() && !asks
}

/// The same where its key is about another refund.
fn stopping_elsewhere(app: &App, stopping: &Stopping) -> (String, Role) {
    // A batch closes at a full minute, a delay ends at any second.
    let said = stopping.said(|at| {
        let said = clock(app, at);
        let minute = said
            .strip_suffix(":00")
            .filter(|_| said.matches(':').count() == 2);
        minute.map_or(said.clone(), str::to_owned)
    });
    match stopping.is_possible() {
        true => (said, Role::Good),
        false => (said, Role::Dim),
    }
}

/// The same of a refund among others: none of one that is over and can be stopped no more. The key
/// is about `here`.
pub fn stopping_among(
    app: &App,
    refund: &Refund,
    here: Option<RefundId>,
) -> Option<(String, Role)> {
    let it = app.stopping(refund)?;
    match it.is_possible() || refund.state.is_open() {
        true if here == Some(refund.id) => Some(stopping(app, &it)),
        true => Some(stopping_elsewhere(app, &it)),
        false => None,
    }
}

/// The same on a page without a cursor, with the way to the key.
pub fn stopping_on_paper(app: &App, refund: &Refund) -> Option<String> {
    let (said, _) = stopping_among(app, refund, None)?;
    let works = app.stopping(refund).is_some_and(|it| works(app, &it));
    let key = |action| app.keymap.key(action);
    Some(match works {
        true => format!(
            "{said} ({}, choose it, {})",
            key(Action::Phone),
            key(Action::Withdraw)
        ),
        false => said,
    })
}

/// Date and time with the zone's name.
pub fn moment(app: &App, at: DateTime<Utc>) -> String {
    at.with_timezone(&zone(app))
        .format("%Y-%m-%d %H:%M:%S %Z")
        .to_string()
}

/// The UTC date: what filters and refund windows go by.
pub fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}
