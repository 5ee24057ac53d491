//! The card of a call: which entry keys are about, and what they do with it.

use chrono::TimeDelta;

use super::*;
use crate::domain::phone::What;
use crate::tui::fixture::{now, refund};
use crate::tui::state::layout;
use crate::tui::state::phone::Page;
use crate::tui::view;

/// The card of the first payment of an order of two, each with a refund.
fn card() -> Session {
    let mut session = session();
    let mut world = session.desk.world.lock().unwrap();
    let first = world.payments[30].clone();
    world.payments[31].order = first.order.clone();
    let second = world.payments[31].clone();
    let mut made = |number, payment, state, minutes| {
        let mut made = refund(number, payment, 100 + i64::from(number), state);
        made.created_at = now() - TimeDelta::minutes(minutes);
        world.refunds.push(made);
    };
    made(60, &first, State::Failed, 9);
    made(61, &second, State::Pending, 8);
    drop(world);
    session.tell(Msg::Opened);
    session
        .press("/")
        .type_text(first.reference.as_deref().unwrap())
        .press("enter enter p");
    session
}

fn page(session: &Session) -> &Page {
    session.app.call().expect("no card of a call")
}

#[test]
fn what_was_asked_about_is_chosen_first_whatever_is_newer() {
    let session = card();
    let page = page(&session);
    let newest = &page.call.as_ref().unwrap().entries[0];
    assert_ne!(newest.payment, page.payment, "another's refund is newer");
    assert_eq!(page.chosen_payment(), page.payment);
    assert!(matches!(page.chosen().unwrap().what, What::Refund { .. }));
    assert_eq!(session.app.focus_payment(), Some(page.payment));
}

#[test]
fn keys_are_about_the_chosen_entry() {
    let mut session = card();
    let asked = page(&session).payment;
    let chosen = page(&session).chosen_row().unwrap().refund;
    session.press("t");
    assert!(session.copied.last().unwrap().contains("1.60"), "its note");
    session.press("y");
    assert!(session.copied.last().unwrap().contains("1.60"), "its words");
    session.press("enter");
    let Some(Layer::Refund(open)) = session.app.layers.last() else {
        panic!("its page is not open");
    };
    assert_eq!(open.row.refund.id, chosen.id);
    session.press("esc k");
    let other = page(&session).chosen_payment();
    assert_ne!(other, asked);
    assert_eq!(session.app.focus_payment(), Some(other));
    session.press("y");
    assert!(session.copied.last().unwrap().contains("1.61"));
    // A refund of what the caller speaks of, and back to the card.
    session.press("r");
    assert_eq!(session.app.context(), Context::Compose);
    assert_eq!(session.app.compose().unwrap().payment.id, other);
    session.press("esc");
    assert_eq!(session.app.context(), Context::Phone);
    assert_eq!(page(&session).chosen_payment(), other);
    session.press("G");
    assert!(page(&session).chosen_row().is_none(), "it is a payment");
    let last = page(&session).chosen_payment();
    session.press("enter");
    assert!(matches!(session.app.layers.last(), Some(Layer::Payment { id, .. }) if *id == last));
}

#[test]
fn news_of_another_leaves_the_chosen_entry_chosen() {
    let mut session = card();
    session.press("G k");
    let chosen = page(&session).chosen().unwrap().clone();
    let before = page(&session).call.as_ref().unwrap().entries.len();
    {
        let mut world = session.desk.world.lock().unwrap();
        let payment = world.payments[30].clone();
        world.refunds.push(refund(62, &payment, 7, State::Pending));
    }
    session.press("ctrl-r");
    let call = page(&session).call.as_ref().unwrap();
    assert_eq!(call.entries.len(), before + 1);
    assert_eq!(page(&session).chosen(), Some(&chosen));
}

/// Small windows: each line of the card is seen on the way down and on the way up, and the chosen
/// entry is in view.
#[test]
fn every_line_is_passed_and_the_chosen_entry_is_seen() {
    for size in [(40, 10), (60, 14), (80, 24)] {
        let mut session = card();
        session.tell(Msg::Resized(size.0, size.1));
        session.press("g g");
        let limit = view::scroll_limit(&session.app);
        let height = layout::page_rows(session.app.size);
        let mut seen = 0;
        for _ in 0..200 {
            let scroll = page(&session).scroll;
            // The empty line between two entries may be.
            assert!(scroll <= seen + 1, "{size:?}: a line was passed over");
            seen = seen.max(scroll + height);
            let (first, end) = view::chosen_entry(&session.app);
            assert!(first < scroll + height && end > scroll, "{size:?}");
            session.press("j");
        }
        assert_eq!(page(&session).scroll, limit, "{size:?}");
        session.press("g g");
        assert_eq!(page(&session).scroll, 0);
    }
}
