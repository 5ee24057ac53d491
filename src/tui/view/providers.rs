//! The providers: per account whether refunds go out, and how the provider answers.

use chrono::{DateTime, Utc};
use ratatui::layout::Position;

use crate::tui::state::App;
use crate::tui::state::providers::Row;
use crate::tui::state::slots::Slot;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;

use super::{Line, awaited, heading, named, room};

pub(super) fn draw(app: &App, scroll: usize, pen: &mut Pen<'_>) -> Option<Position> {
    let width = super::room_width(pen.area().width) - 4;
    room(pen, "Providers", &lines(app, width), scroll)
}

pub(super) fn lines(app: &App, width: usize) -> Vec<Line> {
    let Some(rows) = &app.providers else {
        return awaited(app, Slot::Providers, "the providers", width);
    };
    if rows.is_empty() {
        let said = "no account is configured: nothing can be imported or sent";
        return vec![vec![(said.to_owned(), Role::Warn)]];
    }
    let mut lines = Vec::new();
    for row in rows {
        heading(&mut lines, &format!("{} · {}", row.account, row.provider));
        let (sending, role) = sending(app, row);
        lines.extend(named("sending", &sending, role, width));
        let (answering, role) = answering(app, row);
        lines.extend(named("provider", &answering, role, width));
        lines.extend(
            clock(row).map_or_else(Vec::new, |(said, role)| named("clock", &said, role, width)),
        );
        let looks = format!(
            "{} for a look; up to {} looks a minute{}",
            match row.waiting {
                1 => "1 refund waits".to_owned(),
                more => format!("{more} refunds wait"),
            },
            row.looks_per_minute,
            quiet(app, row)
        );
        lines.extend(named("looks", &looks, Role::Text, width));
        let imported = row
            .imported_at
            .map_or("never".to_owned(), |at| time(app, at));
        lines.extend(named("last import", &imported, Role::Text, width));
        if let Some(at) = row.synced_at {
            lines.extend(named("last sync", &time(app, at), Role::Text, width));
        }
    }
    lines
}

fn sending(app: &App, row: &Row) -> (String, Role) {
    match &row.stop {
        _ if !row.can_send => ("this desk cannot send through it".to_owned(), Role::Dim),
        Some(stop) => {
            let next = match &stop.proposed {
                Some(first) => format!("{} proposed to resume; one more must agree", first.by),
                None => "two people resume it".to_owned(),
            };
            let said = format!(
                "STOPPED: {}, {}; {next}",
                stop.sentence(),
                time(app, stop.at)
            );
            (said, Role::Alarm)
        }
        None if row.closed.is_some() => {
            let why = row.closed.as_deref().unwrap_or_default();
            (format!("CLOSED: {why}"), Role::Alarm)
        }
        None if row.left_alone => (
            "waits until the provider answers a look".to_owned(),
            Role::Warn,
        ),
        None if app.is_offline() => ("this desk is offline".to_owned(), Role::Warn),
        None => ("open".to_owned(), Role::Good),
    }
}

fn answering(app: &App, row: &Row) -> (String, Role) {
    let pulse = &row.pulse;
    let last = pulse.answered_at.map_or(String::new(), |at| {
        format!("; last answer {}", time(app, at))
    });
    match (pulse.failing_since, pulse.answered_at) {
        (Some(since), _) => {
            let why = pulse.said.as_deref().unwrap_or("no answer");
            let said = format!("not answering since {}: {why}{last}", time(app, since));
            (said, Role::Alarm)
        }
        (None, Some(at)) => {
            let took = pulse
                .latency_ms
                .map_or(String::new(), |took| format!(", in {took} ms"));
            (
                format!("answering; last {}{took}", time(app, at)),
                Role::Good,
            )
        }
        (None, None) => ("never asked".to_owned(), Role::Dim),
    }
}

/// From half a minute on, a clock is worth a warning: signatures carry its time.
fn clock(row: &Row) -> Option<(String, Role)> {
    let skew = row.pulse.skew_ms?;
    let side = if skew < 0 { "behind" } else { "ahead of" };
    let role = if skew.abs() > 30_000 {
        Role::Warn
    } else {
        Role::Text
    };
    let said = format!("ours is {} s {side} theirs", skew.abs() / 1_000);
    Some((said, role))
}

fn quiet(app: &App, row: &Row) -> String {
    let until = row.pulse.quiet_until.filter(|until| *until > app.now);
    until.map_or(String::new(), |until| {
        format!("; it asked for none until {}", time(app, until))
    })
}

/// In the business time zone.
fn time(app: &App, at: DateTime<Utc>) -> String {
    let zone = app.overview.as_ref();
    zone.map_or_else(
        || at.format("%d %b %H:%M UTC").to_string(),
        |overview| overview.local(at).format("%d %b %H:%M").to_string(),
    )
}
