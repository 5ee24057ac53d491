//! The first line: how real the money is, where one is, and what must not be overlooked.
//!
//! Where not all of it fits, what matters least is said shorter first, then not at all: that an
//! outcome is unknown, sending is stopped, or the desk is offline or read-only always stands there.

use crate::domain::sending::Stop;
use crate::tui::action::Action;
use crate::tui::state::App;
use crate::tui::state::desk::Overview;
use crate::tui::state::slots::Slot;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Pen, Piece};
use crate::tui::widget::text;

/// What the line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Screens,
    Unknown,
    Stopped,
    NotAnswering,
    Damaged,
    CameBack,
    Away,
    Alone,
    ReadOnly,
    Online,
    ToSend,
    Actor,
    Zone,
}

/// Who gives way, by one form each time, until the rest fits.
const GIVES_WAY: [What; 17] = [
    What::Screens,
    What::Zone,
    What::Actor,
    What::Stopped,
    What::Alone,
    What::Screens,
    What::NotAnswering,
    What::Stopped,
    What::ToSend,
    What::Online,
    What::Screens,
    What::Away,
    What::NotAnswering,
    What::CameBack,
    What::Damaged,
    What::Away,
    What::Screens,
];

/// One thing said, in its forms: the longest first, an empty one where it may be left out.
struct Said {
    what: What,
    forms: Vec<Vec<Piece>>,
}

impl Said {
    fn new(what: What, role: Role, forms: &[&str]) -> Self {
        let written = |form: &&str| match (*form, role) {
            ("", _) => Vec::new(),
            // What alarms has a ground of its own, which sets it apart.
            (form, Role::Alarm) => vec![(format!(" {form} "), role)],
            (form, _) => vec![(" ".to_owned(), Role::Text), (form.to_owned(), role)],
        };
        Self {
            what,
            forms: forms.iter().map(written).collect(),
        }
    }

    fn form(&self) -> &[Piece] {
        self.forms.first().map_or(&[], Vec::as_slice)
    }

    /// The cells it takes, with the gap before it.
    fn cells(&self) -> usize {
        let form = self.form();
        let cells: usize = form.iter().map(|(said, _)| text::width(said)).sum();
        match self.what {
            What::Screens => cells,
            _ => cells + usize::from(!form.is_empty()),
        }
    }

    fn shorten(&mut self) {
        if self.forms.len() > 1 {
            self.forms.remove(0);
        }
    }
}

pub(super) fn draw(app: &App, pen: &mut Pen<'_>) {
    let label = label(app.overview.as_ref());
    let room = pen.width().saturating_sub(text::width(&label.0));
    let mut said = vec![screens(app)];
    match &app.overview {
        Some(overview) => {
            said.extend(alarms(app, overview));
            said.extend(standing(app, overview));
        }
        None if app.slots.refusal(Slot::Overview).is_some() => {
            let none = ["the desk gives no answer", "no answer"];
            said.push(Said::new(What::Online, Role::Bad, &none));
        }
        None => said.push(Said::new(
            What::Online,
            Role::Dim,
            &["asking the desk …", ""],
        )),
    }
    for gives_way in GIVES_WAY {
        if said.iter().map(Said::cells).sum::<usize>() <= room {
            break;
        }
        let those = said.iter_mut().filter(|it| it.what == gives_way);
        those.for_each(Said::shorten);
    }
    let mut left = vec![label];
    left.extend_from_slice(said[0].form());
    let column = pen.pieces(0, 0, &left);
    let right = fitting(&said[1..], pen.width().saturating_sub(column));
    pen.put_right(0, &right);
}

fn label(overview: Option<&Overview>) -> Piece {
    let Some(overview) = overview else {
        return (" … ".to_owned(), Role::Dim);
    };
    let role = if overview.label == "LIVE" {
        Role::Live
    } else {
        Role::Test
    };
    (format!(" {} ", overview.label), role)
}

/// The screens, in the order of their keys.
const ROOMS: [(Action, &str); 6] = [
    (Action::ShowPayments, "Payments"),
    (Action::ShowRefunds, "Refunds"),
    (Action::ShowToDo, "To do"),
    (Action::ShowRadar, "Radar"),
    (Action::ShowActivity, "Activity"),
    (Action::ShowProviders, "Providers"),
];
/// So many of them are lists, between which one goes all day.
const LISTS: usize = 3;

/// What is said of the screens where one is not.
#[derive(Clone, Copy)]
enum Others {
    Named,
    Lists,
    Keys,
    None,
}

