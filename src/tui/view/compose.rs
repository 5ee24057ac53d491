//! Composing a refund: the form, and what the desk says it would be.

use ratatui::layout::{Position, Rect};

use crate::domain::refund::Kind;
use crate::tui::action::{Action, Context};
use crate::tui::state::compose::{Compose, Field, Preview, Problem, Wire};
use crate::tui::state::edit::LineEdit;
use crate::tui::state::{App, layout};
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{field, text, words};

use super::{Line, heading, named};

const NAME_CELLS: usize = 12;
/// Lines of the form before what the desk says, without the frame.
const FORM_ROWS: usize = 8;

/// From this inner width on, the exact request stands beside the form.
const BESIDE_FROM: usize = 108;

pub(super) fn draw(app: &App, form: &Compose, pen: &mut Pen<'_>) -> Option<Position> {
    let mut inside = pen.panel(match form.kind {
        Kind::Void => "Void a payment that has not settled",
        Kind::Refund | Kind::Outside if form.supersedes.is_some() => "Refund again",
        Kind::Refund | Kind::Outside => "Compose a refund",
    });
    let left = left_width(inside.width());
    let wide = left < inside.width();
    if wide {
        beside(form, left + 3, &mut inside);
    }
    let area = Rect {
        width: u16::try_from(left).unwrap_or(u16::MAX),
        ..inside.area()
    };
    let mut inside = inside.part(area);
    whose(form, &mut inside);
    begun(app, form, &mut inside);
    let cursor = fields(form, &mut inside);
    let lines = said(app, form, left, !wide);
    let from = form_rows(form);
    let room = inside.height().saturating_sub(from);
    for (y, line) in lines.iter().skip(form.scroll).take(room).enumerate() {
        inside.pieces(0, from + y, line);
    }
    if lines.len() > room + form.scroll {
        inside.put_right(
            from.saturating_sub(1),
            &[("more: pgdn".to_owned(), Role::Dim)],
        );
    }
    cursor
}

/// How wide form and answer are; all there is, unless the request stands beside them.
const fn left_width(inner: usize) -> usize {
    if inner < BESIDE_FROM {
        inner
    } else {
        inner * 11 / 20
    }
}

fn beside(form: &Compose, from: usize, pen: &mut Pen<'_>) {
    for y in 0..pen.height() {
        pen.put(from - 2, y, "│", Role::Border);
    }
    let x = u16::try_from(from).unwrap_or(u16::MAX);
    let area = pen.area();
    let mut pen = pen.part(Rect {
        x: area.x + x,
        width: area.width.saturating_sub(x),
        ..area
    });
    let mut lines = Vec::new();
    let wire = form
        .preview
        .as_ref()
        .and_then(|preview| preview.request.as_ref());
    request(&mut lines, "Exact request", wire, pen.width());
    for (y, line) in lines.iter().take(pen.height()).enumerate() {
        pen.pieces(0, y, line);
    }
}

fn form_rows(form: &Compose) -> usize {
    let more = [form.compensates, form.payment.captures.len() > 1];
    FORM_ROWS + more.into_iter().filter(|has| *has).count()
}

pub(super) fn scroll_limit(app: &App, form: &Compose) -> usize {
    let inner = usize::from(app.size.0).saturating_sub(4);
    let room = layout::page_rows(app.size).saturating_sub(form_rows(form));
    said(app, form, left_width(inner), inner < BESIDE_FROM)
        .len()
        .saturating_sub(room)
}

/// The payment, and what can be refunded of it.
fn whose(form: &Compose, pen: &mut Pen<'_>) {
    let payment = &form.payment;
    let reference = payment
        .reference
        .as_deref()
        .unwrap_or(&payment.provider_payment_id);
    let payer = words::payer(payment.payer.as_deref(), payment.last4.as_deref());
    let room = pen.width();
    let title = text::truncate(&format!("{reference}  {payer}  {}", payment.account), room);
    pen.put(0, 0, &title, Role::Title);
    let can_refund = form
        .preview
        .as_ref()
        .map_or(form.eligibility.can_refund, |said| said.can_refund);
    let until = form.eligibility.refundable_until;
    let until = until.map_or(String::new(), |day| {
        format!(", until {}", day.format("%Y-%m-%d"))
    });
    let paid = payment.figures().captured;
    let mark = if form.eligibility.unverified { "~" } else { "" };
    pen.pieces(
        0,
        1,
        &[
            (
                format!("paid {}, {} ", paid.grouped(), can(form)),
                Role::Dim,
            ),
            (format!("{mark}{}", can_refund.grouped()), Role::Good),
            (format!(" {}{until}", can_refund.currency), Role::Dim),
        ],
    );
}

