//! The screens that are no lists: what they show is as fresh as the news, and where one is is told.

use super::*;
use crate::config::KeySetting;
use crate::tui::keymap::Keymap;

fn asked(session: &Session, wanted: impl Fn(&Request) -> bool) -> usize {
    let world = session.desk.world.lock().unwrap();
    world.asked.iter().filter(|it| wanted(it)).count()
}

fn deeds_read(session: &Session) -> usize {
    asked(session, |it| matches!(it, Request::Audit { .. }))
}

#[test]
fn whoever_looks_at_the_newest_deeds_sees_the_next_one() {
    let mut session = session();
    session.press("5");
    let lines = |session: &Session| match session.app.layers.last() {
        Some(Layer::Activity(page)) => page.rows.len(),
        _ => panic!("no records on the screen"),
    };
    let (before, shown) = (deeds_read(&session), lines(&session));
    session.desk.change(State::Failed, None);
    session.tell(Msg::Woke);
    assert_eq!(deeds_read(&session), before + 1);
    assert_eq!(lines(&session), shown, "each of them once");
    session.press("ctrl-r");
    assert_eq!(deeds_read(&session), before + 2);
    assert_eq!(lines(&session), shown);
    // Whoever types a filter, or reads further down, is left alone.
    session.press("/").type_text("by:c");
    session.desk.change(State::Failed, None);
    session.tell(Msg::Woke);
    assert_eq!(deeds_read(&session), before + 2);
}

#[test]
fn the_providers_follow_the_news_and_are_read_anew() {
    let mut session = session();
    let reads = |session: &Session| asked(session, |it| matches!(it, Request::Providers));
    session.press("6");
    let before = reads(&session);
    session.desk.change(State::Failed, None);
    session.tell(Msg::Woke);
    assert_eq!(reads(&session), before + 1);
    session.press("ctrl-r");
    assert_eq!(reads(&session), before + 2);
}

#[test]
fn the_top_line_says_which_of_the_six_it_is_by_the_keys_in_force() {
    for (key, name) in [("4", "Radar"), ("5", "Activity"), ("6", "Providers")] {
        let mut session = session();
        session.press(key);
        let top = session.screen().lines().next().unwrap().to_owned();
        assert!(top.contains(&format!("{key} {name}")), "{top}");
        let row = session.screen().contains("CD-0000");
        assert!(!row, "no list shows through:\n{}", session.screen());
        session.press("esc");
        let top = session.screen().lines().next().unwrap().to_owned();
        assert!(top.contains("1 Payments"), "{top}");
    }
    let mut session = Session::new(FakeDesk::full(900), (200, 60));
    let own = KeySetting {
        action: "screen.radar".to_owned(),
        keys: vec!["f9".to_owned()],
        line: 1,
    };
    session.app.keymap = Keymap::with(&[own]).unwrap();
    let top = session.screen().lines().next().unwrap().to_owned();
    for named in ["1 Payments", "2 Refunds", "f9 Radar", "6 Providers"] {
        assert!(top.contains(named), "{named}: {top}");
    }
}
