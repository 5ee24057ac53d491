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
    let mut session = Session::new(FakeDesk::full(900), (60, 12));
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
    // Whoever reads further down has no lines moved, but asked for, the newest are at the top.
    session.press("j");
    assert_eq!(scroll(&session), 1);
    session.desk.change(State::Failed, None);
    session.tell(Msg::Woke);
    session.tell(Msg::Notice(Notice::Changed));
    assert_eq!((deeds_read(&session), scroll(&session)), (before + 2, 1));
    session.press("ctrl-r");
    assert_eq!((deeds_read(&session), scroll(&session)), (before + 3, 0));
    // Whoever types a filter is left alone.
    session.press("/").type_text("by:c");
    session.desk.change(State::Failed, None);
    session.tell(Msg::Woke);
    assert_eq!(deeds_read(&session), before + 3);
}

fn scroll(session: &Session) -> usize {
    match session.app.layers.last() {
        Some(Layer::Activity(page)) => page.scroll,
        _ => panic!("no records on the screen"),
    }
}

/// Fewer or wider lines than were scrolled over are no empty screen.
#[test]
fn a_page_that_became_shorter_shows_its_end() {
    let mut session = Session::new(FakeDesk::full(900), (40, 12));
    session.press("5 G");
    session.tell(Msg::Resized(200, 60));
    assert!(shown(&session, "that is all"), "{}", session.screen());
    assert!(shown(&session, "made a refund"), "{}", session.screen());
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

/// Over a decision half written the balance is looked at, and nothing else is begun.
#[test]
fn whoever_looks_at_the_balance_while_deciding_comes_back_to_the_decision() {
    let mut session = session();
    session.press("2 ] o");
    assert_eq!(
        session.app.context(),
        Context::Decide,
        "{}",
        session.screen()
    );
    session.press("right f4");
    assert_eq!(session.app.context(), Context::Explain);
    for key in ["r", "n", "B", "p", "O"] {
        session.press(key);
        assert_eq!(session.app.context(), Context::Explain, "{key}");
        assert!(shown(&session, "go back to what you were deciding first"));
    }
    session.press("esc");
    assert_eq!(session.app.context(), Context::Decide);
}
