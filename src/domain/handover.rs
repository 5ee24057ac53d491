//! The page for the next shift: what is open, what must not be forgotten, what was said.

use std::fmt::Display;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use super::care::{About, Snooze};
use super::money::Money;
use super::note::Note;
use super::sending::Stop;
use super::sheet::Sheet;
use super::todo::Clocked;

/// How far ahead deadlines are told.
const AHEAD: TimeDelta = TimeDelta::hours(12);

/// What kind of thing is open; told in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It may have been paid.
    Unknown,
    /// It came back.
    CameBack,
    /// A network waits for an answer.
    Request,
    /// A person must do something.
    NeedsYou,
    /// Something contradicts what is known.
    Contradiction,
    /// A checker must approve.
    Approval,
    /// On its way for too long.
    Overdue,
    /// Composed offline.
    Unsent,
    /// Not paid.
    NotPaid,
}

impl Kind {
    /// Every kind, in the order they are told.
    pub const ALL: [Self; 9] = [
        Self::Unknown,
        Self::CameBack,
        Self::Request,
        Self::NeedsYou,
        Self::Contradiction,
        Self::Approval,
        Self::Overdue,
        Self::Unsent,
        Self::NotPaid,
    ];

    /// What it is called.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN, may have been paid, do not refund again",
            Self::CameBack => "CAME BACK, the customer does not have it",
            Self::Request => "a network waits for an answer",
            Self::NeedsYou => "needs a person",
            Self::Contradiction => "contradictions to clear up",
            Self::Approval => "to approve",
            Self::Overdue => "on the way for too long",
            Self::Unsent => "composed offline, not sent",
            Self::NotPaid => "not paid",
        }
    }
}

/// One open thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// What it is about.
    pub about: About,
    /// Its kind.
    pub kind: Kind,
    /// The payment's reference.
    pub reference: Option<String>,
    /// How much, where it is one amount.
    pub amount: Option<Money>,
    /// What it holds.
    pub held: Option<Money>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// What is wrong.
    pub what: String,
    /// The one safe next step.
    pub next: String,
    /// Its clock.
    pub clocked: Option<Clocked>,
    /// Whose list it is out of just now.
    pub aside: Vec<Snooze>,
}

/// Everything the next shift must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// When it was written.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// LIVE, TEST or DEMO.
    pub label: String,
    /// The IANA name of the business time zone.
    pub zone: String,
    /// Notes are told from then on.
    pub since: DateTime<Utc>,
    /// Nothing is sent.
    pub offline: bool,
    /// How many things are wrong with the records.
    pub damaged: u64,
    /// Where people stopped sending.
    pub stops: Vec<Stop>,
    /// How many refunds are on their way as they should be.
    pub under_way: u64,
    /// How many are composed and wait to go out.
    #[serde(default)]
    pub unsent: u64,
    /// What is open, oldest first.
    pub open: Vec<Open>,
    /// What was written, oldest first.
    pub notes: Vec<Note>,
}

impl Handover {
    /// The page, times in a zone.
    pub fn sheet<Z: TimeZone<Offset: Display>>(&self, zone: &Z) -> Sheet {
        let mut sheet = Sheet::default();
        let page = Page {
            handover: self,
            zone,
        };
        sheet.head(format!(
            "Handover, {}, {}, {}, by {}",
            page.day(self.at),
            self.zone,
            self.label,
            self.by
        ));
        page.sending(&mut sheet);
        page.open(&mut sheet);
        page.deadlines(&mut sheet);
        page.snoozed(&mut sheet);
        page.notes(&mut sheet);
        sheet
    }

    /// What is open of a kind, oldest first.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Open> {
        self.open.iter().filter(move |it| it.kind == kind)
    }

    /// What a kind holds, by currency.
    pub fn held(&self, kind: Kind) -> Vec<Money> {
        let mut sums: Vec<Money> = Vec::new();
        for held in self.of(kind).filter_map(|it| it.held) {
            match sums.iter_mut().find(|it| it.currency == held.currency) {
                Some(sum) => sum.minor = sum.minor.saturating_add(held.minor),
                None => sums.push(held),
            }
        }
        sums.retain(|it| it.minor != 0);
        sums
    }
}

/// The page as it is written.
struct Page<'a, Z> {
    handover: &'a Handover,
    zone: &'a Z,
}

