//! Compose asks nothing when it is left: what was typed is there again.

use super::*;
use crate::domain::parked::Parked;

fn kept(session: &Session) -> Vec<Parked> {
    session.desk.world.lock().unwrap().drafts.clone()
}

#[test]
fn what_was_typed_is_there_again_and_goes_with_the_refund() {
    let mut session = session();
    composing(&mut session, "CD-000040", "12.34");
    session.press("esc");
    assert_eq!(session.app.context(), Context::Payment);
    assert_eq!(kept(&session)[0].typed.amount, "12.34");
    session.press("esc");
    assert!(shown(&session, " d"), "{}", session.screen());
    session.press("r");
    assert!(
        shown(&session, "resumed; ctrl-x discards it"),
        "{}",
        session.screen()
    );
    let form = session.app.compose().unwrap();
    assert_eq!(form.amount.text(), "12.34");
    assert_eq!(form.reason().unwrap().code, "goods_returned");
    session.press("ctrl-s y");
    assert_eq!(session.desk.asked_to_compose().len(), 1);
    assert!(kept(&session).is_empty() && session.app.drafts.all.is_empty());
}

#[test]
fn a_form_left_as_it_was_asks_for_nothing() {
    let mut session = session();
    let parks = |session: &Session| {
        let world = session.desk.world.lock().unwrap();
        let asked = world.asked.iter();
        asked.filter(|it| matches!(it, Request::Drafts(_))).count()
    };
    let before = parks(&session);
    session.press("j r esc");
    assert_eq!(parks(&session), before);
    composing(&mut session, "CD-000040", "1");
    session.press("esc r esc");
    assert_eq!(parks(&session), before + 1);
    // Emptied, there is nothing to keep.
    session.press("r ctrl-x");
    assert!(kept(&session).is_empty());
    assert!(session.app.compose().unwrap().amount.is_empty());
    session.press("esc");
    assert_eq!(kept(&session).len(), 0);
}

#[test]
fn drafts_are_listed_gone_on_with_and_dropped() {
    let mut session = session();
    for reference in ["CD-000040", "CD-000041"] {
        composing(&mut session, reference, "3");
        session.press("esc esc esc");
    }
    session.press("D");
    assert_eq!(session.app.context(), Context::Drafts);
    assert!(shown(&session, "CD-000041") && shown(&session, "nothing is held"));
    session.press("j enter");
    let form = session.app.compose().unwrap();
    assert_eq!(form.payment.reference.as_deref(), Some("CD-000040"));
    session.press("esc D x");
    assert_eq!(kept(&session).len(), 1);
    session.press("x x");
    assert_eq!(kept(&session).len(), 0);
    assert_eq!(session.app.context(), Context::Drafts);
    // A newer one is not written over.
    session.press("esc");
    composing(&mut session, "CD-000041", "9");
    session.press("esc esc esc D U");
    assert!(shown(&session, "there is a newer draft about that payment"));
    assert_eq!(kept(&session)[0].typed.amount, "9");
    session.press("x x U");
    assert_eq!(kept(&session)[0].typed.amount, "9");
    session.press("x U U");
    assert_eq!(kept(&session).len(), 1, "the one dropped last");
    assert_eq!(kept(&session)[0].typed.amount, "9");
    assert_eq!(session.app.drafts.all.len(), 1);
}

#[test]
fn whoever_is_cut_off_has_something_to_keep() {
    let mut session = session();
    assert_eq!(parting(&session.app), None);
    composing(&mut session, "CD-000040", "7");
    assert!(parting(&session.app).is_some());
    session.press("esc");
    assert_eq!(parting(&session.app), None);
}

/// Leaving for another screen by a page over the form is leaving the form.
#[test]
fn whoever_goes_elsewhere_from_over_the_form_keeps_what_was_typed() {
    for way in ["f4 1", "f3 1", "f3 4", "f3 5", "f3 6", "f3 H"] {
        let mut session = session();
        composing(&mut session, "CD-000040", "12.34");
        session.press(way);
        assert!(
            session.app.compose().is_none(),
            "{way}\n{}",
            session.screen()
        );
        assert_eq!(kept(&session)[0].typed.amount, "12.34", "{way}");
    }
}
