//! What a screen says when there is nothing to say: not read, not yet read, nothing there; and what
//! the desk says of itself.

use crate::desk::face::Notice;
use crate::domain::state::State;
use crate::tui::update::Msg;

use super::*;

/// A desk whose database cannot be read any more.
fn broken() -> Arc<FakeDesk> {
    let desk = full();
    desk.world.lock().unwrap().unreachable = true;
    desk
}

fn breaks(session: &mut Session) {
    session.desk.world.lock().unwrap().unreachable = true;
    // Nor is the next card known from before.
    session.app.near.clear();
}

/// What cannot be read says so where it would stand: nothing there would be another fact.
#[test]
fn what_could_not_be_read() {
    for (name, keys) in [
        ("payments_error", "j"),
        ("refunds_error", "2"),
        ("todo_error", "3"),
        ("handover_error", "H"),
        ("providers_error", "6"),
        ("drafts_error", "D"),
        ("views_error", "V"),
        ("activity_unreadable", "5"),
    ] {
        snap(name, broken, |session| {
            session.press(keys);
        });
        let mut session = Session::new(broken(), SIZES[0]);
        session.press(keys);
        let screen = session.screen();
        assert!(
            screen.contains("could not be read") || screen.matches("cannot be read").count() > 1,
            "{name}\n{screen}"
        );
    }
    for (name, before, after) in [
        ("order_error", "j", "O"),
        ("payment_error", "j", "j enter G"),
        ("explain_error", "j", "j e"),
        ("refund_error", "2 j", "enter G"),
        ("as_of_error", "j B 2 0 2 6 - 1 1 - 0 1", "enter"),
        ("verify_error", "5", "v"),
        ("compose_unanswered", "j", "r"),
    ] {
        snap(name, full, |session| {
            session.press(before);
            breaks(session);
            session.press(after);
        });
    }
}

#[test]
fn what_is_still_awaited() {
    for (name, keys) in [
        ("refunds_loading", "2"),
        ("providers_loading", "6"),
        ("explain_loading", "j j e"),
        ("phone_loading", "p"),
        ("radar_loading", "4"),
        ("activity_loading", "5"),
        ("handover_loading", "H"),
        ("drafts_loading", "D"),
        ("payment_loading", "j j enter"),
        ("order_loading", "O"),
        ("as_of_loading", "B 2 0 2 6 - 1 1 - 0 1 enter"),
        ("verify_loading", "5 v"),
        ("compose_loading", "j r"),
    ] {
        snap(name, full, |session| {
            session.silent = true;
            session.press(keys);
        });
    }
    snap("todo_loading", full, |session| {
        *session = Session::unanswered(full(), session.app.size);
        session.silent = true;
        session.press("3");
    });
    snap("refund_loading", full, |session| {
        session.press("2");
        session.silent = true;
        session.press("enter G");
    });
}

#[test]
fn where_there_is_nothing() {
    for (name, keys) in [
        ("refunds_attention_empty", "2 tab"),
        ("refunds_all_empty", "2 ["),
        ("todo_approvals_empty", "3 tab"),
        ("todo_problems_empty", "3 tab tab"),
        ("todo_requests_empty", "3 ["),
        ("phone_nobody", "p"),
        ("messages_empty", "!"),
        ("view_save", "V s"),
    ] {
        snap(name, empty, |session| {
            session.press(keys);
        });
    }
    let bare = || {
        let desk = empty();
        desk.world.lock().unwrap().no_accounts = true;
        desk
    };
    snap("providers_empty", bare, |session| {
        session.press("6");
    });
}

#[test]
fn the_second_step_of_what_is_sent() {
    let closing = || {
        let desk = full();
        desk.world.lock().unwrap().closes = chrono::NaiveTime::from_hms_opt(21, 0, 0);
        desk
    };
    snap("stop_confirm", closing, |session| {
        session.press("2 j j u");
    });
    snap("stop_sending", full, |session| {
        session.press("2 X right");
    });
    snap("resume_confirm", full, |session| {
        session
            .press("X enter")
            .type_text("wrong file")
            .press("enter");
        session.press("6 R enter enter");
    });
    let authorised = || {
        let desk = full();
        let mut world = desk.world.lock().unwrap();
        let mut refunds = world.refunds.iter_mut();
        let waits = refunds
            .find(|it| it.state == State::ActionRequired)
            .unwrap();
        (waits.authorised, waits.said) = (true, None);
        drop(world);
        desk
    };
    snap("capture_confirm", authorised, |session| {
        session.press("2 tab");
        while !session
            .app
            .refunds
            .row()
            .is_some_and(|row| row.refund.authorised)
        {
            session.press("j");
        }
        session.press("c");
    });
    let offline = || {
        let desk = full();
        desk.world.lock().unwrap().offline = true;
        desk
    };
    snap("release_confirm", offline, |session| {
        composing(session, "12.35");
        session.press("ctrl-s y");
        session.desk.world.lock().unwrap().offline = false;
        session.tell(Msg::Opened);
        session.press("2 g g R");
    });
}

#[test]
fn what_the_desk_says_of_itself() {
    snap("service_away", full, |session| {
        session.tell(Msg::Notice(Notice::ServiceAway(true)));
    });
    snap("single_user", full, |session| {
        session.desk.world.lock().unwrap().alone = true;
        session.tell(Msg::Opened);
    });
    snap("working", full, |session| {
        session.tell(Msg::Notice(Notice::Syncing {
            account: "hub-us".into(),
            done: 400,
            total: 900,
        }));
    });
}
