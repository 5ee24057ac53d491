//! Marks, the form for all of them, verdicts, the second step, and one refund after the other.

use super::*;
use crate::desk::face::Draft;
use crate::tui::state::bulk::Outcome;
use crate::tui::state::marks::MOST_MARKS;

fn marked(session: &Session) -> usize {
    session.app.payments.marks.count()
}

fn outcomes(session: &Session) -> Vec<Outcome> {
    let bulk = session.app.bulk().expect("a bulk refund is open");
    bulk.run.clone().expect("it was begun").outcomes
}

/// Three payments that can be refunded and one that cannot, marked; the form filled in.
fn filled(session: &mut Session, amount: &str) {
    session.press("/").type_text("CD-00004").press("enter g g");
    session.press("space space space");
    assert_eq!(session.app.context(), Context::Payments);
    session.press("r");
    assert_eq!(session.app.context(), Context::Bulk);
    session
        .press("ctrl-u")
        .type_text(amount)
        .press("tab")
        .type_text("g");
}

#[test]
fn marks_stay_with_their_payment_however_the_list_is_shown() {
    let mut session = session();
    session.press("j j space space");
    let ids = session.app.payments.marks.ids();
    assert_eq!(ids.len(), 2);
    session.press("s G g g S");
    session.press("/").type_text("CD-00008").press("enter");
    assert_eq!(session.app.payments.marks.ids(), ids);
    assert!(shown(&session, "2 marked"), "{}", session.screen());
    // Back takes the marks first, then the filter.
    session.press("esc");
    assert_eq!(marked(&session), 0);
    assert!(!session.app.payments.filter.is_empty());
    // One key too many loses nothing.
    assert!(shown(&session, "2 marks taken away; U undoes that"));
    session.press("U");
    assert_eq!(session.app.payments.marks.ids(), ids);
    session.press("U");
    assert!(shown(&session, "nothing was dropped here"));
    // What was marked since stays marked.
    session.press("esc esc esc j j j j j space");
    let since = session.app.payments.marks.ids();
    session.press("U");
    assert_eq!(session.app.payments.marks.ids().len(), ids.len() + 1);
    assert!(session.app.payments.marks.contains(since[0]));
    session.press("esc U");
    session.press("/").type_text("CD-00008").press("enter");
    session.press("esc esc");
    assert!(session.app.payments.filter.is_empty());
}

#[test]
fn a_range_goes_from_the_row_marked_last_and_a_mark_can_be_taken_away() {
    let mut session = session();
    session.press("v");
    assert!(shown(&session, "a range begins at a marked row"));
    session.press("j space j j j v");
    assert_eq!(marked(&session), 5);
    session.press("k space");
    assert_eq!(marked(&session), 4);
}

#[test]
fn all_that_the_filter_shows_is_marked_and_no_more_than_can_be_looked_through() {
    let mut session = session();
    session.press("/").type_text("CD-00001").press("enter *");
    let all = session.app.payments.totals.clone().map(|it| it.count);
    assert_eq!(Some(marked(&session) as u64), all);
    session.press("esc esc *");
    assert_eq!(marked(&session), MOST_MARKS);
    assert!(shown(&session, "there are others"), "{}", session.screen());
}

#[test]
fn each_marked_payment_is_refunded_once_after_the_second_step() {
    let mut session = session();
    filled(&mut session, "10%");
    session.press("ctrl-s");
    assert_eq!(session.app.context(), Context::Verdicts);
    assert!(session.desk.asked_to_compose().is_empty());
    session.press("ctrl-s");
    assert_eq!(session.app.context(), Context::Confirm);
    assert!(session.desk.asked_to_compose().is_empty());
    session.press("y");
    let made: Vec<Draft> = session.desk.asked_to_compose();
    assert_eq!(made.len(), 3);
    assert!(
        made.iter()
            .all(|draft| draft.delay && draft.planned.is_some())
    );
    let mut keys: Vec<_> = made.iter().filter_map(|draft| draft.key.clone()).collect();
    keys.dedup();
    assert_eq!(keys.len(), 3, "each has a key of its own");
    let outcomes = outcomes(&session);
    assert!(outcomes.iter().all(|it| matches!(it, Outcome::Made(_))));
    assert_eq!(marked(&session), 0);
    session.press("ctrl-s");
    assert_eq!(session.desk.asked_to_compose().len(), 3, "it is done");
    // Each can still be withdrawn, there.
    session.press("esc");
    assert_eq!(session.app.context(), Context::Refunds);
}

