//! The first line: how real the money is, where one is, and what must not be overlooked.

use crate::domain::sending::Stop;
use crate::tui::state::desk::Overview;
use crate::tui::state::slots::Slot;
use crate::tui::state::{App, Screen};
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Pen, Piece};
use crate::tui::widget::text;

pub(super) fn draw(app: &App, pen: &mut Pen<'_>) {
    let tab = |name: &str, screen| {
        let role = if app.screen == screen {
            Role::Title
        } else {
            Role::Dim
        };
        (format!(" {name} "), role)
    };
    let mut left = vec![label(app.overview.as_ref()), (" ".to_owned(), Role::Text)];
    // Where there is no room for both, where one is gives way last: an unknown outcome must be seen.
    let narrow = pen.width() < 60;
    let waiting = match app.todo.items.len() - app.todo.aside() {
        0 => "3 To do".to_owned(),
        count => format!("3 To do {count}"),
    };
    for (name, screen) in [
        ("1 Payments", Screen::Payments),
        ("2 Refunds", Screen::Refunds),
        (&waiting, Screen::ToDo),
    ] {
        if !narrow || screen == app.screen {
            left.push(tab(name, screen));
        }
    }
    let column = pen.pieces(0, 0, &left);
    let room = pen.width().saturating_sub(column + 1);
    let right = match &app.overview {
        Some(overview) => fitting(app, overview, room),
        None if app.slots.refusal(Slot::Overview).is_some() => {
            vec![("the desk gives no answer".to_owned(), Role::Bad)]
        }
        None => vec![("asking the desk …".to_owned(), Role::Dim)],
    };
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

/// Who stopped sending, and where if not everywhere.
fn stopped(stop: &Stop) -> String {
    match &stop.account {
        None => format!("SENDING STOPPED by {}", stop.by),
        Some(account) => format!("SENDING STOPPED by {} on {account}", stop.by),
    }
}

/// What stands on the right; the time zone and who sits there give way first.
fn fitting(app: &App, overview: &Overview, room: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    if let Some(stop) = overview.stops.first() {
        // Cut rather than left out: it must be seen.
        let said = text::truncate(&stopped(stop), room.saturating_sub(2));
        pieces.push((format!(" {said} "), Role::Alarm));
    }
    if overview.damaged > 0 {
        pieces.push((" DAMAGED ".to_owned(), Role::Alarm));
    }
    let unknown = overview.unknown();
    if unknown > 0 {
        pieces.push((format!(" {unknown} UNKNOWN "), Role::Alarm));
    }
    if overview.came_back > 0 {
        let count = overview.came_back;
        pieces.push((format!(" {count} CAME BACK "), Role::Alarm));
    }
    if app.service_away {
        pieces.push((" SERVICE AWAY ".to_owned(), Role::Alarm));
    }
    if !overview.shared {
        pieces.push(("single user".to_owned(), Role::Warn));
    }
    if overview.read_only {
        pieces.push(("read-only".to_owned(), Role::Warn));
    }
    match overview.offline {
        true => pieces.push(("OFFLINE".to_owned(), Role::Warn)),
        false => pieces.push(("online".to_owned(), Role::Good)),
    }
    pieces.push((app.actor.clone(), Role::Dim));
    pieces.push((overview.zone.name().to_owned(), Role::Dim));
    let mut fitting: Vec<Piece> = Vec::new();
    let mut used = 0;
    for (what, role) in pieces {
        let gap = if fitting.is_empty() { "" } else { "  " };
        used += text::width(&what) + gap.len();
        if used > room {
            break;
        }
        fitting.push((gap.to_owned(), Role::Text));
        fitting.push((what, role));
    }
    fitting
}
