//! Commands by name.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::tui::action::{ACTIONS, Action, Context, Spec};

use super::edit::LineEdit;

/// The palette.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    /// What is looked for.
    pub typed: LineEdit,
    /// Which of the found.
    pub cursor: usize,
    /// It as it was pasted.
    pub pasted: Option<String>,
}

impl Palette {
    /// The reference or id to go to: what was pasted, what has a digit, as no command's name has, and
    /// what finds no command.
    pub fn handle(&self, no_command: bool) -> Option<&str> {
        let typed = self.typed.text().trim();
        let pasted = self.pasted.as_deref() == Some(typed);
        let digit = typed.contains(|character: char| character.is_ascii_digit());
        (!typed.is_empty() && (pasted || digit || no_command)).then_some(typed)
    }

    /// What is found, best first and of equals the one used last, among what can be reached in
    /// `context`. `recent` is what was run from here before, the last first.
    pub fn found(&self, context: Context, recent: &[Action]) -> Vec<&'static Spec> {
        let pattern = Pattern::parse(
            self.typed.text(),
            CaseMatching::Ignore,
            Normalization::Smart,
        );
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut found: Vec<(u32, &Spec)> = ACTIONS
            .iter()
            .filter(|spec| spec.flags.palette && spec.is_in(context))
            .filter_map(|spec| {
                let text = format!("{} {} {}", spec.short, spec.id, spec.long);
                let mut characters = Vec::new();
                let score = pattern.score(Utf32Str::new(&text, &mut characters), &mut matcher)?;
                Some((score, spec))
            })
            .collect();
        let used = |action: Action| recent.iter().position(|it| *it == action);
        found.sort_by_key(|(score, spec)| {
            (
                // A name typed in full is meant.
                self.typed.text() != spec.id,
                std::cmp::Reverse(*score),
                used(spec.action).unwrap_or(usize::MAX),
                // Nobody looks here for the way to the next row.
                spec.group == "Move",
            )
        });
        found.into_iter().map(|(_, spec)| spec).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::state::edit::Edit;

    fn found(typed: &str, recent: &[Action]) -> Vec<Action> {
        let mut palette = Palette::default();
        for character in typed.chars() {
            palette.typed.apply(Edit::Insert(character));
        }
        let found = palette.found(Context::Payments, recent);
        found.into_iter().map(|spec| spec.action).collect()
    }

    #[test]
    fn letters_out_of_order_of_words_are_enough() {
        for (typed, first) in [
            ("refund", Action::Refund),
            ("rfnd", Action::Refund),
            ("expl", Action::Explain),
            ("screen.todo", Action::ShowToDo),
            ("back", Action::Back),
            ("qit", Action::Quit),
        ] {
            assert_eq!(found(typed, &[]).first(), Some(&first), "{typed}");
        }
        assert!(found("xyzzy", &[]).is_empty());
    }

    #[test]
    fn what_was_used_last_comes_first() {
        let before = found("", &[]);
        assert_eq!(before.first(), Some(&Action::Open));
        let recent = [Action::Quit, Action::Copy];
        let after = found("", &recent);
        assert_eq!(after[..3], [Action::Quit, Action::Copy, Action::Open]);
        assert_eq!(after.len(), before.len());
        // What fits better still wins over what was used.
        assert_eq!(found("refund", &recent).first(), Some(&Action::Refund));
    }
}
