//! The window on the list of payments: which pages are asked for, and how answers join it.

use crate::desk::face::{PaymentRow, Request};
use crate::domain::listing::{From, PaymentQuery};
use crate::domain::view::Column;
use crate::tui::state::layout;
use crate::tui::state::payments::{PAGE_ROWS, PREFETCH_ROWS, Row, WINDOW_ROWS};
use crate::tui::state::slots::Slot;
use crate::tui::state::{Opening, Screen};

use super::{Turn, convert};

impl Turn<'_> {
    /// Asks for the list from its beginning, and for its sums.
    pub(super) fn open_payments(&mut self) {
        self.app.payments.totals = None;
        self.reopen(Opening::Start);
        self.ask_totals();
    }

    pub(super) fn ask_totals(&mut self) {
        self.ask(
            Slot::Totals,
            Request::Totals(self.app.payments.filter.clone()),
        );
    }

    fn reopen(&mut self, opening: Opening) {
        self.app.opening = opening;
        self.app.slots.forget(Slot::PageAfter);
        self.app.slots.forget(Slot::PageBefore);
        let from = match opening {
            Opening::End => From::End,
            Opening::Start | Opening::Again => From::Start,
        };
        let rows = match opening {
            Opening::Again => self.app.payments.rows.len().clamp(PAGE_ROWS, WINDOW_ROWS),
            // What there is to see first: each row of a search is looked for.
            _ => layout::payment_rows(self.app.size) + 1,
        };
        self.app.payments.asked = rows;
        self.ask_page(Slot::Page, from, rows);
    }

    fn ask_page(&mut self, slot: Slot, from: From, rows: usize) {
        let payments = &self.app.payments;
        let query = PaymentQuery {
            filter: payments.filter.clone(),
            sort: payments.sort,
            direction: payments.direction,
            from,
            limit: u32::try_from(rows).unwrap_or(u32::MAX),
        };
        self.ask(slot, Request::Payments(query));
    }

    /// Asks for the next page on a side before the cursor gets there.
    pub(super) fn prefetch(&mut self) {
        let payments = &self.app.payments;
        let (Some(cursor), Some(last)) = (payments.cursor(), payments.rows.last()) else {
            return;
        };
        let after = payments.rows.len() - cursor <= PREFETCH_ROWS && !payments.at_end;
        let before = cursor < PREFETCH_ROWS && !payments.at_start;
        let (last, first) = (last.place, payments.rows[0].place);
        if self.app.slots.is_waiting(Slot::Page) || self.app.screen != Screen::Payments {
            return;
        }
        if after && !self.app.slots.is_waiting(Slot::PageAfter) {
            self.ask_page(Slot::PageAfter, From::After(last), PAGE_ROWS);
        }
        if before && !self.app.slots.is_waiting(Slot::PageBefore) {
            self.ask_page(Slot::PageBefore, From::Before(first), PAGE_ROWS);
        }
    }

    /// Reads the list anew where the window begins, for rows that came or changed.
    pub(super) fn reload_payments(&mut self) {
        match self.app.payments.rows.first().map(|row| row.place) {
            Some(place) if !self.app.payments.at_start => {
                self.app.slots.forget(Slot::PageBefore);
                self.app.payments.rows.truncate(1);
                self.app.payments.at_end = false;
                self.ask_page(Slot::PageAfter, From::After(place), WINDOW_ROWS - 1);
            }
            _ => self.reopen(Opening::Again),
        }
        self.ask_totals();
    }

    pub(super) fn page_answered(&mut self, rows: Vec<PaymentRow>) {
        let rows: Vec<Row> = rows.into_iter().map(convert::payment_row).collect();
        let height = layout::payment_rows(self.app.size);
        let opening = self.app.opening;
        let payments = &mut self.app.payments;
        let short = rows.len() < payments.asked;
        payments.at_start = opening != Opening::End || short;
        payments.at_end = opening == Opening::End || short;
        payments.offset = payments.at_start.then_some(0);
        for row in &rows {
            payments.marks.learn(row);
        }
        payments.rows = rows;
        payments.loaded = true;
        payments.failed = None;
        match opening {
            Opening::Start => payments.select_at(0, height),
            Opening::End => payments.select_at(payments.rows.len().saturating_sub(1), height),
            Opening::Again => payments.settle(height),
        }
        self.count_from_end();
        self.open_only();
    }

    pub(super) fn page_after_answered(&mut self, rows: Vec<PaymentRow>) {
        let height = layout::payment_rows(self.app.size);
        let payments = &mut self.app.payments;
        payments.at_end = rows.len() < PAGE_ROWS;
        payments
            .rows
            .extend(rows.into_iter().map(convert::payment_row));
        let surplus = payments.rows.len().saturating_sub(WINDOW_ROWS);
        let before = payments.cursor().unwrap_or(0).saturating_sub(height);
        let dropped = surplus.min(before);
        if dropped > 0 {
            payments.rows.drain(..dropped);
            payments.top = payments.top.saturating_sub(dropped);
            payments.at_start = false;
            payments.offset = payments.offset.map(|offset| offset + dropped as u64);
        }
        payments.settle(height);
    }

    pub(super) fn page_before_answered(&mut self, rows: Vec<PaymentRow>) {
        let height = layout::payment_rows(self.app.size);
        let payments = &mut self.app.payments;
        let count = rows.len();
        payments.at_start = count < PAGE_ROWS;
        let offset = payments
            .offset
            .map(|offset| offset.saturating_sub(count as u64));
        payments.offset = if payments.at_start { Some(0) } else { offset };
        payments
            .rows
            .splice(..0, rows.into_iter().map(convert::payment_row));
        payments.top += count;
        if payments.rows.len() > WINDOW_ROWS {
            payments.rows.truncate(WINDOW_ROWS);
            payments.at_end = false;
        }
        payments.settle(height);
    }

    /// A window read from the end knows its place once the rows are counted.
    pub(super) fn count_from_end(&mut self) {
        let payments = &mut self.app.payments;
        if let (None, true, Some(totals)) = (payments.offset, payments.at_end, &payments.totals) {
            payments.offset = totals.count.checked_sub(payments.rows.len() as u64);
        }
    }

    pub(super) fn first_payment(&mut self) {
        if self.app.payments.at_start {
            let height = layout::payment_rows(self.app.size);
            self.app.payments.select_at(0, height);
        } else {
            self.reopen(Opening::Start);
        }
    }

    pub(super) fn last_payment(&mut self) {
        if self.app.payments.at_end {
            let height = layout::payment_rows(self.app.size);
            self.app.payments.move_by(isize::MAX, height);
        } else {
            self.reopen(Opening::End);
        }
    }

    /// Sorts by the column after the present one, or before it, the way it is usually looked at.
    pub(super) fn sort(&mut self, forward: bool) {
        let all = Column::ALL;
        let step = if forward { 1 } else { all.len() - 1 };
        let now = Column::sorted(self.app.payments.sort);
        let at = all.iter().position(|it| *it == now).unwrap_or(0);
        let sort = all[(at + step) % all.len()].sort();
        let payments = &mut self.app.payments;
        payments.sort = sort;
        payments.direction = sort.usual();
        self.reopen(Opening::Start);
    }

    pub(super) fn turn_round(&mut self) {
        let payments = &mut self.app.payments;
        payments.direction = payments.direction.turned();
        self.reopen(Opening::Start);
    }

    pub(super) fn settle_lists(&mut self) {
        self.app
            .payments
            .settle(layout::payment_rows(self.app.size));
        self.app.refunds.settle(layout::refund_rows(self.app.size));
        self.app.todo.settle(0, layout::todo_items(self.app.size));
    }
}
