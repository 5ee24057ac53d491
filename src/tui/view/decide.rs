//! A decision being written down: what it is about, and the words it needs.

use ratatui::layout::Position;

use crate::tui::action::Action;
use crate::tui::state::App;
use crate::tui::state::decide::{About, Field, Form};
use crate::tui::state::edit::LineEdit;
use crate::tui::theme::Role;
use crate::tui::widget::pen::Pen;
use crate::tui::widget::{field, text};

const NAME_CELLS: usize = 14;

pub(super) fn draw(app: &App, form: &Form, pen: &mut Pen<'_>) -> Option<Position> {
    let area = pen.area();
    let width = usize::from(area.width).min(84);
    let fact_room = width.saturating_sub(4 + NAME_CELLS);
    let facts: Vec<(&str, String)> = form
        .facts
        .iter()
        .flat_map(|(name, what)| {
            let names = std::iter::once(name.as_str()).chain(std::iter::repeat(""));
            names.zip(text::wrap(what, fact_room))
        })
        .collect();
    let fields = form.fields();
    let height = facts.len() + fields.len() + 6;
    let mut pen = pen.part(super::centered(area, width, height));
    let mut inside = pen.panel(&form.title);
    for (y, (name, what)) in facts.iter().enumerate() {
        inside.put(0, y + 1, name, Role::Dim);
        inside.put(NAME_CELLS, y + 1, what, Role::Text);
    }
    let mut cursor = None;
    for (at, field) in fields.iter().enumerate() {
        let place = one(form, *field, facts.len() + 2 + at, &mut inside);
        cursor = cursor.or(place);
    }
    let hint = form.missing().map_or_else(
        || {
            let key = app.keymap.key(Action::Accept);
            match form.about {
                About::AsOf(_) => format!("{key} shows it"),
                About::StopSending => format!("{key} stops it at once"),
                about if about.is_plain() => format!("{key} saves it"),
                _ => format!("{key} goes on: you will be asked once more"),
            }
        },
        str::to_owned,
    );
    let last = inside.height().saturating_sub(1);
    inside.put(
        0,
        (facts.len() + fields.len() + 3).min(last),
        &hint,
        Role::Dim,
    );
    cursor
}

/// One field; where the cursor belongs when it is being typed.
fn one(form: &Form, shown: Field, y: usize, pen: &mut Pen<'_>) -> Option<Position> {
    let focused = form.focus == shown;
    let role = if focused { Role::Selected } else { Role::Dim };
    let mark = if focused { "▸ " } else { "  " };
    pen.put(0, y, &format!("{mark}{}", name(shown)), role);
    let room = pen.width().saturating_sub(NAME_CELLS);
    let Some(line) = line(form, shown) else {
        let words = chosen(form, shown);
        let words = if focused {
            format!("< {words} >")
        } else {
            words
        };
        let x = pen.put(NAME_CELLS, y, &text::truncate(&words, room), Role::Text);
        return focused.then(|| at(pen, x.min(NAME_CELLS), y));
    };
    if line.is_empty() && !focused {
        pen.put(
            NAME_CELLS,
            y,
            &text::truncate(hint(form, shown), room),
            Role::Dim,
        );
        return None;
    }
    let cursor = field::draw(pen, NAME_CELLS, y, room, line);
    if line.is_empty() {
        pen.put(
            NAME_CELLS + 2,
            y,
            &text::truncate(hint(form, shown), room.saturating_sub(2)),
            Role::Dim,
        );
    }
    focused.then(|| at(pen, cursor, y))
}

fn at(pen: &Pen<'_>, x: usize, y: usize) -> Position {
    let clamp = |cells: usize| u16::try_from(cells).unwrap_or(0);
    let area = pen.area();
    Position::new(
        (area.x + clamp(x)).min(area.right().saturating_sub(1)),
        (area.y + clamp(y)).min(area.bottom().saturating_sub(1)),
    )
}

const fn name(field: Field) -> &'static str {
    match field {
        Field::Outcome => "outcome",
        Field::Paid => "paid",
        Field::Kind => "kind",
        Field::Evidence => "evidence",
        Field::Accept => "accept",
        Field::Account => "account",
        Field::Code => "code",
        Field::Owner => "to",
        Field::Until => "until",
        Field::Day => "end of day",
        Field::Name => "name",
        Field::Place => "account",
        Field::Note => "note",
    }
}

const fn hint(form: &Form, field: Field) -> &'static str {
    match field {
        Field::Note if matches!(form.about, About::Note(_)) => "what the next person must know",
        Field::Paid => "the amount; empty: as asked",
        Field::Kind => "statement, provider's portal, support …",
        Field::Evidence => "where it can be looked up: a line, a ticket",
        Field::Account => "IBAN, or sort code and account number",
        Field::Code => "the network's code; empty: its general one",
        Field::Owner => "a name at this desk",
        Field::Name => "a word or two; another view of that name is replaced",
        Field::Until => "2h, 17:00, tomorrow, 2026-11-25 14:00",
        Field::Day => "a UTC date: 2026-11-14, 14nov",
        Field::Note => "why",
        Field::Outcome | Field::Accept | Field::Place => "",
    }
}

const fn line(form: &Form, field: Field) -> Option<&LineEdit> {
    match field {
        Field::Paid => Some(&form.paid),
        Field::Kind => Some(&form.kind),
        Field::Evidence => Some(&form.evidence),
        Field::Account => Some(&form.account.0),
        Field::Code => Some(&form.code),
        Field::Owner => Some(&form.owner),
        Field::Until | Field::Day => Some(&form.until),
        Field::Name => Some(&form.name),
        Field::Note => Some(&form.note),
        Field::Outcome | Field::Accept | Field::Place => None,
    }
}

fn chosen(form: &Form, field: Field) -> String {
    match (field, form.outcome) {
        (Field::Outcome, Some(outcome)) => outcome.words().to_owned(),
        (Field::Outcome, None) => "choose: → or s, f, a".to_owned(),
        (Field::Place, _) => form.place().unwrap_or_else(|| "every account".to_owned()),
        _ => {
            let proposed = form.offers.as_deref().unwrap_or_default();
            match form.accept {
                true => format!("yes: {proposed}"),
                false => format!("no; the file says {proposed}"),
            }
        }
    }
}
