//! Screen 4: how refunds go. The age table first, then charts; every bar has its figure beside it.

use ratatui::layout::Position;

use crate::domain::radar::{Ages, BUCKETS, Counted, Day, Quantiles, Radar, Speed};
use crate::domain::reason;
use crate::tui::state::App;
use crate::tui::state::radar::Page;
use crate::tui::theme::Role;
use crate::tui::widget::chart::{self, CROSS, FULL, HALF};
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{text, words};

use super::{Line, heading, room};

/// The names before bars.
const NAME: usize = 22;
/// A figure of the age table.
const FIGURE: usize = 5;
/// All that stands behind a name in the age table: its spark, its figures.
const BEHIND: usize = BUCKETS.len() + 2 + (BUCKETS.len() + 3) * FIGURE + FIGURE + 2;

pub(super) fn draw(app: &App, shown: &Page, pen: &mut Pen<'_>) -> Option<Position> {
    let width = super::room_width(pen.area().width) - 4;
    room(pen, "Radar", &lines(app, shown, width), shown.scroll)
}

pub(super) fn lines(app: &App, shown: &Page, width: usize) -> Vec<Line> {
    let Some(radar) = &shown.radar else {
        let said = shown.failed.as_deref().unwrap_or("counting …");
        return vec![vec![(said.to_owned(), Role::Dim)]];
    };
    let mut lines = ages(&radar.ages, width);
    days(&mut lines, &radar.days, width);
    let reasons = "Why refunds were made, 30 days";
    counted(&mut lines, reasons, &radar.reasons, Role::Text, width);
    let causes = "Why refunds were not paid, 30 days";
    counted(&mut lines, causes, &radar.causes, Role::Bad, width);
    speeds(&mut lines, &radar.speeds, width);
    lines.push(Vec::new());
    lines.push(vec![(as_of(app, radar), Role::Dim)]);
    lines
}

fn as_of(app: &App, radar: &Radar) -> String {
    format!(
        "as of {}; days in {}",
        words::clock(app, radar.at),
        radar.zone
    )
}

/// Per account what is sent and not decided, by age; then all accounts as bars.
fn ages(all: &[Ages], width: usize) -> Vec<Line> {
    let name = width.saturating_sub(BEHIND);
    let title = text::left("On its way, by age", name + BUCKETS.len() + 2);
    let mut head = vec![(title, Role::Title)];
    let figures = BUCKETS.iter().map(|(name, _)| *name);
    let further = ["slow", "late", "UNKN", "unsent"];
    head.extend(figures.chain(further).map(|name| (cell(name), Role::Head)));
    let mut lines = vec![head];
    for row in all {
        lines.push(of_account(row, name));
    }
    if all.iter().all(|row| row.sent() == 0) {
        lines.push(vec![("nothing is on its way".to_owned(), Role::Dim)]);
        return lines;
    }
    let count = |at: usize| all.iter().map(|row| row.buckets[at]).sum::<u64>();
    let most = (0..BUCKETS.len()).map(count).max().unwrap_or(0);
    for (at, (name, _)) in BUCKETS.iter().enumerate() {
        let named = format!("  all accounts {name}");
        lines.push(barred(&named, count(at), most, Role::Text, width));
    }
    lines
}

fn cell(figure: &str) -> String {
    let wide = figure.len() >= FIGURE;
    text::right(figure, if wide { FIGURE + 2 } else { FIGURE })
}

fn of_account(row: &Ages, room: usize) -> Line {
    let rail = match row.rail.as_deref() {
        Some("Faster Payments") => "FPS",
        Some(rail) => rail,
        None => "gone",
    };
    let account = text::truncate(&row.account, room.saturating_sub(text::width(rail) + 1));
    let name = format!("{account} {rail}");
    let mut line = vec![
        (text::left(&name, room), Role::Text),
        (" ".to_owned(), Role::Dim),
        (chart::spark(&row.buckets), Role::Text),
        (" ".to_owned(), Role::Dim),
    ];
    let figure = |count: u64, role: Role, room: usize| match count {
        0 => (text::right("·", room), Role::Dim),
        _ => (text::right(&count.to_string(), room), role),
    };
    let buckets = row.buckets.iter();
    line.extend(buckets.map(|count| figure(*count, Role::Text, FIGURE)));
    line.push(figure(row.slow, Role::Warn, FIGURE));
    line.push(figure(row.overdue, Role::Bad, FIGURE));
    line.push(figure(row.unknown, Role::Alarm, FIGURE));
    line.push(figure(row.unsent, Role::Text, FIGURE + 2));
    line
}

