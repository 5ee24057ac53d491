//! A refund that was not paid, or came back, is refunded again in its place.

use super::*;
use crate::domain::id::RefundId;
use crate::tui::effect::Effect;

/// A desk that looks at a refund in this state, and which it is.
fn looking_at(state: State) -> (Session, RefundId) {
    let session = session();
    let mut world = session.desk.world.lock().unwrap();
    world.refunds[2].state = state;
    let id = world.refunds[2].id;
    drop(world);
    let mut session = session;
    session.press("2 tab tab tab /").type_text(&id.to_string());
    session.press("enter enter");
    assert_eq!(session.app.focus_refund().unwrap().refund.id, id);
    (session, id)
}

#[test]
fn what_was_not_paid_is_refunded_again_in_its_place() {
    for state in [State::Failed, State::Rejected, State::Reversed] {
        let (mut session, id) = looking_at(state);
        let old = session.app.focus_refund().unwrap().refund.content.clone();
        session.press("r");
        assert!(shown(&session, "Refund again"), "{}", session.screen());
        assert!(shown(&session, "in place of"), "{}", session.screen());
        let form = session.app.compose().unwrap();
        assert_eq!(form.amount.text(), old.amount.decimal());
        assert_eq!(form.reason().unwrap().code, old.reason);
        session.press("ctrl-s");
        assert!(shown(&session, "in place of"), "{}", session.screen());
        // It is like one that was made before: that is typed, too.
        let expected = session.app.confirm().unwrap().expected.clone();
        session.type_text(&expected.unwrap_or_default()).press("y");
        let asked = session.desk.asked_to_compose();
        assert!(!asked.is_empty(), "{}", session.screen());
        assert_eq!(asked[0].supersedes, Some(id.to_string()), "{state:?}");
        assert_eq!(asked[0].amount, old.amount.decimal());
        // The words by which the old one was found do not hide the new one.
        assert!(session.app.refunds.narrow.is_empty());
        assert_ne!(session.app.refunds.row().unwrap().refund.id, id);
    }
}

#[test]
fn what_was_paid_or_may_be_is_not_refunded_again() {
    for (state, why) in [
        (State::Pending, "it may still be paid"),
        (State::Unknown, "it may still be paid"),
        (State::Succeeded, "it was paid"),
        (State::Canceled, "refund the payment itself"),
    ] {
        let (mut session, _) = looking_at(state);
        session.press("r");
        assert_eq!(session.app.context(), Context::Refund, "{state:?}");
        assert!(shown(&session, why), "{state:?}\n{}", session.screen());
    }
}

#[test]
fn only_what_was_typed_is_kept_and_it_knows_its_place() {
    let (mut session, id) = looking_at(State::Failed);
    session.press("r esc");
    assert!(session.app.drafts.all.is_empty());
    session.press("r").type_text("0").press("esc");
    assert_eq!(session.app.drafts.all[0].typed.supersedes, Some(id));
    let reference = session.app.drafts.all[0].reference.clone();
    session
        .press("esc 1 /")
        .type_text(&reference)
        .press("enter r");
    assert_eq!(session.app.compose().unwrap().supersedes, Some(id));
    assert!(shown(&session, "in place of"), "{}", session.screen());
    assert!(shown(&session, "resumed"), "{}", session.screen());
    // Without the draft it is a refund like any other.
    session.press("ctrl-x");
    assert_eq!(session.app.compose().unwrap().supersedes, None);
}

/// Presses r, and what the desk answers then, to be given later.
fn asked_again(session: &mut Session) -> Msg {
    let key = crate::tui::keymap::Key::parse("r").unwrap();
    let effects = update(&mut session.app, Msg::Key(key));
    let asked = effects.into_iter().find_map(|effect| match effect {
        Effect::Ask { slot, seq, request } => Some((slot, seq, request)),
        _ => None,
    });
    let (slot, seq, request) = asked.unwrap();
    let reply = Box::new(session.desk.answer(*request));
    Msg::Answer { slot, seq, reply }
}

#[test]
fn an_answer_that_comes_late_opens_no_other_form() {
    for (keys, context) in [
        ("", Context::Compose),
        ("esc 1", Context::Payments),
        ("esc esc g g", Context::Refunds),
        ("?", Context::Help),
    ] {
        let (mut session, _) = looking_at(State::Failed);
        let answer = asked_again(&mut session);
        if !keys.is_empty() {
            session.press(keys);
        }
        session.tell(answer);
        assert_eq!(session.app.context(), context, "{keys}");
    }
}

#[test]
fn a_draft_of_another_decision_is_not_sent_in_its_place() {
    let (mut session, id) = looking_at(State::Failed);
    let reference = session.app.focus_refund().unwrap().reference.clone();
    let reference = reference.unwrap();
    session.press("esc 1 /").type_text(&reference);
    session.press("enter r").type_text("5").press("esc");
    let kept = |session: &Session| session.app.drafts.all[0].typed.clone();
    let other = kept(&session);
    assert_eq!((other.amount.as_str(), other.supersedes), ("5", None));
    session.press("esc 2 enter r");
    let form = session.app.compose().unwrap();
    assert_eq!((form.amount.text(), form.supersedes), ("12.34", Some(id)));
    session.press("esc");
    assert_eq!(kept(&session), other);
    // Emptied, once or twice, it is in the same place.
    session.press("r ctrl-x ctrl-x");
    assert_eq!(session.app.compose().unwrap().supersedes, Some(id));
}

#[test]
fn a_part_is_not_voided_as_a_whole() {
    let (mut session, id) = looking_at(State::Failed);
    let mut world = session.desk.world.lock().unwrap();
    let payment = world.refunds.iter().find(|it| it.id == id).unwrap();
    let payment = payment.content.payment;
    let mut payments = world.payments.iter_mut();
    let payment = payments.find(|it| it.id == payment).unwrap();
    payment.captures[0].settled_at = None;
    drop(world);
    session.press("r");
    assert_eq!(session.app.context(), Context::Refund);
    assert!(shown(&session, "only all of it can be voided"));
}