impl<Z: TimeZone<Offset: Display>> Page<'_, Z> {
    fn day(&self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(self.zone);
        local.format("%a %d %b %Y, %H:%M").to_string()
    }

    /// The time of day, with the date where it is not today's.
    fn time(&self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(self.zone);
        let today = self.handover.at.with_timezone(self.zone).date_naive();
        match local.date_naive() == today {
            true => local.format("%H:%M").to_string(),
            false => local.format("%a %d %b %H:%M").to_string(),
        }
    }

    fn sending(&self, sheet: &mut Sheet) {
        let it = self.handover;
        sheet.head("Sending");
        if it.offline {
            sheet.alarm("This desk is offline: nothing is sent.");
        }
        if it.damaged > 0 {
            sheet.alarm(format!(
                "{} findings in the records: nothing is sent on damaged payments.",
                it.damaged
            ));
        }
        for stop in &it.stops {
            let place = stop.account.as_deref().unwrap_or("every account");
            let why = stop
                .note
                .as_deref()
                .map_or(String::new(), |why| format!(": {why}"));
            let then = match &stop.proposed {
                Some(first) => format!("; {} proposed to resume", first.by),
                None => String::new(),
            };
            let since = self.time(stop.at);
            sheet.alarm(format!(
                "STOPPED on {place} by {}, {since}{why}{then}.",
                stop.by
            ));
        }
        if !it.offline && it.stops.is_empty() {
            sheet.say("Refunds are being sent.");
        }
        sheet.say(match it.under_way {
            0 => "No refund is on its way.".to_owned(),
            1 => "1 refund is on its way as it should be.".to_owned(),
            more => format!("{more} refunds are on their way as they should be."),
        });
        let composed = match it.unsent {
            0 => return,
            1 => "1 more is composed".to_owned(),
            more => format!("{more} more are composed"),
        };
        sheet.say(match (it.offline, it.stops.is_empty()) {
            (true, _) => format!("{composed} and not sent: the desk is offline."),
            (_, false) => {
                format!("{composed} and not sent yet; a stop holds what goes through its account.")
            }
            _ => format!("{composed} and waiting to go out."),
        });
    }

    fn open(&self, sheet: &mut Sheet) {
        let count = self.handover.open.len();
        sheet.head(format!("Open: {count}"));
        if count == 0 {
            sheet.none("Nothing waits for a person.");
        }
        for kind in Kind::ALL {
            let count = self.handover.of(kind).count();
            if count == 0 {
                continue;
            }
            let held = self.handover.held(kind);
            let held: Vec<String> = held.iter().map(ToString::to_string).collect();
            let holds = match held.is_empty() {
                true => String::new(),
                false => format!(", holding {}", held.join(" and ")),
            };
            let line = format!("{count} {}{holds}", kind.words());
            match kind {
                Kind::Unknown | Kind::CameBack => sheet.alarm(line),
                _ => sheet.say(line),
            }
            for open in self.handover.of(kind) {
                sheet.add(self.one(open));
            }
        }
    }

    /// What it is, whose, how long, and what to do.
    fn one(&self, open: &Open) -> String {
        let owner = open.owner.as_deref().unwrap_or("nobody");
        let waits = age(self.handover.at - open.since);
        format!(
            "{}: owner {owner}, waits {waits}; {}. Next: {}",
            named(open),
            open.what.trim_end_matches('.'),
            open.next
        )
    }

    fn deadlines(&self, sheet: &mut Sheet) {
        let until = self.handover.at + AHEAD;
        sheet.head(format!("Deadlines until {}", self.time(until)));
        let mut due: Vec<(DateTime<Utc>, &Open)> = self
            .handover
            .open
            .iter()
            .filter_map(|open| match open.clocked? {
                Clocked::Expires(at) => Some((at, open)),
                Clocked::Resend(_) | Clocked::AbsenceFrom(_) => None,
            })
            .filter(|(at, _)| *at <= until)
            .collect();
        due.sort_by_key(|(at, _)| *at);
        if due.is_empty() {
            sheet.none("None.");
        }
        for (at, open) in due {
            let what = open.kind.words();
            sheet.alarm(format!("{} {}: {what}", self.time(at), named(open)));
        }
    }

    fn snoozed(&self, sheet: &mut Sheet) {
        sheet.head("Snoozed");
        let aside = |open: &Open| open.aside.len();
        if self.handover.open.iter().map(aside).sum::<usize>() == 0 {
            sheet.none("Nothing.");
        }
        for open in &self.handover.open {
            for aside in &open.aside {
                let until = self.time(aside.until);
                let (who, why) = (&aside.who, &aside.reason);
                sheet.say(format!("{} by {who} until {until}: {why}", named(open)));
            }
        }
    }

    fn notes(&self, sheet: &mut Sheet) {
        let since = self.time(self.handover.since);
        sheet.head(format!("Notes since {since}"));
        if self.handover.notes.is_empty() {
            sheet.none("None.");
        }
        for note in &self.handover.notes {
            let about = match (&note.reference, note.refund) {
                (Some(reference), Some(id)) => format!("{reference}, refund {}", id.short()),
                (Some(reference), None) => reference.clone(),
                (None, Some(id)) => format!("refund {}", id.short()),
                (None, None) => format!("payment {}", note.payment),
            };
            let at = self.time(note.at);
            sheet.say(format!("{at} {}, {about}: {}", note.author, note.said()));
        }
    }
}

/// How much of what, as a person names it.
fn named(open: &Open) -> String {
    let reference = open.reference.as_deref().unwrap_or("no reference");
    match (open.amount, open.about) {
        (Some(amount), _) => format!("{amount}, {reference}"),
        (None, About::Discrepancy(id)) => format!("discrepancy {id}, {reference}"),
        (None, _) => reference.to_owned(),
    }
}

