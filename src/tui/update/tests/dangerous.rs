//! Actions that change something with the money: never by one key.

use super::*;

#[test]
fn every_dangerous_action_ends_in_a_confirm() {
    for spec in ACTIONS.iter().filter(|spec| spec.flags.dangerous) {
        let mut session = session();
        match spec.action {
            Action::Review => composing(&mut session, "CD-000040", "12.34"),
            Action::Refund => {
                session.press("/").type_text("CD-000040").press("enter");
            }
            Action::Again => {
                let mut world = session.desk.world.lock().unwrap();
                world.refunds[2].state = State::Reversed;
                let id = world.refunds[2].id.to_string();
                drop(world);
                session.press("2 tab tab tab /").type_text(&id);
                session.press("enter");
            }
            Action::Withdraw | Action::Release => {
                session.desk.world.lock().unwrap().refunds[2].needs_release = true;
                session.press("2 j j j j");
            }
            Action::Capture => {
                let mut world = session.desk.world.lock().unwrap();
                world.refunds[2].state = State::ActionRequired;
                world.refunds[2].authorised = true;
                drop(world);
                session.press("2 j j j j");
            }
            Action::Approve | Action::Decline => {
                decisions::waiting(&session.desk, "ben");
                session.app.actor = "ben".into();
                session.press("3 ctrl-r tab");
            }
            Action::Resolve => {
                session.press("3 ctrl-r tab tab");
            }
            Action::ResumeSending => {
                session.press("X enter enter 6");
            }
            other => panic!("{other:?} needs a place here"),
        }
        let before = session.desk.world.lock().unwrap().asked.len();
        let context = session.app.context();
        let key = session.app.keymap.keys_of(spec.action, context)[0].clone();
        session.press(&key);
        if matches!(spec.action, Action::Refund | Action::Again) {
            // Composing only fills in a form; what sends it is the review, another dangerous one.
            assert_eq!(session.app.context(), Context::Compose);
        } else if matches!(
            spec.action,
            Action::Decline | Action::Resolve | Action::ResumeSending
        ) {
            // The same with what needs words.
            assert_eq!(session.app.context(), Context::Decide, "{}", spec.id);
        } else {
            assert_eq!(session.app.context(), Context::Confirm, "{}", spec.id);
        }
        let world = session.desk.world.lock().unwrap();
        let decided = world.asked[before..].iter().any(|request| {
            matches!(
                request,
                Request::Compose(_)
                    | Request::Cancel { .. }
                    | Request::Capture { .. }
                    | Request::Release { .. }
                    | Request::Approve { .. }
                    | Request::Decline { .. }
                    | Request::Resolve(_)
                    | Request::ResumeSending(_)
                    | Request::CloseDiscrepancy(_)
            )
        });
        assert!(!decided, "{}", spec.id);
    }
}

#[test]
fn nothing_dangerous_is_possible_on_a_read_only_desk() {
    let desk = FakeDesk::full(900);
    desk.world.lock().unwrap().read_only = true;
    let mut session = Session::new(desk, (80, 24));
    session.press("j r");
    assert_eq!(session.app.context(), Context::Payments);
    session.press("2 u");
    assert_eq!(session.app.context(), Context::Refunds);
    session.press("3 tab a d o u");
    assert_eq!(session.app.context(), Context::ToDo);
}
