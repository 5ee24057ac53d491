//! A bulk refund: the form for all that is marked, then what would become of each, then what did.

use ratatui::layout::Position;

use crate::domain::plan::{Row, Total, Verdict};
use crate::domain::state::State;
use crate::tui::state::bulk::{Bulk, FIELDS, Field, Judged, Outcome, Run};
use crate::tui::state::compose::Problem;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{field, text, words};

use super::{Line, heading, named, page};

const NAME_CELLS: usize = 12;
/// Cells of a row before its words: mark, reference, amount.
const ROW_CELLS: usize = 40;

pub(super) fn draw(bulk: &Bulk, pen: &mut Pen<'_>) -> Option<Position> {
    if bulk.plan.is_none() {
        return form(bulk, pen);
    }
    let width = super::page_width(pen.area().width) - 4;
    let title = match &bulk.run {
        None => "Refunds in bulk: what would become of each",
        Some(_) => "Refunds in bulk: what became of each",
    };
    page(pen, title, &lines(bulk, width), bulk.scroll)
}

fn form(bulk: &Bulk, pen: &mut Pen<'_>) -> Option<Position> {
    let count = bulk.payments.len();
    let mut inside = pen.panel(&format!("Refund {count} marked payments"));
    let sums = bulk.can_refund.iter();
    let sums: Vec<String> = sums.map(|sum| words::money(*sum)).collect();
    let said = format!("can refund {}", sums.join(" · "));
    inside.put(0, 0, &text::truncate(&said, inside.width()), Role::Good);
    let said = "the amount is read for each payment by itself; nothing is made before you saw what becomes of each";
    inside.paragraph(0, 1, said, Role::Dim);
    let mut cursor = None;
    for (y, of) in FIELDS.into_iter().enumerate() {
        let focused = bulk.focus == of;
        let at = draw_field(bulk, of, focused, &mut inside.rows(4 + y, 1));
        cursor = cursor.or(Some(at).filter(|_| focused));
    }
    if bulk.judging {
        inside.put(0, 8, "asking what becomes of each …", Role::Warn);
    }
    for (y, line) in refusal(bulk.refused.as_ref(), inside.width())
        .iter()
        .enumerate()
    {
        inside.pieces(0, 8 + y, line);
    }
    cursor
}

fn draw_field(bulk: &Bulk, of: Field, focused: bool, pen: &mut Pen<'_>) -> Position {
    let name = match of {
        Field::Amount => "of each",
        Field::Reason => "reason",
        Field::Note => "note",
    };
    if focused {
        pen.put(0, 0, "▸", Role::Selected);
    }
    pen.put(2, 0, name, if focused { Role::Selected } else { Role::Dim });
    let room = pen.width().saturating_sub(NAME_CELLS);
    let x = match of {
        Field::Amount => {
            let x = field::draw(pen, NAME_CELLS, 0, 20.min(room), &bulk.amount);
            let hint = "rest, 50%, 12.50";
            pen.put(NAME_CELLS + 22, 0, hint, Role::Dim);
            x
        }
        Field::Note => field::draw(pen, NAME_CELLS, 0, 48.min(room), &bulk.note),
        Field::Reason => {
            let chosen = bulk.reason().map(|reason| reason.label.as_str());
            let said = match (chosen, focused) {
                (Some(label), true) => format!("{label}  ← → or its first letter"),
                (Some(label), false) => label.to_owned(),
                (None, _) => "choose: ← → or its first letter".to_owned(),
            };
            pen.put(NAME_CELLS, 0, &text::truncate(&said, room), Role::Text);
            NAME_CELLS
        }
    };
    let x = u16::try_from(x).unwrap_or(0);
    Position::new(pen.area().x + x, pen.area().y)
}

/// What is said of the plan: sums first, then each row.
pub(super) fn lines(bulk: &Bulk, width: usize) -> Vec<Line> {
    let mut lines = above(bulk, width);
    lines.extend(rows(bulk, width).flatten());
    lines
}

/// What stands above the rows.
fn above(bulk: &Bulk, width: usize) -> Vec<Line> {
    let Some(Judged { totals, .. }) = &bulk.plan else {
        return Vec::new();
    };
    let mut lines: Vec<Line> = totals.iter().flat_map(|total| sum(total, width)).collect();
    lines.extend(told(bulk, width));
    heading(&mut lines, "each payment");
    lines
}

fn rows(bulk: &Bulk, width: usize) -> impl Iterator<Item = Vec<Line>> {
    let plan = bulk.plan.iter().flat_map(|judged| &judged.plan.rows);
    plan.enumerate()
        .map(move |(at, row)| one(bulk, at, row, width))
}

/// The lines of the row the cursor is on: the first, and the one after the last. At the first row
/// what stands above it is looked at, too.
pub(super) fn chosen(bulk: &Bulk, width: usize) -> (usize, usize) {
    let before = rows(bulk, width).take(bulk.cursor).map(|row| row.len());
    let first = above(bulk, width).len() + before.sum::<usize>();
    let cells = rows(bulk, width)
        .nth(bulk.cursor)
        .map_or(0, |row| row.len());
    match bulk.cursor {
        0 => (0, first + cells),
        _ => (first, first + cells),
    }
}

