//! The palette on every screen, and the pane beside the list.

use super::*;

/// The palette is left, whatever runs: no action leads nowhere from there.
#[test]
fn every_command_of_the_palette_runs_on_every_screen() {
    let rooms = ["1", "2", "3", "5", "6", "enter", "e", "r"];
    for spec in ACTIONS.iter().filter(|spec| spec.flags.palette) {
        for room in rooms {
            let mut session = session();
            session.press(room);
            let context = session.app.context();
            let opens = session.app.keymap.keys_of(Action::Palette, context);
            if !spec.is_in(context) || opens.is_empty() {
                continue;
            }
            session.press(&opens[0]).type_text(spec.id);
            let palette = match session.app.layers.last() {
                Some(Layer::Palette(palette)) => palette,
                other => panic!("{other:?}"),
            };
            let found = palette.found(context, &[]);
            assert_eq!(found[0].action, spec.action, "{} in {context:?}", spec.id);
            session.press("enter");
            assert_ne!(session.app.context(), Context::Palette, "{}", spec.id);
            assert_eq!(session.app.recent, [spec.action]);
        }
    }
}

/// At 120 columns a single step shows its payment beside the list at once; while the hand goes on, or
/// the list scrolls under it, nothing is shown there until it rests.
#[test]
fn the_pane_waits_until_the_hand_rests() {
    let mut session = Session::new(FakeDesk::full(900), (120, 40));
    let rest = |session: &mut Session| {
        let wake = session.app.next_wake();
        assert_eq!(wake, Some(std::time::Duration::from_millis(200)));
        session.app.now += chrono::TimeDelta::milliseconds(200);
        session.tell(Msg::Woke);
        assert!(shown(session, "Balance"));
        assert_eq!(session.app.next_wake(), None);
    };
    assert!(shown(&session, "Balance"));
    session.hurry("j");
    assert!(shown(&session, "Balance"));
    session.hurry("j");
    assert!(!shown(&session, "Balance"));
    rest(&mut session);
    // As slow as that, each step is a single one.
    session.hurry("j");
    assert!(shown(&session, "Balance"));
    session.hurry(&["j"; 30].join(" "));
    assert_eq!(session.app.payments.top, 0);
    rest(&mut session);
    session.hurry("j");
    assert_eq!(session.app.payments.top, 1);
    assert!(!shown(&session, "Balance"));
    rest(&mut session);
    session.hurry("pgdn");
    assert!(!shown(&session, "Balance"));
    rest(&mut session);
}

/// A reference is gone to, whatever command its letters would find.
#[test]
fn what_is_pasted_or_has_a_digit_is_gone_to() {
    let goes = |session: &mut Session, what: &str| {
        let said = format!("go to payment or refund {what}");
        assert!(shown(session, &said), "{}", session.screen());
        session.press("enter");
        session.app.context()
    };
    for room in ["1", "2", "3", "5", "6", "j"] {
        let mut session = session();
        session.press(room);
        session.tell(Msg::Pasted(" CD-000040\n".into()));
        assert_eq!(goes(&mut session, "CD-000040"), Context::Payment, "{room}");
    }
    let mut session = session();
    // Its letters are those of a command, and it has no digit.
    session.tell(Msg::Pasted("refund".into()));
    assert_eq!(goes(&mut session, "refund"), Context::Payments);
    session.press(":").type_text("500");
    assert_eq!(goes(&mut session, "500"), Context::Payments);
    assert_eq!(session.app.payments.marks.count(), 0);
    session.press(":").type_text("refund");
    assert!(!shown(&session, "go to payment"), "{}", session.screen());
}

/// A saved view is gone to by its name from wherever the payments are.
#[test]
fn saved_views_are_among_the_commands() {
    let mut session = session();
    for (filter, name) in [("amount:>100", "big ones"), ("can:>0", "42nd street")] {
        session.press("/").type_text(filter).press("enter V s");
        session.type_text(name).press("enter q esc");
    }
    let filter = |session: &Session| session.app.payments.typed.text().to_owned();
    for room in ["1", "2", "3", "4", "2 enter"] {
        session.press(room).press(":").type_text("big");
        assert!(shown(&session, "▸ view             big ones: amount:>100"));
        session.press("enter");
        assert_eq!(session.app.context(), Context::Payments, "{room}");
        assert_eq!(filter(&session), "amount:>100", "{room}");
        session.press("esc esc");
        assert_eq!(filter(&session), "", "{room}");
    }
    // A command that is called so is meant, whatever view begins so.
    session
        .press("V s")
        .type_text("refundable")
        .press("enter q");
    session.press("j :").type_text("refund").press("enter");
    assert_eq!(session.app.context(), Context::Compose);
    session.press("esc :").type_text("refunda").press("enter");
    assert!(shown(&session, "view: refundable"));
    // A digit is of a reference, unless a view is called so.
    session.press(":").type_text("42");
    assert!(shown(&session, "42nd street"), "{}", session.screen());
    session.press("enter");
    assert_eq!(filter(&session), "can:>0");
    session.press("esc esc").press(":").type_text("43");
    assert!(shown(&session, "go to payment or refund 43"));
    // In a form it would leave what is typed.
    session.press("esc");
    composing(&mut session, "CD-000040", "1");
    session.press("f2").type_text("big");
    assert!(!shown(&session, "big ones"), "{}", session.screen());
}
