//! From state to cells: pure functions, one file per screen.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::domain::sheet::Sheet;

use super::state::bulk::Bulk;
use super::state::confirm::Confirm;
use super::state::sheet::Page;
use super::state::slots::Slot;
use super::state::{App, Layer, Screen, layout};
use super::theme::Role;
use super::widget::pen::{Pen, Piece};

mod activity;
mod bulk;
mod compose;
mod confirm;
mod decide;
mod drafts;
mod drill;
mod explain;
mod footer;
mod help;
mod narrow;
mod palette;
mod payment;
mod payments;
mod phone;
mod providers;
mod radar;
mod refund;
mod refunds;
mod sheet;
mod todo;
mod top;
mod views;

/// A line of a page.
type Line = Vec<Piece>;

/// Draws the whole screen and says where the cursor belongs: on what is selected or typed, so that
/// a screen reader follows.
pub fn draw(app: &App, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let mut whole = Pen::new(buf, area, app.theme, app.caps, app.plain);
    let left = whole.height().saturating_sub(drill::rows(app));
    if let Some(under_way) = app.drill.as_ref().filter(|_| left < whole.height()) {
        drill::draw(app, under_way, &mut whole.rows(left, drill::rows(app)));
    }
    let mut pen = whole.rows(0, left);
    let area = pen.area();
    if area.width < layout::MIN_SIZE.0 || area.height < layout::MIN_SIZE.1 {
        let (width, height) = layout::MIN_SIZE;
        pen.put(0, 0, &format!("enlarge to {width}x{height}"), Role::Text);
        return None;
    }
    top::draw(app, &mut pen.rows(0, 1));
    let height = pen.height();
    footer::draw(app, &mut pen.rows(height - 2, 2));
    // Read line by line, only what lies on top is told: the rest has been.
    let over = |layer: &&Layer| app.plain && !matches!(layer, Layer::Filter);
    if let Some(layer) = app.layers.last().filter(over) {
        return draw_layer(app, layer, &mut pen.rows(1, height - 3));
    }
    let covered = app.layers.iter().any(|layer| layer.room().is_some());
    let mut cursor = match app.screen {
        _ if covered => None,
        Screen::Payments => payments::draw(app, &mut pen.rows(1, height - 3)),
        Screen::Refunds => refunds::draw(app, &mut pen.rows(1, height - 3)),
        Screen::ToDo => todo::draw(app, &mut pen.rows(1, height - 3)),
    };
    for layer in &app.layers {
        cursor = draw_layer(app, layer, &mut pen.rows(1, height - 3)).or(cursor);
    }
    cursor
}

fn draw_layer(app: &App, layer: &Layer, pen: &mut Pen<'_>) -> Option<Position> {
    match layer {
        Layer::Filter => None,
        Layer::Payment { id, scroll } => payment::draw_page(app, *id, *scroll, pen),
        Layer::Refund(page) => refund::draw(app, page, pen),
        Layer::Explain { id, scroll } => explain::draw(app, *id, *scroll, pen),
        Layer::Compose(form) => compose::draw(app, form, pen),
        Layer::Drafts => drafts::draw(app, pen),
        Layer::Bulk(bulk) => bulk::draw(bulk, pen),
        Layer::Decide(form) => decide::draw(app, form, pen),
        Layer::Confirm(confirm) => confirm::draw(app, confirm, pen),
        Layer::Phone(shown) => phone::draw(app, shown, pen),
        Layer::Radar(shown) => radar::draw(app, shown, pen),
        Layer::Sheet(shown) => sheet::draw(app, shown, pen),
        Layer::Activity(shown) => activity::draw(app, shown, pen),
        Layer::Providers { scroll } => providers::draw(app, *scroll, pen),
        Layer::Columns(chosen) => views::columns(app, chosen, pen),
        Layer::Views { cursor } => views::views(app, *cursor, pen),
        Layer::Help { scroll } => help::draw(app, *scroll, pen),
        Layer::Palette(palette) => palette::draw(app, palette, pen),
    }
}

/// How far the top page can be scrolled.
pub fn scroll_limit(app: &App) -> usize {
    let is_room = app.layers.last().is_some_and(|it| it.room().is_some());
    let width = match is_room {
        true => room_width(app.size.0) - 4,
        false => page_width(app.size.0) - 4,
    };
    let lines = match app.layers.last() {
        Some(Layer::Payment { id, .. }) => payment::lines(app, *id, width).len(),
        Some(Layer::Refund(page)) => refund::lines(app, page, width).len(),
        Some(Layer::Explain { id, .. }) => explain::lines(app, *id, width).len(),
        Some(Layer::Providers { .. }) => providers::lines(app, width).len(),
        Some(Layer::Phone(shown)) => phone::lines(app, shown, width).len(),
        Some(Layer::Radar(shown)) => radar::lines(app, shown, width).len(),
        Some(Layer::Sheet(shown)) => sheet::lines(app, shown, width).len(),
        Some(Layer::Activity(shown)) => activity::lines(app, shown, width).len(),
        Some(Layer::Bulk(bulk)) => bulk::lines(bulk, width).len(),
        Some(Layer::Help { .. }) => help::lines(app, width).len(),
        Some(Layer::Compose(form)) => return compose::scroll_limit(app, form),
        Some(Layer::Columns(columns)) => return columns.choice.len().saturating_sub(1),
        Some(Layer::Views { .. }) => return app.views.saved.len().saturating_sub(1),
        Some(Layer::Drafts) => return app.drafts.all.len().saturating_sub(1),
        Some(Layer::Palette(palette)) => {
            return app.offered(palette).len().saturating_sub(1);
        }
        _ => 0,
    };
    lines.saturating_sub(layout::page_rows(app.size))
}

