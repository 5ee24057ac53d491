//! What narrows a list down of which every row is known.

use crate::domain::query::{FilterError, Narrowing, Told};

use super::edit::LineEdit;

/// What is typed after `/`.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    /// It as typed.
    pub typed: LineEdit,
    /// What of it cannot be read; the list is then as it was before.
    pub error: Option<FilterError>,
    read: Narrowing,
}

impl Narrow {
    /// Reads what was typed, or what of it is not half a term.
    pub fn read(&mut self, typed: &str) {
        match Narrowing::parse(typed) {
            Ok(read) => (self.read, self.error) = (read, None),
            Err(error) => self.error = Some(error),
        }
    }

    /// Nothing is left out any more.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// True when it leaves nothing out.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty()
    }

    /// Whether the row that this is told of is listed.
    pub fn shows(&self, told: impl Fn() -> Told) -> bool {
        self.is_empty() || self.read.shows(&told())
    }
}
