//! What is typed in Compose survives the line it was typed over.

use std::process::Command;

use super::refundable;
use super::screen::{Size, Terminal};
use super::{NARROW, compose};

fn again(folder: &std::path::Path, size: Size) -> Terminal {
    let desk = Terminal::start(size, &["demo", "--data-dir", folder.to_str().unwrap()]);
    desk.wait_for("2 000");
    desk
}

#[test]
fn a_draft_survives_a_dropped_line_and_is_gone_on_with() {
    let (folder, mut desk) = refundable(NARROW);
    compose(&mut desk);
    desk.signal("HUP");
    desk.assert_left_clean();
    let mut desk = again(folder.path(), NARROW);
    desk.keys("D");
    desk.wait_for("nothing is held");
    desk.wait_for("2.50");
    desk.keys("\r");
    desk.wait_for("resumed");
    desk.wait_for("= 2.50 USD");
    desk.keys("\x1b");
    desk.wait_until("the form to close", |screen| {
        !screen.text().contains("Compose a refund")
    });
    desk.keys("\x03");
    desk.assert_left_clean();
    let config = folder.path().join("config.toml");
    let listed = Command::new(env!("CARGO_BIN_EXE_refund-desk"))
        .args(["drafts", "--json", "--data-dir"])
        .arg(folder.path())
        .arg("--config")
        .arg(config)
        .output()
        .unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains(r#""amount":"2.50""#), "{text}");
}
