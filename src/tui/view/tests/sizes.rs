//! Any size at any moment, on every screen and over each.

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::tui::view;

/// How each screen and what can lie over it are reached.
const WAYS: &[&str] = &[
    "",
    "j",
    "G",
    "enter",
    "e",
    "r",
    "?",
    ":",
    "/",
    "2",
    "2 enter",
    "2 tab enter",
    "3",
    "3 tab",
    "3 enter",
    "3 o",
    "5",
    "5 /",
    "H",
    "2 O",
    "C",
    "V",
    "V s",
    "n",
    "3 z",
    "3 w",
    "3 z enter w enter Z",
    "4",
    "6",
    "2 p",
    "p v",
    "D",
    "r 1 esc D",
    "r 1 2 3 4 tab g ctrl-r",
    "r 1 tab g ctrl-s",
    "space j space r",
    "space j space r ctrl-s",
    "space j space r 1 tab g ctrl-s",
    "space j space r 1 tab g ctrl-s ctrl-s",
    "2 [ u",
    "2 [ c",
    "2 [ R",
    "3 tab a",
    "3 d",
    "3 tab tab a",
    "3 tab tab o",
    "T",
    "T : w",
    "r 1 ?",
    "V ?",
];

/// A screen, at a desk where everything waits.
fn situation(number: usize) -> Session {
    if number == 0 {
        return Session::unanswered(FakeDesk::full(30), (80, 24));
    }
    let mut session = Session::new(asked(), (80, 24));
    if number.is_multiple_of(2) {
        as_ben(&mut session);
    }
    session.app.may_drill = true;
    session.press(WAYS[number]);
    session
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_size_panics(number in 0..WAYS.len(), width in 0_u16..200, height in 0_u16..60, plain: bool) {
        let mut session = situation(number);
        session.tell(crate::tui::update::Msg::Resized(width, height));
        session.app.plain = plain;
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        if let Some(cursor) = view::draw(&session.app, area, &mut buffer) {
            prop_assert!(area.contains(cursor), "{cursor:?} in {area:?}");
        }
        // No key panics there either.
        for key in ["j", "G", "pgdn", "k", "ctrl-u", "tab", "left", "x", "esc"] {
            session.press(key);
        }
        view::draw(&session.app, area, &mut buffer);
    }
}
