//! From a payment to a refund that waits to go out.

use super::*;
use crate::domain::eligibility::WhyNot;

#[test]
fn a_void_has_no_amount_to_type_and_is_confirmed() {
    let mut session = session();
    for account in session
        .app
        .overview
        .iter_mut()
        .flat_map(|it| &mut it.accounts)
    {
        account.voids = true;
    }
    let unsettled = session.app.payments.rows.iter();
    let mut unsettled = unsettled.filter(|row| row.eligibility.why_not == Some(WhyNot::Unsettled));
    let row = unsettled.next().expect("one has not settled");
    let reference = row.payment.reference.clone().unwrap();
    session
        .press("/")
        .type_text(&reference)
        .press("enter r ctrl-s");
    assert!(
        shown(&session, "choose a reason first"),
        "{}",
        session.screen()
    );
    session.type_text("c").press("ctrl-s");
    assert_eq!(
        session.app.context(),
        Context::Confirm,
        "{}",
        session.screen()
    );
    session.press("y");
    assert_eq!(session.desk.asked_to_compose()[0].amount, "all");
}

#[test]
fn nobody_is_told_to_withdraw_what_went_out() {
    let mut session = session();
    composing(&mut session, "CD-000040", "12.34");
    session.press("ctrl-s y");
    let withdraws = "withdraws it until it goes out";
    assert!(shown(&session, withdraws), "{}", session.screen());
    session.desk.change(State::Submitting, None);
    session.tell(Msg::Woke);
    assert!(!shown(&session, withdraws), "{}", session.screen());
}

#[test]
fn a_refund_that_is_looked_at_is_seen_to_its_end_though_the_list_is_read_again() {
    let mut session = session();
    composing(&mut session, "CD-000040", "12.34");
    session.press("ctrl-s y");
    session.desk.change(State::Succeeded, None);
    session.tell(Msg::Woke);
    session.tell(Msg::Notice(Notice::Changed));
    let row = session.app.refunds.row().map(|row| row.refund.state);
    assert_eq!(row, Some(State::Succeeded), "{}", session.screen());
    // Not for ever: on another row it goes with the next reading.
    session.press("j");
    session.tell(Msg::Notice(Notice::Changed));
    let states = session.app.refunds.rows.iter();
    assert_eq!(
        states
            .filter(|row| row.refund.state == State::Succeeded)
            .count(),
        0
    );
}

/// The balance is explained over the form and over its dialog; both go on as they were.
#[test]
fn the_balance_is_explained_while_a_refund_is_composed() {
    let mut session = session();
    composing(&mut session, "CD-000040", "12.34");
    session.press("f4");
    assert_eq!(session.app.context(), Context::Explain);
    assert!(shown(&session, "CD-000040") && shown(&session, "can refund now"));
    // No second form lies over the first.
    session.press("r");
    assert!(shown(&session, "composed already"), "{}", session.screen());
    session.press("esc");
    assert_eq!(session.app.compose().unwrap().amount.text(), "12.34");
    session.press("ctrl-s f4");
    assert_eq!(session.app.context(), Context::Explain);
    assert!(session.desk.asked_to_compose().is_empty());
    session.press("esc");
    assert_eq!(session.app.context(), Context::Confirm);
    session.press("y");
    assert_eq!(session.desk.asked_to_compose().len(), 1);
}

/// What changes meanwhile closes the dialog also where it lies below.
#[test]
fn a_dialog_below_the_balance_is_closed_by_news_of_its_payment() {
    let mut session = session();
    composing(&mut session, "CD-000040", "5");
    session.press("ctrl-s y 1 esc");
    composing(&mut session, "CD-000040", "12.34");
    session.press("ctrl-s");
    assert_eq!(session.app.context(), Context::Confirm);
    session.press("f4");
    session.desk.change(State::Failed, None);
    session.tell(Msg::Woke);
    assert_eq!(
        session.app.context(),
        Context::Compose,
        "{}",
        session.screen()
    );
    assert!(shown(&session, "look again"), "{}", session.screen());
    assert_eq!(session.desk.asked_to_compose().len(), 1);
}
