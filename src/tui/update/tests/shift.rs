//! Notes, owners, what is snoozed: keys, what is asked, where they stand.

use crate::desk::face::ViewsAsk;
use crate::domain::view::Column;

use super::*;

#[test]
fn n_writes_a_note_on_what_is_looked_at_and_asks_no_second_time() {
    for (keys, on_refund) in [
        ("n", false),
        ("2 n", true),
        ("3 n", true),
        ("enter n", false),
    ] {
        let mut session = session();
        session.press(keys).press("enter");
        assert!(session.screen().contains("write the note first"), "{keys}");
        session.type_text("called twice").press("enter");
        let notes = session.desk.world.lock().unwrap().notes.clone();
        assert!(!notes.is_empty(), "{keys}: {}", session.screen());
        assert_eq!(notes[0].text.as_deref(), Some("called twice"), "{keys}");
        assert_eq!(notes[0].refund.is_some(), on_refund, "{keys}");
        assert_eq!(session.app.decision().map(|form| form.about), None);
        assert!(session.screen().contains("the note is written"), "{keys}");
    }
}

#[test]
fn what_was_typed_of_a_note_is_not_dropped_by_one_key() {
    let mut session = session();
    session.press("n").type_text("half a").press("esc");
    assert!(session.screen().contains("Drop what was typed?"));
    session.desk.world.lock().unwrap().read_only = true;
    session.tell(Msg::Opened);
    session.press("y n");
    assert!(
        session.screen().contains("read-only"),
        "{}",
        session.screen()
    );
    assert!(session.app.decision().is_none());
}

fn tended(session: &Session) -> Vec<Request> {
    let world = session.desk.world.lock().unwrap();
    let asked = world.asked.iter();
    asked
        .filter(|it| matches!(it, Request::Tend(_)))
        .cloned()
        .collect()
}

#[test]
fn what_is_snoozed_leaves_the_list_is_counted_and_can_be_shown() {
    let mut session = session();
    session.press("3");
    let before = session.app.todo.listed().count();
    session
        .press("z")
        .press("enter")
        .type_text("asked them")
        .press("enter");
    assert_eq!(tended(&session).len(), 1);
    assert_eq!(session.app.todo.listed().count(), before - 1);
    assert!(
        session.screen().contains("1 snoozed (Z)"),
        "{}",
        session.screen()
    );
    // It comes back by itself: that wakes the screen.
    let until = session
        .app
        .todo
        .items
        .iter()
        .find_map(|it| it.aside.clone())
        .unwrap()
        .until;
    assert!(!session.app.todo.is_old(session.app.now));
    assert!(session.app.todo.is_old(until));
    session.press("Z");
    assert_eq!(session.app.todo.listed().count(), before);
    let at = session
        .app
        .todo
        .listed()
        .position(|it| it.aside.is_some())
        .unwrap();
    for _ in 0..before {
        session.press("k");
    }
    for _ in 0..at {
        session.press("j");
    }
    session.press("z");
    assert_eq!(session.app.todo.aside(), 0, "one key takes it back");
}

#[test]
fn a_time_that_cannot_be_read_is_said_and_nothing_is_lost() {
    let mut session = session();
    session
        .press("3 z")
        .type_text(" or so")
        .press("enter")
        .type_text("why")
        .press("enter");
    assert!(
        session.screen().contains("that is no time"),
        "{}",
        session.screen()
    );
    assert_eq!(tended(&session), []);
    assert!(session.app.decision().is_some());
}

#[test]
fn m_takes_and_w_gives_and_what_is_mine_stands_on_mine() {
    let mut session = session();
    session.press("3 tab tab");
    let item = session.app.todo.item().unwrap().subject();
    session.press("m");
    assert!(
        session.screen().contains("it is yours"),
        "{}",
        session.screen()
    );
    session.press("tab tab");
    assert_eq!(session.app.todo.tab(), crate::domain::todo::Tab::Mine);
    assert!(session.app.todo.listed().any(|it| it.subject() == item));
    session.press("tab tab w").type_text("ben").press("enter");
    assert_eq!(session.app.todo.item().unwrap().owner(), Some("ben"));
    assert!(!session.app.todo.items.iter().any(|it| it.is_own));
}