/// That it goes on with what was typed before, and how to begin anew; in whose place it is.
fn begun(app: &App, form: &Compose, pen: &mut Pen<'_>) {
    let resumed = form.resumed.map(|at| {
        let key = app.keymap.keys_of(Action::DropDraft, Context::Compose);
        let key = key.first().map_or("", String::as_str);
        let at = words::clock(app, at);
        format!("draft of {at} resumed; {key} discards it")
    });
    let place = words::replaced(app, form).map(|old| format!("in place of {old}"));
    let said: Vec<String> = place.into_iter().chain(resumed).collect();
    let said = text::truncate(&said.join(" · "), pen.width());
    pen.put(0, 2, &said, Role::Warn);
}

/// What can be done with the amount beside it.
const fn can(form: &Compose) -> &'static str {
    match form.kind {
        Kind::Void => "can void",
        Kind::Refund | Kind::Outside => "can refund",
    }
}

fn fields(form: &Compose, pen: &mut Pen<'_>) -> Option<Position> {
    let mut cursor = None;
    for (y, field) in form.fields().into_iter().enumerate() {
        let focused = form.focus == field;
        let at = draw_field(form, field, focused, &mut pen.rows(3 + y, 1));
        cursor = cursor.or(at.filter(|_| focused));
    }
    cursor
}

fn draw_field(form: &Compose, field: Field, focused: bool, pen: &mut Pen<'_>) -> Option<Position> {
    let (name, line): (&str, Option<&LineEdit>) = match field {
        Field::Amount => ("amount", Some(&form.amount)),
        Field::Compensation => ("on top", Some(&form.compensation)),
        Field::Capture => ("capture", None),
        Field::Reason => ("reason", None),
        Field::Note => ("note", Some(&form.note)),
        Field::Case => ("case", Some(&form.case_ref)),
    };
    if focused {
        pen.put(0, 0, "▸", Role::Selected);
    }
    pen.put(2, 0, name, if focused { Role::Selected } else { Role::Dim });
    let room = pen.width().saturating_sub(NAME_CELLS);
    let x = match line {
        Some(line) => {
            let (cells, hint) = (field_cells(field).min(room), hint(form, field));
            let cursor = field::draw(pen, NAME_CELLS, 0, cells, line);
            let left = room.saturating_sub(cells + 2);
            pen.put(
                NAME_CELLS + cells + 2,
                0,
                &text::truncate(&hint, left),
                Role::Dim,
            );
            cursor
        }
        None => {
            pen.put(
                NAME_CELLS,
                0,
                &text::truncate(&choice(form, field, focused), room),
                Role::Text,
            );
            NAME_CELLS
        }
    };
    Some(Position::new(
        pen.area().x + u16::try_from(x).unwrap_or(0),
        pen.area().y,
    ))
}

const fn field_cells(field: Field) -> usize {
    match field {
        Field::Amount | Field::Compensation => 20,
        Field::Case => 24,
        _ => 48,
    }
}

/// What goes into a field, or that it must not stay empty.
fn hint(form: &Compose, field: Field) -> String {
    match field {
        Field::Amount => {
            let amount = form
                .preview
                .as_ref()
                .filter(|_| !form.stale)
                .and_then(|said| said.amount);
            match amount {
                Some(amount) => format!("= {}", words::money(amount)),
                None => "12.50  50%  rest  all  100-8.30  3x12.50".to_owned(),
            }
        }
        Field::Compensation => {
            let said = form.preview.as_ref().filter(|_| !form.stale);
            match said.and_then(|said| said.compensation) {
                Some(on_top) => format!("= {}", words::money(on_top)),
                None => "compensation, with a full refund".to_owned(),
            }
        }
        _ if form.needs(field) => "this reason needs it".to_owned(),
        _ => String::new(),
    }
}

fn choice(form: &Compose, field: Field, focused: bool) -> String {
    let chosen = match field {
        Field::Capture => {
            form.payment
                .captures
                .get(form.capture)
                .map_or("–".to_owned(), |capture| {
                    let id = capture.capture_id.as_deref().unwrap_or("–");
                    format!("{id}, {} left", capture.figures.available())
                })
        }
        _ => form
            .reason()
            .map_or("choose one".to_owned(), |reason| reason.label.clone()),
    };
    if focused {
        format!("< {chosen} >   left, right or a letter")
    } else {
        chosen
    }
}

