//! What becomes of a refund, chosen by the last two digits of its amount.

/// The course a refund takes at this simulator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Course {
    /// Pending, then complete at its second look.
    Ordinary,
    /// Pending, then rejected at its second look; nothing is paid.
    Rejected,
    /// Paid, but the connection is cut before the reply.
    ReplyLost,
    /// The connection is cut before anything is accepted.
    RequestLost,
    /// Accepted and never heard of again.
    StaysPending,
    /// Paid with another amount than asked.
    OtherAmount,
    /// Told to come back later.
    Throttled,
    /// Not ready.
    Unavailable,
    /// Paid, but the reply is no JSON.
    Garbage,
}

impl Course {
    pub(super) fn of(minor: i64) -> Self {
        match minor % 100 {
            1 => Self::Rejected,
            2 => Self::ReplyLost,
            3 => Self::RequestLost,
            4 => Self::StaysPending,
            6 => Self::OtherAmount,
            7 => Self::Throttled,
            8 => Self::Unavailable,
            9 => Self::Garbage,
            _ => Self::Ordinary,
        }
    }

    /// Whether the fault comes before acceptance: it strikes a refund once.
    pub(super) fn strikes_before_acceptance(self) -> bool {
        matches!(
            self,
            Self::RequestLost | Self::Throttled | Self::Unavailable
        )
    }

    /// Whether acceptance pays money out.
    pub(super) fn pays(self) -> bool {
        self != Self::Rejected
    }

    /// The status after so many looks have shown the refund.
    pub(super) fn status(self, looks: u8) -> &'static str {
        match (self, looks) {
            (Self::StaysPending, _) | (_, 0 | 1) => "REFUND_PENDING",
            (Self::Rejected, _) => "REFUND_REJECTED",
            _ => "REFUND_COMPLETE",
        }
    }
}