#[test]
fn cancel_is_the_default_and_back_leads_to_the_form() {
    for key in ["enter", "esc"] {
        let mut session = session();
        filled(&mut session, "1");
        session.press("ctrl-s ctrl-s").press(key);
        assert_eq!(session.app.context(), Context::Verdicts);
        session.press("esc");
        assert_eq!(session.app.context(), Context::Bulk);
        session.press("esc");
        assert_eq!(
            (session.app.context(), marked(&session)),
            (Context::Payments, 3)
        );
        assert!(session.desk.asked_to_compose().is_empty());
    }
}

#[test]
fn the_total_of_many_is_typed() {
    let mut session = session();
    session.press("/").type_text("CD-0002").press("enter *");
    let count = marked(&session);
    assert!(count > 10, "{count}");
    session
        .press("r ctrl-u")
        .type_text("1")
        .press("tab")
        .type_text("g");
    session.press("ctrl-s ctrl-s y");
    assert!(session.desk.asked_to_compose().is_empty());
    let expected = session.app.confirm().and_then(|it| it.expected.clone());
    let total = expected.expect("the total is asked for");
    session.type_text(&total).press("y");
    let going = session.desk.asked_to_compose().len();
    assert_eq!(total, format!("{going}.00"));
}

#[test]
fn what_cannot_go_is_left_out_and_said() {
    let mut session = session();
    // The second payment went back whole, the fifth is disputed, the sixth has not settled.
    session
        .press("/")
        .type_text("CD-00000")
        .press("enter * r ctrl-u");
    session
        .type_text("1")
        .press("tab")
        .type_text("g")
        .press("ctrl-s");
    let bulk = session.app.bulk().expect("a bulk refund is open");
    let plan = &bulk.plan.as_ref().expect("it was judged").plan;
    assert!(plan.refused() >= 3, "{plan:?}");
    let going = plan.going();
    assert!(shown(&session, "are left out"), "{}", session.screen());
    session.press("ctrl-s");
    let total = session.app.confirm().and_then(|it| it.expected.clone());
    if let Some(total) = total {
        session.type_text(&total);
    }
    session.press("y");
    assert_eq!(session.desk.asked_to_compose().len(), going);
}

#[test]
fn nothing_is_planned_without_amount_and_reason_nor_on_a_read_only_desk() {
    let mut session = session();
    session.press("space r ctrl-s");
    assert_eq!(session.app.context(), Context::Bulk);
    assert!(shown(&session, "choose a reason first"));
    let desk = FakeDesk::full(900);
    desk.world.lock().unwrap().read_only = true;
    let mut session = Session::new(desk, (80, 24));
    session.press("space r");
    assert_eq!(session.app.context(), Context::Payments);
}

#[test]
fn it_breaks_off_where_the_desk_fails_and_goes_on_without_making_one_twice() {
    let mut session = session();
    filled(&mut session, "10%");
    session.press("ctrl-s ctrl-s");
    session.desk.world.lock().unwrap().breaks_at = Some(2);
    session.press("y");
    assert_eq!(outcomes(&session).len(), 1);
    assert!(shown(&session, "it stopped here"), "{}", session.screen());
    assert_eq!(session.app.context(), Context::Verdicts);
    session.press("ctrl-s");
    assert_eq!(outcomes(&session).len(), 3);
    let drafts = session.desk.asked_to_compose();
    let keys: Vec<_> = drafts.iter().filter_map(|it| it.key.clone()).collect();
    assert_eq!(keys.len(), 4);
    assert_eq!(keys[1], keys[2], "the same again, under the same key");
}

/// The cursor of the verdicts is on a payment, and its balance can be explained.
#[test]
fn a_verdict_has_its_balance_explained() {
    let mut session = session();
    filled(&mut session, "10%");
    session.press("ctrl-s j");
    let second = session.app.bulk().unwrap().payments[1];
    assert_eq!(session.app.focus_payment(), Some(second));
    session.press("e");
    assert_eq!(session.app.context(), Context::Explain);
    session.press("esc G");
    let last = *session.app.bulk().unwrap().payments.last().unwrap();
    assert_eq!(session.app.focus_payment(), Some(last));
    session.tell(Msg::Resized(80, 14));
    session.press("G g g G");
    let line = session
        .screen()
        .lines()
        .find(|line| line.contains('▸'))
        .map(str::to_owned);
    assert!(
        line.is_some(),
        "the row is on the screen: {}",
        session.screen()
    );
}
