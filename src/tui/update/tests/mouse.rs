//! The mouse, where it is wanted.

use super::*;
use crate::tui::event::Mouse;

const FIRST: Mouse = Mouse::Click { column: 5, row: 3 };

#[test]
fn unless_it_is_wanted_it_does_nothing() {
    let mut session = session();
    let before = session.screen();
    session.tell(Msg::Mouse(Mouse::Wheel { down: true }));
    session.tell(Msg::Mouse(FIRST));
    assert_eq!(session.screen(), before);
}

#[test]
fn a_click_selects_and_another_opens() {
    let mut session = session();
    session.press("M");
    assert!(shown(&session, "the mouse works"));
    session.tell(Msg::Mouse(Mouse::Click { column: 5, row: 7 }));
    assert_eq!(session.app.payments.cursor(), Some(4));
    assert_eq!(session.app.context(), Context::Payments);
    session.tell(Msg::Mouse(Mouse::Click { column: 5, row: 7 }));
    assert_eq!(session.app.context(), Context::Payment);
    // What lies over the list is not clicked through.
    session.tell(Msg::Mouse(FIRST));
    assert_eq!(session.app.payments.cursor(), Some(4));
}

#[test]
fn the_wheel_moves_and_nothing_beyond_the_list_is_hit() {
    let mut session = session();
    session.app.mouse = true;
    session.tell(Msg::Mouse(Mouse::Wheel { down: true }));
    assert_eq!(session.app.payments.cursor(), Some(3));
    session.tell(Msg::Mouse(Mouse::Wheel { down: false }));
    assert_eq!(session.app.payments.cursor(), Some(0));
    for row in [0, 2, 21, 23, u16::MAX] {
        session.tell(Msg::Mouse(Mouse::Click { column: 5, row }));
        assert_eq!(session.app.context(), Context::Payments);
        assert_eq!(session.app.payments.cursor(), Some(0));
    }
}

#[test]
fn every_list_can_be_clicked() {
    for screen in ["2", "3"] {
        let mut session = session();
        session.app.mouse = true;
        session.press(screen).press("j");
        session.tell(Msg::Mouse(FIRST));
        let cursor = match session.app.screen {
            Screen::Refunds => session.app.refunds.cursor(),
            _ => session.app.todo.cursor(),
        };
        assert_eq!(cursor, Some(0));
        session.tell(Msg::Mouse(FIRST));
        assert_ne!(session.app.layers.len(), 0);
    }
}
