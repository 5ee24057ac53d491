//! Drafts, in their list and in the form; payments that look like one paid twice.

use super::*;

fn left(session: &mut Session) {
    composing(session, "12.34");
    session
        .press("tab")
        .type_text("call back on Monday")
        .press("esc");
}

#[test]
fn drafts() {
    snap("drafts_empty", full, |session| {
        session.press("D");
    });
    snap("drafts", full, |session| {
        left(session);
        session.press("D");
    });
    snap("draft_left", full, |session| {
        left(session);
        session.press("esc esc");
    });
    snap("draft_resumed", full, |session| {
        left(session);
        session.press("r");
    });
}

#[test]
fn paid_twice() {
    let twice = || {
        let desk = FakeDesk::full(900);
        {
            let mut world = desk.world.lock().unwrap();
            let twins = [world.payments[0].id, world.payments[2].id];
            world.twins = twins.to_vec();
        }
        desk
    };
    snap("payments_twice", twice, |session| {
        session.press("j");
    });
    snap("payment_twice", twice, |session| {
        session.press("j enter");
    });
}
