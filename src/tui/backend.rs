//! Cells to bytes, few of them: short moves, short colours, one write per frame (a long one inside a
//! synchronized update), and never a question to the terminal.

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

mod shift;
mod written;

use super::caps::Multiplexer;
use super::run::Rim;
use super::terminal::Guard;
use super::widget::text;
use shift::{Screen, Shift};
use written::{PLAIN, Written};

const SYNC_BEGIN: &[u8] = b"\x1b[?2026h";
const SYNC_END: &[u8] = b"\x1b[?2026l";

/// A frame of more bytes than this may be seen half drawn: it is told where it begins and ends. A row
/// further is less, and arrives whole.
const SYNC_FROM: usize = 1_000;

/// Fewer blanks than this are written as they are.
const WIPE_FROM: u16 = 4;

/// A terminal written to in whole frames.
pub struct TtyBackend<W: Write> {
    out: W,
    frame: Vec<u8>,
    /// What each cell shows, where that is known.
    shown: Screen,
    /// What each cell is to show: between frames the same.
    wanted: Screen,
    columns: u16,
    at: Option<Position>,
    cursor: Option<Position>,
    cursor_shown: Option<bool>,
    size: fn() -> io::Result<(u16, u16)>,
    multiplexer: Multiplexer,
    guard: Option<Guard>,
}

impl<W: Write> TtyBackend<W> {
    /// Writes to `out`; `size` says how large the terminal is.
    pub fn new(out: W, size: fn() -> io::Result<(u16, u16)>, multiplexer: Multiplexer) -> Self {
        Self {
            out,
            frame: Vec::with_capacity(16 * 1024),
            shown: Vec::new(),
            wanted: Vec::new(),
            columns: 0,
            at: None,
            cursor: None,
            cursor_shown: None,
            size,
            multiplexer,
            guard: None,
        }
    }

    /// Keeps the guard that puts the terminal back when this is dropped.
    #[must_use]
    pub fn guarded(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }

    /// Nothing is known of a screen of another size.
    fn fit(&mut self) {
        let (columns, rows) = (self.size)().unwrap_or_default();
        let room = usize::from(columns) * usize::from(rows);
        if self.shown.len() != room || self.columns != columns {
            self.shown = vec![None; room];
            self.wanted = vec![None; room];
            self.columns = columns;
        }
    }

    /// Bridges a small gap by writing what stands there again, which is shorter than a move. False
    /// when it is not known, or written in another style.
    fn write_over(&mut self, to: Position, place: usize, written: Written) -> bool {
        let gap = match self.at {
            Some(at) if at.y == to.y && at.x < to.x => usize::from(to.x - at.x),
            _ => return false,
        };
        let Some(cells) = place
            .checked_sub(gap)
            .and_then(|from| self.shown.get(from..place))
        else {
            return false;
        };
        let same = |cell: &Option<Cell>| cell.as_ref().is_some_and(|cell| written.shows(cell));
        if gap > 4 || !cells.iter().all(same) {
            return false;
        }
        for cell in cells.iter().flatten() {
            self.frame.extend_from_slice(cell.symbol().as_bytes());
        }
        self.at = Some(to);
        true
    }

    /// Writes what differs; the rest of a line on which nothing is to stand is wiped at once.
    fn write_all(&mut self, wanted: &Screen, written: &mut Written) {
        let columns = self.columns;
        let mut wiped = None;
        let ends = shift::ends(wanted, columns);
        for (x, y, cell) in shift::left_over(&self.shown, wanted, columns) {
            if wiped == Some(y) {
                continue;
            }
            let end = ends.get(usize::from(y)).copied().unwrap_or(columns);
            if x < end || columns - x <= WIPE_FROM {
                self.write_cell((x, y), cell, written);
                continue;
            }
            self.go(Position::new(x, y));
            written.change(PLAIN, &mut self.frame);
            *written = PLAIN;
            self.frame.extend_from_slice(b"\x1b[K");
            let line = usize::from(y) * usize::from(columns);
            let rest = line + usize::from(x)..line + usize::from(columns);
            if let Some(rest) = self.shown.get_mut(rest) {
                rest.fill(Some(Cell::default()));
            }
            wiped = Some(y);
        }
    }