fn sum(total: &Total, width: usize) -> Vec<Line> {
    let checker = match total.for_checker {
        0 => String::new(),
        count => format!(", {count} of them after a checker"),
    };
    let said = format!(
        "{} in {}{checker}; available {} → {}",
        total.leaves.grouped(),
        words::counted(total.rows, "refund"),
        total.before.grouped(),
        total.after.grouped()
    );
    named(total.leaves.currency.code(), &said, Role::Title, width)
}

/// How many go and how many do not, or how far it is.
fn told(bulk: &Bulk, width: usize) -> Vec<Line> {
    let Some(judged) = &bulk.plan else {
        return Vec::new();
    };
    let (going, refused) = (judged.plan.going(), judged.plan.refused());
    let Some(run) = &bulk.run else {
        let said = match (going, refused) {
            (0, _) => "none of them can be made".to_owned(),
            (going, 0) => format!("all {going} go"),
            (going, 1) => format!("{going} go, 1 is left out, as said below"),
            (going, refused) => format!("{going} go, {refused} are left out, as said below"),
        };
        let role = if refused == 0 { Role::Good } else { Role::Warn };
        return named("verdict", &said, role, width);
    };
    let made = bulk.made();
    let no = run.outcomes.iter();
    let no = no.filter(|it| matches!(it, Outcome::Refused(_))).count();
    let said = match (run.under_way, no) {
        (true, _) => format!("making them: {made} of {going} …"),
        (false, 0) => format!("{made} of {going} made"),
        (false, no) => format!("{made} of {going} made, {no} refused, as said below"),
    };
    let role = if no == 0 { Role::Good } else { Role::Warn };
    let mut lines = named("made", &said, role, width);
    if let Some(problem) = &run.broken {
        let said = "it stopped here and may be gone on with (ctrl-s): no refund is made twice";
        lines.extend(named("stopped", said, Role::Bad, width));
        lines.extend(refusal(Some(problem), width));
    }
    lines
}

/// A row: which, how much, and what becomes of it.
fn one(bulk: &Bulk, place: usize, row: &Row, width: usize) -> Vec<Line> {
    let (mark, said, role) = match &bulk.run {
        None => verdict(&row.verdict),
        Some(run) => outcome(run, place, &row.verdict),
    };
    let reference = row.reference.as_deref().unwrap_or(&row.payment);
    let amount = row.order.as_ref().map(|order| order.amount.to_string());
    let room = width.saturating_sub(ROW_CELLS).max(12);
    let parts = text::wrap(&said, room);
    let chosen = bulk.cursor == place;
    let name = if chosen { Role::Selected } else { Role::Text };
    let mut lines = Vec::new();
    for (at, part) in parts.into_iter().enumerate() {
        lines.push(match at {
            0 => vec![
                (mark.to_owned(), role),
                (if chosen { "▸" } else { " " }.to_owned(), Role::Selected),
                (text::left(reference, 18), name),
                (
                    text::right(amount.as_deref().unwrap_or("?"), 18),
                    Role::Title,
                ),
                ("  ".to_owned(), Role::Dim),
                (part, role),
            ],
            _ => vec![(" ".repeat(ROW_CELLS), Role::Dim), (part, role)],
        });
    }
    lines
}

fn verdict(verdict: &Verdict) -> (&'static str, String, Role) {
    match verdict {
        Verdict::Goes => ("✓", "goes".to_owned(), Role::Good),
        Verdict::Checker(why) => {
            let why = why.trim_start_matches("a checker must approve: ");
            ("✓", format!("goes after a checker: {why}"), Role::Warn)
        }
        Verdict::Repeats(earlier) => {
            let said =
                format!("left out, likely a duplicate: {earlier}; if it is meant, refund it alone");
            ("✗", said, Role::Bad)
        }
        Verdict::Refused { message, .. } => ("✗", format!("left out: {message}"), Role::Bad),
    }
}

fn outcome(run: &Run, at: usize, planned: &Verdict) -> (&'static str, String, Role) {
    match run.outcomes.get(at) {
        Some(Outcome::Made(State::AwaitingApproval)) => {
            ("✓", "made; waits for a checker".to_owned(), Role::Warn)
        }
        Some(Outcome::Made(_)) => ("✓", "made".to_owned(), Role::Good),
        Some(Outcome::Refused(why)) => ("✗", format!("not made: {why}"), Role::Bad),
        Some(Outcome::LeftOut) => verdict(planned),
        None if planned.goes() => (" ", "not made yet".to_owned(), Role::Dim),
        None => verdict(planned),
    }
}

fn refusal(problem: Option<&Problem>, width: usize) -> Vec<Line> {
    let Some(problem) = problem else {
        return Vec::new();
    };
    let said = [&problem.message, &problem.money, &problem.next];
    let said = said.into_iter().filter(|text| !text.is_empty());
    said.flat_map(|text| text::wrap(text, width))
        .map(|part| vec![(part, Role::Bad)])
        .collect()
}
