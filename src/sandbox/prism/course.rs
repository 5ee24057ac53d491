//! What becomes of a refund, chosen by the last two digits of the amount asked.

/// The course a refund takes at this simulator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Course {
    /// Pending, then paid at its second look.
    Ordinary,
    /// Pending, then failed at its second look; nothing is paid.
    Failed,
    /// Paid, but the connection is cut before the answer.
    AnswerLost,
    /// The connection is cut before the connector is asked.
    RequestLost,
    /// Pending for ever.
    StaysPending,
    /// Done at once, failed at the second look.
    Undone,
    /// Paid with another amount than asked, of which the server complains.
    OtherAmount,
    /// The connector asks to come back later.
    Throttled,
    /// The connector is not ready.
    Unavailable,
    /// Paid, but the answer is no message.
    Garbage,
}

/// How a refund stands at the connector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stand {
    Pending,
    Done,
    Failed,
}

impl Course {
    pub(super) fn of(minor: i64) -> Self {
        match minor % 100 {
            1 => Self::Failed,
            2 => Self::AnswerLost,
            3 => Self::RequestLost,
            4 => Self::StaysPending,
            5 => Self::Undone,
            6 => Self::OtherAmount,
            7 => Self::Throttled,
            8 => Self::Unavailable,
            9 => Self::Garbage,
            _ => Self::Ordinary,
        }
    }

    /// Whether the fault comes before acceptance; it strikes a refund once.
    pub(super) fn strikes_before_acceptance(self) -> bool {
        matches!(
            self,
            Self::RequestLost | Self::Throttled | Self::Unavailable
        )
    }

    /// Whether acceptance pays money out.
    pub(super) fn pays(self) -> bool {
        self != Self::Failed
    }

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
