//! The one hand that writes on the screen: clipped to its area, by role.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::text::{self, clean};
use crate::domain::text::is_plain;
use crate::tui::caps::Caps;
use crate::tui::theme::{Role, Theme};

/// A piece of a line and what it means.
pub type Piece = (String, Role);

/// Writes into one area of a buffer and nowhere else.
pub struct Pen<'a> {
    buf: &'a mut Buffer,
    area: Rect,
    theme: Theme,
    caps: Caps,
    plain: bool,
}

impl<'a> Pen<'a> {
    /// A pen for `area`, as far as it lies inside the buffer.
    pub fn new(buf: &'a mut Buffer, area: Rect, theme: Theme, caps: Caps, plain: bool) -> Self {
        let area = area.intersection(buf.area);
        Self {
            buf,
            area,
            theme,
            caps,
            plain,
        }
    }

    /// The area, in the buffer's coordinates.
    pub const fn area(&self) -> Rect {
        self.area
    }

    /// How wide the area is.
    pub fn width(&self) -> usize {
        usize::from(self.area.width)
    }

    /// How high the area is.
    pub fn height(&self) -> usize {
        usize::from(self.area.height)
    }

    /// True when only ASCII may be drawn.
    pub const fn is_ascii(&self) -> bool {
        !self.caps.unicode
    }

    /// A pen for a part of this one's area.
    pub fn part(&mut self, part: Rect) -> Pen<'_> {
        let area = part.intersection(self.area);
        Pen {
            buf: self.buf,
            area,
            theme: self.theme,
            caps: self.caps,
            plain: self.plain,
        }
    }

    /// The lines from `from` on, at most `count` of them.
    pub fn rows(&mut self, from: usize, count: usize) -> Pen<'_> {
        let from = clamp(from).min(self.area.height);
        let height = clamp(count).min(self.area.height - from);
        let area = Rect {
            y: self.area.y + from,
            height,
            ..self.area
        };
        self.part(area)
    }

    /// Writes at a place of the area and returns the column after the text.
    pub fn put(&mut self, x: usize, y: usize, what: &str, role: Role) -> usize {
        let style = self.theme.style(role);
        if is_plain(what) {
            return self.put_plain((x, y), what, style);
        }
        let mut column = x;
        for unit in text::units(&clean(what)) {
            let cells = text::cells(unit);
            if cells == 0 {
                continue;
            }
            if column + cells > self.width() || y >= self.height() {
                return column;
            }
            let at = Position::new(self.area.x + clamp(column), self.area.y + clamp(y));
            if column == x {
                self.cut(at.x, at.y);
            }
            let shown = self.caps.unicode || unit.is_ascii();
            if let Some(cell) = self.buf.cell_mut(at) {
                cell.set_symbol(if shown { unit } else { to_ascii(unit) });
                cell.set_style(style);
            }
            if cells == 2 {
                self.blank(at.x + 1, at.y);
            }
            column += cells;
        }
        column
    }

    /// A cell for each letter: nearly all that is written is of this kind.
    fn put_plain(&mut self, (x, y): (usize, usize), what: &str, style: Style) -> usize {
        let room = match y < self.height() {
            true => self.width().saturating_sub(x),
            false => 0,
        };
        let shown = what.get(..room).unwrap_or(what);
        if shown.is_empty() {
            return x;
        }
        let at = Position::new(self.area.x + clamp(x), self.area.y + clamp(y));
        self.cut(at.x, at.y);
        let first = self.buf.index_of(at.x, at.y);
        let cells = self.buf.content.iter_mut().skip(first);
        for (cell, letter) in cells.zip(shown.split_inclusive(|_: char| true)) {
            cell.set_symbol(letter).set_style(style);
        }
        x + shown.len()
    }

    /// Empties a cell that the right half of a wide character covers.
    fn blank(&mut self, x: u16, y: u16) {
        if let Some(cell) = self.buf.cell_mut(Position::new(x, y)) {
            cell.reset();
            cell.set_symbol(" ");
        }
    }

    /// A wide character goes whose right half is written over.
    fn cut(&mut self, x: u16, y: u16) {
        let left = x.checked_sub(1).map(|x| Position::new(x, y));
        if let Some(cell) = left.and_then(|at| self.buf.cell_mut(at))
            && text::cells(cell.symbol()) == 2
        {
            cell.set_symbol(" ");
        }
    }

    /// Writes pieces one after the other.
    pub fn pieces(&mut self, x: usize, y: usize, pieces: &[Piece]) -> usize {
        pieces
            .iter()
            .fold(x, |column, (what, role)| self.put(column, y, what, *role))
    }

    /// Writes so that the text ends at the right edge.
    pub fn put_right(&mut self, y: usize, pieces: &[Piece]) {
        let width: usize = pieces.iter().map(|(what, _)| text::width(what)).sum();
        self.pieces(self.width().saturating_sub(width), y, pieces);
    }

    /// Writes wrapped text from a line on and returns the line after it.
    pub fn paragraph(&mut self, x: usize, y: usize, what: &str, role: Role) -> usize {
        let lines = text::wrap(what, self.width().saturating_sub(x));
        for (at, line) in lines.iter().enumerate() {
            self.put(x, y + at, line, role);
        }
        y + lines.len()
    }

    /// Empties the area.
    pub fn clear(&mut self) {
        for y in self.area.top()..self.area.bottom() {
            self.cut(self.area.left(), y);
            for x in self.area.left()..self.area.right() {
                self.blank(x, y);
            }
        }
    }

    /// Empties the area and frames it; returns a pen for the inside.
    pub fn panel(&mut self, title: &str) -> Pen<'_> {
        self.clear();
        let (width, height) = (self.width(), self.height());
        if width >= 4 && height >= 2 && !self.plain {
            self.frame();
        }
        let room = width.saturating_sub(6);
        if !title.is_empty() {
            let title = format!(" {} ", text::truncate(title, room));
            self.put(2, 0, &title, Role::Title);
        }
        let inside = Rect {
            x: self.area.x + 2.min(self.area.width),
            y: self.area.y + 1.min(self.area.height),
            width: self.area.width.saturating_sub(4),
            height: self.area.height.saturating_sub(2),
        };
        self.part(inside)
    }

    /// Sets the area apart by a line on its left; returns a pen for the rest.
    pub fn beside(&mut self, title: &str) -> Pen<'_> {
        if !self.plain {
            for y in 0..self.height() {
                self.put(0, y, "│", Role::Border);
            }
        }
        self.put(2, 0, title, Role::Title);
        let inside = Rect {
            x: self.area.x + 2.min(self.area.width),
            y: self.area.y + 1.min(self.area.height),
            width: self.area.width.saturating_sub(2),
            height: self.area.height.saturating_sub(1),
        };
        self.part(inside)
    }

    fn frame(&mut self) {
        let (width, height) = (self.width(), self.height());
        let bar = "─".repeat(width - 2);
        self.put(0, 0, &format!("┌{bar}┐"), Role::Border);
        self.put(0, height - 1, &format!("└{bar}┘"), Role::Border);
        for y in 1..height - 1 {
            self.put(0, y, "│", Role::Border);
            self.put(width - 1, y, "│", Role::Border);
        }
    }
}

