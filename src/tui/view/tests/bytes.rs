//! What a step costs on the line: the limits hold for whoever leans on a key, at 120 by 40.

use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;

use ratatui::Terminal;

use super::*;
use crate::tui::backend::TtyBackend;
use crate::tui::caps::Multiplexer;
use crate::tui::view;

/// A terminal that only counts.
#[derive(Clone, Default)]
struct Line(Rc<Cell<usize>>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes of each of so many strokes of a key, one right after the other, once some keys and the
/// first stroke were drawn.
fn strokes(before: &str, key: &str, count: usize) -> Vec<usize> {
    let mut session = Session::new(FakeDesk::full(900), (120, 40));
    let line = Line::default();
    let backend = TtyBackend::new(line.clone(), || Ok((120, 40)), Multiplexer::None);
    let mut terminal = Terminal::new(backend).unwrap();
    let mut draw = |session: &Session| {
        let shown = terminal.draw(|frame| {
            let area = frame.area();
            if let Some(cursor) = view::draw(&session.app, area, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        });
        shown.unwrap();
        line.0.take()
    };
    draw(session.hurry(before));
    draw(session.hurry(key));
    (0..count).map(|_| draw(session.hurry(key))).collect()
}

#[test]
fn a_row_and_a_page_cost_few_bytes() {
    for (before, key, count, most) in [
        ("g", "j", 150, 300),
        ("pgdn pgdn", "k", 60, 300),
        ("g", "pgdn", 15, 2_500),
    ] {
        let costs = strokes(before, key, count);
        let few = |cost: &usize| (10..=most).contains(cost);
        assert!(costs.iter().all(few), "{key}: {costs:?}");
    }
}