impl Others {
    const ALL: [Self; 4] = [Self::Named, Self::Lists, Self::Keys, Self::None];
}

/// Where one is, and where else one can be.
fn screens(app: &App) -> Said {
    let waiting = match app.todo.items.len() - app.todo.aside() {
        0 => (String::new(), String::new()),
        count => (format!(" {count}"), format!(":{count}")),
    };
    let here = app.room();
    let form = |others: Others| {
        let mut pieces = vec![(" ".to_owned(), Role::Text)];
        for (at, (room, name)) in ROOMS.into_iter().enumerate() {
            let key = app.keymap.key(room);
            let (count, behind) = match room {
                Action::ShowToDo => (&*waiting.0, &*waiting.1),
                _ => ("", ""),
            };
            let named = format!(" {key} {name}{count} ");
            match others {
                _ if room == here => pieces.push((named, Role::Title)),
                Others::Named => pieces.push((named, Role::Dim)),
                Others::Lists if at < LISTS => pieces.push((named, Role::Dim)),
                Others::Keys if at < LISTS => pieces.push((format!(" {key}{behind} "), Role::Dim)),
                _ => {}
            }
        }
        pieces
    };
    let nothing = std::iter::once(Vec::new());
    Said {
        what: What::Screens,
        forms: Others::ALL.map(form).into_iter().chain(nothing).collect(),
    }
}

/// What is wrong, the worst first.
fn alarms(app: &App, overview: &Overview) -> Vec<Said> {
    let mut said = Vec::new();
    let mut alarm = |what, forms: &[&str]| said.push(Said::new(what, Role::Alarm, forms));
    let unknown = overview.unknown();
    if unknown > 0 {
        alarm(What::Unknown, &[&format!("{unknown} UNKNOWN")]);
    }
    if let Some(stop) = overview.stops.first() {
        let (long, short) = stopped(stop, overview.stops.len() - 1);
        alarm(What::Stopped, &[&long, &short, "STOPPED"]);
    }
    if let Some((first, others)) = overview.not_answering().split_first() {
        let long = format!("{first}{} NOT ANSWERING", more(others.len()));
        alarm(What::NotAnswering, &[&long, "NOT ANSWERING", ""]);
    }
    if overview.damaged > 0 {
        alarm(What::Damaged, &["DAMAGED", ""]);
    }
    if overview.came_back > 0 {
        let said = format!("{} CAME BACK", overview.came_back);
        alarm(What::CameBack, &[&said, ""]);
    }
    if app.service_away {
        alarm(What::Away, &["SERVICE AWAY", "AWAY", ""]);
    }
    said
}

/// How the desk stands.
fn standing(app: &App, overview: &Overview) -> Vec<Said> {
    let mut said = Vec::new();
    let mut say = |what, role, forms: &[&str]| said.push(Said::new(what, role, forms));
    if overview.read_only {
        say(What::ReadOnly, Role::Warn, &["READ-ONLY"]);
    }
    match overview.offline {
        true => say(What::Online, Role::Warn, &["OFFLINE"]),
        false if app.service_away => {}
        false => say(What::Online, Role::Good, &["online", ""]),
    }
    if overview.to_send() > 0 {
        let waits = format!("{} to send", overview.to_send());
        say(What::ToSend, Role::Text, &[&waits, ""]);
    }
    if !overview.shared {
        say(What::Alone, Role::Warn, &["single user", ""]);
    }
    say(What::Actor, Role::Dim, &[&app.actor, ""]);
    say(What::Zone, Role::Dim, &[overview.zone.name(), ""]);
    said
}

/// Who stopped sending, and where if not everywhere.
fn stopped(stop: &Stop, others: usize) -> (String, String) {
    let (by, more) = (&stop.by, more(others));
    match &stop.account {
        None => (
            format!("SENDING STOPPED by {by}"),
            "SENDING STOPPED".to_owned(),
        ),
        Some(account) => (
            format!("SENDING STOPPED by {by} on {account}{more}"),
            format!("STOPPED {account}{more}"),
        ),
    }
}

fn more(others: usize) -> String {
    match others {
        0 => String::new(),
        others => format!(" +{others}"),
    }
}

/// What stands on the right; on a screen too narrow for what must be said, as much as there is room
/// for.
fn fitting(said: &[Said], mut room: usize) -> Vec<Piece> {
    let mut fitting = Vec::new();
    for it in said.iter().filter(|it| !it.form().is_empty()) {
        if it.cells() <= room {
            room -= it.cells();
            fitting.push((" ".to_owned(), Role::Text));
            fitting.extend_from_slice(it.form());
        }
    }
    fitting
}
