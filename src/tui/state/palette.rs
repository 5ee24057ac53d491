//! Commands by name.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::domain::view::View;
use crate::tui::action::{ACTIONS, Action, Context, Spec, spec};

use super::App;
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

/// What the palette leads to.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// A command.
    Command(&'static Spec),
    /// The list of payments as somebody saved it.
    View(&'a View),
}

impl App {
    /// What the palette offers: commands, and saved views from where one can go to them. A view that
    /// begins as is typed stands before commands that only have these letters, never before one that is
    /// called just so.
    pub fn offered(&self, palette: &Palette) -> Vec<Found<'_>> {
        let context = self.context_below();
        let commands = palette.found(context, &self.recent);
        let typed = palette.typed.text().trim().to_lowercase();
        let is_command = commands
            .iter()
            .any(|spec| spec.short == typed || spec.id == typed);
        let mut found: Vec<Found<'_>> = commands.into_iter().map(Found::Command).collect();
        if spec(Action::ShowPayments).is_in(context) {
            let begins = |view: &&View| view.name.to_lowercase().starts_with(&typed);
            let (first, last): (Vec<&View>, Vec<&View>) = palette
                .views(&self.views.saved)
                .partition(|view| !typed.is_empty() && !is_command && begins(view));
            found.splice(0..0, first.into_iter().map(Found::View));
            found.extend(last.into_iter().map(Found::View));
        }
        found
    }
}

impl Palette {
    /// The saved views whose names have what is typed, in their order.
    fn views<'a>(&self, saved: &'a [View]) -> impl Iterator<Item = &'a View> {
        let pattern = pattern(&self.typed);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let fits = move |view: &&View| {
            let mut characters = Vec::new();
            let name = Utf32Str::new(&view.name, &mut characters);
            pattern.score(name, &mut matcher).is_some()
        };
        saved.iter().filter(fits)
    }

    /// The reference or id to go to: what was pasted, what has a digit, as no command's name has, and
    /// what finds nothing. A view may be called like that.
    pub fn handle(&self, found: &[Found<'_>]) -> Option<&str> {
        let typed = self.typed.text().trim();
        let pasted = self.pasted.as_deref() == Some(typed);
        let digit = typed.contains(|character: char| character.is_ascii_digit());
        let is_view = matches!(found.first(), Some(Found::View(view)) if digit
            && view.name.to_lowercase().starts_with(&typed.to_lowercase()));
        let other = pasted || found.is_empty() || (digit && !is_view);
        (!typed.is_empty() && other).then_some(typed)
    }

    /// What is found, best first and of equals the one used last, among what can be reached in
    /// `context`. `recent` is what was run from here before, the last first.
    pub fn found(&self, context: Context, recent: &[Action]) -> Vec<&'static Spec> {
        let pattern = pattern(&self.typed);
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

fn pattern(typed: &LineEdit) -> Pattern {
    Pattern::parse(typed.text(), CaseMatching::Ignore, Normalization::Smart)
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
