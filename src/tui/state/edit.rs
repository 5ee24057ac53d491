//! One line of text being typed, edited by what a reader sees as one character.

use unicode_segmentation::UnicodeSegmentation;

/// A change to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Type a character.
    Insert(char),
    /// Take away the one before the cursor.
    Backspace,
    /// Take away the one under the cursor.
    Delete,
    /// One to the left.
    Left,
    /// One to the right.
    Right,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// Take away everything before the cursor.
    ClearBefore,
    /// Take away the word before the cursor.
    Word,
}

/// A line of text and a cursor in it, always between two graphemes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineEdit {
    text: String,
    cursor: usize,
    /// Nobody typed it: the first letter typed takes its place.
    offered: bool,
}

impl LineEdit {
    /// A line with the cursor at its end.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            cursor: text.len(),
            offered: false,
        }
    }

    /// A line that somebody may leave as it is, or type over.
    pub fn offering(text: &str) -> Self {
        Self {
            offered: true,
            ..Self::new(text)
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before the cursor.
    pub fn before_cursor(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or(&self.text)
    }

    /// The text by what a reader sees as one character.
    pub fn graphemes(&self) -> impl Iterator<Item = &str> {
        self.text.graphemes(true)
    }

    /// True when nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Applies a change; true when the text is another one now.
    pub fn apply(&mut self, edit: Edit) -> bool {
        if std::mem::take(&mut self.offered) && matches!(edit, Edit::Insert(_)) {
            self.remove_from(0);
        }
        let before = self.text.len();
        match edit {
            Edit::Insert(character) if character.is_control() => {}
            Edit::Insert(character) => {
                self.text.insert(self.cursor, character);
                self.cursor += character.len_utf8();
            }
            Edit::Backspace => self.remove_from(self.previous()),
            Edit::Delete => {
                let end = self.next();
                self.text.replace_range(self.cursor..end, "");
            }
            Edit::Left => self.cursor = self.previous(),
            Edit::Right => self.cursor = self.next(),
            Edit::Home => self.cursor = 0,
            Edit::End => self.cursor = self.text.len(),
            Edit::ClearBefore => self.remove_from(0),
            Edit::Word => self.remove_from(self.word_start()),
        }
        self.text.len() != before
    }

    fn remove_from(&mut self, start: usize) {
        self.text.replace_range(start..self.cursor, "");
        self.cursor = start;
    }

    fn previous(&self) -> usize {
        let last = self.before_cursor().graphemes(true).next_back();
        self.cursor - last.map_or(0, str::len)
    }

    fn next(&self) -> usize {
        let after = self.text.get(self.cursor..).unwrap_or_default();
        self.cursor + after.graphemes(true).next().map_or(0, str::len)
    }

    fn word_start(&self) -> usize {
        let trimmed = self.before_cursor().trim_end();
        trimmed.rfind(' ').map_or(0, |at| at + 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn characters_go_and_come_whole() {
        let mut line = LineEdit::new("e\u{301}日");
        assert!(line.apply(Edit::Backspace));
        assert_eq!(line.text(), "e\u{301}");
        line.apply(Edit::Left);
        assert_eq!(line.before_cursor(), "");
        line.apply(Edit::Insert('1'));
        assert_eq!(line.text(), "1e\u{301}");
        line.apply(Edit::Delete);
        assert_eq!(line.text(), "1");
    }

    #[test]
    fn what_was_only_offered_is_typed_over() {
        let mut line = LineEdit::offering("rest");
        assert!(line.apply(Edit::Insert('5')) && line.apply(Edit::Insert('%')));
        assert_eq!(line.text(), "5%");
        let mut kept = LineEdit::offering("rest");
        kept.apply(Edit::Left);
        kept.apply(Edit::Insert('5'));
        assert_eq!(kept.text(), "res5t");
    }

    #[test]
    fn words_go_one_by_one() {
        let mut line = LineEdit::new("account:hub-us jane ");
        line.apply(Edit::Word);
        assert_eq!(line.text(), "account:hub-us ");
        line.apply(Edit::Word);
        assert_eq!(line.text(), "");
    }

    proptest! {
        #[test]
        fn no_edit_panics(text in "\\PC{0,12}", edits in prop::collection::vec(0_u8..9, 0..30)) {
            let mut line = LineEdit::new(&text);
            for edit in edits {
                line.apply(match edit {
                    0 => Edit::Insert('é'),
                    1 => Edit::Backspace,
                    2 => Edit::Delete,
                    3 => Edit::Left,
                    4 => Edit::Right,
                    5 => Edit::Home,
                    6 => Edit::End,
                    7 => Edit::ClearBefore,
                    _ => Edit::Word,
                });
                prop_assert!(line.before_cursor().len() <= line.text().len());
            }
        }
    }
}
