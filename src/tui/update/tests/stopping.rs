//! The one key that withdraws or stops, where there is more than one refund.

use chrono::{NaiveTime, TimeDelta};

use super::*;
use crate::domain::phone::{Kin, What};
use crate::tui::fixture::{now, refund};
use crate::tui::state::confirm;

/// A payment with an older and a newer refund on their way, and one that failed.
fn stage() -> (Session, crate::domain::id::RefundId, String) {
    let mut session = session();
    let mut world = session.desk.world.lock().unwrap();
    world.closes = NaiveTime::from_hms_opt(21, 0, 0);
    let payment = world.payments[30].clone();
    let mut made = |number, state, minutes| {
        let mut made = refund(number, &payment, 100 + i64::from(number), state);
        made.created_at = now() - TimeDelta::minutes(minutes);
        let id = made.id;
        world.refunds.push(made);
        id
    };
    made(60, State::Pending, 9);
    let newest = made(61, State::Pending, 8);
    made(62, State::Failed, 7);
    drop(world);
    session.tell(Msg::Opened);
    let reference = payment.reference.unwrap();
    session
        .press("/")
        .type_text(&reference)
        .press("enter enter");
    (session, newest, reference)
}

fn asks_to_stop(session: &Session, id: crate::domain::id::RefundId, reference: &str) -> bool {
    session.app.confirm().is_some_and(|dialog| {
        let named = |what: &str| dialog.facts.iter().any(|(_, said)| said.contains(what));
        dialog.what == confirm::What::Stop(id) && named(reference) && named(&id.short())
    })
}

#[test]
fn of_a_payment_the_newest_that_can_be_is_stopped_and_named() {
    let (mut session, newest, reference) = stage();
    assert_eq!(session.app.context(), Context::Payment);
    session.press("u");
    assert!(asks_to_stop(&session, newest, &reference));
    session.press("y");
    let world = session.desk.world.lock().unwrap();
    let asked = |request: &Request| matches!(request, Request::Cancel { refund, stop: true, .. } if *refund == newest.to_string());
    assert!(world.asked.iter().any(asked));
}

#[test]
fn on_the_phone_it_is_the_callers_own() {
    let (mut session, newest, reference) = stage();
    // The newest has failed: the key is about what is chosen, never about another one.
    session.press("p u");
    assert!(session.app.confirm().is_none());
    session.press("j u");
    assert!(asks_to_stop(&session, newest, &reference));
    session.press("esc");
    // Of a payment it is the newest that can be.
    session.press("G u");
    assert!(asks_to_stop(&session, newest, &reference));
    session.press("esc g g j");
    // Of somebody with the same name only, nothing is offered.
    let Some(Layer::Phone(page)) = session.app.layers.last_mut() else {
        panic!("no card of a call");
    };
    for entry in &mut page.call.as_mut().unwrap().entries {
        assert!(matches!(entry.kin, Kin::Itself | Kin::Order));
        if matches!(entry.what, What::Refund { .. }) {
            entry.kin = Kin::Name;
        }
    }
    session.press("u");
    assert_eq!(session.app.context(), Context::Phone);
    assert!(shown(&session, "nothing here can be withdrawn or stopped"));
}

/// A refund's own page, wherever it was opened from, is about that refund.
#[test]
fn on_a_page_opened_from_the_card_it_is_the_refund_of_the_page() {
    let (mut session, newest, reference) = stage();
    session.press("p enter");
    assert_eq!(session.app.context(), Context::Refund);
    session.press("u");
    assert!(session.app.confirm().is_none(), "it has failed");
    session.press("esc j enter u");
    assert!(asks_to_stop(&session, newest, &reference));
}

#[test]
fn a_key_that_cannot_be_used_is_not_named() {
    let (mut session, ..) = stage();
    assert!(shown(&session, "can still be stopped until 21:00 (u)"));
    session.desk.world.lock().unwrap().read_only = true;
    session.tell(Msg::Opened);
    assert!(shown(&session, "can still be stopped until 21:00"));
    assert!(!shown(&session, "(u)"));
}
