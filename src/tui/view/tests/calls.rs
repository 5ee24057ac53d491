//! The card of a call, and Radar.

use super::*;

/// What is said to a payer: of a payment with a refund, with trouble, and of one that is not there.
#[test]
fn on_the_phone() {
    snap("phone", full, |session| {
        session.press("2 [ j j j p");
    });
    snap("phone_troubled", troubled, |session| {
        session
            .press("/")
            .type_text("TROUBLED")
            .press("enter enter p");
    });
    snap("phone_revealed", full, |session| {
        session.press("2 p v");
    });
    snap("phone_error", full, |session| {
        session.press("j");
        session.desk.world.lock().unwrap().unreachable = true;
        session.press("p");
    });
}

#[test]
fn radar() {
    snap("radar", full, |session| {
        session.press("4");
    });
    snap("radar_end", full, |session| {
        session.press("4 G");
    });
    snap("radar_empty", empty, |session| {
        session.press("4");
    });
    snap("radar_error", full, |session| {
        session.desk.world.lock().unwrap().unreachable = true;
        session.press("4");
    });
}

/// Without colour, frames or anything but ASCII, the parts of a bar are told apart.
#[test]
fn radar_is_readable_in_ascii_without_colour() {
    let mut session = Session::new(full(), (120, 60));
    session.app.theme = Theme::new(Looks::Auto, Depth::None);
    session.app.plain = true;
    session.app.caps.unicode = false;
    session.press("4");
    let screen = session.screen();
    for part in [
        "#",
        ":",
        "x",
        "UNKN",
        "slower than its own past",
        "Goods returned",
    ] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    assert!(
        !screen.contains('?') || screen.contains("? help"),
        "{screen}"
    );
    assert!(screen.is_ascii(), "{screen}");
}