/// A name, a bar, its figure.
fn barred(name: &str, count: u64, most: u64, role: Role, width: usize) -> Line {
    let room = width.saturating_sub(NAME + 9);
    let mut line = vec![(text::left(name, NAME), Role::Text)];
    line.extend(chart::bar(&[(count, FULL, role)], most, room));
    line.push((text::right(&count.to_string(), 9), Role::Text));
    line
}

fn days(lines: &mut Vec<Line>, all: &[Day], width: usize) {
    heading(lines, "By the day they were made");
    const FIGURES: [&str; 4] = ["paid", "open", "not paid", "back"];
    let room = width.saturating_sub(12 + 4 * 9);
    let legend = format!("{FULL} paid {HALF} open {CROSS} not paid, came back");
    let mut head = vec![(text::left(&legend, room + 12), Role::Dim)];
    head.extend(FIGURES.map(|name| (text::right(name, 9), Role::Head)));
    lines.push(head);
    let most = all.iter().map(Day::all).max().unwrap_or(0);
    for day in all.iter().rev() {
        let named = day.day.format("%a %d %b").to_string();
        let mut line = vec![(text::left(&named, 12), Role::Text)];
        let parts = [
            (day.succeeded, FULL, Role::Good),
            (day.open, HALF, Role::Dim),
            (day.failed + day.reversed, CROSS, Role::Bad),
        ];
        line.extend(chart::bar(&parts, most, room));
        let figures = [
            (day.succeeded, Role::Good),
            (day.open, Role::Text),
            (day.failed, Role::Bad),
            (day.reversed, Role::Alarm),
        ];
        line.extend(figures.map(|(count, role)| match count {
            0 => (text::right("·", 9), Role::Dim),
            _ => (text::right(&count.to_string(), 9), role),
        }));
        lines.push(line);
    }
}

fn counted(lines: &mut Vec<Line>, what: &str, all: &[Counted], role: Role, width: usize) {
    heading(lines, what);
    let most = all.first().map_or(0, |first| first.count);
    for one in all {
        lines.push(barred(&label(&one.code), one.count, most, role, width));
    }
    if all.is_empty() {
        lines.push(vec![("none".to_owned(), Role::Dim)]);
    }
}

/// A reason as operators choose it; a cause as words.
fn label(code: &str) -> String {
    let known = reason::catalogue().iter().find(|it| it.code == code);
    known.map_or_else(|| code.replace('_', " "), |known| known.label.clone())
}

fn speeds(lines: &mut Vec<Line>, all: &[Speed], width: usize) {
    heading(lines, "From sent to done");
    let legend = format!("{FULL} half are done by then {HALF} 95 of 100 are");
    lines.push(vec![(legend, Role::Dim)]);
    for speed in all {
        let most = speed.lately.p95_ms.max(speed.before.p95_ms).unwrap_or(0);
        let lately = format!("{} 7 days", speed.account);
        let role = if speed.is_slower() {
            Role::Warn
        } else {
            Role::Text
        };
        lines.push(quantiles(&lately, &speed.lately, most, role, width));
        lines.push(quantiles(
            "  90 days before",
            &speed.before,
            most,
            Role::Dim,
            width,
        ));
        if speed.is_slower() {
            let said = "  slower than its own past: half take longer than 95 of 100 did";
            lines.push(vec![(said.to_owned(), Role::Warn)]);
        }
    }
    if all.is_empty() {
        lines.push(vec![("nothing was done yet".to_owned(), Role::Dim)]);
    }
}

fn quantiles(name: &str, of: &Quantiles, most: u64, role: Role, width: usize) -> Line {
    const FIGURES: usize = 34;
    let room = width.saturating_sub(NAME + FIGURES);
    let (Some(p50), Some(p95)) = (of.p50_ms, of.p95_ms) else {
        return vec![
            (text::left(name, NAME), Role::Text),
            ("none".to_owned(), Role::Dim),
        ];
    };
    let mut line = vec![(text::left(name, NAME), Role::Text)];
    let parts = [(p50, FULL, role), (p95 - p50, HALF, role)];
    line.extend(chart::bar(&parts, most, room));
    let said = format!(
        "p50 {} p95 {} of {}",
        text::right(&chart::duration(p50), 7),
        text::right(&chart::duration(p95), 7),
        of.count
    );
    line.push((format!("  {said}"), role));
    line
}
