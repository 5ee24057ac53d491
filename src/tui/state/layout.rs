//! How the screen is shared out; the same for drawing and for moving about.

/// Smaller than this, nothing but a plea to enlarge is shown.
pub const MIN_SIZE: (u16, u16) = (40, 10);
/// From this width on, the selected payment is shown beside the list.
pub const PANE_FROM_WIDTH: u16 = 120;
/// Lines around the list of payments: top line, filter, head; sums, news, keys.
pub const PAYMENTS_FRAME_ROWS: u16 = 6;
/// Lines around the list of refunds: top line, tabs, head; two of detail, news, keys.
pub const REFUNDS_FRAME_ROWS: u16 = 7;

/// Lines around the queue: top line, tabs, head; four of detail, news, keys.
pub const TODO_FRAME_ROWS: u16 = 9;
/// Lines each thing that waits takes: what it is about, and what to do.
pub const TODO_ITEM_ROWS: u16 = 2;

/// The line of the screen on which every list begins: below top line, filter or tabs, and head.
pub const FIRST_ROW: u16 = 3;

/// How wide the pane beside the list is; 0: there is none.
pub const fn pane_width((width, _): (u16, u16)) -> u16 {
    match width {
        0..PANE_FROM_WIDTH => 0,
        PANE_FROM_WIDTH..150 => 41,
        _ => 56,
    }
}

/// How many payments fit.
pub fn payment_rows((_, height): (u16, u16)) -> usize {
    usize::from(height.saturating_sub(PAYMENTS_FRAME_ROWS))
}

/// How many refunds fit.
pub fn refund_rows((_, height): (u16, u16)) -> usize {
    usize::from(height.saturating_sub(REFUNDS_FRAME_ROWS))
}

/// How many things that wait fit.
pub fn todo_items((_, height): (u16, u16)) -> usize {
    usize::from(height.saturating_sub(TODO_FRAME_ROWS) / TODO_ITEM_ROWS)
}

/// How many lines of a page over the list fit: all but top line, frame, news and keys.
pub fn page_rows((_, height): (u16, u16)) -> usize {
    usize::from(height.saturating_sub(5))
}
