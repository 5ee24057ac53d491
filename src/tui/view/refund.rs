//! One refund: what was decided, what was sent, what was learned.

use ratatui::layout::Position;

use crate::domain::reason;
use crate::domain::refund::{Attempt, Kind, LaterStep, Refund};
use crate::domain::timeline::{self, Kept, Moment, Tone};
use crate::domain::transfer::{Confirmation, Transfer, TransferState};
use crate::tui::state::App;
use crate::tui::state::refunds::{Evidence, Page};
use crate::tui::state::slots::Slot;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::words;

use super::{Line, awaited, heading, named, page};

pub(super) fn draw(app: &App, shown: &Page, pen: &mut Pen<'_>) -> Option<Position> {
    let width = super::page_width(pen.area().width) - 4;
    let title = format!("Refund {}", shown.row.refund.id.short());
    page(pen, &title, &lines(app, shown, width), shown.scroll)
}

pub(super) fn lines(app: &App, shown: &Page, width: usize) -> Vec<Line> {
    let refund = &shown.row.refund;
    let standing = words::standing(app, refund);
    let mut lines = named("state", &standing.long, standing.role, width);
    let known = shown.evidence.as_ref().and_then(|it| it.step.as_ref());
    if let Some(step) = app.step(refund.id).or(known) {
        let next = words::next_step(app, step);
        lines.extend(named("next step", &next, Role::Title, width));
    }
    lines.extend(stop_line(app, refund, width));
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
    for (name, value) in app
        .revealed(content.payment)
        .iter()
        .flat_map(|it| &it.lines)
    {
        fact(name, Some(value));
    }
    fact("reason", Some(label));
    fact("note", content.note.as_deref());
    fact("case", content.case_ref.as_deref());
    fact("said", refund.said.as_deref());
    fact("through", Some(&refund.account));
    fact("provider's id", refund.provider_refund_id.as_deref());
    fact("trace", refund.trace.as_deref());
    let kind = refund.content.kind;
    fact("kind", (kind != Kind::Refund).then(|| kind.words()));
    let later = refund.later.as_ref();
    fact(
        "asked",
        later.map(|later| match later.step {
            LaterStep::Stop => "the provider was asked to stop it; not known yet whether it did",
            LaterStep::Capture => "the provider was asked to pay it; not known yet whether it did",
            LaterStep::Confirm => {
                "the network was told that it was paid; not known yet whether it took note"
            }
        }),
    );
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
    match &shown.evidence {
        None => {
            lines.push(Vec::new());
            lines.extend(awaited(
                app,
                Slot::Refund,
                "what was sent and learned",
                width,
            ));
        }
        Some(evidence) => {
            let moments = happened(app, &mut lines, shown, evidence, width);
            for transfer in &evidence.transfers {
                transferred(app, &mut lines, transfer, width);
            }
            for attempt in &evidence.attempts {
                sent(&mut lines, attempt, width);
            }
            received(app, &mut lines, &moments, width);
        }
    }
    lines
}

/// Until when it can be stopped, and by which key; or why not.
fn stop_line(app: &App, refund: &Refund, width: usize) -> Vec<Line> {
    let Some(stopping) = app.stopping(refund) else {
        return Vec::new();
    };
    let (said, role) = words::stopping(app, &stopping);
    named("stop", &said, role, width)
}

/// All that happened, in one order.
fn happened(
    app: &App,
    lines: &mut Vec<Line>,
    shown: &Page,
    evidence: &Evidence,
    width: usize,
) -> Vec<Moment> {
    let moments = timeline::of(&Kept {
        refund: &shown.row.refund,
        attempts: &evidence.attempts,
        observations: &evidence.observations,
        approvals: &evidence.approvals,
        decline: evidence.decline.as_ref(),
        proposals: &evidence.proposals,
        discrepancies: &evidence.discrepancies,
        deeds: &evidence.deeds,
        notes: &evidence.notes,
    });
    heading(lines, &format!("Timeline ({})", words::zone(app)));
    for moment in &moments {
        let role = match moment.tone {
            Tone::Plain => Role::Text,
            Tone::Good => Role::Good,
            Tone::Waits => Role::Warn,
            Tone::Bad => Role::Bad,
            Tone::Gone => Role::Dim,
        };
        lines.extend(named(
            &words::clock(app, moment.at),
            &moment.said,
            role,
            width,
        ));
    }
    moments
}

/// What was received, word for word: below, so that the timeline stays one.
fn received(app: &App, lines: &mut Vec<Line>, moments: &[Moment], width: usize) {
    if moments.iter().any(|moment| moment.raw.is_some()) {
        heading(lines, "Received");
    }
    for moment in moments {
        if let Some(raw) = &moment.raw {
            lines.extend(named(&words::clock(app, moment.at), raw, Role::Dim, width));
        }
    }
}

/// The account by its end: in full only where it is asked for by name.
fn transferred(app: &App, lines: &mut Vec<Line>, transfer: &Transfer, width: usize) {
    heading(lines, &format!("Bank transfer {}", transfer.number));
    let role = match (&transfer.confirmation, transfer.state) {
        (Confirmation::Due(_) | Confirmation::Stuck(_), _) => Role::Bad,
        (_, TransferState::Rejected | TransferState::Returned) => Role::Bad,
        (Confirmation::Done, _) => Role::Good,
        _ => Role::Warn,
    };
    let told = format!(
        "{} to account …{}: {}",
        transfer.amount,
        transfer.last4,
        transfer.told()
    );
    let since = words::clock(app, transfer.since);
    lines.extend(named(&since, &told, role, width));
    lines.extend(named("reference", &transfer.end_to_end, Role::Text, width));
    if let Some(reference) = &transfer.reference {
        lines.extend(named("bank's", reference, Role::Text, width));
    }
}

/// The exact request; when it went out stands on the timeline.
fn sent(lines: &mut Vec<Line>, attempt: &Attempt, width: usize) {
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
    lines.extend(named(
        "body",
        &super::compose::pretty(&String::from_utf8_lossy(&attempt.body)),
        Role::Dim,
        width,
    ));
}
