//! What follows from a change of state, as data: the loop carries it out.

use crate::desk::face::Request;

use super::state::slots::Slot;

/// Something to be done outside the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask the desk. The answer comes back with the same slot and number.
    Ask {
        /// What the answer is for.
        slot: Slot,
        /// The newest number of the slot is the one whose answer counts.
        seq: u64,
        /// What is asked.
        request: Box<Request>,
    },
    /// Hand a text to the terminal's clipboard.
    Copy(String),
    /// Draw everything anew, on an emptied screen.
    Redraw,
    /// Heed the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Give the terminal back and stop until told to go on.
    Suspend,
    /// Ask as another person from now on; none: as whoever sits there. Only in a demo.
    StandIn(Option<String>),
    /// Forget the keys typed so far: a dialog was just drawn that must not take them.
    DropTypeAhead,
}