/// The lines of a bulk refund's page on which the row under its cursor stands.
pub fn chosen_verdict(bulk: &Bulk, size: (u16, u16)) -> (usize, usize) {
    bulk::chosen(bulk, page_width(size.0) - 4)
}

/// The lines of a caller's card on which the chosen entry stands: the first, and the one after the last.
pub fn chosen_entry(app: &App) -> (usize, usize) {
    app.call().map_or((0, 0), |shown| {
        phone::chosen(app, shown, page_width(app.size.0) - 4)
    })
}

/// What a page that is read from the top says, once it is known.
pub fn sheet<'a>(app: &App, page: &'a Page) -> Option<Cow<'a, Sheet>> {
    sheet::sheet(app, page)
}

/// True when the dialog of the second step can be read in full.
pub fn is_readable(confirm: &Confirm, size: (u16, u16)) -> bool {
    confirm::fits(confirm, size)
}

/// A page is as wide as reads well, and no wider than the screen.
fn page_width(columns: u16) -> usize {
    usize::from(columns).clamp(4, 84)
}

/// A screen of its own uses more of a wide terminal, as far as bars and lines still read well.
fn room_width(columns: u16) -> usize {
    usize::from(columns).clamp(4, 124)
}

/// Draws a page over the screen: as high as it needs, in the middle.
fn page(pen: &mut Pen<'_>, title: &str, lines: &[Line], scroll: usize) -> Option<Position> {
    let area = pen.area();
    let height = (lines.len() + 2).min(pen.height());
    let width = page_width(area.width);
    let mut pen = pen.part(centered(area, width, height));
    room(&mut pen, title, lines, scroll)
}

/// Draws a screen of its own, from edge to edge.
fn room(pen: &mut Pen<'_>, title: &str, lines: &[Line], scroll: usize) -> Option<Position> {
    let height = pen.height();
    let shown = height.saturating_sub(2);
    // There may be fewer lines by now, or wider ones.
    let scroll = scroll.min(lines.len().saturating_sub(shown));
    let title = match lines.len() > shown {
        true => format!("{title} · {}/{}", scroll + shown, lines.len()),
        false => title.to_owned(),
    };
    let mut inside = pen.panel(&title);
    for (y, line) in lines.iter().skip(scroll).take(shown).enumerate() {
        inside.pieces(0, y, line);
    }
    Some(inside.area().as_position()).filter(|_| !inside.area().is_empty())
}

/// The middle of an area.
fn centered(area: Rect, width: usize, height: usize) -> Rect {
    let width = u16::try_from(width).unwrap_or(u16::MAX).min(area.width);
    let height = u16::try_from(height).unwrap_or(u16::MAX).min(area.height);
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

/// A named value; long values go on below, under their beginning.
fn named(name: &str, value: &str, role: Role, width: usize) -> Vec<Line> {
    const NAME_CELLS: usize = 14;
    use super::widget::text;
    let room = width.saturating_sub(NAME_CELLS);
    let wrapped = text::wrap(value, room);
    let names = std::iter::once(name).chain(std::iter::repeat(""));
    names
        .zip(wrapped)
        .map(|(name, part)| vec![(text::left(name, NAME_CELLS), Role::Dim), (part, role)])
        .collect()
}

/// What stands where nothing is known yet: that it is asked for, or why there is no answer.
fn awaited(app: &App, slot: Slot, what: &str, width: usize) -> Vec<Line> {
    let (said, role) = match app.slots.refusal(slot) {
        Some(why) => (format!("{what} could not be read: {why}"), Role::Bad),
        None => ("loading …".to_owned(), Role::Dim),
    };
    let lines = super::widget::text::wrap(&said, width).into_iter();
    lines.map(|line| vec![(line, role)]).collect()
}

/// What is said about the line above, a little further in.
fn indented(said: &str, role: Role, width: usize) -> Vec<Line> {
    const INDENT: usize = 4;
    let wrapped = super::widget::text::wrap(said, width.saturating_sub(INDENT));
    let line = |part| vec![(" ".repeat(INDENT), Role::Dim), (part, role)];
    wrapped.into_iter().map(line).collect()
}

/// A heading with an empty line before it.
fn heading(lines: &mut Vec<Line>, what: &str) {
    if !lines.is_empty() {
        lines.push(Vec::new());
    }
    lines.push(vec![(what.to_owned(), Role::Title)]);
}

#[cfg(test)]
mod tests;
