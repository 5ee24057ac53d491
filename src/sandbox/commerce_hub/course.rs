//! What the gateway calls the courses of a refund or a cancel.

use crate::sandbox::course::Course;

impl Course {
    /// The `transactionState` after so many inquiries have shown the refund.
    pub(super) fn state(self, looks: u8) -> &'static str {
        match (self, looks) {
            (Self::StaysPending, _) => "AUTHORIZED",
            (Self::Undone, 0 | 1) => "CAPTURED",
            (Self::Undone, _) => "VOIDED",
            (_, 0 | 1) => "AUTHORIZED",
            (Self::Failed, _) => "DECLINED",
            _ => "CAPTURED",
        }
    }

    /// The `transactionState` of a cancel: it takes effect at once, and looks like an authorization
    /// or like a void (fact sheet 5).
    pub(super) fn cancel_state(self) -> &'static str {
        match self {
            Self::StaysPending => "PENDING",
            Self::Undone => "VOIDED",
            _ => "AUTHORIZED",
        }
    }

    /// Why a refund is declined: most often the account is closed; where the main unit ends in 3
    /// (13.01), the merchant's account lacks the money. As response code and message, then the
    /// host's.
    pub(super) fn decline(minor: i64) -> [&'static str; 4] {
        match minor / 100 % 10 {
            3 => ["008", "Declined: Insufficient Funds", "51", "INSUFF FUNDS"],
            _ => ["030", "Closed Account", "14", "Inv Acct Num"],
        }
    }

    /// The `transactionState` of a refund that waits for its capture: only a decline ends that.
    pub(super) fn authorised_state(self, looks: u8) -> &'static str {
        match self {
            Self::Failed => self.state(looks),
            _ => "AUTHORIZED",
        }
    }

    /// The `transactionState` of a captured refund, after so many inquiries have shown it since.
    pub(super) fn captured_state(self, looks: u8) -> &'static str {
        match (self, looks) {
            (Self::StaysPending, _) => "PENDING",
            (Self::Undone, 2..) => "VOIDED",
            _ => "CAPTURED",
        }
    }
}
