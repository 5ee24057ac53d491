//! One refund: what was decided, what was sent, what was learned.

use ratatui::layout::Position;

use crate::domain::reason;
use crate::domain::refund::{Attempt, Observation};
use crate::tui::state::App;
use crate::tui::state::refunds::Page;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::words;

use super::{Line, heading, named, page};

pub(super) fn draw(app: &App, shown: &Page, pen: &mut Pen<'_>) -> Option<Position> {
    let width = super::page_width(pen.area().width) - 4;
    let title = format!("Refund {}", shown.row.refund.id.short());
    page(pen, &title, &lines(app, shown, width), shown.scroll)
}

pub(super) fn lines(app: &App, shown: &Page, width: usize) -> Vec<Line> {
    let refund = &shown.row.refund;
    let standing = words::standing(app, refund);
    let mut lines = named("state", &standing.long, standing.role, width);
    let mut fact = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            lines.extend(named(name, value, Role::Text, width));
        }
    };
    let content = &refund.content;
    let known = reason::catalogue()
        .iter()
        .find(|reason| reason.code == content.reason);
    let label = known.map_or(content.reason.as_str(), |reason| reason.label.as_str());
    let payer = words::payer(shown.row.payer.as_deref(), shown.row.last4.as_deref());
    fact(
        "amount",
        Some(&format!(
            "{} {}",
            content.amount.grouped(),
            content.amount.currency
        )),
    );
    fact(
        "reported",
        refund.reported.map(|money| money.to_string()).as_deref(),
    );
    fact(
        "proven paid",
        refund.proven.map(|money| money.to_string()).as_deref(),
    );
    fact(
        "payment",
        Some(shown.row.reference.as_deref().unwrap_or("–")),
    );
    fact("payer", Some(&payer));
    fact("reason", Some(label));
    fact("note", content.note.as_deref());
    fact("case", content.case_ref.as_deref());
    fact("said", refund.said.as_deref());
    fact("through", Some(&refund.account));
    fact("provider's id", refund.provider_refund_id.as_deref());
    fact("trace", refund.trace.as_deref());
    fact(
        "next look",
        refund
            .next_look_at
            .map(|at| words::clock(app, at))
            .as_deref(),
    );
    fact(
        "composed",
        Some(&format!(
            "{} by {}",
            words::moment(app, refund.created_at),
            content.maker
        )),
    );
    fact("our id", Some(&refund.id.to_string()));
    fact("content hash", Some(&refund.hash));
    match &shown.evidence {
        None => lines.push(vec![(
            "loading what was sent and learned …".to_owned(),
            Role::Dim,
        )]),
        Some((attempts, observations)) => {
            for attempt in attempts {
                sent(app, &mut lines, attempt, width);
            }
            learned(app, &mut lines, observations, width);
        }
    }
    lines
}

fn sent(app: &App, lines: &mut Vec<Line>, attempt: &Attempt, width: usize) {
    heading(
        lines,
        &format!("Attempt {} ({})", attempt.number, attempt.step),
    );
    lines.extend(named(
        "request",
        &format!("{} {}", attempt.method, attempt.url),
        Role::Text,
        width,
    ));
    lines.extend(named("key", &attempt.idempotency_key, Role::Text, width));
    lines.extend(named(
        "our reference",
        &attempt.correlation,
        Role::Text,
        width,
    ));
    for send in &attempt.sends {
        let proof = if send.not_executed {
            "proven not executed"
        } else {
            ""
        };
        let said = format!("{} {proof}", words::moment(app, send.at));
        lines.extend(named("sent", said.trim_end(), Role::Text, width));
    }
    lines.extend(named(
        "body",
        &super::compose::pretty(&String::from_utf8_lossy(&attempt.body)),
        Role::Dim,
        width,
    ));
}

fn learned(app: &App, lines: &mut Vec<Line>, observations: &[Observation], width: usize) {
    if observations.is_empty() {
        return;
    }
    heading(lines, "Observations");
    for one in observations {
        let status = one
            .http_status
            .map_or(String::new(), |status| format!(" · HTTP {status}"));
        let said = format!(
            "{}: {}{status} · {}",
            one.source.name(),
            one.meaning,
            one.said
        );
        lines.extend(named(&words::clock(app, one.at), &said, Role::Text, width));
        if let Some(raw) = &one.raw {
            lines.extend(named("", raw, Role::Dim, width));
        }
    }
}
