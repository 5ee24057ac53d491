//! Where the desk is read line by line.

use super::*;

fn say(session: &mut Session, line: &str) {
    session.tell(Msg::Line(line.to_owned()));
}

#[test]
fn a_line_is_a_key_a_name_or_a_filter() {
    let mut session = session();
    say(&mut session, "j");
    assert_eq!(session.app.payments.cursor(), Some(1));
    say(&mut session, "g g");
    assert_eq!(session.app.payments.cursor(), Some(0));
    say(&mut session, "to do");
    assert_eq!(session.app.screen, Screen::ToDo);
    say(&mut session, "screen.payments");
    say(&mut session, "/CD-000040");
    // The one payment found is opened, as by enter.
    assert_eq!(session.app.payments.rows.len(), 1);
    assert_eq!(session.app.context(), Context::Payment);
}

#[test]
fn a_refund_is_composed_by_what_each_field_asks_for() {
    let mut session = session();
    say(&mut session, "/CD-000040");
    say(&mut session, "refund");
    assert_eq!(session.app.context(), Context::Compose);
    say(&mut session, "12.34");
    say(&mut session, "goods");
    say(&mut session, ":review");
    assert_eq!(session.app.context(), Context::Confirm);
    assert!(session.desk.asked_to_compose().is_empty());
    say(&mut session, "y");
    let drafts = session.desk.asked_to_compose();
    assert_eq!(drafts.len(), 1);
    assert_eq!(drafts[0].amount, "12.34");
    assert_eq!(drafts[0].reason, "goods_returned");
}

#[test]
fn nothing_typed_at_a_dialog_is_cancel() {
    let mut session = session();
    composing(&mut session, "CD-000040", "12.34");
    session.press("ctrl-s");
    assert_eq!(session.app.context(), Context::Confirm);
    say(&mut session, "");
    assert_eq!(session.app.context(), Context::Compose);
    assert!(session.desk.asked_to_compose().is_empty());
}

#[test]
fn what_is_only_similar_moves_no_money() {
    let mut session = session();
    say(&mut session, "refnd");
    assert_eq!(session.app.context(), Context::Payments);
    assert!(shown(&session, "did you mean refund?"));
    say(&mut session, "provid");
    assert_eq!(session.app.context(), Context::Providers);
}

#[test]
fn what_is_only_similar_does_nothing() {
    let mut session = session();
    say(&mut session, "mse");
    assert!(!session.app.mouse);
    assert!(
        shown(&session, "did you mean mouse?"),
        "{}",
        session.screen()
    );
}
