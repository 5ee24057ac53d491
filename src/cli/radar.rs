//! `radar`: how refunds go, in figures.

use serde_json::{Value, json};

use super::open::{Session, misanswered};
use super::print::{Align, Column, Output, header, line};
use super::{Exit, Failure, json};
use crate::desk::face::{Reply, Request};
use crate::domain::radar::{Ages, BUCKETS, Counted, Quantiles, Radar};

/// A figure of the age table.
const FIGURE: usize = 7;
const DAY_COLUMNS: [Column; 5] = [
    ("DAY", 10, Align::Left),
    ("PAID", FIGURE, Align::Right),
    ("OPEN", FIGURE, Align::Right),
    ("NOT PAID", 8, Align::Right),
    ("CAME BACK", 9, Align::Right),
];
const REASON_COLUMNS: [Column; 2] = [("REASON", 20, Align::Left), ("COUNT", FIGURE, Align::Right)];
const CAUSE_COLUMNS: [Column; 2] = [
    ("NOT PAID FOR", 20, Align::Left),
    ("COUNT", FIGURE, Align::Right),
];
const SPEED_COLUMNS: [Column; 5] = [
    ("ACCOUNT", 14, Align::Left),
    ("MADE", 16, Align::Left),
    ("COUNT", FIGURE, Align::Right),
    ("P50 MS", 12, Align::Right),
    ("P95 MS", 12, Align::Right),
];

/// Prints the figures of Radar.
pub(super) async fn run(session: &Session, output: &Output) -> Result<Exit, Failure> {
    let Reply::Radar(radar) = session.ask(Request::Radar).await? else {
        return Err(misanswered());
    };
    match output.json {
        true => output.object(&as_json(&radar))?,
        false => output.text(&as_text(&radar))?,
    }
    Ok(Exit::Done)
}

fn as_text(radar: &Radar) -> String {
    let at = radar.at.format("%Y-%m-%d %H:%M:%S UTC");
    let mut lines = vec![format!("as of {at}; days in {}", radar.zone), String::new()];
    lines.extend(ages(radar));
    lines.push(String::new());
    lines.push(header(&DAY_COLUMNS));
    lines.extend(radar.days.iter().map(|day| {
        let figures = [day.succeeded, day.open, day.failed, day.reversed];
        let mut cells = vec![day.day.to_string()];
        cells.extend(figures.map(|count| count.to_string()));
        line(&DAY_COLUMNS, &cells)
    }));
    for (columns, all) in [
        (&REASON_COLUMNS, &radar.reasons),
        (&CAUSE_COLUMNS, &radar.causes),
    ] {
        lines.push(String::new());
        lines.push(header(columns));
        let counted = |one: &Counted| line(columns, &[one.code.clone(), one.count.to_string()]);
        lines.extend(all.iter().map(counted));
    }
    lines.push(String::new());
    lines.push(header(&SPEED_COLUMNS));
    for speed in &radar.speeds {
        lines.push(speed_line(&speed.account, "in 7 days", &speed.lately));
        lines.push(speed_line("", "90 days before", &speed.before));
    }
    lines.join("\n")
}

fn ages(radar: &Radar) -> Vec<String> {
    let mut columns: Vec<Column> = vec![
        ("ACCOUNT", 14, Align::Left),
        ("RAIL", 15, Align::Left),
        ("UNSENT", FIGURE, Align::Right),
    ];
    columns.extend(BUCKETS.map(|(name, _)| (name, FIGURE, Align::Right)));
    columns.extend(["SLOW", "LATE", "UNKNOWN"].map(|name| (name, FIGURE, Align::Right)));
    let row = |row: &Ages| {
        let rail = row.rail.clone().unwrap_or_else(|| "-".to_owned());
        let mut cells = vec![row.account.clone(), rail, row.unsent.to_string()];
        cells.extend(row.buckets.map(|count| count.to_string()));
        cells.extend([row.slow, row.overdue, row.unknown].map(|count| count.to_string()));
        line(&columns, &cells)
    };
    let rows = radar.ages.iter().map(row);
    std::iter::once(header(&columns)).chain(rows).collect()
}

fn speed_line(account: &str, made: &str, of: &Quantiles) -> String {
    let figure = |ms: Option<u64>| ms.map_or("-".to_owned(), |ms| ms.to_string());
    let cells = [
        account.to_owned(),
        made.to_owned(),
        of.count.to_string(),
        figure(of.p50_ms),
        figure(of.p95_ms),
    ];
    line(&SPEED_COLUMNS, &cells)
}

fn as_json(radar: &Radar) -> Value {
    let ages: Vec<Value> = radar.ages.iter().map(ages_json).collect();
    let speeds: Vec<Value> = radar
        .speeds
        .iter()
        .map(|speed| {
            json!({
                "account": speed.account,
                "lately": speed.lately,
                "before": speed.before,
                "slower": speed.is_slower(),
            })
        })
        .collect();
    json!({
        "at": json::time(radar.at),
        "zone": radar.zone,
        "ages": ages,
        "days": radar.days,
        "reasons": radar.reasons,
        "causes": radar.causes,
        "speeds": speeds,
    })
}

fn ages_json(row: &Ages) -> Value {
    let buckets: Vec<Value> = BUCKETS
        .iter()
        .zip(row.buckets)
        .map(|((name, _), count)| json!({ "age": name, "count": count }))
        .collect();
    json!({
        "account": row.account,
        "rail": row.rail,
        "unsent": row.unsent,
        "sent": row.sent(),
        "buckets": buckets,
        "slow": row.slow,
        "overdue": row.overdue,
        "unknown": row.unknown,
    })
}