    /// What is to stand behind a cell where a wide character stands that goes. Nobody says so, and where
    /// a terminal drew a flag as two letters the second would be left.
    fn bared<'a>(&self, (x, y): (u16, u16), wanted: &'a Screen) -> Option<&'a Cell> {
        let place = usize::from(y) * usize::from(self.columns) + usize::from(x);
        let shown = self.shown.get(place).and_then(Option::as_ref);
        let was_wide = shown.is_some_and(shift::is_wide) && x + 1 < self.columns;
        wanted.get(place + 1)?.as_ref().filter(|_| was_wide)
    }

    /// Nothing is to stand where nothing stands, in whatever colour.
    fn is_blank_there(&self, (x, y): (u16, u16), cell: &Cell) -> bool {
        let place = usize::from(y) * usize::from(self.columns) + usize::from(x);
        let shown = self.shown.get(place).and_then(Option::as_ref);
        shift::is_blank(cell) && shown == Some(&Cell::default())
    }

    fn write_cell(&mut self, (x, y): (u16, u16), cell: &Cell, written: &mut Written) {
        let columns = self.columns;
        let place = usize::from(y) * usize::from(columns) + usize::from(x);
        if !self.write_over(Position::new(x, y), place, *written) {
            self.go(Position::new(x, y));
        }
        if !written.shows(cell) {
            written.change(Written::of(cell), &mut self.frame);
            *written = Written::of(cell);
        }
        let cells = text::cells(cell.symbol()).max(1);
        if text::is_picture(cell.symbol()) {
            // Where it is drawn in fewer cells, nothing is to be left of what stood there.
            self.frame.resize(self.frame.len() + cells, b' ');
            self.at = None;
            self.go(Position::new(x, y));
        }
        self.frame.extend_from_slice(cell.symbol().as_bytes());
        let next = x + u16::try_from(cells).unwrap_or(1);
        shift::set(&mut self.shown, place, cell);
        // At the right edge terminals differ in where the cursor is; then it is not known. The
        // same holds after a wide character, whose width terminals do not agree on.
        let edge = next >= columns;
        self.at = (!edge && cells == 1).then_some(Position::new(next, y));
    }

    /// Has the terminal move lines it shows, by what every terminal since the VT100 can do: a line
    /// feed on the last line of a region, or a reverse one on its first.
    fn scroll(&mut self, shift: &Shift) {
        let (first, last) = (shift.first + 1, shift.last + 1);
        let (line, feed) = match shift.up {
            true => (last, "\n"),
            false => (first, "\x1bM"),
        };
        let feeds = feed.repeat(usize::from(shift.by));
        let bytes = format!("\x1b[{first};{last}r\x1b[{line}H{feeds}\x1b[r");
        self.frame.extend_from_slice(bytes.as_bytes());
        self.at = None;
        shift.carry_out(&mut self.shown, self.columns);
    }

    /// Every cell shows this, or nobody knows what.
    fn take_for(&mut self, cell: Option<Cell>) {
        self.wanted.fill(cell.clone());
        self.shown.fill(cell);
    }

    /// Moves to a cell by the shortest way.
    fn go(&mut self, to: Position) {
        let bytes = match self.at {
            Some(at) if at == to => return,
            Some(at) if at.y == to.y && at.x < to.x => match to.x - at.x {
                1 => "\x1b[C".to_owned(),
                cells => format!("\x1b[{cells}C"),
            },
            Some(at) if to.x == 0 && to.y == at.y + 1 => "\r\n".to_owned(),
            _ if to.x == 0 => format!("\x1b[{}H", to.y + 1),
            _ => format!("\x1b[{};{}H", to.y + 1, to.x + 1),
        };
        self.frame.extend_from_slice(bytes.as_bytes());
        self.at = Some(to);
    }
}

