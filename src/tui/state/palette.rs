//! Commands by name.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::domain::id::{PaymentId, RefundId};
use crate::tui::action::{ACTIONS, Context, Spec};

use super::edit::LineEdit;

/// The palette.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    /// What is looked for.
    pub typed: LineEdit,
    /// Which of the found.
    pub cursor: usize,
}

impl Palette {
    /// The reference or id to go to: an id of ours, or what is no command.
    pub fn handle(&self, no_command: bool) -> Option<&str> {
        let typed = self.typed.text().trim();
        let is_id = typed.parse::<PaymentId>().is_ok() || typed.parse::<RefundId>().is_ok();
        (is_id || no_command && !typed.is_empty()).then_some(typed)
    }

    /// What is found, best first, among what can be reached in `context`.
    pub fn found(&self, context: Context) -> Vec<&'static Spec> {
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
                let text = format!("{} {}", spec.short, spec.long);
                let mut characters = Vec::new();
                let score = pattern.score(Utf32Str::new(&text, &mut characters), &mut matcher)?;
                Some((score, spec))
            })
            .collect();
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        found.into_iter().map(|(_, spec)| spec).collect()
    }
}
