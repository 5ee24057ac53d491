//! Lines that only moved: found by comparing what is to be shown with what is, so that no view has to
//! say that it scrolled.

use std::ops::Range;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use super::written::Written;
use crate::tui::widget::text;

/// What each cell shows, where that is known.
pub(super) type Screen = Vec<Option<Cell>>;

/// At most so many lines at once; more is another page.
const MOST: u16 = 3;
/// So many lines' worth of cells must be spared: moving lines costs about one.
const WORTH_LINES: usize = 2;

/// Lines that move within a region of whole lines.
pub(super) struct Shift {
    /// The first line of the region.
    pub first: u16,
    /// Its last line.
    pub last: u16,
    /// Towards the beginning of the screen.
    pub up: bool,
    /// How many lines.
    pub by: u16,
}

/// The lines of the screen that can be had by moving what is there.
pub(super) fn of(shown: &Screen, wanted: &Screen, columns: u16) -> Option<Shift> {
    // Some terminals have no size before they are shown.
    let width = usize::from(columns.max(1));
    let (shown, wanted) = (&letters(shown), &letters(wanted));
    let found = (1..=MOST).flat_map(|by| [(true, by), (false, by)]);
    let found = found.filter_map(|(up, by)| {
        let (lines, spared) = best_run(shown, wanted, width, (up, usize::from(by)))?;
        Some((spared, lines, up, by))
    });
    let (_, lines, up, by) = found.max_by_key(|(spared, ..)| *spared)?;
    let (first, end) = (
        u16::try_from(lines.start).ok()?,
        u16::try_from(lines.end).ok()?,
    );
    Some(Shift {
        first: if up { first } else { first - by },
        last: if up { end - 1 + by } else { end - 1 },
        up,
        by,
    })
}

/// What stands in each cell, in a number: to compare many lines with many. What is written in the end
/// is compared in full.
fn letters(screen: &Screen) -> Vec<u32> {
    let letter = |cell: &Cell| {
        let bytes = cell.symbol().bytes();
        bytes.fold(0, |sum: u32, byte| sum << 8 | u32::from(byte))
    };
    let cells = screen.iter();
    cells.map(|cell| cell.as_ref().map_or(0, letter)).collect()
}

/// Nothing stands in it: a colour for letters is not seen.
pub(super) fn is_blank(cell: &Cell) -> bool {
    let seen = Modifier::UNDERLINED | Modifier::REVERSED;
    cell.symbol() == " " && cell.bg == Color::Reset && !cell.modifier.intersects(seen)
}

/// A cell as an eye sees it: a blank has no colour of its own.
pub(super) fn as_seen(cell: &Cell) -> Cell {
    match is_blank(cell) {
        true => Cell::default(),
        false => cell.clone(),
    }
}

/// Sets a cell; the right half of a wide character shows nothing of its own.
pub(super) fn set(screen: &mut Screen, place: usize, cell: &Cell) {
    if let Some(known) = screen.get_mut(place) {
        *known = Some(as_seen(cell));
    }
    if let Some(half) = screen.get_mut(place + 1).filter(|_| is_wide(cell)) {
        *half = None;
    }
}

pub(super) fn is_wide(cell: &Cell) -> bool {
    cell.symbol().len() > 1 && text::cells(cell.symbol()) == 2
}

/// What the screen is to show: what it shows, but for these cells.
pub(super) fn want(screen: &mut Screen, content: &[(u16, u16, &Cell)], width: usize) {
    for (x, y, cell) in content {
        set(screen, usize::from(*y) * width + usize::from(*x), cell);
    }
    // Half of a wide character that went is blank; nobody says so.
    for line in screen.chunks_mut(width.max(1)) {
        let mut covered = false;
        for cell in line {
            if cell.is_none() && !covered {
                *cell = Some(Cell::default());
            }
            covered = cell.as_ref().is_some_and(is_wide);
        }
    }
}

/// The lines that gain most by being moved, and how many cells are spared by that.
fn best_run(
    shown: &[u32],
    wanted: &[u32],
    width: usize,
    (up, by): (bool, usize),
) -> Option<(Range<usize>, usize)> {
    let height = shown.len() / width;
    let line = |y: usize| y * width..(y + 1) * width;
    let same = |from: usize, to: usize| {
        let cells = shown[line(from)].iter().zip(&wanted[line(to)]);
        cells.filter(|(a, b)| a == b).count()
    };
    // The lines that have one to come from.
    let lines = if up {
        0..height.saturating_sub(by)
    } else {
        by..height
    };
    let mut best: Option<(Range<usize>, usize)> = None;
    let mut run: Option<(usize, isize)> = None;
    for y in lines {
        let from = if up { y + by } else { y - by };
        let gain = same(from, y).cast_signed() - same(y, y).cast_signed();
        let (start, sum) = match run {
            Some((start, sum)) if sum > 0 => (start, sum + gain),
            _ => (y, gain),
        };
        run = Some((start, sum));
        let most = best.as_ref().map_or(WORTH_LINES * width, |(_, most)| *most);
        if usize::try_from(sum).is_ok_and(|sum| sum > most) {
            best = Some((start..y + 1, sum.unsigned_abs()));
        }
    }
    best
}

impl Shift {
    /// Moves the lines of what is shown; those that came in are empty.
    pub(super) fn carry_out(&self, shown: &mut Screen, columns: u16) {
        let width = usize::from(columns);
        let region = usize::from(self.first) * width..(usize::from(self.last) + 1) * width;
        let Some(region) = shown.get_mut(region) else {
            return;
        };
        let moved = usize::from(self.by) * width;
        let new = match self.up {
            true => {
                region.rotate_left(moved);
                region.len() - moved..region.len()
            }
            false => {
                region.rotate_right(moved);
                0..moved
            }
        };
        region[new].fill(Some(Cell::default()));
    }
}

/// Whether two cells look the same. Asked of each cell of each frame: no call is made to compare one
/// byte with another.
fn is_same(one: Option<&Cell>, other: Option<&Cell>) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return one.is_none() && other.is_none();
    };
    let letters = match (one.symbol().as_bytes(), other.symbol().as_bytes()) {
        ([letter], [same]) => letter == same,
        (letters, same) => letters == same,
    };
    letters && Written::of(one) == Written::of(other)
}

/// The cells that differ from what is shown, in the order of reading.
pub(super) fn left_over<'a>(
    shown: &Screen,
    wanted: &'a Screen,
    columns: u16,
) -> Vec<(u16, u16, &'a Cell)> {
    let width = usize::from(columns.max(1));
    let differ = wanted.iter().zip(shown).enumerate();
    differ
        .filter(|(_, (wanted, shown))| !is_same(wanted.as_ref(), shown.as_ref()))
        .filter_map(|(at, (wanted, _))| {
            let (x, y) = (
                u16::try_from(at % width).ok()?,
                u16::try_from(at / width).ok()?,
            );
            Some((x, y, wanted.as_ref()?))
        })
        .collect()
}

/// Of each line the column from which on nothing stands.
pub(super) fn ends(wanted: &Screen, columns: u16) -> Vec<u16> {
    let width = usize::from(columns.max(1));
    let nothing = Some(Cell::default());
    let lines = wanted.chunks(width).map(|line| {
        let blanks = line
            .iter()
            .rev()
            .take_while(|cell| **cell == nothing)
            .count();
        u16::try_from(width - blanks).unwrap_or(columns)
    });
    lines.collect()
}
