//! The style the terminal writes in, and the shortest way to another.

use std::io::Write as _;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use crate::tui::widget::text;

/// The attributes text can have, and the codes that set them.
const ATTRIBUTES: [(Modifier, &str); 5] = [
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::REVERSED, "7"),
];

/// The style the terminal writes in just now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

pub(super) const PLAIN: Written = Written {
    fg: Color::Reset,
    bg: Color::Reset,
    modifier: Modifier::empty(),
};

impl Written {
    pub(super) fn of(cell: &Cell) -> Self {
        Self {
            fg: cell.fg,
            bg: cell.bg,
            modifier: cell.modifier,
        }
    }

    /// True when a cell written in this style looks as it does now; a blank has no colour of its own.
    pub(super) fn shows(self, cell: &Cell) -> bool {
        let of_cell = Self::of(cell);
        let lined = Modifier::UNDERLINED | Modifier::REVERSED;
        let blank = cell.symbol() == " "
            && of_cell.bg == self.bg
            && !of_cell.modifier.union(self.modifier).intersects(lined);
        blank || of_cell == self && text::cells(cell.symbol()) == 1
    }

    /// The shortest change from one style to another.
    pub(super) fn change(self, to: Self, frame: &mut Vec<u8>) {
        if self == to {
            return;
        }
        let mut from = self;
        let mut codes: Vec<String> = Vec::new();
        // Taking attributes away one by one is longer than starting afresh.
        if !to.modifier.contains(self.modifier) || to == PLAIN {
            codes.push(if to == PLAIN {
                String::new()
            } else {
                "0".to_owned()
            });
            from = PLAIN;
        }
        let added = ATTRIBUTES.iter().filter(|(attribute, _)| {
            to.modifier.contains(*attribute) && !from.modifier.contains(*attribute)
        });
        codes.extend(added.map(|(_, code)| (*code).to_owned()));
        if to.fg != from.fg {
            codes.push(colour(to.fg, 30));
        }
        if to.bg != from.bg {
            codes.push(colour(to.bg, 40));
        }
        let _ = write!(frame, "\x1b[{}m", codes.join(";"));
    }
}

/// A colour's code; `base` is 30 for letters and 40 for the ground. The sixteen basic colours are
/// written in their old short form, which every terminal knows.
fn colour(colour: Color, base: u8) -> String {
    let basic = |offset: u8| (base + offset).to_string();
    let bright = |offset: u8| (base + 60 + offset).to_string();
    match colour {
        Color::Reset => basic(9),
        Color::Black => basic(0),
        Color::Red => basic(1),
        Color::Green => basic(2),
        Color::Yellow => basic(3),
        Color::Blue => basic(4),
        Color::Magenta => basic(5),
        Color::Cyan => basic(6),
        Color::Gray => basic(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(index) => format!("{};5;{index}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}