#[test]
fn the_handover_and_an_order_open_by_key_follow_what_changes_and_are_copied() {
    let mut session = session();
    session.press("H");
    assert_eq!(session.app.context(), Context::Sheet);
    assert!(
        session.screen().contains("UNKNOWN, may have been paid"),
        "{}",
        session.screen()
    );
    session.press("y");
    let page = session.copied.last().unwrap().clone();
    assert!(
        page.starts_with("Handover, ") && page.contains("\nSnoozed\n"),
        "{page}"
    );
    for keys in ["1 j O", "2 O", "3 O", "1 j enter O"] {
        session.press(keys);
        assert_eq!(session.app.context(), Context::Sheet, "{keys}");
        assert!(
            session.screen().contains("Order ORD-"),
            "{keys}: {}",
            session.screen()
        );
    }
    let asked = |session: &Session| {
        let world = session.desk.world.lock().unwrap();
        let asked = world.asked.iter();
        asked.filter(|it| matches!(it, Request::Order(_))).count()
    };
    let before = asked(&session);
    session.desk.change(State::Failed, None);
    session.tell(Msg::Woke);
    assert!(asked(&session) > before, "a page that is open follows");
    session.press("esc esc");
    session.desk.world.lock().unwrap().unreachable = true;
    session.press("H");
    assert!(
        session.screen().contains("cannot be read"),
        "{}",
        session.screen()
    );
}

fn asked_of_views(session: &Session) -> Vec<ViewsAsk> {
    let world = session.desk.world.lock().unwrap();
    let asked = world.asked.iter().filter_map(|it| match it {
        Request::Views(ask) if *ask != ViewsAsk::Show => Some(ask.clone()),
        _ => None,
    });
    asked.collect()
}

#[test]
fn columns_are_chosen_moved_and_kept() {
    let mut session = session();
    assert!(session.screen().contains("payer"));
    // The third is who paid: hidden; then the reference goes first.
    session.press("C j j space");
    session.press("k K q");
    let head = session.screen().lines().nth(2).unwrap().to_owned();
    assert!(head.trim_start().starts_with("reference"), "{head}");
    assert!(!head.contains("payer"), "{head}");
    let kept = asked_of_views(&session);
    let Some(ViewsAsk::Columns(columns)) = kept.last() else {
        panic!("{kept:?}");
    };
    assert_eq!(columns[..2], [Column::Reference, Column::Settled]);
    // Whoever comes back finds them so.
    session.tell(Msg::Opened);
    assert_eq!(session.app.payments.columns, *columns);
    session.press("C 0 q");
    assert_eq!(session.app.payments.columns, []);
}

#[test]
fn a_view_is_saved_used_renamed_and_deleted() {
    let mut session = session();
    session.press("/").type_text("amount:>100").press("enter s");
    session.press("V s").press("enter");
    assert!(session.screen().contains("type a name first"));
    session.type_text("big ones").press("enter");
    let saved = session.app.views.saved.clone();
    assert_eq!(
        (saved[0].name.as_str(), saved[0].filter.as_str()),
        ("big ones", "amount:>100")
    );
    session.press("q esc");
    assert!(session.app.payments.filter.is_empty());
    session.press("V enter");
    assert_eq!(session.app.payments.typed.text(), "amount:>100");
    assert_eq!(session.app.payments.sort, saved[0].sort);
    assert!(session.screen().contains("view: big ones"));
    session.press("V r").type_text("!").press("enter");
    assert_eq!(session.app.views.saved[0].name, "big ones!");
    session.press("d");
    assert!(session.app.views.saved.is_empty());
    session.press("U");
    assert_eq!(session.app.views.saved[0].name, "big ones!");
    assert_eq!(session.app.views.saved[0].filter, "amount:>100");
    session.press("d");
    assert!(session.app.views.saved.is_empty());
    session.press("enter");
    assert!(session.screen().contains("there is no saved view yet"));
}
