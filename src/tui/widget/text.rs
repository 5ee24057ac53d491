//! Width, cutting and padding of text, by what a terminal gives cells of its own.
//!
//! Everything that reaches the screen goes through here, so that text from outside is made
//! harmless once more and no column is ever a cell too wide or too narrow.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use crate::domain::text;

/// The text as it is drawn: harmless, and without what makes terminals disagree about how wide a
/// character is. Of an emoji its form is left, not its colour.
pub fn clean(text: &str) -> String {
    let text = text::clean(text);
    if text.is_ascii() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{fe00}'..='\u{fe0f}' => {}
            '\u{1f3fb}'..='\u{1f3ff}' if !out.is_empty() && !out.ends_with(' ') => {}
            _ if columns(character) > 2 => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out
}

/// What is written in cells of its own: a character and all that is set on it. Some terminals draw
/// more than that as one, but none in more cells.
pub fn units(text: &str) -> impl Iterator<Item = &str> {
    // Nearly every text is of letters that stand alone, or begins with them; on the last of them
    // something may be set.
    let (letters, text) = text.split_at(alone(text));
    let letters = letters.split_inclusive(|_: char| true);
    letters.chain(text.graphemes(true).flat_map(|grapheme| {
        let mut rest = if is_flag(grapheme) { "" } else { grapheme };
        let whole = Some(grapheme).filter(|_| rest.is_empty());
        let parts = std::iter::from_fn(move || {
            let mut places = rest.char_indices().skip(1);
            let next = places.find(|(_, character)| columns(*character) > 0);
            let (unit, left) = rest.split_at(next.map_or(rest.len(), |(at, _)| at));
            rest = left;
            Some(unit).filter(|unit| !unit.is_empty())
        });
        whole.into_iter().chain(parts)
    }))
}

/// How much of a text's beginning is letters with nothing set on them, in bytes.
fn alone(text: &str) -> usize {
    let mut last = 0;
    for (at, character) in text.char_indices() {
        if !is_of_one_cell(character) {
            return last;
        }
        last = at;
    }
    text.len()
}

/// A letter, figure or sign of the west that takes one cell, and the signs the desk writes itself.
const fn is_of_one_cell(character: char) -> bool {
    matches!(
        character,
        ' '..='~' | '\u{a1}'..='\u{a8}' | '\u{aa}'..='\u{ac}' | '\u{af}'..='\u{24f}' | '–' | '—' | '…' | '│' | '─'
    )
}

/// Two letters that terminals draw as a flag, or as two letters in the same room.
fn is_flag(grapheme: &str) -> bool {
    let is_letter = |character| matches!(character, '\u{1f1e6}'..='\u{1f1ff}');
    grapheme.chars().count() == 2 && grapheme.chars().all(is_letter)
}

/// A picture as wide as two letters, which older terminals draw as wide as one.
pub fn is_picture(unit: &str) -> bool {
    let first = unit.chars().next();
    let old = |character| matches!(character, '\u{2300}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}');
    cells(unit) == 2 && first.is_some_and(old)
}

/// The columns every terminal gives a character by itself.
fn columns(character: char) -> usize {
    character.width().unwrap_or(0)
}

/// The cells a text takes once it is drawn.
pub fn width(text: &str) -> usize {
    if text::is_plain(text) {
        return text.len();
    }
    if text.chars().all(is_of_one_cell) {
        return text.chars().count();
    }
    units(&clean(text)).map(cells).sum()
}

/// The cells one unit takes: never more than two.
pub fn cells(unit: &str) -> usize {
    if let [b' '..=b'~'] = unit.as_bytes() {
        return 1;
    }
    unit.chars().map(columns).sum::<usize>().min(2)
}

/// The beginning of a text that fits `room` cells, ending in `…` when something was cut off.
pub fn truncate(text: &str, room: usize) -> String {
    let text = clean(text);
    if width(&text) <= room {
        return text;
    }
    let mut out = String::new();
    let mut left = room.saturating_sub(1);
    for unit in units(&text) {
        let cells = cells(unit);
        if cells > left {
            break;
        }
        out.push_str(unit);
        left -= cells;
    }
    if room > 0 {
        out.push('…');
    }
    out
}

/// Exactly `room` cells: cut, or filled with spaces on the right.
pub fn left(text: &str, room: usize) -> String {
    let mut out = truncate(text, room);
    let missing = room.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// Exactly `room` cells: filled with spaces on the left. A figure that does not fit is replaced by
/// `#` rather than cut, because a cut figure is a wrong figure.
pub fn right(text: &str, room: usize) -> String {
    let text = clean(text);
    match room.checked_sub(width(&text)) {
        Some(missing) => " ".repeat(missing) + &text,
        None if text.chars().any(|one| one.is_ascii_digit()) => "#".repeat(room),
        None => truncate(&text, room),
    }
}

/// Lines of at most `room` cells, broken at spaces where possible.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in clean(paragraph).split(' ') {
            push_word(&mut lines, &mut line, word, room);
        }
        lines.push(line);
    }
    lines
}

