//! Marks, and a bulk refund from its form to its end.

use super::*;

fn marked(session: &mut Session) {
    session.press("/").type_text("CD-00000").press("enter *");
}

fn judged(session: &mut Session) {
    marked(session);
    session.press("r ctrl-u").type_text("10%").press("tab");
    session.type_text("g").press("tab").type_text("recall 7");
    session.press("ctrl-s");
}

#[test]
fn bulk() {
    snap("payments_marked", full, |session| {
        session.press("j space space j v");
    });
    snap("bulk_form", full, |session| {
        marked(session);
        session.press("r");
    });
    snap("bulk_verdicts", full, judged);
    snap("bulk_confirm", full, |session| {
        judged(session);
        session.press("ctrl-s");
    });
    snap("bulk_broken_off", full, |session| {
        session.desk.world.lock().unwrap().breaks_at = Some(3);
        judged(session);
        session.press("ctrl-s y");
    });
    snap("bulk_done", full, |session| {
        judged(session);
        session.press("ctrl-s y");
    });
    snap_of(
        &["asking what becomes of each …"],
        "bulk_judging",
        full,
        |session| {
            marked(session);
            session.press("r tab").type_text("g");
            session.silent = true;
            session.press("ctrl-s");
        },
    );
    let none = ["none of them can be made", "more than can be refunded"];
    snap_of(&none, "bulk_none", full, |session| {
        marked(session);
        session.press("r ctrl-u").type_text("999999").press("tab");
        session.type_text("g").press("ctrl-s");
    });
    // It broke off after two, and goes on with the third.
    snap_of(
        &["making them: 2 of 5 …"],
        "bulk_under_way",
        full,
        |session| {
            session.desk.world.lock().unwrap().breaks_at = Some(3);
            judged(session);
            session.press("ctrl-s y");
            session.desk.world.lock().unwrap().breaks_at = None;
            session.silent = true;
            session.press("ctrl-s");
        },
    );
    let keys = ["Help · Refunds in bulk"];
    snap_of(&keys, "help_verdicts", full, |session| {
        judged(session);
        session.press("?");
    });
    snap("bulk_error", full, |session| {
        marked(session);
        session.press("r tab").type_text("g");
        session.desk.world.lock().unwrap().unreachable = true;
        session.press("ctrl-s");
    });
}
