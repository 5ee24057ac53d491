//! The card beside the list is there before the key is pressed, and never an old one.

use chrono::TimeDelta;

use super::*;
use crate::desk::face::{Notice, Reply};
use crate::tui::state::slots::Slot;

/// Wide enough for the card beside the list.
fn session() -> Session {
    Session::new(FakeDesk::full(900), (120, 40))
}

/// The row the cursor stands on, and whether its card is shown.
fn looked_at(session: &Session) -> (usize, bool) {
    let payments = &session.app.payments;
    let shown = session.app.card.as_ref().map(|card| card.payment.id);
    (payments.cursor().unwrap(), shown == payments.selected)
}

#[test]
fn the_next_step_and_the_way_back_need_no_answer() {
    for (keys, back, rows) in [("j", "k", [1, 2]), ("j j j", "k", [3, 4])] {
        let mut session = session();
        session.press(keys);
        assert_eq!(looked_at(&session), (rows[0], true));
        session.silent = true;
        let again = keys.split(' ').next().unwrap();
        assert_eq!(looked_at(session.press(again)), (rows[1], true));
        assert!(!session.app.slots.is_waiting(Slot::Card));
        assert_eq!(looked_at(session.press(back)), (rows[0], true));
        // One it cannot know is waited for.
        session.press("j j");
        assert_eq!(looked_at(&session), (rows[1] + 1, false));
        assert!(session.app.slots.is_waiting(Slot::Card));
    }
}

#[test]
fn nothing_is_shown_as_it_was_before_something_changed() {
    for all in [false, true] {
        let mut session = session();
        session.silent = true;
        match all {
            true => session.tell(Msg::Notice(Notice::Changed)),
            false => {
                session.desk.change(State::Failed, None);
                session.tell(Msg::Woke);
            }
        }
        assert_eq!(looked_at(session.press("j")), (1, false), "{all}");
    }
}

#[test]
fn an_answer_that_came_too_late_is_not_kept() {
    let mut session = session();
    session.silent = true;
    session.press("j");
    // The next one was asked for; then something changed before it was answered.
    assert!(session.app.slots.is_waiting(Slot::Ahead));
    session.tell(Msg::Notice(Notice::Changed));
    assert!(!session.app.slots.is_waiting(Slot::Ahead));
    assert_eq!(session.app.near, Default::default());
}

#[test]
fn a_payment_that_changed_while_the_hand_moved_is_read_anew() {
    for changes in [false, true] {
        let mut session = session();
        session.press("j").hurry("pgdn");
        if changes {
            session.tell(Msg::Notice(Notice::Changed));
            assert!(!session.app.slots.is_waiting(Slot::Card));
        }
        rest(&mut session, TimeDelta::milliseconds(200));
        assert!(looked_at(&session).1);
        session.silent = true;
        assert_eq!(looked_at(session.press("pgup")), (1, !changes));
    }
}

#[test]
fn a_hand_that_rests_is_shown_its_payment_whatever_the_clock_says() {
    let moves = [
        ("pgdn", 200, true),
        ("j j", 200, true),
        ("j j", -3_600_000, true),
    ];
    for (keys, later, shown) in moves.into_iter().chain([("j j", 199, false)]) {
        let mut session = session();
        session.hurry(keys);
        assert!(!looked_at(&session).1, "{keys}");
        session.silent = true;
        rest(&mut session, TimeDelta::milliseconds(later));
        let comes = looked_at(&session).1 || session.app.slots.is_waiting(Slot::Card);
        assert_eq!((session.app.dirty, comes), (shown, shown), "{keys} {later}");
    }
}

/// Time goes by and nothing is pressed, but an answer comes that nobody waits for any more.
fn rest(session: &mut Session, later: TimeDelta) {
    session.app.now += later;
    let reply = Box::new(Ok(Reply::Twins(Vec::new())));
    let (slot, seq) = (Slot::Ahead, u64::MAX);
    session.tell(Msg::Answer { slot, seq, reply });
}

#[test]
fn a_desk_without_a_card_beside_the_list_reads_none() {
    let mut session = Session::new(FakeDesk::full(900), (80, 24));
    session.press("j j");
    assert_eq!((&session.app.card, &session.app.near.ahead), (&None, &None));
}