fn clamp(cells: usize) -> u16 {
    u16::try_from(cells).unwrap_or(u16::MAX)
}

/// What stands for a character where only ASCII can be shown.
fn to_ascii(unit: &str) -> &'static str {
    match unit {
        "─" => "-",
        "│" => "|",
        "┌" | "┐" | "└" | "┘" => "+",
        "…" => ".",
        "·" => "-",
        "▸" | "→" => ">",
        "↓" => "v",
        "↑" => "^",
        "✓" => "+",
        "✗" => "x",
        "•" => "*",
        "–" => "-",
        "█" => "#",
        "▒" => ":",
        "▁" => "_",
        "▂" | "▃" => ".",
        "▄" | "▅" => "o",
        "▆" | "▇" => "O",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half of a wide letter is no letter: terminals differ in what they make of it.
    #[test]
    fn a_wide_letter_goes_when_half_of_it_is_covered() {
        let area = Rect::new(0, 0, 6, 1);
        let mut buffer = Buffer::empty(area);
        let mut pen = Pen::new(&mut buffer, area, Theme::default(), Caps::default(), false);
        pen.put(0, 0, "日本語", Role::Text);
        pen.put(1, 0, "x", Role::Text);
        pen.part(Rect::new(5, 0, 1, 1)).clear();
        let shown: Vec<&str> = buffer
            .content
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        assert_eq!(shown, [" ", "x", "本", " ", " ", " "]);
    }
}