impl<W: Write> Backend for TtyBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.fit();
        let content: Vec<(u16, u16, &Cell)> = content.collect();
        let mut written = PLAIN;
        let mut wanted = std::mem::take(&mut self.wanted);
        shift::want(&mut wanted, &content, usize::from(self.columns));
        if content.len() <= usize::from(self.columns) {
            // A row further on the same page: there is nothing to be spared.
            for (x, y, cell) in content {
                let bare = self.bared((x, y), &wanted);
                if !self.is_blank_there((x, y), cell) {
                    self.write_cell((x, y), cell, &mut written);
                }
                if let Some(bare) = bare {
                    self.write_cell((x + 1, y), bare, &mut written);
                }
            }
        } else {
            if let Some(shift) = shift::of(&self.shown, &wanted, self.columns) {
                self.scroll(&shift);
            }
            self.write_all(&wanted, &mut written);
        }
        self.wanted = wanted;
        written.change(PLAIN, &mut self.frame);
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown != Some(false) {
            self.frame.extend_from_slice(b"\x1b[?25l");
            self.cursor_shown = Some(false);
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown != Some(true) {
            self.frame.extend_from_slice(b"\x1b[?25h");
            self.cursor_shown = Some(true);
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // The terminal is never asked; where the desk last put it is good enough.
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        self.go(position);
        self.cursor = Some(position);
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        let bytes: &[u8] = match clear_type {
            ClearType::All => b"\x1b[2J",
            ClearType::AfterCursor => b"\x1b[J",
            ClearType::BeforeCursor => b"\x1b[1J",
            ClearType::CurrentLine => b"\x1b[2K",
            ClearType::UntilNewLine => b"\x1b[K",
        };
        self.frame.extend_from_slice(bytes);
        self.at = None;
        self.fit();
        let blank = matches!(clear_type, ClearType::All).then(Cell::default);
        self.take_for(blank);
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = (self.size)()?;
        Ok(Size::new(width, height))
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size()?,
            pixels: Size::new(0, 0),
        })
    }

    /// Writes the frame, whole.
    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let mut whole = Vec::with_capacity(self.frame.len() + 16);
        let is_long = self.frame.len() > SYNC_FROM;
        whole.extend_from_slice(if is_long { SYNC_BEGIN } else { b"" });
        whole.append(&mut self.frame);
        whole.extend_from_slice(if is_long { SYNC_END } else { b"" });
        self.out.write_all(&whole)?;
        self.out.flush()
    }
}

