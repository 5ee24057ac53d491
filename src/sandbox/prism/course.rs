//! How refunds stand at the connector.

use crate::sandbox::course::Course;

/// How a refund stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stand {
    Pending,
    Done,
    Failed,
}

impl Course {
    /// How the refund stands at its look of that number; 0: at its acceptance.
    pub(super) fn stand(self, look: u8) -> Stand {
        match (self, look) {
            (Self::StaysPending, _) => Stand::Pending,
            (Self::Undone, 0 | 1) => Stand::Done,
            (_, 0 | 1) => Stand::Pending,
            (Self::Undone | Self::Failed, _) => Stand::Failed,
            _ => Stand::Done,
        }
    }
}
