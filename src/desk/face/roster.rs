//! Who approves in whose place, and who is away.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What is asked or said about it. Days are business days, both ends included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RosterAsk {
    /// What holds now or will.
    Show,
    /// Hands on the right to approve: never for what either of the two made.
    Delegate {
        /// To whom, by their name on this machine.
        to: String,
        /// The first day.
        from: NaiveDate,
        /// The last day.
        until: NaiveDate,
    },
    /// Takes it back early.
    EndDelegation {
        /// Our number of it.
        id: i64,
    },
    /// Says when one is away.
    Away {
        /// The first day.
        from: NaiveDate,
        /// The last day.
        until: NaiveDate,
    },
    /// Says that one is back.
    Back,
}