fn push_word(lines: &mut Vec<String>, line: &mut String, word: &str, room: usize) {
    let gap = usize::from(!line.is_empty());
    if width(line) + gap + width(word) <= room {
        line.push_str(&" "[..gap]);
        line.push_str(word);
        return;
    }
    if !line.is_empty() {
        lines.push(std::mem::take(line));
    }
    for unit in units(word) {
        if width(line) + cells(unit) > room && !line.is_empty() {
            lines.push(std::mem::take(line));
        }
        line.push_str(unit);
    }
}

/// Cut to `room` cells; a key in brackets at the end is kept: what can be done is to be seen.
pub fn truncate_to_key(said: &str, room: usize) -> String {
    match said.rsplit_once(" (") {
        Some((words, key)) if width(said) > room && key.ends_with(')') => {
            let key = format!(" ({key}");
            truncate(words, room.saturating_sub(width(&key))) + &key
        }
        _ => truncate(said, room),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn wide_characters_keep_columns_straight() {
        assert_eq!(left("日本語", 5), "日本…");
        assert_eq!(left("日本語", 4), "日… ");
        assert_eq!(left("ab", 4), "ab  ");
    }

    #[rstest]
    #[case::letters("Ann", 3)]
    #[case::signs_of_our_own("Zoë · 1–2 │ x…", 14)]
    #[case::accent_on_the_last_letter("Zoe\u{308}", 3)]
    #[case::accents_set_on("e\u{301}\u{323}a\u{308}", 2)]
    #[case::accent_alone("\u{301}x", 1)]
    #[case::cjk("山田、", 6)]
    #[case::full_and_half_width("ＡﾊA", 4)]
    #[case::hangul("한국", 4)]
    #[case::jamo("\u{1112}\u{1161}\u{11ab}", 2)]
    #[case::emoji("🚀x", 3)]
    #[case::flag("🇩🇪", 2)]
    #[case::half_a_flag("🇩x", 2)]
    #[case::heart_as_a_picture("❤\u{fe0f}", 1)]
    #[case::key_cap("1\u{fe0f}\u{20e3}", 1)]
    #[case::watch_as_a_letter("⌚\u{fe0e}", 2)]
    #[case::tone_of_skin("👍🏽", 2)]
    #[case::tone_alone("a 🏽", 4)]
    #[case::joined("👩\u{200d}🚀", 2 + 8 + 2)]
    #[case::conjunct("क्ष्म", 3)]
    #[case::ligature("لا", 2)]
    #[case::three_wide("\u{17d8}", 8)]
    fn a_terminal_gives_a_text_the_columns_it_is_measured_to_take(
        #[case] text: &str,
        #[case] columns: usize,
    ) {
        assert_eq!(width(text), columns);
        let size = |cells| std::num::NonZeroU16::new(cells).unwrap();
        let mut emulator = vt100::Parser::new(size(1), size(40), 0);
        let drawn: String = units(&clean(text)).filter(|it| cells(it) > 0).collect();
        emulator.process(drawn.as_bytes());
        assert_eq!(usize::from(emulator.screen().cursor_position().1), columns);
    }

    #[test]
    fn what_is_taken_to_stand_alone_in_one_cell_does() {
        let letters = (char::MIN..=char::MAX).filter(|it| is_of_one_cell(*it));
        for letter in letters {
            assert_eq!(columns(letter), 1, "{letter:?}");
            assert_eq!(text::clean(&letter.to_string()), letter.to_string());
            let twice = format!("{letter}{letter}");
            assert_eq!(twice.graphemes(true).count(), 2, "{letter:?}");
        }
    }

    #[test]
    fn a_figure_is_never_cut() {
        assert_eq!(right("1234.50", 9), "  1234.50");
        assert_eq!(right("1234.50", 5), "#####");
        assert_eq!(right("too old", 5), "too …");
    }

    #[test]
    fn the_key_outlives_the_words_before_it() {
        assert_eq!(
            truncate_to_key("can be stopped (u)", 18),
            "can be stopped (u)"
        );
        assert_eq!(truncate_to_key("can be stopped (u)", 12), "can be … (u)");
        assert_eq!(truncate_to_key("can be stopped", 6), "can b…");
    }

    #[test]
    fn wrapping_breaks_at_spaces_and_inside_long_words() {
        assert_eq!(wrap("may have been paid", 9), ["may have", "been paid"]);
        assert_eq!(wrap("https://x", 4), ["http", "s://", "x"]);
    }

    proptest! {
        #[test]
        fn padded_text_has_the_asked_width(text in "\\PC{0,20}", room in 0_usize..30) {
            prop_assert_eq!(width(&left(&text, room)), room);
            prop_assert!(width(&truncate(&text, room)) <= room);
            prop_assert_eq!(units(&text).collect::<String>(), text);
        }

        #[test]
        fn wrapped_lines_fit(text in "\\PC{0,60}", room in 2_usize..30) {
            for line in wrap(&text, room) {
                prop_assert!(width(&line) <= room, "{line:?}");
            }
        }
    }
}
