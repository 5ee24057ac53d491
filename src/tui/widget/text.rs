//! Width, cutting and padding of text, by what a reader sees as one character.
//!
//! Everything that reaches the screen goes through here, so that text from outside is made
//! harmless once more and no column is ever a cell too wide or too narrow.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::domain::text::clean;

/// The cells a text takes.
pub fn width(text: &str) -> usize {
    text.graphemes(true).map(cells).sum()
}

/// The cells one grapheme takes: never more than two, whatever it is joined from.
pub fn cells(grapheme: &str) -> usize {
    grapheme.width().min(2)
}

/// The beginning of a text that fits `room` cells, ending in `…` when something was cut off.
pub fn truncate(text: &str, room: usize) -> String {
    let text = clean(text);
    if width(&text) <= room {
        return text;
    }
    let mut out = String::new();
    let mut left = room.saturating_sub(1);
    for grapheme in text.graphemes(true) {
        let cells = cells(grapheme);
        if cells > left {
            break;
        }
        out.push_str(grapheme);
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
    for grapheme in word.graphemes(true) {
        if width(line) + cells(grapheme) > room && !line.is_empty() {
            lines.push(std::mem::take(line));
        }
        line.push_str(grapheme);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wide_characters_keep_columns_straight() {
        assert_eq!(left("日本語", 5), "日本…");
        assert_eq!(left("日本語", 4), "日… ");
        assert_eq!(left("ab", 4), "ab  ");
    }

    #[test]
    fn a_figure_is_never_cut() {
        assert_eq!(right("1234.50", 9), "  1234.50");
        assert_eq!(right("1234.50", 5), "#####");
        assert_eq!(right("too old", 5), "too …");
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
        }

        #[test]
        fn wrapped_lines_fit(text in "\\PC{0,60}", room in 2_usize..30) {
            for line in wrap(&text, room) {
                prop_assert!(width(&line) <= room, "{line:?}");
            }
        }
    }
}
