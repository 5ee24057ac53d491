//! How whoever sits here has the list of payments: saved views, and choosing its columns.

use crate::domain::view::{self, Column, View, Views};

/// What is kept for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// It was answered.
    pub is_known: bool,
    /// Their views, by name.
    pub saved: Vec<View>,
}

impl From<Views> for Kept {
    fn from(views: Views) -> Self {
        Self {
            is_known: true,
            saved: views.views,
        }
    }
}

/// The list of columns, over the payments: each with whether it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// In the order they stand.
    pub choice: Vec<(Column, bool)>,
    /// The one the cursor is on.
    pub cursor: usize,
}

impl Columns {
    /// As they are now.
    pub fn of(shown: &[Column]) -> Self {
        Self {
            choice: view::choice(shown),
            cursor: 0,
        }
    }

    /// Shows or hides the column under the cursor; false: it is the last one shown.
    pub fn turn(&mut self) -> bool {
        let shown = self.choice.iter().filter(|(_, shown)| *shown).count();
        match self.choice.get_mut(self.cursor) {
            Some((_, is_shown)) if !*is_shown || shown > 1 => {
                *is_shown = !*is_shown;
                true
            }
            _ => false,
        }
    }

    /// Moves the column under the cursor, and the cursor with it.
    pub fn carry(&mut self, by: isize) {
        let to = self.cursor.saturating_add_signed(by);
        if to < self.choice.len() {
            self.choice.swap(self.cursor, to);
            self.cursor = to;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_column_stays_and_any_can_be_moved() {
        let mut columns = Columns::of(&[Column::Paid, Column::Settled]);
        assert!(columns.turn());
        columns.cursor = 1;
        assert!(!columns.turn(), "the last one shown");
        columns.carry(-1);
        assert_eq!((columns.choice[0].0, columns.cursor), (Column::Settled, 0));
        columns.carry(-1);
        assert_eq!(columns.cursor, 0);
        assert_eq!(view::chosen(&columns.choice), [Column::Settled]);
    }
}
