//! Finding: what the filter opens and completes, where the palette leads, every order.

use crate::domain::listing::{Direction, PaymentSort};

use super::*;

#[test]
fn the_one_payment_found_is_opened() {
    let mut session = session();
    session.press("/").type_text("CD-000002").press("enter");
    assert_eq!(session.app.context(), Context::Payment);
    session.press("esc");
    assert_eq!(session.app.context(), Context::Payments);
    session
        .press("/")
        .press("esc")
        .type_text("CD-00000")
        .press("enter");
    assert_eq!(session.app.context(), Context::Payments, "there are nine");
}

#[test]
fn a_name_is_gone_to_from_the_palette() {
    let mut session = session();
    session.press("2 :").tell(Msg::Pasted("CD-000002".into()));
    assert!(shown(&session, "enter: go to payment or refund CD-000002"));
    session.press("enter");
    assert_eq!(session.app.context(), Context::Payment);
    assert_eq!(session.app.screen, Screen::Payments);
    let id = session.app.focus_payment().unwrap();
    assert_eq!(
        session.app.payment(id).unwrap().0.reference.as_deref(),
        Some("CD-000002")
    );

    let refund = session.desk.world.lock().unwrap().refunds[3].id;
    session
        .press("1 :")
        .type_text(&refund.to_string())
        .press("enter");
    assert_eq!(session.app.context(), Context::Refund);
    assert_eq!(session.app.focus_refund().unwrap().refund.id, refund);

    // Nothing is called so: the list shows what comes near it.
    session.press(":").type_text("CD-9999 \"x").press("enter");
    assert_eq!(session.app.context(), Context::Payments);
    assert_eq!(session.app.payments.typed.text(), "\"CD-9999 x\"");
    assert_eq!(session.app.payments.filter.words, ["CD-9999 x"]);
    assert_eq!(session.app.busy(), 0);
}

#[test]
fn terms_accounts_and_states_are_completed() {
    let mut session = session();
    session.press("/").type_text("am").press("tab");
    assert_eq!(session.app.payments.typed.text(), "amount:");
    session
        .type_text(">100 acc")
        .press("tab")
        .type_text("pr")
        .press("tab");
    assert_eq!(
        session.app.payments.typed.text(),
        "amount:>100 account:prism-us"
    );
    assert_eq!(
        session.app.payments.filter.account.as_deref(),
        Some("prism-us")
    );
    // What may yet become a term empties no list.
    session.type_text(" s");
    assert!(shown(&session, "tab: settled: state:"));
    assert!(session.app.payments.filter.words.is_empty());
    session.type_text("m");
    assert_eq!(session.app.payments.filter.words, ["sm"]);
    session.press("backspace enter");
    assert_eq!(session.app.payments.filter.words, ["s"]);
}

#[test]
fn every_column_can_be_sorted_by() {
    let mut session = session();
    let mut seen = vec![session.app.payments.sort];
    for _ in 1..PaymentSort::ALL.len() {
        session.press("s");
        seen.push(session.app.payments.sort);
        let by_name = session.app.payments.sort.is_by_name();
        let upwards = session.app.payments.direction == Direction::Ascending;
        assert_eq!(by_name, upwards, "names from a to z, the largest first");
    }
    assert_eq!(seen, PaymentSort::ALL);
    session.press("<");
    assert_eq!(session.app.payments.sort, PaymentSort::Held);
    session.press("> >");
    assert_eq!(session.app.payments.sort, PaymentSort::Settled);
}
