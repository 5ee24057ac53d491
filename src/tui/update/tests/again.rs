//! A refund that was not paid, or came back, is refunded again in its place.

use super::*;
use crate::domain::id::RefundId;
use crate::tui::state::slots::Slot;

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

#[test]
fn an_answer_that_comes_when_something_else_is_looked_at_opens_nothing() {
    let (mut session, _) = looking_at(State::Failed);
    session.silent = true;
    session.press("r");
    assert_eq!(session.app.context(), Context::Refund);
    session.press("esc 1");
    session.silent = false;
    let id = session.desk.world.lock().unwrap().refunds[2]
        .content
        .payment;
    let reply = Box::new(session.desk.answer(Request::Payment(id.to_string())));
    let (slot, seq) = (Slot::Again, 0);
    for seq in [seq, seq + 1, seq + 2] {
        let reply = reply.clone();
        session.tell(Msg::Answer { slot, seq, reply });
    }
    assert_eq!(session.app.context(), Context::Payments);
}