/// What the desk says the refund would be.
fn said(app: &App, form: &Compose, width: usize, with_request: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(refused) = &form.refused {
        problem(&mut lines, refused, width);
    }
    let Some(preview) = &form.preview else {
        if form.refused.is_none() {
            lines.push(vec![("asking the desk …".to_owned(), Role::Dim)]);
        }
        return lines;
    };
    if form.shows_request && with_request {
        request(
            &mut lines,
            &format!(
                "Exact request ({} hides it)",
                app.keymap.key(Action::ShowRequest)
            ),
            preview.request.as_ref(),
            width,
        );
        return lines;
    }
    outcome(app, &mut lines, form, preview, width);
    for earlier in &preview.duplicates {
        lines.extend(named("may repeat", earlier, Role::Alarm, width));
    }
    for one in preview.problems.iter().filter(|one| !is_about_nothing(one)) {
        problem(&mut lines, one, width);
    }
    limits(&mut lines, preview, width);
    if let Some(wire) = preview.request.as_ref().filter(|_| with_request) {
        heading(&mut lines, "Exact request");
        lines.extend(named(&wire.method, &wire.url, Role::Dim, width));
        lines.push(vec![(
            format!("{} shows its body", app.keymap.key(Action::ShowRequest)),
            Role::Dim,
        )]);
    }
    lines
}

/// A field left empty needs no sentence: the form asks for it.
fn is_about_nothing(problem: &Problem) -> bool {
    problem.message.starts_with("\"\"")
}

fn outcome(app: &App, lines: &mut Vec<Line>, form: &Compose, preview: &Preview, width: usize) {
    let old = |role| if form.stale { Role::Dim } else { role };
    match (preview.amount, preview.remaining) {
        (Some(_), Some(remaining)) => {
            let said = format!(
                "{} → {} {}",
                preview.can_refund.grouped(),
                remaining.grouped(),
                remaining.currency
            );
            lines.extend(named(can(form), &said, old(Role::Text), width));
        }
        _ if form.amount.is_empty() && form.kind != Kind::Void => {
            lines.extend(named("first", "type an amount", Role::Dim, width));
        }
        _ => {}
    }
    if let Some(on_top) = preview.compensation {
        let said = format!("{} of compensation", words::money(on_top));
        lines.extend(named("on top", &said, old(Role::Text), width));
    }
    if form.reason.is_none() {
        lines.extend(named("then", "choose a reason", Role::Dim, width));
    }
    if let Some(who) = &preview.approval {
        lines.extend(named("approval", who, old(Role::Warn), width));
    }
    if app.is_offline() {
        lines.extend(named(
            "offline",
            "it will be held, not sent, until let go",
            Role::Warn,
            width,
        ));
    }
}

fn limits(lines: &mut Vec<Line>, preview: &Preview, width: usize) {
    if preview.limits.is_empty() {
        return;
    }
    heading(lines, "Limits");
    let names = preview
        .limits
        .iter()
        .map(|limit| text::width(&limit.name))
        .max()
        .unwrap_or(0);
    let names = names.min(width / 2) + 2;
    for limit in &preview.limits {
        let (mark, word, role) = if limit.kept {
            ("✓", "kept", Role::Good)
        } else {
            ("✗", "broken", Role::Bad)
        };
        let room = width.saturating_sub(names + 10);
        lines.push(vec![
            (format!("{mark} {:<8}", word), role),
            (text::left(&limit.name, names), Role::Dim),
            (text::truncate(&limit.figure, room), Role::Text),
        ]);
    }
}

fn problem(lines: &mut Vec<Line>, problem: &Problem, width: usize) {
    lines.extend(named("cannot go", &problem.message, Role::Bad, width));
    for rest in [&problem.money, &problem.next] {
        if !rest.is_empty() {
            lines.extend(named("", rest, Role::Dim, width));
        }
    }
}

fn request(lines: &mut Vec<Line>, title: &str, wire: Option<&Wire>, width: usize) {
    heading(lines, title);
    let Some(wire) = wire else {
        lines.push(vec![(
            "none yet: the draft is not complete".to_owned(),
            Role::Dim,
        )]);
        return;
    };
    lines.extend(named(&wire.method, &wire.url, Role::Text, width));
    for line in text::wrap(&pretty(&wire.body), width) {
        lines.push(vec![(line, Role::Text)]);
    }
}

/// JSON spread over lines for reading, values untouched; anything else as it is.
pub(super) fn pretty(body: &str) -> String {
    use serde_json::value::RawValue;
    if serde_json::from_str::<&RawValue>(body).is_err() {
        return body.to_owned();
    }
    let mut out = String::new();
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for character in body.chars() {
        if in_text {
            out.push(character);
            in_text = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '{' | '[' => {
                depth += 1;
                out.push(character);
                new_line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(character);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                in_text = true;
                out.push(character);
            }
            _ if character.is_whitespace() => {}
            _ => out.push(character),
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    // Wrapping joins at single spaces; no-break spaces keep the indentation.
    out.extend(std::iter::repeat_n('\u{a0}', depth * 2));
}
