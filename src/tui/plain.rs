//! The desk line by line, for screen readers and for terminals that can do nothing else: what is new
//! on the screen is said once, and what is typed is read a line at a time.
//!
//! It is the same loop, the same state and the same words as on the screen; nothing is ever drawn
//! over.

use std::cell::Cell as Flag;
use std::collections::HashSet;
use std::io::{self, BufRead, Write};
use std::rc::Rc;

use futures_util::stream::{self, Stream};
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use tokio::sync::mpsc;

use super::event::Input;
use super::run::Rim;
use super::widget::text;

/// Wide enough for the main columns, and as many rows as are read in one go.
const SIZE: Size = Size {
    width: 100,
    height: 24,
};
/// The last line: the keys of the moment.
const KEYS: u16 = SIZE.height - 1;

/// A terminal that is only ever written on at its end.
pub struct Speaker<W: Write> {
    out: W,
    screen: Buffer,
    said: HashSet<String>,
    /// Somebody typed a line and waits for what comes of it.
    asked: Rc<Flag<bool>>,
}

impl<W: Write> Speaker<W> {
    /// Speaks to `out`; `asked` is set by what is read.
    pub fn new(out: W, asked: Rc<Flag<bool>>) -> Self {
        asked.set(true);
        Self {
            out,
            screen: Buffer::empty(Rect::new(0, 0, SIZE.width, SIZE.height)),
            said: HashSet::new(),
            asked,
        }
    }

    fn line(&self, y: u16) -> String {
        let mut line = String::new();
        let mut x = 0;
        while x < SIZE.width {
            let symbol = self.screen[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(text::cells(symbol).max(1)).unwrap_or(1);
        }
        line.trim_end().to_owned()
    }

    /// Says what was not on the screen before, then asks for the next line. A row that was said and is
    /// now the selected one is said again.
    fn speak(&mut self) -> io::Result<()> {
        let lines: Vec<String> = (0..SIZE.height).map(|y| self.line(y)).collect();
        let lines: Vec<&String> = lines.iter().filter(|line| !line.is_empty()).collect();
        for line in &lines {
            if !self.said.contains(*line) {
                writeln!(self.out, "{line}")?;
            }
        }
        self.said = lines.into_iter().cloned().collect();
        self.prompt()
    }

    /// What changed without having been asked for: a state, what is told in passing. Figures that
    /// count down or up alone are not told.
    fn tell_news(&mut self) -> io::Result<()> {
        let lines: Vec<String> = (0..KEYS).map(|y| self.line(y)).collect();
        let known: HashSet<String> = self.said.iter().map(|line| without_figures(line)).collect();
        let is_new = |line: &&String| !line.is_empty() && !known.contains(&without_figures(line));
        let news: Vec<&String> = lines.iter().filter(is_new).collect();
        if news.is_empty() {
            return Ok(());
        }
        writeln!(self.out)?;
        for line in news {
            writeln!(self.out, "{line}")?;
        }
        self.said = lines.iter().cloned().collect();
        self.prompt()
    }

    fn prompt(&mut self) -> io::Result<()> {
        write!(self.out, "> ")?;
        self.out.flush()
    }
}

/// A line whose figures do not count.
fn without_figures(line: &str) -> String {
    line.chars().filter(|it| !it.is_ascii_digit()).collect()
}

impl<W: Write> Rim for Speaker<W> {
    fn copy(&mut self, what: &str) -> io::Result<()> {
        // There is no clipboard to send it to: it is said, as harmless as what is drawn.
        for line in what.lines() {
            writeln!(self.out, "{}", text::clean(line))?;
        }
        Ok(())
    }

    fn mouse(&mut self, _on: bool) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        super::terminal::stop_this_process();
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn idle(&mut self) {
        // Who can no longer be spoken to types no more either, and that ends the desk.
        let _ = match self.asked.replace(false) {
            true => self.speak(),
            false => self.tell_news(),
        };
    }
}

impl<W: Write> Backend for Speaker<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        for (x, y, cell) in content {
            if let Some(place) = self.screen.cell_mut(Position::new(x, y)) {
                *place = cell.clone();
            }
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, _position: P) -> io::Result<()> {
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.screen.reset();
        Ok(())
    }

    fn clear_region(&mut self, _clear_type: ClearType) -> io::Result<()> {
        self.clear()
    }

    fn size(&self) -> io::Result<Size> {
        Ok(SIZE)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: SIZE,
            pixels: Size::default(),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that are typed, until there are no more. Each sets `asked`.
pub fn lines(asked: Rc<Flag<bool>>) -> impl Stream<Item = io::Result<Input>> + Unpin {
    let (send, receive) = mpsc::unbounded_channel();
    // Reading a line waits as long as the person thinks: a thread of its own, which ends with us.
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let ended = line.is_err();
            if send.send(line).is_err() || ended {
                return;
            }
        }
    });
    Box::pin(stream::unfold(receive, move |mut receive| {
        let asked = Rc::clone(&asked);
        async move {
            let line = receive.recv().await?;
            asked.set(true);
            Some((line.map(Input::Line), receive))
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::style::Style;

    fn show(terminal: &mut Terminal<Speaker<Vec<u8>>>, lines: &[&str]) {
        terminal
            .draw(|frame| {
                for (y, line) in (0..).zip(lines) {
                    frame.buffer_mut().set_string(0, y, line, Style::new());
                }
            })
            .unwrap();
        terminal.backend_mut().idle();
    }

    fn heard(terminal: &mut Terminal<Speaker<Vec<u8>>>) -> String {
        String::from_utf8(std::mem::take(&mut terminal.backend_mut().out)).unwrap()
    }

    #[test]
    fn what_is_new_is_said_once_and_ticking_figures_are_not() {
        let asked: Rc<Flag<bool>> = Rc::default();
        let speaker = Speaker::new(Vec::new(), Rc::clone(&asked));
        let mut terminal = Terminal::new(speaker).unwrap();
        show(&mut terminal, &["head", "> one", "  two"]);
        assert_eq!(heard(&mut terminal), "head\n> one\n  two\n> ");
        asked.set(true);
        show(&mut terminal, &["head", "  one", "> two 山"]);
        assert_eq!(heard(&mut terminal), "  one\n> two 山\n> ");
        show(
            &mut terminal,
            &["head", "  one", "> two 山", "goes out in 9 s"],
        );
        assert_eq!(heard(&mut terminal), "\ngoes out in 9 s\n> ");
        show(
            &mut terminal,
            &["head", "  one", "> two 山", "goes out in 8 s"],
        );
        assert_eq!(heard(&mut terminal), "");
        show(&mut terminal, &["head", "  one", "> two 山", "on its way"]);
        assert_eq!(heard(&mut terminal), "\non its way\n> ");
        assert!(!heard(&mut terminal).contains('\x1b'));
    }
}
