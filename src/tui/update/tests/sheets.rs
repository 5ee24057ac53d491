//! Pages over the screen, and what was said.

use super::*;
use crate::tui::state::sheet::About;
use crate::tui::state::toast::MOST_KEPT;

fn sheet(session: &Session) -> Option<About> {
    match session.app.layers.last() {
        Some(Layer::Sheet(page)) => Some(page.about),
        _ => None,
    }
}

/// A dialog hides an error that was said before: the key answers the dialog.
#[test]
fn the_dialog_on_top_is_what_esc_and_enter_cancel() {
    for key in ["esc", "enter"] {
        let mut session = session();
        composing(&mut session, "CD-000040", "12.34");
        session.press("ctrl-s");
        let error = Toast::new(Level::Error, "an old error".into(), session.app.now);
        session.app.toasts.push(error);
        session.press(key);
        assert_eq!(session.app.context(), Context::Compose, "{key}");
        assert!(shown(&session, "an old error"));
        session.press("esc");
        assert_eq!(session.app.context(), Context::Compose);
        assert!(!shown(&session, "an old error"));
    }
}

#[test]
fn what_was_said_is_kept_in_full_and_not_without_end() {
    let mut session = session();
    for _ in 0..MOST_KEPT {
        session.press("M");
    }
    session.desk.world.lock().unwrap().unreachable = true;
    session.press("ctrl-r");
    assert_eq!(session.app.said.newest_first().count(), MOST_KEPT);
    session.press("! !");
    assert_eq!(sheet(&session), Some(About::Messages));
    let screen = session.screen();
    let error = screen.find("error: the database cannot be read").unwrap();
    let before = screen.find("the mouse").unwrap();
    assert!(error < before, "newest first");
    session.press("y");
    assert!(session.copied[0].contains("the database cannot be read: disk I/O error"));
    session.press("esc esc");
    assert_eq!(
        session.app.context(),
        Context::Payments,
        "one page, however often asked"
    );
}

/// A balance is explained wherever a payment is looked at.
#[test]
fn the_balance_is_explained_from_every_page_of_a_payment() {
    for keys in ["p", "O", "enter", "2", "r tab g esc D"] {
        let mut session = session();
        session.press("j j j").press(keys);
        let id = session.app.focus_payment();
        session.press("e");
        assert_eq!(session.app.context(), Context::Explain, "{keys}");
        assert_eq!(session.app.focus_payment(), id, "{keys}");
    }
}

#[test]
fn a_day_is_asked_for_and_the_payment_shown_as_of_its_end() {
    let mut session = session();
    session
        .press("j j B")
        .type_text("14 nowhere")
        .press("enter");
    assert_eq!(session.app.context(), Context::Decide);
    assert!(shown(&session, "write 2026-11-14 or 14nov"));
    session.press("ctrl-u").type_text("14nov").press("enter");
    assert!(matches!(sheet(&session), Some(About::AsOf(..))));
    let world = session.desk.world.lock().unwrap();
    let asked = world.asked.iter().find_map(|request| match request {
        Request::PaymentAsOf { at, .. } => Some(at.to_rfc3339()),
        _ => None,
    });
    assert_eq!(asked.as_deref(), Some("2026-11-14T23:59:59.999+00:00"));
}
