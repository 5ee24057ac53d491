//! Finding: what the filter opens and completes, where the palette leads, every order.

use crate::domain::listing::PaymentSort;
use crate::tui::state::refunds::{Row, Sort};

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
        let payments = &session.app.payments;
        assert_eq!(payments.direction, payments.sort.usual());
    }
    assert_eq!(seen, PaymentSort::ALL);
    session.press("<");
    assert_eq!(session.app.payments.sort, PaymentSort::Until);
    assert!(shown(&session, "by until, soonest first"));
    session.press("> >");
    assert_eq!(session.app.payments.sort, PaymentSort::Settled);
}

/// All refunds are known: each column sorts them, and what a column does not have comes last.
#[test]
fn refunds_are_sorted_by_their_columns() {
    let mut session = session();
    session.press("2 [");
    let listed =
        |session: &Session| -> Vec<Row> { session.app.refunds.listed_from(0).cloned().collect() };
    let newest_first = listed(&session);
    for (by, sort) in Sort::ALL.into_iter().enumerate().skip(1) {
        session.press("s");
        let refunds = &session.app.refunds;
        assert_eq!((refunds.sort, refunds.cursor()), (sort, Some(0)), "{by}");
        let there = listed(&session);
        assert_eq!(there.len(), newest_first.len());
        let ordered = |rows: &[Row], direction| {
            rows.is_sorted_by(|one, other| sort.compare(direction, one, other).is_lt())
        };
        assert!(ordered(&there, refunds.direction), "{sort:?}");
        assert!(session.screen().contains(['↑', '↓']), "{sort:?}");
        session.press("S");
        let direction = session.app.refunds.direction;
        assert_eq!(direction, sort.usual().turned());
        assert!(ordered(&listed(&session), direction), "{sort:?}");
        session.press("S");
    }
    let worst = |session: &Session| listed(session)[0].refund.state;
    session.press("s s s s s");
    assert_eq!(
        (session.app.refunds.sort, worst(&session)),
        (Sort::State, State::Unknown)
    );
    // What is not looked at again soon is at the end, whichever way round.
    session.press("s");
    for _ in 0..2 {
        let last = listed(&session).pop().unwrap();
        assert_eq!(last.refund.next_look(), None);
        session.press("S");
    }
    session.press("s s");
    assert_eq!(listed(&session), newest_first);
    // News does not move the rows under the hand, and a filter keeps the order.
    session.press("s s s /").type_text("hub-us").press("enter");
    let amounts = listed(&session);
    let amounts = amounts.iter().map(|row| row.refund.content.amount.minor);
    assert!(amounts.is_sorted_by(|one, other| one >= other));
}

#[test]
fn an_account_that_there_is_not_is_no_empty_list() {
    let mut session = session();
    session.press("/").type_text("CD-00 account:hub-uk");
    let error = session.app.payments.error.clone().unwrap();
    assert_eq!((error.at, error.wrong.as_str()), (14, "hub-uk"));
    assert!(shown(
        &session,
        "\"hub-uk\" is no account here; write account:hub-us"
    ));
    let words = &session.app.payments.filter.words;
    assert_eq!(*words, ["CD-00"], "the last good one stays");
    session.press("backspace").type_text("s");
    assert_eq!(session.app.payments.error, None);
    // One that left the configuration is still known by its payments.
    session
        .press("esc")
        .type_text("account:hub-old")
        .press("enter");
    assert_eq!(
        session.app.payments.filter.account.as_deref(),
        Some("hub-old")
    );
}

/// On lists of which every row is known, words leave rows out as they are typed, and esc brings them
/// back step by step.
#[test]
fn refunds_and_what_waits_are_narrowed_by_words() {
    let mut session = session();
    session.press("2 [");
    let all = session.app.refunds.count();
    let one = session.desk.world.lock().unwrap().refunds[5].clone();
    let amount = one.content.amount.decimal();
    for word in [
        &one.id.to_string(),
        one.provider_refund_id.as_ref().unwrap(),
    ] {
        session.press("/").type_text(word);
        assert_eq!(session.app.refunds.count(), 1, "{word}");
        assert_eq!(session.app.focus_refund().unwrap().refund.id, one.id);
        session.press("tab enter");
        assert_eq!(session.app.context(), Context::Refunds);
        session.press("esc");
        assert_eq!(session.app.refunds.count(), all);
    }
    // As the screen says it, and as `state:` says it.
    let state = one.state.name().replace('_', " ");
    session.press("/");
    for said in [one.state.words(), &state] {
        session
            .press("ctrl-u")
            .type_text(&format!("{amount} {said} HUB-us"));
        assert_eq!(session.app.refunds.count(), 1, "{said}");
    }
    // What is looked at stays, and what comes is looked at, too.
    session.desk.change(State::Failed, None);
    assert_eq!(session.app.refunds.count(), 1);
    session.press("esc");
    assert_eq!(
        (session.app.context(), session.app.refunds.count()),
        (Context::Filter, all)
    );
    session.press("esc");
    assert_eq!(session.app.context(), Context::Refunds);
    assert!(session.app.payments.typed.is_empty());

    session.press("3 tab tab");
    let all = session.app.todo.listed().count();
    let item = session.app.todo.listed().last().unwrap().clone();
    session
        .press("/")
        .type_text(item.reference().unwrap())
        .press("enter");
    assert!(session.app.todo.listed().count() < all);
    assert!(
        session.app.todo.item().is_some(),
        "the cursor is on what is left"
    );
    session.press("esc");
    assert_eq!(session.app.todo.listed().count(), all);
}

#[test]
fn whoever_did_something_is_completed() {
    let mut session = session();
    session.press("5 /").type_text("by:c");
    assert!(shown(&session, "tab: cora"), "{}", session.screen());
    session.press("tab enter");
    let Some(Layer::Activity(page)) = session.app.layers.last() else {
        panic!("the records are on the screen");
    };
    assert_eq!(page.filter.actor.as_deref(), Some("cora"));
    assert!(session.app.payments.typed.is_empty());
}

/// The terms that a refund has narrow the refunds down, and what waits; one it has not is no word.
#[test]
fn refunds_are_narrowed_down_by_terms() {
    let mut session = session();
    session.press("2 tab tab tab");
    let all = session.app.refunds.count();
    session.press("/").type_text("state:pend");
    assert_eq!(session.app.refunds.count(), all);
    session.press("tab");
    assert_eq!(session.app.refunds.narrow.typed.text(), "state:pending");
    let states = |session: &Session| {
        let listed = session.app.refunds.listed_from(0);
        listed.map(|row| row.refund.state).collect::<Vec<_>>()
    };
    let pending = states(&session);
    assert!(!pending.is_empty() && pending.len() < all);
    assert!(pending.iter().all(|state| *state == State::Pending));
    // What cannot be read changes nothing and is not accepted, nor does half a term.
    session.type_text(" amou");
    assert_eq!(states(&session), pending);
    session.type_text("nt:>0x").press("enter");
    assert!(shown(&session, "is not an amount"), "{}", session.screen());
    assert_eq!(session.app.context(), Context::Filter);
    assert_eq!(states(&session), pending);
    session.press("esc 3 /").type_text("account:nobody");
    assert!(shown(&session, "has these words"), "{}", session.screen());
}
