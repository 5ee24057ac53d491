//! The phone card, the trace note and Radar: keys, what is asked, what is copied.

use super::*;

fn asked(session: &Session, wanted: impl Fn(&Request) -> bool) -> usize {
    let world = session.desk.world.lock().unwrap();
    world.asked.iter().filter(|it| wanted(it)).count()
}

#[test]
fn p_opens_the_card_of_a_call_from_every_list_and_page() {
    for keys in ["j p", "2 p", "2 enter p", "j enter p", "j e p", "3 p"] {
        let mut session = session();
        session.press(keys);
        assert_eq!(session.app.context(), Context::Phone, "{keys}");
        assert!(session.screen().contains("On the phone"), "{keys}");
        let below = session.app.layers.len() - 1;
        session.press("esc");
        assert_eq!(session.app.layers.len(), below, "{keys}");
    }
}

#[test]
fn a_card_follows_its_refunds_and_the_sentence_can_be_copied() {
    let mut session = session();
    session.press("2 p");
    let calls = |session: &Session| asked(session, |it| matches!(it, Request::Call(_)));
    let before = calls(&session);
    session.press("y");
    let said = session.copied.last().unwrap().clone();
    assert!(said.contains("12.34 USD") && said.ends_with('.'), "{said}");
    let Some(Layer::Phone(page)) = session.app.layers.last() else {
        panic!("no card");
    };
    let payment = page.payment;
    let at = {
        let world = session.desk.world.lock().unwrap();
        let of_it = |it: &crate::domain::refund::Refund| it.content.payment == payment;
        world.refunds.iter().position(of_it).unwrap()
    };
    {
        let mut world = session.desk.world.lock().unwrap();
        let last = world.refunds.len() - 1;
        world.refunds.swap(at, last);
    }
    session.desk.change(State::Failed, Some("account closed"));
    session.tell(Msg::Woke);
    assert_eq!(calls(&session), before + 1);
    assert!(
        session.screen().contains("did not go through"),
        "{}",
        session.screen()
    );
}

#[test]
fn t_copies_a_note_without_anything_of_ours() {
    let mut session = session();
    session.press("2 [ t");
    let note = session.copied.last().unwrap().clone();
    assert!(note.starts_with("Refund of 12.34 USD"), "{note}");
    assert!(!note.contains("ann") && !note.contains("hub-us"), "{note}");
    assert!(
        session.screen().contains("trace note sent"),
        "{}",
        session.screen()
    );
    session.press("1 t");
    assert_eq!(session.copied.len(), 1, "no refund, no note");
}

/// A storm of news counts once in a while, and nobody counts when it is not looked at.
#[test]
fn radar_counts_when_it_is_opened_and_when_asked() {
    let mut session = session();
    let counts = |session: &Session| asked(session, |it| matches!(it, Request::Radar));
    session.desk.change(State::Failed, None);
    session.tell(Msg::Woke);
    assert_eq!(counts(&session), 0);
    session.press("4");
    assert_eq!(counts(&session), 1);
    for _ in 0..20 {
        session.desk.change(State::Failed, None);
        session.tell(Msg::Woke);
    }
    assert_eq!(counts(&session), 1, "it was counted just now");
    session.app.now += chrono::TimeDelta::seconds(6);
    session.desk.change(State::Failed, None);
    session.tell(Msg::Woke);
    assert_eq!(counts(&session), 2);
    session.press("ctrl-r");
    assert_eq!(counts(&session), 3);
    assert_eq!(session.app.next_wake(), None, "nothing ticks");
}