impl<W: Write> Rim for TtyBackend<W> {
    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.out
            .write_all(&super::terminal::clipboard(text, self.multiplexer))?;
        self.out.flush()
    }

    fn mouse(&mut self, on: bool) -> io::Result<()> {
        match &mut self.guard {
            Some(guard) => guard.heed_mouse(on),
            None => Ok(()),
        }
    }

    fn suspend(&mut self) -> io::Result<()> {
        if let Some(guard) = &mut self.guard {
            guard.leave();
        }
        super::terminal::stop_this_process();
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        if let Some(guard) = &mut self.guard {
            guard.enter()?;
        }
        self.at = None;
        self.take_for(None);
        self.cursor_shown = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::Terminal;
    use ratatui::buffer::Buffer;
    use ratatui::style::{Color, Modifier, Style};

    use super::*;

    fn backend() -> TtyBackend<Vec<u8>> {
        TtyBackend::new(Vec::new(), || Ok((20, 6)), Multiplexer::None)
    }

    #[test]
    fn basic_colours_are_written_short_and_ground_stays() {
        let mut terminal = Terminal::new(backend()).unwrap();
        terminal
            .draw(|frame| {
                frame
                    .buffer_mut()
                    .set_string(2, 1, "ab", Style::new().fg(Color::Red));
            })
            .unwrap();
        let written = String::from_utf8(terminal.backend().out.clone());
        assert_eq!(written.unwrap(), "\x1b[2;3H\x1b[31mab\x1b[m\x1b[?25l");
    }

    #[test]
    fn a_row_further_the_terminal_moves_the_others() {
        let mut terminal = Terminal::new(backend()).unwrap();
        for top in 0..3 {
            let before = terminal.backend().out.len();
            terminal
                .draw(|frame| {
                    let buffer = frame.buffer_mut();
                    for y in 0..6_u16 {
                        let row = format!("{:x<18}{}", "row ", top + y);
                        buffer.set_string(0, y, row, Style::new());
                    }
                })
                .unwrap();
            let written = terminal.backend().out.len() - before;
            assert!(top == 0 || written < 75, "{written}");
        }
    }

    #[test]
    fn a_terminal_without_a_size_is_none_the_worse() {
        let backend = TtyBackend::new(Vec::new(), || Ok((0, 0)), Multiplexer::None);
        let mut terminal = Terminal::new(backend).unwrap();
        for _ in 0..2 {
            terminal.draw(|_| ()).unwrap();
            terminal.clear().unwrap();
        }
    }

    #[test]
    fn an_unchanged_frame_writes_nothing() {
        let mut terminal = Terminal::new(backend()).unwrap();
        let first = shown_by(&mut terminal, "same");
        assert_eq!(shown_by(&mut terminal, "same"), first);
    }

    #[test]
    fn a_terminal_that_draws_a_picture_narrow_shows_nothing_old_beside_it() {
        let mut terminal = Terminal::new(backend()).unwrap();
        shown_by(&mut terminal, "abc");
        assert!(shown_by(&mut terminal, "🚀c").contains("  \x1b[1H🚀"));
    }

    /// The emulator draws a flag as two letters, each in a cell, as older terminals do.
    #[test]
    fn a_terminal_that_draws_a_flag_as_two_letters_keeps_neither() {
        for (after, seen) in [("a  c", "a  c"), ("a", "a"), ("ax c", "ax c"), ("ax", "ax")] {
            let mut terminal = Terminal::new(backend()).unwrap();
            shown_by(&mut terminal, "a🇩🇪c");
            let written = shown_by(&mut terminal, after);
            let shown = emulated(written.as_bytes());
            assert_eq!(shown.lines().next(), Some(seen), "{after:?}");
        }
    }

    /// Draws a line, and all that was written since the terminal was new.
    fn shown_by(terminal: &mut Terminal<TtyBackend<Vec<u8>>>, line: &str) -> String {
        let draw = |frame: &mut ratatui::Frame<'_>| {
            frame.buffer_mut().set_string(0, 0, line, Style::new());
        };
        terminal.draw(draw).unwrap();
        String::from_utf8(terminal.backend().out.clone()).unwrap()
    }

    /// What an emulated terminal of 20 by 6 shows of all that was written.
    fn emulated(written: &[u8]) -> String {
        let size = |cells: u16| std::num::NonZeroU16::new(cells).unwrap();
        let mut emulator = vt100::Parser::new(size(6), size(20), 0);
        emulator.process(written);
        let rows = emulator.screen().rows(0, 20);
        rows.map(|row| row.trim_end().to_owned() + "\n").collect()
    }

    /// As the desk's own pen does, no half of a wide letter is left beside what is written.
    fn put(buffer: &mut Buffer, (x, y): (u16, u16), text: &str, style: Style) {
        if x > 0 && text::cells(buffer[(x - 1, y)].symbol()) == 2 {
            buffer[(x - 1, y)].set_symbol(" ");
        }
        buffer.set_string(x, y, text, style);
    }

    /// The same of what was drawn; a wide letter hides the cell behind it.
    fn text_of(buffer: &Buffer) -> String {
        let mut text = String::new();
        for y in 0..6 {
            let mut line = String::new();
            let mut x = 0;
            while x < 20 {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(text::cells(symbol).max(1)).unwrap();
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    proptest! {
        /// A list that moves under a head and over a foot, with something beside it.
        #[test]
        fn an_emulator_shows_a_list_that_moved(
            tops in prop::collection::vec(0_usize..12, 2..8),
            beside in prop::collection::vec("[a-z日 ]{0,5}", 8),
        ) {
            let mut terminal = Terminal::new(backend()).unwrap();
            for (at, top) in tops.iter().enumerate() {
                let mut expected = String::new();
                terminal.draw(|frame| {
                    let buffer = frame.buffer_mut();
                    buffer.set_string(0, 0, "head", Style::new());
                    for y in 0..4_u16 {
                        let row = top + usize::from(y);
                        let style = match row % 3 {
                            0 => Style::new().fg(Color::Red),
                            _ => Style::new(),
                        };
                        let name = ["Ada 山田 one", "Bo, the second", "third of all"][row % 3];
                        buffer.set_string(0, y + 1, format!("{name}{row}"), style);
                        buffer.set_string(15, y + 1, &beside[(at + usize::from(y)) % 8], Style::new());
                    }
                    buffer.set_string(0, 5, format!("{top} of 12"), Style::new());
                    expected = text_of(buffer);
                }).unwrap();
                let shown = emulated(&terminal.backend().out);
                prop_assert_eq!(shown, expected);
            }
        }

        /// Whatever is drawn after whatever, an emulated terminal shows it.
        #[test]
        fn an_emulator_shows_what_was_drawn(
            frames in prop::collection::vec(
                prop::collection::vec((0_u16..20, 0_u16..6, "[a-z日 ]{1,4}", 0_u8..4), 0..12), 1..5),
        ) {
            let mut terminal = Terminal::new(backend()).unwrap();
            for texts in frames {
                let paint = |buffer: &mut Buffer| {
                    for (x, y, text, style) in &texts {
                        let style = match style {
                            0 => Style::new(),
                            1 => Style::new().add_modifier(Modifier::BOLD),
                            2 => Style::new().fg(Color::Indexed(99)),
                            _ => Style::new().add_modifier(Modifier::REVERSED).fg(Color::Green),
                        };
                        put(buffer, (*x, *y), text, style);
                    }
                };
                terminal.draw(|frame| paint(frame.buffer_mut())).unwrap();
                let shown = emulated(&terminal.backend().out);
                let mut expected = String::new();
                terminal.draw(|frame| {
                    paint(frame.buffer_mut());
                    expected = text_of(frame.buffer_mut());
                }).unwrap();
                prop_assert_eq!(shown, expected);
            }
        }
    }
}