/// `3 min`, `4 h`, `2 d`
fn age(span: TimeDelta) -> String {
    match span.num_minutes() {
        ..60 => format!("{} min", span.num_minutes().max(0)),
        60..2_880 => format!("{} h", span.num_hours()),
        _ => format!("{} d", span.num_days()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::PaymentId;
    use crate::domain::money::Currency;
    use crate::domain::zone::Zone;

    fn berlin() -> Zone {
        "Europe/Berlin".parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::from_code("USD").unwrap())
    }

    fn quiet() -> Handover {
        Handover {
            at: at("2026-11-21T10:00:00Z"),
            by: "ann".into(),
            label: "DEMO".into(),
            zone: "Europe/Berlin".into(),
            since: at("2026-11-21T02:00:00Z"),
            offline: false,
            damaged: 0,
            stops: Vec::new(),
            under_way: 3,
            unsent: 0,
            open: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn open(id: i64, kind: Kind, minor: i64) -> Open {
        Open {
            about: About::Discrepancy(id),
            kind,
            reference: Some(format!("CD-{id}")),
            amount: Some(usd(minor)),
            held: Some(usd(minor)),
            owner: Some("ben".into()),
            since: at("2026-11-21T06:30:00Z"),
            what: "it may have been paid".into(),
            next: "Wait: the desk asks.".into(),
            clocked: None,
            aside: Vec::new(),
        }
    }

    #[test]
    fn a_quiet_shift_is_said_to_be_quiet() {
        let page = quiet().sheet(&berlin()).text();
        assert_eq!(
            page,
            "Handover, Sat 21 Nov 2026, 11:00, Europe/Berlin, DEMO, by ann\n\
             \nSending\n  Refunds are being sent.\n  3 refunds are on their way as they should be.\n\
             \nOpen: 0\n  Nothing waits for a person.\n\
             \nDeadlines until 23:00\n  None.\n\
             \nSnoozed\n  Nothing.\n\
             \nNotes since 03:00\n  None.\n"
        );
    }

    #[test]
    fn what_was_not_sent_is_not_said_to_be_on_its_way() {
        let said = |change: fn(&mut Handover)| {
            let mut handover = quiet();
            handover.unsent = 2;
            change(&mut handover);
            handover.sheet(&berlin()).text()
        };
        assert!(said(|_| ()).contains("2 more are composed and waiting to go out."));
        let offline = said(|it| it.offline = true);
        assert!(offline.contains("2 more are composed and not sent: the desk is offline."));
    }

    #[test]
    fn what_must_not_be_forgotten_is_told_with_its_sum_owner_and_next_step() {
        let asks = Open {
            clocked: Some(Clocked::Expires(at("2026-11-21T21:59:00Z"))),
            owner: None,
            ..open(3, Kind::Request, 500)
        };
        let later = Open {
            clocked: Some(Clocked::Expires(at("2026-11-21T22:01:00Z"))),
            ..open(4, Kind::Approval, 700)
        };
        let aside = Open {
            aside: vec![Snooze {
                who: "ben".into(),
                about: About::Discrepancy(2),
                until: at("2026-11-22T08:00:00Z"),
                reason: "their bank answers tomorrow".into(),
                at: at("2026-11-21T09:00:00Z"),
                seen: String::new(),
            }],
            ..open(2, Kind::Unknown, 1_000)
        };
        let handover = Handover {
            offline: true,
            damaged: 2,
            stops: vec![Stop {
                account: Some("hub-us".into()),
                by: "ann".into(),
                at: at("2026-11-20T15:00:00Z"),
                note: Some("odd answers".into()),
                proposed: None,
            }],
            open: vec![later, open(1, Kind::Unknown, 234), aside, asks],
            notes: vec![Note {
                id: 1,
                payment: PaymentId::derive("hub-us", "a"),
                reference: Some("CD-9".into()),
                refund: None,
                author: "ann".into(),
                at: at("2026-11-21T09:30:00Z"),
                text: Some("call her back".into()),
            }],
            ..quiet()
        };
        let page = handover.sheet(&berlin()).text();
        for said in [
            "  This desk is offline: nothing is sent.\n",
            "  STOPPED on hub-us by ann, Fri 20 Nov 16:00: odd answers.\n",
            "  2 UNKNOWN, may have been paid, do not refund again, holding 12.34 USD\n",
            "    2.34 USD, CD-1: owner ben, waits 3 h; it may have been paid. Next: Wait: the desk asks.\n",
            "    5.00 USD, CD-3: owner nobody, waits 3 h;",
            "Deadlines until 23:00\n  22:59 5.00 USD, CD-3: a network waits for an answer\n\nSnoozed\n",
            "  10.00 USD, CD-2 by ben until Sun 22 Nov 09:00: their bank answers tomorrow\n",
            "  10:30 ann, CD-9: call her back\n",
        ] {
            assert!(page.contains(said), "{said}\n{page}");
        }
        assert!(!page.contains("Refunds are being sent"), "{page}");
    }
}
