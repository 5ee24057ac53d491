//! What a terminal can show and do, and that it is whole again whatever happens.

use std::fs;

use rstest::rstest;
use tempfile::TempDir;

use super::screen::{Size, Terminal};
use super::{NARROW, WIDE};
use crate::folder::in_memory;

/// A demo whose operator has this configuration, in this environment.
fn demo(size: Size, config: &str, environment: &[(&str, &str)]) -> (TempDir, Terminal) {
    let folder = in_memory();
    let own = folder.path().join("own.toml");
    fs::write(&own, format!("environment = \"sandbox\"\n{config}\n")).unwrap();
    let data = folder.path().join("demo");
    let arguments = [
        "demo",
        "--data-dir",
        data.to_str().unwrap(),
        "--config",
        own.to_str().unwrap(),
    ];
    let desk = Terminal::start_in(size, &arguments, environment);
    (folder, desk)
}

/// The same, once its payments are there.
fn opened(size: Size, config: &str, environment: &[(&str, &str)]) -> (TempDir, Terminal) {
    let (folder, desk) = demo(size, config, environment);
    desk.wait_for("all payments");
    desk.wait_for("2 000");
    (folder, desk)
}

#[test]
fn a_panic_leaves_the_terminal_whole_and_can_be_read() {
    let environment = [("REFUND_DESK_FAILPOINT", "screen.draw:3")];
    let (_folder, mut desk) = demo(WIDE, "", &environment);
    assert_ne!(desk.ends(), 0);
    desk.assert_whole();
    let said = desk.screen().text();
    assert!(said.contains("failpoint screen.draw"), "{said}");
    assert!(said.contains("Open the desk again"), "{said}");
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_paints_it_again() {
    let (_folder, mut desk) = opened(NARROW, "[screen]\nmouse = true", &[]);
    desk.keys("jj");
    desk.wait_for("3 of 2 000");
    let before = desk.screen().text();
    desk.keys("\x1a");
    desk.wait_until("the shell's screen", |screen| !screen.is_desk());
    desk.wait_until_whole();
    desk.signal("CONT");
    desk.wait_until("the desk's screen", |screen| {
        screen.is_desk() && screen.tells_mouse() && screen.text().contains("3 of 2 000")
    });
    assert_eq!(
        before.lines().nth(5),
        desk.screen().text().lines().nth(5),
        "painted as it was"
    );
    desk.keys("q");
    desk.assert_left_clean();
}

#[test]
fn the_size_may_change_at_any_moment() {
    let (_folder, mut desk) = opened(NARROW, "", &[]);
    for rows in [3, 50, 11, 24, 1, 60, 24] {
        desk.keys("j");
        desk.resize(Size {
            rows,
            columns: rows * 4,
        });
        desk.keys("j\x06");
    }
    desk.resize(WIDE);
    desk.wait_for("? help");
    desk.keys("gg");
    desk.wait_for("1 of 2 000");
    desk.wait_until("every line", |screen| {
        let text = screen.text();
        text.lines().filter(|line| line.contains("USD")).count() > 20
    });
    desk.keys("q");
    desk.assert_left_clean();
}

/// What comes while the desk is drawing another size is there at once when it looks again.
#[test]
fn a_key_and_a_size_that_come_together_are_both_heeded() {
    let (_folder, mut desk) = opened(NARROW, "", &[]);
    for at in 1..=40 {
        desk.resize(WIDE);
        desk.keys("j");
        desk.resize(NARROW);
        desk.keys("j");
        desk.wait_for(&format!(" {} of 2 000", 2 * at + 1));
        desk.wait_until("the footer on the last line", |screen| {
            let last = usize::from(NARROW.rows) - 1;
            let footer = screen.text();
            let footer = footer.lines().nth(last);
            footer.is_some_and(|it| it.contains("? help"))
        });
    }
    desk.keys("q");
    desk.assert_left_clean();
}

#[rstest]
#[case::no_colour(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")], "dark")]
#[case::monochrome(&[("COLORTERM", "truecolor")], "monochrome")]
#[case::vt100(&[("TERM", "vt100")], "high-contrast")]
fn without_colour_nothing_has_one(#[case] environment: &[(&str, &str)], #[case] theme: &str) {
    let (_folder, desk) = opened(WIDE, &format!("[screen]\ntheme = \"{theme}\""), environment);
    assert_eq!(desk.screen().colours(), []);
}

#[rstest]
#[case::console(&[("TERM", "linux")], "16")]
#[case::palette(&[], "256")]
#[case::full(&[("COLORTERM", "truecolor")], "256")]
fn colours_are_those_the_terminal_has(
    #[case] environment: &[(&str, &str)],
    #[case] depth: &str,
    #[values("auto", "dark", "light", "high-contrast")] theme: &str,
) {
    let (_folder, desk) = opened(WIDE, &format!("[screen]\ntheme = \"{theme}\""), environment);
    let colours = desk.screen().colours();
    assert!(!colours.is_empty());
    let fits = |it: &vt100::Color| match (depth, it) {
        ("16", vt100::Color::Idx(index)) => *index < 16,
        ("256", vt100::Color::Idx(index)) => *index >= 16,
        _ => false,
    };
    assert!(colours.iter().all(fits), "{colours:?}");
}

#[rstest]
#[case::locale("", &[("LANG", "C")])]
#[case::configured("[screen]\nascii = true", &[])]
fn without_utf_8_only_ascii_is_drawn(#[case] config: &str, #[case] environment: &[(&str, &str)]) {
    let (_folder, mut desk) = opened(WIDE, config, environment);
    desk.keys("?");
    desk.wait_for("+-");
    let shown = desk.screen().text();
    assert!(shown.is_ascii(), "{shown}");
    // An escape with a letter right after it would be alt with that letter.
    desk.keys("q");
    desk.wait_until("the list", |screen| !screen.text().contains("Help -"));
    desk.keys("q");
    desk.assert_left_clean();
}

#[test]
fn the_mouse_selects_where_it_is_wanted() {
    let (_folder, mut desk) = opened(NARROW, "", &[]);
    assert!(!desk.screen().tells_mouse());
    desk.keys("M");
    desk.wait_until("the mouse", super::screen::Screen::tells_mouse);
    // The sixth line of the screen, in the terminal's own counting from 1: the third payment.
    desk.keys("\x1b[<0;6;6M\x1b[<0;6;6m");
    desk.wait_for("3 of 2 000");
    desk.keys("\x1b[<65;6;6M");
    desk.wait_for("6 of 2 000");
    desk.keys("q");
    desk.assert_left_clean();
}

#[test]
fn keys_are_those_of_the_configuration() {
    let config = "[keys]\n\"help\" = \"f1\"\n\"move.down\" = [\"W\", \"down\"]";
    let (_folder, mut desk) = opened(NARROW, config, &[]);
    desk.wait_for("f1 help");
    desk.keys("jW");
    desk.wait_for("2 of 2 000");
    desk.keys("\x1bOP");
    desk.wait_for("Help · Payments");
    desk.keys("\x1b");
    desk.wait_until("the list", |screen| !screen.text().contains("Help ·"));
    desk.keys("q");
    desk.assert_left_clean();
}

#[test]
fn keys_that_clash_are_told_before_the_screen_is_taken() {
    let config = "[keys]\n\"copy\" = \"r\"";
    let (_folder, mut desk) = demo(NARROW, config, &[]);
    assert_ne!(desk.ends(), 0);
    let said = desk.screen().text().replace('\n', "");
    assert!(
        said.contains("line 3: keys.copy: `r` already means refund.compose"),
        "{said}"
    );
    desk.assert_whole();
}

/// Line by line: a payment is found, refunded and followed, without a byte that moves the cursor.
#[test]
fn a_screen_reader_hears_the_same_desk_line_by_line() {
    let folder = in_memory();
    let data = folder.path().to_str().unwrap();
    let mut desk = Terminal::start_in(
        WIDE,
        &["demo", "--plain", "--data-dir", data],
        &[("TERM", "dumb")],
    );
    desk.wait_for("2 000");
    desk.keys("/refundable\r");
    desk.wait_for("/ refundable");
    desk.keys("r\r");
    desk.wait_for("Compose a refund");
    desk.keys("2.50\r");
    desk.wait_for("= 2.50");
    desk.keys("g\r");
    desk.wait_for("Goods returned");
    desk.keys(":review\r");
    desk.wait_for("Give back 2.50");
    desk.wait_for("[ Cancel ]");
    desk.keys("y\r");
    desk.wait_for("confirmed (");
    assert!(!desk.screen().is_desk());
    let book = std::fs::read_to_string(folder.path().join("book.jsonl")).unwrap();
    assert_eq!(book.lines().count(), 1);
    desk.keys("quit\r");
    desk.assert_left_clean();
}
