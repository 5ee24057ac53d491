//! The list of payments: a window of a few pages around the cursor.

use crate::domain::eligibility::Eligibility;
use crate::domain::id::PaymentId;
use crate::domain::listing::{Direction, PaymentFilter, PaymentSort, Place, Totals};
use crate::domain::payment::Payment;
use crate::domain::query::FilterError;
use crate::domain::view::Columns;

use super::edit::LineEdit;
use super::marks::Marks;

/// Rows asked for at once.
pub const PAGE_ROWS: usize = 200;
/// Rows kept: the far side of the window is dropped beyond.
pub const WINDOW_ROWS: usize = 3 * PAGE_ROWS;
/// Fewer rows than this left on a side: the next page is asked for.
pub const PREFETCH_ROWS: usize = 100;

/// A payment in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place in the list.
    pub place: Place,
    /// The payment.
    pub payment: Payment,
    /// What can be refunded of it.
    pub eligibility: Eligibility,
    /// It looks like one paid twice; none: not known yet.
    pub twice: Option<bool>,
}

/// The list and what it shows of it.
#[derive(Clone, Debug, Default)]
pub struct Payments {
    /// The filter in force.
    pub filter: PaymentFilter,
    /// It as typed.
    pub typed: LineEdit,
    /// Why what is being typed is no filter; the last good one stays in force.
    pub error: Option<FilterError>,
    /// By what the list is sorted.
    pub sort: PaymentSort,
    /// Which way.
    pub direction: Direction,
    /// The columns, as chosen; none: as the desk has them.
    pub columns: Columns,
    /// The window.
    pub rows: Vec<Row>,
    /// How many rows lie before the window, as far as known.
    pub offset: Option<u64>,
    /// How many rows were asked for when the list was opened; fewer are all there are.
    pub asked: usize,
    /// The window ends where the list ends.
    pub at_end: bool,
    /// The window begins where the list begins.
    pub at_start: bool,
    /// The cursor, held by id: rows may come and go around it.
    pub selected: Option<PaymentId>,
    /// The rows about which it was asked whether they look like one paid twice.
    pub asked_twice: Vec<PaymentId>,
    /// What is marked for a bulk refund.
    pub marks: Marks,
    /// Where in the window the screen begins.
    pub top: usize,
    /// A page has been answered since the list was opened.
    pub loaded: bool,
    /// Why the last page could not be read.
    pub failed: Option<String>,
    /// The filter was accepted before its payments were known: just one is opened when it comes.
    pub open_only: bool,
    /// Count and sums of the filter, once known.
    pub totals: Option<Totals>,
}

impl Payments {
    /// The one payment of the filter, when there is just one.
    pub fn only(&self) -> Option<PaymentId> {
        let whole = self.loaded && self.at_start && self.at_end && !self.filter.is_empty();
        match self.rows.as_slice() {
            [row] if whole => Some(row.payment.id),
            _ => None,
        }
    }

    /// The cursor's place in the window.
    pub fn cursor(&self) -> Option<usize> {
        let selected = self.selected?;
        self.rows.iter().position(|row| row.payment.id == selected)
    }

    /// The selected row.
    pub fn row(&self) -> Option<&Row> {
        self.rows.get(self.cursor()?)
    }

    /// The cursor's place in the whole list, counted from 1.
    pub fn position(&self) -> Option<u64> {
        let cursor = u64::try_from(self.cursor()?).ok()?;
        Some(self.offset? + cursor + 1)
    }

    /// Moves the cursor by rows, inside the window.
    pub fn move_by(&mut self, rows: isize, height: usize) {
        let from = self.cursor().unwrap_or(0);
        let to = from.saturating_add_signed(rows);
        self.select_at(to.min(self.rows.len().saturating_sub(1)), height);
    }

    /// Turns pages: the screen moves with the cursor.
    pub fn page_by(&mut self, rows: isize, height: usize) {
        self.top = self
            .top
            .saturating_add_signed(rows)
            .min(self.last_top(height));
        self.move_by(rows, height);
    }

    /// Puts the cursor on a row of the window.
    pub fn select_at(&mut self, at: usize, height: usize) {
        self.selected = self.rows.get(at).map(|row| row.payment.id);
        self.top = scrolled(self.top, at, height).min(self.last_top(height));
    }

    /// Keeps cursor and screen where they were after rows came before or went.
    pub fn settle(&mut self, height: usize) {
        match self.cursor() {
            Some(at) => self.top = scrolled(self.top, at, height).min(self.last_top(height)),
            None => {
                let at = self.top.min(self.rows.len().saturating_sub(1));
                self.select_at(at, height);
            }
        }
    }

    fn last_top(&self, height: usize) -> usize {
        self.rows.len().saturating_sub(height.max(1))
    }
}

/// Where the screen begins so that the cursor is on it: no further than it must, since the terminal
/// moves by itself what only moved.
pub fn scrolled(top: usize, cursor: usize, height: usize) -> usize {
    let height = height.max(1);
    if cursor >= top && cursor < top + height {
        top
    } else if cursor < top {
        cursor
    } else {
        (cursor + 1).saturating_sub(height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_follows_the_cursor() {
        assert_eq!(scrolled(0, 9, 10), 0);
        assert_eq!(scrolled(0, 10, 10), 1);
        assert_eq!(scrolled(6, 5, 10), 5);
        assert_eq!(scrolled(6, 100, 10), 91);
        assert_eq!(scrolled(0, 0, 0), 0);
    }
}
