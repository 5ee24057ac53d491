//! Pages made of the screens' own state: sums, what was said, the records checked, a payment back
//! then; and lists narrowed down by words.

use super::*;
use crate::tui::fixture::in_currency;
use crate::tui::state::toast::{Level, Toast};

/// A list in three currencies.
fn mixed() -> Arc<FakeDesk> {
    let desk = full();
    let mut world = desk.world.lock().unwrap();
    for (at, payment) in world.payments.iter_mut().enumerate().skip(200) {
        match at % 3 {
            0 => in_currency(payment, "EUR"),
            1 => in_currency(payment, "JPY"),
            _ => {}
        }
    }
    drop(world);
    desk
}

#[test]
fn sums() {
    snap("payments_three_currencies", mixed, |_| {});
    snap("sums", mixed, |session| {
        session.press("=");
    });
    // However little room there is, what is left out is counted.
    for width in 60..200 {
        let session = Session::new(mixed(), (width, 24));
        let screen = session.screen();
        let line = screen.lines().nth(21).unwrap();
        let left_out = ["EUR", "JPY", "USD"]
            .iter()
            .filter(|it| !line.contains(**it))
            .count();
        let said = line.contains(&format!("+{left_out} more (=)"));
        assert!(said || left_out == 0, "{width}: {line}");
    }
}

#[test]
fn messages() {
    snap("messages", full, |session| {
        session.press("y");
        session.desk.world.lock().unwrap().unreachable = true;
        session.press("ctrl-r !");
    });
    // An error that is cut still says how it is read and how it goes.
    let mut session = Session::new(full(), (80, 24));
    let long = "a lost reply ".repeat(20);
    let now = session.app.now;
    session.app.toasts.push(Toast::new(Level::Error, long, now));
    let screen = session.screen();
    let line = screen.lines().nth(22).unwrap();
    assert!(line.ends_with("… · ! all of it · esc"), "{line}");
}

#[test]
fn the_records_checked() {
    snap("records_sound", full, |session| {
        session.press("5 v");
    });
    let damaged = || {
        let desk = full();
        desk.world.lock().unwrap().findings = vec![Finding::of_all(
            Flaw::Audit,
            "entry 17 is not the one that was written",
        )];
        desk
    };
    snap("records_damaged", damaged, |session| {
        session.press("esc 5 v");
    });
}

#[test]
fn a_payment_back_then() {
    snap("as_of_form", full, |session| {
        session.press("B").type_text("14nov");
    });
    snap("as_of", full, |session| {
        session.press("/").type_text("CD-000013").press("enter B");
        session.type_text("14nov").press("enter");
    });
}

#[test]
fn lists_are_narrowed_down() {
    snap("refunds_narrowed", full, |session| {
        session
            .press("2 [ /")
            .type_text("12.34 unknown")
            .press("enter");
    });
    snap("refunds_narrowing", full, |session| {
        session.press("2 [ /").type_text("cd-00001");
    });
    snap("refunds_narrowing_mistaken", full, |session| {
        session.press("2 [ /").type_text("12.34 state:unknwn");
    });
    snap("refunds_narrowing_completed", full, |session| {
        session.press("2 [ /").type_text("state:p");
    });
    snap("todo_narrowed", full, |session| {
        session
            .press("3 /")
            .type_text("nothing like it")
            .press("enter");
    });
}
