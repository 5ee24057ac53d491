//! What people at the desk say and keep beside the money.

use chrono::NaiveTime;

use super::*;

#[test]
fn notes() {
    snap("note_form", full, |session| {
        session.press("2 n").type_text("wants it by");
    });
    snap("notes_on_a_refund", full, |session| {
        session
            .press("2 n")
            .type_text("wants it by Friday")
            .press("enter");
        session.press("enter G");
    });
    snap("notes_on_a_payment", full, |session| {
        session
            .press("j n")
            .type_text("sister called")
            .press("enter");
        session.press("enter");
    });
}

#[test]
fn owners_and_snoozes() {
    snap("todo_snooze", full, |session| {
        session
            .press("3 tab tab z")
            .press("enter")
            .type_text("asked their bank");
    });
    snap("todo_snoozed", full, |session| {
        session
            .press("3 tab tab z")
            .press("enter")
            .type_text("asked their bank")
            .press("enter Z");
    });
    snap("todo_give", full, |session| {
        session.press("3 tab tab w").type_text("ben");
    });
}

#[test]
fn handover() {
    snap("handover", full, |session| {
        session
            .press("3 tab tab z")
            .press("enter")
            .type_text("asked their bank")
            .press("enter H");
    });
    snap("handover_empty", empty, |session| {
        session.press("H");
    });
}

#[test]
fn order() {
    snap("order", full, |session| {
        session.press("2 [ j j O");
    });
    snap("order_troubled", troubled, |session| {
        session.press("/").type_text("TROUBLED").press("enter O");
    });
}

/// Until when a refund can be stopped, by which key, and honest words where it cannot.
#[test]
fn stopping() {
    let closing = || {
        let desk = full();
        desk.world.lock().unwrap().closes = NaiveTime::from_hms_opt(21, 0, 0);
        desk
    };
    snap("stop_until", closing, |session| {
        session.press("2 j j");
    });
    snap("stop_on_the_card", closing, |session| {
        session.press("2 j j enter");
    });
    snap("stop_on_the_phone", closing, |session| {
        session.press("2 j j p");
    });
    snap("stop_of_a_payment", closing, |session| {
        let reference = session.press("2 j j").app.refunds.row();
        let reference = reference.unwrap().reference.clone().unwrap();
        session
            .press("1 /")
            .type_text(&reference)
            .press("enter enter");
    });
    snap("stop_in_the_queue", full, |session| {
        decisions::waiting(&session.desk, "cy");
        session.press("3 ctrl-r tab");
    });
    snap("stop_not", full, |session| {
        session.press("2 j j enter");
    });
}

#[test]
fn views() {
    snap("columns", full, |session| {
        session.press("C j j space k K");
    });
    snap("columns_chosen", full, |session| {
        session.press("C j j space k K q");
    });
    snap("views", full, |session| {
        session.press("/").type_text("amount:>100").press("enter");
        session.press("V s").type_text("big ones").press("enter");
    });
    snap("palette_view", full, |session| {
        session.press("V s").type_text("big ones").press("enter q");
        session.press(":").type_text("b");
    });
    snap("views_empty", full, |session| {
        session.press("V");
    });
}
